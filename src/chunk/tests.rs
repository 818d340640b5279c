//! Tests of anchors and boundaries; cutting of whole files is tested with the cutter.

use super::*;

#[test]
fn anchors_look_past_what_repeats() {
    let choose = |record: &dyn Fn(u32) -> String| {
        let records: Vec<String> = (0..200).map(record).collect();
        Anchor::choose(records.iter().map(String::as_bytes), b',').to_string()
    };
    assert_eq!(choose(&|i| format!("{i},cat,x")), "field0");
    assert_eq!(choose(&|i| format!("train,{i},cat")), "field1");
    let word = |i: u32| i.wrapping_mul(2_654_435_761);
    assert_eq!(
        choose(&|i| format!("{{\"source\":\"a\",\"n\":{}}}", word(i))),
        "field1"
    );
    assert_eq!(choose(&|i| format!("{} {}", i % 7, i % 40)), "field0");
    assert_eq!(choose(&|_| "same".to_owned()), "record");
    for name in ["field0", "field7", "prefix", "record"] {
        assert_eq!(Anchor::parse(name, b',').unwrap().to_string(), name);
    }
    assert_eq!(Anchor::parse("field8", b','), None);
}
