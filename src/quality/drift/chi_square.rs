//! The chi-square distribution, by the regularised incomplete gamma function.
//!
//! The series and the continued fraction are those of Abramowitz and Stegun, 6.5.29 and 6.5.31;
//! ln gamma is Lanczos' approximation with g = 7 and nine terms: errors below 1e-12 here.

use crate::base::elementary::{exp, ln};

/// Terms after which both expansions have long converged.
const TERMS: u32 = 10_000;

/// Returns the probability that a chi-square variable is at least `value`.
pub(in crate::quality) fn above(value: f64, degrees: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let (a, x) = (degrees / 2.0, value / 2.0);
    // exp underflows below: the probability is smaller than anything printed.
    let scale = a * ln(x) - x - ln_gamma(a);
    if scale < -700.0 {
        return if x > a { 0.0 } else { 1.0 };
    }
    if x < a + 1.0 {
        1.0 - exp(scale) * series(a, x)
    } else {
        exp(scale) * fraction(a, x)
    }
}

/// The lower function over x^a e^-x / gamma(a): sum of x^n / (a (a + 1) ... (a + n)).
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for n in 1..TERMS {
        term *= x / (a + f64::from(n));
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// The upper function over the same, as a continued fraction, from the front (Lentz).
fn fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut product = d;
    for n in 1..TERMS {
        let n = f64::from(n);
        let term = -n * (n - a);
        b += 2.0;
        d = 1.0 / floor(term * d + b, TINY);
        c = floor(b + term / c, TINY);
        let factor = d * c;
        product *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product
}

fn floor(value: f64, tiny: f64) -> f64 {
    if value.abs() < tiny { tiny } else { value }
}

fn ln_gamma(a: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    const HALF_LN_2_PI: f64 = 0.918_938_533_204_672_8;
    // The approximation is for a - 1, which is above -1/2 here: degrees of freedom are whole.
    let z = a - 1.0;
    let mut sum = TERMS[0];
    for (n, term) in (1u32..).zip(&TERMS[1..]) {
        sum += term / (z + f64::from(n));
    }
    let t = z + G + 0.5;
    HALF_LN_2_PI + (z + 0.5) * ln(t) - t + ln(sum)
}
