//! BLAKE3 of many short inputs at once.
//!
//! An input of up to 1,024 bytes is one chunk: a chain of blocks of 64 bytes. `blake3` hashes one
//! such input in sequence; here the chains of many run side by side, up to their last blocks, with
//! the vector code that `blake3` has for the chunks of a long input. That code is reached through
//! a module that `blake3` keeps for its own benchmarks, hence the pinned version in Cargo.toml.

use blake3::platform::Platform;
use blake3::{BLOCK_LEN, IncrementCounter, OUT_LEN};

/// What every chain begins with.
const START: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 2;
const ROOT: u8 = 8;

/// As many chains as the widest vectors hold.
const LANES: usize = 16;
/// Inputs with more blocks before the last are hashed alone.
const LONGEST: usize = 4;

/// Returns the hashes of the runs of bytes that lie one behind the other and end at `ends`.
pub(super) fn hash_each(bytes: &[u8], ends: &[usize]) -> Vec<[u8; 32]> {
    let mut many = Many {
        platform: Platform::detect(),
        hashes: vec![[0; OUT_LEN]; ends.len()],
    };
    let mut waiting: [Vec<(usize, &[u8])>; LONGEST + 1] = Default::default();
    let mut start = 0;
    for (at, &end) in ends.iter().enumerate() {
        let input = &bytes[start..end];
        start = end;
        let before = input.len().saturating_sub(1) / BLOCK_LEN;
        match waiting.get_mut(before) {
            None => many.hashes[at] = *blake3::hash(input).as_bytes(),
            Some(same) => {
                same.push((at, input));
                if same.len() == LANES {
                    many.hash(before, same);
                    same.clear();
                }
            }
        }
    }
    for (before, same) in waiting.iter().enumerate() {
        many.hash(before, same);
    }
    many.hashes
}

struct Many {
    platform: Platform,
    hashes: Vec<[u8; 32]>,
}

impl Many {
    /// Hashes inputs that all have so many blocks before their last.
    fn hash(&mut self, before: usize, inputs: &[(usize, &[u8])]) {
        match before {
            0 => inputs
                .iter()
                .for_each(|(at, last)| self.end(*at, START, CHUNK_START, last)),
            1 => self.chain::<64>(inputs),
            2 => self.chain::<128>(inputs),
            3 => self.chain::<192>(inputs),
            _ => self.chain::<256>(inputs),
        }
    }

    /// Hashes inputs of at least `N` bytes and at most a block more.
    fn chain<const N: usize>(&mut self, inputs: &[(usize, &[u8])]) {
        let beginnings: Vec<&[u8; N]> = inputs
            .iter()
            .filter_map(|(_, input)| input.first_chunk())
            .collect();
        let mut chained = [0; LANES * OUT_LEN];
        self.platform.hash_many(
            &beginnings,
            &START,
            0,
            IncrementCounter::No,
            0,
            CHUNK_START,
            0,
            &mut chained,
        );
        for ((at, input), chained) in inputs.iter().zip(chained.as_chunks::<OUT_LEN>().0) {
            let mut words = [0; 8];
            for (word, bytes) in words.iter_mut().zip(chained.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            self.end(*at, words, 0, &input[N..]);
        }
    }

    /// Hashes the last block of an input.
    fn end(&mut self, at: usize, mut words: [u32; 8], flags: u8, last: &[u8]) {
        let mut block = [0; BLOCK_LEN];
        block[..last.len()].copy_from_slice(last);
        let flags = flags | CHUNK_END | ROOT;
        self.platform
            .compress_in_place(&mut words, &block, last.len() as u8, 0, flags);
        for (bytes, word) in self.hashes[at].as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_at_once_hash_as_one_by_one(
            lengths in proptest::collection::vec(prop_oneof![0usize..70, 100usize..330, 1000usize..1100], 0..60),
            seed in any::<u8>(),
        ) {
            let total: usize = lengths.iter().sum();
            let bytes: Vec<u8> = (0..total).map(|at| (at * 31 / 7) as u8 ^ seed).collect();
            let mut end = 0;
            let ends: Vec<usize> = lengths.iter().map(|length| { end += length; end }).collect();
            let found = hash_each(&bytes, &ends);
            let mut start = 0;
            for (end, hash) in ends.iter().zip(found) {
                prop_assert_eq!(hash, *blake3::hash(&bytes[start..*end]).as_bytes());
                start = *end;
            }
        }
    }
}
