//! What git shows of versions: one version described, two that stand against each other.

mod described;
mod standoff;

pub use described::{Counted, Described, Past, describe};
pub use standoff::{Merged, Side, Standoff, merge, stand};
