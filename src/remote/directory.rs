//! A remote in a directory: `head`, `packs/`, `tmp/` and `lock`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::base::lock::FileLock;
use crate::base::{IoError, fsio};
use crate::store::{self, PackWriter, Store};

use super::error::Error;
use super::head::Head;
use super::{Held, Remote};

/// All that a remote's directory may hold; anything else says that it is something else.
const OURS: [&str; 5] = ["head", "head.new", "lock", "packs", "tmp"];

/// A directory on this machine or one mounted here.
pub struct Directory {
    root: PathBuf,
    store: OnceLock<Store>,
}

impl Directory {
    /// Names the directory; reads nothing.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            store: OnceLock::new(),
        }
    }

    fn not(&self, reason: &'static str) -> Error {
        Error::NotARemote {
            path: self.root.clone(),
            reason,
        }
    }

    fn head_path(&self) -> PathBuf {
        self.root.join("head")
    }

    /// Makes sure that the directory is a remote or can become one. In one that is, other files do
    /// no harm: file managers and network disks leave some everywhere.
    fn prepare(&self) -> Result<(), Error> {
        if self.head()?.is_some() {
            return self.make_room();
        }
        let error = |e| IoError::new("list", &self.root, e);
        match std::fs::read_dir(&self.root) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(error)?.file_name();
                    if !name.to_str().is_some_and(|name| OURS.contains(&name)) {
                        return Err(self.not("it holds other files"));
                    }
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                // A disk that is not mounted must not be taken for an empty one.
                let parent = self.root.parent().filter(|parent| parent.is_dir());
                let parent = parent.ok_or_else(|| self.not("the directory above it is missing"))?;
                fsio::create_dir_all(&self.root)?;
                fsio::sync_dir(parent)?;
            }
            Err(e) => return Err(error(e).into()),
        }
        self.make_room()
    }

    fn make_room(&self) -> Result<(), Error> {
        fsio::create_dir_all(&self.root.join("packs"))?;
        fsio::create_dir_all(&self.root.join("tmp"))?;
        Ok(())
    }
}

impl Remote for Directory {
    fn address(&self) -> String {
        self.root.display().to_string()
    }

    fn head(&self) -> Result<Option<Head>, Error> {
        let path = self.head_path();
        let bytes = match fsio::read_bounded(&path, Head::MOST) {
            Ok(bytes) => bytes,
            Err(e) if e.is_not_found() => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let head = Head::decode(&bytes);
        Ok(Some(
            head.map_err(|reason| Error::DamagedHead { path, reason })?,
        ))
    }

    fn lock(&mut self, who: &str, waiting: &mut dyn FnMut(&str)) -> Result<Held, Error> {
        self.prepare()?;
        let lock = FileLock::acquire(&self.root.join("lock"), who, waiting)?;
        store::remove_leftovers(&self.root.join("tmp"))?;
        // Packs may have come while it waited.
        self.store = OnceLock::new();
        Ok(Held { _lock: lock })
    }

    fn store(&self) -> Result<&Store, Error> {
        if self.store.get().is_none() {
            let packs = self.root.join("packs");
            if !packs.is_dir() {
                return Err(self.not("nothing was pushed there"));
            }
            let _ = self.store.set(Store::open(&packs)?);
        }
        self.store
            .get()
            .ok_or_else(|| self.not("nothing was pushed there"))
    }

    fn begin(&self, _held: &Held) -> Result<PackWriter<'_>, Error> {
        Ok(self.store()?.begin(&self.root.join("tmp"))?)
    }

    fn swap(&self, _held: &Held, seen: Option<&Head>, new: &Head) -> Result<bool, Error> {
        if self.head()?.as_ref() != seen {
            return Ok(false);
        }
        fsio::write_durable(&self.head_path(), &new.encode())?;
        Ok(true)
    }

    fn tidy(&self, _held: &Held, most: usize) -> Result<(), Error> {
        let store = self.store()?;
        if let Some(plan) = store.plan_merge(most) {
            store.apply_merge(&plan, &self.root.join("tmp"))?;
        }
        Ok(())
    }
}
