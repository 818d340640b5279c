//! Probabilities from a file: CSV, JSON Lines or .npy, by key or in the order of the records.
//!
//! Nothing in a file is trusted: sizes are bounded by its bytes, numbers must be from 0 to 1 and a
//! row must add up to 1 within 1e-2 (rounding of a few digits and classes).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::base::fsio;
use crate::record::{Batch, Cell, DeclaredDialect, Format, HEAD_BYTES, Layout, Role};

use super::super::error::Error;
use super::reading::View;

/// How far a row may be from 1.
const SLACK: f64 = 1e-2;
/// A prefix of columns that stand for classes.
const PREFIXES: [&str; 3] = ["", "p_", "probabilities."];

/// The longest file that is read.
const LONGEST: u64 = 4 << 30;

/// A file of probabilities as it was read.
#[derive(Clone, Debug)]
pub struct ProbabilityFile {
    /// Where it was.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl ProbabilityFile {
    /// Reads a file.
    pub fn read(path: PathBuf) -> Result<Self, Error> {
        match fsio::read_bounded(&path, LONGEST) {
            Ok(bytes) => Ok(Self { path, bytes }),
            Err(e) if e.is_not_found() => Err(Error::BadProbabilities {
                path,
                reason: "there is no such file".to_owned(),
            }),
            Err(e) => Err(e.into()),
        }
    }

    /// Returns its name without directories.
    pub(in crate::ops) fn name(&self) -> String {
        let name = self.path.file_name();
        name.map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// What a file says.
pub(super) struct Imported {
    name: String,
    path: PathBuf,
    classes: Vec<String>,
    /// One row of a number for each class.
    numbers: Vec<f64>,
    /// The key of each row, where the file has the key fields.
    keys: Option<Vec<Vec<Option<String>>>>,
}

/// What a file says of given records.
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) classes: Vec<String>,
    pub(super) numbers: Vec<f64>,
    /// For each of the records its row.
    pub(super) rows: Vec<Option<usize>>,
}

impl Imported {
    /// Reads a file.
    pub(super) fn read(
        file: &ProbabilityFile,
        view: &View<'_>,
        (field, given): (Option<&str>, &[String]),
    ) -> Result<Self, Error> {
        let wrong = |reason: String| Error::BadProbabilities {
            path: file.path.clone(),
            reason,
        };
        let bytes = file.bytes.as_slice();
        let extension = file
            .path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        let ordered = classes(view, field, given);
        let mut read = match extension {
            "npy" => npy(bytes, &ordered),
            "jsonl" | "ndjson" => table(bytes, Format::Jsonl, view, &ordered),
            _ => table(bytes, Format::Csv, view, &ordered),
        }
        .map_err(wrong)?;
        let width = read.classes.len();
        for (at, row) in read.numbers.chunks(width.max(1)).enumerate() {
            let sum: f64 = row.iter().sum();
            let within = row.iter().all(|p| (0.0..=1.0 + 1e-6).contains(p));
            if !within || (sum - 1.0).abs() > SLACK {
                return Err(wrong(format!(
                    "row {} is no probabilities: they add up to {sum}",
                    at + 1
                )));
            }
        }
        // Labels are compared in the one spelling of their field.
        if let Some(label) = field.or(view.fields(Role::Label).first().map(String::as_str)) {
            for class in &mut read.classes {
                *class = view.spelled(label, Cell::text(class));
            }
        }
        read.name = file.name();
        read.path.clone_from(&file.path);
        Ok(read)
    }

    /// Finds the rows of records.
    pub(super) fn taken(self, view: &View<'_>, records: &[u64]) -> Result<Taken, Error> {
        let wrong = |reason: String| Error::BadProbabilities {
            path: self.path.clone(),
            reason,
        };
        let count = self.numbers.len() / self.classes.len().max(1);
        let rows = match &self.keys {
            None => {
                let all = view.table.records();
                if all != count as u64 {
                    return Err(wrong(format!(
                        "it has {count} rows without keys, and `{}` has {all} records",
                        view.table.name
                    )));
                }
                records
                    .iter()
                    .map(|record| usize::try_from(*record).ok())
                    .collect()
            }
            Some(keys) => {
                let mut places: HashMap<&[Option<String>], Option<usize>> = HashMap::new();
                for (at, key) in keys.iter().enumerate() {
                    let twice = places.insert(key.as_slice(), Some(at)).is_some();
                    if twice {
                        return Err(wrong(format!(
                            "row {} has the key of an earlier one",
                            at + 1
                        )));
                    }
                }
                let fields: Vec<&str> = view.fields(Role::Key).iter().map(String::as_str).collect();
                let own = view.values(records, &fields)?;
                // Keys compare by value: the file may spell them otherwise.
                let spelled = |key: &Vec<Option<String>>| -> Vec<Option<String>> {
                    let parts = fields.iter().zip(key);
                    let part = |(field, text): (&&str, &Option<String>)| {
                        Some(view.spelled(field, Cell::text(text.as_deref()?)))
                    };
                    parts.map(part).collect()
                };
                own.iter()
                    .map(|key| places.get(spelled(key).as_slice()).copied().flatten())
                    .collect()
            }
        };
        Ok(Taken {
            name: self.name,
            classes: self.classes,
            numbers: self.numbers,
            rows,
        })
    }
}

/// Returns the classes in the order that is given, else declared, else sorted.
fn classes(view: &View<'_>, field: Option<&str>, given: &[String]) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    if let Some(declared) = &view.table.declaration.classes {
        return declared.values.clone();
    }
    let label = field.or(view.fields(Role::Label).first().map(String::as_str));
    let fact = view
        .facts
        .fields
        .iter()
        .find(|fact| Some(&*fact.name) == label);
    let counted = fact.and_then(|fact| fact.classes.as_ref());
    counted.map_or_else(Vec::new, |all| {
        all.iter().map(|(name, _)| name.clone()).collect()
    })
}

/// Reads a table whose columns are named like the classes, or whose `probabilities` is a list.
fn table(
    bytes: &[u8],
    format: Format,
    view: &View<'_>,
    ordered: &[String],
) -> Result<Imported, String> {
    let declared = DeclaredDialect {
        header: Some(true),
        ..DeclaredDialect::default()
    };
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let layout = Layout::detect(format, &declared, head, bytes.len() <= HEAD_BYTES);
    let mut batch = Batch::new(&layout.fields);
    layout.parse(
        bytes.get(layout.header_bytes..).unwrap_or_default(),
        &mut batch,
    );
    let key = view.fields(Role::Key);
    let key_at: Option<Vec<usize>> = key.iter().map(|field| batch.field(field)).collect();
    let key_at = key_at.filter(|places| !places.is_empty());
    let column = |class: &String| {
        let names = PREFIXES.iter().map(|prefix| format!("{prefix}{class}"));
        let mut names = names.chain([format!(
            "probabilities.{}",
            crate::record::quote_name(class)
        )]);
        names.find_map(|name| batch.field(&name))
    };
    let found: Vec<(String, usize)> = ordered
        .iter()
        .filter_map(|class| Some((class.clone(), column(class)?)))
        .collect();
    let list = batch.field("probabilities");
    let classes: Vec<String> = match (list, found.is_empty()) {
        (Some(_), true) => ordered.to_vec(),
        (None, true) => return Err("no column is named like a class".to_owned()),
        _ => found.iter().map(|(class, _)| class.clone()).collect(),
    };
    let mut numbers = Vec::new();
    let mut keys = Vec::new();
    for (at, record) in batch.records().enumerate() {
        let row: Option<Vec<f64>> = match (list, found.is_empty()) {
            (Some(place), true) => record
                .cell(place)
                .and_then(|cell| crate::learn::features::embedding(cell.text)),
            _ => {
                let number =
                    |(_, place): &(String, usize)| record.cell(*place)?.text.trim().parse().ok();
                found.iter().map(number).collect()
            }
        };
        let row = row.filter(|row| row.len() == classes.len());
        numbers.extend(row.ok_or_else(|| format!("row {} has no number for each class", at + 1))?);
        if let Some(places) = &key_at {
            let value = |(field, place): (&String, &usize)| {
                let cell = record.cell(*place);
                cell.map(|cell| view.spelled(field, cell))
            };
            keys.push(key.iter().zip(places).map(value).collect());
        }
    }
    Ok(Imported {
        name: String::new(),
        path: Path::new("").to_owned(),
        classes,
        numbers,
        keys: key_at.map(|_| keys),
    })
}

/// Reads numpy's format: a table of 32 or 64 bit little-endian floats, row by row.
fn npy(bytes: &[u8], classes: &[String]) -> Result<Imported, String> {
    let header = || {
        let rest = bytes.strip_prefix(b"\x93NUMPY")?;
        let (version, rest) = (rest.first()?, rest.get(2..)?);
        let (length, rest) = match version {
            1 => (
                usize::from(u16::from_le_bytes(*rest.first_chunk()?)),
                rest.get(2..)?,
            ),
            2 | 3 => (
                usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?,
                rest.get(4..)?,
            ),
            _ => return None,
        };
        Some((
            std::str::from_utf8(rest.get(..length)?).ok()?,
            rest.get(length..)?,
        ))
    };
    let (header, data) = header().ok_or("it is no .npy file")?;
    let member = |name: &str| {
        let at = header.find(&format!("'{name}'"))?;
        Some(header[at..].split_once(':')?.1.trim_start())
    };
    if !member("fortran_order").is_some_and(|rest| rest.starts_with("False")) {
        return Err("it is stored by columns".to_owned());
    }
    let width = match member("descr") {
        Some(rest) if rest.starts_with("'<f8'") => 8,
        Some(rest) if rest.starts_with("'<f4'") => 4,
        _ => return Err("it holds no little-endian floats of 32 or 64 bits".to_owned()),
    };
    let shape = member("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let shape: Option<Vec<usize>> = shape.and_then(|(shape, _)| {
        let parts = shape
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(|part| part.parse().ok()).collect()
    });
    let Some([rows, columns]) = shape.as_deref() else {
        return Err("it is no table of two dimensions".to_owned());
    };
    if *columns != classes.len() {
        return Err(format!(
            "it has {columns} columns, and there are {} classes: --classes gives their order",
            classes.len()
        ));
    }
    let size = rows
        .checked_mul(*columns)
        .and_then(|count| count.checked_mul(width));
    if size != Some(data.len()) {
        return Err("it is shorter or longer than it says".to_owned());
    }
    let numbers = match width {
        8 => data
            .as_chunks::<8>()
            .0
            .iter()
            .map(|b| f64::from_le_bytes(*b))
            .collect(),
        _ => data
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect(),
    };
    Ok(Imported {
        name: String::new(),
        path: Path::new("").to_owned(),
        classes: classes.to_vec(),
        numbers,
        keys: None,
    })
}

#[cfg(test)]
mod tests {
    use super::npy;
    use proptest::prelude::*;

    fn file(shape: &str, descr: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend_from_slice(&(header.len() as u16).to_le_bytes());
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn a_table_of_floats_is_read() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let data: Vec<u8> = [0.25f32, 0.75, 1.0, 0.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let read = npy(&file("(2, 2)", "<f4", &data), &classes).ok().unwrap();
        assert_eq!(read.numbers, [0.25, 0.75, 1.0, 0.0]);
        for bad in [
            file("(3, 2)", "<f4", &data),
            file("(2, 2)", "<i8", &data),
            file("(4,)", "<f4", &data),
        ] {
            assert!(npy(&bad, &classes).is_err());
        }
        let huge = file("(18446744073709551615, 2)", "<f4", &data);
        assert!(npy(&huge, &classes).is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            let _ = npy(&bytes, &["a".to_owned()]);
            bytes.splice(0..0, *b"\x93NUMPY\x01\x00");
            let _ = npy(&bytes, &["a".to_owned()]);
        }
    }
}
