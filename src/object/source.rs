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

/// An object that is like others.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The objects of an earlier version that it is like: mostly one or none.
    pub bases: &'a [ObjectId],
}

/// Takes objects. What it took can be read back from it at once.
pub trait ObjectSink {
    /// Keeps the object and returns its id; an object that is there already costs only its hash.
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, Error>;

    /// Keeps the object as [`ObjectSink::put`] does. A sink may write it as what has changed since
    /// `bases`, which are objects of an earlier version and together are like this one, if it has
    /// them and it helps.
    fn put_near(&mut self, bytes: &[u8], bases: &[ObjectId]) -> Result<ObjectId, Error> {
        let _ = bases;
        self.put(bytes)
    }

    /// Keeps several objects, in order, and returns their ids.
    fn put_all(&mut self, objects: &[&[u8]]) -> Result<Vec<ObjectId>, Error> {
        let near = objects.iter().map(|&bytes| Near { bytes, bases: &[] });
        self.put_all_near(&near.collect::<Vec<_>>())
    }

    /// Keeps several objects, in order, as [`ObjectSink::put_near`] does.
    ///
    /// Meant for contents, where single puts are for metadata: a sink may hash and compress them on
    /// all cores, and spend less effort on each. The same objects in other batches give the same.
    fn put_all_near(&mut self, objects: &[Near<'_>]) -> Result<Vec<ObjectId>, Error> {
        let put = |near: &Near<'_>| self.put_near(near.bytes, near.bases);
        objects.iter().map(put).collect()
    }

    /// Records that `manifest` describes `content`.
    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), Error>;
}
