//! Writing values back into the bytes of one record, in the file's own dialect and encoding.
//!
//! Invariant: only the bytes of the edited values change, and what was written reads back as it
//! was given; where that cannot be had, nothing is written and the error says why.

mod csv;
mod error;
mod jsonl;
mod splice;

use super::batch::{Batch, RecordRef};
use super::encoding::Encoding;
use super::format::Format;
use super::layout::Layout;
use super::value::{Cell, Type};

pub use error::RewriteError;
use splice::Splice;

/// A new value of one field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The field.
    pub field: &'a str,
    /// The value; `None` is missing.
    pub value: Option<Cell<'a>>,
    /// The type of the field: where formats tell numbers from text, it decides.
    pub kind: Type,
    /// How a file that reads alike spells the value: its bytes are taken as they are.
    pub spelled: Option<&'a [u8]>,
}

/// How one format finds the bytes of values.
trait Rewriter {
    /// Returns where the value of a field stands; `None` where the record has no such place.
    fn place(&self, field: &str) -> Option<std::ops::Range<usize>>;

    /// Adds what must be replaced so that the field has the value.
    fn edit(&self, edit: &Edit<'_>, out: &mut Vec<Splice>) -> Result<(), RewriteError>;
}

/// Returns whether values of both files are spelled by the same rules, so that the bytes of one
/// stand for the same in the other.
pub fn spell_alike(a: &Layout, b: &Layout) -> bool {
    let (x, y) = (&a.dialect, &b.dialect);
    let csv = a.format == Format::Csv;
    a.format == b.format
        && x.encoding == y.encoding
        && x.missing == y.missing
        && (!csv || (x.delimiter == y.delimiter && x.quote == y.quote))
}

/// Returns whether whole records of one file read the same in the other.
pub fn read_alike(a: &Layout, b: &Layout) -> bool {
    spell_alike(a, b) && (a.format != Format::Csv || a.fields == b.fields)
}

/// Returns the bytes with which a record spells a value; `None` where it has no place for it.
pub fn spelling(layout: &Layout, record: &[u8], field: &str) -> Option<Vec<u8>> {
    let body = Body::open(layout, record).ok()?;
    let place = body.rewriter(layout).ok()?.place(field)?;
    let range = body.original(&place);
    body.bytes.get(range).map(<[u8]>::to_vec)
}

/// Returns the record's bytes with new values; the line end stays as it is.
pub fn rewrite(
    layout: &Layout,
    record: &[u8],
    edits: &[Edit<'_>],
) -> Result<Vec<u8>, RewriteError> {
    let body = Body::open(layout, record)?;
    let mut splices = Vec::new();
    {
        let rewriter = body.rewriter(layout)?;
        for edit in edits {
            rewriter.edit(edit, &mut splices)?;
        }
    }
    let mut out = Vec::with_capacity(record.len() + 16);
    let mut from = 0;
    splices.sort_by_key(|splice| splice.at.start);
    for splice in &splices {
        let at = body.original(&splice.at);
        // Two edits of one place cannot both hold.
        let untouched = body
            .bytes
            .get(from..at.start)
            .ok_or(RewriteError::Structure)?;
        out.extend_from_slice(untouched);
        splice.write(layout.dialect.encoding, &mut out)?;
        from = at.end;
    }
    out.extend_from_slice(body.bytes.get(from..).unwrap_or_default());
    out.extend_from_slice(record.get(body.bytes.len()..).unwrap_or_default());
    check(layout, record, &out, edits)?;
    Ok(out)
}

/// Returns a record's bytes without its line end.
pub fn without_line_end<'a>(layout: &Layout, record: &'a [u8]) -> &'a [u8] {
    layout.rule().strip(record)
}

/// Returns the line end that the file's records have; `None` where there is none yet.
pub fn line_end(layout: &Layout, record: &[u8]) -> Option<Vec<u8>> {
    let end = record.get(layout.rule().strip(record).len()..)?;
    (!end.is_empty()).then(|| end.to_vec())
}

/// The bytes of a record, in which its format finds values.
struct Body<'a> {
    /// Without the line end.
    bytes: &'a [u8],
    /// The same text with one byte for each ASCII character, and no ASCII byte for anything else:
    /// where the encoding does not give that, as UTF-8.
    text: std::borrow::Cow<'a, [u8]>,
    encoding: Encoding,
}

impl<'a> Body<'a> {
    fn open(layout: &Layout, record: &'a [u8]) -> Result<Self, RewriteError> {
        let bytes = layout.rule().strip(record);
        let encoding = layout.dialect.encoding;
        // No byte of a longer character is then one of those that give a record its structure.
        let text = match encoding.keeps_ascii() {
            true => bytes.into(),
            false => {
                let (mut text, mut again) = (String::new(), Vec::new());
                let clean = encoding.decode(bytes, &mut text);
                // What has two codes for a character is not found again by counting bytes.
                if !clean || encoding.encode(&text, &mut again).is_none() || again != bytes {
                    return Err(RewriteError::NotText);
                }
                text.into_bytes().into()
            }
        };
        Ok(Self {
            bytes,
            text,
            encoding,
        })
    }

    fn rewriter<'b>(&'b self, layout: &'b Layout) -> Result<Box<dyn Rewriter + 'b>, RewriteError> {
        let encoding = match self.encoding.keeps_ascii() {
            true => self.encoding,
            false => Encoding::Utf8,
        };
        Ok(match layout.format {
            Format::Csv => Box::new(csv::Row::open(layout, &self.text)),
            Format::Jsonl => Box::new(jsonl::Line::open(&self.text, encoding)?),
            Format::Images => return Err(RewriteError::Images),
        })
    }

    /// Returns where a stretch of the text stands in the bytes.
    fn original(&self, place: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let at = |place: usize| match self.encoding.keeps_ascii() {
            true => place,
            false => {
                let before = self.text.get(..place).unwrap_or(&self.text);
                // It was decoded to this text: it is UTF-8, and cut between characters.
                let mut bytes = Vec::new();
                let encoded = self
                    .encoding
                    .encode(&String::from_utf8_lossy(before), &mut bytes);
                encoded.map_or(self.bytes.len(), |()| bytes.len())
            }
        };
        at(place.start)..at(place.end)
    }
}

/// Checks that the new bytes are one record, that the edited fields have their values and that all
/// others have the ones they had.
fn check(layout: &Layout, old: &[u8], new: &[u8], edits: &[Edit<'_>]) -> Result<(), RewriteError> {
    let parse = |bytes: &[u8]| {
        let mut batch = Batch::new(&layout.fields);
        layout.parse(bytes, &mut batch);
        batch
    };
    let (old, new) = (parse(old), parse(new));
    if old.len() != 1 || new.len() != 1 {
        return Err(RewriteError::Structure);
    }
    let (a, b) = (old.record(0), new.record(0));
    for field in old.fields().iter().chain(new.fields()) {
        let found = text(&b, field);
        match edits.iter().rfind(|edit| *edit.field == **field) {
            Some(edit) if found != edit.value.map(|cell| cell.text) => {
                return Err(match edit.value {
                    Some(_) if found.is_none() => RewriteError::ReadsAsMissing {
                        field: field.to_string(),
                    },
                    _ => RewriteError::NotWritable {
                        field: field.to_string(),
                    },
                });
            }
            None if found != text(&a, field) => return Err(RewriteError::Structure),
            _ => {}
        }
    }
    Ok(())
}

fn text<'a>(record: &RecordRef<'a>, field: &str) -> Option<&'a str> {
    let at = record.batch().field(field)?;
    record.cell(at).map(|cell| cell.text)
}
