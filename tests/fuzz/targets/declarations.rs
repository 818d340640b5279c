//! dver.toml: what does not read is an error, never a panic.
#![no_main]

use dver::dataset::Declarations;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Declarations::parse(bytes);
});
