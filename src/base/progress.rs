//! Progress of long work, as the library tells it; cli draws it.

/// Hears how far long work has come. Calls may come from any thread.
pub trait Progress: Sync {
    /// A stage begins: `what` in words for people, `total` in bytes where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// A stage begins that is counted in things of a kind (`objects`) instead of bytes.
    fn begin_counting(&self, what: &str, things: &'static str, total: Option<u64>) {
        let _ = things;
        self.begin(what, total);
    }
    /// So many bytes or things more of the stage are done.
    fn advance(&self, done: u64);
    /// The stage is over, if there is one.
    fn end(&self);
}

/// Tells nobody.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _done: u64) {}
    fn end(&self) {}
}
