//! `hook`: dver's part in the hooks of a git repository, and the drivers by which git reads data.
//!
//! Invariant: what git's own hooks say stands: they run first, with their arguments and input, and
//! their refusal is not overruled. Nothing of git's is changed that `uninstall` does not bring back.

pub mod drivers;
