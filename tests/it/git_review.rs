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
        let files = ["dver.lock", "dver.toml", ".gitignore"].map(|name| self.path(name));
        for file in files.iter().filter(|file| self.scratch.path(file).exists()) {
            self.git(&["add", "-f", file]);
        }
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
    let told = both.scratch.dver(&["-C", dir, "show", "git:v0"]).fails(3);
    assert!(told.contains("shallow"), "{told}");
    assert!(told.contains("git fetch --unshallow"), "{told}");
}

#[test]
fn the_log_tells_which_git_commits_brought_a_version() {
    let both = Both::within("data");
    let first = both.version(PETS, "first");
    let unlocked = both.data(&relabelled("1,meows,cat", "1,meows,dog"), "between");
    both.git(&["branch", "other"]);
    let second = both.version(&relabelled("2,barks,dog", "2,barks,cat"), "second");
    both.git(&["commit", "-q", "--no-verify", "--allow-empty", "-m", "code"]);
    let mine = both.git(&["rev-parse", "HEAD~1"]).trim().to_owned();
    // Another branch comes to the same version, and a merge of both adds nothing of its own.
    both.git(&["checkout", "-q", "-f", "other"]);
    both.lock(&second, "second, elsewhere");
    let other = both.git(&["rev-parse", "HEAD"]).trim().to_owned();
    both.git(&["merge", "-q", "--no-verify", "main"]);
    let log = both.json(&["log", "--git"]);
    let commits = |id: &str| -> Vec<Value> {
        let commit = log.iter().find(|commit| commit["commit"] == id).unwrap();
        commit["git"].as_array().unwrap().clone()
    };
    let of_second = commits(&second);
    let ids: Vec<&Value> = of_second.iter().map(|one| &one["commit"]).collect();
    assert_eq!(of_second.len(), 2, "{of_second:?}");
    assert!(ids.contains(&&Value::from(mine.clone())), "{ids:?} {mine}");
    assert!(
        ids.contains(&&Value::from(other.clone())),
        "{ids:?} {other}"
    );
    let subjects: Vec<&str> = (of_second.iter())
        .map(|one| one["subject"].as_str().unwrap())
        .collect();
    assert!(subjects.contains(&"second, elsewhere"), "{subjects:?}");
    assert_eq!(of_second[0]["author"], "Ada Lovelace <ada@example.org>");
    assert_eq!(commits(&first).len(), 1);
    assert_eq!(commits(&unlocked), Vec::<Value>::new());
    let text = both.dver(&["log", "--git"]).ok();
    assert!(
        text.contains(&format!("git: {} second", &mine[..12])),
        "{text}"
    );
    assert!(text.contains("git: no commit names this version"), "{text}");
    let text = both.dver(&["log", "--git", "--oneline", "git:HEAD"]).ok();
    assert!(text.contains("and 1 more"), "{text}");
    assert!(text.contains("git: none"), "{text}");
    // And back: each git commit is a revision.
    for git in [&mine, &other] {
        let shown = &both.json(&["show", &format!("git:{git}")])[0];
        assert_eq!(shown["commit"], *second);
    }
}

#[test]
fn git_shows_the_labels_that_a_lock_stands_for() {
    for dir in ["", "my data"] {
        let both = Both::within(dir);
        both.git(&["commit", "-q", "--allow-empty", "-m", "code"]);
        let config = both.scratch.read(".git/config");
        both.dver(&["hook", "install", "--drivers", "lock"]).ok();
        let first = both.version(PETS, "First pets");
        let second = both.version(&relabelled("1,meows,cat", "1,meows,dog"), "A second look");
        // `git diff` is a patch and says what it means.
        let diff = both.git(&["diff", "HEAD~1", "HEAD"]);
        for words in [
            &format!("-commit = \"{first}\"") as &str,
            &format!("+commit = \"{second}\""),
            "pets: 4 records, 1 modified, 1 relabelled",
            "cat -> dog",
        ] {
            assert!(diff.contains(words), "{words}: {diff}");
        }
        both.git(&["checkout", "-q", "-f", "HEAD~1"]);
        both.scratch.write("p.patch", &diff);
        both.git(&["apply", "p.patch"]);
        let lock = String::from_utf8(both.scratch.read(&both.path("dver.lock"))).unwrap();
        assert_eq!(lock, format!("commit = \"{second}\"\n"));
        both.git(&["checkout", "-q", "-f", "main"]);
        // `git log -p` and `git show` compare what the versions hold.
        for args in [&["log", "-p"][..], &["show"], &["log", "-p", "-1"]] {
            let told = both.git(args);
            for words in [
                "-    label cat: 1",
                "+    label dog: 2",
                "A second look",
                "+    pets: 1 relabelled, 1 modified",
                "label: cat -> dog  1",
            ] {
                assert!(told.contains(words), "{args:?} {words}: {told}");
            }
        }
        let told = both.git(&["show", "--ext-diff"]);
        assert!(told.contains("1 modified, 1 relabelled"), "{told}");
        let told = both.git(&["log", "-p", "--ext-diff"]);
        assert!(told.contains("pets: 4 records"), "{told}");
        // What is not here stops nothing.
        both.lock(&"ab".repeat(32), "elsewhere");
        let told = both.git(&["diff", "HEAD~1"]);
        assert!(told.contains("is not here"), "{told}");
        let told = both.git(&["show"]);
        assert!(told.contains("# This version is not here"), "{told}");
        let (code, ..) = both.try_git(&["log", "-p"]);
        assert_eq!(code, Some(0));
        both.dver(&["hook", "uninstall"]).ok();
        assert_eq!(both.scratch.read(".git/config"), config);
        assert!(!both.scratch.path(".git/info/attributes").exists());
        let told = both.git(&["diff", "HEAD~2", "HEAD~1"]);
        assert!(!told.contains("relabelled"), "{told}");
    }
}

#[test]
fn git_shows_tables_by_their_records_without_a_repository_of_dver() {
    let scratch = Scratch::empty();
    let both = Both { scratch, dir: "" };
    both.git(&["init", "-q", "-b", "main"]);
    both.scratch.write(".git/info/attributes", "*.txt text\n");
    let config = both.scratch.read(".git/config");
    let jsonl = "{\"id\": 1, \"label\": \"cat\"}\n{\"id\": 2, \"label\": \"dog\"}\n";
    both.scratch
        .write("my pets.csv", PETS)
        .write("pets.jsonl", jsonl);
    both.git(&["add", "."]);
    both.git(&["commit", "-q", "-m", "tables"]);
    let told = both
        .dver(&["hook", "install", "--drivers", "csv,jsonl"])
        .ok();
    assert!(told.contains("set diff.dver-csv.command"), "{told}");
    assert_eq!(both.dver(&["hook", "install", "--drivers", "csv"]).ok(), "");
    let told = both.dver(&["hook", "status"]).ok();
    assert_eq!(told, "git reads with dver: csv, jsonl\n");
    both.scratch
        .write("my pets.csv", relabelled("3,sings,bird", "3,sings,cat"))
        .write("pets.jsonl", jsonl.replace("cat", "dog"));
    let told = both.git(&["diff"]);
    for words in [
        "dver diff a/my pets.csv b/my pets.csv",
        "bird -> cat",
        "dver diff a/pets.jsonl b/pets.jsonl",
        "cat -> dog",
        "1 relabelled",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    both.git(&["commit", "-q", "-am", "labels"]);
    let told = both.git(&["show", "--ext-diff"]);
    assert!(told.contains("bird -> cat"), "{told}");
    // Without --ext-diff git shows lines, and what it writes for others stays a patch.
    let told = both.git(&["show"]);
    assert!(told.contains("-3,sings,bird"), "{told}");
    // New, deleted, renamed, and what is no table.
    both.git(&["mv", "my pets.csv", "our pets.csv"]);
    both.git(&["rm", "-q", "pets.jsonl"]);
    both.scratch
        .write("new.csv", PETS)
        .write("bad.jsonl", "{\"a\n\0\n");
    both.git(&["add", "."]);
    let told = both.git(&["diff", "--cached"]);
    for words in ["new file", "deleted file", "new.csv", "bad.jsonl"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = both.git(&["diff", "--cached", "--stat"]);
    assert!(told.contains("4 files changed"), "{told}");
    let told = both.dver(&["hook", "install", "--drivers", "xml"]).fails(2);
    assert!(told.contains("there are csv and jsonl"), "{told}");
    both.dver(&["hook", "uninstall"]).ok();
    assert_eq!(both.scratch.read(".git/config"), config);
    assert_eq!(both.scratch.read(".git/info/attributes"), b"*.txt text\n");
}

/// Two branches of git that both moved the lock: `main` relabelled record 1, `other` records 2 and,
/// where they clash, 1. Stands on `main`.
fn parted(dir: &'static str, clash: bool) -> (Both, [String; 3]) {
    let both = Both::within(dir);
    let base = both.version(PETS, "Base");
    both.dver(&["branch", "theirs"]).ok();
    both.git(&["branch", "other"]);
    let ours = both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Ours");
    both.git(&["checkout", "-q", "-f", "other"]);
    both.dver(&["switch", "theirs"]).ok();
    let mut table = relabelled("2,barks,dog", "2,barks,cat");
    if clash {
        table = table.replace("1,meows,cat", "1,meows,fish");
    }
    let theirs = both.version(&table, "Theirs");
    both.git(&["checkout", "-q", "-f", "main"]);
    both.dver(&["switch", "main"]).ok();
    (both, [base, ours, theirs])
}

#[test]
fn a_merge_of_two_moved_locks_stops_with_words_and_loses_nothing() {
    for (dir, clash) in [("", false), ("my data", true)] {
        let (both, [base, ours, theirs]) = parted(dir, clash);
        both.dver(&["hook", "install", "--drivers", "lock"]).ok();
        let before = both.scratch.files();
        let (code, out, err) = both.try_git(&["merge", "--no-edit", "other"]);
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(out.contains("CONFLICT"), "{out}");
        let lock = String::from_utf8(both.scratch.read(&both.path("dver.lock"))).unwrap();
        for told in [&err, &lock] {
            for words in [
                &ours[..12],
                &theirs[..12],
                "Ours",
                "Theirs",
                "Ada Lovelace <ada@example.org>, 2026-01-01T",
                &format!("since {}", &base[..12]),
                "pets: 1 relabelled, 1 modified",
                "label: cat -> dog  1",
                "label: dog -> cat  1",
                &format!("dver diff {} {}", &ours[..12], &theirs[..12]),
                "git checkout --ours dver.lock",
            ] {
                assert!(told.contains(words), "{words}: {told}");
            }
        }
        for line in [
            "<<<<<<< HEAD",
            &format!("commit = \"{ours}\""),
            &format!("commit = \"{base}\""),
            &format!("commit = \"{theirs}\""),
            ">>>>>>> other",
        ] {
            assert!(lock.lines().any(|one| one == line), "{line}: {lock}");
        }
        // Nothing but the lock is another, and both versions can be had.
        let after = both.scratch.files();
        let others = |files: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
            let kept = files.into_iter();
            kept.filter(|(name, _)| !name.contains(".git/") && !name.ends_with("dver.lock"))
                .collect()
        };
        assert_eq!(others(after), others(before));
        for id in [&ours, &theirs] {
            both.dver(&["show", id]).ok();
        }
        // The words can be followed: theirs on top of ours, as far as they do not clash.
        let (a, b) = (&base[..12], &theirs[..12]);
        both.dver(&["diff", "--labels", "--json", a, b, "-o", "theirs.jsonl"])
            .ok();
        let applied = both.dver(&["apply", "theirs.jsonl"]);
        let table = String::from_utf8(both.scratch.read(&both.path("pets.csv"))).unwrap();
        assert!(table.contains("1,meows,dog\n2,barks,cat\n"), "{table}");
        match clash {
            true => assert!(applied.out.contains("stale"), "{}", applied.out),
            false => assert_eq!(applied.code, Some(0), "{}", applied.out),
        }
        std::fs::remove_file(both.scratch.path(&both.path("theirs.jsonl"))).unwrap();
        both.dver(&["commit", "-q", "-a", "-m", "Labels of both"])
            .ok();
        let id = both.head();
        both.lock(&id, "Merge");
        let parents = both.git(&["rev-list", "--parents", "-1", "HEAD"]);
        assert_eq!(parents.split_whitespace().count(), 3, "{parents}");
        let told = both.dver(&["diff", "git:HEAD^2", "git:HEAD"]).ok();
        assert!(told.contains("relabelled"), "{told}");
    }
}

#[test]
fn a_version_that_comes_from_the_other_one_holds_both() {
    let both = Both::new();
    both.dver(&["hook", "install", "--drivers", "lock"]).ok();
    both.version(PETS, "Base");
    both.git(&["branch", "other"]);
    let first = both.version(&relabelled("1,meows,cat", "1,meows,dog"), "First");
    let second = both.data(&relabelled("2,barks,dog", "2,barks,cat"), "Second");
    both.git(&["checkout", "-q", "-f", "other"]);
    both.lock(&second, "Goes further");
    both.git(&["merge", "-q", "--no-edit", "main"]);
    assert_eq!(both.json(&["show", "git:HEAD"])[0]["commit"], *second);
    // Ours or theirs, whichever comes later.
    both.git(&["checkout", "-q", "main"]);
    both.git(&["merge", "-q", "--no-ff", "--no-edit", "other~1"]);
    assert_eq!(both.json(&["show", "git:HEAD"])[0]["commit"], *second);
    assert_ne!(first, second);
}

#[test]
fn a_conflict_that_git_left_by_itself_is_told_by_status() {
    let (both, [_, ours, theirs]) = parted("", false);
    let (code, ..) = both.try_git(&["merge", "--no-edit", "other"]);
    assert_eq!(code, Some(1));
    let told = both.dver(&["status"]).ok();
    for words in [
        &ours[..12],
        &theirs[..12],
        "Theirs",
        "dog -> cat",
        "dver apply theirs.jsonl",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let status = &both.json(&["status"])[0];
    assert_eq!(status["lock"]["conflict"]["ours"], *ours, "{status}");
    assert_eq!(status["lock"]["conflict"]["theirs"], *theirs, "{status}");
    assert_eq!(status["lock"]["agrees"], false, "{status}");
}

/// A repository whose data allow no fish, with a pull request that brings some.
fn with_gate() -> Both {
    let both = Both::new();
    both.scratch.write(
        "dver.toml",
        "[dataset.pets]\npath = \"pets.csv\"\nformat = \"csv\"\nkey = \"id\"\nlabel = \"label\"\n\n\
         [gate.pets]\n\"class_share.label.fish\" = \"<= 0.3\"\n\
         \"records.delta\" = \">= -1\"\n",
    );
    both.version(PETS, "Base");
    both.git(&["branch", "base"]);
    both
}

#[test]
fn a_check_since_a_commit_of_git_tells_gates_and_labels() {
    let both = with_gate();
    both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Fine");
    let told = both
        .dver(&["check", "git:HEAD", "--since", "git:base"])
        .ok();
    for words in [
        "pets: 1 relabelled, 1 modified",
        "label: cat -> dog  1",
        "passed: 2 gates",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let json = &both.json(&["check", "git:HEAD", "--since", "git:base"])[0];
    assert_eq!(json["passed"], true);
    assert_eq!(json["changes"][0]["relabelled"], 1, "{json}");
    let transition = &json["changes"][0]["transitions"][0];
    assert_eq!(
        (&transition["from"], &transition["to"]),
        (&"cat".into(), &"dog".into())
    );
    assert_eq!(json["since"], both.json(&["show", "git:base"])[0]["commit"]);
    // Two versions later than the base; changes and deltas are taken against it all the same.
    let fish = PETS.replace(",cat", ",fish").replace(",dog", ",fish");
    let few = fish
        .replace("4,swims,fish\n", "")
        .replace("3,sings,bird\n", "");
    both.data(&PETS.replace("4,swims,fish\n", ""), "One record less");
    both.scratch.write("pets.csv", few);
    let args = ["commit", "-q", "-a", "-m", "Bad", "--no-gates=to be seen"];
    both.dver(&args).ok();
    let id = both.head();
    both.lock(&id, "Bad");
    let told = both.dver(&[
        "check", "git:HEAD", "--since", "git:base", "--format", "github",
    ]);
    assert_eq!(told.code, Some(1), "{}", told.err);
    for words in [
        "::error file=dver.toml",
        "class_share.label.fish",
        "records.delta",
        "::notice file=dver.toml::pets: 2 relabelled, 2 removed, 2 modified, ",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let told = both.dver(&["check", "git:HEAD", "--since", "git:base", "--format", "md"]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.out
            .contains("<code>cat</code> | <code>fish</code> | 1 |"),
        "{}",
        told.out
    );
    // Against the version before, one record is gone, and that is allowed.
    let told = both.dver(&["check", "git:HEAD", "--since", "HEAD~1", "--json"]);
    let json: Value = serde_json::from_str(&told.out).unwrap();
    let gates = json["gates"].as_array().unwrap();
    let delta = gates.iter().find(|gate| gate["metric"] == "records.delta");
    assert_eq!(delta.unwrap()["state"], "passed", "{json}");
    // The working files can be checked against git's base, too.
    both.scratch
        .write("pets.csv", relabelled("1,meows,cat", "1,meows,bird"));
    let told = both.dver(&["check", "--since", "git:base"]).ok();
    assert!(told.contains("label: cat -> bird  1"), "{told}");
}

#[test]
fn a_check_says_what_a_cut_off_history_or_missing_data_lack() {
    let both = with_gate();
    both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Fine");
    let remote = both.scratch.path("remote of data");
    both.dver(&["remote", "add", "origin", remote.to_str().unwrap()])
        .ok();
    both.dver(&["push"]).ok();
    let origin = format!("file://{}", both.scratch.root().display());
    let clone = Scratch::empty();
    let ci = Both {
        scratch: clone,
        dir: "",
    };
    ci.git(&[
        "clone", "-q", "--depth", "1", "--branch", "main", &origin, ".",
    ]);
    let check = |format: &str| {
        ci.dver(&[
            "check",
            "git:HEAD",
            "--since",
            "git:origin/base",
            "--format",
            format,
        ])
    };
    // 1: no data at all.
    let told = check("github");
    assert_eq!(told.code, Some(3));
    assert!(
        told.out.starts_with("::error file=dver.lock::no verdict: "),
        "{}",
        told.out
    );
    assert!(told.err.contains("dver clone DIR ."), "{}", told.err);
    ci.dver(&["init"]).ok();
    // 2: git's history is cut off.
    let told = check("md");
    assert_eq!(told.code, Some(3));
    assert!(told.out.contains("without a verdict"), "{}", told.out);
    assert!(told.err.contains("shallow clone"), "{}", told.err);
    assert!(
        told.err.contains("git fetch --depth=1 origin"),
        "{}",
        told.err
    );
    ci.git(&[
        "fetch",
        "-q",
        "--depth=1",
        "origin",
        "base:refs/remotes/origin/base",
    ]);
    // 3: the versions that git names are not here.
    let told = check("github");
    assert_eq!(told.code, Some(3));
    assert!(told.out.contains("which is not here"), "{}", told.out);
    assert!(told.err.contains("dver fetch"), "{}", told.err);
    let json = ci.dver(&["check", "git:HEAD", "--json"]).fails(3);
    assert!(json.contains("\"kind\":\"data_not_here\""), "{json}");
    ci.dver(&["remote", "add", "origin", remote.to_str().unwrap()])
        .ok();
    ci.dver(&["fetch", "-q"]).ok();
    // 4: nothing lacks; no file of the data was written.
    let told = check("text").ok();
    assert!(told.contains("label: cat -> dog  1"), "{told}");
    assert!(!ci.scratch.path("pets.csv").exists());
    ci.dver(&["checkout", "--lock"]).ok();
    assert_eq!(ci.scratch.read("pets.csv"), both.scratch.read("pets.csv"));
}

/// The scripts of the composite action that docs/git-review.md shows, with the names of their
/// variables and of the inputs that these are.
fn steps_of_the_action() -> Vec<(Vec<(String, String)>, String)> {
    let page = include_str!("../../docs/git-review.md");
    let (_, rest) = page.split_once("### A composite action").unwrap();
    let (_, rest) = rest.split_once("```yaml\n").unwrap();
    let (action, _) = rest.split_once("```").unwrap();
    let mut steps = Vec::new();
    for step in action.split("    - name: ").skip(1) {
        let (head, script) = step.split_once("      run: |\n").unwrap();
        let variables = head.lines().filter_map(|line| {
            let (name, input) = line.trim().split_once(": ${{ inputs.")?;
            let name = name
                .chars()
                .all(|c| c.is_ascii_uppercase())
                .then_some(name)?;
            Some((name.to_owned(), input.trim_end_matches(" }}").to_owned()))
        });
        let lines = script
            .lines()
            .map(|line| line.strip_prefix("        ").unwrap_or(line));
        let script: Vec<&str> = lines.collect();
        steps.push((variables.collect(), script.join("\n")));
    }
    steps
}

#[cfg(unix)]
#[test]
fn the_action_of_the_page_judges_a_shallow_checkout() {
    let both = with_gate();
    both.git(&["branch", "-m", "main", "feature"]);
    both.git(&["branch", "-m", "base", "main"]);
    let remote = both.scratch.path("remote of data");
    let remote = remote.to_str().unwrap();
    both.dver(&["remote", "add", "origin", remote]).ok();
    both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Fine");
    both.dver(&["push"]).ok();
    let run = |expected: i32| -> (String, String) {
        let ci = Both {
            scratch: Scratch::empty(),
            dir: "",
        };
        let origin = format!("file://{}", both.scratch.root().display());
        ci.git(&[
            "clone", "-q", "--depth", "1", "--branch", "feature", &origin, "code",
        ]);
        ci.scratch.write("bin/x", "");
        let program = ci.scratch.path("bin/dver");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_dver"), program).unwrap();
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", ci.scratch.path("bin").display());
        let mut last = (Some(0), String::new());
        let steps = steps_of_the_action();
        assert_eq!(steps.len(), 2);
        for (variables, script) in steps {
            assert!(!variables.is_empty());
            assert_eq!(last.0, Some(0), "{}", last.1);
            // As a runner of GitHub's does.
            let mut command = ci.scratch.command::<&str>(&[]);
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
                .current_dir(ci.scratch.path("code"))
                .env_clear()
                .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
                .env("PATH", &path)
                .env("RUNNER_TEMP", ci.scratch.root())
                .env("GITHUB_STEP_SUMMARY", ci.scratch.path("summary.md"))
                .stdin(Stdio::null());
            for (name, input) in variables {
                bash.env(
                    name,
                    match input.as_str() {
                        "remote" => remote,
                        "since" => "origin/main",
                        other => {
                            panic!("the page has an input {other} that this test does not know")
                        }
                    },
                );
            }
            command.stdin(Stdio::null());
            let output = bash.output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            last = (
                output.status.code(),
                format!("{}{}", text(&output.stdout), text(&output.stderr)),
            );
        }
        assert_eq!(last.0, Some(expected), "{}", last.1);
        let summary = String::from_utf8(ci.scratch.read("summary.md")).unwrap();
        (last.1, summary)
    };
    let (told, summary) = run(0);
    assert!(told.contains("Verdict: passed: 2 gates"), "{told}");
    assert!(summary.contains("✅"), "{summary}");
    assert!(summary.contains("1 relabelled"), "{summary}");
    let fish = PETS.replace(",cat", ",fish");
    both.scratch.write("pets.csv", fish);
    both.dver(&["commit", "-q", "-a", "-m", "Fish", "--no-gates=seen"])
        .ok();
    let id = both.head();
    both.lock(&id, "Fish");
    // Pushed with git alone: the data are not there, and that is said.
    let (told, summary) = run(3);
    assert!(told.contains("which is not here"), "{told}");
    assert!(summary.contains("without a verdict"), "{summary}");
    both.dver(&["push"]).ok();
    let (told, summary) = run(1);
    assert!(told.contains("::error file=dver.toml"), "{told}");
    assert!(summary.contains("❌"), "{summary}");
}

#[test]
fn gc_keeps_what_git_commits_name_as_long_as_git_keeps_them() {
    let both = Both::within("data");
    both.version(PETS, "Base");
    both.git(&["checkout", "-q", "-b", "aside"]);
    let aside = both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Aside");
    // Nothing of dver's names it any more, and undo does not lead back to it.
    both.dver(&["reset", "-q", "--hard", "HEAD~1"]).ok();
    both.git(&["checkout", "-q", "-f", "main"]);
    for number in 0..25 {
        both.dver(&["tag", &format!("t{number}")]).ok();
    }
    both.dver(&["gc", "--keep", "0"]).ok();
    both.dver(&["show", &aside]).ok();
    let told = both.dver(&["cat", "git:aside:pets.csv"]).ok();
    assert!(told.contains("1,meows,dog"), "{told}");
    both.git(&["branch", "-q", "-D", "aside"]);
    // The reflog of HEAD still names the git commit.
    both.dver(&["gc", "--keep", "0"]).ok();
    both.dver(&["show", &aside]).ok();
    both.git(&["reflog", "expire", "--expire=now", "--all"]);
    both.dver(&["gc", "--keep", "0"]).ok();
    both.dver(&["show", &aside]).fails(3);
}

#[test]
fn a_rebase_and_a_cherry_pick_stop_with_the_same_words() {
    for verb in [&["rebase", "main"][..], &["cherry-pick", "main"]] {
        let (both, [_, ours, theirs]) = parted("my data", false);
        both.dver(&["hook", "install", "--drivers", "lock"]).ok();
        both.git(&["checkout", "-q", "other"]);
        both.dver(&["checkout", "--lock"]).ok();
        let (code, out, err) = both.try_git(verb);
        assert_eq!(code, Some(1), "{verb:?} {out}{err}");
        for words in [
            &ours[..12],
            &theirs[..12],
            "In my data:",
            "dver diff --labels",
        ] {
            assert!(err.contains(words), "{verb:?} {words}: {err}");
        }
        let status = &both.json(&["status"])[0];
        let conflict = &status["lock"]["conflict"];
        let sides = [&conflict["ours"], &conflict["theirs"]];
        assert!(sides.contains(&&Value::from(ours.clone())), "{conflict}");
        assert!(sides.contains(&&Value::from(theirs.clone())), "{conflict}");
        // Taking one side ends it, and the data can follow.
        both.git(&["checkout", "--theirs", "my data/dver.lock"]);
        both.git(&["add", "my data/dver.lock"]);
        both.git(&["-c", "core.editor=true", verb[0], "--continue"]);
        both.dver(&["checkout", "--lock"]).ok();
        let shown = both.json(&["show", "git:HEAD"])[0]["commit"].clone();
        assert_eq!(shown, both.head().as_str());
    }
}

#[test]
fn what_git_writes_for_itself_is_as_ever() {
    let both = Both::new();
    both.version(PETS, "Base");
    let second = both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Second");
    let plain = [
        &["format-patch", "--stdout", "-1"][..],
        &["diff-tree", "-p", "HEAD"],
        &["diff", "--stat", "HEAD~1"],
        &["diff", "--numstat", "HEAD~1"],
    ];
    let before = plain.map(|args| both.git(args));
    both.dver(&["hook", "install", "--drivers", "lock"]).ok();
    assert_eq!(plain.map(|args| both.git(args)), before);
    // A mail of it can be applied, a stash keeps the lock, and a conflict in the diff is no crash.
    both.scratch.write("p.mail", &before[0]);
    both.git(&["checkout", "-q", "-f", "-b", "mailed", "HEAD~1"]);
    both.git(&["am", "-q", "p.mail"]);
    assert_eq!(both.json(&["show", "git:HEAD"])[0]["commit"], *second);
    both.scratch
        .write("dver.lock", format!("commit = \"{}\"\n", "0".repeat(64)));
    both.git(&["stash", "-q"]);
    both.git(&["stash", "pop", "-q"]);
    let lock = String::from_utf8(both.scratch.read("dver.lock")).unwrap();
    assert!(lock.contains("0000"), "{lock}");
    both.scratch.write("dver.lock", "no lock\n");
    let told = both.git(&["diff"]);
    assert!(told.contains("+no lock"), "{told}");
    both.git(&["checkout", "-q", "-f", "."]);
    let blamed = both.git(&["blame", "dver.lock"]);
    assert!(blamed.contains("label dog: 2"), "{blamed}");
    // Deleting the lock is shown as git shows it.
    both.git(&["rm", "-q", "dver.lock"]);
    let told = both.git(&["diff", "--cached"]);
    assert!(told.contains("deleted file mode 100644"), "{told}");
    assert!(told.contains(&format!("-commit = \"{second}\"")), "{told}");
}

#[test]
fn a_clone_beside_a_lock_brings_the_version_that_git_is_at() {
    let both = Both::within("the data");
    let remote = both.scratch.path("team");
    let remote = remote.to_str().unwrap();
    both.dver(&["remote", "add", "origin", remote]).ok();
    let first = both.version(PETS, "First");
    both.git(&["tag", "v1"]);
    both.version(&relabelled("1,meows,cat", "1,meows,dog"), "Second");
    both.dver(&["push"]).ok();
    let origin = format!("file://{}", both.scratch.root().display());
    let bob = Both {
        scratch: Scratch::empty(),
        dir: "the data",
    };
    bob.git(&["clone", "-q", &origin, "."]);
    let told = bob.dver(&["status"]).fails(3);
    assert!(told.contains("dver clone DIR ."), "{told}");
    let told = bob
        .dver(&["clone", remote, ".", "--branch", "main"])
        .fails(2);
    assert!(told.contains("dver.lock says"), "{told}");
    bob.git(&["checkout", "-q", "v1"]);
    // Files of his own that would be overwritten stop it, and stay.
    bob.scratch.write("the data/pets.csv", "mine\n");
    let told = bob.dver(&["clone", remote, "."]).fails(3);
    assert!(told.contains("pets.csv"), "{told}");
    assert_eq!(bob.scratch.read("the data/pets.csv"), b"mine\n");
    bob.scratch.remove("the data/pets.csv");
    bob.dver(&["clone", remote, "."]).ok();
    assert_eq!(bob.scratch.read("the data/pets.csv"), PETS.as_bytes());
    assert_eq!(bob.head(), first);
    assert_eq!(bob.git(&["status", "--short"]), "");
    bob.git(&["checkout", "-q", "main"]);
    bob.dver(&["checkout", "--lock"]).ok();
    let theirs = both.scratch.read("the data/pets.csv");
    assert_eq!(bob.scratch.read("the data/pets.csv"), theirs);
    assert_eq!(bob.json(&["status"])[0]["branch"], "main");
    // What is a repository already is not taken over.
    bob.dver(&["clone", remote, "."]).fails(3);
}

#[test]
fn a_merge_without_the_data_says_which_versions_stand_against_each_other() {
    let (both, [base, ours, theirs]) = parted("my data", false);
    let origin = format!("file://{}", both.scratch.root().display());
    let bare = Both {
        scratch: Scratch::empty(),
        dir: "",
    };
    bare.git(&["clone", "-q", &origin, "."]);
    bare.dver(&["hook", "install", "--drivers", "lock"]).ok();
    let (code, out, err) = bare.try_git(&["merge", "--no-edit", "origin/other"]);
    assert_eq!(code, Some(1), "{out}{err}");
    for words in [&base[..12], &ours[..12], &theirs[..12], "dver clone DIR ."] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let lock = String::from_utf8(bare.scratch.read("my data/dver.lock")).unwrap();
    assert!(lock.contains(&format!("commit = \"{theirs}\"")), "{lock}");
    // What git shows of it stops nothing.
    for args in [&["diff"][..], &["log", "-p", "--all"], &["show", "HEAD"]] {
        bare.git(args);
    }
    bare.git(&["checkout", "--theirs", "my data/dver.lock"]);
    bare.git(&["commit", "-q", "-a", "-m", "Theirs"]);
}
