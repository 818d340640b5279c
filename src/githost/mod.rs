//! The git repository around the data: asked by running `git`, or, where every command would wait
//! for the answer, read from its few well-known files (`place`).
//!
//! Invariant: what git is asked leaves its repository as it is, unless the name of the method says
//! otherwise. Variables that git sets for hooks (`GIT_DIR`, `GIT_INDEX_FILE`) are passed on, so that
//! a hook sees the index that is being committed.

mod asking;
pub mod block;
mod error;
mod hooks;
mod lock;
mod locked;
mod place;
mod plain;
mod quoting;
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
pub use quoting::{System, in_merge_driver, program as program_word, quoted, slashed, typed};
pub use script::{NAMES as HOOK_NAMES, note_told, note_unmoved};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use asking::Asked;

/// A git worktree.
#[derive(Clone, Debug)]
pub struct Git {
    top: PathBuf,
    directory: PathBuf,
    common: PathBuf,
    asked: Asked,
}

/// How the line ends below which git cuts a message off.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// What git says where it finds no repository.
const NONE: &str = "not a git repository";

/// What git is asked of where it is.
const WHERE: [&str; 3] = ["--show-toplevel", "--absolute-git-dir", "--git-common-dir"];

impl Git {
    /// Finds the worktree that `directory` is in. `None` where there is none, or no git.
    pub fn find(directory: &Path) -> Result<Option<Self>, Error> {
        let asked = Asked::around(directory);
        let ask = |what: &[&str]| {
            let arguments = [&["rev-parse"], what].concat();
            match asked.answer_in_english(directory, &arguments) {
                // What is there and git does not open, such as a repository of another user, is
                // not to be taken for none. Git sees none beyond a mounted disk.
                Ok(Err(stderr)) if asked == Asked::ByFiles && !stderr.contains(NONE) => {
                    Err(Error::Refused {
                        arguments: arguments.join(" "),
                        stderr,
                    })
                }
                Ok(told) => Ok(told.ok()),
                Err(Error::Start { error }) if error.kind() == std::io::ErrorKind::NotFound => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        };
        let Some(told) = ask(&WHERE)? else {
            return Ok(None);
        };
        let mut lines: Vec<Vec<u8>> = told
            .split_inclusive(|&b| b == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        // A path with a line end in it: then each of them is asked for by itself.
        if lines.len() != WHERE.len() {
            lines.clear();
            for what in WHERE {
                lines.extend(ask(&[what])?);
            }
        }
        let [top, own, common] = lines.as_slice() else {
            return Ok(None);
        };
        Ok(Some(Self {
            top: asking::path_of(top)?,
            directory: asking::path_of(own)?,
            // Relative to the directory in which git was asked, unless absolute.
            common: directory.join(asking::path_of(common)?),
            asked,
        }))
    }

    /// Returns whether there is a git that can be asked at all.
    pub fn is_installed() -> bool {
        let version = Asked::ByFiles.answer(Path::new("."), &["--version"]);
        version.is_ok_and(|told| told.is_ok())
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

    /// The roots of all worktrees of the repository.
    pub fn worktrees(&self) -> Vec<PathBuf> {
        let place = Place {
            top: self.top.clone(),
            directory: self.directory.clone(),
            common: self.common.clone(),
        };
        place.worktrees()
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
        self.asked.answer(&self.top, arguments)
    }

    /// Takes a worktree that was found without running git.
    pub fn at(place: &Place) -> Self {
        Self {
            top: place.top.clone(),
            directory: place.directory.clone(),
            common: place.common.clone(),
            asked: Asked::ByFiles,
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
        Ok(slashed(path, System::HERE))
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
        let found = asking::listed(&self.run(&arguments)?);
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
        Ok(self
            .ask(&["diff", "--cached", "--quiet", "--no-ext-diff"])?
            .is_ok())
    }

    /// Stages files of a directory in git, whatever .gitignore says of them.
    pub fn stage(&self, directory: &Path, names: &[String]) -> Result<(), Error> {
        let paths = self.all_relative(directory, names)?;
        let add = |options: &[&'static str]| {
            let mut arguments = [&["add", "--force"], options, &["--"]].concat();
            arguments.extend(paths.iter().map(String::as_str));
            self.run(&arguments).map(|_| ())
        };
        // A sparse checkout may leave their directory out; an older git has no such option.
        add(&[]).or_else(|failure| add(&["--sparse"]).map_err(|_| failure))
    }

    /// Lets git look at a file again whose bytes have changed and whose content, as git keeps it, is
    /// what the index has: by its size alone git would take it for changed. Another content is left.
    pub fn look_again(&self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let path = self.relative(path)?;
        let blobs = self.blobs(&[format!(":{path}")])?;
        if blobs.first().and_then(Option::as_deref) == Some(content) {
            self.run(&["update-index", "--", &path])?;
        }
        Ok(())
    }

    fn all_relative<T: AsRef<str>>(
        &self,
        directory: &Path,
        names: &[T],
    ) -> Result<Vec<String>, Error> {
        let relative = |name: &T| self.relative(&directory.join(name.as_ref()));
        names.iter().map(relative).collect()
    }

    /// Returns a message with trailers, by git's rules.
    pub fn with_trailers(&self, message: &[u8], trailers: &[String]) -> Result<Vec<u8>, Error> {
        let mut arguments = vec!["interpret-trailers", "--no-divider"];
        arguments.push("--if-exists=addIfDifferent");
        for trailer in trailers {
            arguments.extend(["--trailer", trailer.as_str()]);
        }
        self.feed(&arguments, message)
    }

    /// Returns whether git would take a message for empty: nothing but space and comments, in the
    /// characters that the settings give for them, above the line below which git cuts it off.
    pub fn is_empty_message(&self, message: &[u8]) -> Result<bool, Error> {
        let lines = message.split_inclusive(|&byte| byte == b'\n');
        let above: Vec<u8> = lines
            .take_while(|line| !line.trim_ascii_end().ends_with(SCISSORS))
            .flatten()
            .copied()
            .collect();
        let said = self.feed(&["stripspace", "--strip-comments"], &above)?;
        Ok(said.trim_ascii().is_empty())
    }

    /// Returns the bytes of blobs, each named as `REV:PATH` or `:PATH`; `None` of what is not there.
    pub fn blobs(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // git reads a name a line.
        if names.iter().any(|name| name.contains('\n')) {
            let blob = |name: &String| Ok(self.ask(&["cat-file", "blob", name])?.ok());
            return names.iter().map(blob).collect();
        }
        let asked = names.join("\n") + "\n";
        let told = self.feed(&["cat-file", "--batch"], asked.as_bytes())?;
        Ok(asking::parse_blobs(&told, names.len()))
    }

    /// Returns the files below a directory that git tracks, relative to it, in git's order.
    pub fn tracked(&self, directory: &Path) -> Result<Vec<Vec<u8>>, Error> {
        self.listed(directory, &["ls-files", "-z", "--cached"])
    }

    /// Returns the files below a directory that git neither tracks nor ignores, relative to it.
    pub fn untracked(&self, directory: &Path) -> Result<BTreeSet<Vec<u8>>, Error> {
        let arguments = ["ls-files", "-z", "--others", "--exclude-standard"];
        Ok(self.listed(directory, &arguments)?.into_iter().collect())
    }

    /// Returns the files that git tracked at one commit and does not at another, relative to the root.
    pub fn let_go(&self, from: &str, to: &str) -> Result<Vec<Vec<u8>>, Error> {
        let options = ["diff-tree", "-r", "-z", "--name-only", "--no-renames"];
        let asked = [&options[..], &["--diff-filter=D", from, to, "--"]].concat();
        self.listed(&self.top, &asked)
    }

    /// Returns where the lock files lie that git tracks.
    pub fn tracked_locks(&self) -> Result<Vec<PathBuf>, Error> {
        let pattern = format!(":(top,glob)**/{LOCK}");
        let arguments = ["ls-files", "-z", "--", &pattern];
        let told = self.asked.answer_of_patterns(&self.top, &arguments)?;
        let paths = asking::listed(&told.unwrap_or_default());
        let paths = paths.iter().map(|path| asking::path_of(path));
        paths.map(|path| Ok(self.top.join(path?))).collect()
    }

    fn listed(&self, directory: &Path, arguments: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
        let told = self.asked.answer(directory, arguments)?;
        let told = told.map_err(|stderr| Error::Refused {
            arguments: arguments.join(" "),
            stderr,
        })?;
        Ok(asking::listed(&told))
    }

    /// Runs git in the root of the worktree with these bytes as its input, and returns what it
    /// printed.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        self.asked.feed(&self.top, arguments, input)
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
        let name = format!("{commit}:{}", slashed(path, System::HERE));
        Ok(self.ask(&["cat-file", "blob", &name])?.ok())
    }
}
