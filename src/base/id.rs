//! Object ids: the BLAKE3 of an object's bytes, so that `b3sum` can check any of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The BLAKE3 hash of an object's or a content's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 32]);

impl ObjectId {
    /// Returns the id of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the ids of many runs of bytes that lie one behind the other and end at `ends`.
    pub fn of_each(bytes: &[u8], ends: &[usize]) -> Vec<Self> {
        let hashes = super::blake::hash_each(bytes, ends);
        hashes.into_iter().map(Self).collect()
    }

    /// Returns the raw bytes of the id.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first twelve hex digits, as text for people shows ids.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// Reads an id from exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// Text that is not 64 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an id of 64 hex digits")]
pub struct ParseIdError(String);

impl FromStr for ObjectId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One spelling per id: canonical JSON would not survive a second one.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ParseIdError(text.to_owned()));
        }
        blake3::Hash::from_hex(text)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| ParseIdError(text.to_owned()))
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Computes an [`ObjectId`] from bytes that arrive in pieces.
#[derive(Clone, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Returns a hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes the next bytes, hashing large input on all cores; the id is the same.
    pub fn update_parallel(&mut self, bytes: &[u8]) {
        self.0.update_rayon(bytes);
    }

    /// Returns the id of all bytes seen so far.
    pub fn id(&self) -> ObjectId {
        ObjectId(*self.0.finalize().as_bytes())
    }

    /// Forgets what was seen, keeping the allocation.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}
