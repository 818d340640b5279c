//! Tests of names, the head file and the chain.

use std::collections::BTreeMap;

use super::*;
use crate::base::{ObjectId, Timestamp};
use crate::object::{MemoryStore, Refs, View};

#[test]
fn names_that_read_as_revisions_are_refused() {
    for bad in [
        "", "a b", "a..b", "-x", "a//b", "/a", "a~1", "a^", "@{1}", "HEAD", ".a", "a:b",
    ] {
        assert!(check_branch_name(bad).is_err(), "{bad:?}");
    }
    for good in ["main", "fix/labels", "v1.0", "한글", "cafe"] {
        assert!(check_tag_name(good).is_ok(), "{good:?}");
    }
}

#[test]
fn operations_form_a_chain() {
    let mut store = MemoryStore::new();
    let view = View {
        refs: ObjectId::of(b""),
        worktrees: BTreeMap::new(),
        remotes: BTreeMap::new(),
        attachments: None,
    };
    let mut current: Option<Current> = None;
    for verb in ["init", "add", "commit"] {
        let change = Change {
            verb: verb.into(),
            revisions: Vec::new(),
            hidden: false,
            wrote: None,
            user: "Ada <a@b>".into(),
            time: Timestamp::from_seconds(0).unwrap(),
            expired: None,
        };
        let refs = Refs::default();
        let (id, _) = record(&mut store, current.as_ref(), view.clone(), &refs, change).unwrap();
        current = Some(Current::read(&store, id).unwrap());
    }
    let verbs: Vec<String> = Chain::from(&store, current.unwrap().id)
        .map(|operation| operation.unwrap().1.verb)
        .collect();
    assert_eq!(verbs, ["commit", "add", "init"]);
}

#[test]
fn a_torn_head_is_damage_not_absence() {
    let dir = tempfile::tempdir().unwrap();
    let head = HeadFile::new(dir.path());
    assert!(matches!(head.read(), Err(Error::DamagedHead { .. })));
    let id = ObjectId::of(b"x");
    head.write(&id).unwrap();
    assert_eq!(head.read().unwrap(), id);
    std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join("head"))
        .unwrap()
        .set_len(20)
        .unwrap();
    assert!(matches!(head.read(), Err(Error::DamagedHead { .. })));
}
