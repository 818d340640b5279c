//! Tests of cutting: chunks are the content, do not depend on pushes, and keep their boundaries.

use crate::base::RepoPath;
use crate::chunk::Cut;
use crate::dataset::Cutter;

type Chunks = Vec<(Vec<u8>, Cut)>;

/// Cuts a content that is pushed in pieces of the sizes given, in turn.
fn cut(path: &str, bytes: &[u8], sizes: &[usize], previous: Option<&str>) -> (Chunks, String) {
    let path = RepoPath::new(path).unwrap();
    let mut cutter = Cutter::choose(&path, bytes, true, previous, None);
    let described = cutter.describe();
    let mut chunks: Chunks = Vec::new();
    let mut emit = |bytes: &[u8], cut: Cut| {
        assert_eq!(bytes.len(), cut.length);
        chunks.push((bytes.to_vec(), cut));
        Ok::<(), ()>(())
    };
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len());
        let (now, later) = rest.split_at(rest.len().min(size));
        cutter.push(now, &mut emit).unwrap();
        rest = later;
    }
    cutter.finish(&mut emit).unwrap();
    assert_eq!(
        chunks
            .iter()
            .flat_map(|(b, _)| b)
            .copied()
            .collect::<Vec<_>>(),
        bytes
    );
    (chunks, described)
}

fn table(records: u32, last: impl Fn(u32) -> String) -> Vec<u8> {
    let mut out = "id,text,label\n".to_owned();
    for i in 0..records {
        let word = i.wrapping_mul(2_654_435_761) >> 8;
        out += &format!(
            "{},some words {word} and \"more, {word}\",{}\n",
            i * 10,
            last(i)
        );
    }
    out.into_bytes()
}

#[test]
fn changed_labels_and_columns_move_no_boundary() {
    let label = |i: u32| ["cat", "dog", "horse"][i as usize % 3].to_owned();
    let first = table(100_000, label);
    let (chunks, described) = cut("a.csv", &first, &[], None);
    assert!(chunks.len() > 300, "{}", chunks.len());
    assert!(chunks[0].1.header);
    let shape = |chunks: &Chunks| -> Vec<_> {
        chunks[1..]
            .iter()
            .map(|(_, cut)| (cut.records, cut.anchor))
            .collect()
    };
    let relabelled = table(
        100_000,
        |i| if i % 1000 == 7 { "ox".into() } else { label(i) },
    );
    let wider = table(100_000, |i| format!("{},0.{i}", label(i)));
    let rewritten = table(100_000, |i| format!("class {i}"));
    for other in [relabelled, wider, rewritten] {
        let (others, _) = cut("a.csv", &other, &[70_000], Some(&described));
        assert_eq!(shape(&chunks), shape(&others));
    }
}
