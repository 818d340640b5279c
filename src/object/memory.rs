//! Objects in memory: for tests, and for what is computed but not kept.

use std::collections::HashMap;

use crate::base::ObjectId;

use super::error::Error;
use super::source::{ObjectSink, ObjectSource};

/// A source and sink without a disk.
#[derive(Default, Clone)]
pub struct MemoryStore {
    objects: HashMap<ObjectId, Vec<u8>>,
    manifests: HashMap<ObjectId, ObjectId>,
}

impl MemoryStore {
    /// Returns a store that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many objects it holds.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Returns whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl ObjectSource for MemoryStore {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        self.objects.get(id).cloned().ok_or(Error::Missing(*id))
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, Error> {
        Ok(self.objects.contains_key(id))
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error> {
        Ok(self.manifests.get(content).copied())
    }
}

impl ObjectSink for MemoryStore {
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, Error> {
        let id = ObjectId::of(bytes);
        self.objects.entry(id).or_insert_with(|| bytes.to_vec());
        Ok(id)
    }

    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), Error> {
        self.manifests.insert(content, manifest);
        Ok(())
    }
}
