//! Histograms of numbers: how many have which two leading digits and which power of ten.
//!
//! Invariant: a group, as all of a profile is: extremes and quantiles themselves cannot be taken
//! back, the counts of bins can. A bin is found from the decimal text, without a float: no
//! rounding, the same on any processor. The bounds of a bin lie less than 10 % apart.

use rustc_hash::FxHashMap;

/// Exponents beyond this are taken for it; 64-bit floats end at 308.
const FARTHEST: i32 = 400;
/// Pairs of leading digits: 10 to 99.
const PAIRS: i32 = 90;

/// Numbers from `digits` to less than a digit more, times a power of ten; 0 by itself. Below zero
/// the bin holds numbers from `digits` to more than a digit less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Bin(i32);

impl Bin {
    const ZERO: Self = Self(0);

    /// Returns the bin of these leading digits, from -99 to -10, 0, or from 10 to 99, times ten to
    /// the power of `exponent`; `None` where there is none.
    pub fn new(digits: i64, exponent: i64) -> Option<Self> {
        if digits == 0 && exponent == 0 {
            return Some(Self::ZERO);
        }
        let pair = i32::try_from(digits.abs()).ok()?.checked_sub(10)?;
        let power = i32::try_from(exponent).ok()?.checked_add(FARTHEST)?;
        let fits = pair < PAIRS && (0..=2 * FARTHEST).contains(&power);
        let place = fits.then_some(power * PAIRS + pair + 1)?;
        Some(Self(if digits < 0 { -place } else { place }))
    }

    /// Returns the bin of a number in decimal digits; `None` for other text.
    pub fn of_number(text: &str) -> Option<Self> {
        Self::of(text.as_bytes())
    }

    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let (negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // Digits before the point, and digits after the first that is not zero.
        let (mut first, mut second, mut found) = (0, 0, 0);
        let mut point = None;
        let mut power = 0;
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            match byte {
                b'0'..=b'9' => {
                    let digit = i64::from(byte - b'0');
                    match found {
                        0 if digit == 0 => {}
                        0 => (first, found) = (digit, 1),
                        1 => (second, found) = (digit, 2),
                        _ => {}
                    }
                    // The power of ten of the first digit that counts.
                    match point {
                        None if found > 0 => power += 1,
                        Some(()) if found == 0 => power -= 1,
                        _ => {}
                    }
                }
                b'.' if point.is_none() => point = Some(()),
                b'e' | b'E' => break,
                _ => return None,
            }
            at += 1;
        }
        if found == 0 {
            return Some(Self::ZERO);
        }
        let mut exponent = 0;
        if let Some(rest) = text.get(at + 1..) {
            let digits = rest.strip_prefix(b"-").or(rest.strip_prefix(b"+"));
            for byte in digits.unwrap_or(rest) {
                let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
                exponent = (exponent * 10 + digit).min(1 << 32);
            }
            if rest.starts_with(b"-") {
                exponent = -exponent;
            }
        }
        let farthest = i64::from(FARTHEST);
        let exponent = (exponent + power - 2).clamp(-farthest, farthest);
        let digits = first * 10 + second;
        Self::new(if negative { -digits } else { digits }, exponent)
    }

    /// Returns the leading digits and the power of ten.
    pub fn parts(self) -> (i64, i64) {
        if self == Self::ZERO {
            return (0, 0);
        }
        let place = self.0.abs() - 1;
        let (power, pair) = (place / PAIRS, place % PAIRS);
        let digits = i64::from(pair + 10) * i64::from(self.0.signum());
        (digits, i64::from(power - FARTHEST))
    }

    /// Returns the least and the greatest number that the bin may hold.
    pub fn bounds(self) -> (f64, f64) {
        let (digits, exponent) = self.parts();
        // Decimal text to the nearest float: the same everywhere.
        let number = |digits: i64| format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN);
        match digits {
            0 => (0.0, 0.0),
            1.. => (number(digits), number(digits + 1)),
            _ => (number(digits - 1), number(digits)),
        }
    }
}

/// How many numbers each bin holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram(FxHashMap<Bin, i64>);

impl Histogram {
    /// Adds `count` of a number, given as text; other text counts nothing.
    #[inline]
    pub(super) fn add(&mut self, text: &[u8], count: i64) {
        if let Some(bin) = Bin::of(text) {
            self.bump(bin, count);
        }
    }

    pub(super) fn bump(&mut self, bin: Bin, count: i64) {
        let total = self.0.entry(bin).or_insert(0);
        *total += count;
        if *total == 0 {
            self.0.remove(&bin);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bin, count) in &other.0 {
            self.bump(*bin, *count);
        }
    }

    /// Returns the bins with their counts, in order.
    pub(super) fn bins(&self) -> Vec<(Bin, i64)> {
        let mut bins: Vec<_> = self.0.iter().map(|(bin, count)| (*bin, *count)).collect();
        bins.sort_unstable();
        bins
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leading_digits_and_powers() {
        let parts = |text: &str| Bin::of(text.as_bytes()).map(Bin::parts);
        for (text, digits, exponent) in [
            ("0", 0, 0),
            ("-0.000", 0, 0),
            ("7", 70, -1),
            ("12", 12, 0),
            ("1299", 12, 2),
            ("-0.2175", -21, -2),
            ("0.005", 50, -4),
            ("1.5e3", 15, 2),
            ("100e-3", 10, -2),
            ("0.0e9", 0, 0),
            ("1e99999999999999999999", 10, 400),
        ] {
            assert_eq!(parts(text), Some((digits, exponent)), "{text}");
        }
        for text in ["x", "1.2.3", "--1", "1e5x"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_lies_within_its_bin(number in -1e12f64..1e12) {
            let bin = Bin::of(number.to_string().as_bytes()).unwrap();
            let (low, high) = bin.bounds();
            prop_assert!(low <= number && number <= high, "{low} {number} {high}");
            let (digits, exponent) = bin.parts();
            prop_assert_eq!(Bin::new(digits, exponent), Some(bin));
        }

        #[test]
        fn bins_sort_as_their_numbers(a in -1e6f64..1e6, b in -1e6f64..1e6) {
            let bin = |number: f64| Bin::of(number.to_string().as_bytes()).unwrap();
            prop_assert!(bin(a.min(b)) <= bin(a.max(b)));
        }

        #[test]
        fn any_text_is_no_trouble(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Bin::of(&text);
        }
    }
}
