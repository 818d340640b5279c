//! Progress of long work, as the library tells it; cli draws it.

/// Hears how far long work has come. Calls may come from any thread.
pub trait Progress: Sync {
    /// A stage begins: `what` in words for people, `total` in bytes where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// `bytes` more of the stage are done.
    fn advance(&self, bytes: u64);
    /// The stage is over.
    fn end(&self);
}

/// Tells nobody.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}
