//! Digests of sets of records that do not depend on their order.

use crate::base::ObjectId;
use crate::base::sum::Sum256;

/// The sum mod 2^256 of hashes, each read as 32 little-endian bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Digest(Sum256);

impl Digest {
    /// Adds the BLAKE3 of some bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.add_id(ObjectId::of(bytes));
    }

    /// Adds a BLAKE3 that is known.
    pub fn add_id(&mut self, hash: ObjectId) {
        self.0.add(Sum256::from_bytes(hash.as_bytes()));
    }

    /// Adds what another has.
    pub fn merge(&mut self, other: Self) {
        self.0.add(other.0);
    }

    /// Returns 64 hex digits of the little-endian bytes.
    pub fn hex(&self) -> String {
        ObjectId(self.0.to_bytes()).to_string()
    }
}
