//! Declares data sets: found ones at `add`, given ones at `dataset add`, in dver.toml.

use crate::base::RepoPath;
use crate::base::fsio;
use crate::base::progress::Progress;
use crate::config::{self, DatasetConfig, edit};
use crate::dataset::infer::{Inference, infer};
use crate::dataset::{self, Declarations};
use crate::object::{FileEntry, SnapshotBuilder, Written};
use crate::repo::Repo;
use crate::store::PackWriter;
use crate::worktree::{Found, StatCache, Taken, WorkFile, look};

use super::add;
use super::error::Error;
use super::working;

/// Declares the data sets that new files hold, and stages dver.toml with them. Returns what was
/// found, and what was written.
pub(super) fn found(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    builder: &mut SnapshotBuilder,
    new: &[FileEntry],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<(Inference, Option<Written>), Error> {
    if new.is_empty() {
        return Ok((Inference::default(), None));
    }
    let mut entries: Vec<FileEntry> = builder.entries().values().cloned().collect();
    let mut declarations = Declarations::read(writer, &entries)?;
    let mut wrote = None;
    // One that came with a git clone, or that was written by hand, may declare what is new here: it
    // is staged along, or nothing would say what the records are.
    if !builder.entries().contains_key(&file()) {
        declarations = working::declarations(repo, &entries);
        let covers = |entry: &FileEntry| declarations.covering(&entry.path).is_some();
        if new.iter().any(covers) {
            let same = |text: &str| Ok(text.to_owned());
            wrote = Some(change(repo, writer, builder, cache, progress, &same)?);
            entries = builder.entries().values().cloned().collect();
        }
    }
    let undeclared = new
        .iter()
        .filter(|entry| declarations.covering(&entry.path).is_none());
    let taken = Taken::open(writer, &repo.root, undeclared);
    let inference = infer(&taken, new, &entries, &declarations)?;
    let configs: Vec<&DatasetConfig> = inference
        .proposals
        .iter()
        .map(|proposal| &proposal.config)
        .collect();
    if !configs.is_empty() {
        let changed = write_down(repo, writer, builder, &configs, cache, progress)?;
        wrote = Some(match wrote {
            // What stood there before the first of both changes.
            Some(Written { before, .. }) => Written { before, ..changed },
            None => changed,
        });
    }
    Ok((inference, wrote))
}

/// Writes data sets into dver.toml, keeping what stands there, and stages the file.
pub(super) fn write_down(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    builder: &mut SnapshotBuilder,
    configs: &[&DatasetConfig],
    cache: &mut StatCache,
    progress: &dyn Progress,
) -> Result<Written, Error> {
    change(repo, writer, builder, cache, progress, &|text| {
        let mut text = text.to_owned();
        for config in configs {
            text = edit::add_dataset(&text, config)?;
        }
        Ok(text)
    })
}

/// Changes the text of dver.toml in the worktree and stages the file. Returns what stood there and
/// what stands there now, both stored: the operation names them, so that `undo` goes back.
pub(super) fn change(
    repo: &Repo,
    writer: &mut PackWriter<'_>,
    builder: &mut SnapshotBuilder,
    cache: &mut StatCache,
    progress: &dyn Progress,
    edit: &dyn Fn(&str) -> Result<String, config::Error>,
) -> Result<Written, Error> {
    let place = file().to_path(&repo.root);
    let staged: Vec<FileEntry> = builder.entries().values().cloned().collect();
    let mut store = |writer: &mut PackWriter<'_>| -> Result<Vec<FileEntry>, Error> {
        let Found::File(stat) = look(&place)? else {
            return Ok(Vec::new());
        };
        let files = [WorkFile { path: file(), stat }];
        let none = Declarations::default();
        let taken = add::take(repo, writer, &none, &staged, &files, cache, progress)?;
        Ok(taken.entries)
    };
    let before = store(writer)?;
    let old = fsio::read_if_exists(&place)?.unwrap_or_default();
    let old = String::from_utf8(old).map_err(|_| dataset::Error::NotText)?;
    let text = edit(&old)?;
    let temporary = repo.dir.join("tmp").join(config::Declarations::FILE);
    fsio::write_durable_by(&temporary, &place, text.as_bytes())?;
    let after = store(writer)?;
    let mut snapshot = |entries: Vec<FileEntry>| {
        let mut builder = SnapshotBuilder::new();
        entries.into_iter().for_each(|entry| builder.put(entry));
        builder.finish(writer)
    };
    after.iter().for_each(|entry| builder.put(entry.clone()));
    Ok(Written {
        before: snapshot(before)?,
        after: snapshot(after)?,
    })
}

/// Returns the path of dver.toml.
pub(super) fn file() -> RepoPath {
    RepoPath::new(config::Declarations::FILE).expect("the name is a plain file name")
}
