//! Batches: the records of one run of bytes, decoded, in one allocation.
//!
//! A batch knows its fields by name; two batches of one file may know other fields (JSON Lines),
//! so readers look fields up by name once per batch.

use std::sync::Arc;

use super::frame::append;
use super::value::{Cell, CellKind};

/// Why a record did not parse as its format wants it. It is still a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Problem {
    /// More or fewer cells than the header has names.
    Ragged,
    /// Bytes that are not text in the file's encoding.
    Encoding,
    /// A quote that is not closed, or text after a closing quote.
    Quote,
    /// A line that is no JSON object.
    Json,
}

impl Problem {
    /// All problems.
    pub const ALL: [Self; 4] = [Self::Ragged, Self::Encoding, Self::Quote, Self::Json];

    /// Returns the name that states and `problem` events use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ragged => "ragged_record",
            Self::Encoding => "invalid_encoding",
            Self::Quote => "unbalanced_quote",
            Self::Json => "unparsable_record",
        }
    }
}

/// Where a value lies in the text of its batch: for readers of many values, who want bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// What the text stands for.
    pub kind: CellKind,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    end: u32,
    kind: Option<CellKind>,
}

const NULL: Slot = Slot {
    start: 0,
    end: 0,
    kind: None,
};

struct Row {
    first: u32,
    width: u32,
    bytes: (u32, u32),
    problem: Option<Problem>,
}

/// Decoded records.
#[derive(Default)]
pub struct Batch {
    fields: Vec<Arc<str>>,
    text: String,
    slots: Vec<Slot>,
    rows: Vec<Row>,
    /// Values that all records share, by field.
    shared: Vec<(usize, Slot)>,
}

impl Batch {
    /// Returns a batch without records that knows these fields.
    pub fn new(fields: &[Arc<str>]) -> Self {
        Self {
            fields: fields.to_vec(),
            ..Self::default()
        }
    }

    /// Forgets the records and knows these fields, keeping allocations.
    pub fn reset(&mut self, fields: &[Arc<str>]) {
        self.fields.clear();
        self.fields.extend_from_slice(fields);
        self.text.clear();
        self.slots.clear();
        self.rows.clear();
        self.shared.clear();
    }

    /// Returns the names of the fields, in the order of the cells.
    pub fn fields(&self) -> &[Arc<str>] {
        &self.fields
    }

    /// Returns the place of a field.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &**field == name)
    }

    /// Returns the places of many fields.
    pub fn places<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<Option<usize>> {
        // Names mostly come in the order of the fields; a table may have ten thousand of them.
        let mut next = 0;
        let place = |name: &'n str| {
            let place = match self.fields.get(next) {
                Some(field) if **field == *name => Some(next),
                _ => self.field(name),
            };
            next = place.map_or(next, |place| place + 1);
            place
        };
        names.map(place).collect()
    }

    /// Returns the place of a field, which is added where the batch does not know it.
    pub fn field_or_add(&mut self, name: &str) -> usize {
        self.field(name).unwrap_or_else(|| {
            self.fields.push(name.into());
            self.fields.len() - 1
        })
    }

    /// Returns how many records there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Begins a record; its cells follow.
    pub fn begin(&mut self) {
        let first = self.slots.len() as u32;
        self.rows.push(Row {
            first,
            width: 0,
            bytes: (0, 0),
            problem: None,
        });
    }

    /// Sets the cell of a field of the record begun last; `None` makes it null.
    ///
    /// A batch is parsed from one chunk or record, so its text stays far below 4 GiB; what would
    /// exceed that is dropped to null and marked as a problem by the caller's size limits.
    pub fn set(&mut self, field: usize, kind: CellKind, text: Option<&str>) {
        let Some(text) = text else {
            return self.put(field, NULL);
        };
        let start = self.text.len();
        self.text.push_str(text);
        match (u32::try_from(start), u32::try_from(self.text.len())) {
            (Ok(start), Ok(end)) => self.put(
                field,
                Slot {
                    start,
                    end,
                    kind: Some(kind),
                },
            ),
            _ => self.text.truncate(start),
        }
    }

    /// Appends text that cells will point into, and returns where it begins; `None` where the
    /// batch would outgrow 4 GiB.
    pub(super) fn append(&mut self, text: &str) -> Option<usize> {
        let start = self.text.len();
        u32::try_from(start + text.len()).ok()?;
        self.text.push_str(text);
        Some(start)
    }

    /// Returns a stretch of the text.
    pub(super) fn text(&self, start: usize, end: usize) -> &str {
        &self.text[start..end]
    }

    /// Sets the cell of a field of the record begun last to a stretch of appended text.
    pub(super) fn point(&mut self, field: usize, kind: CellKind, start: usize, end: usize) {
        self.put(
            field,
            Slot {
                start: start as u32,
                end: end as u32,
                kind: Some(kind),
            },
        );
    }

    /// Takes the cells of the record begun last away again.
    pub(super) fn clear_record(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            self.slots.truncate(row.first as usize);
            row.width = 0;
        }
    }

    /// Adds a field that the batch does not know, and returns its place.
    pub(super) fn add_field(&mut self, name: &str) -> usize {
        self.fields.push(name.into());
        self.fields.len() - 1
    }

    #[inline]
    fn put(&mut self, field: usize, slot: Slot) {
        let Some(row) = self.rows.last_mut() else {
            return;
        };
        let first = row.first as usize;
        if self.slots.len() == first + field {
            // The usual case: the cells come in the order of the fields.
            self.slots.push(slot);
            row.width = field as u32 + 1;
            return;
        }
        if self.slots.len() <= first + field {
            self.slots.resize(first + field + 1, NULL);
            row.width = field as u32 + 1;
        }
        self.slots[first + field] = slot;
    }

    /// Gives a field of all records this text, where they have no value of their own: a field
    /// that the path of their file makes.
    pub fn set_shared(&mut self, field: &str, text: &str) {
        let field = self.field_or_add(field);
        let start = self.text.len();
        self.text.push_str(text);
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(self.text.len())) {
            let kind = Some(CellKind::Text);
            self.shared.push((field, Slot { start, end, kind }));
        }
    }

    /// Ends the record begun last: the bytes it was read from, and what is wrong with it.
    pub fn end(&mut self, bytes: (usize, usize), problem: Option<Problem>) {
        if let Some(row) = self.rows.last_mut() {
            row.bytes = (bytes.0 as u32, bytes.1 as u32);
            row.problem = problem;
        }
    }

    fn shared_slot(&self, field: usize) -> Option<Slot> {
        let found = self.shared.iter().find(|(shared, _)| *shared == field);
        found.map(|(_, slot)| *slot)
    }

    /// Returns a record.
    pub fn record(&self, index: usize) -> RecordRef<'_> {
        RecordRef {
            batch: self,
            row: &self.rows[index],
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Appends the bytes of a value.
    #[inline]
    pub fn append_to(&self, out: &mut Vec<u8>, span: Span) {
        append(out, self.bytes(), span.start, span.end);
    }

    /// Returns the bytes of a value.
    #[inline]
    pub fn bytes_of(&self, span: Span) -> &[u8] {
        &self.bytes()[span.start..span.end]
    }

    /// Returns the records in order.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.rows.iter().map(|row| RecordRef { batch: self, row })
    }
}

/// One record of a batch.
#[derive(Clone, Copy)]
pub struct RecordRef<'a> {
    batch: &'a Batch,
    row: &'a Row,
}

impl<'a> RecordRef<'a> {
    #[inline]
    fn slot(&self, field: usize) -> Option<Slot> {
        let own = match field < self.row.width as usize {
            true => self.batch.slots[self.row.first as usize + field],
            false => NULL,
        };
        match own.kind {
            Some(_) => Some(own),
            None if self.batch.shared.is_empty() => None,
            None => self.batch.shared_slot(field),
        }
    }

    /// Returns the value of the field at a place; `None` where it is missing.
    pub fn cell(&self, field: usize) -> Option<Cell<'a>> {
        let slot = self.slot(field)?;
        Some(Cell {
            kind: slot.kind?,
            text: &self.batch.text[slot.start as usize..slot.end as usize],
        })
    }

    /// Returns where the value of the field at a place lies; `None` where it is missing.
    #[inline]
    pub fn span(&self, field: usize) -> Option<Span> {
        let slot = self.slot(field)?;
        Some(Span {
            kind: slot.kind?,
            start: slot.start as usize,
            end: slot.end as usize,
        })
    }

    /// Returns where the record stands in the bytes that were parsed: start and end.
    pub fn bytes(&self) -> (usize, usize) {
        (self.row.bytes.0 as usize, self.row.bytes.1 as usize)
    }

    /// Returns what is wrong with the record.
    pub fn problem(&self) -> Option<Problem> {
        self.row.problem
    }

    /// Returns the batch.
    pub fn batch(&self) -> &'a Batch {
        self.batch
    }
}
