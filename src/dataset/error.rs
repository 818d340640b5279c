//! What can be wrong with a declaration or with reading a data set.

use crate::base::RepoPath;
use crate::config::Error as ConfigError;
use crate::object::Error as ObjectError;

use crate::profile::BadRule;

use super::pattern::BadPattern;

/// A data set that cannot be declared or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `dver.toml` does not say what it should.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `dver.toml` is not UTF-8, or larger than a megabyte.
    #[error("dver.toml is not a text file of at most one megabyte")]
    NotText,
    /// A path pattern that cannot be used.
    #[error("in the data set `{dataset}`: {source}")]
    Pattern {
        /// The data set.
        dataset: String,
        /// What is wrong.
        source: BadPattern,
    },
    /// Nothing says which format the files have.
    #[error("nothing says which format the files of the data set `{dataset}` have")]
    NoFormat {
        /// The data set.
        dataset: String,
    },
    /// An encoding that is not known.
    #[error("the data set `{dataset}` declares the encoding `{encoding}`, which is not known")]
    UnknownEncoding {
        /// The data set.
        dataset: String,
        /// The encoding.
        encoding: String,
    },
    /// A guideline outside the worktree.
    #[error("the guideline `{path}` of the data set `{dataset}` is no path in the worktree")]
    BadGuideline {
        /// The data set.
        dataset: String,
        /// The path.
        path: String,
    },
    /// A rule about the values of a field that cannot be used.
    #[error("in the data set `{dataset}`: {source}")]
    Rule {
        /// The data set.
        dataset: String,
        /// What is wrong.
        source: BadRule,
    },
    /// No file has the field that a role names.
    #[error("no record of {} has a field `{field}`{}", path, suggestion(.nearest))]
    NoField {
        /// The first file that was looked at.
        path: RepoPath,
        /// The field.
        field: String,
        /// The field that was probably meant.
        nearest: Option<String>,
    },
    /// The files that were named hold no records that can be read.
    #[error("{paths} matches no file that dver reads as a table")]
    NoTable {
        /// What was named.
        paths: String,
    },
    /// An object that cannot be had.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}
