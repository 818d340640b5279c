//! `commit`: seals the staged snapshot with its change sets and its scorecard.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit, GateOverride, Head, ObjectSource, Scorecard, State};
use crate::repo::Repo;

use super::assess::{self, Version};
use super::error::Error;
use super::follow::Measuring;
use super::show::Sealed;
use super::transaction::{self, Note};
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

/// Commits what is staged and returns the commit with what it seals.
pub fn commit(
    repo: &mut Repo,
    options: &CommitOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Sealed, Error> {
    let locked = transaction::lock(repo, "commit", waiting)?;
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
    let id = transaction::write(repo, &locked, |repo, writer, draft| {
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
            gate_override: options
                .no_gates
                .clone()
                .map(|reason| GateOverride { reason })
                .or_else(|| old.as_ref().and_then(|c| c.gate_override.clone())),
        };
        seal(repo, writer, &mut commit, progress)?;
        let id = object::put(writer, &commit)?;
        let state = draft.worktree()?;
        state.stage = None;
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
        Ok((id, Some(Note::new("commit", revisions))))
    })?;
    let commit = object::get(&repo.store, &id)?;
    Sealed::read(repo, id, commit)
}

/// Computes change sets and scorecard of a commit and writes them.
fn seal(
    repo: &Repo,
    writer: &mut crate::store::PackWriter<'_>,
    commit: &mut Commit,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let after = Version::of_snapshot(&repo.store, commit.snapshot)?;
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
    Ok(())
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

/// Returns whether the committed dver.toml declares gates or evaluations.
pub fn declares_gates(repo: &Repo, sealed: &Sealed) -> Result<bool, Error> {
    let version = Version::of_snapshot(&repo.store, sealed.commit.snapshot)?;
    let declarations = &version.declarations;
    Ok(!declarations.gates.is_empty() || !declarations.evaluations.is_empty())
}

fn nothing_staged(repo: &Repo, progress: &dyn Progress) -> Result<Error, Error> {
    let found = working::look(repo, &[], progress)?.found;
    Ok(Error::NothingStaged {
        unstaged: found.modified.len() + found.deleted.len(),
        untracked: found.untracked.len(),
    })
}
