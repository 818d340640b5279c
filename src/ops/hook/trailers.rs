//! What a git commit says of the data that it moves: trailers of its message.

use std::path::Path;

use crate::base::progress::Progress;
use crate::base::{ObjectId, fsio};
use crate::diff::{Event, Options};
use crate::githost::{Git, LOCK, Lock, note_told};
use crate::object::{self, Commit};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::diff::{self, DiffOptions, Ends};
use super::super::error::Error;
use super::super::metrics::{self, Measure};
use super::super::show::Sealed;

/// How every line begins that is dver's.
const PREFIX: &str = "Dver-";
/// The trailer that names the commit, by the beginning of its id.
pub const COMMIT: &str = "Commit";
/// The trailer with the number of changed labels.
pub const LABELS: &str = "Labels-Changed";
/// The trailer with a metric and its change.
pub const METRIC: &str = "Metric";
/// The most that is read of the message of a commit, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The most metrics that are told.
const MOST_METRICS: usize = 12;

/// What a git commit does to the data.
#[derive(Clone, Debug)]
pub struct Told {
    /// The commit that it names.
    pub commit: ObjectId,
    /// How many labels of kept records changed; `None` where that cannot be told here.
    pub labels: Option<u64>,
    /// The metrics that gates guard, with their values in the version before as `previous`.
    pub metrics: Vec<Measure>,
}

/// A lock that a git commit moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// What it named; `None` where there was none, or none that reads.
    pub from: Option<ObjectId>,
    /// What it names.
    pub to: ObjectId,
}

/// Returns how the git commit that is being made moves the lock of the worktree `root`, against the
/// commit before it; `None` where it does not. `amends`: it takes the place of the one at git's HEAD.
pub fn moved(root: &Path, git: &Git, amends: bool) -> Result<Option<Moved>, Error> {
    let path = git.relative(&root.join(LOCK))?;
    let base = if amends { "HEAD~1" } else { "HEAD" };
    let blobs = git.blobs(&[format!(":{path}"), format!("{base}:{path}")])?;
    let lock = |at: usize| {
        let text = blobs.get(at)?.as_deref()?;
        Some(Lock::parse(text).ok()?.commit)
    };
    Ok(match (lock(0), lock(1)) {
        (Some(to), from) if from != Some(to) => Some(Moved { from, to }),
        _ => None,
    })
}

/// Returns what a moved lock does to the data.
pub fn told(repo: &mut Repo, moved: Moved, progress: &dyn Progress) -> Result<Told, Error> {
    let Moved {
        from: before,
        to: commit,
    } = moved;
    let mut told = Told {
        commit,
        labels: None,
        metrics: Vec::new(),
    };
    // A lock that somebody else moved may name a version that is not here.
    if !repo.has(&commit)? {
        return Ok(told);
    }
    let before = match before {
        Some(before) if repo.has(&before)? => Some(before),
        Some(_) => return Ok(told),
        None => None,
    };
    if let Some(before) = before {
        let options = DiffOptions {
            ends: Ends::Revisions(before.to_string(), commit.to_string()),
            within: Vec::new(),
            tell: Options::STAT,
            condition: None,
            from_data: false,
        };
        let mut events: Vec<Event> = Vec::new();
        let changes = diff::diff(repo, &options, &mut events, progress)?;
        let labels = changes.iter().map(|dataset| {
            let labels = &dataset.labels;
            labels.relabelled + labels.renamed + labels.split + labels.merged
        });
        told.labels = Some(labels.sum());
    } else {
        told.labels = Some(0);
    }
    told.metrics = guarded(repo, before, commit)?;
    Ok(told)
}

/// Returns the metrics that the version's gates guard, and their values before.
fn guarded(repo: &Repo, before: Option<ObjectId>, commit: ObjectId) -> Result<Vec<Measure>, Error> {
    let sealed: Commit = object::get(&repo.store, &commit)?;
    let version = Version::of_snapshot(&repo.store, sealed.snapshot)?;
    let mut asked: Vec<String> = Vec::new();
    for gate in &version.declarations.gates {
        let name = [".delta", ".change"]
            .iter()
            .find_map(|end| gate.metric.strip_suffix(end))
            .unwrap_or(&gate.metric);
        if !asked.iter().any(|known| known == name) {
            asked.push(name.to_owned());
        }
    }
    asked.truncate(MOST_METRICS);
    let now = Sealed::read(repo, commit, sealed)?;
    let mut measures = metrics::of_commit(repo, &now, &asked)?;
    let older = match before {
        Some(id) => {
            let sealed = Sealed::read(repo, id, object::get(&repo.store, &id)?)?;
            metrics::of_commit(repo, &sealed, &asked)?
        }
        None => Vec::new(),
    };
    for measure in &mut measures {
        let same = |old: &&Measure| old.dataset == measure.dataset && old.asked == measure.asked;
        measure.metric.previous = older.iter().find(same).and_then(|old| old.metric.value);
    }
    Ok(measures)
}

/// Returns a message without dver's trailers.
fn without_trailers(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|&byte| byte == b'\n');
    lines
        .filter(|line| !is_trailer(line))
        .flatten()
        .copied()
        .collect()
}

/// Returns whether a line is one that dver writes: what people write may begin like it.
fn is_trailer(line: &[u8]) -> bool {
    let Some((name, value)) = std::str::from_utf8(line)
        .ok()
        .and_then(|line| line.strip_prefix(PREFIX)?.trim_end().split_once(": "))
    else {
        return false;
    };
    match name {
        COMMIT => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
        LABELS => value.bytes().all(|byte| byte.is_ascii_digit()),
        METRIC => true,
        _ => false,
    }
}

/// Adds trailers to the file of a message, by git's own rules; those of before go.
pub fn write_trailers(git: &Git, file: &Path, told: &[(&str, String)]) -> Result<(), Error> {
    let message = fsio::read_bounded(file, MOST_BYTES)?;
    let trailers: Vec<String> = told
        .iter()
        .map(|(name, value)| format!("{PREFIX}{name}: {value}"))
        .collect();
    let message = git.with_trailers(&without_trailers(&message), &trailers)?;
    fsio::write_passing(file, &message)?;
    Ok(note_told(file, true)?)
}

/// Empties the file of a message in which nobody wrote anything but dver its trailers: git then
/// stops, as it would without them.
pub fn empty_unwritten(git: &Git, file: &Path) -> Result<(), Error> {
    let message = fsio::read_bounded(file, MOST_BYTES)?;
    let without = without_trailers(&message);
    if without != message && git.is_empty_message(&without)? {
        fsio::write_passing(file, &without)?;
    }
    Ok(note_told(file, false)?)
}
