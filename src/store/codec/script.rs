//! Scripts: how an object's bytes come from those of its base. Layout: docs/format.md, "Packs".
//!
//! Invariant: applying a script gives exactly the length that was asked for or nothing, whatever
//! the script and the base are. A script knows bytes and line feeds; it need not understand what
//! a record is, only be exact.

use memchr::{memchr, memrchr};

use crate::base::varint::{self, Reader};

/// This many lines changed alike are told as one operation.
const ALIKE: usize = 4;

/// The operations of one object, and the bytes that they insert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Script {
    /// The operations, as varints.
    pub(in crate::store) numbers: Vec<u8>,
    /// What they insert, one after the other.
    pub(in crate::store) literals: Vec<u8>,
    /// Whether that is text, as far as was looked.
    pub(in crate::store) is_text: bool,
}

impl Script {
    /// Returns how many bytes it has, before it is compressed.
    pub(in crate::store) fn len(&self) -> usize {
        self.numbers.len() + self.literals.len()
    }
}

/// Returns the `size` bytes that a script makes of a base.
pub(in crate::store) fn apply(
    numbers: &[u8],
    literals: &[u8],
    base: &[u8],
    size: usize,
) -> Option<Vec<u8>> {
    let mut numbers = Reader::new(numbers);
    let mut output = Output {
        literals,
        base,
        at: 0,
        left: size,
        bytes: Vec::with_capacity(size),
    };
    while !numbers.is_empty() {
        let mut number = || usize::try_from(numbers.varint().ok()?).ok();
        let head = number()?;
        if head & 1 == 0 {
            output.insert(head >> 1)?;
            output.go(number()?)?;
            let copied = match number()? {
                0 => output.left,
                more => more - 1,
            };
            output.copy(copied)?;
        } else {
            let (lines, place, dropped) = (number()?, number()?, number()?);
            for _ in 0..lines {
                output.line(head >> 1, place, dropped)?;
            }
        }
    }
    let done = output.left == 0 && output.literals.is_empty();
    done.then_some(output.bytes)
}

struct Output<'a> {
    literals: &'a [u8],
    base: &'a [u8],
    /// Where the next copy begins in the base.
    at: usize,
    /// How many bytes are still to come.
    left: usize,
    bytes: Vec<u8>,
}

impl Output<'_> {
    fn insert(&mut self, count: usize) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        let (now, later) = self.literals.split_at_checked(count)?;
        self.bytes.extend_from_slice(now);
        self.literals = later;
        Some(())
    }

    /// Goes forward (even numbers) or back (odd ones) in the base.
    fn go(&mut self, move_by: usize) -> Option<()> {
        self.at = match move_by & 1 {
            0 => self.at.checked_add(move_by >> 1)?,
            _ => self.at.checked_sub((move_by >> 1) + 1)?,
        };
        Some(())
    }

    fn copy(&mut self, count: usize) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        let end = self.at.checked_add(count)?;
        self.bytes.extend_from_slice(self.base.get(self.at..end)?);
        self.at = end;
        Some(())
    }

    /// Copies one line with `inserted` bytes in the place of `dropped` ones, which stand behind so
    /// many bytes (even places) or before so many (odd ones).
    fn line(&mut self, inserted: usize, place: usize, dropped: usize) -> Option<()> {
        let rest = self.base.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let kept = length.checked_sub(place >> 1)?.checked_sub(dropped)?;
        let (head, tail) = match place & 1 {
            0 => (place >> 1, kept),
            _ => (kept, place >> 1),
        };
        self.copy(head)?;
        self.insert(inserted)?;
        self.at += dropped;
        self.copy(tail)
    }
}

/// One operation: insert, then go somewhere in the base and copy.
#[derive(Clone, Copy, Debug, Default)]
struct Operation {
    inserted: usize,
    from: usize,
    copied: usize,
}

impl Operation {
    fn end(&self) -> usize {
        self.from + self.copied
    }
}

/// Takes copies and insertions in the order of the new bytes and writes them as a script.
#[derive(Default)]
pub(super) struct Builder {
    operations: Vec<Operation>,
    /// Bytes inserted since the last copy.
    inserted: usize,
    literals: Vec<u8>,
}

impl Builder {
    /// Returns how many bytes were inserted.
    pub(super) fn inserted(&self) -> usize {
        self.literals.len()
    }

    /// Inserts bytes.
    pub(super) fn insert(&mut self, bytes: &[u8]) {
        self.literals.extend_from_slice(bytes);
        self.inserted += bytes.len();
    }

    /// Copies from the base.
    pub(super) fn copy(&mut self, from: usize, copied: usize) {
        if copied == 0 {
            return;
        }
        if self.inserted == 0
            && let Some(last) = self.operations.last_mut()
            && last.end() == from
        {
            last.copied += copied;
            return;
        }
        self.operations.push(Operation {
            inserted: std::mem::take(&mut self.inserted),
            from,
            copied,
        });
    }

    /// Ends the script of an object that builds on `base`.
    pub(super) fn finish(mut self, base: &[u8], is_text: bool) -> Script {
        if self.inserted > 0 {
            // Nothing is copied after it.
            self.operations.push(Operation {
                inserted: self.inserted,
                from: self.operations.last().map_or(0, Operation::end),
                copied: 0,
            });
        }
        let mut numbers = Numbers::default();
        // What comes next may take from the end of what this one copies.
        let mut held = Operation::default();
        let mut index = 0;
        while let Some(&operation) = self.operations.get(index) {
            let end = index
                .checked_sub(1)
                .map_or(0, |before| self.operations[before].end());
            match Run::find(base, held.from, end, &self.operations[index..]) {
                Some(run) => {
                    held.copied = run.start - held.from;
                    numbers.one(held, false);
                    numbers.run(&run, operation.inserted);
                    index += run.lines;
                    held = Operation {
                        inserted: 0,
                        from: run.end,
                        copied: self.operations[index - 1].end() - run.end,
                    };
                }
                None => {
                    numbers.one(held, false);
                    held = operation;
                    index += 1;
                }
            }
        }
        numbers.one(held, true);
        Script {
            numbers: numbers.out,
            literals: self.literals,
            is_text,
        }
    }
}

/// Writes operations.
#[derive(Default)]
struct Numbers {
    out: Vec<u8>,
    /// Where the copy before ended in the base.
    at: usize,
}

impl Numbers {
    fn one(&mut self, operation: Operation, last: bool) {
        let does_nothing = operation.inserted == 0 && operation.copied == 0;
        // Before a run, which says not where it begins, even going there is something.
        if does_nothing && (last || operation.from == self.at) {
            return;
        }
        let moved = match operation.from.checked_sub(self.at) {
            Some(forward) => forward << 1,
            None => (self.at - operation.from - 1) << 1 | 1,
        };
        let copied = match last {
            true => 0, // the rest
            false => operation.copied + 1,
        };
        for number in [operation.inserted << 1, moved, copied] {
            varint::write(&mut self.out, number as u64);
        }
        self.at = operation.end();
    }

    fn run(&mut self, run: &Run, inserted: usize) {
        for number in [inserted << 1 | 1, run.lines, run.place, run.dropped] {
            varint::write(&mut self.out, number as u64);
        }
        self.at = run.end;
    }
}

/// Consecutive lines of the base that are changed alike.
struct Run {
    /// Where the first one starts.
    start: usize,
    /// Where the last one ends.
    end: usize,
    lines: usize,
    /// As [`Output::line`] reads it.
    place: usize,
    dropped: usize,
}

impl Run {
    /// Returns the run that the operations begin with. The copy before them, which may be cut
    /// short, goes from `from` to `at`.
    fn find(base: &[u8], from: usize, at: usize, operations: &[Operation]) -> Option<Self> {
        let (operation, rest) = operations.split_first()?;
        let first = Line::of(base, at, operation)?;
        if first.start < from {
            return None;
        }
        let (mut end, mut lines) = (first.end, 1);
        // As long as the run may be one of either kind.
        let (mut front, mut back) = (true, true);
        let mut before = operation;
        for next in rest {
            let Some(line) = Line::of(base, before.end(), next) else {
                break;
            };
            let is_alike = line.start == end
                && next.inserted == operation.inserted
                && line.dropped == first.dropped;
            let (front_too, back_too) = (
                front && line.before == first.before,
                back && line.behind == first.behind,
            );
            if !is_alike || !(front_too || back_too) {
                break;
            }
            (front, back) = (front_too, back_too);
            (end, lines, before) = (line.end, lines + 1, next);
        }
        let place = match front {
            true => first.before << 1,
            false => first.behind << 1 | 1,
        };
        (lines >= ALIKE).then_some(Self {
            start: first.start,
            end,
            lines,
            place,
            dropped: first.dropped,
        })
    }
}

/// A line of the base that one operation changes.
struct Line {
    start: usize,
    end: usize,
    /// How many of its bytes are before the change, dropped, and behind it.
    before: usize,
    dropped: usize,
    behind: usize,
}

impl Line {
    /// Returns the line in which an operation goes on from `at`; `None` where the operation is
    /// more or less than a change inside one line.
    fn of(base: &[u8], at: usize, operation: &Operation) -> Option<Self> {
        let dropped = base.get(at..operation.from)?;
        let start = memrchr(b'\n', &base[..at]).map_or(0, |feed| feed + 1);
        let end = memchr(b'\n', &base[operation.from..])
            .map_or(base.len(), |feed| operation.from + feed + 1);
        // A line that is no more than the end of the base cannot be changed.
        let is_line = start < base.len() && memchr(b'\n', dropped).is_none();
        (is_line && operation.end() >= end).then_some(Self {
            start,
            end,
            before: at - start,
            dropped: dropped.len(),
            behind: end - operation.from,
        })
    }
}
