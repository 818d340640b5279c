//! Whole-table facts: what a comparison of two versions must know of all records of each.
//!
//! Invariant: the same facts whether they come from a profile or from the sealed objects of a
//! commit, so that a diff against the working files equals the diff of the commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::{self, DatasetScore, Error, ObjectSource, Schema, State, Values};
use crate::record::{Role, Type};

use super::records::Profile;
use super::seal::hex_of;
use super::tables::Duplicates;

/// Facts of all records of one version of a data set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// How many records there are.
    pub records: u64,
    /// The sum mod 2^256 of the BLAKE3 of each framed record, as little-endian bytes.
    pub digest: [u8; 32],
    /// The fields in the order of the schema.
    pub fields: Vec<FieldFacts>,
    /// Records beyond the first of each key; `None` where there is no key.
    pub duplicate_keys: Option<u64>,
    /// Records without a whole key.
    pub null_keys: u64,
    /// Records beyond the first of each group that is equal in all fields.
    pub duplicate_records: u64,
    /// Counts of problems by name; those that are not zero.
    pub problems: BTreeMap<String, u64>,
}

/// Facts of one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldFacts {
    /// Its name.
    pub name: Arc<str>,
    /// The narrowest type of all its values.
    pub kind: Type,
    /// How many records have no value.
    pub nulls: u64,
    /// The sum mod 2^128 of the hashes of its values.
    pub digest: u128,
    /// The classes with their counts, sorted, of a label field of at most 65,536 classes.
    pub classes: Option<Vec<(String, u64)>>,
}

impl Facts {
    /// Returns the facts of a profile; `fields` are the fields of the schema, in its order.
    pub fn of(profile: &Profile, fields: &[Arc<str>], duplicates: &Duplicates) -> Self {
        let classes = |name: &str| {
            let label = profile.shape.labels.iter().any(|label| label == name);
            let values = profile.values(name).filter(|_| label)?;
            Some(values.into_iter().collect())
        };
        Self {
            records: profile.records(),
            digest: profile.digest(),
            fields: fields
                .iter()
                .map(|name| FieldFacts {
                    name: name.clone(),
                    kind: profile.kind(name),
                    nulls: profile.nulls(name),
                    digest: profile.field_digest(name),
                    classes: classes(name),
                })
                .collect(),
            duplicate_keys: duplicates.key,
            null_keys: profile.null_keys(),
            duplicate_records: duplicates.record,
            problems: profile.problems(),
        }
    }

    /// Takes the digests of a part of the records, which must hold all that the other version does
    /// not: as good as those of all where two versions are compared, for the rest is in both.
    /// A field that one version alone has is in that part with all its values.
    pub fn take_digests(&mut self, part: &Profile) {
        self.digest = part.digest();
        for field in &mut self.fields {
            field.digest = part.field_digest(&field.name);
        }
    }

    /// Reads the facts that a scorecard sealed.
    pub fn read(source: &dyn ObjectSource, score: &DatasetScore) -> Result<Self, Error> {
        let corrupt = |reason: &str| Error::corrupt(score.state, reason);
        let state: State = object::get(source, &score.state)?;
        let schema: Schema = object::get(source, &score.schema)?;
        if state.fields.len() != schema.fields.len() {
            return Err(corrupt("it has other fields than its schema"));
        }
        let mut digest = [0; 32];
        if state.digest.len() != 64 || !state.digest.is_ascii() {
            return Err(corrupt("its digest is not 64 hex digits"));
        }
        for (byte, hex) in digest.iter_mut().zip(state.digest.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(hex)
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                .ok_or_else(|| corrupt("its digest is not 64 hex digits"))?;
        }
        if hex_of(&digest) != state.digest {
            return Err(corrupt("its digest is not in lower case"));
        }
        let mut fields = Vec::with_capacity(state.fields.len());
        for (state, schema) in state.fields.iter().zip(&schema.fields) {
            let label = schema.roles.iter().any(|role| role == Role::Label.name());
            let classes = match state.values.filter(|_| label) {
                None => None,
                Some(id) => {
                    let values: Values = object::get(source, &id)?;
                    let class = |(value, count): (crate::base::Text, u64)| {
                        let text = String::from_utf8(value.0);
                        text.map(|text| (text, count))
                            .map_err(|_| Error::corrupt(id, "a class is not UTF-8"))
                    };
                    Some(
                        values
                            .values
                            .into_iter()
                            .map(class)
                            .collect::<Result<_, _>>()?,
                    )
                }
            };
            fields.push(FieldFacts {
                name: state.name.as_str().into(),
                kind: Type::from_name(&schema.kind).ok_or_else(|| corrupt("an unknown type"))?,
                nulls: state.counts.get(Type::Null.name()).copied().unwrap_or(0),
                digest: u128::from_str_radix(&state.digest, 16)
                    .map_err(|_| corrupt("a field's digest is not 32 hex digits"))?,
                classes,
            });
        }
        let result = |name: &str| {
            let result = score.results.iter().find(|result| result.name == name);
            result
                .and_then(|result| result.num)
                .and_then(|count| u64::try_from(count.0).ok())
        };
        Ok(Self {
            records: state.records,
            digest,
            fields,
            duplicate_keys: result("duplicates_key"),
            null_keys: result("null_keys").unwrap_or(0),
            duplicate_records: result("duplicates_record").unwrap_or(0),
            problems: state.problems,
        })
    }
}
