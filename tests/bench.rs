//! `cargo bench`: what add, commit and diff of a table cost, beside what the machine needs at least.
//!
//! Each line is a ratio to copying, hashing or compressing the same bytes in the same run; nothing
//! is asserted, for times are the machine's. `DVER_BENCH_MB` sets the size of the table (60).

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WORDS: [&str; 12] = [
    "river", "stone", "quiet", "amber", "winter", "copper", "meadow", "signal", "harbor", "velvet",
    "ladder", "north",
];

/// A small generator of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        (self.0 >> 33) % most
    }
}

/// A table of about so many bytes; `edits` in 100,000 labels differ from those of no edits.
fn table(bytes: usize, edits: u64) -> Vec<u8> {
    let (mut random, mut changed) = (Random(7), Random(11));
    let mut out = b"id,text,score,annotator,split,label\n".to_vec();
    let mut id = 1_000_000u64;
    while out.len() < bytes {
        id += 10;
        write!(out, "{id},").unwrap();
        for at in 0..random.below(8) + 6 {
            let space = if at > 0 { " " } else { "" };
            write!(out, "{space}{}", WORDS[random.below(12) as usize]).unwrap();
        }
        let (score, who) = (random.below(1000), random.below(20));
        let split = ["train", "train", "train", "test"][random.below(4) as usize];
        let mut label = random.below(10);
        if changed.below(100_000) < edits {
            label = (label + 1) % 10;
        }
        writeln!(out, ",0.{score:03},ann{who},{split},class{label}").unwrap();
    }
    out
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn dver(dir: &Path, args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_dver"))
        .args(args)
        .current_dir(dir)
        .env("DVER_AUTHOR", "Bench <bench@example.org>")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "dver {args:?}");
}

fn main() {
    let size = std::env::var("DVER_BENCH_MB").ok();
    let megabytes: usize = size.and_then(|size| size.parse().ok()).unwrap_or(60);
    let (old, new) = (table(megabytes << 20, 0), table(megabytes << 20, 100));
    let scratch = tempfile::tempdir().unwrap();
    let (dir, file) = (scratch.path(), scratch.path().join("data.csv"));
    dver(dir, &["init"]);
    fs::write(&file, &old).unwrap();

    let copy = timed(|| {
        fs::copy(&file, dir.join(".dver/copy")).unwrap();
    });
    fs::remove_file(dir.join(".dver/copy")).unwrap();
    let hash = timed(|| {
        std::hint::black_box(blake3::hash(&old));
    });
    let compress = timed(|| {
        std::hint::black_box(zstd::bulk::compress(&old, 1).unwrap());
    });
    println!("{megabytes} MB of CSV; wall time, and ratios to the same bytes in this run");
    let line = |name: &str, time: Duration| {
        let over = |other: Duration| time.as_secs_f64() / other.as_secs_f64();
        println!(
            "{name:24} {:8.3} s  cp x{:7.2}  blake3 x{:7.2}  zstd -1 x{:6.2}",
            time.as_secs_f64(),
            over(copy),
            over(hash),
            over(compress)
        );
    };
    line("cp", copy);
    line("blake3, one thread", hash);
    line("zstd -1, one thread", compress);
    let step = |name: &str, args: &[&str]| line(name, timed(|| dver(dir, args)));
    step("add", &["add", "."]);
    step("commit", &["commit", "-m", "first"]);
    step("status, nothing changed", &["status"]);
    fs::write(&file, &new).unwrap();
    step("status, 0.1 % relabelled", &["status"]);
    step("add, 0.1 % relabelled", &["add", "."]);
    step("commit, 0.1 % relabelled", &["commit", "-m", "second"]);
    step(
        "diff, 0.1 % relabelled",
        &["diff", "HEAD~1", "HEAD", "--json"],
    );
    step("checkout", &["checkout", "HEAD~1"]);
}
