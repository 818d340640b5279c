//! Labels of image folders: the class is a directory, so a new label is a new place of the file.

use std::collections::BTreeSet;

use crate::base::RepoPath;
use crate::dataset::Declaration;
use crate::object::FileEntry;

/// A file that gets another place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Move {
    pub(super) from: FileEntry,
    pub(super) to: RepoPath,
}

/// The images of a data set, in the order of its records.
pub(super) struct Images<'a> {
    declaration: &'a Declaration,
    entries: Vec<&'a FileEntry>,
    taken: BTreeSet<&'a RepoPath>,
    targets: BTreeSet<RepoPath>,
}

impl<'a> Images<'a> {
    pub(super) fn new(declaration: &'a Declaration, entries: &'a [FileEntry]) -> Self {
        let covered = |entry: &&FileEntry| declaration.pattern_for(&entry.path).is_some();
        Self {
            declaration,
            entries: entries.iter().filter(covered).collect(),
            taken: entries.iter().map(|entry| &entry.path).collect(),
            targets: BTreeSet::new(),
        }
    }

    /// Returns where the image goes that gets this label, or why it cannot.
    pub(super) fn moved(
        &mut self,
        ordinal: u64,
        field: &str,
        label: &str,
    ) -> Result<Move, &'static str> {
        let place = usize::try_from(ordinal).ok();
        let entry = place.and_then(|at| self.entries.get(at));
        let entry = *entry.ok_or("its file is not there")?;
        let path = &entry.path;
        let pattern = self.declaration.pattern_for(path);
        let to = pattern.and_then(|pattern| pattern.with(path, field, label));
        let to = to.ok_or("no directory of that name can be the label")?;
        if self.taken.contains(&to) || !self.targets.insert(to.clone()) {
            return Err("a file of that name is in the other directory already");
        }
        Ok(Move {
            from: entry.clone(),
            to,
        })
    }
}
