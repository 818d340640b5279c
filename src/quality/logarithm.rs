//! Logarithm and power to base 2 from additions, multiplications and divisions alone.
//!
//! Invariant: the same bits on every processor and platform. IEEE 754 fixes these operations,
//! and Rust neither fuses nor reorders them; the platform's libm promises no such thing.
//! Both are exact at powers of two and within 2 units in the last place elsewhere.

const LN_2: f64 = std::f64::consts::LN_2;
const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// Returns the logarithm to base 2 of a positive normal number; NaN of anything else.
pub(super) fn log2(value: f64) -> f64 {
    if !value.is_normal() || value < 0.0 {
        return f64::NAN;
    }
    let bits = value.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 (s + s^3/3 + s^5/5 ...) with s = (m - 1) / (m + 1), at most 0.172: the term after
    // the last is below 2^-60 of the sum. The smallest terms are added first.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for odd in (3..=23).rev().step_by(2) {
        sum = sum * square + 1.0 / f64::from(odd);
    }
    let ln = 2.0 * (s + s * (square * sum));
    f64::from(exponent) + ln * LOG2_E
}

/// Returns 2 to the power of a number from -1000 to 1000; NaN of anything else.
pub(super) fn exp2(value: f64) -> f64 {
    if !(-1000.0..=1000.0).contains(&value) {
        return f64::NAN;
    }
    let whole = (value + 0.5).floor();
    let x = (value - whole) * LN_2; // at most 0.35: 18 terms reach 2^-60
    let mut sum = 1.0;
    for term in (1..=18).rev() {
        sum = 1.0 + sum * x / f64::from(term);
    }
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}
