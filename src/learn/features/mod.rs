//! Feature maps: from the values of a record to a row of numbers.
//!
//! Invariant: a map is stateless or frozen. What it makes of a record depends on that record and
//! on the map alone, never on other records, so that no change of one record moves another. The
//! columns of the sparse part are hashes; docs/find.md, "Features", says of what.

mod number;
mod text;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::rows::Rows;
use crate::record::normalized;
pub use number::Scale;
pub use text::words;

/// Columns of the sparse part are this many bits of a hash.
const BITS: u32 = 20;

/// How the values of one field become numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Encoding {
    /// A number, by a scale that is declared or frozen; missing ones are 0 and have a column.
    Number(Scale),
    /// One of some values: a column for each.
    Category,
    /// Text: columns of words, pairs of words and runs of characters.
    Text,
    /// A list of this many numbers, as it is.
    Embedding {
        /// How many.
        width: usize,
    },
    /// This many numbers that stand beside the values, as they are.
    Vector {
        /// How many.
        width: usize,
    },
}

/// How records become rows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FeatureMap {
    fields: Vec<(String, Encoding)>,
}

impl FeatureMap {
    /// Returns a map of these fields.
    pub fn new(fields: Vec<(String, Encoding)>) -> Self {
        Self { fields }
    }

    /// Returns the fields with their encodings.
    pub fn fields(&self) -> &[(String, Encoding)] {
        &self.fields
    }

    /// Returns whether nothing is made of records.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the width of the dense part.
    pub fn width(&self) -> usize {
        let width = |encoding: &Encoding| match encoding {
            Encoding::Number(_) => 1,
            Encoding::Embedding { width } | Encoding::Vector { width } => *width,
            Encoding::Category | Encoding::Text => 0,
        };
        self.fields
            .iter()
            .map(|(_, encoding)| width(encoding))
            .sum()
    }

    /// Returns no rows, of the width of this map.
    pub fn rows(&self) -> Rows {
        Rows::new(self.width())
    }

    /// Appends the row of a record; `values` are those of the fields, in their order.
    pub fn push(&self, values: &[Option<&str>], rows: &mut Rows) {
        self.push_with(values, &[], rows);
    }

    /// Appends the row of a record beside whose values a vector stands. Returns whether each
    /// embedding was there in its whole width; 0 stands for all numbers of one that was not.
    pub fn push_with(&self, values: &[Option<&str>], vector: &[f64], rows: &mut Rows) -> bool {
        let mut whole = true;
        let (mut sparse, mut dense) = (Vec::new(), Vec::new());
        for (at, (name, encoding)) in self.fields.iter().enumerate() {
            let value = values.get(at).copied().flatten();
            let seed = xxh3_64(name.as_bytes());
            match encoding {
                Encoding::Number(scale) => match value.and_then(|text| scale.of(text)) {
                    Some(number) => dense.push(number),
                    None => {
                        dense.push(0.0);
                        sparse.push((column(seed, b"0"), 1.0));
                    }
                },
                Encoding::Category => {
                    let mut bytes = vec![if value.is_some() { b'=' } else { b'0' }];
                    bytes.extend_from_slice(normalized(value.unwrap_or_default()).as_bytes());
                    sparse.push((column(seed, &bytes), 1.0));
                }
                Encoding::Text => text::push(value.unwrap_or_default(), seed, &mut sparse),
                Encoding::Embedding { width } => {
                    let end = dense.len() + width;
                    let numbers = value.and_then(number::list);
                    match numbers.filter(|numbers| numbers.len() == *width) {
                        Some(numbers) => dense.extend(numbers),
                        None => whole = false,
                    }
                    dense.resize(end, 0.0);
                }
                Encoding::Vector { width } => {
                    let end = dense.len() + width;
                    whole &= vector.len() == *width;
                    dense.extend(vector.iter().take(*width));
                    dense.resize(end, 0.0);
                }
            }
        }
        rows.push(&mut sparse, &dense);
        whole
    }
}

/// Returns the column of a feature of a field.
fn column(seed: u64, bytes: &[u8]) -> u32 {
    (xxh3_64_with_seed(bytes, seed) >> (64 - BITS)) as u32
}

/// Reads a list of finite numbers, as JSON writes it.
pub fn embedding(text: &str) -> Option<Vec<f64>> {
    number::list(text)
}
