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
    /// A gate that means nothing.
    #[error("dver.toml, line {line}: {what}")]
    Gate {
        /// Its line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: Box<Error>,
    },
    /// A gate of a data set that is not declared.
    #[error("no data set `{name}` is declared{}", suggestion(.nearest))]
    UndeclaredDataset {
        /// What the gate names.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// A gate on an evaluation that is not declared.
    #[error("no evaluation `{name}` is declared{}", suggestion(.nearest))]
    UnknownEvaluation {
        /// What the gate names.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
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

impl Error {
    /// Says in which line of dver.toml the gate stands.
    pub fn at(self, line: usize) -> Self {
        Self::Gate {
            line,
            what: Box::new(self),
        }
    }
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}
