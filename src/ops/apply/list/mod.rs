//! Work lists: which records are to get which labels, as people and annotation tools write it.
//!
//! Invariant: a list is read whole or not at all; what it says of a record is taken as it stands,
//! and what becomes of it is decided elsewhere.

mod csv;
mod json;

use std::sync::Arc;

use crate::base::ObjectId;
use crate::diff::Value;

use super::super::error::Error;

/// What a list says of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The data set; `None` where the list names none.
    pub(super) dataset: Option<String>,
    /// The label field; `None` where the list names none.
    pub(super) field: Option<String>,
    /// The values of the key fields.
    pub(super) key: Vec<Option<String>>,
    /// The names of those fields, where the list has columns for the keys of several data sets;
    /// otherwise they are in the order of the declaration.
    pub(super) key_names: Option<Arc<[String]>>,
    /// The BLAKE3 of the record's frame, which names a record without a key.
    pub(super) record: Option<ObjectId>,
    /// The label that the record had when the list was made; `None` where the list does not say.
    pub(super) base: Option<Value>,
    /// The label that it is to get; `None` where that was not decided.
    pub(super) suggested: Option<Value>,
}

impl Entry {
    /// Puts the key into the order of these fields, where it says which are which.
    pub(super) fn order_key(&mut self, fields: &[String]) {
        let Some(names) = self.key_names.take() else {
            return;
        };
        let value = |field: &String| {
            let at = names.iter().position(|name| name == field)?;
            self.key.get(at).cloned().flatten()
        };
        self.key = fields.iter().map(value).collect();
    }
}

/// What a list with columns of people's own needs to be read: names for its columns.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The data set.
    pub(super) dataset: String,
    /// The columns with the key.
    pub(super) key: Vec<String>,
    /// The label field, and the column with its new values.
    pub(super) label: String,
}

/// Gives the names of columns once a list turns out to need them.
pub(super) type Named<'a> = dyn Fn() -> Result<Columns, Error> + 'a;

/// The longest list that is read.
const LONGEST: usize = 1 << 30;

/// Reads a list: a JSON array (of tasks of Label Studio, or of entries), JSON Lines or CSV.
pub(super) fn read(name: &str, bytes: &[u8], columns: &Named<'_>) -> Result<Vec<Entry>, Error> {
    if bytes.len() > LONGEST {
        return Err(wrong(name, 0, "it is longer than 1 GiB"));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Ok(Vec::new()),
        Some(b'[' | b'{') => json::read(name, text, columns),
        Some(_) => csv::read(name, bytes, columns),
    }
}

/// Says what is wrong with a list; places count from 1, and 0 stands for the whole.
fn wrong(name: &str, place: u64, reason: impl Into<String>) -> Error {
    Error::WorkList {
        name: name.to_owned(),
        place,
        reason: reason.into(),
    }
}

/// Names what a list should have had for `--key` and `--set` to mean something.
fn own_names(columns: &Columns, has: impl Fn(&str) -> bool) -> Option<String> {
    let mut wanted = columns.key.iter().chain([&columns.label]);
    let missing = wanted.find(|name| !has(name))?;
    Some(format!(
        "it has no column `{missing}`: --key and --set name the columns of the key and of the \
         new label"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns() -> Result<Columns, Error> {
        Ok(Columns {
            dataset: "d".to_owned(),
            key: vec!["id".to_owned()],
            label: "label".to_owned(),
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_a_list_panic(
            head in prop::sample::select(vec!["", "[", "{", "[{\"data\":", "{\"key\":[", "key.id,suggested\n"]),
            tail in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [head.as_bytes(), &tail].concat();
            if let Ok(entries) = read("list", &bytes, &columns) {
                prop_assert!(entries.len() <= bytes.len());
            }
        }
    }
}
