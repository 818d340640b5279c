//! `check`: one verdict on a version or on the working files: gates, constraints, leftovers.

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::object::changes::{ChangeSet, DatasetChanges};
use crate::object::{self, Commit, GateOverride, ObjectSource, Scorecard};
use crate::quality;
use crate::repo::Repo;

use super::assess::{self, Scratch, Version};
use super::error::Error;
use super::eval::judged::{self, Named};
use super::eval::make::Maker;
use super::follow::Measuring;
use super::gates::{self, Gated, Judged, Violation};
use super::quality::of_working;
use super::working;

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// The version; the working files where it is `None`.
    pub revision: Option<String>,
    /// The version that changes are taken against; else the one before.
    pub since: Option<String>,
    /// Whether to tell what changed since, too; it is where `since` says since when.
    pub changes: bool,
}

/// What stays to be done before a version is what its author meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leftover {
    /// What it is.
    pub kind: LeftoverKind,
    /// The data set that it is about.
    pub dataset: Option<String>,
    /// The first files that it is about.
    pub paths: Vec<RepoPath>,
    /// How many records or files.
    pub count: u64,
}

/// Kinds of what stays to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftoverKind {
    /// A checkout began and did not end: files may be of two versions.
    Pending,
    /// A declared data set has no file.
    NoFiles,
    /// Records do not parse.
    Unparsable,
    /// Records have no whole key.
    NullKeys,
    /// Changes are staged and not committed.
    Staged,
    /// Files differ from what is staged.
    Unstaged,
    /// New files stand where a data set has its files.
    Untracked,
}

impl LeftoverKind {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NoFiles => "no_files",
            Self::Unparsable => "unparsable",
            Self::NullKeys => "null_keys",
            Self::Staged => "staged",
            Self::Unstaged => "unstaged",
            Self::Untracked => "untracked",
        }
    }

    /// Returns whether nothing that is checked can be relied on with it.
    pub fn fails(self) -> bool {
        matches!(self, Self::Pending | Self::NoFiles)
    }
}

/// One verdict.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// The commit that changes were taken against where a gate names none.
    pub base: Option<ObjectId>,
    /// The gates, in the order of `dver.toml`.
    pub gates: Vec<Gated>,
    /// The violated constraints.
    pub violations: Vec<Violation>,
    /// What stays to be done.
    pub leftovers: Vec<Leftover>,
    /// That and why the version's author overrode gates.
    pub gate_override: Option<GateOverride>,
    /// Whether that commit was named.
    pub since: bool,
    /// What changed since the base, where that was asked for.
    pub changes: Vec<DatasetChanges>,
}

impl CheckReport {
    /// Returns whether nothing fails.
    pub fn passed(&self) -> bool {
        let refuses = self.gates.iter().any(|gated| gated.verdict.refuses());
        let fails = self.leftovers.iter().any(|left| left.kind.fails());
        !refuses && !fails && self.violations.is_empty()
    }
}

/// Judges a version or the working files.
pub fn check(
    repo: &mut Repo,
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Result<CheckReport, Error> {
    let since = options.since.as_deref();
    let since = since.map(|revision| repo.resolve(revision)).transpose()?;
    let wants_changes = options.changes || since.is_some();
    let mut report = match &options.revision {
        Some(revision) => of_commit(repo, revision, since, wants_changes, progress)?,
        None => of_files(repo, since, wants_changes, progress)?,
    };
    report.since = since.is_some();
    let head = repo.head_commit()?.map(|(id, _)| id);
    if report.commit.is_none() || report.commit == head {
        report.leftovers.extend(of_worktree(repo, progress)?);
    }
    Ok(report)
}

fn of_commit(
    repo: &Repo,
    revision: &str,
    since: Option<ObjectId>,
    wants_changes: bool,
    progress: &dyn Progress,
) -> Result<CheckReport, Error> {
    let (id, commit) = repo.commit(revision)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let parent = commit.parents.first().copied();
    let base = since.or(parent);
    let sealed = commit.changes.first().filter(|_| base == parent);
    let changes = match sealed {
        Some(id) => Some(object::get::<ChangeSet>(&repo.store, id)?.datasets),
        None => None,
    };
    let evaluations = judged::stored(repo, &id, &gates::evaluations_of(&version))?;
    let judging = Judging {
        source: &repo.store,
        version: &version,
        base,
        changes,
        wants_changes,
        evaluations,
    };
    Ok(CheckReport {
        commit: Some(id),
        gate_override: commit.gate_override,
        ..judging.run(repo, progress)?
    })
}

fn of_files(
    repo: &mut Repo,
    since: Option<ObjectId>,
    wants_changes: bool,
    progress: &dyn Progress,
) -> Result<CheckReport, Error> {
    let head = repo.head_commit()?.map(|(id, _)| id);
    let measuring = Measuring::of(repo);
    of_working(repo, progress, |repo, source, head_version, version| {
        let measured = assess::measure(source, head_version, version, &measuring, progress)?;
        // What would be sealed goes to memory: to check must not write to the store.
        let mut memory = Scratch::new(source);
        let datasets = measured.seal(&measuring, &mut memory)?;
        let version = Version {
            entries: version.entries.clone(),
            declarations: version.declarations.clone(),
            declaration: version.declaration,
            snapshot: None,
            scorecard: Some(Scorecard {
                snapshot: ObjectId([0; 32]), // there is none
                declaration: version.declaration,
                datasets,
            }),
        };
        let named = gates::evaluations_of(&version);
        let mut makers = Maker::at_commit(repo, &version.declarations)?;
        makers.retain(|maker| named.contains(&maker.config.name));
        let made = judged::make_all(&makers, &memory, &version, progress);
        let judging = Judging {
            evaluations: judged::all_of(&made)?,
            source: &memory,
            version: &version,
            base: since.or(head),
            changes: None,
            wants_changes,
        };
        judging.run(repo, progress)
    })
}

struct Judging<'a> {
    source: &'a dyn ObjectSource,
    version: &'a Version,
    base: Option<ObjectId>,
    changes: Option<Vec<DatasetChanges>>,
    wants_changes: bool,
    evaluations: Vec<Named>,
}

impl Judging<'_> {
    fn run(self, repo: &Repo, progress: &dyn Progress) -> Result<CheckReport, Error> {
        let changes = match (self.changes, self.base) {
            (None, Some(base)) if self.wants_changes => {
                let base: Commit = object::get(&repo.store, &base)?;
                let base = Version::of_commit(&repo.store, &base)?;
                let measuring = Measuring::of(repo);
                let (source, version) = (self.source, self.version);
                let changes = assess::changes(source, Some(&base), version, &measuring, progress)?;
                Some(changes)
            }
            (changes, _) => changes,
        };
        let judged = Judged {
            source: self.source,
            version: self.version,
            base: self.base,
            changes: changes.as_deref(),
            evaluations: &self.evaluations,
            progress,
        };
        Ok(CheckReport {
            commit: None,
            base: self.base,
            gates: gates::judge(repo, &judged)?,
            violations: gates::violations(&judged)?,
            leftovers: of_version(self.source, self.version)?,
            gate_override: None,
            since: false,
            changes: changes.unwrap_or_default(),
        })
    }
}

/// Returns what stays to be done in the data sets of a version.
fn of_version(source: &dyn ObjectSource, version: &Version) -> Result<Vec<Leftover>, Error> {
    let mut out = Vec::new();
    let scorecard = version.scorecard.iter();
    for score in scorecard.flat_map(|card| &card.datasets) {
        let left = |kind, count| Leftover {
            kind,
            dataset: Some(score.name.clone()),
            paths: Vec::new(),
            count,
        };
        let declaration = version.declarations.get(&score.name);
        if declaration.is_some_and(|declaration| version.covered(declaration).is_empty()) {
            out.push(left(LeftoverKind::NoFiles, 0));
        }
        let metrics = quality::dataset_metrics(source, score)?;
        for (name, kind) in [
            ("unparsable", LeftoverKind::Unparsable),
            ("null_keys", LeftoverKind::NullKeys),
        ] {
            let metric = metrics.iter().find(|metric| metric.name == name);
            let count = metric.and_then(|metric| metric.num).map_or(0, |num| num.0);
            match u64::try_from(count) {
                Ok(count) if count > 0 => out.push(left(kind, count)),
                _ => {}
            }
        }
    }
    Ok(out)
}

/// No more files than this are named.
const MOST_PATHS: usize = 5;

/// Returns what stays to be done in the worktree.
fn of_worktree(repo: &Repo, progress: &dyn Progress) -> Result<Vec<Leftover>, Error> {
    let looked = working::look(repo, &[], progress)?;
    let declarations = working::declarations(repo, &looked.staged);
    let found = &looked.found;
    let modified = found.modified.iter().map(|m| &m.before.path);
    let mut unstaged: Vec<&RepoPath> = modified.collect();
    unstaged.extend(found.deleted.iter().map(|entry| &entry.path));
    unstaged.sort();
    let staged: Vec<RepoPath> = match (repo.state()?.stage, repo.head_snapshot()?) {
        (Some(stage), Some(head)) => {
            let changes = object::Snapshot::changes(&repo.store, &head, &stage)?;
            changes.iter().filter_map(|c| c.path().cloned()).collect()
        }
        (Some(_), None) => looked.staged.iter().map(|e| e.path.clone()).collect(),
        (None, _) => Vec::new(),
    };
    let joining = working::joining(found, &declarations);
    let joining: Vec<&RepoPath> = joining.map(|file| &file.path).collect();
    let mut out = Vec::new();
    let mut left = |kind, paths: Vec<&RepoPath>| {
        if !paths.is_empty() || kind == LeftoverKind::Pending {
            out.push(Leftover {
                kind,
                dataset: None,
                count: paths.len() as u64,
                paths: paths.into_iter().take(MOST_PATHS).cloned().collect(),
            });
        }
    };
    if repo.pending().is_some() {
        left(LeftoverKind::Pending, Vec::new());
    }
    left(LeftoverKind::Staged, staged.iter().collect());
    left(LeftoverKind::Unstaged, unstaged);
    left(LeftoverKind::Untracked, joining);
    Ok(out)
}
