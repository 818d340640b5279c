//! Counters: how often each value stands in a set of records, up to a limit of distinct values.
//!
//! Invariant: above [`LIMIT`] distinct values a counter forgets them and is *over*; it then keeps
//! a lower bound on how many there are. While that bound is above the limit, a recount would be
//! over too; when it no longer is, only a recount can tell, and the counter says so.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_64;

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
    /// and three comparisons, half of what a key behind a pointer costs.
    short: FxHashMap<Short, i64>,
    long: FxHashMap<Box<[u8]>, i64>,
    over: Option<Over>,
}

/// How long a value may be that stands in the table itself.
const SHORT: usize = 23;

/// A value of at most [`SHORT`] bytes: its bytes, zeros, and its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Short([u8; SHORT + 1]);

impl Short {
    fn of(value: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT + 1];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        if value.len() > SHORT {
            return None;
        }
        bytes[SHORT] = value.len() as u8;
        Some(Self(bytes))
    }

    fn value(&self) -> &[u8] {
        &self.0[..usize::from(self.0[SHORT])]
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.0.as_chunks::<8>().0 {
            state.write_u64(u64::from_le_bytes(*word));
        }
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

    fn see(&mut self, value: &[u8]) {
        if let Some(seen) = &mut self.seen {
            seen.insert(xxh3_64(value));
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
            1.. => self.see(value),
            _ => self.lost += 1,
        }
    }
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

    fn add_counted(&mut self, value: &[u8], count: i64) {
        if count == 0 {
            return;
        }
        if let Some(short) = Short::of(value) {
            let total = self.short.entry(short).or_insert(0);
            *total += count;
            if *total == 0 {
                self.short.remove(&short);
            }
            return;
        }
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

    fn counted(&self) -> impl Iterator<Item = (&[u8], i64)> {
        let short = self
            .short
            .iter()
            .map(|(value, count)| (value.value(), *count));
        short.chain(self.long.iter().map(|(value, count)| (&**value, *count)))
    }

    fn check_limit(&mut self, forget: Forget<'_>) {
        if self.short.len() + self.long.len() > LIMIT {
            let mut over = Over {
                seen: Some(FxHashSet::default()),
                ..Over::default()
            };
            self.forget_into(&mut over, forget);
            self.over = Some(over);
        }
    }

    fn forget_into(&mut self, over: &mut Over, forget: Forget<'_>) {
        for (value, count) in self.counted() {
            over.change(value, count);
            forget(value, count);
        }
        self.short = FxHashMap::default();
        self.long = FxHashMap::default();
    }

    /// Adds all counts of another counter; `forget` gets the values of either that are counted
    /// no longer.
    pub(super) fn merge(&mut self, other: &Self, forget: Forget<'_>) {
        match (&mut self.over, &other.over) {
            (None, None) => {
                for (value, count) in other.counted() {
                    self.add_counted(value, count);
                }
                self.check_limit(forget);
            }
            (Some(over), None) => {
                for (value, count) in other.counted() {
                    over.change(value, count);
                    forget(value, count);
                }
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

    /// Returns the values with their counts, in no order; `None` above the limit.
    pub(super) fn values(&self) -> Option<impl Iterator<Item = (&[u8], i64)>> {
        match self.over {
            None => Some(self.counted()),
            Some(_) => None,
        }
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
            None => self.counted().any(|(_, count)| count < 0),
        }
    }
}
