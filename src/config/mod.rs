//! Settings: `dver.toml`, which is versioned with the data, and `.dver/config.toml`, which is not.
//!
//! Invariant: a key that is not known is an error that names its line and the nearest known key,
//! so that a typo never turns a rule off in silence. Editing keeps the user's comments and layout.
//! Nothing here knows what the settings mean: `dataset` makes declarations of them.

mod card;
mod declarations;
pub mod edit;
mod error;
mod evaluation;
mod gate;
mod local;
mod reader;

pub use card::CardConfig;
pub use declarations::{ClassesConfig, DatasetConfig, Declarations, FieldConfig, LabelKindConfig};
pub use error::Error;
pub use evaluation::{CommandConfig, EvaluationConfig, LEARNERS, ScaleConfig};
pub use gate::{Bound, Comparison, GateConfig, Limit};
pub use local::{GitSettings, HookMode, Local, days};

#[cfg(test)]
mod tests;
