//! Finds the working files, sorted by path.
//!
//! Invariant: symbolic links are recorded, never followed, so a walk ends and stays inside.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::base::{IoError, RepoPath};

use super::error::{Error, Finding, Problem};
use super::ignore_rules::{FILE_NAME, Rules};
use super::stat::{Found, WorkFile, look};

/// Looking at fewer files than this is not worth another thread.
const FEW: usize = 256;

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
    let mut all = Walked::default();
    let mut open = vec![Directory {
        path: None,
        place: root.to_owned(),
        above: Rules::default(),
    }];
    // One level of directories after the other, however deep they are nested.
    while !open.is_empty() {
        let read: Vec<_> = open.par_iter().map(|dir| dir.read(within)).collect();
        open.clear();
        for (found, below) in read {
            all.files.extend(found.files);
            all.findings.extend(found.findings);
            open.extend(below);
        }
    }
    // A directory's listing sorts `a` below `a.b`; the bytes of whole paths sort otherwise.
    all.files.par_sort_unstable_by(|a, b| a.path.cmp(&b.path));
    all.findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// A directory to read.
struct Directory {
    /// Its path; `None` at the root.
    path: Option<RepoPath>,
    place: PathBuf,
    /// The rules that are in force where it stands.
    above: Rules,
}

impl Directory {
    /// Returns the files in the directory, and the directories.
    fn read(&self, within: &[RepoPath]) -> (Walked, Vec<Self>) {
        let mut walked = Walked::default();
        let (rules, complaint) = self.above.enter(&self.place);
        if let Some(complaint) = complaint
            && let Ok(path) = RepoPath::below(self.path.as_ref(), FILE_NAME.as_ref())
        {
            let problem = Problem::BadPattern(complaint);
            walked.findings.push(Finding { path, problem });
        }
        let (mut files, mut below) = (Vec::new(), Vec::new());
        if let Err(e) = self.list(&rules, within, &mut files, &mut below) {
            walked.findings.extend(self.unreadable(e));
        }
        let look = |(path, entry): (RepoPath, DirEntry)| {
            // Looks from the open directory, which spares the system its way down to it.
            let found = match entry.metadata() {
                Ok(metadata) => Ok(Found::from_metadata(&metadata)),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
                Err(e) => Err(IoError::new("look at", &entry.path(), e)),
            };
            (path, found)
        };
        let looked: Vec<_> = files.into_par_iter().with_min_len(FEW).map(look).collect();
        for (path, found) in looked {
            let problem = match found {
                Ok(Found::File(stat)) => {
                    walked.files.push(WorkFile { path, stat });
                    continue;
                }
                // Gone since the directory was read, or replaced by one: as if never seen.
                Ok(Found::Nothing | Found::Directory) => continue,
                Ok(Found::Special(kind)) => Problem::Special(kind),
                Err(e) => e.into(),
            };
            walked.findings.push(Finding { path, problem });
        }
        (walked, below)
    }

    fn list(
        &self,
        rules: &Rules,
        within: &[RepoPath],
        files: &mut Vec<(RepoPath, DirEntry)>,
        below: &mut Vec<Self>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(&self.place)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_directory = entry.file_type()?.is_dir();
            let Ok(path) = RepoPath::below(self.path.as_ref(), &name) else {
                continue; // `.dver`
            };
            let wanted = within.is_empty()
                || within.iter().any(|within| {
                    path.is_within(within.as_bytes())
                        || (is_directory && within.is_within(path.as_bytes()))
                });
            let place = self.place.join(&name);
            if !wanted || rules.leaves_out(&place, name.as_encoded_bytes(), is_directory) {
                continue;
            }
            if is_directory {
                below.push(Self {
                    path: Some(path),
                    place,
                    above: rules.clone(),
                });
            } else {
                files.push((path, entry));
            }
        }
        Ok(())
    }

    /// Turns a failure to read the directory into a finding about it.
    fn unreadable(&self, e: io::Error) -> Option<Finding> {
        if e.kind() == io::ErrorKind::NotFound {
            return None; // gone since the directory above it was read
        }
        Some(Finding {
            path: self.path.clone()?,
            problem: IoError::new("read", &self.place, e).into(),
        })
    }
}

/// Returns whether a rule leaves out the path or a directory above it.
pub fn is_left_out(root: &Path, path: &RepoPath) -> bool {
    let mut rules = Rules::default();
    let mut place = root.to_owned();
    let parts: Vec<&[u8]> = path.as_bytes().split(|&b| b == b'/').collect();
    for (depth, name) in (1..).zip(&parts) {
        rules = rules.enter(&place).0; // what does not read is told by a walk
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
