//! Matching: which records of two versions are the same record.
//!
//! Invariant: a function of the two multisets of records, which commutes with taking a record
//! that both hold out of both. Hashes find the groups; where a group leaves a choice, the
//! records' bytes decide, and of records that are equal to the last byte the last copies are
//! left over. Definition: docs/diff.md, "Matching".

use rayon::slice::ParallelSliceMut as _;
use rustc_hash::FxHashMap;

use super::error::Error;
use super::reading::{Print, Side, Spelling};

/// Reads back the bytes of records, in the order of the ordinals.
pub(crate) type ReadBack<'a> = dyn FnMut(Side, &[u64]) -> Result<Vec<Spelling>, Error> + 'a;

/// Takes pairs of records that were canceled: ordinals before and after.
pub(crate) type Pairs = Vec<(u64, u64)>;

/// Sorts prints so that equal ones stand together, copies in file order.
pub(crate) fn sort(prints: &mut [Print]) {
    prints.par_sort_unstable();
}

/// Takes whole equal records out of both sides, the first copies first; both must be sorted.
pub(crate) fn cancel_whole(a: &mut Vec<Print>, b: &mut Vec<Print>, kept: &mut Pairs) {
    let id = |p: &Print| (p.canonical, p.raw, p.full);
    let (mut left_a, mut left_b) = (0, 0);
    let (mut at_a, mut at_b) = (0, 0);
    while at_a < a.len() && at_b < b.len() {
        match id(&a[at_a]).cmp(&id(&b[at_b])) {
            std::cmp::Ordering::Equal => {
                kept.push((a[at_a].ordinal, b[at_b].ordinal));
                at_a += 1;
                at_b += 1;
            }
            std::cmp::Ordering::Greater => {
                b[left_b] = b[at_b];
                left_b += 1;
                at_b += 1;
            }
            std::cmp::Ordering::Less => {
                a[left_a] = a[at_a];
                left_a += 1;
                at_a += 1;
            }
        }
    }
    a.copy_within(at_a.., left_a);
    a.truncate(left_a + a.len() - at_a);
    b.copy_within(at_b.., left_b);
    b.truncate(left_b + b.len() - at_b);
}

/// Takes records that are equal by value out of both sides: those spelled alike first, then in
/// ascending order of their bytes. Both must be sorted and hold no whole equal records.
///
/// Returns how many of them are spelled otherwise.
pub(crate) fn cancel_equal(
    a: &mut Vec<Print>,
    b: &mut Vec<Print>,
    kept: &mut Pairs,
    read: &mut ReadBack<'_>,
) -> Result<u64, Error> {
    let groups = groups_in_both(a, b, |p| p.canonical);
    let spellings = Spellings::of_choices(&groups, a, b, read)?;
    let mut respelled = 0;
    let (mut drop_a, mut drop_b) = (Dropped::new(a), Dropped::new(b));
    for group in &groups {
        let mut pair = |x: usize, y: usize| {
            respelled += u64::from(a[x].raw != b[y].raw);
            kept.push((a[x].ordinal, b[y].ordinal));
            drop_a.drop(x);
            drop_b.drop(y);
        };
        if group.is_single() {
            pair(group.a.start, group.b.start);
            continue;
        }
        // Spelled alike: whole records differ, so the lowest whole bytes go first.
        let whole = |side, p: &Print| (&spellings.get(side, p).full, p.ordinal);
        let mut rest_a: Vec<usize> = group.a.clone().collect();
        let mut rest_b: Vec<usize> = group.b.clone().collect();
        rest_a.sort_by(|&x, &y| {
            (a[x].raw, whole(Side::Before, &a[x])).cmp(&(a[y].raw, whole(Side::Before, &a[y])))
        });
        rest_b.sort_by(|&x, &y| {
            (b[x].raw, whole(Side::After, &b[x])).cmp(&(b[y].raw, whole(Side::After, &b[y])))
        });
        let (mut next_a, mut next_b) = (Vec::new(), Vec::new());
        let (mut at_a, mut at_b) = (0, 0);
        while at_a < rest_a.len() && at_b < rest_b.len() {
            let (x, y) = (rest_a[at_a], rest_b[at_b]);
            match a[x].raw.cmp(&b[y].raw) {
                std::cmp::Ordering::Less => {
                    next_a.push(x);
                    at_a += 1;
                }
                std::cmp::Ordering::Greater => {
                    next_b.push(y);
                    at_b += 1;
                }
                std::cmp::Ordering::Equal => {
                    pair(x, y);
                    at_a += 1;
                    at_b += 1;
                }
            }
        }
        next_a.extend_from_slice(&rest_a[at_a..]);
        next_b.extend_from_slice(&rest_b[at_b..]);
        let bytes = |side, p: &Print| {
            let spelling = spellings.get(side, p);
            (&spelling.raw, &spelling.full, p.ordinal)
        };
        next_a.sort_by(|&x, &y| bytes(Side::Before, &a[x]).cmp(&bytes(Side::Before, &a[y])));
        next_b.sort_by(|&x, &y| bytes(Side::After, &b[x]).cmp(&bytes(Side::After, &b[y])));
        next_a.into_iter().zip(next_b).for_each(|(x, y)| pair(x, y));
    }
    let (drop_a, drop_b) = (drop_a.0, drop_b.0);
    retain(a, &drop_a);
    retain(b, &drop_b);
    Ok(respelled)
}

/// Pairs what is left by key: exactly one on each side, else in ascending order of canonical
/// bytes. What has no key pairs with nothing.
pub(crate) fn pair_by_key(
    a: &mut Vec<Print>,
    b: &mut Vec<Print>,
    read: &mut ReadBack<'_>,
) -> Result<Pairs, Error> {
    a.par_sort_unstable_by_key(|p| (p.key, p.ordinal));
    b.par_sort_unstable_by_key(|p| (p.key, p.ordinal));
    let mut groups = groups_in_both(a, b, |p| p.key);
    groups.retain(|group| a[group.a.start].key != 0);
    let spellings = Spellings::of_choices(&groups, a, b, read)?;
    let mut pairs = Vec::new();
    let (mut drop_a, mut drop_b) = (Dropped::new(a), Dropped::new(b));
    for group in &groups {
        let mut rest_a: Vec<usize> = group.a.clone().collect();
        let mut rest_b: Vec<usize> = group.b.clone().collect();
        if !group.is_single() {
            let bytes = |side, p: &Print| (spellings.get(side, p), p.ordinal);
            rest_a.sort_by(|&x, &y| bytes(Side::Before, &a[x]).cmp(&bytes(Side::Before, &a[y])));
            rest_b.sort_by(|&x, &y| bytes(Side::After, &b[x]).cmp(&bytes(Side::After, &b[y])));
        }
        for (x, y) in rest_a.into_iter().zip(rest_b) {
            pairs.push((a[x].ordinal, b[y].ordinal));
            drop_a.drop(x);
            drop_b.drop(y);
        }
    }
    let (drop_a, drop_b) = (drop_a.0, drop_b.0);
    retain(a, &drop_a);
    retain(b, &drop_b);
    Ok(pairs)
}

/// Gives each whole equal group of left-over prints the last places of its copies.
///
/// `copies` holds, for each group that is left over, the places of all its copies on that side.
pub(crate) fn take_last_copies(prints: &mut [Print], copies: &mut FxHashMap<u128, Vec<u64>>) {
    prints.par_sort_unstable();
    copies
        .values_mut()
        .for_each(|places| places.sort_unstable_by(|a, b| b.cmp(a)));
    // From the back, so that the last print of a group takes the last place.
    let mut taken: FxHashMap<u128, usize> = FxHashMap::default();
    for print in prints.iter_mut().rev() {
        let group = print.full;
        let next = taken.entry(group).or_default();
        if let Some(place) = copies.get(&group).and_then(|places| places.get(*next)) {
            print.ordinal = *place;
        }
        *next += 1;
    }
    prints.par_sort_unstable();
}

struct Group {
    a: std::ops::Range<usize>,
    b: std::ops::Range<usize>,
}

impl Group {
    fn is_single(&self) -> bool {
        self.a.len() == 1 && self.b.len() == 1
    }
}

/// Returns the groups of equal ids that stand on both sides, which must be sorted by id.
fn groups_in_both<K: Ord>(a: &[Print], b: &[Print], id: impl Fn(&Print) -> K) -> Vec<Group> {
    let mut groups = Vec::new();
    let (mut at_a, mut at_b) = (0, 0);
    while at_a < a.len() && at_b < b.len() {
        match id(&a[at_a]).cmp(&id(&b[at_b])) {
            std::cmp::Ordering::Less => at_a += 1,
            std::cmp::Ordering::Greater => at_b += 1,
            std::cmp::Ordering::Equal => {
                let key = id(&a[at_a]);
                let end = |side: &[Print], at: usize| {
                    at + side[at..].iter().take_while(|p| id(p) == key).count()
                };
                let (end_a, end_b) = (end(a, at_a), end(b, at_b));
                groups.push(Group {
                    a: at_a..end_a,
                    b: at_b..end_b,
                });
                (at_a, at_b) = (end_a, end_b);
            }
        }
    }
    groups
}

/// The bytes of the records among which there is a choice.
struct Spellings(FxHashMap<(Side, u64), Spelling>);

impl Spellings {
    fn of_choices(
        groups: &[Group],
        a: &[Print],
        b: &[Print],
        read: &mut ReadBack<'_>,
    ) -> Result<Self, Error> {
        let mut found = FxHashMap::default();
        let choices = || groups.iter().filter(|group| !group.is_single());
        let before: Vec<u64> = choices()
            .flat_map(|group| a[group.a.clone()].iter().map(|p| p.ordinal))
            .collect();
        let after: Vec<u64> = choices()
            .flat_map(|group| b[group.b.clone()].iter().map(|p| p.ordinal))
            .collect();
        for (side, ordinals) in [(Side::Before, before), (Side::After, after)] {
            if ordinals.is_empty() {
                continue;
            }
            let spellings = read(side, &ordinals)?;
            for (ordinal, spelling) in ordinals.into_iter().zip(spellings) {
                found.insert((side, ordinal), spelling);
            }
        }
        Ok(Self(found))
    }

    fn get(&self, side: Side, print: &Print) -> &Spelling {
        static NONE: Spelling = Spelling {
            canonical: Vec::new(),
            raw: Vec::new(),
            full: Vec::new(),
        };
        self.0.get(&(side, print.ordinal)).unwrap_or(&NONE)
    }
}

struct Dropped(Vec<bool>);

impl Dropped {
    fn new(prints: &[Print]) -> Self {
        Self(vec![false; prints.len()])
    }

    fn drop(&mut self, at: usize) {
        self.0[at] = true;
    }
}

fn retain(prints: &mut Vec<Print>, dropped: &[bool]) {
    let mut at = 0;
    prints.retain(|_| {
        at += 1;
        !dropped[at - 1]
    });
}
