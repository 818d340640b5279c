//! Walks over commits: the log's order, ancestry, merge bases.

use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::base::{ObjectId, Timestamp};
use crate::object::{self, Commit, ObjectSource};

use super::error::Error;

/// Returns all commits that can be reached from `tips`, the tips included.
pub fn ancestors(
    source: &dyn ObjectSource,
    tips: &[ObjectId],
) -> Result<HashMap<ObjectId, Commit>, Error> {
    let mut found = HashMap::new();
    let mut open = tips.to_vec();
    while let Some(id) = open.pop() {
        if found.contains_key(&id) {
            continue;
        }
        let commit: Commit = object::get(source, &id)?;
        open.extend(&commit.parents);
        found.insert(id, commit);
    }
    Ok(found)
}

/// Returns whether `older` can be reached from `newer`.
pub fn is_ancestor(
    source: &dyn ObjectSource,
    older: &ObjectId,
    newer: &ObjectId,
) -> Result<bool, Error> {
    Ok(ancestors(source, &[*newer])?.contains_key(older))
}

/// Gives the commits that `tips` reach and `without` do not, newest first: a commit never comes
/// before its children, and otherwise the later one comes first. Stops after `most`.
pub fn log(
    source: &dyn ObjectSource,
    tips: &[ObjectId],
    without: &[ObjectId],
    most: Option<usize>,
) -> Result<Vec<(ObjectId, Commit)>, Error> {
    let hidden = ancestors(source, without)?;
    // The common case reads no more than it shows: a line of commits, each with one parent.
    if let ([tip], Some(most)) = (tips, most)
        && let Some(line) = straight(source, *tip, &hidden, most)?
    {
        return Ok(line);
    }
    let shown: HashMap<ObjectId, Commit> = ancestors(source, tips)?
        .into_iter()
        .filter(|(id, _)| !hidden.contains_key(id))
        .collect();
    let mut children: HashMap<ObjectId, usize> = HashMap::new();
    for parent in shown.values().flat_map(|commit| &commit.parents) {
        *children.entry(*parent).or_default() += 1;
    }
    let mut ready: BinaryHeap<(Timestamp, ObjectId)> = shown
        .iter()
        .filter(|(id, _)| !children.contains_key(id))
        .map(|(id, commit)| (commit.time, *id))
        .collect();
    let mut out = Vec::new();
    while let Some((_, id)) = ready.pop() {
        if most.is_some_and(|most| out.len() >= most) {
            break;
        }
        let Some(commit) = shown.get(&id) else {
            continue;
        };
        for parent in &commit.parents {
            if let Some(left) = children.get_mut(parent) {
                *left -= 1;
                if *left == 0
                    && let Some(next) = shown.get(parent)
                {
                    ready.push((next.time, *parent));
                }
            }
        }
        out.push((id, commit.clone()));
    }
    Ok(out)
}

/// Follows single parents; `None` where a merge turns up.
fn straight(
    source: &dyn ObjectSource,
    tip: ObjectId,
    hidden: &HashMap<ObjectId, Commit>,
    most: usize,
) -> Result<Option<Vec<(ObjectId, Commit)>>, Error> {
    let mut out = Vec::new();
    let mut next = Some(tip);
    while let Some(id) = next.filter(|id| out.len() < most && !hidden.contains_key(id)) {
        let commit: Commit = object::get(source, &id)?;
        if commit.parents.len() > 1 {
            return Ok(None);
        }
        next = commit.parents.first().copied();
        out.push((id, commit));
    }
    Ok(Some(out))
}

/// Returns the best common ancestor of two commits: one that no other common ancestor descends
/// from; of several, the one with the greatest time and id.
pub fn merge_base(
    source: &dyn ObjectSource,
    a: &ObjectId,
    b: &ObjectId,
) -> Result<Option<ObjectId>, Error> {
    let of_a = ancestors(source, &[*a])?;
    let of_b = ancestors(source, &[*b])?;
    let common: HashMap<&ObjectId, &Commit> = of_a
        .iter()
        .filter(|(id, _)| of_b.contains_key(id))
        .collect();
    let covered: HashSet<&ObjectId> = common.values().flat_map(|commit| &commit.parents).collect();
    let best = common.iter().filter(|(id, _)| !covered.contains(**id));
    Ok(best
        .max_by_key(|(id, commit)| (commit.time, **id))
        .map(|(id, _)| **id))
}
