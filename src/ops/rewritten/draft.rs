//! The new bytes of one file: what stood there, with records replaced, left out and put in.

use std::collections::BTreeMap;

use crate::base::fsio::NewFile;
use crate::dataset::{Part, Table};
use crate::object::ObjectSource;
use crate::record::rewrite::{read_alike, without_line_end};
use crate::record::{Format, Layout, Newline};

use super::super::error::Error;

/// What happens to a record.
pub(in super::super) enum Step {
    Replace(Vec<u8>),
    Remove,
}

/// A record that comes: its bytes without a line end, and the one that it had.
struct Coming {
    body: Vec<u8>,
    end: Option<Vec<u8>>,
}

/// What happens to a file. Places are those of its records, counted from 0.
#[derive(Default)]
pub(in super::super) struct Draft {
    /// The file's place in the version that changes; `None` where that does not have it.
    pub(in super::super) base: Option<usize>,
    /// Its place in the other version, where records come from there.
    pub(in super::super) other: Option<usize>,
    steps: BTreeMap<u64, Step>,
    /// What comes behind so many records, in order.
    coming: BTreeMap<u64, Vec<Coming>>,
    removed: u64,
    added: u64,
    changes: u64,
}

impl Draft {
    pub(in super::super) fn set(&mut self, place: u64, step: Step, changes: u64) {
        self.removed += u64::from(matches!(step, Step::Remove));
        self.changes += changes;
        self.steps.insert(place, step);
    }

    pub(in super::super) fn put(&mut self, behind: u64, body: Vec<u8>, end: Option<Vec<u8>>) {
        self.added += 1;
        self.changes += 1;
        let coming = self.coming.entry(behind).or_default();
        coming.push(Coming { body, end });
    }

    /// Returns how many changes were carried over.
    pub(in super::super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Returns whether all records go and none comes.
    pub(in super::super) fn takes_all(&self, base: &Table) -> bool {
        let records = self.base.map(|part| base.parts[part].records());
        self.added == 0 && records == Some(self.removed)
    }

    /// Returns the file whose header and dialect the new one has.
    fn like<'a>(&self, base: &'a Table, other: &'a Table) -> Option<(&'a Table, usize)> {
        let own = self.base.map(|part| (base, part));
        own.or(self.other.map(|part| (other, part)))
    }

    /// Returns whether a file reads as this one must.
    pub(in super::super) fn reads_so(&self, found: &Part, base: &Table, other: &Table) -> bool {
        let Some((table, like)) = self.like(base, other) else {
            return false;
        };
        let like = &table.parts[like];
        let before = self.base.map_or(0, |part| base.parts[part].records());
        let (a, b) = (&found.layout, &like.layout);
        found.records() == before + self.added - self.removed
            && read_alike(a, b)
            && a.dialect.header == b.dialect.header
            && a.header_bytes == b.header_bytes
    }

    /// Writes the new bytes.
    pub(in super::super) fn write(
        &self,
        source: &dyn ObjectSource,
        (base, other): (&Table, &Table),
        file: &mut NewFile,
    ) -> Result<(), Error> {
        let Some((like, part)) = self.like(base, other) else {
            return Ok(());
        };
        let mut out = Out {
            layout: &like.parts[part].layout,
            file,
            at_line_start: true,
        };
        let header = like.header(source, part)?;
        out.header(&header)?;
        let mut buffer = Vec::new();
        self.coming_behind(0, &mut out, &mut buffer);
        out.flush(&mut buffer)?;
        let Some(part) = self.base else { return Ok(()) };
        for (at, unit) in base.parts[part].units.iter().enumerate() {
            let bytes = base.unit_bytes(source, part, at)?;
            let (first, end) = (unit.first_record, unit.first_record + unit.records);
            let steps = self.steps.range(first..end).next().is_some();
            if !steps && self.coming.range(first + 1..end + 1).next().is_none() {
                out.plain(&bytes, &mut buffer);
                out.flush(&mut buffer)?;
                continue;
            }
            let mut ranges = Vec::new();
            out.layout.record_ranges(&bytes, &mut ranges);
            let mut from = 0;
            for (place, range) in (first..).zip(ranges) {
                match self.steps.get(&place) {
                    None => {}
                    Some(step) => {
                        out.plain(&bytes[from..range.start], &mut buffer);
                        if let Step::Replace(new) = step {
                            out.plain(new, &mut buffer);
                        }
                        from = range.end;
                    }
                }
                if self.coming.contains_key(&(place + 1)) {
                    out.plain(&bytes[from..range.end], &mut buffer);
                    from = range.end;
                    self.coming_behind(place + 1, &mut out, &mut buffer);
                }
            }
            out.plain(&bytes[from..], &mut buffer);
            out.flush(&mut buffer)?;
        }
        Ok(())
    }

    fn coming_behind(&self, count: u64, out: &mut Out<'_>, buffer: &mut Vec<u8>) {
        for coming in self.coming.get(&count).into_iter().flatten() {
            out.record(coming, buffer);
        }
    }
}

/// Where the new bytes go.
struct Out<'a> {
    layout: &'a Layout,
    file: &'a mut NewFile,
    /// Whether a record that comes now begins a line.
    at_line_start: bool,
}

impl Out<'_> {
    /// Writes what stands before the first record: a byte order mark alone ends no line.
    fn header(&mut self, header: &[u8]) -> Result<(), Error> {
        self.file.write(header)?;
        let is_mark = self.layout.format != Format::Csv || !self.layout.dialect.header;
        self.at_line_start = is_mark || header.is_empty() || self.ends_line(header);
        Ok(())
    }

    fn plain(&mut self, bytes: &[u8], buffer: &mut Vec<u8>) {
        if !bytes.is_empty() {
            buffer.extend_from_slice(bytes);
            self.at_line_start = self.ends_line(bytes);
        }
    }

    fn ends_line(&self, bytes: &[u8]) -> bool {
        without_line_end(self.layout, bytes).len() < bytes.len()
    }

    /// Writes a record that comes, with a line end as the file has them. Behind a last record that
    /// has none it gets none either.
    fn record(&mut self, coming: &Coming, buffer: &mut Vec<u8>) {
        let end = self.line_end(coming.end.as_deref());
        if self.at_line_start {
            buffer.extend_from_slice(&coming.body);
            buffer.extend_from_slice(&end);
        } else {
            buffer.extend_from_slice(&end);
            buffer.extend_from_slice(&coming.body);
        }
    }

    fn line_end(&self, own: Option<&[u8]>) -> Vec<u8> {
        let text = match self.layout.dialect.newline {
            Newline::Lf => "\n",
            Newline::CrLf => "\r\n",
            Newline::Cr => "\r",
            Newline::Mixed | Newline::None => match own {
                Some(own) => return own.to_vec(),
                None => "\n",
            },
        };
        let mut bytes = Vec::new();
        // Every encoding has line ends.
        let _ = self.layout.dialect.encoding.encode(text, &mut bytes);
        bytes
    }

    fn flush(&mut self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        self.file.write(buffer)?;
        buffer.clear();
        Ok(())
    }
}
