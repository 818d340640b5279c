//! `--by commit`: along the first parents, from one stored evaluation to the next.

use super::super::assess::Version;
use super::super::error::Error;
use super::super::eval;
use super::{By, Group, Share, Trace, TraceOptions, Wanted, between, by_cause, pair};
use crate::attribute::Method;
use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{self, Commit};
use crate::repo::Repo;

/// Splits the change over the commits between two versions, and each commit's over causes.
pub(super) fn along(
    repo: &mut Repo,
    wanted: &Wanted<'_>,
    (from, to): (&(ObjectId, Commit), &(ObjectId, Commit)),
    progress: &dyn Progress,
) -> Result<Trace, Error> {
    if wanted.options.what_if.is_some() || wanted.options.explain {
        return Err(Error::Usage(
            "--by commit does not go with --what-if or --explain".to_owned(),
        ));
    }
    let version = Version::of_commit(&repo.store, &to.1)?;
    let name = pair::declared(repo, &version, wanted.name)?.name;
    let mut stops = vec![to.clone()];
    let mut without = 0;
    let mut commit = to.1.clone();
    loop {
        let Some(parent) = commit.parents.first().copied() else {
            return Err(Error::Usage(format!(
                "--by commit: {} is not among the first parents of {}",
                from.0.short(),
                to.0.short()
            )));
        };
        commit = object::get(&repo.store, &parent)?;
        if parent == from.0 {
            break;
        }
        match eval::of_commit(repo, &parent, Some(&name))?.is_empty() {
            true => without += 1,
            false => stops.push((parent, commit.clone())),
        }
    }
    stops.push(from.clone());
    stops.reverse();
    let options = TraceOptions {
        by: By::Cause,
        ..wanted.options.clone()
    };
    let causes = Wanted {
        name: Some(&name),
        options: &options,
        ..*wanted
    };
    let whole = between(repo, &causes, (from, to), progress)?;
    let mut parts: Vec<Share> = Vec::new();
    let (mut runs, mut definition) = (whole.evaluations_run, whole.definition);
    for step in stops.windows(2) {
        let step_trace = match stops.len() {
            2 => whole.clone(),
            _ => between(repo, &causes, (&step[0], &step[1]), progress)?,
        };
        if stops.len() > 2 {
            runs += step_trace.evaluations_run;
        }
        definition = definition.or(step_trace.definition);
        parts.extend(step_trace.parts.into_iter().map(|share| Share {
            group: Some(Group::Commit(step[1].0)),
            ..share
        }));
    }
    let mut notes = whole.notes.clone();
    if without > 0 {
        notes.push(format!(
            "{without} commits without an evaluation `{name}` are told with the next that has one"
        ));
    }
    // Each step begins where the one before it ended, for both ends are sealed.
    Ok(Trace {
        by: By::Commit,
        method: Method::Path,
        evaluations_run: runs,
        causes: by_cause(&parts),
        parts,
        definition,
        notes,
        ..whole
    })
}
