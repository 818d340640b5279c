//! What can go wrong in a diff. Bad data is none of it: problems of records are events.

use crate::base::IoError;
use crate::dataset;
use crate::object;

/// A diff that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An object that the diff needs cannot be read.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// What does not fit in memory could not be written, or read back.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The sink could not take an event.
    #[error("the differences could not be written")]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The records that were read do not account for the difference of the two sides' digests.
    #[error("internal error: the changes of data set {dataset} do not add up: {what}")]
    SelfCheck {
        /// The data set.
        dataset: String,
        /// Which sum is wrong.
        what: &'static str,
    },
    /// A file holds another number of records than it was cut into.
    #[error("record {ordinal} of data set {dataset} is not where it was")]
    LostRecord {
        /// The data set.
        dataset: String,
        /// The record's place, counted from 1.
        ordinal: u64,
    },
}
