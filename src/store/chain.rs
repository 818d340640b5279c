//! How far one read may go from base to base.
//!
//! Invariant: a read ends, whatever the packs say: each object it needs counts, and so does how
//! deep they lie. Objects that build on each other in a circle run into the same limit.

use std::cell::{Cell, RefCell};

use crate::base::ObjectId;

use super::codec::Fault;

/// How many objects may build on one another before one of them stands for itself.
pub(super) const MAX_CHAIN: u32 = 16;
/// How many objects one that is written may need. A chain needs [`MAX_CHAIN`], and more where an
/// object builds on several.
pub(super) const MAX_WRITTEN: u32 = 40;
/// How many objects one read may need: more only where they have several copies or ids that begin
/// alike.
const MAX_OBJECTS: u32 = 256;

/// What one read has needed so far.
#[derive(Default)]
pub(super) struct Chain {
    depth: Cell<u32>,
    deepest: Cell<u32>,
    objects: Cell<u32>,
    roots: RefCell<Vec<ObjectId>>,
}

impl Chain {
    /// Returns the objects at the far ends of the chains, which build on nothing.
    pub(super) fn into_roots(self) -> Vec<ObjectId> {
        let mut roots = self.roots.into_inner();
        roots.dedup();
        roots
    }

    /// Returns how many objects were counted.
    pub(super) fn objects(&self) -> u32 {
        self.objects.get()
    }

    /// Notes an object that builds on nothing.
    pub(super) fn end_at(&self, root: ObjectId) {
        self.roots.borrow_mut().push(root);
    }

    /// Returns whether an object may build on all that was read.
    pub(super) fn may_go_on(&self) -> bool {
        self.deepest.get() < MAX_CHAIN && self.objects.get() <= MAX_WRITTEN
    }

    /// Counts an object that is to be read as a base.
    pub(super) fn count(&self) -> Result<(), Fault> {
        self.objects.set(self.objects.get().saturating_add(1));
        match self.objects.get() <= MAX_OBJECTS {
            true => Ok(()),
            false => Err(Fault::Chain(MAX_CHAIN)),
        }
    }

    /// Goes on to the base of an object, until what is returned is dropped.
    pub(super) fn deeper(&self) -> Result<Deeper<'_>, Fault> {
        let depth = self.depth.get() + 1;
        if depth > MAX_CHAIN {
            return Err(Fault::Chain(MAX_CHAIN));
        }
        self.depth.set(depth);
        self.deepest.set(self.deepest.get().max(depth));
        Ok(Deeper(self))
    }
}

/// Stands for one step down a chain.
pub(super) struct Deeper<'a>(&'a Chain);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
    }
}
