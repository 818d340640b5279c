//! docs/format.md tells the truth: its examples decode, and encode to the same bytes.

use std::fs;
use std::path::Path;

use dver::base::{ObjectId, RepoPath};
use dver::object::changes::{ChangeSet, Row, RowChange, RowKey};
use dver::object::tree::{Node, read_all};
use dver::object::{
    Analysis, AnalysisDefinition, Commit, Definition, Evaluation, FileEntry, Joint, Kind, Manifest,
    MemoryStore, Numbers, ObjectSink as _, Operation, Predictions, Refs, Schema, Scorecard,
    Snapshot, State, Values, View, WorkList, decode, encode,
};

/// Returns the body of the block that opens with these words.
fn block(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md");
    let text = fs::read_to_string(path).unwrap();
    let opening = format!("```{name}\n");
    let body = text
        .split(&opening)
        .nth(1)
        .unwrap_or_else(|| panic!("no block `{name}`"));
    body.split("```").next().unwrap().trim_end().to_owned()
}

/// Reads the hex pairs at the start of each line, up to the comment.
fn hex(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in block(&format!("hex {name}")).lines() {
        let code = line.split("    ").next().unwrap_or_default();
        for word in code.split_whitespace() {
            match u8::from_str_radix(word, 16) {
                Ok(byte) if word.len() == 2 => bytes.push(byte),
                _ => break,
            }
        }
    }
    bytes
}

fn json<T: Kind + std::fmt::Debug>() -> T {
    let text = block(&format!("json {}", T::KIND));
    let value: T = decode(&ObjectId::of(text.as_bytes()), text.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(encode(&value)).unwrap(), text);
    value
}

#[test]
fn the_metadata_examples_are_canonical() {
    json::<Operation>();
    json::<View>();
    let commit = json::<Commit>();
    let scorecard = json::<Scorecard>();
    let changes = json::<ChangeSet>();
    let schema = json::<Schema>();
    let state = json::<State>();
    let values = json::<Values>();
    json::<Joint>();
    json::<Numbers>();
    let evaluation = json::<Evaluation>();
    let definition = json::<Definition>();
    let predictions = json::<Predictions>();
    let analysis = json::<Analysis>();
    let asked = json::<AnalysisDefinition>();
    let list = json::<WorkList>();
    // The examples name each other.
    assert_eq!(commit.scorecard, ObjectId::of(&encode(&scorecard)));
    assert_eq!(commit.changes, [ObjectId::of(&encode(&changes))]);
    assert_eq!(scorecard.datasets[0].schema, ObjectId::of(&encode(&schema)));
    assert_eq!(scorecard.datasets[0].state, ObjectId::of(&encode(&state)));
    assert_eq!(state.fields[0].values, Some(ObjectId::of(&encode(&values))));
    assert_eq!(commit.snapshot, ObjectId::of(&hex("snapshot")));
    assert_eq!(evaluation.snapshot, commit.snapshot);
    assert_eq!(evaluation.definition, ObjectId::of(&encode(&definition)));
    assert_eq!(evaluation.predictions, ObjectId::of(&encode(&predictions)));
    assert_eq!(
        (analysis.commit, analysis.snapshot),
        (evaluation.commit, commit.snapshot)
    );
    assert_eq!(analysis.definition, ObjectId::of(&encode(&asked)));
    assert_eq!(analysis.list, ObjectId::of(&encode(&list)));
    assert!(list.rows.iter().all(|row| row.score() == Some(0.5)));
    assert_eq!(changes.body, Some(ObjectId::of(&hex("rows"))));
}

#[test]
fn the_tree_examples_decode() {
    let mut store = MemoryStore::new();
    let snapshot = store.put(&hex("snapshot")).unwrap();
    let entries = Snapshot::entries(&store, &snapshot).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].path, RepoPath::new("a.txt").unwrap());
    assert_eq!(entries[0].content, ObjectId::of(b"good\n"));
    let node = Node::<FileEntry>::decode(&hex("snapshot")).unwrap();
    assert_eq!(node.encode(), hex("snapshot"));

    let refs = store.put(&hex("refs")).unwrap();
    let refs = Refs::read(&store, &refs).unwrap();
    assert_eq!(refs.branch("main"), Some(ObjectId([1; 32])));

    let rows = store.put(&hex("rows")).unwrap();
    let rows: Vec<Row> = read_all(&store, &rows).unwrap();
    assert_eq!(rows[0].key, RowKey::Key(vec![Some("17".into())]));
    assert!(
        matches!(&rows[0].change, RowChange::Label(label) if label.to.as_deref() == Some("dog"))
    );
    assert_eq!(rows[1].change, RowChange::Added);

    let manifest = store.put(&hex("manifest")).unwrap();
    let manifest = Manifest::read(&store, &manifest).unwrap();
    assert_eq!(manifest.content, ObjectId::of(b"id,label\n1,cat\n"));
    assert_eq!(manifest.cutter, "records 1 r=128 by=prefix");
    assert_eq!(manifest.chunks[1].id, ObjectId::of(b"1,cat\n"));
    assert_eq!(manifest.records(), 1);
}
