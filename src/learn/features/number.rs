//! Numbers by a frozen scale.

/// How numbers are centred and scaled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scale {
    /// What becomes 0.
    pub centre: f64,
    /// What becomes 1 above it.
    pub unit: f64,
}

impl Scale {
    /// Freezes the scale of numbers: mean and standard deviation, summed in ascending order, so
    /// that their order does not matter. The unit of equal numbers is 1.
    pub fn freeze(mut numbers: Vec<f64>) -> Self {
        numbers.retain(|number| number.is_finite());
        numbers.sort_by(f64::total_cmp);
        let count = numbers.len().max(1) as f64;
        let centre = numbers.iter().map(|number| number / count).sum::<f64>();
        let square = |number: &f64| (number - centre) / count.sqrt();
        let variance = numbers.iter().map(square).map(|x| x * x).sum::<f64>();
        let unit = match variance.sqrt() {
            unit if unit.is_finite() && unit > 0.0 => unit,
            _ => 1.0,
        };
        Self { centre, unit }
    }

    /// Returns a number on the scale; `None` of what is no finite number.
    pub(super) fn of(&self, text: &str) -> Option<f64> {
        let number: f64 = text.trim().parse().ok()?;
        let scaled = (number - self.centre) / self.unit;
        scaled.is_finite().then_some(scaled)
    }
}

/// Reads a JSON list of finite numbers.
pub(super) fn list(text: &str) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = serde_json::from_str(text).ok()?;
    numbers
        .iter()
        .all(|number| number.is_finite())
        .then_some(numbers)
}
