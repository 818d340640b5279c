//! SHA-256, for formats of others that ask for it; dver's own ids are BLAKE3.

use sha2::Digest as _;

/// A SHA-256 that is fed part by part.
#[derive(Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash as 64 hex digits.
    pub fn hex(self) -> String {
        let hash = self.0.finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Sha256;

    #[test]
    fn the_hash_is_that_of_fips_180() {
        let mut hash = Sha256::default();
        hash.update(b"a");
        hash.update(b"bc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.hex(), expected);
    }
}
