//! Canonical JSON: how metadata objects are written. Layout: docs/format.md, "Metadata objects".
//!
//! One line, a leading `"dver"` member with kind and version, members in declared order, no
//! floats. Decoding encodes again and compares, so an object in any other spelling is refused.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::ObjectId;

use super::error::Error;
use super::source::{ObjectSink, ObjectSource};

/// A metadata object: its kind and version as the `"dver"` member writes it.
pub trait Kind: Serialize + DeserializeOwned {
    /// Such as `commit 1`.
    const KIND: &'static str;
}

/// Returns the canonical bytes of a metadata object.
pub fn encode<T: Kind>(value: &T) -> Vec<u8> {
    let body = serde_json::to_vec(value).expect("structs of strings, integers and lists serialise");
    let mut bytes = opening(T::KIND);
    if body == b"{}" {
        bytes.pop(); // the comma before the first member
    }
    bytes.extend_from_slice(&body[1..]);
    bytes
}

/// Reads the canonical bytes of a metadata object; `id` only names it in errors.
pub fn decode<T: Kind>(id: &ObjectId, bytes: &[u8]) -> Result<T, Error> {
    let mut start = opening(T::KIND);
    start.pop();
    let wrong = Error::WrongKind {
        id: *id,
        expected: T::KIND,
    };
    let rest = bytes.strip_prefix(start.as_slice()).ok_or(wrong)?;
    let mut body = Vec::with_capacity(rest.len() + 1);
    body.push(b'{');
    body.extend_from_slice(rest.strip_prefix(b",").unwrap_or(rest));
    let value: T = serde_json::from_slice(&body).map_err(|e| Error::corrupt(*id, e.to_string()))?;
    if encode(&value) != bytes {
        return Err(Error::corrupt(*id, "its JSON is not in canonical form"));
    }
    Ok(value)
}

/// Reads a metadata object of kind `T` from a source.
pub fn get<T: Kind>(source: &dyn ObjectSource, id: &ObjectId) -> Result<T, Error> {
    decode(id, &source.get(id)?)
}

/// Writes a metadata object to a sink.
pub fn put<T: Kind>(sink: &mut dyn ObjectSink, value: &T) -> Result<ObjectId, Error> {
    sink.put(&encode(value))
}

fn opening(kind: &str) -> Vec<u8> {
    format!("{{\"dver\":\"{kind}\",").into_bytes()
}

/// An integer of any size: a JSON number up to 2^53, a decimal string beyond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Int(pub i128);

const EXACT: i128 = 1 << 53;

impl From<u64> for Int {
    fn from(value: u64) -> Self {
        Self(i128::from(value))
    }
}

impl From<i64> for Int {
    fn from(value: i64) -> Self {
        Self(i128::from(value))
    }
}

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if (-EXACT..=EXACT).contains(&self.0) {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Number(i64),
            Text(String),
        }
        match Spelling::deserialize(deserializer)? {
            Spelling::Number(value) => Ok(value.into()),
            Spelling::Text(text) => text.parse().map(Int).map_err(serde::de::Error::custom),
        }
    }
}
