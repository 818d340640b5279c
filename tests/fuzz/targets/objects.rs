//! Metadata objects: bytes that decode encode to themselves, and nothing panics.
#![no_main]

use dver::base::ObjectId;
use dver::object::changes::ChangeSet;
use dver::object::{
    Analysis, AnalysisDefinition, Commit, Joint, Kind, Operation, Schema, Scorecard, State, Values,
    View, WorkList, decode, encode,
};
use libfuzzer_sys::fuzz_target;

fn check<T: Kind>(bytes: &[u8]) {
    if let Ok(value) = decode::<T>(&ObjectId::of(bytes), bytes) {
        assert_eq!(encode(&value), bytes);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check::<Operation>(bytes);
    check::<View>(bytes);
    check::<Commit>(bytes);
    check::<Scorecard>(bytes);
    check::<Schema>(bytes);
    check::<State>(bytes);
    check::<Values>(bytes);
    check::<Joint>(bytes);
    check::<ChangeSet>(bytes);
    check::<Analysis>(bytes);
    check::<AnalysisDefinition>(bytes);
    check::<WorkList>(bytes);
});
