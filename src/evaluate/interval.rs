//! How sure a share and a change are.

use crate::base::elementary::exp;

/// The confidence of intervals where none is asked for.
pub const LEVEL: f64 = 0.95;
/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Returns the Wilson interval of 95 % of a share; `None` of nothing.
pub fn wilson(part: u64, whole: u64) -> Option<(f64, f64)> {
    wilson_of(part, whole, Z)
}

/// Returns the Wilson interval of a confidence above 0 and below 1.
pub fn wilson_at(part: u64, whole: u64, level: f64) -> Option<(f64, f64)> {
    wilson_of(part, whole, normal_quantile(0.5 + level / 2.0))
}

/// Returns the interval of the change of an accuracy between two predictions of the same `records`,
/// of which only the newer has `won` right and only the older `lost`. `None` of no records.
///
/// Half a record is added to each of the four cells (Agresti and Min 2005, "Wald + 2"), so that it
/// is wide where nothing differs: with m = n + 2 and d = (won - lost) / m it is
/// d +- z sqrt((won + lost + 1) / m^2 - d^2 / m).
pub fn paired_interval(won: u64, lost: u64, records: u64, level: f64) -> Option<(f64, f64)> {
    if records == 0 {
        return None;
    }
    let z = match level == LEVEL {
        true => Z,
        false => normal_quantile(0.5 + level / 2.0),
    };
    let m = records as f64 + 2.0;
    let change = (won as f64 - lost as f64) / m;
    let variance = ((won + lost) as f64 + 1.0) / (m * m) - change * change / m;
    let spread = z * variance.max(0.0).sqrt();
    Some(((change - spread).max(-1.0), (change + spread).min(1.0)))
}

/// Returns the point below which a normal distribution has the share `p`, from 1e-12 to 1 - 1e-12;
/// what is beyond is taken for the end.
pub fn normal_quantile(p: f64) -> f64 {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    let (mut low, mut high) = (-8.0, 8.0);
    // Each step halves what is left: 60 of them leave less than rounding.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        match normal(middle) < p {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

/// Returns the share of a normal distribution below `x`, for -8 to 8 (Marsaglia 2004): 1/2 + density
/// times x + x^3/3 + x^5/(3 5) + ...
fn normal(x: f64) -> f64 {
    let (mut sum, mut term) = (x, x);
    let mut odd = 3.0;
    while term.abs() > 1e-17 * sum.abs() {
        term *= x * x / odd;
        sum += term;
        odd += 2.0;
    }
    let density = exp(-x * x / 2.0) / std::f64::consts::TAU.sqrt();
    0.5 + density * sum
}

fn wilson_of(part: u64, whole: u64, z: f64) -> Option<(f64, f64)> {
    if whole == 0 {
        return None;
    }
    let (n, share) = (whole as f64, part as f64 / whole as f64);
    let square = z * z;
    let middle = share + square / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let scale = 1.0 + square / n;
    let (low, high) = ((middle - spread) / scale, (middle + spread) / scale);
    // At the ends the formula is exact and its rounding is not.
    let low = if part == 0 { 0.0 } else { low.max(0.0) };
    let high = if part == whole { 1.0 } else { high.min(1.0) };
    Some((low, high))
}

/// Returns the two-sided exact p of McNemar's test: that of `won` against `lost` under a fair coin.
pub fn mcnemar(won: u64, lost: u64) -> f64 {
    let (n, few) = (won + lost, won.min(lost));
    if won == lost {
        return 1.0;
    }
    // Terms are kept as their ratio to the greatest one of the tail, whose logarithm is apart: the
    // first is 2^-n, which no float has for large n.
    let mut log = -(n as f64);
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 0..few {
        term *= (n - k) as f64 / (k + 1) as f64;
        sum += term;
        if term > 1e200 {
            (term, sum) = (term * 1e-200, sum * 1e-200);
            log += 200.0 * std::f64::consts::LOG2_10;
        }
    }
    let log = log + crate::base::elementary::log2(sum) + 1.0;
    match log < -1000.0 {
        true => 0.0,
        false => crate::base::elementary::exp2(log).min(1.0),
    }
}

/// Returns the interval of 95 % of the mean of what `records` records gained and lost, each between
/// -1 and 1; `sum` and `squares` are the sums of that and of its squares. Two records are added, one
/// of which moved: half of it up, half of it down (Agresti and Min, 2005), so that a few wins are no
/// certainty.
pub fn interval_of_shares(sum: f64, squares: f64, records: u64) -> (f64, f64) {
    let n = records as f64 + 2.0;
    let mean = sum / n;
    let variance = ((squares + 1.0) / n - mean * mean).max(0.0);
    let spread = Z * (variance / n).sqrt();
    ((mean - spread).max(-1.0), (mean + spread).min(1.0))
}
