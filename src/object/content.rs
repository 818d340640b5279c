//! Contents: the bytes of a file, whether one chunk or many.

use crate::base::{Hasher, ObjectId};

use super::error::Error;
use super::manifest::{ChunkEntry, Manifest};
use super::source::ObjectSource;

/// How a content can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The BLAKE3 of the whole content.
    pub id: ObjectId,
    /// Its size in bytes.
    pub size: u64,
    /// The manifest that was found; `None` where the content is an object itself.
    pub manifest: Option<Manifest>,
}

impl Content {
    /// A content of at most this many bytes is itself an object.
    pub const MAX_WHOLE: u64 = 64 * 1024;

    /// Finds out how a content is kept.
    pub fn open(source: &dyn ObjectSource, id: &ObjectId, size: u64) -> Result<Self, Error> {
        if size <= Self::MAX_WHOLE {
            return Ok(Self {
                id: *id,
                size,
                manifest: None,
            });
        }
        let manifest_id = source.manifest_of(id)?.ok_or(Error::Missing(*id))?;
        let manifest = Manifest::read(source, &manifest_id)?;
        if manifest.content != *id || manifest.size != size {
            return Err(Error::corrupt(
                manifest_id,
                "the manifest is of another content",
            ));
        }
        Ok(Self {
            id: *id,
            size,
            manifest: Some(manifest),
        })
    }

    /// Returns the chunks; a content that is an object itself is one chunk of unknown records.
    pub fn chunks(&self) -> Vec<ChunkEntry> {
        match &self.manifest {
            Some(manifest) => manifest.chunks.clone(),
            None => vec![ChunkEntry {
                id: self.id,
                length: self.size as u32, // at most MAX_WHOLE
                records: 0,
                lines: 0,
                header: false,
                continued: false,
                anchor: None,
            }],
        }
    }

    /// Gives the content's bytes in order, then checks them against the content id.
    pub fn copy<E: From<Error>>(
        &self,
        source: &dyn ObjectSource,
        out: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(manifest) = &self.manifest else {
            return out(&source.get(&self.id)?);
        };
        let mut hasher = Hasher::new();
        for chunk in &manifest.chunks {
            let bytes = source.get(&chunk.id)?;
            hasher.update(&bytes);
            out(&bytes)?;
        }
        if hasher.id() != self.id {
            return Err(Error::corrupt(self.id, "its chunks do not hash to the content").into());
        }
        Ok(())
    }

    /// Returns the whole content, which must be at most `most` bytes long.
    pub fn read(&self, source: &dyn ObjectSource, most: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.size > most {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(self.size as usize);
        self.copy::<Error>(source, &mut |part| {
            bytes.extend_from_slice(part);
            Ok(())
        })?;
        Ok(Some(bytes))
    }
}
