//! A scratch directory with a dver in it: hermetic, deterministic, readable as a session.
//!
//! The environment is cleared, the user fixed, the clock advances one second a command. When a
//! scratch is dropped, `dver fsck` must find nothing, unless the test damaged the repository.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The first second of the test clock: 2026-01-01T00:00:00Z.
const EPOCH: u64 = 1_767_225_600;

pub(crate) struct Scratch {
    dir: TempDir,
    seconds: Cell<u64>,
    damaged: Cell<bool>,
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
            seconds: Cell::new(0),
            damaged: Cell::new(false),
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
        if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
        .unwrap();
    }

    /// Takes over the clock of another scratch.
    pub(crate) fn advance(&self, other: &Self) {
        self.seconds.set(other.seconds.get());
    }

    /// The test breaks the repository: `fsck` need not be clean at the end.
    pub(crate) fn damaged(&self) {
        self.damaged.set(true);
    }

    /// Every file of the worktree but the repository, with its bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut out = Vec::new();
        list(self.root(), self.root(), &mut out);
        out.sort();
        out
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dver"));
        self.seconds.set(self.seconds.get() + 1);
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("DVER_AUTHOR", "Ada Lovelace <ada@example.org>")
            .env(
                "SOURCE_DATE_EPOCH",
                (EPOCH + self.seconds.get()).to_string(),
            )
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn dver(&self, args: &[&str]) -> Output {
        self.dver_with(args, &[])
    }

    pub(crate) fn dver_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        let output = command.output().unwrap();
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
        if std::thread::panicking() || self.damaged.get() || !self.path(".dver/VERSION").exists() {
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
