//! Logarithms and powers from additions, multiplications and divisions alone.
//!
//! Invariant: the same bits on every processor and platform. IEEE 754 fixes these operations,
//! and Rust neither fuses nor reorders them; the platform's libm promises no such thing.
//! Those to base 2 are exact at powers of two; all are within 2 units in the last place of the
//! true value for results that are normal numbers.

const LN_2: f64 = std::f64::consts::LN_2;
const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// Splits a positive normal number into an exponent of 2 and a factor from 0.7 to 1.4.
fn parts(value: f64) -> Option<(f64, f64)> {
    if !value.is_normal() || value < 0.0 {
        return None;
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    match mantissa > std::f64::consts::SQRT_2 {
        true => Some((f64::from(exponent + 1), mantissa / 2.0)),
        false => Some((f64::from(exponent), mantissa)),
    }
}

/// Returns the logarithm to base 2 of a positive normal number; NaN of anything else.
pub fn log2(value: f64) -> f64 {
    let Some((exponent, mantissa)) = parts(value) else {
        return f64::NAN;
    };
    // ln m = 2 (s + s^3/3 + s^5/5 ...) with s = (m - 1) / (m + 1), at most 0.172: the term after
    // the last is below 2^-60 of the sum. The smallest terms are added first.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for odd in (3..=23).rev().step_by(2) {
        sum = sum * square + 1.0 / f64::from(odd);
    }
    let ln = 2.0 * (s + s * (square * sum));
    exponent + ln * LOG2_E
}

/// Returns 2 to the power of a number from -1000 to 1000; NaN of anything else.
pub fn exp2(value: f64) -> f64 {
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

/// The natural logarithm of 2 in two parts: the first has so few bits that its product with an
/// exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// Returns the natural logarithm of a positive normal number; NaN of anything else.
pub fn ln(value: f64) -> f64 {
    let Some((exponent, mantissa)) = parts(value) else {
        return f64::NAN;
    };
    // With f = m - 1 and s = f / (2 + f): ln m = f - (f^2/2 - s (f^2/2 + R)), where R is the rest
    // of the series in s. So the largest part, f, is exact.
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let square = s * s;
    let mut sum = 0.0;
    for odd in (3..=25).rev().step_by(2) {
        sum = sum * square + 2.0 / f64::from(odd);
    }
    let rest = square * sum;
    let half = 0.5 * f * f;
    exponent * LN_2_HIGH - ((half - (s * (half + rest) + exponent * LN_2_LOW)) - f)
}

/// Returns e to the power of a number: 0 below -708, where results are no normal numbers,
/// infinity above 709, NaN of NaN.
pub fn exp(value: f64) -> f64 {
    if value.is_nan() {
        return value;
    }
    if value < -708.0 {
        return 0.0;
    }
    if value > 709.0 {
        return f64::INFINITY;
    }
    let whole = (value * LOG2_E + 0.5).floor();
    let high = value - whole * LN_2_HIGH; // exact: both have the same few leading bits
    let x = high - whole * LN_2_LOW; // at most 0.35: 18 terms reach 2^-60
    // e^x = 1 + (x + tail), so that the rounding of the tail is far below that of the sum.
    let mut tail = 0.0;
    for term in (2..=18).rev() {
        tail = (1.0 + tail) * x / f64::from(term);
    }
    let sum = 1.0 + (x + x * tail);
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many units in the last place of the second the first is away.
    fn units(a: f64, b: f64) -> f64 {
        (a - b).abs() / (b.abs() * f64::EPSILON)
    }

    #[test]
    fn known_values_come_out() {
        // 20 digits from tables.
        for (x, value) in [
            (1.0, std::f64::consts::E),
            (0.5, 1.648_721_270_700_128_1),
            (-1.0, 0.367_879_441_171_442_32),
            (10.0, 22_026.465_794_806_717),
            (-20.0, 2.061_153_622_438_558e-9),
            (100.0, 2.688_117_141_816_135_4e43),
            (700.0, 1.014_232_054_735_004_5e304),
        ] {
            assert!(units(exp(x), value) <= 1.0, "exp({x})");
        }
        for (x, value) in [
            (2.0, std::f64::consts::LN_2),
            (10.0, std::f64::consts::LN_10),
            (0.1, -std::f64::consts::LN_10),
            (3.0, 1.098_612_288_668_109_7),
        ] {
            assert!(
                (ln(x) - value).abs() <= 2.0 * f64::EPSILON * value.abs().max(1e-6),
                "ln({x})"
            );
        }
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        assert_eq!((exp(-800.0), exp(800.0)), (0.0, f64::INFINITY));
        assert!(ln(0.0).is_nan() && ln(-1.0).is_nan() && exp(f64::NAN).is_nan());
    }

    proptest! {
        #[test]
        fn exp_is_within_two_units_of_the_platform(x in -700.0f64..700.0) {
            prop_assert!(units(exp(x), x.exp()) <= 2.0);
        }

        #[test]
        fn ln_is_within_two_units_of_the_platform(x in 1e-300f64..1e300, y in 0.5f64..2.0) {
            prop_assert!(units(ln(x), x.ln()) <= 2.0);
            if y != 1.0 {
                prop_assert!(units(ln(y), y.ln()) <= 2.0);
            }
        }
    }
}
