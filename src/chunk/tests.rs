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

#[test]
fn hashes_of_anchors_are_part_of_the_format() {
    let record = b"1047,\"some text, quoted\",0.25,cat and dog and horse";
    let field = |place| Anchor::Field {
        place,
        delimiter: b',',
    };
    let hashes = [field(0), field(1), field(7), Anchor::Prefix, Anchor::Record]
        .map(|anchor| anchor.hash(record));
    assert_eq!(
        hashes,
        [
            0x47d3_b9dc_c37b_243a,
            0xadd1_b439_ab06_6751,
            0xca35_29ed_2744_6f56,
            0xe8d6_a32d_475c_7ca4,
            0xca35_29ed_2744_6f56,
        ]
    );
    // Only the part that counts counts, however many bytes stand behind it.
    let hash = |text: &str| field(0).hash(text.as_bytes());
    assert_eq!(hash("17"), hash("17,cat"));
    assert_eq!(
        hash("17,"),
        hash("17,a text that is longer than thirty-two bytes")
    );
    assert_ne!(hash("17"), hash("17\0"));
    assert_ne!(hash(""), hash("\0"));
}

#[test]
fn chunks_aim_at_sixteen_kibibytes() {
    for (mean, target) in [
        (1, 4096),
        (4, 4096),
        (90, 128),
        (108, 128),
        (120, 128),
        (180, 64),
        (12_000, 1),
        (16_384, 1),
        (1 << 20, 1),
    ] {
        assert_eq!(RecordCutter::target(1000, mean * 1000), target, "{mean}");
    }
    assert_eq!(RecordCutter::target(0, 0), 4096);
}

/// Shows records of these bytes, and returns how many each chunk has.
fn shapes(target: u32, anchor: Anchor, records: &[Vec<u8>]) -> Vec<usize> {
    let mut cutter = RecordCutter::new(target, anchor);
    let mut shown = 0;
    let mut shapes = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let start = at - shown;
        let whole = |place: usize| RecordCutter::whole_hash(&records[start + place]);
        let boundary = cutter.show(record, record.len(), whole);
        shown += 1;
        if let Some(boundary) = boundary {
            shapes.push(boundary.records);
            shown -= boundary.records;
        }
    }
    shapes.extend(cutter.flush().map(|last| last.records));
    shapes
}

#[test]
fn chunks_have_bounds_where_hashes_find_none() {
    let equal = vec![b"same".to_vec(); 1000];
    let shape = shapes(64, Anchor::Record, &equal);
    assert!(shape.iter().all(|&records| (16..=256).contains(&records)) || shape.len() > 3);
    assert_eq!(shape.iter().sum::<usize>(), 1000);
    // Large records end a chunk by their bytes.
    let large = vec![vec![b'x'; 100 << 10]; 10];
    let shape = shapes(64, Anchor::Record, &large);
    assert!(shape.iter().all(|&records| records <= 2), "{shape:?}");
}

#[test]
fn an_inserted_record_moves_only_the_boundaries_around_it() {
    let records = |skip: u32| -> Vec<Vec<u8>> {
        (0..20_000u32)
            .filter(|&i| i != skip)
            .map(|i| format!("{i},{}", i % 3).into_bytes())
            .collect()
    };
    let anchor = Anchor::Field {
        place: 0,
        delimiter: b',',
    };
    let ends = |shapes: &[usize], from: usize| -> std::collections::HashSet<usize> {
        let mut at = 0;
        let ends = shapes.iter().map(|records| {
            at += records;
            if at > from { at + 1 } else { at }
        });
        ends.collect()
    };
    let before = ends(&shapes(64, anchor, &records(u32::MAX)), usize::MAX);
    let after = ends(&shapes(64, anchor, &records(9_999)), 9_999);
    let moved = before.symmetric_difference(&after).count();
    assert!(moved <= 4, "{moved}");
}
