//! Embeddings of a version that stand in a `.npy` file beside its data set, a row for each record.
//!
//! Invariant: row i is that of record i, in the order of the data set's files by path and of the
//! records in them. The file is one of the same version, and there are as many rows as records.

use rayon::prelude::*;

use crate::base::RepoPath;
use crate::dataset::Table;
use crate::object::{Content, Definition, EntryKind, FileEntry, ObjectSource};
use crate::record::{Format, Npy};

use super::super::error::Error;
use super::super::files;

/// The largest file that is read.
const LARGEST: u64 = 4 << 30;
/// Under which parameter a definition names the file.
pub(super) const PARAMETER: &str = "embedding";

/// A row of finite numbers for each record of a data set.
#[derive(Debug)]
pub(in crate::ops) struct Vectors {
    /// What the file is called.
    pub name: String,
    table: Npy<'static>,
    /// How many records come before each part of the data set.
    starts: Vec<u64>,
}

impl Vectors {
    /// Reads the file at `path` among the files of the version that `table` is of.
    pub(in crate::ops) fn open(
        source: &dyn ObjectSource,
        (entries, table): (&[FileEntry], &Table),
        evaluation: &str,
        path: &RepoPath,
    ) -> Result<Self, Error> {
        let wrong = |reason: String| Error::NotEvaluated {
            name: evaluation.to_owned(),
            reason,
        };
        if table.declaration.format == Format::Images {
            return Err(wrong(format!(
                "`{}` is an image folder, where an image changes its place with its label, so rows of `{path}` would go with other images: list images and labels in a table",
                table.name
            )));
        }
        let entry = files::find(entries, path)
            .ok_or_else(|| wrong(format!("its version has no file `{path}`: `dver add` it")))?;
        if entry.kind == EntryKind::Symlink {
            return Err(wrong(format!("`{path}` is a symbolic link")));
        }
        let content = Content::open(source, &entry.content, entry.size)?;
        let bytes = content
            .read(source, LARGEST)?
            .ok_or_else(|| wrong(format!("`{path}` is larger than 4 GiB")))?;
        let rows = Npy::read(bytes).map_err(|why| wrong(format!("`{path}`: {why}")))?;
        if rows.rows() as u64 != table.records() {
            return Err(wrong(format!(
                "`{path}` has {} rows, and `{}` has {} records: row i is that of record i",
                rows.rows(),
                table.name,
                table.records()
            )));
        }
        if rows.columns() == 0 {
            return Err(wrong(format!("`{path}` has no numbers")));
        }
        let infinite = |at: usize| rows.row(at).any(|number| !number.is_finite());
        let first = (0..rows.rows())
            .into_par_iter()
            .find_first(|at| infinite(*at));
        if let Some(row) = first {
            let mut numbers = rows.row(row).enumerate();
            let (column, number) = numbers
                .find(|(_, number)| !number.is_finite())
                .unwrap_or_default();
            return Err(wrong(format!(
                "`{path}`[{row}, {column}] is {number}, and all numbers must be finite (rows and columns are counted from 0)"
            )));
        }
        let starts = table.parts.iter().scan(0, |before, part| {
            let start = *before;
            *before += part.records();
            Some(start)
        });
        Ok(Self {
            name: String::from_utf8_lossy(path.as_bytes()).into_owned(),
            starts: starts.collect(),
            table: rows,
        })
    }

    /// Reads the file that a definition names, where it names one.
    pub(super) fn of_definition(
        source: &dyn ObjectSource,
        version: (&[FileEntry], &Table),
        evaluation: &str,
        definition: &Definition,
    ) -> Result<Option<Self>, Error> {
        let Some(path) = definition.parameters.get(PARAMETER) else {
            return Ok(None);
        };
        let path = RepoPath::new(path.as_bytes()).map_err(|why| Error::NotEvaluated {
            name: evaluation.to_owned(),
            reason: why.to_string(),
        })?;
        Self::open(source, version, evaluation, &path).map(Some)
    }

    /// Returns how many numbers a row has.
    pub(in crate::ops) fn width(&self) -> usize {
        self.table.columns()
    }

    /// Returns the row of the first record of a unit.
    pub(super) fn first_of(&self, table: &Table, part: usize, unit: usize) -> usize {
        (self.starts[part] + table.parts[part].units[unit].first_record) as usize
    }

    /// Returns the numbers of a row.
    pub(super) fn row(&self, at: usize) -> impl Iterator<Item = f64> + '_ {
        self.table.row(at)
    }
}
