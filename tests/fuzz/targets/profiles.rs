//! Profiles that are kept locally: bytes that decode encode to themselves.
#![no_main]

use dver::profile::Profile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(profile) = Profile::decode(bytes) {
        let again = Profile::decode(&profile.encode()).expect("what was encoded decodes");
        assert_eq!(again.encode(), profile.encode());
    }
});
