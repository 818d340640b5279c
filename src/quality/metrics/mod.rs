//! The registry: every metric that scorecards have, one file each.
//!
//! To add one: write its file with the constant, list it here, and describe it in
//! docs/quality.md (a test compares both). When a definition changes, its version rises.

use super::metric::Definition;

mod agreement_ac1;
mod agreement_alpha;
mod agreement_cohen;
mod agreement_cohen_linear;
mod agreement_cohen_quadratic;
mod agreement_fleiss;
mod agreement_percent;
mod class_share;
mod classes;
mod classes_empty;
mod distinct;
pub(super) mod drift_js;
pub(super) mod drift_psi;
mod duplicates_content;
mod duplicates_key;
mod duplicates_record;
mod effective_classes;
mod entropy;
mod imbalance_ratio;
mod label_cardinality;
mod label_conflicts;
mod leakage;
mod maximum;
mod median;
mod minimum;
mod missing;
mod null_keys;
mod pii;
mod records;
mod schema_violations;
mod text_quality;
mod text_script;
mod unparsable;

/// All metrics, in the order in which they are shown.
pub const REGISTRY: &[Definition] = &[
    records::METRIC,
    unparsable::METRIC,
    null_keys::METRIC,
    duplicates_key::METRIC,
    duplicates_record::METRIC,
    duplicates_content::METRIC,
    label_conflicts::METRIC,
    leakage::METRIC,
    schema_violations::METRIC,
    missing::METRIC,
    distinct::METRIC,
    minimum::METRIC,
    median::METRIC,
    maximum::METRIC,
    classes::METRIC,
    classes_empty::METRIC,
    class_share::METRIC,
    label_cardinality::METRIC,
    entropy::METRIC,
    effective_classes::METRIC,
    imbalance_ratio::METRIC,
    drift_psi::METRIC,
    drift_js::METRIC,
    agreement_percent::METRIC,
    agreement_alpha::METRIC,
    agreement_fleiss::METRIC,
    agreement_ac1::METRIC,
    agreement_cohen::METRIC,
    agreement_cohen_linear::METRIC,
    agreement_cohen_quadratic::METRIC,
    text_script::METRIC,
    text_quality::METRIC,
    pii::METRIC,
];

/// Returns the metric of that name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    REGISTRY.iter().find(|definition| definition.name == name)
}
