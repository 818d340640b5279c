//! What can be wrong with a settings file.

/// A settings file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not TOML.
    #[error("{file}, line {line}: {message}")]
    Syntax {
        /// The settings file.
        file: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// What the TOML parser said.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{file}, line {line}: unknown key `{key}` in {table}{}", suggestion(.nearest))]
    UnknownKey {
        /// The settings file.
        file: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// The table that holds the key, as `[dataset.reviews]` or `the top level`.
        table: String,
        /// The key.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<String>,
    },
    /// A value of another type than its key wants.
    #[error("{file}, line {line}: `{key}` wants {expected}, not {found}")]
    WrongType {
        /// The settings file.
        file: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What the key wants.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that its key does not know.
    #[error("{file}, line {line}: `{key}` wants {expected}, not `{found}`{}", suggestion(.nearest))]
    BadValue {
        /// The settings file.
        file: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What the key wants.
        expected: &'static str,
        /// What stands there.
        found: String,
        /// The known value that was probably meant.
        nearest: Option<String>,
    },
    /// A key that must be there.
    #[error("{file}, line {line}: {table} has no `{key}`")]
    MissingKey {
        /// The settings file.
        file: &'static str,
        /// The line of the table, counted from 1.
        line: usize,
        /// The table.
        table: String,
        /// The key.
        key: &'static str,
    },
    /// A data set of that name is declared already.
    #[error("the data set `{0}` is declared already")]
    Exists(String),
    /// No data set of that name is declared.
    #[error("no data set `{name}` is declared{}", suggestion(.nearest))]
    NoDataset {
        /// The name.
        name: String,
        /// The declared name that was probably meant.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}
