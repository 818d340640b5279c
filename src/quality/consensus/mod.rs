//! Consensus: which class several ratings of an item speak for.
//!
//! The variant decides the number, so every result names its own: [`Method::name`]. Definitions:
//! docs/agreement.md, "Consensus".

mod dawid_skene;
mod majority;
mod votes;
mod work_list;

pub use dawid_skene::{DawidSkene, Fit, dawid_skene};
pub use majority::{Majority, majority};
pub use votes::{Method, Verdict, Votes};
pub use work_list::{Outvoted, outvoted};

#[cfg(test)]
mod tests;
