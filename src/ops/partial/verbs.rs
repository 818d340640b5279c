//! `restore --where` and `add --where`: some changes taken back, or staged, and the rest kept.

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::dataset::{Declarations, Where};
use crate::diff::Side;
use crate::object::{FileEntry, SnapshotChange};
use crate::repo::Repo;
use crate::worktree::StatCache;

use super::super::assess::Version;
use super::super::checkout::RestoreOptions;
use super::super::diff::of_stage;
use super::super::error::Error;
use super::super::files::{self, Writing};
use super::super::rewritten::{Made, stage_made, store};
use super::super::stage;
use super::super::transaction::{self, Locked, Note};
use super::super::working::{self, Looked};
use super::{Wanted, make};

/// Which changes were carried over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartialReport {
    /// How many: values, and whole records.
    pub changes: u64,
    /// The files that changed by that.
    pub files: Vec<RepoPath>,
}

impl PartialReport {
    fn of(made: &[Made]) -> Self {
        Self {
            changes: made.iter().map(|one| one.changes).sum(),
            files: made.iter().map(|one| one.path.clone()).collect(),
        }
    }
}

/// Takes back the changes since the source for which the condition is true, in the worktree or in
/// the stage. What is overwritten in the worktree is stored first.
pub fn restore_where(
    repo: &mut Repo,
    options: &RestoreOptions,
    condition: &Where,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<PartialReport, Error> {
    if options.staged && options.worktree {
        let words = "--where takes changes back in the stage or in the worktree, one at a time";
        return Err(Error::Usage(words.to_owned()));
    }
    let locked = transaction::lock(repo, "restore", waiting)?;
    let before = match (&options.source, options.staged) {
        (Some(revision), _) => Version::of_commit(&repo.store, &repo.commit(revision)?.1)?,
        (None, true) => match repo.head_commit()? {
            Some((_, commit)) => Version::of_commit(&repo.store, &commit)?,
            None => Version::of_entries(&repo.store, Vec::new())?,
        },
        (None, false) => of_stage(repo)?,
    };
    let wanted = Wanted {
        base: Side::After,
        within: &options.within,
        condition,
    };
    let revisions = about(condition, &options.within);
    if options.staged {
        let after = of_stage(repo)?;
        let (staged, declarations) = (after.entries.clone(), after.declarations.clone());
        let made = make(repo, &repo.store, (before, after), &wanted, progress)?;
        return staged_as(
            repo,
            &locked,
            ("restore", revisions),
            &made,
            (&staged, &declarations),
        );
    }
    let mut drafts = drafts(repo, before, &wanted, progress)?;
    let report = PartialReport::of(&drafts.made);
    let changes = drafts.made.iter().map(|one| SnapshotChange {
        before: files::find(&drafts.staged, &one.path).cloned(),
        after: one.entry.clone(),
    });
    let writing = Writing {
        verb: "restore",
        revisions,
        changes: changes.collect(),
        force: true,
    };
    files::write(
        repo,
        &locked,
        writing,
        &mut drafts.cache,
        progress,
        |repo, writer, _| {
            let (made, staged) = (&drafts.made, &drafts.staged);
            store(repo, made, staged, &drafts.declarations, writer)
        },
    )?;
    Ok(report)
}

/// Stages the changes of working files for which the condition is true.
pub fn add_where(
    repo: &mut Repo,
    within: &[RepoPath],
    condition: &Where,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<PartialReport, Error> {
    let locked = transaction::lock(repo, "add", waiting)?;
    let before = of_stage(repo)?;
    let wanted = Wanted {
        base: Side::Before,
        within,
        condition,
    };
    let mut drafts = drafts(repo, before, &wanted, progress)?;
    let revisions = about(condition, within);
    let report = staged_as(
        repo,
        &locked,
        ("add", revisions),
        &drafts.made,
        (&drafts.staged, &drafts.declarations),
    )?;
    stage::remember(repo, &mut drafts.cache);
    Ok(report)
}

/// What the working files, or the staged ones beside them, become, and what is staged.
struct Drafts {
    staged: Vec<FileEntry>,
    cache: StatCache,
    made: Vec<Made>,
    declarations: Declarations,
}

/// Compares a version with the working files and makes the files that are wanted.
fn drafts(
    repo: &Repo,
    before: Version,
    wanted: &Wanted<'_>,
    progress: &dyn Progress,
) -> Result<Drafts, Error> {
    let Looked {
        staged,
        mut cache,
        found,
    } = working::look(repo, &[], progress)?;
    let working = working::open(repo, &staged, &found, &mut cache, progress)?;
    let declarations = working.version.declarations.clone();
    let versions = (before, working.version);
    let made = make(repo, &working.source, versions, wanted, progress)?;
    drop(working.source);
    Ok(Drafts {
        staged,
        cache,
        made,
        declarations,
    })
}

/// Puts files into the stage.
fn staged_as(
    repo: &mut Repo,
    locked: &Locked,
    (verb, revisions): (&'static str, Vec<String>),
    made: &[Made],
    (staged, declarations): (&[FileEntry], &Declarations),
) -> Result<PartialReport, Error> {
    transaction::write(repo, locked, |repo, writer, draft| {
        store(repo, made, staged, declarations, writer)?;
        let mut builder = stage::builder(repo)?;
        stage_made(&mut builder, made);
        let changed = stage::set(repo, draft, builder, writer)?;
        let note = Note::new(verb, revisions).hidden();
        Ok((PartialReport::of(made), changed.then_some(note)))
    })
}

/// Says what an operation was about.
fn about(condition: &Where, within: &[RepoPath]) -> Vec<String> {
    let condition = [format!("--where {condition}")];
    let paths = within.iter().map(RepoPath::to_string);
    condition.into_iter().chain(paths).collect()
}
