//! Tables: the records of a data set in one version, as units that can be read one by one.
//!
//! Invariant: a unit is a run of whole records of one file; the units of a part, in order, hold
//! every byte of the file but its header. Which chunks a content was cut into shows in the units'
//! ids and sizes alone, never in the records.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::{ObjectId, RepoPath};
use crate::object::{Content, EntryKind, Error as ObjectError, FileEntry, ObjectSource};
use crate::record::{Batch, DeclaredDialect, Format, Layout};

use super::declaration::Declaration;
use super::error::Error;
use super::{images, units};

/// A data set in one version.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name of the data set.
    pub name: String,
    /// How it is read.
    pub declaration: Declaration,
    /// Its files in order of their paths; an image folder is one part.
    pub parts: Vec<Part>,
}

/// One file of a data set.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it stands; of an image folder the directory.
    pub path: RepoPath,
    /// The fields that its path gives to its records.
    pub path_fields: Vec<(Arc<str>, String)>,
    /// How its bytes read.
    pub layout: Layout,
    /// Its records, in order.
    pub units: Vec<Unit>,
    /// Its content; of an image folder a hash of its units.
    pub content: ObjectId,
}

/// A run of whole records.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Names the bytes: units of one id hold the same bytes.
    pub id: ObjectId,
    /// How many records of the part come before it.
    pub first_record: u64,
    /// How many records it holds.
    pub records: u64,
    /// The line on which it begins, counted from 1.
    pub first_line: u64,
    /// Its length in bytes.
    pub bytes: u64,
    pub(super) place: Place,
}

/// Where the bytes of a unit are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The object of the unit's id.
    Object,
    /// Stretches of objects, one after another.
    Pieces(Box<[Piece]>),
    /// Nowhere else.
    Held(Arc<[u8]>),
}

/// A stretch of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) object: ObjectId,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Table {
    /// Finds the files of a data set among the entries of a version, and their records.
    pub fn open(
        source: &dyn ObjectSource,
        entries: &[FileEntry],
        declaration: &Declaration,
    ) -> Result<Self, Error> {
        let parts = match declaration.format {
            Format::Images => image_part(entries, declaration).into_iter().collect(),
            Format::Csv | Format::Jsonl => entries
                .par_iter()
                .filter(|entry| entry.kind != EntryKind::Symlink)
                .filter_map(|entry| Some((entry, declaration.covers(&entry.path)?)))
                .map(|(entry, path_fields)| Part::open(source, entry, path_fields, declaration))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            name: declaration.name.clone(),
            declaration: declaration.clone(),
            parts,
        })
    }

    /// Returns how many records there are.
    pub fn records(&self) -> u64 {
        self.parts.iter().map(Part::records).sum()
    }

    /// Returns how many bytes the records take.
    pub fn bytes(&self) -> u64 {
        self.units()
            .map(|(part, unit)| self.parts[part].units[unit].bytes)
            .sum()
    }

    /// Returns the places of all units, in order: part and unit.
    pub fn units(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let of_part =
            |(at, part): (usize, &Part)| (0..part.units.len()).map(move |unit| (at, unit));
        self.parts.iter().enumerate().flat_map(of_part)
    }

    /// Returns the bytes of a part that stand before its first record.
    pub fn header(&self, source: &dyn ObjectSource, part: usize) -> Result<Vec<u8>, Error> {
        let part = &self.parts[part];
        let wanted = part.layout.header_bytes;
        let rest: u64 = part.units.iter().map(|unit| unit.bytes).sum();
        let content = Content::open(source, &part.content, wanted as u64 + rest)?;
        let mut header = Vec::new();
        for chunk in content.chunks() {
            if header.len() >= wanted {
                break;
            }
            header.extend_from_slice(&source.get(&chunk.id)?);
        }
        header.truncate(wanted);
        Ok(header)
    }

    /// Returns the bytes of a unit.
    pub fn unit_bytes(
        &self,
        source: &dyn ObjectSource,
        part: usize,
        unit: usize,
    ) -> Result<Vec<u8>, Error> {
        Ok(self.parts[part].units[unit].read(source)?)
    }

    /// Parses whole records of a part into the batch, in place of what it held; fields that the
    /// part's path makes are fields of every record.
    pub fn parse(&self, part: usize, bytes: &[u8], batch: &mut Batch) {
        let part = &self.parts[part];
        batch.reset(&part.layout.fields);
        part.layout.parse(bytes, batch);
        for (field, value) in &part.path_fields {
            batch.set_shared(field, value);
        }
    }

    /// Reads and parses a unit.
    pub fn read_unit(
        &self,
        source: &dyn ObjectSource,
        part: usize,
        unit: usize,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let bytes = self.unit_bytes(source, part, unit)?;
        self.parse(part, &bytes, batch);
        Ok(())
    }

    /// Returns the fields that are known without reading records: those of headers and paths, and
    /// of JSON Lines those of each file's first records.
    pub fn fields(&self) -> Vec<Arc<str>> {
        self.known_fields().all
    }

    fn known_fields(&self) -> FieldNames {
        let mut names = FieldNames::default();
        for part in &self.parts {
            let of_path = part.path_fields.iter().map(|(field, _)| field);
            names.extend(part.layout.fields.iter().chain(of_path));
        }
        names
    }

    /// Returns all fields that any record has. Those of JSON Lines are found by reading the whole
    /// table; elsewhere headers and paths name them all.
    pub fn all_fields(&self, source: &dyn ObjectSource) -> Result<Vec<Arc<str>>, Error> {
        match self.declaration.format {
            Format::Jsonl => self.read_fields(source),
            Format::Csv | Format::Images => Ok(self.fields()),
        }
    }

    /// Returns all fields that any record has, by reading the whole table.
    pub fn read_fields(&self, source: &dyn ObjectSource) -> Result<Vec<Arc<str>>, Error> {
        let places: Vec<_> = self.units().collect();
        let mut names = self.known_fields();
        let found: Vec<Vec<Arc<str>>> = places
            .par_iter()
            .map_init(Batch::default, |batch, &(part, unit)| {
                self.read_unit(source, part, unit, batch)?;
                let known = &self.parts[part].layout.fields;
                Ok::<_, Error>(batch.fields().get(known.len()..).unwrap_or(&[]).to_vec())
            })
            .collect::<Result<_, _>>()?;
        for fields in &found {
            names.extend(fields.iter());
        }
        Ok(names.all)
    }
}

/// Names of fields, each once, in the order in which they came.
#[derive(Default)]
struct FieldNames {
    all: Vec<Arc<str>>,
    known: FxHashSet<Arc<str>>,
}

impl FieldNames {
    fn extend<'a>(&mut self, fields: impl Iterator<Item = &'a Arc<str>>) {
        for field in fields {
            if !self.known.contains(field) {
                self.known.insert(field.clone());
                self.all.push(field.clone());
            }
        }
    }
}

impl Part {
    fn open(
        source: &dyn ObjectSource,
        entry: &FileEntry,
        path_fields: Vec<(Arc<str>, String)>,
        declaration: &Declaration,
    ) -> Result<Self, Error> {
        let declared = (declaration.format, &declaration.dialect);
        let (layout, units) = units::of_file(source, entry, declared)?;
        Ok(Self {
            path: entry.path.clone(),
            path_fields,
            layout,
            units,
            content: entry.content,
        })
    }

    /// Returns how many records it holds.
    pub fn records(&self) -> u64 {
        self.units
            .last()
            .map_or(0, |unit| unit.first_record + unit.records)
    }
}

impl Unit {
    pub(super) fn read(&self, source: &dyn ObjectSource) -> Result<Vec<u8>, ObjectError> {
        match &self.place {
            Place::Object => source.get(&self.id),
            Place::Held(bytes) => Ok(bytes.to_vec()),
            Place::Pieces(pieces) => {
                let mut all = Vec::new();
                for piece in pieces {
                    let bytes = source.get(&piece.object)?;
                    let stretch = bytes.get(piece.start as usize..piece.end as usize);
                    let short =
                        || ObjectError::corrupt(piece.object, "it is shorter than its row says");
                    all.extend_from_slice(stretch.ok_or_else(short)?);
                }
                Ok(all)
            }
        }
    }
}

/// Returns the one part of an image folder; `None` where there are no images.
fn image_part(entries: &[FileEntry], declaration: &Declaration) -> Option<Part> {
    let mut units = Vec::new();
    let mut ids = Vec::new();
    let mut first_record = 0;
    for unit in images::units(declaration, entries) {
        let id = ObjectId::of(&unit.lines);
        ids.extend_from_slice(id.as_bytes());
        units.push(Unit {
            id,
            first_record,
            records: unit.records,
            first_line: first_record + 1,
            bytes: unit.lines.len() as u64,
            place: Place::Held(unit.lines.into()),
        });
        first_record += unit.records;
    }
    let Place::Held(head) = &units.first()?.place else {
        return None;
    };
    let layout = Layout::detect(
        Format::Images,
        &DeclaredDialect::default(),
        head,
        units.len() == 1,
    );
    let directory = declaration
        .patterns
        .first()
        .map_or(&[][..], |p| p.directory());
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    let path = RepoPath::new(directory)
        .or_else(|_| RepoPath::new(declaration.name.replace('/', "_")))
        .or_else(|_| RepoPath::new("images"))
        .ok()?;
    Some(Part {
        path,
        path_fields: Vec::new(),
        layout,
        units,
        content: ObjectId::of(&ids),
    })
}
