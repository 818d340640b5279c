//! Read-only mapped files: packs, and nothing else. The only `unsafe` of the project.

use std::ops::Deref;
use std::path::Path;

use super::fsio::{self, IoError};

/// A whole file, mapped read-only.
pub struct Mapped(Option<memmap2::Mmap>);

impl Mapped {
    /// Maps the file at `path`, which nobody may write to or truncate while it is mapped.
    #[allow(unsafe_code)]
    pub fn open(path: &Path) -> Result<Self, IoError> {
        let file = fsio::open(path)?;
        let length = file
            .metadata()
            .map_err(|e| IoError::new("read the size of", path, e))?
            .len();
        if length == 0 {
            return Ok(Self(None)); // an empty file cannot be mapped
        }
        // SAFETY: only packs are mapped. A pack arrives by rename when its bytes are final, and
        // dver never writes to or truncates one afterwards; a deleted pack stays mapped.
        let map = unsafe { memmap2::Mmap::map(&file) };
        Ok(Self(Some(map.map_err(|e| IoError::new("map", path, e))?)))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}
