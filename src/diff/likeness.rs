//! Pairs records without a key that have no equal content: by most equal fields.
//!
//! Invariant: a function of the two multisets of records that are left. Candidates come from an
//! index over (field, value) whose lists are bounded, so the work never grows with the square of
//! the records; few records are all compared with each other.

use rustc_hash::FxHashMap;

/// What likeness keeps of a record: a hash of each common field, 0 where it is null.
pub(crate) type Values = Vec<u64>;

/// Up to this many pairs are all looked at.
const ALL_PAIRS: usize = 1 << 20;
/// At most this many candidate pairs are kept.
const MOST_PAIRS: usize = 1 << 24;

/// Returns pairs of places in `a` and `b`, both in ascending order of canonical bytes, whose
/// records are equal in at least half of the fields that have a value in either; the most equal
/// first, ties in the given order.
pub(crate) fn pair_alike(a: &[Values], b: &[Values]) -> Vec<(u32, u32)> {
    let mut scored: Vec<(u32, u32, u32)> = Vec::new();
    let mut score = |x: u32, y: u32| {
        let (equal, of) = likeness(&a[x as usize], &b[y as usize]);
        if equal > 0 && equal * 2 >= of {
            scored.push((u32::MAX - equal, x, y));
        }
    };
    if a.len().saturating_mul(b.len()) <= ALL_PAIRS {
        for x in 0..a.len() as u32 {
            (0..b.len() as u32).for_each(|y| score(x, y));
        }
    } else {
        for (x, y) in candidates(a, b) {
            score(x, y);
        }
    }
    scored.sort_unstable();
    let (mut free_a, mut free_b) = (vec![true; a.len()], vec![true; b.len()]);
    let mut pairs = Vec::new();
    for (_, x, y) in scored {
        if free_a[x as usize] && free_b[y as usize] {
            free_a[x as usize] = false;
            free_b[y as usize] = false;
            pairs.push((x, y));
        }
    }
    pairs
}

/// Returns how many fields are equal, and how many have a value in either record.
fn likeness(a: &Values, b: &Values) -> (u32, u32) {
    let (mut equal, mut of) = (0, 0);
    for (x, y) in a.iter().zip(b) {
        of += u32::from(*x != 0 || *y != 0);
        equal += u32::from(x == y && *x != 0);
    }
    (equal, of)
}

/// Returns the pairs that share a value which few records hold.
fn candidates(a: &[Values], b: &[Values]) -> Vec<(u32, u32)> {
    #[derive(Default)]
    struct Posting {
        a: Vec<u32>,
        b: Vec<u32>,
    }
    let mut index: FxHashMap<(u32, u64), Posting> = FxHashMap::default();
    // One more than the longest list that is ever used tells that a list is too long.
    const LONGEST: usize = 64;
    for (side, records) in [a, b].into_iter().enumerate() {
        for (at, values) in records.iter().enumerate() {
            for (field, &value) in values.iter().enumerate().filter(|(_, value)| **value != 0) {
                let posting = index.entry((field as u32, value)).or_default();
                let list = if side == 0 {
                    &mut posting.a
                } else {
                    &mut posting.b
                };
                if list.len() <= LONGEST {
                    list.push(at as u32);
                }
            }
        }
    }
    // The longest lists whose pairs all fit: decided by the records alone.
    let mut limit = LONGEST;
    let fits = |limit: usize| {
        let used = |p: &&Posting| p.a.len() <= limit && p.b.len() <= limit;
        let pairs = |p: &Posting| p.a.len() * p.b.len();
        index.values().filter(used).map(pairs).sum::<usize>() <= MOST_PAIRS
    };
    while limit > 1 && !fits(limit) {
        limit /= 2;
    }
    let mut pairs = Vec::new();
    for posting in index.values() {
        if posting.a.len() <= limit && posting.b.len() <= limit {
            for &x in &posting.a {
                pairs.extend(posting.b.iter().map(|&y| (x, y)));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
