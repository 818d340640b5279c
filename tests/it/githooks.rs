//! A git repository with data in it, for tests: real git, hermetic as `Scratch` is.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::harness::{Output, Scratch};

/// A table of pets; those whose number is below `relabelled` and odd are cats, not dogs.
pub(crate) fn pets(count: usize, relabelled: usize) -> String {
    let mut text = String::from("id,text,label\n");
    for id in 0..count {
        let label = match id % 2 == 1 && id >= relabelled {
            true => "dog",
            false => "cat",
        };
        text.push_str(&format!("{id},text {},{label}\n", id * 7919 % 1000));
    }
    text
}

/// Runs git in a directory of the scratch, with the environment that its dver commands have.
pub(crate) fn git(scratch: &Scratch, directory: &str, arguments: &[&str]) -> Output {
    git_with(scratch, directory, arguments, &[])
}

pub(crate) fn git_with(
    scratch: &Scratch,
    directory: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Output {
    let mut command = plain(scratch, "git");
    command
        .args(arguments)
        .current_dir(scratch.path(directory))
        .envs(environment.iter().copied());
    scratch.run(command)
}

/// A command with the environment of the scratch's dver commands, and an identity for git.
pub(crate) fn plain(scratch: &Scratch, program: impl AsRef<OsStr>) -> Command {
    let like = scratch.command::<&str>(&[]);
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    for (name, value) in like.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    for name in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{name}_NAME"), "Ada Lovelace")
            .env(format!("GIT_{name}_EMAIL"), "ada@example.org")
            .env(format!("GIT_{name}_DATE"), "2026-01-01T00:00:00Z");
    }
    command
}

/// Writes an executable script.
pub(crate) fn script(scratch: &Scratch, path: &str, text: &str) {
    scratch.write(path, text);
    executable(scratch, path);
}

#[cfg(unix)]
fn executable(scratch: &Scratch, path: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(scratch.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_scratch: &Scratch, _path: &str) {}

/// A scratch with the git repository `my work`, whose path has a space, with code and no data.
pub(crate) fn code() -> Scratch {
    let scratch = Scratch::empty();
    fs::create_dir(scratch.path("my work")).unwrap();
    git(&scratch, WORK, &["init", "-q", "-b", "main"]).ok();
    scratch.write("my work/main.py", "print('hello')\n");
    git(&scratch, WORK, &["add", "."]).ok();
    git(&scratch, WORK, &["commit", "-qm", "code"]).ok();
    scratch
}

/// The same with a data set that git's last commit names, and hooks.
pub(crate) fn with_data() -> Scratch {
    let scratch = code();
    with_hooks(&scratch);
    scratch
}

/// Adds data and hooks to the git repository, and commits both.
pub(crate) fn with_hooks(scratch: &Scratch) {
    scratch.dver(&["-C", WORK, "init"]).ok();
    scratch.write("my work/pets.csv", pets(300, 0));
    scratch.dver(&["-C", WORK, "add", "pets.csv"]).ok();
    scratch.dver(&["-C", WORK, "commit", "-m", "first"]).ok();
    scratch.dver(&["-C", WORK, "hook", "install"]).ok();
    git(scratch, WORK, &["add", ".gitignore", "dver.toml"]).ok();
    git(scratch, WORK, &["commit", "-qm", "data"]).ok();
}

/// The directory of the git repository.
pub(crate) const WORK: &str = "my work";

/// The lock that a git commit has.
pub(crate) fn lock_at(scratch: &Scratch, directory: &str, revision: &str) -> String {
    let name = format!("{revision}:dver.lock");
    let text = git(scratch, directory, &["show", &name]).ok();
    text.trim()
        .trim_start_matches("commit = \"")
        .trim_end_matches('"')
        .to_owned()
}

/// The commit at dver's HEAD.
pub(crate) fn head(scratch: &Scratch, directory: &str) -> String {
    let status = scratch.json(&["-C", directory, "status"]).remove(0);
    status["head"].as_str().unwrap().to_owned()
}

/// Every file below a directory with its bytes and whether it may be run; links with their targets.
pub(crate) fn files_below(scratch: &Scratch, directory: &str) -> Vec<(PathBuf, Vec<u8>, u32)> {
    let mut out = Vec::new();
    let mut open = vec![scratch.path(directory)];
    while let Some(place) = open.pop() {
        for entry in fs::read_dir(&place).into_iter().flatten() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                out.push((path, target.to_string_lossy().into_owned().into_bytes(), 0));
            } else {
                out.push((path.clone(), fs::read(&path).unwrap(), mode(&metadata)));
            }
        }
    }
    out.sort();
    out
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode()
}

#[cfg(not(unix))]
fn mode(_metadata: &fs::Metadata) -> u32 {
    0
}

/// Runs a script as git runs a hook, with input.
pub(crate) fn run_with_input(scratch: &Scratch, mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Whoever does not read its input is free to.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    scratch.output(&command, output)
}
