//! Remotes: what one clone pushes another one gets, whoever is stopped in between.

use std::fs;
use std::process::Stdio;

use crate::harness::Scratch;

fn labels(count: usize, changed: usize) -> String {
    let mut text = String::from("id,text,label\n");
    for id in 0..count {
        let label = match id % (count / changed.max(1)).max(1) {
            0 if changed > 0 => "bird",
            _ => ["cat", "dog"][id * 7 % 13 % 2],
        };
        // Words that do not repeat, so that sizes say something.
        let word = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        text.push_str(&format!("{id},text {word:x},{label}\n"));
    }
    text
}

/// A directory with the repository `ann`, which has one commit and the remote `shared`.
fn begun(records: usize) -> Scratch {
    let scratch = Scratch::empty();
    scratch.dver(&["init", "ann"]).ok();
    commit(&scratch, "ann", &labels(records, 0), "first");
    scratch
        .dver(&["-C", "ann", "remote", "add", "origin", "../shared"])
        .ok();
    scratch
}

fn commit(scratch: &Scratch, clone: &str, text: &str, message: &str) {
    scratch.write(&format!("{clone}/pets.csv"), text);
    for args in [&["add", "."][..], &["commit", "-m", message]] {
        scratch.dver(&[&["-C", clone], args].concat()).ok();
    }
}

fn json(scratch: &Scratch, args: &[&str]) -> serde_json::Value {
    scratch.json(args).remove(0)
}

/// Names the remote by where it lies beside the clone, so that copies have remotes of their own.
fn movable(scratch: &Scratch, clone: &str) {
    let settings = "[remote.origin]\nurl = \"../shared\"\n";
    scratch.write(&format!("{clone}/.dver/config.toml"), settings);
}

/// The commits of a clone, newest first.
fn commits(scratch: &Scratch, clone: &str) -> Vec<String> {
    let log = scratch.json(&["-C", clone, "log"]);
    let id = |commit: &serde_json::Value| commit["commit"].as_str().unwrap().to_owned();
    log.iter().map(id).collect()
}

fn packs(scratch: &Scratch) -> u64 {
    let entries = fs::read_dir(scratch.path("shared/packs")).unwrap();
    entries.map(|e| e.unwrap().metadata().unwrap().len()).sum()
}

fn sound(scratch: &Scratch, clone: &str) {
    scratch.dver(&["-C", clone, "fsck", "--full"]).ok();
}

#[test]
fn what_one_clone_pushes_another_pulls() {
    let scratch = begun(5_000);
    scratch.dver(&["-C", "ann", "tag", "v1"]).ok();
    let pushed = json(&scratch, &["-C", "ann", "push"]);
    assert_eq!(pushed["refs"].as_array().unwrap().len(), 2, "{pushed}");
    scratch.dver(&["clone", "shared", "bob"]).ok();
    assert_eq!(scratch.read("bob/pets.csv"), scratch.read("ann/pets.csv"));
    assert_eq!(commits(&scratch, "bob"), commits(&scratch, "ann"));
    assert_eq!(scratch.dver(&["-C", "bob", "tag"]).ok(), "v1\n");
    assert_eq!(scratch.dver(&["-C", "bob", "status", "--short"]).ok(), "");

    commit(&scratch, "bob", &labels(5_000, 5), "five birds");
    let told = scratch.dver(&["-C", "bob", "push"]).ok();
    assert!(told.contains("main  "), "{told}");
    scratch.dver(&["-C", "ann", "fetch"]).ok();
    assert_eq!(commits(&scratch, "ann").len(), 1, "fetch moves no branch");
    for name in ["origin/main", "remotes/origin/main"] {
        let told = scratch.dver(&["-C", "ann", "diff", "main", name]).ok();
        assert!(told.contains("bird"), "{told}");
    }
    let pulled = json(&scratch, &["-C", "ann", "pull"]);
    assert_eq!(pulled["after"], commits(&scratch, "bob")[0].as_str());
    assert_eq!(scratch.read("ann/pets.csv"), scratch.read("bob/pets.csv"));
    let again = json(&scratch, &["-C", "ann", "pull"]);
    assert_eq!(
        (&again["before"], again["objects"].as_u64()),
        (&again["after"], Some(0))
    );
    let again = json(&scratch, &["-C", "ann", "push"]);
    assert_eq!(again["refs"], serde_json::json!([]));
    for clone in ["ann", "bob"] {
        sound(&scratch, clone);
    }
}

#[test]
fn a_push_of_few_labels_moves_little() {
    let scratch = begun(60_000);
    scratch.dver(&["-C", "ann", "push"]).ok();
    let whole = packs(&scratch);
    commit(&scratch, "ann", &labels(60_000, 60), "sixty birds");
    scratch.dver(&["-C", "ann", "push"]).ok();
    let added = packs(&scratch) - whole;
    assert!(added * 50 < whole, "{added} bytes beside {whole}");
    let own = fs::read_dir(scratch.path("ann/.dver/packs")).unwrap();
    let own: u64 = own.map(|e| e.unwrap().metadata().unwrap().len()).sum();
    // A history that is pushed at once is as small as it is here, about.
    scratch
        .dver(&["-C", "ann", "remote", "add", "second", "../second"])
        .ok();
    let pushed = json(&scratch, &["-C", "ann", "push", "second"]);
    let bytes = pushed["bytes"].as_u64().unwrap();
    assert!(bytes < own * 11 / 10, "{bytes} of {own}");
    // And so is a clone of it.
    let cloned = json(&scratch, &["clone", "second", "carl"]);
    let bytes = cloned["bytes"].as_u64().unwrap();
    assert!(bytes < own * 11 / 10, "{bytes} of {own}");
    sound(&scratch, "carl");
}

#[test]
fn a_branch_that_others_moved_is_not_overwritten() {
    let scratch = begun(200);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    commit(&scratch, "bob", &labels(200, 2), "of bob");
    scratch.dver(&["-C", "bob", "push"]).ok();
    commit(&scratch, "ann", &labels(200, 5), "of ann");
    let head = scratch.read("shared/head");
    let told = scratch.dver(&["-C", "ann", "push"]).fails(3);
    assert!(told.contains("has commits that yours does not"), "{told}");
    assert!(told.contains("dver pull"), "{told}");
    let told = scratch.dver(&["-C", "ann", "pull"]).fails(3);
    assert!(told.contains("diverged"), "{told}");
    assert_eq!(scratch.read("shared/head"), head);
    // Another branch of hers is welcome.
    scratch.dver(&["-C", "ann", "branch", "ann", "HEAD"]).ok();
    scratch.dver(&["-C", "ann", "push", "origin", "ann"]).ok();
    scratch.dver(&["-C", "bob", "fetch"]).ok();
    scratch.dver(&["-C", "bob", "show", "origin/ann"]).ok();
}

#[test]
fn changed_files_stop_a_pull_and_stay() {
    let scratch = begun(200);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    commit(&scratch, "ann", &labels(200, 2), "of ann");
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.write("bob/pets.csv", "id,label\n1,mine\n");
    let told = scratch.dver(&["-C", "bob", "pull"]).fails(3);
    assert!(told.contains("pets.csv"), "{told}");
    assert_eq!(scratch.read("bob/pets.csv"), b"id,label\n1,mine\n");
    scratch.dver(&["-C", "bob", "restore", "pets.csv"]).ok();
    scratch.dver(&["-C", "bob", "pull"]).ok();
    assert_eq!(scratch.read("ann/pets.csv"), scratch.read("bob/pets.csv"));
}

#[test]
fn of_two_pushers_at_once_one_wins() {
    let scratch = begun(2_000);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    commit(&scratch, "ann", &labels(2_000, 3), "of ann");
    commit(&scratch, "bob", &labels(2_000, 7), "of bob");
    let start = |clone: &str| {
        let mut command = scratch.command(&["-C", clone, "push"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let pushers = [start("ann"), start("bob")];
    let outputs = pushers.map(|child| child.wait_with_output().unwrap());
    let mut codes = outputs.each_ref().map(|output| output.status.code());
    let loser = usize::from(codes[0] == Some(0));
    let told = String::from_utf8_lossy(&outputs[loser].stderr).into_owned();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3)], "{told}");
    assert!(told.contains("dver pull"), "{told}");
    scratch.dver(&["clone", "shared", "carl"]).ok();
    let winner = ["ann", "bob"][1 - loser];
    assert_eq!(commits(&scratch, "carl"), commits(&scratch, winner));
}

#[test]
fn what_is_damaged_on_the_remote_is_refused() {
    let scratch = begun(5_000);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    commit(&scratch, "ann", &labels(5_000, 50), "birds");
    let before: Vec<_> = fs::read_dir(scratch.path("shared/packs"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    scratch.dver(&["-C", "ann", "push"]).ok();
    let new = fs::read_dir(scratch.path("shared/packs")).unwrap();
    let mut new = new.map(|e| e.unwrap().path());
    let new = new.find(|path| !before.contains(path)).unwrap();
    let sound_bytes = fs::read(&new).unwrap();
    let operation = scratch.read("bob/.dver/head");
    let mut told = 0;
    for place in 0..24 {
        let mut bytes = sound_bytes.clone();
        let at = 12 + place * (bytes.len() - 13) / 24;
        bytes[at] ^= 0x10;
        fs::write(&new, &bytes).unwrap();
        let output = scratch.dver(&["-C", "bob", "pull"]);
        if output.code == Some(0) {
            // The byte was of something that nobody needs, such as the table's checksum.
            sound(&scratch, "bob");
            assert_eq!(scratch.read("ann/pets.csv"), scratch.read("bob/pets.csv"));
            return;
        }
        assert_eq!(output.code, Some(4), "{at}: {}", output.err);
        // `dver fsck` would find nothing: the damage is not here.
        let about = "remote SCRATCH/shared is damaged";
        told += usize::from(output.err.contains(about) && !output.err.contains("fsck"));
        assert_eq!(scratch.read("bob/.dver/head"), operation, "{at}");
    }
    assert!(told >= 20, "{told}");
    fs::write(&new, &sound_bytes[..sound_bytes.len() / 2]).unwrap();
    scratch.dver(&["-C", "bob", "pull"]).fails(4);
    assert_eq!(scratch.read("bob/.dver/head"), operation);
    fs::write(&new, &sound_bytes).unwrap();
    scratch.dver(&["-C", "bob", "pull"]).ok();
    sound(&scratch, "bob");
}

/// Stops a command at each of its durable steps on copies of `start`, lets `check` look, and does
/// it again, which must succeed.
fn at_every_step(start: &Scratch, command: &[&str], check: &dyn Fn(&Scratch, &str)) {
    let run = |scratch: &Scratch, environment: &[(&str, &str)]| {
        let mut all = vec![("RAYON_NUM_THREADS", "1")];
        all.extend_from_slice(environment);
        scratch.dver_with(command, &all)
    };
    let counted = start.copy();
    let steps = counted.path("steps");
    run(&counted, &[("DVER_TEST_STEPS", steps.to_str().unwrap())]).ok();
    let names = fs::read_to_string(&steps).unwrap();
    assert!(names.lines().count() >= 5, "{names}");
    for (number, name) in (1..).zip(names.lines()) {
        let number: u64 = number;
        for variable in ["DVER_TEST_CRASH_AT", "DVER_TEST_FAIL_AT"] {
            let scratch = start.copy();
            let output = run(&scratch, &[(variable, &number.to_string())]);
            let place = format!("{variable}={number} ({name}): {}", output.err);
            check(&scratch, &place);
            let again = run(&scratch, &[]);
            assert_eq!(again.code, Some(0), "{place}: again: {}", again.err);
            scratch.dver(&["clone", "shared", "eve"]).ok();
            assert_eq!(
                scratch.read("eve/pets.csv"),
                scratch.read("ann/pets.csv"),
                "{place}"
            );
            for clone in ["ann", "eve"] {
                sound(&scratch, clone);
            }
        }
    }
}

#[test]
fn a_push_that_is_stopped_leaves_the_remote_old_or_new() {
    let start = begun(600);
    movable(&start, "ann");
    at_every_step(&start, &["-C", "ann", "push"], &|scratch, place| {
        // Nothing was there before: a clone gets all or is told that there is nothing.
        let output = scratch.dver(&["clone", "shared", "dan"]);
        assert!(
            matches!(output.code, Some(0 | 3)),
            "{place}: {}",
            output.err
        );
    });
    start.dver(&["-C", "ann", "push"]).ok();
    let old = start.read("shared/head");
    commit(&start, "ann", &labels(600, 6), "six birds");
    let done = start.copy();
    done.dver(&["-C", "ann", "push"]).ok();
    let new = done.read("shared/head");
    at_every_step(&start, &["-C", "ann", "push"], &|scratch, place| {
        let head = scratch.read("shared/head");
        assert!(head == old || head == new, "{place}");
        scratch.dver(&["clone", "shared", "dan"]).ok();
        sound(scratch, "dan");
    });
}

#[test]
fn a_pull_that_is_stopped_is_finished_by_the_next() {
    let start = begun(600);
    start.dver(&["-C", "ann", "push"]).ok();
    start.dver(&["clone", "shared", "bob"]).ok();
    movable(&start, "bob");
    commit(&start, "ann", &labels(600, 6), "six birds");
    start.dver(&["-C", "ann", "push"]).ok();
    at_every_step(&start, &["-C", "bob", "pull"], &|scratch, place| {
        let pending = &json(scratch, &["-C", "bob", "status"])["pending"];
        if pending.is_object() {
            let resumed = scratch.dver(&["-C", "bob", "checkout", "--continue"]);
            assert_eq!(resumed.code, Some(0), "{place}: {}", resumed.err);
        }
        sound(scratch, "bob");
    });
}

#[test]
fn wrong_addresses_are_told() {
    let scratch = begun(10);
    let told = scratch.dver(&["-C", "ann", "push", "elsewhere"]).fails(3);
    assert!(told.contains("there is no remote `elsewhere`"), "{told}");
    let told = scratch.dver(&["clone", "nowhere", "bob"]).fails(3);
    assert!(told.contains("nothing was pushed there"), "{told}");
    assert!(!scratch.path("bob").exists());
    scratch
        .dver(&["-C", "ann", "remote", "add", "home", "."])
        .ok();
    let told = scratch.dver(&["-C", "ann", "push", "home"]).fails(3);
    assert!(told.contains("it holds other files"), "{told}");
    scratch
        .dver(&["-C", "ann", "remote", "remove", "home"])
        .ok();
    let left = scratch.json(&["-C", "ann", "remote"]);
    assert_eq!(left.len(), 1);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch
        .dver(&["-C", "ann", "remote", "remove", "origin"])
        .ok();
    assert!(scratch.json(&["-C", "ann", "remote", "list"]).is_empty());
}

/// What an evaluation says, without where it stands.
fn evaluations(scratch: &Scratch, clone: &str) -> Vec<serde_json::Value> {
    let log = scratch.json(&["-C", clone, "log"]);
    let told = log.iter().map(|commit| commit["evaluations"].clone());
    told.collect()
}

/// A remote and a clone of it, of which `ann` declares an evaluation.
fn evaluated() -> Scratch {
    let scratch = begun(40);
    let declared = String::from_utf8(scratch.read("ann/dver.toml")).unwrap();
    scratch.write(
        "ann/dver.toml",
        format!("{declared}\n[eval.m]\ndataset = \"pets\"\nmodel = \"import\"\n"),
    );
    scratch.dver(&["-C", "ann", "commit", "-a", "-m", "m"]).ok();
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    scratch
}

fn evaluate(scratch: &Scratch, clone: &str, class: &str) {
    let mut list = String::from("id,prediction\n");
    for id in 0..40 {
        list.push_str(&format!("{id},{class}\n"));
    }
    scratch.write("list.csv", list);
    let args = ["-C", clone, "eval", "import", "../list.csv", "--name", "m"];
    scratch.dver(&args).ok();
}

#[test]
fn evaluations_travel_with_their_versions() {
    let scratch = evaluated();
    evaluate(&scratch, "ann", "cat");
    // They are news even where no version is.
    let pushed = json(&scratch, &["-C", "ann", "push"]);
    assert_eq!(pushed["attachments"], 1, "{pushed}");
    assert_eq!(pushed["refs"], serde_json::json!([]));
    let again = scratch.dver(&["-C", "ann", "push"]).ok();
    assert!(again.contains("has it all already"), "{again}");
    let told = scratch.dver(&["-C", "bob", "fetch"]).ok();
    assert!(told.contains("  1 evaluation\n"), "{told}");
    assert_eq!(evaluations(&scratch, "bob"), evaluations(&scratch, "ann"));
    assert!(evaluations(&scratch, "bob")[0][0]["accuracy"].is_number());
    // Each has one of their own: both have both, and each their own first.
    evaluate(&scratch, "ann", "dog");
    evaluate(&scratch, "bob", "bird");
    scratch.dver(&["-C", "bob", "push"]).ok();
    scratch.dver(&["-C", "ann", "pull"]).ok();
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["-C", "bob", "pull"]).ok();
    let all = |clone: &str| {
        let all = evaluations(&scratch, clone)[0].as_array().unwrap().clone();
        let mut ids: Vec<String> = all.iter().map(|one| one["id"].to_string()).collect();
        let first = ids[1].clone();
        ids.sort_unstable();
        (ids, first)
    };
    let (of_ann, of_bob) = (all("ann"), all("bob"));
    assert_eq!(of_ann.0.len(), 3);
    assert_eq!(of_ann.0, of_bob.0);
    assert_ne!(of_ann.1, of_bob.1, "what a clone says first stays first");
    // A new clone has them, with the predictions that they were scored from.
    scratch.dver(&["clone", "shared", "carl"]).ok();
    assert_eq!(all("carl").0, of_ann.0);
    scratch.dver(&["-C", "carl", "eval", "show"]).ok();
    for clone in ["ann", "bob", "carl"] {
        sound(&scratch, clone);
    }
    // Where nobody evaluated anything, a remote is of the first format.
    let plain = begun(10);
    plain.dver(&["-C", "ann", "push"]).ok();
    assert!(plain.read("shared/head").starts_with(b"dver remote 1\n"));
    assert!(scratch.read("shared/head").starts_with(b"dver remote 2\n"));
}

#[test]
fn a_push_of_evaluations_that_is_stopped_is_finished_by_the_next() {
    let start = evaluated();
    movable(&start, "ann");
    evaluate(&start, "ann", "cat");
    let old = start.read("shared/head");
    at_every_step(&start, &["-C", "ann", "push"], &|scratch, place| {
        let head = scratch.read("shared/head");
        assert!(
            head == old || head.starts_with(b"dver remote 2\n"),
            "{place}"
        );
    });
}

#[test]
fn a_clone_that_is_stopped_goes_on() {
    let start = begun(600);
    start.dver(&["-C", "ann", "branch", "work"]).ok();
    start.dver(&["-C", "ann", "push", "origin", "work"]).ok();
    let clone = ["clone", "shared", "bob", "--branch", "work"];
    let run = |scratch: &Scratch, args: &[&str], environment: &[(&str, &str)]| {
        let mut all = vec![("RAYON_NUM_THREADS", "1")];
        all.extend_from_slice(environment);
        scratch.dver_with(args, &all)
    };
    let counted = start.copy();
    let steps = counted.path("steps");
    run(
        &counted,
        &clone,
        &[("DVER_TEST_STEPS", steps.to_str().unwrap())],
    )
    .ok();
    let names = fs::read_to_string(&steps).unwrap();
    let mut pulled = 0;
    for (number, name) in (1..).zip(names.lines()) {
        let number: u64 = number;
        for variable in ["DVER_TEST_CRASH_AT", "DVER_TEST_FAIL_AT"] {
            if variable == "DVER_TEST_FAIL_AT" && !number.is_multiple_of(4) {
                continue; // to fail is to stop with more words
            }
            let scratch = start.copy();
            let output = run(&scratch, &clone, &[(variable, &number.to_string())]);
            let place = format!("{variable}={number} ({name}): {}", output.err);
            let has_remote = scratch.path("bob/.dver/VERSION").exists()
                && scratch.path("bob/.dver/config.toml").exists();
            // Whatever is there, the same command or a pull goes on with it.
            let has_files = scratch.path("bob/pets.csv").exists();
            assert!(has_remote || !has_files, "{place}");
            if has_remote && (has_files || number.is_multiple_of(2)) {
                pulled += 1;
                let status = &json(&scratch, &["-C", "bob", "status"]);
                if status["pending"].is_object() {
                    run(&scratch, &["-C", "bob", "checkout", "--continue"], &[]).ok();
                }
                let output = run(&scratch, &["-C", "bob", "pull"], &[]);
                assert_eq!(output.code, Some(0), "{place}: {}", output.err);
            } else {
                let output = run(&scratch, &clone, &[]);
                if output.code != Some(0) && output.err.contains("checkout --continue") {
                    run(&scratch, &["-C", "bob", "checkout", "--continue"], &[]).ok();
                } else {
                    assert_eq!(output.code, Some(0), "{place}: {}", output.err);
                }
            }
            assert_eq!(scratch.read("bob/pets.csv"), scratch.read("ann/pets.csv"));
            assert_eq!(json(&scratch, &["-C", "bob", "status"])["branch"], "work");
            sound(&scratch, "bob");
        }
    }
    assert!(pulled > 5, "{pulled} of {}", names.lines().count());
    // What is not what a clone left is not taken over.
    start.dver(&["init", "own"]).ok();
    commit(&start, "own", &labels(10, 0), "mine");
    fs::remove_file(start.path("own/pets.csv")).unwrap();
    fs::remove_file(start.path("own/dver.toml")).unwrap();
    let told = start.dver(&["clone", "shared", "own"]).fails(3);
    assert!(told.contains("own"), "{told}");
}

#[test]
fn a_file_that_strayed_into_a_remote_stops_nobody() {
    let scratch = begun(50);
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.write("shared/.DS_Store", "x");
    commit(&scratch, "ann", &labels(50, 5), "birds");
    scratch.dver(&["-C", "ann", "push"]).ok();
    scratch.dver(&["clone", "shared", "bob"]).ok();
    assert_eq!(scratch.read("bob/pets.csv"), scratch.read("ann/pets.csv"));
}
