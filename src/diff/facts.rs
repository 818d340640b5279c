//! Placeholder until profile arrives.
use crate::record::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// f
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// r
    pub records: u64,
    /// r
    pub digest: [u8; 32],
    /// r
    pub fields: Vec<FieldFacts>,
    /// r
    pub duplicate_keys: Option<u64>,
    /// r
    pub null_keys: u64,
    /// r
    pub duplicate_records: u64,
    /// r
    pub problems: BTreeMap<String, u64>,
}

/// f
#[derive(Clone, PartialEq, Debug)]
pub struct FieldFacts {
    /// r
    pub name: Arc<str>,
    /// r
    pub kind: Type,
    /// r
    pub nulls: u64,
    /// r
    pub digest: u128,
    /// r
    pub classes: Option<Vec<(String, u64)>>,
}
