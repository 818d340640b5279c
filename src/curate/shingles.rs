//! Near-duplicates of texts: MinHash finds pairs, the exact Jaccard index decides.
//!
//! Broder 1997; Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3. Shingles are
//! runs of three words (of scripts without spaces: of three characters). Two texts with Jaccard
//! index s meet in one of b bands of r rows with probability 1 - (1 - s^r)^b.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::learn::features::words;

/// How many words are a shingle.
const WORDS: usize = 3;
/// How many numbers are a signature.
const ROWS: usize = 128;
/// Pairs at the threshold may be missed this often.
const MISSED: f64 = 1e-4;
/// Of a bucket larger than this, each text is compared with this many before it: what is
/// repeated that often is found through its neighbours.
const BUCKET: usize = 64;

/// How signatures are cut into bands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bands {
    /// How many bands.
    pub bands: usize,
    /// How many rows each has.
    pub rows: usize,
}

impl Bands {
    /// Returns the widest bands with which a pair at the threshold is missed at most once in ten
    /// thousand; of low thresholds single rows.
    pub fn of_threshold(threshold: f64) -> Self {
        let cut = |rows: usize| Self {
            bands: ROWS / rows,
            rows,
        };
        let widest = (1..=16)
            .rev()
            .map(cut)
            .find(|cut| cut.missed(threshold) <= MISSED);
        widest.unwrap_or(cut(1))
    }

    /// Returns the probability that a pair of this Jaccard index meets in no band.
    pub fn missed(self, index: f64) -> f64 {
        let power = |x: f64, n: usize| (0..n).fold(1.0, |product, _| product * x);
        power(1.0 - power(index, self.rows), self.bands)
    }
}

/// A text that is like an earlier one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NearPair {
    /// The earlier text.
    pub earlier: usize,
    /// The later text.
    pub later: usize,
    /// Their Jaccard index.
    pub index: f64,
}

/// Returns the shingles of a text, sorted, each once.
fn shingles(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    words(text, |word| hashes.push(xxh3_64(word.as_bytes())));
    let bytes = |run: &[u64]| -> Vec<u8> { run.iter().flat_map(|h| h.to_le_bytes()).collect() };
    let mut out: Vec<u64> = match hashes.len() {
        0 => Vec::new(),
        1..=WORDS => vec![xxh3_64(&bytes(&hashes))],
        _ => hashes
            .windows(WORDS)
            .map(|run| xxh3_64(&bytes(run)))
            .collect(),
    };
    out.sort_unstable();
    out.dedup();
    out
}

/// The shingles of many texts, a set for each.
#[derive(Clone, Debug, Default)]
pub struct Shingled {
    /// Sets one after the other, in runs that are never copied together.
    runs: Vec<Vec<u64>>,
    sets: Vec<Set>,
}

/// Where a set stands.
#[derive(Clone, Copy, Debug)]
struct Set {
    run: u32,
    start: u32,
    end: u32,
}

impl Shingled {
    /// Returns the shingles of some texts; together they must be shorter than 4 GiB.
    pub fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let (mut run, mut sets) = (Vec::new(), Vec::new());
        for text in texts {
            let start = run.len() as u32;
            run.extend(shingles(text.as_ref()));
            let end = run.len() as u32;
            sets.push(Set { run: 0, start, end });
        }
        run.shrink_to_fit();
        Self {
            runs: vec![run],
            sets,
        }
    }

    /// Adds the texts of another one.
    pub fn append(&mut self, mut other: Self) {
        let before = self.runs.len() as u32;
        self.runs.append(&mut other.runs);
        let moved = other.sets.iter().map(|set| Set {
            run: before + set.run,
            ..*set
        });
        self.sets.extend(moved);
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Returns how many shingles all texts have together.
    pub fn shingles(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    fn set(&self, at: u32) -> &[u64] {
        let set = self.sets[at as usize];
        &self.runs[set.run as usize][set.start as usize..set.end as usize]
    }
}

/// Returns a hash of the smallest hashes of a set under the permutations of a band.
fn band_key(set: &[u64], band: usize, rows: usize) -> u64 {
    let mut least = [u64::MAX; ROWS];
    let least = &mut least[..rows];
    for shingle in set {
        // Odd factors permute 64 bits; the constants are those of splitmix64.
        let skipped = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul((band * rows) as u64);
        let mut state = shingle.wrapping_add(skipped);
        for least in least.iter_mut() {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            *least = (*least).min(mixed ^ mixed >> 31);
        }
    }
    let mut bytes = [0; 8 * ROWS];
    for (part, number) in bytes.chunks_exact_mut(8).zip(least.iter()) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    xxh3_64(&bytes[..8 * rows])
}

/// Returns the Jaccard index of two sorted sets.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0u64);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    let all = (a.len() + b.len()) as u64 - common;
    common as f64 / all.max(1) as f64
}

/// Returns each text that is like an earlier one, with the one of those that it is most like, of
/// equals the first. Texts without words are like none.
///
/// Beside the shingles this holds some 50 bytes a text, however many texts are alike: texts with
/// one set of shingles are compared once, and of a pair no more is kept than the best of the later
/// text. There must be fewer than 2^32 texts.
pub fn near_duplicates(texts: &Shingled, threshold: f64) -> Vec<NearPair> {
    let firsts = firsts(texts);
    let distinct = |at: &u32| firsts[*at as usize] == *at && !texts.set(*at).is_empty();
    let distinct: Vec<u32> = (0..texts.len() as u32).filter(distinct).collect();
    let cut = Bands::of_threshold(threshold);
    let mut best: Vec<Best> = vec![Best::default(); texts.len()];
    for band in 0..cut.bands {
        let key = |at: &u32| (band_key(texts.set(*at), band, cut.rows), *at);
        let mut keys: Vec<(u64, u32)> = distinct.par_iter().map(key).collect();
        keys.par_sort_unstable();
        let buckets: Vec<&[(u64, u32)]> = keys
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|bucket| bucket.len() > 1)
            .collect();
        let found: Vec<Vec<(u32, Best)>> = buckets
            .par_iter()
            .map(|bucket| within(texts, bucket, threshold))
            .collect();
        for (later, found) in found.into_iter().flatten() {
            best[later as usize].improve(found);
        }
    }
    let pair = |(later, best): (usize, &Best)| {
        let first = firsts[later];
        let earlier = match first as usize == later || texts.set(first).is_empty() {
            true => (best.index > 0.0).then_some((best.earlier, best.index))?,
            false => (first, 1.0),
        };
        Some(NearPair {
            earlier: earlier.0 as usize,
            later,
            index: earlier.1,
        })
    };
    best.iter().enumerate().filter_map(pair).collect()
}

/// Returns for each text the first one with its set of shingles: itself where there is none before.
fn firsts(texts: &Shingled) -> Vec<u32> {
    let hash = |at: u32| {
        let bytes: Vec<u8> = texts.set(at).iter().flat_map(|s| s.to_le_bytes()).collect();
        (xxh3_64(&bytes), at)
    };
    let all = 0..texts.len() as u32;
    let mut hashes: Vec<(u64, u32)> = all.into_par_iter().map(hash).collect();
    hashes.par_sort_unstable();
    let mut firsts: Vec<u32> = (0..texts.len() as u32).collect();
    let mut met: Vec<u32> = Vec::new();
    for alike in hashes.chunk_by(|a, b| a.0 == b.0) {
        // Sets of one hash are one set, as good as always.
        met.clear();
        for &(_, at) in alike {
            match met.iter().find(|first| texts.set(**first) == texts.set(at)) {
                Some(first) => firsts[at as usize] = *first,
                None => met.push(at),
            }
        }
    }
    firsts
}

/// The earlier text that one is most like.
#[derive(Clone, Copy, Debug, Default)]
struct Best {
    index: f64,
    earlier: u32,
}

impl Best {
    fn improve(&mut self, other: Self) {
        let first = other.index == self.index && other.earlier < self.earlier;
        if other.index > self.index || first {
            *self = other;
        }
    }
}

/// Compares the texts of a bucket, which stand in their order; returns the best of each that is
/// like another one.
fn within(texts: &Shingled, bucket: &[(u64, u32)], threshold: f64) -> Vec<(u32, Best)> {
    let mut out = Vec::new();
    for (at, &(_, later)) in bucket.iter().enumerate().skip(1) {
        let set = texts.set(later);
        let near = &bucket[at.saturating_sub(BUCKET)..at];
        // The first of a bucket stays in reach of all.
        let first = (at > BUCKET).then_some(&bucket[0]);
        let mut best = Best::default();
        for &(_, earlier) in first.into_iter().chain(near) {
            let other = texts.set(earlier);
            // Sets of so different sizes cannot be alike.
            let (less, more) = (set.len().min(other.len()), set.len().max(other.len()));
            let most = less as f64 / more as f64;
            if most < threshold || most < best.index {
                continue;
            }
            let index = jaccard(other, set);
            if index >= threshold {
                best.improve(Best { index, earlier });
            }
        }
        if best.index > 0.0 {
            out.push((later, best));
        }
    }
    out
}
