//! Running a command of the user's with limits: on its time and on what it prints.
//!
//! Invariant: nothing of it waits for a pipe. What it prints goes to a file, so that a process that
//! it left behind holds nobody up; what stops it stops those that it started, as far as they are
//! known.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::fsio::{self, IoError};

/// How often a running command is looked at, at first and later on.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LAST_LOOK: Duration = Duration::from_millis(100);

/// What a command may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How many bytes it may print.
    pub printed: u64,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// It was stopped: it took too long.
    TookTooLong,
    /// It was stopped: it printed too much.
    PrintedTooMuch,
}

/// Runs a command to its end, with nothing to read and what it prints in the file `log`, which
/// must not be there.
pub fn run(mut command: Command, log: &Path, limits: Limits) -> Result<Ended, IoError> {
    let program = PathBuf::from(command.get_program());
    let out = fsio::create_new(log)?;
    let err = out.try_clone().map_err(|e| IoError::new("open", log, e))?;
    let start = |e| IoError::new("start", &program, e);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(start)?;
    let begun = Instant::now();
    let mut pause = FIRST_LOOK;
    let too_much = loop {
        let wait = |e| IoError::new("wait for", &program, e);
        if let Some(status) = child.try_wait().map_err(wait)? {
            return Ok(Ended::Exited(status));
        }
        if begun.elapsed() >= limits.time {
            break Ended::TookTooLong;
        }
        let printed = std::fs::metadata(log).map_or(0, |found| found.len());
        if printed > limits.printed {
            break Ended::PrintedTooMuch;
        }
        thread::sleep(pause.min(limits.time.saturating_sub(begun.elapsed())));
        pause = (pause * 2).min(LAST_LOOK);
    };
    let started = descendants(child.id());
    // A process that ended meanwhile is what was wanted.
    let _ = child.kill();
    let _ = child.wait();
    started.into_iter().for_each(stop);
    Ok(too_much)
}

/// Returns the processes that a process started, and those that they started, where the system
/// tells.
#[cfg(target_os = "linux")]
fn descendants(of: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // `id (name) state parent ...`, where the name may hold anything.
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        if let Some(parent) = after
            .split_whitespace()
            .nth(1)
            .and_then(|p| p.parse::<u32>().ok())
        {
            parents.push((id, parent));
        }
    }
    let mut found = vec![of];
    let mut at = 0;
    while let Some(one) = found.get(at).copied() {
        let children = parents.iter().filter(|(_, parent)| *parent == one);
        found.extend(children.map(|(id, _)| *id));
        at += 1;
    }
    found.split_off(1)
}

#[cfg(not(target_os = "linux"))]
fn descendants(_of: u32) -> Vec<u32> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn stop(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

#[cfg(not(target_os = "linux"))]
fn stop(_id: u32) {}
