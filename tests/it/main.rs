//! The one integration test binary.

#[test]
fn nothing_yet() {}
