//! Tests of canonical JSON, trees, snapshots and change-set rows.

use proptest::prelude::*;

use super::changes::{Cause, LabelChange, Row, RowChange, RowKey};
use super::tree::{self, Entry as _, Node};
use super::*;
use crate::base::varint::Reader;
use crate::base::{ObjectId, RepoPath, Timestamp};

fn commit() -> Commit {
    Commit {
        parents: vec![ObjectId::of(b"parent")],
        author: "Ada <ada@example.org>".into(),
        time: Timestamp::from_seconds(1_700_000_000).unwrap(),
        environment: Vec::new(),
        message: "fix \"labels\"\n한글".into(),
        snapshot: ObjectId::of(b"snapshot"),
        changes: vec![ObjectId::of(b"changes")],
        scorecard: ObjectId::of(b"scorecard"),
        reason: Some("review".into()),
        source: None,
        gates: Vec::new(),
        gate_override: None,
    }
}

#[test]
fn an_object_has_one_spelling() {
    let bytes = encode(&commit());
    let id = ObjectId::of(&bytes);
    assert!(bytes.starts_with(b"{\"dver\":\"commit 1\",\"parents\":["));
    assert_eq!(decode::<Commit>(&id, &bytes).unwrap(), commit());
    let text = String::from_utf8(bytes).unwrap();
    for other in [
        text.replace(",\"message\"", ", \"message\""),
        text.replace("\"reason\":\"review\"", "\"extra\":1,\"reason\":\"review\""),
        text.replace("한", "\\ud55c"),
    ] {
        assert_ne!(text, other);
        assert!(matches!(
            decode::<Commit>(&id, other.as_bytes()),
            Err(Error::Corrupt { .. })
        ));
    }
    assert!(matches!(
        decode::<View>(&id, text.as_bytes()),
        Err(Error::WrongKind { .. })
    ));
}

#[test]
fn integers_beyond_2_to_the_53_are_decimal_strings() {
    let exact = 1i128 << 53;
    assert_eq!(
        serde_json::to_string(&Int(exact)).unwrap(),
        "9007199254740992"
    );
    assert_eq!(
        serde_json::to_string(&Int(exact + 1)).unwrap(),
        "\"9007199254740993\""
    );
    assert_eq!(
        serde_json::from_str::<Int>("\"-9007199254740993\"").unwrap(),
        Int(-exact - 1)
    );
}

fn entry(path: &str, content: &[u8]) -> FileEntry {
    FileEntry {
        path: RepoPath::new(path).unwrap(),
        kind: EntryKind::File,
        size: content.len() as u64,
        content: ObjectId::of(content),
    }
}

fn snapshot(store: &mut MemoryStore, entries: &[FileEntry]) -> ObjectId {
    let mut builder = SnapshotBuilder::new();
    entries.iter().for_each(|e| builder.put(e.clone()));
    builder.finish(store).unwrap()
}

#[test]
fn a_file_takes_the_place_of_a_directory() {
    let mut builder = SnapshotBuilder::new();
    for path in ["a/b", "a/b/c", "a-", "a.txt", "a0"] {
        builder.put(entry(path, b""));
    }
    let paths = |b: &SnapshotBuilder| -> Vec<String> {
        b.entries().keys().map(|p| p.to_string()).collect()
    };
    assert_eq!(paths(&builder), ["a-", "a.txt", "a/b/c", "a0"]);
    builder.put(entry("a", b""));
    assert_eq!(paths(&builder), ["a", "a-", "a.txt", "a0"]);
}

#[test]
fn large_trees_have_levels_and_are_found_in() {
    let mut store = MemoryStore::new();
    let entries: Vec<_> = (0..50_000)
        .map(|n| entry(&format!("dir{}/f{n:06}", n % 7), b"x"))
        .collect();
    let id = snapshot(&mut store, &entries);
    assert!(matches!(
        Node::<FileEntry>::decode(&store.get(&id).unwrap()).unwrap(),
        Node::Inner(1, _)
    ));
    assert_eq!(Snapshot::entries(&store, &id).unwrap().len(), 50_000);
    let path = RepoPath::new("dir3/f000003").unwrap();
    assert!(Snapshot::find(&store, &id, &path).unwrap().is_some());
    assert!(
        Snapshot::find(&store, &id, &RepoPath::new("zzz").unwrap())
            .unwrap()
            .is_none()
    );
    let nodes = store.len();
    let mut changed = entries;
    changed[25_000] = entry("dir3/f025000", b"y");
    let other = snapshot(&mut store, &changed);
    assert!(
        store.len() - nodes <= 3,
        "one changed entry rewrites one path of nodes"
    );
    assert_eq!(Snapshot::changes(&store, &id, &other).unwrap().len(), 1);
}

#[test]
fn attachments_keep_their_order() {
    let mut store = MemoryStore::new();
    let (a, b) = (ObjectId([1; 32]), ObjectId([2; 32]));
    let mut attachments = Attachments::default();
    assert_eq!(attachments.clone().write(&mut store).unwrap(), None);
    for (commit, object) in [(b, 9), (a, 8), (b, 7)] {
        attachments.push(commit, AttachmentKind::Evaluation, ObjectId([object; 32]));
    }
    let id = attachments.clone().write(&mut store).unwrap();
    let read = Attachments::read(&store, id.as_ref()).unwrap();
    assert_eq!(read, attachments);
    let of_b: Vec<u8> = read
        .of(&b)
        .map(|attachment| attachment.object.0[0])
        .collect();
    assert_eq!(of_b, [9, 7]);
}

#[test]
fn a_user_file_that_looks_like_a_node_is_no_node() {
    let mut store = MemoryStore::new();
    let refs = Refs::default().write(&mut store).unwrap();
    assert!(matches!(
        Snapshot::entries(&store, &refs),
        Err(Error::Corrupt { .. })
    ));
}

proptest! {
    #[test]
    fn trees_are_functions_of_their_entries(
        a in prop::collection::btree_map("[a-c]{1,3}(/[a-c]{1,3})?", any::<u8>(), 0..40),
        b in prop::collection::btree_map("[a-c]{1,3}(/[a-c]{1,3})?", any::<u8>(), 0..40),
    ) {
        let mut store = MemoryStore::new();
        let build = |store: &mut MemoryStore, map: &std::collections::BTreeMap<String, u8>| {
            let entries: Vec<_> = map.iter().map(|(p, v)| entry(p, &[*v])).collect();
            snapshot(store, &entries)
        };
        let (x, y) = (build(&mut store, &a), build(&mut store, &b));
        let (before, after) =
            (Snapshot::map(&store, &x).unwrap(), Snapshot::map(&store, &y).unwrap());
        let mut patched = SnapshotBuilder::from_snapshot(&store, &x).unwrap();
        let changes = Snapshot::changes(&store, &x, &y).unwrap();
        for change in &changes {
            if let Some(old) = &change.before { patched.remove(&old.path); }
        }
        for change in &changes {
            prop_assert_ne!(&change.before, &change.after);
            if let Some(new) = &change.after { patched.put(new.clone()); }
        }
        prop_assert_eq!(patched.entries(), &after);
        prop_assert_eq!(patched.finish(&mut store).unwrap(), y);
        prop_assert_eq!(x == y, before == after);
    }

    #[test]
    fn rows_sort_by_data_set_and_key(
        a: (String, Vec<Option<String>>),
        b: (String, Vec<Option<String>>),
    ) {
        let row = |(d, k): &(String, Vec<Option<String>>)| {
            Row::new(d, (RowKey::Key(k.clone()), 1), None, RowChange::Added)
        };
        prop_assert_eq!(row(&a).key().cmp(row(&b).key()), a.cmp(&b));
    }

    #[test]
    fn rows_survive_encoding(
        dataset: String,
        key: Vec<Option<String>>, place: u64, from: Option<String>, to: Option<String>) {
        let change = RowChange::Label(LabelChange {
            field: "label".into(), from, to: to.clone(), cause: Cause::Merge, annotator_before: None,
            annotator: Some("a7".into()), source: None, reason: None, guideline: None,
        });
        let row = Row::new(&dataset, (RowKey::Key(key), place), to, change);
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        prop_assert_eq!(Row::decode(&mut Reader::new(&bytes)).unwrap(), row);
    }

    #[test]
    fn random_bytes_never_panic_a_decoder(mut bytes: Vec<u8>, lead in 0usize..5) {
        let leads: [&[u8]; 5] = [&[0xD7, 1, 0], &[0xD7, 2, 1], &[0xD7, 4, 0], &[0xD8], b"{\"dver\":\"commit 1\""];
        bytes.splice(0..0, leads[lead].iter().copied());
        let mut store = MemoryStore::new();
        let id = store.put(&bytes).unwrap();
        let _ = Node::<FileEntry>::decode(&bytes);
        let _ = Node::<ChunkEntry>::decode(&bytes);
        let _ = Node::<Row>::decode(&bytes);
        let _ = Manifest::read(&store, &id);
        let _ = decode::<Commit>(&id, &bytes);
        let _ = tree::read_all::<Row>(&store, &id);
    }
}
