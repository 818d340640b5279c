//! git as a command: how it is started, what it is given, how its answers read.
//!
//! Invariant: paths are names and never patterns, whatever the environment says of pathspecs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Error, Place};

/// How git finds its repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// By the files around the directory. What git's variables say may be relative to another
    /// directory, or of the repository whose hook runs this.
    ByFiles,
    /// By git's variables: no `.git` is around the directory.
    ByVariables,
}

impl Asked {
    /// Finds out which holds for a directory.
    pub(super) fn around(directory: &Path) -> Self {
        match Place::around(directory) {
            Some(_) => Self::ByFiles,
            None => Self::ByVariables,
        }
    }

    /// Returns git, to be run in a directory.
    pub(super) fn command(self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(directory)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        if self == Self::ByFiles {
            command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        }
        for other in ["GLOB", "NOGLOB", "ICASE"] {
            command.env_remove(format!("GIT_{other}_PATHSPECS"));
        }
        command.env("GIT_LITERAL_PATHSPECS", "1");
        command
    }

    /// Runs git in a directory; the inner error is what it complained of.
    pub(super) fn answer(
        self,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Result<Vec<u8>, String>, Error> {
        read(&mut self.command(directory, arguments))
    }

    /// Runs git so that it complains in words that are known, whatever language people read.
    pub(super) fn answer_in_english(
        self,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Result<Vec<u8>, String>, Error> {
        let mut command = self.command(directory, arguments);
        read(command.env("LC_ALL", "C").env_remove("LANGUAGE"))
    }

    /// Runs git where a path is a pattern of its own.
    pub(super) fn answer_of_patterns(
        self,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Result<Vec<u8>, String>, Error> {
        let mut command = self.command(directory, arguments);
        read(command.env_remove("GIT_LITERAL_PATHSPECS"))
    }

    /// Runs git in a directory with these bytes as its input, and returns what it printed.
    pub(super) fn feed(
        self,
        directory: &Path,
        arguments: &[&str],
        input: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let start = |error| Error::Start { error };
        let mut command = self.command(directory, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(start)?;
        let mut writer = child.stdin.take();
        let output = if input.len() <= FITS {
            // A git that reads no more says why when it ends.
            let _ = writer.take().map(|mut writer| writer.write_all(input));
            child.wait_with_output().map_err(start)
        } else {
            // From a thread of its own: git answers before it has read everything.
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    let _ = writer.map(|mut writer| writer.write_all(input));
                });
                child.wait_with_output().map_err(start)
            })
        }?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(refused(arguments, &output.stderr)),
        }
    }
}

/// What fits into a pipe before anybody reads it, on every system.
const FITS: usize = 4096;

fn read(command: &mut Command) -> Result<Result<Vec<u8>, String>, Error> {
    let output = command.output().map_err(|error| Error::Start { error })?;
    Ok(match output.status.success() {
        true => Ok(output.stdout),
        false => Err(complaint(&output.stderr)),
    })
}

fn complaint(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).trim().to_owned()
}

fn refused(arguments: &[&str], stderr: &[u8]) -> Error {
    Error::Refused {
        arguments: arguments.join(" "),
        stderr: complaint(stderr),
    }
}

/// Reads what ends with NUL each.
pub(super) fn listed(told: &[u8]) -> Vec<Vec<u8>> {
    let paths = told
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty());
    paths.map(<[u8]>::to_vec).collect()
}

/// Reads a path that git prints with a line end after it.
pub(super) fn path_of(told: &[u8]) -> Result<PathBuf, Error> {
    let told = told.strip_suffix(b"\n").unwrap_or(told);
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Ok(PathBuf::from(std::ffi::OsStr::from_bytes(told)))
    }
    #[cfg(not(unix))]
    {
        let told = told.strip_suffix(b"\r").unwrap_or(told);
        let text = std::str::from_utf8(told).map_err(|_| Error::NotText)?;
        Ok(PathBuf::from(text))
    }
}

/// Reads what `git cat-file --batch` answers: `ID blob SIZE`, the bytes and a line end for each, or
/// one line that says something else.
pub(super) fn parse_blobs(mut told: &[u8], count: usize) -> Vec<Option<Vec<u8>>> {
    let mut blobs = Vec::new();
    while blobs.len() < count {
        let Some(end) = memchr::memchr(b'\n', told) else {
            break;
        };
        let line = String::from_utf8_lossy(told.get(..end).unwrap_or_default()).into_owned();
        told = told.get(end + 1..).unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let size = match words.as_slice() {
            [_, kind, size] if matches!(*kind, "blob" | "tree" | "commit" | "tag") => {
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
