//! The cutter: how the content of one file becomes chunks, in one pass and bounded memory.
//!
//! Invariant: chunks are a pure function of the content and of [`Cutter::describe`], never of how
//! the bytes arrive. Together they are the content; a chunk holds whole records or continues one.

use memchr::memchr_iter;

use crate::base::RepoPath;
use crate::chunk::{Anchor, Boundary, ByteCutter, Cut, RecordCutter};
use crate::record::{self, DeclaredDialect, Format, HEAD_BYTES, Layout, RecordEnds};

/// How many records decide what of them is hashed.
const SAMPLE: usize = 1000;

/// What takes finished chunks: their bytes, and what they are.
pub type Emit<'a, E> = dyn FnMut(&[u8], Cut) -> Result<(), E> + 'a;

/// Cuts one content into chunks.
pub struct Cutter {
    /// The bytes pushed since the last finished chunk.
    held: Vec<u8>,
    kind: Kind,
}

enum Kind {
    Bytes,
    Records(Box<Records>),
}

/// The state of cutting between records.
struct Records {
    described: String,
    header_bytes: usize,
    header_done: bool,
    ends: RecordEnds,
    cutter: RecordCutter,
    /// Where the records shown to `cutter` since its last boundary start, in `held`.
    starts: Vec<usize>,
    /// Where the record starts that comes next.
    next: usize,
    /// Whether a piece of the record that comes next was emitted already.
    inside: bool,
    found: Vec<usize>,
}

impl Cutter {
    /// How much is worked on at a time: what is looked at twice is still at hand.
    pub const STEP: usize = 1 << 20;

    /// Chooses how a file is cut. `head` is its first [`HEAD_BYTES`], `whole` says whether that is
    /// all of it; `previous` is what [`Cutter::describe`] said of the path's previous version.
    pub fn choose(
        path: &RepoPath,
        head: &[u8],
        whole: bool,
        previous: Option<&str>,
        declared: Option<(Format, &DeclaredDialect)>,
    ) -> Self {
        let found = record::sniff_format(path.extension().as_deref(), head);
        let undeclared = DeclaredDialect::default();
        let (format, declared) = match declared {
            Some((format @ (Format::Csv | Format::Jsonl), dialect)) => (Some(format), dialect),
            Some((Format::Images, _)) => (None, &undeclared),
            None => (found, &undeclared),
        };
        match format {
            Some(format) => {
                let layout = Layout::detect(format, declared, head, whole);
                Self::for_layout(&layout, head, whole, previous)
            }
            None => Self::for_bytes(),
        }
    }

    /// Cuts by content alone.
    pub fn for_bytes() -> Self {
        Self {
            held: Vec::new(),
            kind: Kind::Bytes,
        }
    }

    /// Cuts between the records of a layout.
    pub fn for_layout(layout: &Layout, head: &[u8], whole: bool, previous: Option<&str>) -> Self {
        let whole = whole && head.len() <= HEAD_BYTES;
        let head = &head[..head.len().min(HEAD_BYTES)];
        let ends = layout.record_ends();
        let chosen = choose_parameters(layout, head, whole);
        let cutter = match parameters(previous, ends.delimiter()) {
            // Far off the mark, it would make far too large or too small chunks of all.
            Some(previous) if previous.is_near(&chosen) => previous,
            _ => chosen,
        };
        let mut scan = ends;
        scan.start_at(layout.header_bytes);
        let described = format!("records 1 {} {}", scan.describe(), cutter.describe());
        Self {
            held: Vec::new(),
            kind: Kind::Records(Box::new(Records {
                described,
                header_bytes: layout.header_bytes,
                header_done: layout.header_bytes == 0,
                ends: scan,
                cutter,
                starts: Vec::new(),
                next: layout.header_bytes,
                inside: false,
                found: Vec::new(),
            })),
        }
    }

    /// Returns the cutter and its parameters, for [`Manifest::cutter`](crate::object::Manifest).
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Bytes => format!("bytes 1 avg={}", ByteCutter::AVERAGE_BYTES),
            Kind::Records(records) => records.described.clone(),
        }
    }

    /// Returns whether chunks cut by a cutter so described hold whole records of a layout.
    ///
    /// The header is a chunk of its own only if both saw the same one: compare its length, too.
    pub fn is_aligned(described: &str, layout: &Layout) -> bool {
        let rule = layout.record_ends().describe();
        described
            .strip_prefix("records 1 ")
            .and_then(|rest| rest.strip_prefix(rule.as_str()))
            .is_some_and(|rest| rest.starts_with(" r="))
    }

    /// Returns what [`Cutter::describe`] said of a version with this header, in terms of one that
    /// begins with `head`: the field whose hash decides may have another place now. Then a column
    /// that comes before it moves no boundary.
    pub fn carry_over(described: &str, header: &[u8], head: &[u8]) -> String {
        carry_over(described, header, head).unwrap_or_else(|| described.to_owned())
    }

    /// Takes the next bytes, and emits the chunks that they finish.
    pub fn push<E>(&mut self, bytes: &[u8], emit: &mut Emit<'_, E>) -> Result<(), E> {
        // In steps, so that one push of a whole file holds no second copy of it.
        for step in bytes.chunks(Self::STEP) {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(step);
            let done = self.feed(&held, false, emit)?;
            held.drain(..done);
            self.held = held;
        }
        Ok(())
    }

    /// Emits the chunks that the end of the content finishes.
    pub fn finish<E>(mut self, emit: &mut Emit<'_, E>) -> Result<(), E> {
        let held = std::mem::take(&mut self.held);
        self.feed(&held, true, emit).map(drop)
    }

    /// Emits the chunks that a window finishes, and returns how many bytes they have.
    ///
    /// For callers that hold the bytes themselves, instead of [`Cutter::push`]: the window is all
    /// that has come since the last emitted chunk, and grows by at most about [`Cutter::STEP`] at a
    /// time. With `last`, it is the rest of the content.
    pub fn feed<E>(
        &mut self,
        window: &[u8],
        last: bool,
        emit: &mut Emit<'_, E>,
    ) -> Result<usize, E> {
        let mut start = 0;
        let mut output = Output {
            held: window,
            start: &mut start,
            text: match &self.kind {
                Kind::Bytes => None,
                Kind::Records(records) => Some(records.ends.clone()),
            },
            emit,
        };
        match &mut self.kind {
            Kind::Bytes => loop {
                let rest = output.rest(window.len());
                if rest.is_empty() || (!last && rest.len() < ByteCutter::LOOK_AHEAD) {
                    break;
                }
                let length = ByteCutter::cut(rest);
                output.chunk(length, Cut::default())?;
            },
            Kind::Records(records) => {
                records.cut(last, &mut output)?;
                records.advance(start);
            }
        }
        Ok(start)
    }
}

/// Where chunks go.
struct Output<'a, E> {
    held: &'a [u8],
    start: &'a mut usize,
    /// Knows what a line feed is, in text.
    text: Option<RecordEnds>,
    emit: &'a mut Emit<'a, E>,
}

impl<E> Output<'_, E> {
    /// Returns what is not emitted yet, up to a place.
    fn rest(&self, end: usize) -> &[u8] {
        &self.held[*self.start..end]
    }

    fn chunk(&mut self, length: usize, cut: Cut) -> Result<(), E> {
        let bytes = &self.held[*self.start..*self.start + length];
        *self.start += length;
        let lines = match &self.text {
            Some(text) => text.lines(bytes),
            None => memchr_iter(b'\n', bytes).count(),
        } as u32;
        (self.emit)(
            bytes,
            Cut {
                length,
                lines,
                ..cut
            },
        )
    }

    /// Emits everything up to a place, if there is anything.
    fn up_to(&mut self, end: usize, cut: Cut) -> Result<(), E> {
        match end - *self.start {
            0 => Ok(()),
            length => self.chunk(length, cut),
        }
    }
}

impl Records {
    fn cut<E>(&mut self, last: bool, output: &mut Output<'_, E>) -> Result<(), E> {
        if !self.header_done {
            if output.held.len() < self.header_bytes && !last {
                return Ok(());
            }
            self.header_done = true;
            let end = self.header_bytes.min(output.held.len());
            self.next = end;
            self.ends.start_at(end);
            output.up_to(
                end,
                Cut {
                    header: true,
                    ..Cut::default()
                },
            )?;
        }
        let mut found = std::mem::take(&mut self.found);
        self.ends.scan(output.held, last, &mut found);
        for &end in &found {
            self.record(end, output)?;
        }
        found.clear();
        self.found = found;
        self.long_record(output)?;
        if last {
            self.flush(output.held.len(), output)?;
        }
        Ok(())
    }

    /// Takes the record, or empty line, between `next` and `end`.
    fn record<E>(&mut self, end: usize, output: &mut Output<'_, E>) -> Result<(), E> {
        let start = std::mem::replace(&mut self.next, end);
        if std::mem::take(&mut self.inside) {
            return self.pieces(end, output, true);
        }
        let held = output.held;
        let record = &held[start..end];
        if record.len() > RecordCutter::longest_record() {
            self.flush(start, output)?;
            self.first_piece(start, end, output)?;
            return self.pieces(end, output, true);
        }
        // Empty lines belong to the record before them.
        if self.ends.is_blank(record) {
            return Ok(());
        }
        let (starts, ends) = (&self.starts, &self.ends);
        let whole = |at: usize| {
            let end = starts.get(at + 1).copied().unwrap_or(start);
            RecordCutter::whole_hash(ends.strip(&held[starts[at]..end]))
        };
        let bare = ends.strip(record);
        let boundary = self.cutter.show(bare, record.len(), whole);
        self.starts.push(start);
        match boundary {
            Some(boundary) => self.chunk(boundary, output),
            None => Ok(()),
        }
    }

    /// Emits the chunk whose end was found; the record after it was shown already.
    fn chunk<E>(&mut self, boundary: Boundary, output: &mut Output<'_, E>) -> Result<(), E> {
        let end = self.starts[boundary.records];
        self.starts.drain(..boundary.records);
        output.up_to(end, cut_of(boundary))
    }

    /// Emits what is left before a place at which a chunk must end.
    fn flush<E>(&mut self, end: usize, output: &mut Output<'_, E>) -> Result<(), E> {
        self.starts.clear();
        let cut = self.cutter.flush().map(cut_of).unwrap_or_default();
        output.up_to(end, cut)
    }

    /// Emits pieces of the record that comes next, once it is known to be a long one.
    fn long_record<E>(&mut self, output: &mut Output<'_, E>) -> Result<(), E> {
        let settled = self.ends.settled();
        if !self.inside {
            if settled.saturating_sub(self.next) <= RecordCutter::longest_record() {
                return Ok(());
            }
            self.flush(self.next, output)?;
            self.first_piece(self.next, settled, output)?;
            self.inside = true;
        }
        self.pieces(settled, output, false)
    }

    fn first_piece<E>(
        &mut self,
        start: usize,
        end: usize,
        output: &mut Output<'_, E>,
    ) -> Result<(), E> {
        let record = &output.held[start..end];
        let cut = Cut {
            records: 1,
            anchor: Some(RecordCutter::lone_anchor(record)),
            ..Cut::default()
        };
        let length = self.piece(record);
        output.chunk(length, cut)
    }

    /// Emits the further pieces of a long record, all of them where `end` is its end.
    fn pieces<E>(&mut self, end: usize, output: &mut Output<'_, E>, ended: bool) -> Result<(), E> {
        loop {
            let rest = output.rest(end);
            if rest.is_empty() || (!ended && rest.len() < ByteCutter::LOOK_AHEAD) {
                return Ok(());
            }
            let length = self.piece(rest);
            output.chunk(
                length,
                Cut {
                    continued: true,
                    ..Cut::default()
                },
            )?;
        }
    }

    /// Returns the length of the next piece: whole code units, unless it is the last.
    fn piece(&self, rest: &[u8]) -> usize {
        let length = ByteCutter::cut(rest);
        if length == rest.len() {
            return length;
        }
        length - length % self.ends.unit()
    }

    fn advance(&mut self, count: usize) {
        self.ends.advance(count);
        self.next = self.next.saturating_sub(count);
        for start in &mut self.starts {
            *start -= count;
        }
    }
}

fn cut_of(boundary: Boundary) -> Cut {
    Cut {
        records: boundary.records as u32,
        anchor: Some(boundary.anchor),
        ..Cut::default()
    }
}

/// Takes over the parameters of the previous version, so that equal records are cut alike.
fn parameters(previous: Option<&str>, delimiter: u8) -> Option<RecordCutter> {
    let previous = previous?.strip_prefix("records 1 ")?;
    let value = |name: &str| {
        let mut words = previous.split(' ');
        words.find_map(|word| word.strip_prefix(name))
    };
    let target = value("r=")?.parse().ok()?;
    let anchor = Anchor::parse(value("by=")?, delimiter)?;
    Some(RecordCutter::new(target, anchor))
}

fn carry_over(described: &str, header: &[u8], head: &[u8]) -> Option<String> {
    let value = |name: &str| {
        described
            .split(' ')
            .find_map(|word| word.strip_prefix(name))
    };
    let delimiter = u8::from_str_radix(value("delimiter=")?, 16).ok()?;
    let place: usize = value("by=field")?.parse().ok()?;
    let names = |text: &[u8]| -> Vec<Vec<u8>> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next();
        let names = line.unwrap_or_default().split(|&byte| byte == delimiter);
        names.map(<[u8]>::to_vec).collect()
    };
    let name = names(header).into_iter().nth(place)?;
    let now = names(head).into_iter().position(|other| other == name)?;
    let by = format!("by=field{place}");
    Some(described.replace(&by, &format!("by=field{now}")))
}

fn choose_parameters(layout: &Layout, head: &[u8], whole: bool) -> RecordCutter {
    let mut scan = layout.record_ends();
    scan.start_at(layout.header_bytes);
    let mut ends = Vec::new();
    scan.scan(head, whole, &mut ends);
    let mut from = layout.header_bytes.min(head.len());
    let records: Vec<&[u8]> = ends
        .iter()
        .map(|&end| &head[std::mem::replace(&mut from, end)..end])
        .filter(|record| !scan.is_blank(record))
        .collect();
    let bytes: usize = records.iter().map(|record| record.len()).sum();
    // Where not even one record ends in the head, a record is that long.
    let (count, bytes) = match records.len() {
        0 => (1, head.len()),
        count => (count, bytes),
    };
    let target = RecordCutter::target(count as u64, bytes as u64);
    let sample = records.iter().take(SAMPLE).map(|record| scan.strip(record));
    RecordCutter::new(target, Anchor::choose(sample, scan.delimiter()))
}
