//! Times of diffs of large tables: `v1.csv` to `v5.csv` in DVER_BENCH_DATA as of the build, on a
//! release build, with `--ignored --nocapture`.
#![expect(clippy::print_stderr, reason = "a measurement is its output")]

use std::path::Path;
use std::time::Instant;

use super::stored::{Stored, declare, summary};
use crate::diff::compare::Options;
use crate::diff::tables::diff_tables;

#[test]
#[ignore = "measures"]
fn times_of_large_diffs() {
    let Some(root) = option_env!("DVER_BENCH_DATA") else {
        return eprintln!("SKIPPED: DVER_BENCH_DATA was not set at build");
    };
    let declaration = declare(
        "[dataset.w]\npath = \"w.csv\"\nkey = [\"id\"]\nlabel = \"label\"\nannotator = \"annotator\"\n",
    );
    let mut stored = Stored::default();
    let mut load = |name: &str| {
        let bytes = std::fs::read(Path::new(root).join(name)).unwrap();
        let entry = stored.put("w.csv", &bytes);
        let (table, facts) = stored.table(&[entry], &declaration);
        (table, facts)
    };
    let versions: Vec<_> = ["v1.csv", "v2.csv", "v3.csv", "v4.csv", "v5.csv"]
        .map(&mut load)
        .into();
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3)] {
        let ((a, facts_a), (b, facts_b)) = (&versions[from], &versions[to]);
        for options in [Options::STAT, Options::DEFAULT] {
            let mut events = Vec::new();
            let (start, cpu) = (Instant::now(), cpu_seconds());
            let facts = (Some(facts_a), Some(facts_b));
            let source = stored.source();
            diff_tables(source, Some(a), Some(b), facts, options, &mut events).unwrap();
            let seconds = start.elapsed().as_secs_f64();
            let (records, cpu) = (summary(&events).records, cpu_seconds() - cpu);
            let (from, to) = (from + 1, to + 1);
            eprintln!("v{from} -> v{to}: {seconds:.2} s, {cpu:.2} CPU s, {records:?}");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    eprintln!("{}", peak.unwrap_or("no peak known"));
}

/// Returns the processor time of this process so far, on systems that have /proc.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().map(|rest| {
        rest.split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|n| n.parse::<f64>().ok())
            .sum::<f64>()
    });
    ticks.unwrap_or(0.0) / 100.0
}
