//! `commit`: seals the staged snapshot with its change sets and its scorecard.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::config::EvaluationConfig;
use crate::object::changes::ChangeSet;
use crate::object::{
    self, Commit, GateOverride, Head, ObjectSource, OverriddenGate, Scorecard, State,
};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::beside_git;
use super::error::Error;
use super::eval::judged::{self, Named};
use super::eval::make::Maker;
use super::eval::{self, Told};
use super::follow::Measuring;
use super::gates::{self, Gated, Judged, Violation};
use super::show::Sealed;
use super::transaction::{self, Locked, Note};
use super::working;

/// How to commit.
#[derive(Clone, Debug, Default)]
pub struct CommitOptions {
    /// What the author says.
    pub message: Option<String>,
    /// Replace the commit at HEAD.
    pub amend: bool,
    /// Why labels changed.
    pub reason: Option<String>,
    /// What made the changes: `human`, `model`, `rule` or `import`.
    pub source: Option<String>,
    /// Commit although gates refuse, for this reason.
    pub no_gates: Option<String>,
}

/// How committing ended.
#[derive(Debug)]
pub enum Outcome {
    /// The commit with what it seals.
    Committed(Box<Committed>),
    /// Gates refused, and nothing happened: these, in the order of dver.toml.
    Refused(Vec<Gated>),
}

/// A new commit.
#[derive(Debug)]
pub struct Committed {
    /// The commit with what it seals.
    pub sealed: Sealed,
    /// What its gates found.
    pub gates: Vec<Gated>,
    /// The violated constraints, which refuse nothing by themselves.
    pub violations: Vec<Violation>,
    /// Its evaluations, each with the scores that dver.toml wants to be told.
    pub evaluations: Vec<(Told, Vec<String>)>,
    /// The evaluations that could not be made, and why.
    pub not_evaluated: Vec<(String, Error)>,
}

/// The evaluations of what is committed, by name.
type Made = Vec<(String, Result<eval::made::Made, Error>)>;

/// How often the stage may change while it is evaluated.
const ATTEMPTS: usize = 3;

/// Commits what is staged, unless gates refuse.
pub fn commit(
    repo: &mut Repo,
    options: &CommitOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Outcome, Error> {
    let (locked, made) = lock_with_evaluations(repo, options, progress, waiting)?;
    let author = repo.actor.identity.clone().ok_or(Error::NoIdentity)?;
    let head = repo.head_commit()?;
    let replaced = match (options.amend, &head) {
        (false, _) => None,
        (true, Some(head)) => Some(head.clone()),
        (true, None) => return Err(Error::Usage("there is no commit to amend".into())),
    };
    if replaced.is_none() && repo.state()?.stage.is_none() {
        return Err(nothing_staged(repo, progress)?);
    }
    let parents = match (&replaced, &head) {
        (Some((_, old)), _) => old.parents.clone(),
        (None, Some((id, _))) => vec![*id],
        (None, None) => Vec::new(),
    };
    let message = match (&options.message, &replaced) {
        (Some(message), _) => message.clone(),
        (None, Some((_, old))) => old.message.clone(),
        (None, None) => String::new(),
    };
    if message.trim().is_empty() {
        return Err(Error::Usage("a commit needs a message: -m MESSAGE".into()));
    }
    let old = replaced.map(|(_, commit)| commit);
    let outcome = transaction::write(repo, &locked, |repo, writer, draft| {
        let snapshot = match repo.stage_snapshot()? {
            Some(snapshot) => snapshot,
            None => object::Snapshot::empty(writer)?,
        };
        let kept = |pick: fn(&Commit) -> Option<String>| old.as_ref().and_then(pick);
        let mut commit = Commit {
            parents,
            author,
            time: repo.actor.now(),
            environment: repo.actor.environment.clone(),
            message,
            snapshot,
            changes: Vec::new(),
            scorecard: snapshot, // replaced below
            reason: options
                .reason
                .clone()
                .or_else(|| kept(|c| c.reason.clone())),
            source: options
                .source
                .clone()
                .or_else(|| kept(|c| c.source.clone())),
            gates: Vec::new(),
            gate_override: None, // decided below
        };
        let named = judged::all_of(&made)?;
        let (gates, violations) = seal(repo, writer, &mut commit, (&named, progress))?;
        let before = old.as_ref().and_then(|old| old.gate_override.clone());
        let (overridden, refused) = overridden(options.no_gates.as_deref(), before, &gates);
        if !refused.is_empty() {
            return Ok((Err(refused), None));
        }
        commit.gate_override = overridden;
        let id = object::put(writer, &commit)?;
        let branch = beside_git::branch_to_commit_on(repo)?;
        for (_, made) in &made {
            if let Ok(made) = made {
                made.attach(repo, writer, draft, (id, snapshot))?;
            }
        }
        let state = draft.worktree()?;
        state.stage = None;
        if let Some(name) = branch {
            state.head = Head::Branch(name);
        }
        let revisions = match &mut state.head {
            Head::Branch(name) => {
                let name = name.clone();
                draft.refs.0.insert(format!("heads/{name}"), id);
                vec![name, id.to_string()]
            }
            Head::Commit(at) => {
                *at = id;
                vec![id.to_string()]
            }
        };
        let note = Note::new("commit", revisions);
        Ok((Ok((id, gates, violations)), Some(note)))
    })?;
    let (id, gates, violations) = match outcome {
        Ok(committed) => committed,
        Err(refused) => return Ok(Outcome::Refused(refused)),
    };
    let commit = object::get(&repo.store, &id)?;
    let failed = made
        .into_iter()
        .filter_map(|(name, made)| Some((name, made.err()?)));
    let evaluations = declared_at_commit(repo, &commit)?;
    let told = eval::of_commit(repo, &id, None)?.into_iter();
    Ok(Outcome::Committed(Box::new(Committed {
        sealed: Sealed::read(repo, id, commit)?,
        gates,
        violations,
        evaluations: told
            .map(|told| {
                let config = evaluations
                    .iter()
                    .find(|one| one.name == told.evaluation.name);
                let wanted = config.map(|config| config.metrics.clone());
                (told, wanted.unwrap_or_default())
            })
            .collect(),
        not_evaluated: failed.collect(),
    })))
}

/// Takes the lock with the evaluations of what is staged, which were made before it was taken: they
/// may take long, and nobody else waits for them.
fn lock_with_evaluations(
    repo: &mut Repo,
    options: &CommitOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<(Locked, Made), Error> {
    for _ in 0..ATTEMPTS {
        let snapshot = repo.stage_snapshot()?;
        // What will be refused below is not worth it.
        let has_message = options.message.is_some() || options.amend;
        let is_staged = options.amend || repo.state()?.stage.is_some();
        let made = match snapshot.filter(|_| has_message && is_staged) {
            None => Vec::new(),
            Some(snapshot) => {
                let version = Version::of_snapshot(&repo.store, snapshot)?;
                let makers = Maker::at_commit(repo, &version.declarations)?;
                judged::make_all(&makers, &repo.store, &version, progress)
            }
        };
        let locked = transaction::lock(repo, "commit", waiting)?;
        if repo.stage_snapshot()? == snapshot {
            return Ok((locked, made));
        }
    }
    Err(Error::StageMoves)
}

fn declared_at_commit(repo: &Repo, commit: &Commit) -> Result<Vec<EvaluationConfig>, Error> {
    let version = Version::of_snapshot(&repo.store, commit.snapshot)?;
    Ok(version.declarations.evaluations)
}

/// Returns the override to seal, and the gates that refuse in spite of it.
///
/// An override that an amended commit has stays, word for word, for the gates that it covers; for
/// other ones there must be a new one, which then stands for all that refuse now.
fn overridden(
    given: Option<&str>,
    before: Option<GateOverride>,
    gates: &[Gated],
) -> (Option<GateOverride>, Vec<Gated>) {
    let refusing = || gates.iter().filter(|gate| gate.verdict.refuses());
    let named = |gated: &Gated| OverriddenGate {
        dataset: gated.verdict.dataset.clone(),
        metric: gated.verdict.metric.clone(),
        bound: gated.verdict.bound.clone(),
    };
    if let Some(reason) = given {
        let reason = reason.to_owned();
        let gates = refusing().map(named).collect();
        return (Some(GateOverride { reason, gates }), Vec::new());
    }
    let covered = |gated: &Gated| {
        let known = before.as_ref().map(|before| before.gates.as_slice());
        known.unwrap_or_default().contains(&named(gated))
    };
    let left = refusing()
        .filter(|gated| !covered(gated))
        .cloned()
        .collect();
    (before, left)
}

/// Makes a snapshot the staged one again, as it was before files were staged for a commit that
/// gates refused; HEAD's where it is `None`.
pub fn restage(
    repo: &mut Repo,
    stage: Option<ObjectId>,
    waiting: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    if repo.state()?.stage == stage {
        return Ok(());
    }
    let locked = transaction::lock(repo, "commit", waiting)?;
    transaction::write(repo, &locked, |_, _, draft| {
        draft.worktree()?.stage = stage;
        Ok(((), Some(Note::new("restore", Vec::new()).hidden())))
    })
}

/// Computes change sets and scorecard of a commit and writes them; holds its gates against them.
fn seal(
    repo: &Repo,
    writer: &mut crate::store::PackWriter<'_>,
    commit: &mut Commit,
    (evaluations, progress): (&[Named], &dyn Progress),
) -> Result<(Vec<Gated>, Vec<Violation>), Error> {
    let mut after = Version::of_snapshot(&repo.store, commit.snapshot)?;
    let mut befores: Vec<Option<Version>> = Vec::new();
    for parent in &commit.parents {
        let parent: Commit = object::get(&repo.store, parent)?;
        writer.suggest(sealed_by(&repo.store, &parent)?);
        befores.push(Some(Version::of_commit(&repo.store, &parent)?));
    }
    if befores.is_empty() {
        befores.push(None);
    }
    let measuring = Measuring::to_seal(repo);
    let measured = assess::measure(
        &repo.store,
        befores[0].as_ref(),
        &after,
        &measuring,
        progress,
    )?;
    let scorecard = Scorecard {
        snapshot: commit.snapshot,
        declaration: after.declaration,
        datasets: measured.seal(&measuring, writer)?,
    };
    commit.scorecard = object::put(writer, &scorecard)?;
    for before in &befores {
        let id = assess::change_set(
            &repo.store,
            before.as_ref(),
            &after,
            &measured,
            commit,
            writer,
            progress,
        )?;
        commit.changes.push(id);
    }
    after.scorecard = Some(scorecard);
    let changes: Option<ChangeSet> = match commit.changes.first() {
        Some(id) => Some(object::get(writer, id)?),
        None => None,
    };
    let judged = Judged {
        source: writer,
        version: &after,
        base: commit.parents.first().copied(),
        changes: changes.as_ref().map(|changes| changes.datasets.as_slice()),
        evaluations,
        progress,
    };
    let gates = gates::judge(repo, &judged)?;
    commit.gates = gates.iter().map(|gated| gated.verdict.sealed()).collect();
    Ok((gates, gates::violations(&judged)?))
}

/// Returns what a commit sealed that the next one is likely to seal little changed.
fn sealed_by(source: &dyn ObjectSource, commit: &Commit) -> Result<Vec<ObjectId>, Error> {
    let mut ids = vec![commit.scorecard];
    ids.extend(commit.changes.first());
    let scorecard: Scorecard = object::get(source, &commit.scorecard)?;
    for score in &scorecard.datasets {
        let state: State = object::get(source, &score.state)?;
        ids.push(score.state);
        ids.extend(state.fields.iter().filter_map(|field| field.values));
        ids.extend(state.joint);
    }
    Ok(ids)
}

fn nothing_staged(repo: &Repo, progress: &dyn Progress) -> Result<Error, Error> {
    let found = working::look(repo, &[], progress)?.found;
    Ok(Error::NothingStaged {
        unstaged: found.modified.len() + found.deleted.len(),
        untracked: found.untracked.len(),
    })
}
