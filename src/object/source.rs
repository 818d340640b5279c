//! Where objects come from and where they go: what engines take instead of a repository.

use crate::base::ObjectId;

use super::error::Error;

/// Gives objects by id. Implemented by the store, by memory, and by working files.
pub trait ObjectSource: Sync {
    /// Returns the object's bytes, which were checked against the id.
    ///
    /// Fails with [`Error::Missing`] where the source does not hold it.
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error>;

    /// Returns whether the source holds the object.
    fn contains(&self, id: &ObjectId) -> Result<bool, Error>;

    /// Returns the id of a manifest for the content, where the source knows one.
    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error>;
}

/// Takes objects. What it took can be read back from it at once.
pub trait ObjectSink {
    /// Keeps the object and returns its id; an object that is there already costs only its hash.
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, Error>;

    /// Keeps several objects, in order, and returns their ids.
    ///
    /// A sink may hash and compress them on all cores; the result is the same as of single puts.
    fn put_all(&mut self, objects: &[&[u8]]) -> Result<Vec<ObjectId>, Error> {
        objects.iter().map(|bytes| self.put(bytes)).collect()
    }

    /// Records that `manifest` describes `content`.
    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), Error>;
}
