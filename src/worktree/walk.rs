//! Finds the working files, sorted by path.
//!
//! Invariant: symbolic links are recorded, never followed, so a walk ends and stays inside.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::base::{IoError, RepoPath};

use super::error::{Error, Finding, Problem};
use super::ignore_rules::Rules;
use super::stat::{Found, WorkFile, look};

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files and symbolic links, in order of paths.
    pub files: Vec<WorkFile>,
    /// What could not be taken, and why.
    pub findings: Vec<Finding>,
}

/// Finds the working files below `root` that no rule leaves out.
///
/// With paths in `within`, only those that are one of them or lie below one.
pub fn walk(root: &Path, within: &[RepoPath]) -> Result<Walked, Error> {
    if !root.is_dir() {
        return Err(Error::NoWorktree(root.to_owned()));
    }
    let mut findings = Vec::new();
    let found = paths(root, within, &mut findings);
    let looked: Vec<_> = found
        .into_par_iter()
        .map(|(path, place)| {
            let found = look(&place);
            (path, found)
        })
        .collect();
    let mut files = Vec::with_capacity(looked.len());
    for (path, found) in looked {
        match found {
            Ok(Found::File(stat)) => files.push(WorkFile { path, stat }),
            Ok(Found::Special(kind)) => findings.push(Finding {
                path,
                problem: Problem::Special(kind),
            }),
            // Gone since the directory was read, or replaced by a directory: as if never seen.
            Ok(Found::Nothing | Found::Directory) => {}
            Err(e) => findings.push(Finding {
                path,
                problem: e.into(),
            }),
        }
    }
    // A directory's listing sorts `a` below `a.b`; the bytes of whole paths sort otherwise.
    files.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Walked { files, findings })
}

/// Returns whether a rule leaves out the path or a directory above it.
pub fn is_left_out(root: &Path, path: &RepoPath) -> bool {
    let mut rules = Rules::default();
    let mut place = root.to_owned();
    let parts: Vec<&[u8]> = path.as_bytes().split(|&b| b == b'/').collect();
    for (depth, name) in (1..).zip(&parts) {
        let _ = rules.enter(&place, depth); // what does not read is told by a walk
        match RepoPath::new(*name) {
            Ok(part) => place = part.to_path(&place),
            Err(_) => return true, // `.dver`
        }
        let is_directory = depth < parts.len() || matches!(look(&place), Ok(Found::Directory));
        if rules.leaves_out(&place, name, is_directory) {
            return true;
        }
    }
    false
}

/// Returns everything but directories.
fn paths(
    root: &Path,
    within: &[RepoPath],
    findings: &mut Vec<Finding>,
) -> Vec<(RepoPath, PathBuf)> {
    let mut out = Vec::new();
    let mut rules = Rules::default();
    let mut walker = WalkDir::new(root).follow_links(false).into_iter();
    while let Some(entry) = walker.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                findings.extend(unreadable(root, e));
                continue;
            }
        };
        let is_directory = entry.file_type().is_dir();
        let path = match entry.path().strip_prefix(root) {
            Ok(relative) if entry.depth() > 0 => {
                let name = entry.file_name().as_encoded_bytes();
                rules.leave(entry.depth());
                let path = RepoPath::from_path(relative);
                let wanted = |path: &RepoPath| {
                    within.is_empty()
                        || within.iter().any(|within| {
                            path.is_within(within.as_bytes())
                                || (is_directory && within.is_within(path.as_bytes()))
                        })
                };
                match path {
                    Ok(path)
                        if wanted(&path) && !rules.leaves_out(entry.path(), name, is_directory) =>
                    {
                        Some(path)
                    }
                    _ => {
                        if is_directory {
                            walker.skip_current_dir();
                        }
                        continue;
                    }
                }
            }
            _ => None,
        };
        if is_directory {
            if let Some(complaint) = rules.enter(entry.path(), entry.depth() + 1) {
                let file = entry.path().join(super::ignore_rules::FILE_NAME);
                let relative = file.strip_prefix(root).unwrap_or(&file);
                findings.extend(RepoPath::from_path(relative).ok().map(|path| Finding {
                    path,
                    problem: Problem::BadPattern(complaint),
                }));
            }
        } else if let Some(path) = path {
            out.push((path, entry.into_path()));
        }
    }
    out
}

/// Turns a failure of the walk into a finding about the path.
fn unreadable(root: &Path, error: walkdir::Error) -> Option<Finding> {
    let place = error.path()?.to_owned();
    let path = RepoPath::from_path(place.strip_prefix(root).ok()?).ok()?;
    let source = error.into_io_error()?;
    if source.kind() == std::io::ErrorKind::NotFound {
        return None; // gone since its directory was read
    }
    Some(Finding {
        path,
        problem: IoError::new("read", &place, source).into(),
    })
}
