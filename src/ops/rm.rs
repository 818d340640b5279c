//! `rm` and `mv`: take files out of the stage, or give them another path there.

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::object::{FileEntry, SnapshotChange};
use crate::repo::Repo;
use crate::worktree::{StatCache, scan};

use super::error::Error;
use super::files::{self, Writing};
use super::stage;
use super::transaction::{self, Note};

/// What to remove.
#[derive(Clone, Debug, Default)]
pub struct RmOptions {
    /// Files and directories.
    pub within: Vec<RepoPath>,
    /// Only from the stage; the files stay.
    pub cached: bool,
    /// Even files with uncommitted changes (they are stored first).
    pub force: bool,
}

/// Removes files from the stage and, unless told otherwise, from the worktree.
pub fn rm(
    repo: &mut Repo,
    options: &RmOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Vec<RepoPath>, Error> {
    let locked = transaction::lock(repo, "rm", waiting)?;
    let staged = stage::entries(repo)?;
    stage::check_paths(&options.within, staged.iter().map(|entry| &entry.path))?;
    let chosen = |entry: &&FileEntry| stage::is_within(&entry.path, &options.within);
    let gone: Vec<FileEntry> = staged.iter().filter(chosen).cloned().collect();
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let paths: Vec<RepoPath> = gone.iter().map(|entry| entry.path.clone()).collect();
    let mut builder = stage::builder(repo)?;
    for path in &paths {
        builder.remove(path);
    }
    let revisions = options.within.iter().map(RepoPath::to_string).collect();
    if options.cached {
        transaction::write(repo, &locked, |repo, writer, draft| {
            let changed = stage::set(repo, draft, builder, writer)?;
            Ok(((), changed.then(|| Note::new("rm", revisions).hidden())))
        })?;
        return Ok(paths);
    }
    let removal = |entry| SnapshotChange {
        before: Some(entry),
        after: None,
    };
    let changes = gone.into_iter().map(removal).collect();
    let writing = Writing {
        verb: "rm",
        revisions,
        changes,
        force: options.force,
    };
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |repo, writer, draft| stage::set(repo, draft, builder, writer).map(|_| ()),
    )?;
    Ok(paths)
}

/// Moves a file or directory, in the worktree and in the stage.
pub fn mv(
    repo: &mut Repo,
    from: &RepoPath,
    to: &RepoPath,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Vec<(RepoPath, RepoPath)>, Error> {
    let locked = transaction::lock(repo, "mv", waiting)?;
    if to.is_within(from.as_bytes()) {
        return Err(Error::Usage(format!(
            "`{from}` cannot be moved into itself"
        )));
    }
    let staged = stage::entries(repo)?;
    let within = std::slice::from_ref(from);
    stage::check_paths(within, staged.iter().map(|entry| &entry.path))?;
    let mut cache = StatCache::load(&repo.index, &repo.dir.join("tmp"))?;
    let found = scan(&repo.root, &staged, within, &mut cache, progress)?;
    if !found.is_clean() {
        let changed = found
            .modified
            .into_iter()
            .map(|modified| modified.before.path);
        let deleted = found.deleted.into_iter().map(|entry| entry.path);
        return Err(Error::InTheWay {
            paths: changed.chain(deleted).collect(),
        });
    }
    let mut builder = stage::builder(repo)?;
    let mut changes = Vec::new();
    let mut moved = Vec::new();
    let mut taken = Vec::new();
    for entry in staged
        .iter()
        .filter(|entry| entry.path.is_within(from.as_bytes()))
    {
        let mut bytes = to.as_bytes().to_vec();
        bytes.extend_from_slice(&entry.path.as_bytes()[from.as_bytes().len()..]);
        let outside = |_| Error::NoSuchPath {
            path: to.to_string(),
        };
        let new_path = RepoPath::new(bytes).map_err(outside)?;
        if staged.binary_search_by(|e| e.path.cmp(&new_path)).is_ok() {
            // Even where its bytes are the same, a file of that name would silently be one less.
            taken.push(new_path);
            continue;
        }
        builder.remove(&entry.path);
        let new = FileEntry {
            path: new_path.clone(),
            ..entry.clone()
        };
        builder.put(new.clone());
        changes.push(SnapshotChange {
            before: Some(entry.clone()),
            after: None,
        });
        changes.push(SnapshotChange {
            before: None,
            after: Some(new),
        });
        moved.push((entry.path.clone(), new_path));
    }
    if !taken.is_empty() {
        return Err(Error::Taken { paths: taken });
    }
    let revisions = vec![from.to_string(), to.to_string()];
    changes.sort_by(|a, b| a.path().cmp(&b.path()));
    let writing = Writing {
        verb: "mv",
        revisions,
        changes,
        force: false,
    };
    files::write(
        repo,
        &locked,
        writing,
        &mut cache,
        progress,
        |repo, writer, draft| stage::set(repo, draft, builder, writer).map(|_| ()),
    )?;
    Ok(moved)
}
