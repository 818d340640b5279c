//! Counters: how often each value stands in a set of records, up to a limit of distinct values.
//!
//! Invariant: above [`LIMIT`] distinct values a counter forgets them and is *over*; it then keeps
//! a lower bound on how many there are. While that bound is above the limit, a recount would be
//! over too; when it no longer is, only a recount can tell, and the counter says so.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_128;

/// How many distinct values a counter tells apart.
pub(super) const LIMIT: usize = 65_536;
/// How many distinct values the lower bound goes up to: headroom for removals.
const HEADROOM: usize = 262_144;

/// Gets values that a counter forgets, with their counts.
pub(super) type Forget<'a> = &'a mut dyn FnMut(&[u8], i64);

/// Values with signed counts; none of them zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    /// Most values are short. Where they stand in the table itself, a lookup costs one cache line
    /// and a comparison or three, half of what a key behind a pointer costs.
    words: FxHashMap<Word, i64>,
    short: FxHashMap<Short, i64>,
    long: FxHashMap<Box<[u8]>, i64>,
    over: Option<Over>,
}

/// A value of at most eight bytes, the last of them not zero: its bytes and zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Word(u64);

impl Word {
    #[inline]
    fn of(value: &[u8]) -> Option<Self> {
        let whole = value.len() <= 8 && value.last().is_some_and(|last| *last != 0);
        whole.then(|| words(value).map(|[word, ..]| Self(word)))?
    }

    /// Returns the value of a kind byte and these bytes.
    #[inline]
    fn of_cell(kind: u8, text: &[u8]) -> Option<Self> {
        let whole = text.len() < 8 && text.last().is_some_and(|last| *last != 0);
        whole.then(|| words(text).map(|[word, ..]| Self(word << 8 | u64::from(kind))))?
    }

    fn value(self) -> Short {
        let length = 8 - self.0.leading_zeros() as usize / 8;
        Short::new([self.0, 0, 0], length)
    }
}

/// How long a value may be that stands in the table itself.
const SHORT: usize = 23;

/// A value of at most [`SHORT`] bytes: its bytes, zeros, and its length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Short([u8; SHORT + 1]);

impl Short {
    /// Returns the value of these bytes; `None` where they are too many.
    #[inline]
    fn of(value: &[u8]) -> Option<Self> {
        let words = words(value)?;
        Some(Self::new(words, value.len()))
    }

    /// Returns the value of a kind byte and these bytes; `None` where they are too many.
    #[inline]
    pub(super) fn of_cell(kind: u8, text: &[u8]) -> Option<Self> {
        if text.len() >= SHORT {
            return None;
        }
        let [a, b, c] = words(text)?;
        let words = [a << 8 | u64::from(kind), b << 8 | a >> 56, c << 8 | b >> 56];
        Some(Self::new(words, text.len() + 1))
    }

    #[inline]
    fn new([a, b, c]: [u64; 3], length: usize) -> Self {
        let mut bytes = [0; SHORT + 1];
        let words = [a, b, c | (length as u64) << 56];
        for (part, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *part = word.to_le_bytes();
        }
        Self(bytes)
    }

    #[inline]
    fn words(&self) -> [u64; 3] {
        let words = self.0.as_chunks::<8>().0;
        [words[0], words[1], words[2]].map(u64::from_le_bytes)
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.0[..usize::from(self.0[SHORT])]
    }

    /// Returns a small number that tells values apart more often than not.
    #[inline]
    pub(super) fn spread(&self) -> usize {
        let [a, b, c] = self.words();
        let mixed = (a ^ b.rotate_left(23) ^ c.rotate_left(41)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 40) as usize
    }
}

impl PartialEq for Short {
    /// Compares words: the processor would wait for what it has just written to be read as more.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let ([a, b, c], [x, y, z]) = (self.words(), other.words());
        (a ^ x) | (b ^ y) | (c ^ z) == 0
    }
}

impl Eq for Short {}

impl Hash for Short {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.words() {
            state.write_u64(word);
        }
    }
}

/// Returns the bytes and zeros behind them as words; `None` where there are more than [`SHORT`].
///
/// Put together in registers: what is copied byte by byte cannot be read by the word at once.
#[inline]
fn words(bytes: &[u8]) -> Option<[u64; 3]> {
    let length = bytes.len();
    // The last eight bytes, without the first `known` of them.
    let last = |known: usize| match bytes.last_chunk::<8>() {
        Some(last) if known < 8 => u64::from_le_bytes(*last) >> (8 * known),
        _ => 0,
    };
    let first = |at: usize| match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(word) => u64::from_le_bytes(*word),
        None => 0,
    };
    match length {
        0 => Some([0; 3]),
        1..=3 => {
            let (low, middle, high) = (bytes[0], bytes[length / 2], bytes[length - 1]);
            let middle = u64::from(middle) << (8 * (length / 2));
            Some([
                u64::from(low) | middle | u64::from(high) << (8 * (length - 1)),
                0,
                0,
            ])
        }
        4..=7 => {
            let (low, high) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
            let high = u64::from(u32::from_le_bytes(*high)) << (8 * (length - 4));
            Some([u64::from(u32::from_le_bytes(*low)) | high, 0, 0])
        }
        8..=15 => Some([first(0), last(16 - length), 0]),
        16..=SHORT => Some([first(0), first(8), last(24 - length)]),
        _ => None,
    }
}

/// What is known of the values of a counter above the limit.
#[derive(Clone, Debug, Default)]
struct Over {
    /// Hashes of values that were added, until there are [`HEADROOM`] of them.
    seen: Option<FxHashSet<u64>>,
    /// How many distinct values were seen, where the hashes are no longer kept.
    floor: u64,
    /// How many distinct values may be gone since.
    lost: u64,
}

impl Over {
    fn size(&self) -> u64 {
        match &self.seen {
            Some(seen) => (seen.len() as u64).max(self.floor),
            None => self.floor,
        }
    }

    fn see(&mut self, hash: u64) {
        if let Some(seen) = &mut self.seen
            && seen.insert(hash)
        {
            self.stop_at_headroom();
        }
    }

    fn stop_at_headroom(&mut self) {
        if self.size() >= HEADROOM as u64 {
            self.floor = self.size();
            self.seen = None;
        }
    }

    fn change(&mut self, value: &[u8], count: i64) {
        match count {
            1.. if self.seen.is_some() => self.see(hash(value) as u64),
            1.. => {}
            _ => self.lost += 1,
        }
    }
}

/// Adds `count` to that of a key, which goes with a count of zero. Returns whether it came.
#[inline]
fn bump<K: Copy + Eq + Hash>(counts: &mut FxHashMap<K, i64>, key: K, count: i64) -> bool {
    match counts.get_mut(&key) {
        Some(total) => {
            *total += count;
            if *total == 0 {
                counts.remove(&key);
            }
            false
        }
        None => {
            if count != 0 {
                counts.insert(key, count);
            }
            true
        }
    }
}

/// Returns the hash of a value: of its kind byte and its text.
#[inline]
pub(super) fn hash(value: &[u8]) -> u128 {
    xxh3_128(value)
}

impl Counter {
    /// Returns a counter above the limit with at least `bound` distinct values.
    pub(super) fn over(bound: u64) -> Self {
        Self {
            over: Some(Over {
                seen: None,
                floor: bound,
                lost: 0,
            }),
            ..Self::default()
        }
    }

    /// Adds `count` of a value, or takes them away where it is negative. Where that brings the
    /// counter above the limit, `forget` gets all values that were counted so far.
    pub(super) fn add(&mut self, value: &[u8], count: i64, forget: Forget<'_>) {
        if let Some(over) = &mut self.over {
            return over.change(value, count);
        }
        self.add_counted(value, count);
        self.check_limit(forget);
    }

    /// Adds `count` of a value, given as its kind byte and its text, to a counter that is not over.
    #[inline]
    pub(super) fn add_cell(
        &mut self,
        kind: u8,
        text: &[u8],
        count: i64,
        scratch: &mut Vec<u8>,
        forget: Forget<'_>,
    ) {
        debug_assert!(self.over.is_none(), "the caller has asked");
        let new = if let Some(word) = Word::of_cell(kind, text) {
            bump(&mut self.words, word, count)
        } else if let Some(short) = Short::of_cell(kind, text) {
            bump(&mut self.short, short, count)
        } else {
            scratch.clear();
            scratch.push(kind);
            scratch.extend_from_slice(text);
            self.add_long(scratch, count);
            true
        };
        if new {
            self.check_limit(forget);
        }
    }

    /// Tells a counter that is over of `count` of a value by its [`hash`].
    #[inline]
    pub(super) fn add_hash(&mut self, hash: u128, count: i64) {
        if let Some(over) = &mut self.over {
            match count {
                1.. => over.see(hash as u64),
                _ => over.lost += 1,
            }
        }
    }

    fn add_counted(&mut self, value: &[u8], count: i64) {
        if count == 0 {
            return;
        }
        if let Some(word) = Word::of(value) {
            bump(&mut self.words, word, count);
        } else if let Some(short) = Short::of(value) {
            bump(&mut self.short, short, count);
        } else {
            self.add_long(value, count);
        }
    }

    fn add_long(&mut self, value: &[u8], count: i64) {
        match self.long.get_mut(value) {
            None => {
                self.long.insert(value.into(), count);
            }
            Some(total) => {
                *total += count;
                if *total == 0 {
                    self.long.remove(value);
                }
            }
        }
    }

    /// Calls `tell` with each value and its count, in no order; with none above the limit.
    pub(super) fn for_each(&self, mut tell: impl FnMut(&[u8], i64)) {
        self.words
            .iter()
            .for_each(|(word, count)| tell(word.value().value(), *count));
        self.short
            .iter()
            .for_each(|(short, count)| tell(short.value(), *count));
        self.long
            .iter()
            .for_each(|(value, count)| tell(value, *count));
    }

    fn len(&self) -> usize {
        self.words.len() + self.short.len() + self.long.len()
    }

    fn check_limit(&mut self, forget: Forget<'_>) {
        if self.len() > LIMIT {
            let mut over = Over {
                seen: Some(FxHashSet::default()),
                ..Over::default()
            };
            self.forget_into(&mut over, forget);
            self.over = Some(over);
        }
    }

    fn forget_into(&mut self, over: &mut Over, forget: Forget<'_>) {
        self.for_each(|value, count| {
            over.change(value, count);
            forget(value, count);
        });
        self.words = FxHashMap::default();
        self.short = FxHashMap::default();
        self.long = FxHashMap::default();
    }

    /// Adds all counts of another counter; `forget` gets the values of either that are counted
    /// no longer.
    pub(super) fn merge(&mut self, other: &Self, forget: Forget<'_>) {
        match (&mut self.over, &other.over) {
            (None, None) => {
                other.for_each(|value, count| self.add_counted(value, count));
                self.check_limit(forget);
            }
            (Some(over), None) => {
                other.for_each(|value, count| {
                    over.change(value, count);
                    forget(value, count);
                });
            }
            (None, Some(theirs)) => {
                let mut over = theirs.clone();
                self.forget_into(&mut over, forget);
                self.over = Some(over);
            }
            (Some(over), Some(theirs)) => {
                over.floor = over.size().max(theirs.size());
                over.lost += theirs.lost;
                match (&mut over.seen, &theirs.seen) {
                    (Some(seen), Some(more)) => seen.extend(more),
                    (seen, _) => *seen = None,
                }
                over.stop_at_headroom();
            }
        }
    }

    /// Returns whether the values were forgotten.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Returns the values with their counts, in order; `None` above the limit.
    pub(super) fn values(&self) -> Option<Vec<(Box<[u8]>, i64)>> {
        if self.is_over() {
            return None;
        }
        let mut values = Vec::with_capacity(self.len());
        self.for_each(|value, count| values.push((value.into(), count)));
        values.sort_unstable();
        Some(values)
    }

    /// Returns a lower bound on the distinct values of a counter above the limit.
    pub(super) fn bound(&self) -> Option<u64> {
        self.over
            .as_ref()
            .map(|over| over.size().saturating_sub(over.lost))
    }

    /// Returns whether only a recount can tell the values.
    pub(super) fn needs_recount(&self) -> bool {
        match self.bound() {
            Some(bound) => bound <= LIMIT as u64,
            None => {
                let mut any = false;
                self.for_each(|_, count| any |= count < 0);
                any
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_values_are_their_bytes(kind in 0u8..4, text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut value = vec![kind];
            value.extend_from_slice(&text);
            let short = Short::of_cell(kind, &text);
            prop_assert_eq!(short, Short::of(&value));
            prop_assert_eq!(short.is_some(), value.len() <= SHORT);
            if let Some(short) = short {
                prop_assert_eq!(short.value(), &value[..]);
                prop_assert!(short.0[value.len()..SHORT].iter().all(|byte| *byte == 0));
            }
        }
    }
}
