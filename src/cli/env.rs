//! The environment: the only place that reads it.

#![allow(clippy::disallowed_methods)] // this is the one file that may

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::base::fault::{self, Plan};
use crate::base::{Clock, Timestamp};
use crate::repo::Actor;

/// Returns a variable that is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Arms the faults that tests ask for.
pub(super) fn arm_faults() {
    let number = |name: &str| variable(name).and_then(|value| value.parse::<u64>().ok());
    if let Some(step) = number("DVER_TEST_CRASH_AT") {
        fault::arm(Plan::CrashAt(step));
    } else if let Some(step) = number("DVER_TEST_FAIL_AT") {
        let code = number("DVER_TEST_FAIL_CODE").and_then(|code| i32::try_from(code).ok());
        fault::arm(Plan::FailAt(step, code.unwrap_or(28)));
    } else if variable("DVER_TEST_STEPS").is_some() {
        fault::arm(Plan::Count);
    }
    if let Some(milliseconds) = number("DVER_TEST_PAUSE") {
        fault::arm_pause(milliseconds);
    }
}

/// Writes the names of the durable steps that were taken to the file that tests name.
pub(super) fn report_steps() {
    if let Some(path) = variable("DVER_TEST_STEPS") {
        let _ = std::fs::write(path, fault::steps_taken().join("\n"));
    }
}

/// Returns the time source: the machine's clock, or the moment that the environment fixes.
pub(super) fn clock() -> (Clock, bool) {
    let fixed = variable("SOURCE_DATE_EPOCH")
        .and_then(|text| text.parse().ok())
        .and_then(Timestamp::from_seconds);
    match fixed {
        Some(at) => (Clock::Fixed(at), true),
        None => (Clock::System, false),
    }
}

/// Finds out who acts: `DVER_AUTHOR`, then the repository's config, then git's user.
pub(super) fn actor(configured: Option<String>, directory: &Path) -> Actor {
    let actor = onlooker(configured);
    let identity = actor.identity.or_else(|| git_user(directory));
    Actor { identity, ..actor }
}

/// The same without asking git.
pub(super) fn onlooker(configured: Option<String>) -> Actor {
    let (clock, clock_given) = clock();
    let mut environment = Vec::new();
    let given = variable("DVER_AUTHOR");
    if given.is_some() {
        environment.push("author".to_owned());
    }
    if clock_given {
        environment.push("time".to_owned());
    }
    let identity = given.or(configured);
    let fallback = variable("USER").or_else(|| variable("USERNAME"));
    Actor {
        identity,
        fallback: fallback.unwrap_or_else(|| "unknown".into()),
        clock,
        environment,
        notice: |e| super::ui::complain(&super::error::index_note(e)),
    }
}

/// Asks git for `user.name` and `user.email`; git may be absent.
fn git_user(directory: &Path) -> Option<String> {
    let ask = |name: &str| {
        let output = Command::new("git")
            .args(["config", "--get", name])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    let name = ask("user.name")?;
    Some(format!(
        "{name} <{}>",
        ask("user.email").unwrap_or_default()
    ))
}

/// Returns whether git, which runs a hook, speaks of another repository than that in `directory`.
pub(super) fn is_of_another(directory: &Path) -> bool {
    let plain = |path: &Path| std::fs::canonicalize(path).ok();
    let given = std::env::var_os("GIT_DIR").filter(|given| !given.is_empty());
    given.is_some_and(|given| plain(Path::new(&given)) != plain(directory))
}

/// Returns the process of git that runs a hook, where the hook says it. 1 is what the shell of git
/// for Windows says of all of them.
pub(super) fn process_of_git() -> Option<u32> {
    let process = variable("DVER_HOOK_GIT")?.parse().ok();
    process.filter(|process| *process > 1)
}

/// Returns whether git is committing only some paths, for which it has made an index of its own.
pub(super) fn commits_paths() -> bool {
    let index = std::env::var_os("GIT_INDEX_FILE");
    let name = index
        .as_deref()
        .and_then(|path| Path::new(path).file_name());
    name.is_some_and(|name| name.to_string_lossy().starts_with("next-index"))
}

/// Returns what stands on stdin, where that is no terminal; at most so many bytes.
pub(super) fn input(most: u64) -> std::io::Result<String> {
    let stdin = std::io::stdin();
    let mut bytes = Vec::new();
    if !stdin.is_terminal() {
        stdin.lock().take(most).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the path of this program.
pub(super) fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Gives a command an author and a time of its own, and keeps the rest of what the environment
/// could change away from it.
pub(super) fn make_hermetic(command: &mut Command, author: &str, seconds: u64) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DVER_") {
            command.env_remove(name);
        }
    }
    command
        .env("DVER_AUTHOR", author)
        .env("SOURCE_DATE_EPOCH", seconds.to_string())
        .stdin(Stdio::null());
}

/// Returns the directory that the program was started in.
pub(super) fn current_directory() -> std::io::Result<PathBuf> {
    std::env::current_dir()
}
