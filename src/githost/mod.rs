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
pub use locked::{Locked, Reach};
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

    /// Takes a worktree that was found without running git.
    pub fn at(place: &Place) -> Self {
        Self {
            top: place.top.clone(),
            directory: place.directory.clone(),
            common: place.common.clone(),
        }
    }

    /// Returns a path below the root of the worktree as git names it.
    pub fn relative(&self, path: &Path) -> Result<String, Error> {
        let plain = |path: &Path| path.canonicalize().ok();
        let name = path.file_name().ok_or(Error::NotText)?;
        let above = path.parent().and_then(plain).ok_or(Error::NotText)?;
        let top = plain(&self.top).ok_or(Error::NotText)?;
        let above = above.strip_prefix(&top).map_err(|_| Error::NotText)?;
        let path = above.join(name);
        let path = path.to_str().ok_or(Error::NotText)?;
        Ok(path.replace('\\', "/"))
    }

    /// Returns whether git ignores a path.
    pub fn ignores(&self, path: &Path) -> Result<bool, Error> {
        let Some(path) = path.to_str() else {
            return Ok(false);
        };
        Ok(self.ask(&["check-ignore", "--quiet", path])?.is_ok())
    }

    /// Returns which of these files of a directory differ from git's index, or are not in it.
    pub fn differing(&self, directory: &Path, names: &[&str]) -> Result<Vec<String>, Error> {
        let paths = self.all_relative(directory, names)?;
        // Asked from the root: a hook's variables may hold paths that are relative to it.
        let mut arguments = vec!["ls-files", "-z", "--modified", "--others", "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let found = listed(&self.top, &arguments)?;
        let differs = |path: &str| found.iter().any(|found| found == path.as_bytes());
        // git lists a file that is gone as modified: there is nothing to stage then.
        let is_there = |name: &str| directory.join(name).is_file();
        let names = names.iter().zip(&paths);
        Ok(names
            .filter(|(name, path)| differs(path) && is_there(name))
            .map(|(name, _)| (*name).to_owned())
            .collect())
    }

    /// Returns whether git's index is as its last commit.
    pub fn nothing_staged(&self) -> Result<bool, Error> {
        Ok(self.ask(&["diff", "--cached", "--quiet"])?.is_ok())
    }

    /// Stages files of a directory in git, whatever .gitignore says of them.
    pub fn stage(&self, directory: &Path, names: &[String]) -> Result<(), Error> {
        let paths = self.all_relative(directory, names)?;
        let mut arguments = vec!["add", "--force", "--"];
        arguments.extend(paths.iter().map(String::as_str));
        self.run(&arguments).map(|_| ())
    }

    fn all_relative<T: AsRef<str>>(
        &self,
        directory: &Path,
        names: &[T],
    ) -> Result<Vec<String>, Error> {
        let relative = |name: &T| self.relative(&directory.join(name.as_ref()));
        names.iter().map(relative).collect()
    }

    /// Adds trailers to the file of a message, by git's rules.
    pub fn add_trailers(&self, file: &Path, trailers: &[String]) -> Result<(), Error> {
        let file = file.to_str().ok_or(Error::NotText)?;
        let mut arguments = vec!["interpret-trailers", "--in-place", "--no-divider"];
        arguments.push("--if-exists=addIfDifferent");
        for trailer in trailers {
            arguments.extend(["--trailer", trailer.as_str()]);
        }
        arguments.push(file);
        self.run(&arguments).map(|_| ())
    }

    /// Returns the bytes of blobs, each named as `REV:PATH` or `:PATH`; `None` of what is not there.
    pub fn blobs(&self, names: &[&str]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let start = |error| Error::Start { error };
        let mut child = command(&self.top, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(start)?;
        // Names are few and short: they fit into the pipe before git answers.
        if let Some(mut stdin) = child.stdin.take() {
            let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
            stdin.write_all(lines.as_bytes()).map_err(start)?;
        }
        let told = child.wait_with_output().map_err(start)?.stdout;
        Ok(parse_blobs(&told, names.len()))
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

/// Reads what `git cat-file --batch` answers: `ID blob SIZE`, the bytes and a line end for each, or
/// one line that says something else.
fn parse_blobs(mut told: &[u8], count: usize) -> Vec<Option<Vec<u8>>> {
    let mut blobs = Vec::new();
    while blobs.len() < count {
        let Some(end) = memchr::memchr(b'\n', told) else {
            break;
        };
        let line = String::from_utf8_lossy(told.get(..end).unwrap_or_default()).into_owned();
        told = told.get(end + 1..).unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let size = match words.as_slice() {
            [.., kind, size] if matches!(*kind, "blob" | "tree" | "commit" | "tag") => {
                size.parse::<usize>().ok().map(|size| (*kind, size))
            }
            _ => None,
        };
        let Some((kind, size)) = size else {
            blobs.push(None);
            continue;
        };
        let bytes = told.get(..size).map(<[u8]>::to_vec);
        blobs.push(bytes.filter(|_| kind == "blob"));
        told = told.get(size.saturating_add(1)..).unwrap_or_default();
    }
    blobs.resize(count, None);
    blobs
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
