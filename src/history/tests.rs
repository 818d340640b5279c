//! Tests of revisions and walks.

use std::collections::BTreeMap;

use super::*;
use crate::base::{ObjectId, Timestamp};
use crate::object::{Commit, Head, MemoryStore, Refs, View, WorktreeState, put};
use crate::refs::{Change, Current, record};

fn commit(store: &mut MemoryStore, time: i64, parents: &[ObjectId]) -> ObjectId {
    let commit = Commit {
        parents: parents.to_vec(),
        author: "Ada <a@b>".into(),
        time: Timestamp::from_seconds(time).unwrap(),
        environment: Vec::new(),
        message: time.to_string(),
        snapshot: ObjectId::of(b""),
        changes: Vec::new(),
        scorecard: ObjectId::of(b""),
        reason: None,
        source: None,
        gates: Vec::new(),
        gate_override: None,
    };
    put(store, &commit).unwrap()
}

fn state(store: &mut MemoryStore, refs: Refs) -> Current {
    let main = WorktreeState {
        head: Head::Branch("main".into()),
        stage: None,
        pending: None,
    };
    let view = View {
        refs: ObjectId::of(b""),
        worktrees: BTreeMap::from([("main".into(), main)]),
        remotes: BTreeMap::new(),
        attachments: None,
    };
    let change = Change {
        verb: "test".into(),
        revisions: Vec::new(),
        hidden: false,
        wrote: None,
        user: String::new(),
        time: Timestamp::from_seconds(0).unwrap(),
        expired: None,
    };
    let (id, _) = record(store, None, view, &refs, change).unwrap();
    Current::read(store, id).unwrap()
}

#[test]
fn revisions_follow_parents_by_number() {
    let mut store = MemoryStore::new();
    let a = commit(&mut store, 1, &[]);
    let b = commit(&mut store, 2, &[a]);
    let c = commit(&mut store, 3, &[a]);
    let merge = commit(&mut store, 4, &[b, c]);
    let refs = BTreeMap::from([
        ("heads/main".to_owned(), merge),
        ("tags/first".to_owned(), a),
    ]);
    let current = state(&mut store, Refs(refs));
    let all = [a, b, c, merge];
    let by_prefix = |prefix: &str| {
        all.iter()
            .filter(|id| id.to_string().starts_with(prefix))
            .copied()
            .collect()
    };
    let names = Names {
        source: &store,
        current: &current,
        worktree: "main",
        by_prefix: &by_prefix,
    };
    for (text, expected) in [
        ("HEAD", merge),
        ("@", merge),
        ("main", merge),
        ("main^", b),
        ("main^2", c),
        ("HEAD~2", a),
        ("HEAD^2~1", a),
        ("~1", b),
        ("first", a),
        ("@{0}", merge),
        (&b.to_string()[..8], b),
        (&c.to_string(), c),
    ] {
        assert_eq!(names.resolve(text).unwrap(), expected, "{text}");
    }
    assert!(
        matches!(names.resolve("firts"), Err(Error::Unknown { nearest, .. }) if nearest == ["first"])
    );
    assert!(matches!(
        names.resolve("first~1"),
        Err(Error::NoParent { number: 1, .. })
    ));
    for text in ["main~x", "main~0\u{e9}", "main^\u{e9}"] {
        let error = names.resolve(text);
        assert!(matches!(error, Err(Error::Syntax { .. })), "{text}");
    }
    let object = ObjectId::of(&crate::object::encode(&current.view)).to_string();
    assert!(
        matches!(names.resolve(&object), Err(Error::Object(_))),
        "a view is no commit"
    );
}

#[test]
fn the_log_shows_children_before_parents_and_late_before_early() {
    let mut store = MemoryStore::new();
    let a = commit(&mut store, 1, &[]);
    let b = commit(&mut store, 5, &[a]);
    let c = commit(&mut store, 3, &[a]);
    let merge = commit(&mut store, 4, &[b, c]); // its clock was behind
    let ids = |tips: &[ObjectId], without: &[ObjectId], most| -> Vec<ObjectId> {
        log(&store, tips, without, most)
            .unwrap()
            .into_iter()
            .map(|(id, _)| id)
            .collect()
    };
    assert_eq!(ids(&[merge], &[], None), [merge, b, c, a]);
    assert_eq!(ids(&[merge], &[b], None), [merge, c]);
    assert_eq!(ids(&[merge], &[], Some(2)), [merge, b]);
    assert_eq!(ids(&[b], &[], Some(9)), [b, a]);
    assert_eq!(merge_base(&store, &b, &c).unwrap(), Some(a));
    assert_eq!(merge_base(&store, &merge, &c).unwrap(), Some(c));
    assert!(is_ancestor(&store, &a, &merge).unwrap());
    assert!(!is_ancestor(&store, &merge, &a).unwrap());
}
