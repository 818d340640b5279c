//! How many distinct values a sketch has seen. Cells and formula: docs/quality.md, "Distinct values".

use crate::base::elementary::exp;

use super::metric::Value;

/// Cells of a level, and levels, of the sketches that states seal (`profile`).
const WIDTH: f64 = 512.0;
const LEVELS: usize = 32;
/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;
/// As many values could not be told apart by their hashes.
const MOST: f64 = (1u64 << 50) as f64;
/// Halvings that bring [0, MOST] below one value, and then some.
const HALVINGS: usize = 80;

/// Returns how many values one cell of a level gets of each value that is there.
fn share(level: usize) -> f64 {
    // The last level takes all that would go further.
    let halvings = (level + 1).min(LEVELS - 1) as i32;
    2f64.powi(-halvings) / WIDTH
}

/// Returns the count under which so many filled cells are likeliest, with its 95 % interval.
///
/// A cell that gets `n s` values on average is empty with probability `exp(-n s)`. The count is
/// where the derivative of the log-likelihood is zero, the interval comes from its curvature
/// (Fisher's information).
pub(super) fn distinct(filled: &[u64]) -> Value {
    let level = |at: usize| (share(at), filled.get(at).copied().unwrap_or(0) as f64);
    let levels: Vec<(f64, f64)> = (0..LEVELS).map(level).collect();
    let slope = |count: f64| {
        levels.iter().fold(0.0, |slope, (share, filled)| {
            let empty = exp(-count * share);
            slope + share * (filled * empty / (1.0 - empty) - (WIDTH - filled))
        })
    };
    let (mut low, mut high) = (0.0, MOST);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        match slope(middle) > 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    let count = (low + high) / 2.0;
    let information = levels.iter().fold(0.0, |sum, (share, _)| {
        let empty = exp(-count * share);
        match empty < 1.0 {
            true => sum + WIDTH * share * share * empty / (1.0 - empty),
            false => sum,
        }
    });
    let reach = Z / information.sqrt();
    Value::real(count.round()).within((count - reach).max(0.0).round(), (count + reach).round())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::metric::Number;

    /// Filled cells as on average: the estimate must be what they were made from.
    #[test]
    fn cells_as_expected_give_the_count_back() {
        for count in [70_000.0, 1e6, 5e6, 1e9] {
            let expected = |level| (WIDTH * (1.0 - exp(-count * share(level)))).round() as u64;
            let filled: Vec<u64> = (0..LEVELS).map(expected).collect();
            let value = distinct(&filled);
            let Number::Real(found) = value.number else {
                panic!("no number");
            };
            let (low, high) = value.interval.unwrap();
            assert!((found / count - 1.0).abs() < 0.01, "{found} of {count}");
            assert!(low < count && count < high, "{low} {count} {high}");
            assert!((high - low) / count < 0.2, "{low} to {high}");
        }
    }
}
