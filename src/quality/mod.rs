//! Quality: measuring data sets, sealing scorecards, and reading metrics from them.
//!
//! Invariant: what is sealed is integers and a pure function of the records and their
//! declaration. Floats are derived when read, in one fixed order, without the platform's libm.
//! A metric is one file in `metrics/`; definitions: docs/quality.md.

pub mod agreement;
mod change;
pub mod consensus;
mod drift;
mod error;
mod estimate;
mod follow;
mod gate;
mod measure;
mod memory;
mod metric;
mod metrics;
mod numbers;
mod outline;
mod read;
mod references;
mod score;
mod selector;
mod sets;

pub use change::{MetricChange, changed, with_previous};
pub use drift::{Renames, drift_since, no_drift};
pub use error::Error;
pub use follow::{Delta, follow};
pub use gate::{
    Amount, Base, COUNTED, Counted, ScoreOf, Scored, State, Verdict, judge, needs_changes,
};
pub use measure::{Measured, measure, measure_and_keep};
pub use memory::{Known, Memory};
pub use metric::{Definition, Metric, Number, Value};
pub use metrics::{REGISTRY, definition};
pub use outline::Outline;
pub use read::{dataset_metrics, derived, metrics_of};
pub use references::{ValueSet, dangling};
pub use score::{Labels, Subject};
pub use selector::{Aspect, Selector};
pub use sets::{by_class, joint_by_class};

#[cfg(test)]
mod tests;
