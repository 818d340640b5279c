//! `--by commit`: along the first parents, from one stored evaluation to the next.

use super::super::assess::Version;
use super::super::error::Error;
use super::super::eval;
use super::{
    By, DEFINITION, End, Group, Share, Trace, TraceOptions, Wanted, between, by_cause, pair,
};
use crate::attribute::{self, Cause, Given, Method};
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
    let mut ends: Option<(End, End)> = None;
    for step in stops.windows(2) {
        let step_trace = match stops.len() {
            2 => whole.clone(),
            _ => between(repo, &causes, (&step[0], &step[1]), progress)?,
        };
        if stops.len() > 2 {
            runs += step_trace.evaluations_run;
        }
        definition = definition.or(step_trace.definition);
        let group = Some(Group::Commit(step[1].0));
        // A score that is sealed at neither side of a stop is computed twice, each time as the newer
        // version of the step declares it.
        let before = ends
            .as_ref()
            .map_or(step_trace.from.value, |(_, end)| end.value);
        let gap = step_trace.from.value - before;
        if gap.abs() > 1e-12 {
            parts.push(Share::of_names(Cause::Definition, group.clone(), gap));
        }
        parts.extend(step_trace.parts.into_iter().map(|share| Share {
            group: group.clone(),
            ..share
        }));
        let first = ends.map_or(step_trace.from, |(first, _)| first);
        ends = Some((first, step_trace.to));
    }
    // What is told is what the steps begin and end with: under one definition of both ends, or with
    // columns frozen at the other one, a score that is not sealed may be another.
    let (first, last) = ends.unwrap_or_else(|| (whole.from.clone(), whole.to.clone()));
    let sum: f64 = parts.iter().map(|share| share.contribution).sum();
    let residual = (sum - (last.value - first.value)).abs();
    if residual > 1e-9 && wanted.options.given == Given::All {
        return Err(Error::NotTraced {
            name: format!("{name}:{}", wanted.path),
            source: attribute::Error::DoesNotAddUp { residual },
        });
    }
    let mut notes = whole.notes.clone();
    notes.retain(|note| note != DEFINITION);
    if parts.iter().any(|part| part.cause == Cause::Definition) {
        notes.push(DEFINITION.to_owned());
    }
    if without > 0 {
        notes.push(format!(
            "{without} commits without an evaluation `{name}` are told with the next that has one"
        ));
    }
    Ok(Trace {
        by: By::Commit,
        from: first,
        to: last,
        method: Method::Path,
        evaluations_run: runs,
        causes: by_cause(&parts),
        parts,
        definition,
        notes,
        ..whole
    })
}
