//! Checkouts: any tree becomes any other, nothing uncommitted is lost, and a crash can be resumed.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::super::*;
use super::ingest::table;
use super::{Files, path};
use crate::base::ObjectId;
use crate::base::progress::Quiet;
use crate::object::{
    self, EntryKind, FileEntry, MemoryStore, ObjectSink as _, ObjectSource, SnapshotBuilder,
};

/// A tree of files: path -> kind and content.
type Tree = BTreeMap<String, (EntryKind, Vec<u8>)>;

fn tree(files: &[(&str, &str)]) -> Tree {
    let file = |(name, text): &(&str, &str)| {
        let content = (EntryKind::File, text.as_bytes().to_vec());
        ((*name).to_owned(), content)
    };
    files.iter().map(file).collect()
}

/// Stores a tree, through a worktree of its own where a content needs a manifest.
fn store(store: &mut MemoryStore, tree: &Tree) -> ObjectId {
    let mut builder = SnapshotBuilder::new();
    for (name, (kind, bytes)) in tree {
        let content = ObjectId::of(bytes);
        if bytes.len() as u64 <= object::Content::MAX_WHOLE {
            store.put(bytes).unwrap();
        } else {
            let files = Files::new();
            files.write("file.csv", bytes);
            let walked = walk(files.root(), &[]).unwrap();
            let options = Ingest {
                root: files.root(),
                source: &MemoryStore::new(),
                previous: &|_| None,
                declared: &|_| None,
                progress: &Quiet,
            };
            ingest(&options, &walked.files, &mut StatCache::none(), store).unwrap();
        }
        builder.put(FileEntry {
            path: path(name),
            kind: *kind,
            size: bytes.len() as u64,
            content,
        });
    }
    builder.finish(store).unwrap()
}

/// Reads the tree that stands in the worktree.
fn standing(files: &Files) -> Tree {
    let read = |file: WorkFile| {
        let place = file.path.to_path(files.root());
        let bytes = match file.stat.kind {
            EntryKind::Symlink => {
                let target = fs::read_link(&place).unwrap();
                target.into_os_string().into_encoded_bytes()
            }
            _ => fs::read(&place).unwrap(),
        };
        let name = file.path.as_str().unwrap().to_owned();
        (name, (file.stat.kind, bytes))
    };
    walk(files.root(), &[])
        .unwrap()
        .files
        .into_iter()
        .map(read)
        .collect()
}

/// A worktree with a place for temporary files, and a store.
struct Scene {
    files: Files,
    scratch: tempfile::TempDir,
    store: MemoryStore,
    at: ObjectId,
}

impl Scene {
    fn new(start: &Tree) -> Self {
        let mut store_of = MemoryStore::new();
        let empty = store(&mut store_of, &Tree::new());
        let mut scene = Self {
            files: Files::new(),
            scratch: tempfile::tempdir().unwrap(),
            store: store_of,
            at: empty,
        };
        scene.go(start);
        scene
    }

    fn plan(&self, to: &ObjectId) -> Plan {
        let cache = &mut StatCache::none();
        plan(self.files.root(), &self.store, &self.at, to, cache, &Quiet).unwrap()
    }

    fn apply(&self, plan: &Plan, source: &dyn ObjectSource) -> Result<Applied, Error> {
        plan.apply(
            self.files.root(),
            self.scratch.path(),
            source,
            &mut StatCache::none(),
            &Quiet,
        )
    }

    /// Checks a tree out, where nothing is in the way.
    fn go(&mut self, tree: &Tree) {
        let to = store(&mut self.store, tree);
        let plan = self.plan(&to);
        assert_eq!(plan.conflicts, []);
        let applied = self.apply(&plan, &self.store).unwrap();
        assert!(applied.findings.is_empty());
        assert_eq!(standing(&self.files), *tree);
        assert_eq!(fs::read_dir(self.scratch.path()).unwrap().count(), 0);
        self.at = to;
        assert!(self.plan(&to).is_empty());
    }

    /// Plans a checkout and returns what is in the way.
    fn in_the_way(&mut self, tree: &Tree) -> (Plan, Vec<(String, Reason)>) {
        let to = store(&mut self.store, tree);
        let plan = self.plan(&to);
        let before = standing(&self.files);
        let error = self.apply(&plan, &self.store).unwrap_err();
        assert!(matches!(error, Error::InTheWay(_)));
        assert_eq!(standing(&self.files), before);
        let conflicts = plan.conflicts.iter();
        let found = conflicts
            .map(|conflict| (conflict.path.to_string(), conflict.reason.clone()))
            .collect();
        (plan, found)
    }
}

fn names() -> impl Strategy<Value = String> {
    let part = prop_oneof!["[a-c]", Just("new\nline".to_owned()), Just("é".to_owned())];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn trees() -> impl Strategy<Value = Tree> {
    let kind = prop_oneof![
        4 => Just(EntryKind::File),
        1 => Just(EntryKind::Executable),
        1 => Just(EntryKind::Symlink),
    ];
    let content = proptest::collection::vec(1u8.., 1..5);
    proptest::collection::vec((names(), (kind, content)), 0..12).prop_map(|files| {
        // As in any snapshot, a path is a file or a directory, not both.
        let mut tree = Tree::new();
        for (name, content) in files {
            let below = format!("{name}/");
            tree.retain(|other, _| {
                !other.starts_with(&below) && !name.starts_with(&format!("{other}/"))
            });
            tree.insert(name, content);
        }
        tree
    })
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_tree_becomes_any_other(a in trees(), b in trees(), c in trees()) {
        let mut scene = Scene::new(&a);
        scene.go(&b);
        scene.go(&c);
        scene.go(&Tree::new());
        // Empty directories do not stay behind.
        prop_assert_eq!(fs::read_dir(scene.files.root()).unwrap().count(), 0);
    }

    #[test]
    fn a_checkout_that_stopped_is_finished_by_another(a in trees(), b in trees(), left in 0i64..6) {
        let mut scene = Scene::new(&a);
        let to = store(&mut scene.store, &b);
        let plan = scene.plan(&to);
        let failing = Failing { store: &scene.store, left: AtomicI64::new(left) };
        let _ = scene.apply(&plan, &failing);
        scene.go(&b);
    }
}

/// A source that fails after so many objects.
struct Failing<'a> {
    store: &'a MemoryStore,
    left: AtomicI64,
}

impl ObjectSource for Failing<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, object::Error> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => self.store.get(id),
            _ => Err(object::Error::Missing(*id)),
        }
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, object::Error> {
        self.store.contains(id)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, object::Error> {
        self.store.manifest_of(content)
    }
}

#[test]
fn large_contents_come_back() {
    let content = (EntryKind::File, table(9 << 20, 1));
    let large: Tree = [("t.csv".to_owned(), content)].into();
    let mut scene = Scene::new(&tree(&[("t.csv", "small")]));
    scene.go(&large);
}

#[test]
fn uncommitted_work_stops_a_checkout() {
    let mut scene = Scene::new(&tree(&[("changed", "1"), ("kept", "1"), ("removed", "1")]));
    for name in ["changed", "kept", "removed", "new", "d"] {
        scene.files.write(name, "work");
    }
    let to = tree(&[("changed", "2"), ("kept", "1"), ("new", "2"), ("d/x", "2")]);
    let (mut plan, found) = scene.in_the_way(&to);
    use Reason::{Modified, Untracked};
    assert_eq!(
        found,
        [
            ("changed".to_owned(), Modified),
            ("d".to_owned(), Untracked),
            ("new".to_owned(), Untracked),
            ("removed".to_owned(), Modified),
        ]
    );
    assert_eq!(plan.at_stake().len(), 4);
    plan.overwrite();
    scene.apply(&plan, &scene.store).unwrap();
    let mut expected = to;
    // What both snapshots agree on is not touched.
    expected.insert("kept".into(), (EntryKind::File, b"work".to_vec()));
    assert_eq!(standing(&scene.files), expected);
}

#[test]
fn files_in_a_directory_that_must_become_a_file_are_work() {
    let mut scene = Scene::new(&tree(&[("d/tracked", "1")]));
    scene.files.write("d/e/work", "1");
    scene.files.write("d/.DS_Store", "1");
    fs::create_dir_all(scene.files.root().join("d/empty/er")).unwrap();
    let (mut plan, found) = scene.in_the_way(&tree(&[("d", "2")]));
    let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["d/.DS_Store", "d/e/work"]);
    plan.overwrite();
    scene.apply(&plan, &scene.store).unwrap();
    assert_eq!(standing(&scene.files), tree(&[("d", "2")]));
}

#[test]
fn a_deleted_file_is_no_work_and_one_already_there_is_none_either() {
    let mut scene = Scene::new(&tree(&[("changed", "1"), ("removed", "1")]));
    scene.files.remove("changed");
    scene.files.remove("removed");
    scene.files.write("new", "2");
    scene.go(&tree(&[("changed", "2"), ("new", "2")]));
}

#[test]
fn what_changes_between_plan_and_apply_is_left_alone() {
    let mut scene = Scene::new(&tree(&[("a", "1"), ("b", "1"), ("c", "1")]));
    let to = store(
        &mut scene.store,
        &tree(&[("a", "2"), ("c", "2"), ("n", "2")]),
    );
    let plan = scene.plan(&to);
    for name in ["a", "b", "n"] {
        scene.files.write(name, "work!");
    }
    let applied = scene.apply(&plan, &scene.store).unwrap();
    assert_eq!(applied.written, [path("c")]);
    assert_eq!(applied.findings.len(), 3);
    let expected = tree(&[("a", "work!"), ("b", "work!"), ("c", "2"), ("n", "work!")]);
    assert_eq!(standing(&scene.files), expected);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let outside = Files::new();
    let mut scene = Scene::new(&Tree::new());
    std::os::unix::fs::symlink(outside.root(), scene.files.root().join("d")).unwrap();
    let (mut plan, found) = scene.in_the_way(&tree(&[("d/x", "1")]));
    assert_eq!(found, [("d".to_owned(), Reason::Untracked)]);
    plan.overwrite();
    scene.apply(&plan, &scene.store).unwrap();
    assert_eq!(standing(&scene.files), tree(&[("d/x", "1")]));
    assert!(standing(&outside).is_empty());

    // A link that comes between plan and apply stops it.
    let to = store(&mut scene.store, &tree(&[("e/x", "1")]));
    let plan = scene.plan(&to);
    std::os::unix::fs::symlink(outside.root(), scene.files.root().join("e")).unwrap();
    let error = scene.apply(&plan, &scene.store).unwrap_err();
    assert!(matches!(error, Error::InTheWay(_)));
    assert!(standing(&outside).is_empty());
}

#[test]
fn repositories_are_never_written_and_never_removed() {
    let mut scene = Scene::new(&Tree::new());
    fs::create_dir_all(scene.files.root().join("sub/.dver")).unwrap();
    scene.files.write("sub/.dver/head", "precious");
    let to = tree(&[
        (".git/hooks/pre-commit", "1"),
        (".DVER/head", "1"),
        ("sub", "1"),
    ]);
    let (mut plan, found) = scene.in_the_way(&to);
    assert!(found.iter().all(|(_, reason)| *reason == Reason::Reserved));
    assert_eq!(found.len(), 3);
    plan.overwrite();
    assert_eq!(plan.conflicts.len(), 3);
    assert!(scene.apply(&plan, &scene.store).is_err());
    assert!(scene.files.root().join("sub/.dver/head").exists());
}

#[test]
fn a_content_that_is_not_its_hash_never_appears() {
    let mut scene = Scene::new(&tree(&[("t.csv", "before")]));
    let bytes = table(300_000, 1);
    let to = store(
        &mut scene.store,
        &[("t.csv".to_owned(), (EntryKind::File, bytes.clone()))].into(),
    );
    // A manifest that names its content wrongly: its chunks in another order.
    let content = ObjectId::of(&bytes);
    let id = scene.store.manifest_of(&content).unwrap().unwrap();
    let manifest = object::Manifest::read(&scene.store, &id).unwrap();
    let mut builder = object::ManifestBuilder::new();
    for chunk in manifest.chunks.into_iter().rev() {
        builder.push(chunk, &mut scene.store).unwrap();
    }
    builder.finish(content, "x", &mut scene.store).unwrap();
    let plan = scene.plan(&to);
    let error = scene.apply(&plan, &scene.store).unwrap_err();
    assert!(matches!(
        error,
        Error::Object(object::Error::Corrupt { .. })
    ));
    assert_eq!(standing(&scene.files), tree(&[("t.csv", "before")]));
    assert_eq!(fs::read_dir(scene.scratch.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn temporary_files_may_lie_on_another_file_system() {
    use std::os::unix::fs::MetadataExt as _;

    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        return;
    };
    let mut scene = Scene::new(&tree(&[("d/a", "1")]));
    let device = |place: &std::path::Path| fs::metadata(place).unwrap().dev();
    if device(elsewhere.path()) == device(scene.files.root()) {
        return;
    }
    scene.scratch = elsewhere;
    let mut to = tree(&[("d/a", "2"), ("d/b", "2")]);
    to.insert("link".into(), (EntryKind::Symlink, b"d/a".to_vec()));
    scene.go(&to);
}

#[test]
fn restoring_is_a_change_whose_sides_are_the_same() {
    let scene = Scene::new(&tree(&[("a", "1"), ("b", "1")]));
    scene.files.write("a", "work");
    scene.files.remove("b");
    let entries = object::Snapshot::entries(&scene.store, &scene.at).unwrap();
    let changes: Vec<object::SnapshotChange> = entries
        .into_iter()
        .map(|entry| object::SnapshotChange {
            before: Some(entry.clone()),
            after: Some(entry),
        })
        .collect();
    let cache = &mut StatCache::none();
    let mut plan = plan_changes(scene.files.root(), &changes, cache, &Quiet).unwrap();
    assert_eq!(plan.at_stake().len(), 1);
    plan.overwrite();
    scene.apply(&plan, &scene.store).unwrap();
    assert_eq!(standing(&scene.files), tree(&[("a", "1"), ("b", "1")]));
}
