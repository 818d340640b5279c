//! Faults for tests: stop, or fail, at the n-th durable step.
//!
//! A crash is simulated as the harshest one a file system allows: every file loses what was
//! written after its last sync, and every rename whose directory was not synced is taken back.
//! Armed only by cli from `DVER_TEST_*` variables; otherwise each step costs one atomic load.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What to do at which step (counted from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Only count the steps.
    Count,
    /// Lose what is not durable and abort the process at this step.
    CrashAt(u64),
    /// Let this step fail with this OS error code.
    FailAt(u64, i32),
}

struct State {
    plan: Plan,
    steps: u64,
    names: Vec<&'static str>,
    /// File -> length at its last sync, for files with bytes that are not synced.
    unsynced: BTreeMap<PathBuf, u64>,
    /// Renames whose directory is not synced: (from, to, bytes that stood at `to`).
    renames: Vec<(PathBuf, PathBuf, Option<Vec<u8>>)>,
}

static ARMED: AtomicBool = AtomicBool::new(false);
/// How long [`pause`] takes, in milliseconds.
static PAUSE: AtomicU64 = AtomicU64::new(0);
static STATE: Mutex<Option<State>> = Mutex::new(None);

/// Arms the plan for the rest of the process.
pub fn arm(plan: Plan) {
    *lock() = Some(State {
        plan,
        steps: 0,
        names: Vec::new(),
        unsynced: BTreeMap::new(),
        renames: Vec::new(),
    });
    ARMED.store(true, Ordering::SeqCst);
}

/// Makes [`pause`] take so many milliseconds.
pub fn arm_pause(milliseconds: u64) {
    PAUSE.store(milliseconds, Ordering::Relaxed);
}

/// Passes a moment that tests make long: what waits for something slow shows what it does then.
pub fn pause() {
    match PAUSE.load(Ordering::Relaxed) {
        0 => {}
        milliseconds => std::thread::sleep(Duration::from_millis(milliseconds)),
    }
}

/// Returns the names of the steps taken so far, in order.
pub fn steps_taken() -> Vec<&'static str> {
    lock()
        .as_ref()
        .map(|state| state.names.clone())
        .unwrap_or_default()
}

fn lock() -> std::sync::MutexGuard<'static, Option<State>> {
    STATE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs `act` on the state when a plan is armed.
fn armed<R>(act: impl FnOnce(&mut State) -> R) -> Option<R> {
    if !ARMED.load(Ordering::Relaxed) {
        return None;
    }
    lock().as_mut().map(act)
}

/// Passes one named durable step: the fault happens *before* the step's own act.
pub(super) fn step(name: &'static str) -> io::Result<()> {
    armed(|state| {
        state.steps += 1;
        state.names.push(name);
        match state.plan {
            Plan::CrashAt(at) if at == state.steps => {
                state.lose_what_is_not_durable();
                std::process::abort();
            }
            Plan::FailAt(at, code) if at == state.steps => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(()),
        }
    })
    .unwrap_or(Ok(()))
}

/// Notes that `path` has bytes beyond `synced` that no sync covers.
pub(super) fn written(path: &Path, synced: u64) {
    armed(|state| {
        state.unsynced.entry(path.to_owned()).or_insert(synced);
    });
}

/// Notes that all bytes of `path` are durable.
pub(super) fn synced(path: &Path) {
    armed(|state| state.unsynced.remove(path));
}

/// Notes a rename that no directory sync covers yet. Called before the rename.
pub(super) fn renaming(from: &Path, to: &Path) {
    armed(|state| {
        let old = std::fs::read(to).ok();
        if let Some(length) = state.unsynced.remove(from) {
            state.unsynced.insert(to.to_owned(), length);
        }
        state.renames.push((from.to_owned(), to.to_owned(), old));
    });
}

/// Notes that the names in `dir` are durable.
pub(super) fn directory_synced(dir: &Path) {
    armed(|state| state.renames.retain(|(_, to, _)| to.parent() != Some(dir)));
}

/// Notes that everything on the file system is durable.
pub(super) fn everything_synced() {
    armed(|state| {
        state.renames.clear();
        state.unsynced.clear();
    });
}

impl State {
    #[allow(clippy::disallowed_methods)] // the simulated crash itself must not be a step
    fn lose_what_is_not_durable(&mut self) {
        for (path, length) in &self.unsynced {
            if let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) {
                let _ = file.set_len(*length);
            }
        }
        for (from, to, old) in self.renames.drain(..).rev() {
            let _ = std::fs::rename(&to, &from);
            if let Some(bytes) = old {
                let _ = std::fs::write(&to, bytes);
            }
        }
    }
}
