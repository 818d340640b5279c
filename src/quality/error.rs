//! What can go wrong when measuring and when reading metrics.

/// Something that could not be measured or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An object could not be had.
    #[error(transparent)]
    Object(#[from] crate::object::Error),
    /// The scorecard knows no such data set.
    #[error("this version has no data set `{name}`")]
    UnknownDataset {
        /// What was asked for.
        name: String,
    },
    /// No metric is written so.
    #[error("there is no metric `{name}`{}", suggestion(.nearest))]
    UnknownMetric {
        /// What was asked for.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}
