//! The git repository around the data: asked by running `git`, or, where every command would wait
//! for the answer, read from its few well-known files (`place`).
//!
//! Invariant: what git is asked leaves its repository as it is, unless the name of the method says
//! otherwise. Variables that git sets for hooks (`GIT_DIR`, `GIT_INDEX_FILE`) are passed on, so that
//! a hook sees the index that is being committed.

pub mod block;
mod error;
mod hooks;
mod lock;
mod locked;
mod place;
mod plain;
mod script;
mod settings;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use hooks::{HookState, Hooks, Manager, Owner};
pub use lock::{Conflict, LOCK, Lock};
pub use locked::Locked;
pub use place::{Place, UnderWay};
pub use plain::plain_diff;
pub use script::{NAMES as HOOK_NAMES, quoted};

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A git worktree.
#[derive(Clone, Debug)]
pub struct Git {
    top: PathBuf,
    directory: PathBuf,
    common: PathBuf,
}

impl Git {
    /// Finds the worktree that `directory` is in. `None` where there is none, or no git.
    pub fn find(directory: &Path) -> Result<Option<Self>, Error> {
        let arguments = [
            "rev-parse",
            "--show-toplevel",
            "--absolute-git-dir",
            "--git-common-dir",
        ];
        let output = match command(directory, &arguments).output() {
            Ok(output) if output.status.success() => output.stdout,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::Start { error }),
        };
        let text = String::from_utf8(output).map_err(|_| Error::NotText)?;
        let mut lines = text.lines();
        let (Some(top), Some(own), Some(common)) = (lines.next(), lines.next(), lines.next())
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            top: PathBuf::from(top),
            directory: PathBuf::from(own),
            // Relative to the directory in which git was asked, unless absolute.
            common: directory.join(common),
        }))
    }

    /// The root of the worktree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The repository of this worktree alone: its index, HEAD, operations under way.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The repository that all linked worktrees share: objects, branches, config.
    pub fn common(&self) -> &Path {
        &self.common
    }

    /// Runs git in the root of the worktree and returns what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        match self.ask(arguments)? {
            Ok(stdout) => Ok(stdout),
            Err(stderr) => Err(Error::Refused {
                arguments: arguments.join(" "),
                stderr,
            }),
        }
    }

    /// Runs git in the root of the worktree; the inner error is what it complained of.
    pub fn ask(&self, arguments: &[&str]) -> Result<Result<Vec<u8>, String>, Error> {
        answer(&self.top, arguments)
    }

    /// Returns the files below a directory that git tracks, relative to it, in git's order.
    pub fn tracked(&self, directory: &Path) -> Result<Vec<Vec<u8>>, Error> {
        listed(directory, &["ls-files", "-z", "--cached"])
    }

    /// Returns the files below a directory that git neither tracks nor ignores, relative to it.
    pub fn untracked(&self, directory: &Path) -> Result<BTreeSet<Vec<u8>>, Error> {
        let arguments = ["ls-files", "-z", "--others", "--exclude-standard"];
        Ok(listed(directory, &arguments)?.into_iter().collect())
    }

    /// Runs git in the root of the worktree with these bytes as its input, and returns what it
    /// printed.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let start = |error| Error::Start { error };
        let mut command = command(&self.top, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(start)?;
        let writer = child.stdin.take();
        // From a thread of its own: git answers before it has read everything.
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A git that reads no more says why when it ends.
                let _ = writer.map(|mut writer| writer.write_all(input));
            });
            child.wait_with_output().map_err(start)
        })?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(Error::Refused {
                arguments: arguments.join(" "),
                stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
        }
    }

    /// Returns the full id of the git commit that a git revision names.
    pub fn resolve(&self, revision: &str) -> Result<Option<String>, Error> {
        let commit = format!("{revision}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ];
        let found = self.ask(&arguments)?;
        Ok(found
            .ok()
            .map(|id| String::from_utf8_lossy(&id).trim().to_owned()))
    }

    /// Returns a file as the git commit has it; `path` is relative to the root of the worktree.
    pub fn file_at(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        let Some(path) = path.to_str() else {
            return Ok(None);
        };
        let name = format!("{commit}:{}", path.replace('\\', "/"));
        Ok(self.ask(&["cat-file", "blob", &name])?.ok())
    }
}

fn listed(directory: &Path, arguments: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
    let told = answer(directory, arguments)?;
    let told = told.map_err(|stderr| Error::Refused {
        arguments: arguments.join(" "),
        stderr,
    })?;
    let paths = told
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty());
    Ok(paths.map(<[u8]>::to_vec).collect())
}

/// Runs git in a directory; the inner error is what it complained of.
fn answer(directory: &Path, arguments: &[&str]) -> Result<Result<Vec<u8>, String>, Error> {
    let output = command(directory, arguments)
        .output()
        .map_err(|error| Error::Start { error })?;
    Ok(if output.status.success() {
        Ok(output.stdout)
    } else {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(stderr.trim().to_owned())
    })
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}
