//! How a new object comes from objects that the store has.
//!
//! Invariant: a function of the object and of its bases, so that the same puts give the same
//! bytes; and what is given was tried: applied to the bases, it makes the object.

use crate::base::ObjectId;

use super::chain::Chain;
use super::codec::delta::MAX_BASES;
use super::codec::{Effort, differ, script};
use super::encoder::Delta;
use super::store::Store;

/// What a delta costs besides its script: its base's id, and its lengths.
const DELTA_HEAD: usize = 12;
impl Store {
    /// Returns how the object comes from its bases, where that is much shorter than the object.
    pub(super) fn delta(&self, bytes: &[u8], bases: &[ObjectId], effort: Effort) -> Option<Delta> {
        let (held, chain) = self.hold(bases)?;
        if chain.may_go_on() {
            return script_on(&held, bytes, bases, effort);
        }
        // The chain begins anew at its far end: a longer script, but far shorter than the object.
        self.delta_on(bytes, &chain.into_roots(), effort)
    }

    /// Does the same with these bases or none.
    pub(super) fn delta_on(
        &self,
        bytes: &[u8],
        bases: &[ObjectId],
        effort: Effort,
    ) -> Option<Delta> {
        let (held, chain) = self.hold(bases)?;
        chain
            .may_go_on()
            .then(|| script_on(&held, bytes, bases, effort))?
    }

    /// Returns the bytes of bases, one behind the other, and what reading them needed.
    ///
    /// Only what the store has already may be a base, so that the same puts give the same bytes
    /// however they are batched. One that is damaged or gone is none.
    fn hold(&self, bases: &[ObjectId]) -> Option<(Vec<u8>, Chain)> {
        if bases.len() > MAX_BASES {
            return None;
        }
        let chain = Chain::default();
        let mut held = Vec::new();
        for base in bases {
            chain.count().ok()?;
            let bytes = self.find(base, &chain).ok()??;
            match held.is_empty() {
                true => held = bytes,
                false => held.extend_from_slice(&bytes),
            }
        }
        Some((held, chain))
    }
}

/// Returns how an object comes from the bytes of its bases, where that is much shorter.
fn script_on(held: &[u8], bytes: &[u8], bases: &[ObjectId], effort: Effort) -> Option<Delta> {
    // Literals of contents are compressed as well as the object would be, so its raw length is a
    // measure. Metadata is mostly ids, which do not compress either way.
    let most = match effort {
        Effort::Metadata => bytes.len() / 4 * 3,
        _ => bytes.len() / 2,
    };
    let script = differ::script(held, bytes, most.checked_sub(DELTA_HEAD)?)?;
    // The bytes themselves are not kept, so that nothing is taken on trust.
    let made = script::apply(&script.numbers, &script.literals, held, bytes.len());
    let bases = bases.to_vec();
    (made.as_deref() == Some(bytes)).then_some(Delta { bases, script })
}
