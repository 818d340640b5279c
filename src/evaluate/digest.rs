//! Digests of sets of records that do not depend on their order.

use crate::base::ObjectId;

/// The sum mod 2^256 of hashes, each read as 32 little-endian bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Digest([u64; 4]);

impl Digest {
    /// Adds the BLAKE3 of some bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let hash = ObjectId::of(bytes);
        let mut carry = false;
        let words = hash.as_bytes().as_chunks::<8>().0;
        for (word, part) in self.0.iter_mut().zip(words) {
            let (sum, over) = word.overflowing_add(u64::from_le_bytes(*part));
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || again);
        }
    }

    /// Returns 64 hex digits of the little-endian bytes.
    pub fn hex(&self) -> String {
        let mut bytes = [0; 32];
        for (part, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *part = word.to_le_bytes();
        }
        ObjectId(bytes).to_string()
    }
}
