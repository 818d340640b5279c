//! Units of one file: from its manifest where that was cut by the rule of the file's layout, else
//! by reading the file once.
//!
//! Invariant: the units hold every byte behind the layout's header, in order, and end where
//! records end. That a `dver.toml` reads a file otherwise than it was cut costs time, never truth.

use std::ops::Range;

use crate::base::{Hasher, ObjectId};
use crate::chunk::Cut;
use crate::object::{ChunkEntry, Content, Error as ObjectError, FileEntry, Manifest, ObjectSource};
use crate::record::{DeclaredDialect, Format, HEAD_BYTES, Layout, RecordEnds};

use super::cutter::Cutter;
use super::table::{Piece, Place, Unit};

/// Units that are found by reading the file end after the record that reaches this size.
const UNIT_BYTES: u64 = 64 << 10;

/// Returns how a file reads, and its units.
pub(super) fn of_file(
    source: &dyn ObjectSource,
    entry: &FileEntry,
    declared: (Format, &DeclaredDialect),
) -> Result<(Layout, Vec<Unit>), ObjectError> {
    let content = Content::open(source, &entry.content, entry.size)?;
    let Some(manifest) = &content.manifest else {
        let bytes = match entry.size {
            0 => Vec::new(),
            _ => source.get(&entry.content)?,
        };
        let layout = Layout::detect(declared.0, declared.1, &bytes, true);
        let runs = cut_whole(entry, &bytes, &layout);
        let units = Assembly::new(source, &layout).assemble(runs)?;
        return Ok((layout, units));
    };
    let head = head(source, manifest)?;
    let layout = Layout::detect(
        declared.0,
        declared.1,
        &head,
        head.len() as u64 == entry.size,
    );
    let units = if Cutter::is_aligned(&manifest.cutter, &layout) {
        Assembly::new(source, &layout).assemble(manifest.chunks.iter().map(Run::of_chunk))?
    } else {
        Scan::new(source, manifest, &layout).run()?
    };
    Ok((layout, units))
}

/// Returns the first bytes of a content, at least as many as decide its layout.
pub(super) fn head(source: &dyn ObjectSource, manifest: &Manifest) -> Result<Vec<u8>, ObjectError> {
    let mut head = Vec::new();
    for chunk in &manifest.chunks {
        if head.len() >= HEAD_BYTES {
            break;
        }
        head.extend_from_slice(&source.get(&chunk.id)?);
    }
    Ok(head)
}

/// A run of bytes as a cutter made it.
struct Run {
    id: ObjectId,
    /// Where its bytes are; `None` where they are the object of the id.
    piece: Option<Piece>,
    length: u64,
    records: u64,
    lines: u64,
    header: bool,
    continued: bool,
}

impl Run {
    fn of_chunk(chunk: &ChunkEntry) -> Self {
        Self {
            id: chunk.id,
            piece: None,
            length: u64::from(chunk.length),
            records: u64::from(chunk.records),
            lines: u64::from(chunk.lines),
            header: chunk.header,
            continued: chunk.continued,
        }
    }

    fn piece(&self, start: u64) -> Piece {
        let whole = Piece {
            object: self.id,
            start: 0,
            end: self.length as u32, // chunks and whole contents are shorter than 4 GiB
        };
        let piece = self.piece.unwrap_or(whole);
        Piece {
            start: piece.start + start as u32,
            ..piece
        }
    }
}

/// Cuts a content that is one object, as a longer one would be cut when it is stored.
fn cut_whole(entry: &FileEntry, bytes: &[u8], layout: &Layout) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0u32;
    let mut cutter = Cutter::for_layout(layout, bytes, true, None);
    let mut emit = |chunk: &[u8], cut: Cut| {
        let end = at + chunk.len() as u32; // at most Content::MAX_WHOLE
        let object = entry.content;
        runs.push(Run {
            id: ObjectId::of(chunk),
            piece: Some(Piece {
                object,
                start: at,
                end,
            }),
            length: chunk.len() as u64,
            records: u64::from(cut.records),
            lines: u64::from(cut.lines),
            header: cut.header,
            continued: cut.continued,
        });
        at = end;
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = cutter.push(bytes, &mut emit);
    let Ok(()) = cutter.finish(&mut emit);
    runs
}

/// Puts runs together to units: leaves the header out and joins continued runs.
struct Assembly<'a> {
    source: &'a dyn ObjectSource,
    layout: &'a Layout,
    units: Vec<Unit>,
    open: Option<Open>,
    next_record: u64,
}

/// The unit that is being put together.
struct Open {
    runs: Vec<Run>,
    /// How much of the first run is header.
    skip: u64,
    first_line: u64,
    /// Whether the runs' counts are not those of the layout.
    recount: bool,
}

impl<'a> Assembly<'a> {
    fn new(source: &'a dyn ObjectSource, layout: &'a Layout) -> Self {
        Self {
            source,
            layout,
            units: Vec::new(),
            open: None,
            next_record: 0,
        }
    }

    fn assemble(mut self, runs: impl IntoIterator<Item = Run>) -> Result<Vec<Unit>, ObjectError> {
        let header = self.layout.header_bytes as u64;
        let (mut offset, mut line) = (0u64, 1u64);
        for run in runs {
            let (start, first_line) = (offset, line);
            offset += run.length;
            line += run.lines;
            if offset <= header {
                continue;
            }
            if run.continued
                && let Some(open) = &mut self.open
            {
                open.runs.push(run);
                continue;
            }
            self.close()?;
            let skip = header.saturating_sub(start);
            self.open = Some(Open {
                recount: skip > 0 || run.header || run.continued,
                skip,
                first_line,
                runs: vec![run],
            });
        }
        self.close()?;
        Ok(self.units)
    }

    fn close(&mut self) -> Result<(), ObjectError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let length: u64 = open.runs.iter().map(|run| run.length).sum();
        let whole = open.skip == 0 && open.runs.len() == 1;
        let place = match &open.runs[..] {
            [one] if whole && one.piece.is_none() => Place::Object,
            runs => Place::Pieces(
                runs.iter()
                    .enumerate()
                    .map(|(at, run)| run.piece(if at == 0 { open.skip } else { 0 }))
                    .collect(),
            ),
        };
        let mut unit = Unit {
            id: open.runs[0].id,
            first_record: self.next_record,
            records: open.runs.iter().map(|run| run.records).sum(),
            first_line: open.first_line,
            bytes: length - open.skip,
            place,
        };
        if !whole || open.recount {
            let bytes = unit.read(self.source)?;
            unit.id = ObjectId::of(&bytes);
            if open.skip > 0 {
                let header = open.runs.iter().map(|run| run.lines).sum::<u64>();
                unit.first_line += header.saturating_sub(line_feeds(&bytes));
            }
            if open.recount {
                let mut records: Vec<Range<usize>> = Vec::new();
                self.layout.record_ranges(&bytes, &mut records);
                unit.records = records.len() as u64;
            }
        }
        self.next_record += unit.records;
        self.units.push(unit);
        Ok(())
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Finds the records of a content that was cut by another rule, or not on records at all.
struct Scan<'a> {
    source: &'a dyn ObjectSource,
    chunks: &'a [ChunkEntry],
    ends: RecordEnds,
    /// Bytes from the start of the record that is being read on, and the offset of the first.
    window: Vec<u8>,
    offset: u64,
    /// The unit that is being read: where it starts, what it holds so far.
    start: u64,
    records: u64,
    lines: u64,
    hasher: Hasher,
    units: Vec<Unit>,
    next_record: u64,
    next_line: u64,
    header: u64,
    /// The chunk in which the unit starts, and that chunk's offset.
    first_chunk: (usize, u64),
}

impl<'a> Scan<'a> {
    fn new(source: &'a dyn ObjectSource, manifest: &'a Manifest, layout: &Layout) -> Self {
        let header = layout.header_bytes as u64;
        let mut ends = layout.record_ends();
        ends.start_at(layout.header_bytes);
        Self {
            source,
            chunks: &manifest.chunks,
            ends,
            window: Vec::new(),
            offset: 0,
            start: header,
            records: 0,
            lines: 0,
            hasher: Hasher::new(),
            units: Vec::new(),
            next_record: 0,
            next_line: 1,
            header,
            first_chunk: (0, 0),
        }
    }

    fn run(mut self) -> Result<Vec<Unit>, ObjectError> {
        let mut found = Vec::new();
        let mut done = self.header; // the offset up to which records were counted
        for (at, chunk) in self.chunks.iter().enumerate() {
            self.window.extend_from_slice(&self.source.get(&chunk.id)?);
            // The state machine is started behind the header, so all of that must be there.
            if (self.offset + self.window.len() as u64) < self.header {
                continue;
            }
            let last = at + 1 == self.chunks.len();
            found.clear();
            self.ends.scan(&self.window, last, &mut found);
            if done == self.header && self.next_line == 1 {
                let header = (self.header - self.offset) as usize;
                self.next_line += line_feeds(&self.window[..header]);
            }
            for &end in &found {
                let record = &self.window[(done - self.offset) as usize..end];
                self.records += u64::from(!self.ends.is_blank(record));
                self.lines += line_feeds(record);
                self.hasher.update(record);
                done = self.offset + end as u64;
                if done - self.start >= UNIT_BYTES {
                    self.close(done);
                }
            }
            let keep = (done - self.offset) as usize;
            let settled = self.ends.settled().min(keep);
            self.window.drain(..settled);
            self.offset += settled as u64;
            self.ends.advance(settled);
        }
        self.close(done);
        Ok(self.units)
    }

    fn close(&mut self, end: u64) {
        if end > self.start {
            let place = Place::Pieces(self.pieces(self.start..end));
            self.units.push(Unit {
                id: std::mem::replace(&mut self.hasher, Hasher::new()).id(),
                first_record: self.next_record,
                records: self.records,
                first_line: self.next_line,
                bytes: end - self.start,
                place,
            });
        }
        self.next_record += std::mem::take(&mut self.records);
        self.next_line += std::mem::take(&mut self.lines);
        self.start = end;
    }

    /// Returns the stretches of chunks that a stretch of the content lies in. Later calls are for
    /// what comes after it.
    fn pieces(&mut self, range: Range<u64>) -> Box<[Piece]> {
        let (mut index, mut at) = self.first_chunk;
        let mut pieces = Vec::new();
        while at < range.end
            && let Some(chunk) = self.chunks.get(index)
        {
            self.first_chunk = (index, at);
            let end = at + u64::from(chunk.length);
            if end > range.start {
                pieces.push(Piece {
                    object: chunk.id,
                    start: range.start.saturating_sub(at) as u32, // below the chunk's length
                    end: (range.end.min(end) - at) as u32,
                });
            }
            (index, at) = (index + 1, end);
        }
        pieces.into()
    }
}
