//! Finding a script: what of an object is in its base, by lines or by bytes.
//!
//! Invariant: a function of the two alone, and exact whatever it overlooks. It is made for
//! objects that are mostly their base: equal stretches are compared at the speed of memory.

use memchr::{memchr, memrchr};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher as _;

use super::script::{Builder, Script};

/// How much of an object decides whether it has lines.
const HEAD: usize = 1024;
/// How many lines ahead a changed line's old spelling is looked for.
const AHEAD: usize = 8;
/// A changed field of fixed width, such as an id, is at most this long.
const FIELD: usize = 96;
/// What is found by its first bytes must go on for this long, or the copy costs more than it
/// saves.
const WORTH: usize = 12;
/// A field is taken for changed in place where what follows is alike for this long. In a list
/// of names and ids, the next entry begins alike even where it is another one.
const SURE: usize = 128;
/// Else the bytes that follow are looked for elsewhere, from within so many, and count where they
/// are alike for so long.
const NEARBY: usize = 512;
const ALIKE: usize = 32;
/// How many bytes are looked up.
const SEED: usize = 8;
/// One in this many places of the base can be found.
const STEP: usize = 4;

/// Returns how `new` comes from `base`, where the script is shorter than `most`.
pub(in crate::store) fn script(base: &[u8], new: &[u8], most: usize) -> Option<Script> {
    let mut differ = Differ {
        base,
        new,
        most,
        i: 0,
        j: 0,
        out: Builder::default(),
    };
    let is_text = is_text(base) && is_text(new);
    match is_text && has_lines(base) && has_lines(new) {
        true => differ.lines()?,
        false => differ.bytes()?,
    }
    let script = differ.out.finish(base, is_text);
    (script.len() < most).then_some(script)
}

/// Returns whether bytes look like text: binary has control characters soon.
fn is_text(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| *byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t');
    bytes.iter().take(HEAD).all(is_text)
}

/// Returns whether text comes in lines.
fn has_lines(bytes: &[u8]) -> bool {
    memchr(b'\n', &bytes[..bytes.len().min(HEAD)]).is_some()
}

struct Differ<'a> {
    base: &'a [u8],
    new: &'a [u8],
    most: usize,
    /// Where the base is read.
    i: usize,
    /// Up to where the new bytes are told.
    j: usize,
    out: Builder,
}

impl Differ<'_> {
    /// Copies what is equal; returns how much, or `None` where too much was inserted.
    fn run(&mut self) -> Option<usize> {
        let same = common_prefix(&self.base[self.i..], &self.new[self.j..]);
        self.copy(self.i, same);
        (self.out.inserted() < self.most).then_some(same)
    }

    fn copy(&mut self, from: usize, count: usize) {
        self.out.copy(from, count);
        self.i = from + count;
        self.j += count;
    }

    fn insert(&mut self, end: usize) {
        self.out.insert(&self.new[self.j..end]);
        self.j = end;
    }

    fn at_end(&self) -> bool {
        self.j >= self.new.len()
    }

    fn lines(&mut self) -> Option<()> {
        let mut table: Option<FxHashMap<u64, usize>> = None;
        loop {
            let same = self.run()?;
            if self.at_end() {
                return Some(());
            }
            // Both lines begin alike, so they began equally far back.
            let run = &self.new[self.j - same..self.j];
            let back = memrchr(b'\n', run).map_or(same, |feed| same - feed - 1);
            let (i, j) = (self.i - back, self.j - back);
            let (old, new) = (line(self.base, i), line(self.new, j));
            let after = |bytes: &[u8], at: usize, line: &[u8]| {
                !line.is_empty() && bytes[at..].starts_with(line)
            };
            if is_like(old, new, 4) {
                self.changed(i + old.len(), j + new.len());
            } else if after(self.new, j + new.len(), old) {
                self.insert(j + new.len());
                self.i = i;
            } else if after(self.base, i + old.len(), new) {
                self.i = i + old.len() + back;
            } else {
                let table = table.get_or_insert_with(|| lines_of(self.base));
                let mut at = j;
                let mut found = None;
                while at < self.new.len() {
                    let line = line(self.new, at);
                    let known = table.get(&hash(line)).copied();
                    found = known.filter(|&place| self::line(self.base, place) == line);
                    if found.is_some() {
                        break;
                    }
                    at += line.len();
                }
                let end = found.filter(|&found| found >= self.i);
                self.region(end.unwrap_or(self.base.len()), at)?;
                if let Some(found) = found {
                    // Of the line that was found a part may be told already.
                    self.i = found + (self.j - at);
                }
            }
        }
    }

    /// Tells one line that was changed into another, of which the first bytes are told; up to the
    /// ends of both.
    fn changed(&mut self, old_end: usize, new_end: usize) {
        let (old, new) = (&self.base[self.i..old_end], &self.new[self.j..new_end]);
        let tail = common_suffix(old, new);
        self.insert(new_end - tail);
        self.copy(old_end - tail, tail);
    }

    /// Tells new lines up to `new_end`, none of which the base has, by lines of the base up to
    /// `old_end` that they may have been.
    fn region(&mut self, old_end: usize, new_end: usize) -> Option<()> {
        while self.j < new_end {
            let end = self.j + line(self.new, self.j).len();
            let new = &self.new[self.j..end.min(new_end)];
            let mut at = self.i;
            let mut like = None;
            for _ in 0..AHEAD {
                if at >= old_end {
                    break;
                }
                let old = &self.base[at..(at + line(self.base, at).len()).min(old_end)];
                if is_like(old, new, 2) {
                    like = Some(at + old.len());
                    break;
                }
                at += old.len();
            }
            match like {
                Some(old_end) => {
                    let same = common_prefix(&self.base[at..old_end], new);
                    self.copy(at, same);
                    self.changed(old_end, self.j - same + new.len());
                }
                None => self.insert(self.j + new.len()),
            }
            if self.out.inserted() >= self.most {
                return None;
            }
        }
        Some(())
    }

    fn bytes(&mut self) -> Option<()> {
        let mut seeds: Option<Seeds> = None;
        loop {
            self.run()?;
            if self.at_end() {
                return Some(());
            }
            let field = self.field();
            let follows = field.map_or(0, |width| self.alike(self.i + width, self.j + width));
            if follows < SURE {
                let seeds = seeds.get_or_insert_with(|| Seeds::of(self.base));
                if let Some((place, at)) = self.elsewhere(seeds, follows) {
                    self.resume(place, at);
                    continue;
                }
            }
            if let Some(width) = field {
                self.insert(self.j + width);
                self.i += width;
                continue;
            }
            let seeds = seeds.get_or_insert_with(|| Seeds::of(self.base));
            let last = self.new.len().min(self.j.saturating_add(self.most));
            let found = (self.j..last).find_map(|at| {
                let place = seeds.find(self.base, &self.new[at..], WORTH)?;
                Some((place, at))
            });
            let Some((place, at)) = found else {
                self.insert(self.new.len());
                return (self.out.inserted() < self.most).then_some(());
            };
            self.resume(place, at);
        }
    }

    /// Goes on at a place of the base that is like the new bytes at `at`.
    fn resume(&mut self, place: usize, at: usize) {
        let back = common_suffix(&self.base[..place], &self.new[self.j..at]);
        self.insert(at - back);
        self.i = place - back;
    }

    /// Returns how far both go on alike, up to a length that is sure.
    fn alike(&self, i: usize, j: usize) -> usize {
        let old = &self.base[i..self.base.len().min(i + SURE)];
        match common_prefix(old, &self.new[j..]) {
            same if j + same == self.new.len() => SURE,
            same => same,
        }
    }

    /// Returns where in the base the next bytes go on better than after a field: an entry has come
    /// or gone. With the place, where that is in the new bytes.
    fn elsewhere(&self, seeds: &Seeds, follows: usize) -> Option<(usize, usize)> {
        let last = (self.j + NEARBY).min(self.new.len().saturating_sub(ALIKE));
        (self.j..last).find_map(|at| {
            let place = seeds.find(self.base, &self.new[at..], ALIKE)?;
            let better = self.alike(place, at) >= 2 * follows;
            (better && place + self.j != self.i + at).then_some((place, at))
        })
    }

    /// Returns the width of a changed field after which both go on alike.
    fn field(&self) -> Option<usize> {
        let (old, new) = (&self.base[self.i..], &self.new[self.j..]);
        let most = old.len().min(new.len()).saturating_sub(SEED).min(FIELD);
        (1..=most).find(|&at| old[at..at + SEED] == new[at..at + SEED])
    }
}

/// Places of a base by their first bytes.
struct Seeds {
    bits: u32,
    /// One more than the place; 0 where there is none.
    places: Vec<u32>,
}

impl Seeds {
    fn of(base: &[u8]) -> Self {
        let count = base.len() / STEP + 1;
        let bits = (count * 2).next_power_of_two().trailing_zeros();
        let mut seeds = Self {
            bits,
            places: vec![0; 1 << bits],
        };
        for at in (0..base.len()).step_by(STEP) {
            if let Some(slot) = seeds.slot(&base[at..]) {
                seeds.places[slot] = at as u32 + 1; // objects are at most 64 MiB
            }
        }
        seeds
    }

    fn slot(&self, bytes: &[u8]) -> Option<usize> {
        let seed = u64::from_le_bytes(*bytes.first_chunk::<SEED>()?);
        Some((seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - self.bits)) as usize)
    }

    /// Returns where the base goes on like `new`, for long enough.
    fn find(&self, base: &[u8], new: &[u8], length: usize) -> Option<usize> {
        let place = self.places[self.slot(new)?].checked_sub(1)? as usize;
        let old = base.get(place..)?;
        let worth = length.min(new.len());
        (old.len() >= worth && old[..worth] == new[..worth]).then_some(place)
    }
}

/// Returns where the lines start that are there once: others do not tell where one is.
fn lines_of(bytes: &[u8]) -> FxHashMap<u64, usize> {
    let mut places = FxHashMap::default();
    let mut at = 0;
    while at < bytes.len() {
        let line = line(bytes, at);
        let again = places.insert(hash(line), at).is_some();
        if again {
            places.insert(hash(line), usize::MAX);
        }
        at += line.len();
    }
    places.retain(|_, at| *at != usize::MAX);
    places
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(line);
    hasher.finish()
}

/// Returns the line that starts at a place, with its line feed.
fn line(bytes: &[u8], at: usize) -> &[u8] {
    let rest = &bytes[at..];
    &rest[..memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1)]
}

/// Returns whether two lines begin and end alike for all but one part in so many.
fn is_like(old: &[u8], new: &[u8], parts: usize) -> bool {
    let longer = old.len().max(new.len());
    let prefix = common_prefix(old, new);
    let suffix = common_suffix(&old[prefix..], &new[prefix..]);
    (prefix + suffix) * parts >= longer * (parts - 1)
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let (blocks_a, blocks_b) = (a.as_chunks::<BLOCK>().0, b.as_chunks::<BLOCK>().0);
    let equal = blocks_a.iter().zip(blocks_b).take_while(|(x, y)| x == y);
    let at = equal.count() * BLOCK;
    let rest = a[at..].iter().zip(&b[at..]).take_while(|(x, y)| x == y);
    at + rest.count()
}

fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(x, y)| x == y).count()
}
