//! Several at once: writers wait for each other and say so, readers wait for nobody, and what is
//! stopped in the middle leaves nothing half-done.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dver::base::ObjectId;
use dver::object::{self, Commit, Content, Snapshot};
use dver::store::Store;

use crate::harness::Scratch;

fn start(scratch: &Scratch, args: &[&str]) -> Child {
    let mut command = scratch.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn labels(count: usize, seed: usize) -> String {
    let mut text = String::from("id,text,label\n");
    for id in 0..count {
        let label = ["cat", "dog", "bird"][(id * 7 + seed * id / 3) % 3];
        text.push_str(&format!("{id},some text number {},{label}\n", id * seed));
    }
    text
}

/// Sends a signal by its name to one process.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .arg(name)
        .arg(child.id().to_string())
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn the_second_writer_waits_and_says_for_whom() {
    let scratch = Scratch::new();
    scratch.write("a", "a");
    // The writers' lock is an OS file lock: whoever holds it, dver waits.
    let lock = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(scratch.path(".dver/lock"))
        .unwrap();
    lock.lock().unwrap();
    (&lock)
        .write_all(b"dver commit of Grace (process 1)")
        .unwrap();
    let mut waiting = start(&scratch, &["add", "a"]);
    thread::sleep(Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    // Readers take no lock.
    scratch.dver(&["log"]).ok();
    scratch.dver(&["status"]).ok();
    lock.unlock().unwrap();
    let output = waiting.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{err}");
    assert!(
        err.contains("waiting for dver commit of Grace (process 1)"),
        "{err}"
    );
    assert_eq!(scratch.json(&["status"])[0]["staged"][0]["path"], "a");
}

#[test]
fn many_writers_all_succeed() {
    let scratch = Scratch::new();
    for name in 0..8 {
        scratch.write(&format!("file{name}"), labels(200, name));
    }
    let names: Vec<String> = (0..8).map(|name| format!("file{name}")).collect();
    let writers: Vec<Child> = names
        .iter()
        .map(|name| start(&scratch, &["add", "--no-declare", name]))
        .chain((0..4).map(|n| start(&scratch, &["tag", &format!("t{n}"), "HEAD"])))
        .collect();
    for (at, writer) in writers.into_iter().enumerate() {
        let output = writer.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        // There is no commit to tag: the tags fail, cleanly.
        assert_eq!(
            output.status.code(),
            Some(if at < 8 { 0 } else { 3 }),
            "{err}"
        );
    }
    let staged = scratch.json(&["status"])[0]["staged"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(staged, 8);
    scratch.dver(&["commit", "-m", "all"]).ok();
    let branches: Vec<String> = (0..8).map(|n| format!("b{n}")).collect();
    let writers: Vec<Child> = branches
        .iter()
        .map(|b| start(&scratch, &["branch", b]))
        .collect();
    for writer in writers {
        assert!(writer.wait_with_output().unwrap().status.success());
    }
    assert_eq!(scratch.dver(&["branch"]).ok().lines().count(), 9);
}

/// Lets the readers end, also when the writer panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn readers_see_whole_states_while_others_write() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(500, 1));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "0"]).ok();
    let done = AtomicBool::new(false);
    let (scratch, done) = (&scratch, &done);
    thread::scope(|scope| {
        for args in [
            &["log", "--json", "--metric", "records"][..],
            &["diff", "HEAD~1", "HEAD", "--json"],
            &["cat", "HEAD:labels.csv"],
            &["fsck"],
            &["status", "--json"],
        ] {
            let mut command = scratch.command(args);
            let args = args.join(" ");
            scope.spawn(move || {
                let mut looks = 0;
                while !done.load(Ordering::Relaxed) || looks == 0 {
                    let output = command.output().unwrap();
                    let err = String::from_utf8_lossy(&output.stderr);
                    let unborn = args.starts_with("diff") && err.contains("no parent");
                    assert!(output.status.success() || unborn, "{args}: {err}");
                    looks += 1;
                }
            });
        }
        let _done = Done(done);
        for turn in 1..12 {
            scratch.write("labels.csv", labels(500, turn + 1));
            scratch
                .dver(&["commit", "-a", "-m", &turn.to_string()])
                .ok();
            if turn % 4 == 0 {
                let _ = std::fs::remove_file(scratch.path(".dver/index.sqlite"));
            }
        }
    });
    assert_eq!(scratch.json(&["log"]).len(), 12);
}

/// Every version that has a name, file by file, through one store that was opened long ago.
fn read_everything(store: &Store, tips: &[ObjectId]) {
    let mut open = tips.to_vec();
    while let Some(id) = open.pop() {
        let commit: Commit = object::get(store, &id).unwrap();
        for entry in Snapshot::entries(store, &commit.snapshot).unwrap() {
            let content = Content::open(store, &entry.content, entry.size).unwrap();
            let mut length = 0;
            let read: Result<(), object::Error> = content.copy(store, &mut |part| {
                length += part.len() as u64;
                Ok(())
            });
            read.unwrap();
            assert_eq!(length, entry.size);
        }
        open.extend(commit.parents);
    }
}

#[test]
fn readers_read_everything_while_packs_are_merged_and_collected() {
    let scratch = Scratch::new();
    for version in 0..4 {
        scratch.write("labels.csv", labels(4000, version + 1));
        scratch.write("small.txt", version.to_string());
        scratch.dver(&["add", "."]).ok();
        scratch.dver(&["commit", "-m", &version.to_string()]).ok();
    }
    let head = scratch.json(&["log"])[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let tips: Vec<ObjectId> = vec![head.parse().unwrap()];
    let done = AtomicBool::new(false);
    let (scratch, done, tips) = (&scratch, &done, &tips);
    let store = Store::open(&scratch.path(".dver/packs")).unwrap();
    let store = &store;
    let mut collected = 0;
    thread::scope(|scope| {
        let _done = Done(done);
        // One store for two threads, which miss objects at the same time; one opened again and
        // again, in the middle of whatever happens; and a process.
        for _ in 0..2 {
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    read_everything(store, tips);
                }
            });
        }
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let store = Store::open(&scratch.path(".dver/packs")).unwrap();
                read_everything(&store, tips);
            }
        });
        let mut command = scratch.command(&["cat", "HEAD~3:labels.csv"]);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let output = command.output().unwrap();
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        });
        for turn in 0..36 {
            scratch.write("other.txt", turn.to_string());
            scratch.dver(&["add", "other.txt"]).ok();
            scratch.dver(&["tag", "-f", "moving"]).ok();
            if turn % 3 == 2 {
                scratch.dver(&["gc", "--keep", "0", "--all"]).ok();
                collected += 1;
            }
        }
    });
    assert_eq!(collected, 12);
}

#[test]
fn writers_and_gc_take_turns() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(500, 1));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "0"]).ok();
    for name in 0..6 {
        scratch.write(&format!("file{name}"), labels(300, name));
    }
    let mut children = Vec::new();
    for name in 0..6 {
        children.push(start(
            &scratch,
            &["add", "--no-declare", &format!("file{name}")],
        ));
        children.push(start(&scratch, &["gc", "--keep", "0"]));
        children.push(start(&scratch, &["branch", &format!("b{name}")]));
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
    }
    scratch.dver(&["commit", "-m", "all"]).ok();
    for name in 0..6 {
        let bytes = scratch.dver(&["cat", &format!("HEAD:file{name}")]).bytes;
        assert_eq!(bytes, labels(300, name).into_bytes());
    }
    assert_eq!(scratch.dver(&["branch"]).ok().lines().count(), 7);
    scratch.dver(&["fsck", "--full"]).ok();
}

/// Stops `args` with a signal after a while; returns whether it was still running.
fn interrupt(scratch: &Scratch, args: &[&str], name: &str, after: Duration) -> bool {
    let mut child = start(scratch, args);
    let begun = Instant::now();
    while begun.elapsed() < after {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    signal(&child, name);
    let status = child.wait().unwrap();
    assert_ne!(status.code(), Some(101), "a panic");
    !status.success()
}

#[test]
fn ctrl_c_leaves_nothing_half_done() {
    let scratch = Scratch::new();
    scratch.write("labels.csv", labels(100, 1));
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("labels.csv", labels(25_000, 2));
    let old = scratch.dver(&["status", "--short"]).ok();
    assert_eq!(old, " M labels.csv\n");
    let mut stopped = 0;
    for wait in [5, 20, 60, 120] {
        if interrupt(&scratch, &["add", "."], "-INT", Duration::from_millis(wait)) {
            stopped += 1;
            // The signal may come when `head` has moved and the process has yet to end.
            let status = scratch.dver(&["status", "--short"]).ok();
            assert!([&*old, "M  labels.csv\n"].contains(&&*status), "{status}");
            scratch.dver(&["fsck", "--full"]).ok();
        }
        scratch.dver(&["restore", "--staged", "."]).ok();
        assert_eq!(scratch.dver(&["status", "--short"]).ok(), old);
    }
    assert!(stopped > 0, "some are stopped in time");
    scratch.dver(&["commit", "-a", "-m", "two"]).ok();
    // The next writer cleared away what the stopped ones had begun.
    let left = std::fs::read_dir(scratch.path(".dver/tmp"))
        .unwrap()
        .count();
    assert!(left <= 2, "{left} leftovers in .dver/tmp");
}

/// Kills writers at random moments for a while: `cargo test -- --ignored soak`.
#[test]
#[ignore = "takes a minute"]
fn soak_killed_writers_leave_the_old_or_the_new_state() {
    let scratch = Scratch::new();
    scratch
        .write("labels.csv", labels(2000, 1))
        .write("other.txt", "1");
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "0"]).ok();
    scratch.dver(&["branch", "side"]).ok();
    let begun = Instant::now();
    // A small generator is enough for moments that differ.
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let mut turn = 1;
    let mut stopped = 0;
    while begun.elapsed() < Duration::from_secs(60) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let after = Duration::from_micros(random % 80_000);
        turn += 1;
        scratch
            .write("labels.csv", labels(2000 + turn, turn))
            .write("other.txt", turn.to_string());
        let message = turn.to_string();
        let args: &[&str] = match random % 6 {
            0 => &["add", "."],
            1 => &["commit", "-a", "-m", &message],
            2 => &["switch", "-f", "side"],
            3 => &["switch", "-f", "main"],
            4 => &["gc", "--keep", "0"],
            _ => &["undo"],
        };
        stopped += usize::from(interrupt(&scratch, args, "-KILL", after));
        if scratch.json(&["status"])[0]["pending"].is_object() {
            let end = ["--continue", "--abort"][turn % 2];
            scratch.dver(&["checkout", end]).ok();
        }
        scratch.dver(&["fsck", "--full"]).ok();
        scratch.dver(&["log"]).ok();
    }
    assert!(stopped > 20, "{stopped} were stopped");
}
