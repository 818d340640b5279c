//! The writers' lock: an OS file lock, released by the system when its process ends.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::fsio::{self, IoError};

/// Holds the lock until it is dropped.
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock at `path`, calling `waiting` with the holder's words before it waits.
    ///
    /// `who` is left in the file for those who wait; it is no part of the lock.
    pub fn acquire(path: &Path, who: &str, waiting: &mut dyn FnMut(&str)) -> Result<Self, IoError> {
        let mut file = fsio::open_lock(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // What the file says is a courtesy: unreadable words must not stop the wait.
                let _ = file.read_to_string(&mut holder);
                waiting(holder.trim());
                file.lock().map_err(|e| IoError::new("lock", path, e))?;
            }
            Err(TryLockError::Error(e)) => return Err(IoError::new("lock", path, e)),
        }
        let note = (|| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(who.as_bytes())
        })();
        note.map_err(|e| IoError::new("write", path, e))?;
        Ok(Self { _file: file })
    }
}
