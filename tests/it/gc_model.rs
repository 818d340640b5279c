//! gc against a model: random histories, with what must stay and what must go told by hand.
//!
//! The model follows every operation as it happens and notes which contents its state reaches. It
//! knows nothing of plans, roots or packs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use dver::base::progress::Quiet;
use dver::base::{Clock, ObjectId, Timestamp};
use dver::object::{self, Commit, Content, Head, ObjectSource as _, Operation, Snapshot, View};
use dver::ops::{self, add, branch, checkout, commit, fsck, gc, tag, undo};
use dver::repo::{Actor, Repo};

use crate::harness::Scratch;

#[derive(Clone, Debug)]
enum Act {
    /// Writes one of four files, with one of a few sizes.
    Write(u8, u8),
    Remove(u8),
    Add,
    Commit,
    Amend,
    Undo,
    Branch(u8),
    Delete(u8),
    Switch(u8),
    Tag(u8),
    Untag(u8),
    Reset(bool),
    Restore,
    Gc {
        keep: bool,
        all: bool,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0u8..4, 0u8..6).prop_map(|(file, size)| Act::Write(file, size)),
        1 => (0u8..4).prop_map(Act::Remove),
        3 => Just(Act::Add),
        5 => Just(Act::Commit),
        1 => Just(Act::Amend),
        3 => Just(Act::Undo),
        2 => (0u8..3).prop_map(Act::Branch),
        2 => (0u8..3).prop_map(Act::Delete),
        3 => (0u8..3).prop_map(Act::Switch),
        1 => (0u8..3).prop_map(Act::Tag),
        1 => (0u8..3).prop_map(Act::Untag),
        2 => any::<bool>().prop_map(Act::Reset),
        1 => Just(Act::Restore),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(keep, all)| Act::Gc { keep, all }),
    ]
}

/// What one operation's state reaches, content by content.
struct Noted {
    hidden: bool,
    contents: BTreeSet<ObjectId>,
}

struct Model {
    scratch: Scratch,
    repo: Repo,
    /// Every content that was ever written.
    written: BTreeMap<ObjectId, Vec<u8>>,
    operations: BTreeMap<u64, Noted>,
    /// Up to which operation states were let go.
    expired: u64,
    count: u64,
}

impl Model {
    fn new() -> Self {
        let scratch = Scratch::new();
        let actor = Actor {
            identity: Some("Ada <ada@example.org>".into()),
            fallback: "ada".into(),
            // A day after the scratch was made: with days, everything is young.
            clock: Clock::Fixed(Timestamp::parse("2026-01-02T00:00:00Z").unwrap()),
            environment: Vec::new(),
            notice: |e| panic!("{e}"),
        };
        let repo = Repo::open(scratch.root(), actor).unwrap();
        let mut model = Self {
            scratch,
            repo,
            written: BTreeMap::new(),
            operations: BTreeMap::new(),
            expired: 0,
            count: 0,
        };
        model.note();
        model
    }

    /// Notes what the operations since the last time reach.
    fn note(&mut self) {
        let mut next = Some(self.repo.current.id);
        while let Some(id) = next {
            let operation: Operation = object::get(&self.repo.store, &id).unwrap();
            if self.operations.contains_key(&operation.seq) {
                break;
            }
            let mut contents = BTreeSet::new();
            let view: View = object::get(&self.repo.store, &operation.view).unwrap();
            let refs = object::Refs::read(&self.repo.store, &view.refs).unwrap();
            let mut commits: Vec<ObjectId> = refs.0.into_values().collect();
            let mut snapshots = Vec::new();
            for state in view.worktrees.values() {
                if let Head::Commit(id) = &state.head {
                    commits.push(*id);
                }
                snapshots.extend(state.stage);
                if let Some(pending) = &state.pending {
                    snapshots.extend([pending.from, pending.to]);
                    let view: View = object::get(&self.repo.store, &pending.view).unwrap();
                    let refs = object::Refs::read(&self.repo.store, &view.refs).unwrap();
                    commits.extend(refs.0.into_values());
                    snapshots.extend(view.worktrees.values().filter_map(|state| state.stage));
                }
            }
            if let Some(wrote) = &operation.wrote {
                snapshots.extend([wrote.before, wrote.after]);
            }
            let mut seen = BTreeSet::new();
            while let Some(id) = commits.pop() {
                if seen.insert(id) {
                    let commit: Commit = object::get(&self.repo.store, &id).unwrap();
                    snapshots.push(commit.snapshot);
                    commits.extend(commit.parents);
                }
            }
            for snapshot in snapshots {
                let entries = Snapshot::entries(&self.repo.store, &snapshot).unwrap();
                contents.extend(entries.iter().map(|entry| entry.content));
            }
            let hidden = operation.hidden;
            self.operations
                .insert(operation.seq, Noted { hidden, contents });
            next = operation.previous;
        }
    }

    fn act(&mut self, act: &Act) {
        self.count += 1;
        let path = |file: &u8| ["a.csv", "b.bin", "dir/c.txt", "d.jsonl"][usize::from(*file)];
        let name = |n: &u8| ["one", "two", "three"][usize::from(*n)].to_owned();
        let quiet = &mut |_: &str| {};
        let repo = &mut self.repo;
        let done: Result<(), ops::Error> = match act {
            Act::Write(file, size) => {
                let length = [10, 1_000, 3_000, 9_000, 70_000, 300_000][usize::from(*size)];
                let mut bytes = Vec::new();
                while bytes.len() < length {
                    let line = bytes.len() as u64 / 40;
                    // Every seventh line is of this version alone.
                    let version = if line.is_multiple_of(7) {
                        self.count
                    } else {
                        0
                    };
                    let line = format!("{line},text of {version} in line {line},cat\n");
                    bytes.extend_from_slice(line.as_bytes());
                }
                self.written.insert(ObjectId::of(&bytes), bytes.clone());
                self.scratch.write(path(file), bytes);
                Ok(())
            }
            Act::Remove(file) => {
                let _ = std::fs::remove_file(self.scratch.path(path(file)));
                Ok(())
            }
            Act::Add => add::add(repo, &add::AddOptions::default(), &Quiet, quiet).map(drop),
            Act::Commit | Act::Amend => {
                let options = commit::CommitOptions {
                    message: Some(self.count.to_string()),
                    amend: matches!(act, Act::Amend),
                    ..commit::CommitOptions::default()
                };
                let _ = add::add(repo, &add::AddOptions::default(), &Quiet, quiet);
                commit::commit(repo, &options, &Quiet, quiet).map(drop)
            }
            Act::Undo => undo::undo(repo, &Quiet, quiet).map(drop),
            Act::Branch(n) => branch::create(repo, &name(n), "HEAD", true, quiet).map(drop),
            Act::Delete(n) => branch::remove(repo, &name(n), true, quiet).map(drop),
            Act::Switch(n) => {
                let to = checkout::Destination::Branch(name(n));
                checkout::checkout(repo, "switch", &to, true, &Quiet, quiet).map(drop)
            }
            Act::Tag(n) => tag::create(repo, &name(n), "HEAD", true, quiet).map(drop),
            Act::Untag(n) => tag::remove(repo, &name(n), quiet).map(drop),
            Act::Reset(hard) => {
                let mode = match hard {
                    true => checkout::ResetMode::Hard,
                    false => checkout::ResetMode::Mixed,
                };
                checkout::reset(repo, "HEAD~1", mode, &Quiet, quiet).map(drop)
            }
            Act::Restore => {
                let options = checkout::RestoreOptions {
                    worktree: true,
                    ..checkout::RestoreOptions::default()
                };
                checkout::restore(repo, &options, &Quiet, quiet).map(drop)
            }
            Act::Gc { keep, all } => {
                self.gc(*keep, *all);
                Ok(())
            }
        };
        match done {
            // Nothing to commit, undo, reset to ...: the user is told, and that is all.
            Ok(()) | Err(_) => self.note(),
        }
    }

    /// Says which operation is the oldest whose state must stay, when days do not count.
    fn first_kept(&self) -> u64 {
        let visible: Vec<u64> = (self.operations.iter().rev())
            .filter(|(_, noted)| !noted.hidden)
            .map(|(seq, _)| *seq)
            .collect();
        let first = visible.get(20).copied().unwrap_or(1);
        first.max(self.expired + 1)
    }

    fn gc(&mut self, keep: bool, all: bool) {
        let options = gc::GcOptions {
            keep_days: (!keep).then_some(0),
            all,
        };
        let first = match keep {
            true => self.expired + 1,
            false => self.first_kept(),
        };
        let planned = gc::plan(&self.repo, options, &Quiet).unwrap();
        let done = gc::gc(&mut self.repo, options, &Quiet, &mut |_| {}).unwrap();
        let told = |plan: &gc::GcPlan| (plan.keep(), plan.delete(), plan.packs(), plan.expiring);
        assert_eq!(told(&planned), told(&done.plan));
        self.note();
        // A state that expires and is still there by another name does not count as let go.
        let expired = self.repo.current.operation.expired.unwrap_or(0);
        assert!(
            expired == self.expired || expired == first - 1,
            "{expired} {first}"
        );
        self.expired = expired;

        let kept = self.operations.range(first..);
        let live: BTreeSet<ObjectId> = kept.flat_map(|(_, n)| n.contents.iter().copied()).collect();
        let store = &self.repo.store;
        for id in &live {
            let Some(bytes) = self.written.get(id) else {
                continue;
            };
            let content = Content::open(store, id, bytes.len() as u64).unwrap();
            let read = content.read(store, u64::MAX).unwrap().unwrap();
            assert!(read == *bytes, "a content that is named is what it was");
        }
        let mut held = BTreeSet::new();
        let mut copies = 0u64;
        let visit = &mut |id: &ObjectId, _: &[u8]| {
            held.insert(*id);
            copies += 1;
            Ok(())
        };
        store.walk(u64::MAX, visit).unwrap();
        assert_eq!(copies, held.len() as u64, "one copy of each");
        let said = done.plan.keep().objects + u64::from(done.plan.expiring > 0);
        assert_eq!(
            copies, said,
            "what stays, and the operation that let the rest go"
        );
        for id in self.written.keys().filter(|id| !live.contains(*id)) {
            assert!(!held.contains(id), "a content that nothing names is gone");
            assert_eq!(store.manifest_of(id).unwrap(), None);
        }

        let report = fsck::fsck(self.scratch.root(), true, &Quiet).unwrap();
        assert!(report.damaged.is_empty(), "{:?}", report.damaged);
        let head = self.repo.current.id;
        let packs: Vec<ObjectId> = store.list_packs().iter().map(|pack| pack.id).collect();
        gc::gc(&mut self.repo, options, &Quiet, &mut |_| {}).unwrap();
        assert_eq!(self.repo.current.id, head);
        let now = self.repo.store.list_packs();
        let now: Vec<ObjectId> = now.iter().map(|pack| pack.id).collect();
        assert_eq!(now, packs, "a second gc does nothing");
    }

    /// Every commit that has a name is there, file by file.
    fn look(&self) {
        let mut tips: Vec<ObjectId> = self.repo.current.refs.0.values().copied().collect();
        tips.extend(self.repo.head_commit().unwrap().map(|(id, _)| id));
        let mut seen = BTreeSet::new();
        while let Some(id) = tips.pop() {
            if !seen.insert(id) {
                continue;
            }
            let commit: Commit = object::get(&self.repo.store, &id).unwrap();
            for entry in Snapshot::entries(&self.repo.store, &commit.snapshot).unwrap() {
                let content = Content::open(&self.repo.store, &entry.content, entry.size).unwrap();
                let bytes = content.read(&self.repo.store, u64::MAX).unwrap().unwrap();
                if let Some(written) = self.written.get(&entry.content) {
                    assert!(bytes == *written);
                }
            }
            tips.extend(commit.parents);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_named_stays_and_what_is_not_goes(acts in proptest::collection::vec(act(), 20..70)) {
        let mut model = Model::new();
        for act in &acts {
            model.act(act);
        }
        model.gc(false, false);
        model.look();
        for _ in 0..3 {
            model.act(&Act::Undo);
        }
        model.look();
        model.gc(false, true);
        model.look();
    }
}
