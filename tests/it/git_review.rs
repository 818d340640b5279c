//! What git says of labels: revisions of git, the log, diffs, merges, checks of pull requests; all
//! with a real git.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Output, Scratch};

const PETS: &str = "id,text,label\n1,meows,cat\n2,barks,dog\n3,sings,bird\n4,swims,fish\n";

/// A git repository with a dver repository in its directory `dir`, which is empty for its root.
struct Both {
    scratch: Scratch,
    dir: &'static str,
}

impl Both {
    fn new() -> Self {
        Self::within("")
    }

    fn within(dir: &'static str) -> Self {
        let both = Self {
            scratch: Scratch::empty(),
            dir,
        };
        std::fs::create_dir_all(both.scratch.path(dir)).unwrap();
        both.git(&["init", "-q", "-b", "main"]);
        both.dver(&["init"]).ok();
        both
    }

    fn dver(&self, args: &[&str]) -> Output {
        let dir = if self.dir.is_empty() { "." } else { self.dir };
        self.scratch.dver(&[&["-C", dir], args].concat())
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        let out = self.dver(&[args, &["--json"]].concat()).ok();
        out.lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// Runs git in the root of its worktree, which must succeed; returns what it printed.
    fn git(&self, args: &[&str]) -> String {
        let (code, out, err) = self.try_git(args);
        assert_eq!(code, Some(0), "git {}\n{out}\n{err}", args.join(" "));
        out
    }

    fn try_git(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let output = self.git_command(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Git with the surroundings of the scratch, its clock included.
    fn git_command(&self, args: &[&str]) -> Command {
        let surroundings = self.scratch.command::<&str>(&[]);
        let mut command = Command::new("git");
        command.current_dir(self.scratch.root()).env_clear();
        for (name, value) in surroundings.get_envs() {
            if let Some(value) = value {
                if name == "SOURCE_DATE_EPOCH" {
                    let moment = format!("{} +0000", value.to_str().unwrap());
                    command.env("GIT_AUTHOR_DATE", &moment);
                    command.env("GIT_COMMITTER_DATE", &moment);
                }
                command.env(name, value);
            }
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada Lovelace");
            command.env(format!("GIT_{who}_EMAIL"), "ada@example.org");
        }
        command.args(args).stdin(Stdio::null());
        command
    }

    fn path(&self, name: &str) -> String {
        match self.dir {
            "" => name.to_owned(),
            dir => format!("{dir}/{name}"),
        }
    }

    /// Commits the table with dver and the lock with git; returns the dver commit.
    fn version(&self, table: &str, message: &str) -> String {
        let id = self.data(table, message);
        self.lock(&id, message);
        id
    }

    /// Commits the table with dver alone.
    fn data(&self, table: &str, message: &str) -> String {
        self.scratch.write(&self.path("pets.csv"), table);
        self.dver(&["add", "-q", "pets.csv"]).ok();
        self.dver(&["commit", "-q", "-m", message]).ok();
        self.head()
    }

    /// Commits with git that `id` is the version of the data.
    fn lock(&self, id: &str, message: &str) {
        let lock = format!("commit = \"{id}\"\n");
        self.scratch.write(&self.path("dver.lock"), lock);
        let files = [self.path("dver.lock"), self.path("dver.toml")];
        self.git(&["add", "-f", &files[0], &files[1]]);
        self.git(&["commit", "-q", "--no-verify", "-m", message]);
    }

    fn head(&self) -> String {
        let shown = self.json(&["show"]).remove(0);
        shown["commit"].as_str().unwrap().to_owned()
    }
}

fn relabelled(from: &str, to: &str) -> String {
    assert!(PETS.contains(from));
    PETS.replace(from, to)
}

#[test]
fn a_revision_of_git_is_the_version_that_its_lock_names() {
    for dir in ["", "data of pets"] {
        let both = Both::within(dir);
        let first = both.version(PETS, "first");
        both.git(&["tag", "v1"]);
        let second = both.version(&relabelled("meows,cat", "meows,dog"), "second");
        let id = |revision: &str| both.json(&["show", revision])[0]["commit"].clone();
        for (revision, meant) in [
            ("git:HEAD", &second),
            ("git:main", &second),
            ("git:HEAD~1", &first),
            ("git:HEAD^", &first),
            ("git:v1", &first),
        ] {
            assert_eq!(id(revision), **meant, "{revision}");
        }
        // On either side of a range, and beside a version of dver's own.
        for range in [
            &["git:v1..git:main"][..],
            &["git:v1..HEAD"],
            &["HEAD~1..git:main"],
            &["git:v1", "git:main"],
            &["git:v1.."],
        ] {
            let told = both.dver(&[&["diff"], range].concat()).ok();
            assert!(told.contains("cat -> dog"), "{range:?}: {told}");
            let log = both.json(&[&["log"], range].concat());
            assert_eq!(log.len(), 1, "{range:?}");
            assert_eq!(log[0]["commit"], second.as_str());
        }
        assert_eq!(both.dver(&["cat", "git:v1:pets.csv"]).ok(), PETS);
        let quality = &both.json(&["quality", "git:v1"])[0];
        assert_eq!(quality["commit"], first.as_str());
        both.dver(&["branch", "old", "git:v1"]).ok();
        assert_eq!(id("old"), *first);
        both.dver(&["switch", "-c", "older", "git:v1"]).ok();
        assert_eq!(both.head(), first);
    }
}

#[test]
fn what_git_does_not_know_is_told() {
    let bare = Scratch::new();
    bare.write("pets.csv", PETS);
    bare.dver(&["add", "."]).ok();
    bare.dver(&["commit", "-m", "first"]).ok();
    let told = bare.dver(&["show", "git:HEAD"]).fails(3);
    assert!(told.contains("needs a git repository"), "{told}");

    let both = Both::new();
    let told = both.dver(&["show", "git:HEAD"]).fails(3);
    assert!(told.contains("git knows no commit `HEAD`"), "{told}");
    both.git(&["commit", "-q", "--allow-empty", "-m", "code"]);
    both.git(&["tag", "before"]);
    let id = both.version(PETS, "first");
    let missing = "0123456789abcdef".repeat(4);
    both.lock(&missing, "elsewhere");
    both.scratch.write("dver.lock", "<<<<<<< ours\n");
    both.git(&["commit", "-q", "--no-verify", "-am", "broken"]);
    let cases = [
        ("git:nope", "unknown_git_revision", "git knows no commit"),
        ("git:", "unknown_git_revision", "git knows no commit"),
        ("git:--all", "unknown_git_revision", "git knows no commit"),
        ("git:before", "no_lock", "has no dver.lock"),
        ("git:HEAD", "bad_lock", "conflict"),
        ("git:HEAD~1", "data_not_here", "dver fetch"),
    ];
    for (revision, kind, words) in cases {
        let told = both.dver(&["diff", revision, "HEAD"]).fails(3);
        assert!(told.contains(words), "{revision}: {told}");
        let told = both.dver(&["show", revision, "--json"]).fails(3);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["error"]["kind"], kind, "{told}");
    }
    assert_eq!(both.json(&["show", "git:HEAD~2"])[0]["commit"], *id);

    // A clone whose history is cut off says so.
    let origin = format!("file://{}", both.scratch.root().display());
    both.git(&["clone", "-q", "--depth", "1", &origin, "shallow"]);
    let dir = both.scratch.path("shallow");
    let dir = dir.to_str().unwrap();
    both.scratch.dver(&["init", dir]).ok();
    let told = both
        .scratch
        .dver(&["-C", dir, "show", "git:v0"])
        .fails(3);
    assert!(told.contains("shallow"), "{told}");
    assert!(told.contains("git fetch --unshallow"), "{told}");
}
