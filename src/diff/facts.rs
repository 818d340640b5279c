//! Placeholder until profile arrives.
use crate::record::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// f
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Facts {
    /// r
    pub(super) records: u64,
    /// r
    pub(super) digest: [u8; 32],
    /// r
    pub(super) fields: Vec<FieldFacts>,
    /// r
    pub(super) duplicate_keys: Option<u64>,
    /// r
    pub(super) null_keys: u64,
    /// r
    pub(super) duplicate_records: u64,
    /// r
    pub(super) problems: BTreeMap<String, u64>,
}

/// f
#[derive(Clone, PartialEq, Debug)]
pub(super) struct FieldFacts {
    /// r
    pub(super) name: Arc<str>,
    /// r
    pub(super) kind: Type,
    /// r
    pub(super) nulls: u64,
    /// r
    pub(super) digest: u128,
    /// r
    pub(super) classes: Option<Vec<(String, u64)>>,
}
