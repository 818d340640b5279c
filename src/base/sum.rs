//! Sums mod 2^256 of hashes: digests of sets of records.
//!
//! A sum does not depend on order and can be taken back; it is written as 32 little-endian bytes.

/// A sum of 256-bit numbers mod 2^256.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum256([u64; 4]);

impl Sum256 {
    /// Reads 32 little-endian bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, part) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*part);
        }
        Self(words)
    }

    /// Returns the sum as 32 little-endian bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (part, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *part = word.to_le_bytes();
        }
        bytes
    }

    /// Adds a number.
    pub fn add(&mut self, other: Self) {
        let mut carry = false;
        for (word, addend) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = word.overflowing_add(addend);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || again);
        }
    }

    /// Takes a number back.
    pub fn subtract(&mut self, other: Self) {
        let mut borrow = false;
        for (word, part) in self.0.iter_mut().zip(other.0) {
            let (rest, under) = word.overflowing_sub(part);
            let (rest, again) = rest.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (rest, under || again);
        }
    }
}
