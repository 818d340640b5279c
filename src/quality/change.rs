//! Changes of metrics between two versions, the most telling first.

use super::metric::Metric;
use super::metrics::definition;

/// No more changes than this of one metric are shown while others wait.
const OF_ONE_METRIC: usize = 3;

/// Numbers that lie this close together, as a share of themselves, are one number.
const ROUNDING: f64 = 1e-12;

/// A metric that differs between two versions.
#[derive(Clone, PartialEq, Debug)]
pub struct MetricChange {
    /// The metric in the newer version, or in the older where the newer has none.
    pub metric: Metric,
    /// Its value before; `None` where it was undefined or absent.
    pub before: Option<f64>,
    /// Its value after; `None` where it is undefined or absent.
    pub after: Option<f64>,
}

impl MetricChange {
    /// Returns the difference, where both values are there.
    pub fn difference(&self) -> Option<f64> {
        Some(self.after? - self.before?)
    }

    /// Returns whether nothing changed but the order in which floats were added up.
    fn is_rounding(&self) -> bool {
        match (self.before, self.after) {
            (Some(a), Some(b)) => (a - b).abs() <= ROUNDING * a.abs().max(b.abs()),
            (before, after) => before == after,
        }
    }

    fn size(&self) -> f64 {
        match self.difference() {
            Some(difference) => difference.abs(),
            None => f64::INFINITY,
        }
    }
}

/// Returns at most `most` metrics that changed, drift apart: by the rank of their definitions, then
/// by size.
pub fn changed(before: &[Metric], after: &[Metric], most: usize) -> Vec<MetricChange> {
    let mut old: std::collections::BTreeMap<_, &Metric> = before
        .iter()
        .map(|metric| (identity(metric), metric))
        .collect();
    let mut changes = Vec::new();
    for metric in after {
        let before = old.remove(&identity(metric)).and_then(|old| old.value);
        changes.push(MetricChange {
            metric: metric.clone(),
            before,
            after: metric.value,
        });
    }
    for metric in before.iter().filter(|m| old.contains_key(&identity(m))) {
        changes.push(MetricChange {
            metric: metric.clone(),
            before: metric.value,
            after: None,
        });
    }
    // The distance between two splits moves by chance with every record.
    changes.retain(|change| !change.is_rounding() && !change.metric.name.starts_with("drift_"));
    let rank = |change: &MetricChange| definition(&change.metric.name).map_or(u8::MAX, |d| d.rank);
    changes.sort_by(|a, b| {
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.metric.name.cmp(&b.metric.name))
            .then_with(|| b.size().total_cmp(&a.size()))
    });
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    changes.retain(|change| {
        let count = seen.entry(change.metric.name.clone()).or_default();
        *count += 1;
        *count <= OF_ONE_METRIC
    });
    changes.truncate(most);
    changes
}

fn identity(metric: &Metric) -> (&str, Option<&str>, Option<&str>) {
    let (field, class) = (metric.field.as_deref(), metric.class.as_deref());
    (&metric.name, field, class)
}

/// Writes into each metric its value in an older version.
pub fn with_previous(metrics: &mut [Metric], older: &[Metric]) {
    let old: std::collections::BTreeMap<_, Option<f64>> = older
        .iter()
        .map(|metric| (identity(metric), metric.value))
        .collect();
    for metric in metrics {
        metric.previous = old.get(&identity(metric)).copied().flatten();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::metric::Value;
    use crate::quality::read::derived;

    #[test]
    fn what_is_added_up_in_another_order_has_not_changed() {
        let entropy = |value: f64| [derived("entropy", "bits", 1, Value::real(value))];
        let third = 0.1 + 0.2;
        assert_ne!(third, 0.3);
        assert!(changed(&entropy(third), &entropy(0.3), 5).is_empty());
        assert_eq!(changed(&entropy(0.3), &entropy(0.3 + 1e-9), 5).len(), 1);
        assert_eq!(changed(&entropy(0.0), &entropy(1e-20), 5).len(), 1);
    }
}
