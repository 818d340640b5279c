//! Pseudorandom draws from counters.
//!
//! Invariant: seed, replicate and number give the draw, so that the same numbers come on any number
//! of threads and in any order.

/// Returns which of `units` a draw takes: a number below it, 0 where it is 0.
pub fn draw(seed: u64, replicate: u64, number: u64, units: usize) -> usize {
    let mixed = mix(mix(seed ^ replicate).wrapping_add(number));
    let scaled = (u128::from(mixed) * units as u128) >> 64;
    scaled as usize
}

/// The finalizer of SplitMix64: a bijection whose outputs for a counter pass for random.
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
