//! How far one read may go from base to base.
//!
//! Invariant: a read ends, whatever the packs say: each object it needs counts, and so does how
//! deep they lie. Objects that build on each other in a circle run into the same limit.

use std::cell::Cell;

use super::codec::Fault;

/// How many objects may build on one another before one of them stands for itself.
pub(super) const MAX_CHAIN: u32 = 16;
/// How many objects one read may need. A chain needs [`MAX_CHAIN`]; there are more only where
/// objects have several copies or ids that begin alike.
const MAX_OBJECTS: u32 = 256;

/// What one read has needed so far.
#[derive(Default)]
pub(super) struct Chain {
    depth: Cell<u32>,
    deepest: Cell<u32>,
    objects: Cell<u32>,
}

impl Chain {
    /// Returns how many objects, one on the other, the read needed at most.
    pub(super) fn deepest(&self) -> u32 {
        self.deepest.get()
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
