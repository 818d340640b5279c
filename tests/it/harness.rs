//! A scratch directory with a dver in it: hermetic, deterministic, readable as a session.
//!
//! The environment is cleared, the user fixed, the clock advances one second a command. When a
//! scratch is dropped, `dver fsck` must find nothing, unless the test damaged the repository.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tempfile::TempDir;

/// The first second of the test clock: 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

pub(crate) struct Scratch {
    dir: TempDir,
    seconds: AtomicU64,
    damaged: AtomicBool,
}

#[must_use = "check the output with `ok`, `fails` or by its fields"]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) err: String,
    command: String,
}

impl Scratch {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir,
            seconds: AtomicU64::new(0),
            damaged: AtomicBool::new(false),
        }
    }

    /// A directory with a new repository.
    pub(crate) fn new() -> Self {
        let scratch = Self::empty();
        scratch.dver(&["init"]).ok();
        scratch
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap()
    }

    pub(crate) fn remove(&self, relative: &str) {
        let path = self.path(relative);
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
        .unwrap();
    }

    /// Takes over the clock of another scratch.
    pub(crate) fn advance(&self, other: &Self) {
        let seconds = other.seconds.load(std::sync::atomic::Ordering::SeqCst);
        self.seconds
            .store(seconds, std::sync::atomic::Ordering::SeqCst);
    }

    /// The test breaks the repository: `fsck` need not be clean at the end.
    pub(crate) fn damaged(&self) {
        self.damaged.store(true, Relaxed);
    }

    /// Every file of the worktree but the repository, with its bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut out = Vec::new();
        list(self.root(), self.root(), &mut out);
        out.sort();
        out
    }

    /// Copies everything, repository included, into a fresh scratch whose clock goes on from here.
    pub(crate) fn copy(&self) -> Self {
        let to = Self::empty();
        copy_dir(self.root(), to.root());
        to.seconds.store(self.seconds.load(Relaxed), Relaxed);
        to.damaged.store(self.damaged.load(Relaxed), Relaxed);
        to
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dver"));
        let seconds = self.seconds.fetch_add(1, Relaxed) + 1;
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("DVER_AUTHOR", "Ada Lovelace <ada@example.org>")
            .env("SOURCE_DATE_EPOCH", (EPOCH + seconds).to_string())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn dver(&self, args: &[&str]) -> Output {
        self.dver_with(args, &[])
    }

    pub(crate) fn dver_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        self.run(command)
    }

    /// Runs a command that the test has changed.
    pub(crate) fn run(&self, mut command: Command) -> Output {
        let output = command.output().unwrap();
        self.output(&command, output)
    }

    /// Runs a command whose stdout the test has led elsewhere.
    pub(crate) fn run_inherited(&self, mut command: Command) -> Output {
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        self.output(&command, output)
    }

    /// Takes the output of a command that the test ran itself.
    pub(crate) fn output(&self, command: &Command, output: std::process::Output) -> Output {
        let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        Output {
            code: output.status.code(),
            out: self.normalise(&output.stdout),
            bytes: output.stdout,
            err: self.normalise(&output.stderr),
            command: format!("dver {}", args.join(" ")),
        }
    }

    /// Parses the lines of a `--json` answer.
    pub(crate) fn json(&self, args: &[&str]) -> Vec<serde_json::Value> {
        let mut all = args.to_vec();
        all.push("--json");
        let output = self.dver(&all).ok();
        output
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    fn normalise(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let root = self.root().canonicalize().unwrap();
        text.replace(root.to_str().unwrap(), "SCRATCH")
            .replace(self.root().to_str().unwrap(), "SCRATCH")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking()
            || self.damaged.load(Relaxed)
            || !self.path(".dver/VERSION").exists()
        {
            return;
        }
        let output = self.dver(&["fsck"]);
        assert_eq!(
            output.code,
            Some(0),
            "fsck at the end: {}{}",
            output.out,
            output.err
        );
    }
}

impl Output {
    /// The command must have succeeded; returns stdout.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            self.code,
            Some(0),
            "{}\n{}\n{}",
            self.command,
            self.out,
            self.err
        );
        self.out
    }

    /// The command must have ended with this code; returns stderr.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n{}\n{}",
            self.command,
            self.out,
            self.err
        );
        self.err
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&path).unwrap(), &target).unwrap();
        } else if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn list(root: &Path, dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".dver") {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            list(root, &path, out);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            out.push((name, fs::read(&path).unwrap_or_default()));
        }
    }
}

/// Returns the directory of real data sets beside the project; says so aloud where it is absent.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    #[allow(clippy::print_stderr)] // a skipped test must say so
    {
        eprintln!("SKIPPED: {} is not there", path.display());
    }
    None
}
