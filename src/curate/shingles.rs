//! Near-duplicates of texts: MinHash finds pairs, the exact Jaccard index decides.
//!
//! Broder 1997; Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3. Shingles are
//! runs of three words (of scripts without spaces: of three characters). Two texts with Jaccard
//! index s meet in one of b bands of r rows with probability 1 - (1 - s^r)^b.

use rayon::prelude::*;
use rustc_hash::FxHashMap;
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

/// Returns the smallest hash under each of [`ROWS`] permutations.
fn signature(shingles: &[u64]) -> Vec<u64> {
    let mut out = vec![u64::MAX; ROWS];
    for shingle in shingles {
        // Odd factors permute 64 bits; the constants are those of splitmix64.
        let mut state = *shingle;
        for least in &mut out {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            *least = (*least).min(mixed ^ mixed >> 31);
        }
    }
    out
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
pub fn near_duplicates(texts: &[String], threshold: f64) -> Vec<NearPair> {
    let cut = Bands::of_threshold(threshold);
    let sets: Vec<Vec<u64>> = texts.par_iter().map(|text| shingles(text)).collect();
    let signatures: Vec<Vec<u64>> = sets.par_iter().map(|set| signature(set)).collect();
    let mut pairs: Vec<(usize, usize)> = (0..cut.bands)
        .into_par_iter()
        .flat_map_iter(|band| {
            let mut buckets: FxHashMap<&[u64], Vec<usize>> = FxHashMap::default();
            let mut pairs = Vec::new();
            for (at, signature) in signatures.iter().enumerate() {
                if sets[at].is_empty() {
                    continue;
                }
                let part = &signature[band * cut.rows..(band + 1) * cut.rows];
                let bucket = buckets.entry(part).or_default();
                let first = bucket.len().saturating_sub(BUCKET);
                pairs.extend(bucket[first..].iter().map(|earlier| (at, *earlier)));
                // The first of a bucket stays in reach of all.
                if first > 0 {
                    pairs.push((at, bucket[0]));
                }
                bucket.push(at);
            }
            pairs
        })
        .collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    let mut out: Vec<NearPair> = Vec::new();
    for (later, earlier) in pairs {
        let index = jaccard(&sets[earlier], &sets[later]);
        if index < threshold {
            continue;
        }
        match out.last_mut() {
            Some(last) if last.later == later => {
                if index > last.index {
                    (last.earlier, last.index) = (earlier, index);
                }
            }
            _ => out.push(NearPair {
                earlier,
                later,
                index,
            }),
        }
    }
    out
}
