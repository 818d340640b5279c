//! Engines: what a model says of each question when some of the changes are made.

mod fixed;
mod linear;
mod nearest;
mod refit;

use super::cause::Cause;
pub(super) use fixed::Fixed;
pub(super) use linear::Linear;
pub(super) use nearest::Local;
pub(super) use refit::Refit;

/// Answers for coalitions. `applied` has one bit for each player of the game.
pub(super) trait Engine: Sync {
    /// Returns the class that is said of each question.
    fn answers(&self, applied: &[bool]) -> Vec<u32>;

    /// Returns the players whose changes of training records can move an answer, ascending; `None`
    /// where any can.
    fn movers(&self, question: u32) -> Option<&[u32]>;

    /// Returns one answer; asked only of engines that know the movers.
    fn answer(&self, question: u32, applied: &dyn Fn(u32) -> bool) -> u32;

    /// Returns how many coalitions of a cause's groups may be gone through for each model that the
    /// caller allows: what a fit costs beside an answer of this engine.
    fn thrift(&self, _cause: Cause) -> u64 {
        1
    }
}
