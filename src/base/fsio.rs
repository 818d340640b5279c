//! File I/O: errors that carry the act and the path, and the one choke point of durable writes.
//!
//! Every act that must survive a crash passes a named [`step`]. Crash tests count the steps of a
//! command and then stop at each of them in turn (`base::fault`); fault tests let each one fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::fault;

/// An I/O error with what was attempted on which path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {act} {}", path.display())]
pub struct IoError {
    /// What was attempted, as a verb phrase: "open", "read", "rename".
    pub act: &'static str,
    /// The path it was attempted on.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl IoError {
    /// Builds the error.
    pub fn new(act: &'static str, path: &Path, source: io::Error) -> Self {
        Self {
            act,
            path: path.to_owned(),
            source,
        }
    }

    /// Returns whether the path does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Passes one named durable step, at which tests may crash or fail.
pub fn step(name: &'static str, path: &Path) -> Result<(), IoError> {
    fault::step(name).map_err(|e| IoError::new(name, path, e))
}

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File, IoError> {
    File::open(path).map_err(|e| IoError::new("open", path, e))
}

/// Opens a working file for reading: never through a symbolic link at its end, and without
/// waiting where it turned into a pipe meanwhile.
pub fn open_plain(path: &Path) -> Result<File, IoError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    options
        .open(path)
        .map_err(|e| IoError::new("open", path, e))
}

/// Opens a lock file for reading and writing, creating it where it is missing.
pub fn open_lock(path: &Path) -> Result<File, IoError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|e| IoError::new("open", path, e))
}

/// Creates a file that must not exist, for what need not survive a crash.
pub fn create_new(path: &Path) -> Result<File, IoError> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|e| IoError::new("create", path, e))
}

/// Reads a whole file; `None` where it does not exist.
pub fn read_if_exists(path: &Path) -> Result<Option<Vec<u8>>, IoError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(IoError::new("read", path, e)),
    }
}

/// Reads a whole file that is at most `most` bytes long.
pub fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, IoError> {
    let mut bytes = Vec::new();
    let error = |e| IoError::new("read", path, e);
    open(path)?
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(error)?;
    if bytes.len() as u64 > most {
        return Err(error(io::Error::other(format!(
            "it is larger than {most} bytes"
        ))));
    }
    Ok(bytes)
}

/// Creates a directory and its parents.
pub fn create_dir_all(path: &Path) -> Result<(), IoError> {
    fs::create_dir_all(path).map_err(|e| IoError::new("create the directory", path, e))
}

/// Removes a file; a file that is gone already is fine.
pub fn remove(path: &Path) -> Result<(), IoError> {
    step("remove", path)?;
    #[allow(clippy::disallowed_methods)]
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(IoError::new("remove", path, e)),
        _ => Ok(()),
    }
}

/// Removes a directory where it is empty; returns whether it is gone.
pub fn remove_dir_if_empty(path: &Path) -> Result<bool, IoError> {
    step("remove directory", path)?;
    match fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(e) => match e.kind() {
            io::ErrorKind::NotFound => Ok(true),
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => Ok(false),
            // Where the system takes the directory for busy, it is in use: it stays.
            io::ErrorKind::ResourceBusy | io::ErrorKind::AlreadyExists => Ok(false),
            _ => Err(IoError::new("remove", path, e)),
        },
    }
}

/// Makes a symbolic link whose target is `target`; what stands at `path` is replaced.
///
/// Where the system has none for everybody, a file holds the target, as git does there.
pub fn symlink(target: &[u8], path: &Path) -> Result<(), IoError> {
    step("link", path)?;
    let error = |e| IoError::new("create the link", path, e);
    #[allow(clippy::disallowed_methods)] // a leftover of a crash
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(error(e)),
        _ => {}
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path).map_err(error)
    }
    #[cfg(not(unix))]
    fs::write(path, target).map_err(error)
}

/// Renames `from` to `to`, replacing what stands there. Durable after [`sync_dir`].
pub fn rename(from: &Path, to: &Path) -> Result<(), IoError> {
    step("rename", to)?;
    fault::renaming(from, to);
    #[allow(clippy::disallowed_methods)]
    fs::rename(from, to).map_err(|e| IoError::new("rename to", to, e))
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> Result<(), IoError> {
    step("sync directory", dir)?;
    // Windows cannot open directories; there a rename is durable with the file.
    if cfg!(unix) {
        let file = open(dir)?;
        match file.sync_all() {
            Err(e) if e.kind() != io::ErrorKind::Unsupported && e.raw_os_error() != Some(22) => {
                return Err(IoError::new("sync the directory", dir, e));
            }
            _ => {}
        }
    }
    fault::directory_synced(dir);
    Ok(())
}

/// Makes everything written to the file system that holds `path` durable.
pub fn sync_filesystem(path: &Path) -> Result<(), IoError> {
    step("sync file system", path)?;
    let file = open(path)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&file).map_err(|e| IoError::new("sync", path, e.into()))?;
    #[cfg(not(target_os = "linux"))]
    file.sync_all().map_err(|e| IoError::new("sync", path, e))?;
    fault::everything_synced();
    Ok(())
}

/// A new file that becomes visible under its final name only when it is whole.
///
/// Dropped before [`NewFile::persist`], it is removed.
pub struct NewFile {
    file: File,
    path: PathBuf,
    length: u64,
    persisted: bool,
}

impl NewFile {
    /// Creates `path`, which must not exist (a leftover of a crash is replaced).
    pub fn create(path: &Path) -> Result<Self, IoError> {
        step("create", path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(|e| IoError::new("create", path, e))?;
        fault::written(path, 0);
        Ok(Self {
            file,
            path: path.to_owned(),
            length: 0,
            persisted: false,
        })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        self.file
            .write_all(bytes)
            .map_err(|e| IoError::new("write", &self.path, e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Returns how many bytes were written.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Returns whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads back what was written at `offset`.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), IoError> {
        read_at(&self.file, offset, out).map_err(|e| IoError::new("read", &self.path, e))
    }

    /// Returns the open file, for setting its permissions.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns the path it has now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the bytes durable.
    pub fn sync(&mut self) -> Result<(), IoError> {
        step("sync", &self.path)?;
        self.file
            .sync_all()
            .map_err(|e| IoError::new("sync", &self.path, e))?;
        fault::synced(&self.path);
        Ok(())
    }

    /// Gives the file its final name. Durable when it was synced and its directory is synced.
    pub fn persist(mut self, to: &Path) -> Result<(), IoError> {
        rename(&self.path, to)?;
        self.persisted = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.persisted {
            #[allow(clippy::disallowed_methods)] // clean-up is no durable step
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads exactly the bytes at `offset` of an open file; `path` is for the error.
pub fn read_exact_at(file: &File, path: &Path, offset: u64, out: &mut [u8]) -> Result<(), IoError> {
    read_at(file, offset, out).map_err(|e| IoError::new("read", path, e))
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    // Moves the cursor, which is harmless only because `write` never relies on a read's place:
    // it is put back to the end.
    use std::io::{Seek as _, SeekFrom};
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                out = &mut out[count..];
                offset += count as u64;
            }
        }
    }
    let mut cursor = file;
    cursor.seek(SeekFrom::End(0)).map(|_| ())
}

/// Replaces the file at `path` by `bytes`, whole and durable: temporary file beside it, sync,
/// rename, sync of the directory.
pub fn write_durable(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    write_durable_by(&path.with_file_name(name), path, bytes)
}

/// Replaces a file of somebody else's, whole and durable: a link stays one and what it leads to is
/// written, and permissions stay. The temporary file stands in `scratch` where that is on the same
/// file system, else beside the file.
pub fn rewrite(scratch: Option<&Path>, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(&name);
    let permissions = fs::metadata(&path).ok().map(|like| like.permissions());
    let write = |temporary: &Path| {
        let mut file = NewFile::create(temporary)?;
        file.write(bytes)?;
        if let Some(permissions) = &permissions {
            let set = file.file().set_permissions(permissions.clone());
            set.map_err(|e| IoError::new("set permissions of", temporary, e))?;
        }
        file.sync()?;
        file.persist(&path)
    };
    match scratch {
        Some(scratch) => match write(&scratch.join(&name)) {
            Err(e) if e.source.kind() == io::ErrorKind::CrossesDevices => write(&beside)?,
            other => other?,
        },
        None => write(&beside)?,
    }
    match path.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

/// Writes a file of somebody else's that lives for moments, such as git's message of a commit.
#[allow(clippy::disallowed_methods)] // no durable step: what is lost with a crash is of no use after
pub fn write_passing(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    fs::write(path, bytes).map_err(|e| IoError::new("write", path, e))
}

/// Removes such a file; one that is gone already is fine.
#[allow(clippy::disallowed_methods)] // no durable step
pub fn remove_passing(path: &Path) -> Result<(), IoError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(IoError::new("remove", path, e)),
        _ => Ok(()),
    }
}

/// Replaces a script, whole and durable: everybody who may read it may run it. With a file to be
/// like, its permissions are taken over.
pub fn write_script(path: &Path, bytes: &[u8], like: Option<&fs::Metadata>) -> Result<(), IoError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".dver-new");
    let mut file = NewFile::create(&path.with_file_name(name))?;
    file.write(bytes)?;
    set_permissions(file.file(), like).map_err(|e| IoError::new("make executable", path, e))?;
    file.sync()?;
    file.persist(path)?;
    match path.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn set_permissions(file: &File, like: Option<&fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = match like {
        Some(like) => like.permissions(),
        None => file.metadata()?.permissions(),
    };
    if like.is_none() {
        let mode = permissions.mode();
        permissions.set_mode(mode | (mode & 0o444) >> 2);
    }
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn set_permissions(_file: &File, _like: Option<&fs::Metadata>) -> io::Result<()> {
    Ok(()) // a script is run because of its first line there
}

/// Replaces a file by a temporary one elsewhere on the same file system, so that a crash leaves none
/// beside `path`.
pub fn write_durable_by(temporary: &Path, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let mut file = NewFile::create(temporary)?;
    file.write(bytes)?;
    file.sync()?;
    file.persist(path)?;
    match path.parent() {
        Some(dir) => sync_dir(dir),
        None => Ok(()),
    }
}
