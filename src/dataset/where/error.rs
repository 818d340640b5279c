//! What can be wrong with an expression, and where.

/// An expression that does not parse, or names what is not there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("condition, byte {}: {reason}", at + 1)]
pub struct WhereError {
    /// The expression as it was given.
    pub text: String,
    /// The byte at which it goes wrong, counted from 0; its length where it ends too early.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
    /// The name that was probably meant.
    pub nearest: Option<String>,
    /// The names that there are, where a name is unknown.
    pub known: Vec<String>,
}

impl WhereError {
    pub(super) fn new(text: &str, at: usize, reason: impl Into<String>) -> Self {
        Self {
            text: text.to_owned(),
            at: at.min(text.len()),
            reason: reason.into(),
            nearest: None,
            known: Vec::new(),
        }
    }
}
