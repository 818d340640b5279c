//! Counts of attached analyses as metrics of commits: `find:KIND` in the log.

use std::collections::BTreeSet;

use crate::base::ObjectId;
use crate::object::{self, Commit};
use crate::quality::{Value, derived};
use crate::repo::Repo;

use super::super::error::Error;
use super::super::metrics::Measure;
use super::{Attached, Unclear, attached};

/// What stands before the colon.
const NAME: &str = "find";

/// Returns the kind and the count that are asked for; `None` where it is no count of an analysis.
pub(in crate::ops) fn asked(text: &str) -> Option<(&str, &str)> {
    let path = text.strip_prefix(NAME)?.strip_prefix(':')?;
    Some(path.split_once('.').unwrap_or((path, "found")))
}

/// Returns a count of a commit's analyses, for each data set that of the first.
pub(in crate::ops) fn measure(
    repo: &Repo,
    commit: &ObjectId,
    asked: &str,
    (kind, count): (&str, &str),
) -> Result<Vec<Measure>, Error> {
    let mut out: Vec<Measure> = Vec::new();
    for one in attached(repo, commit)? {
        let dataset = &one.analysis.dataset;
        let told = out.iter().any(|measure| measure.dataset == *dataset);
        let Some(number) = one.analysis.counts.get(count).filter(|_| !told) else {
            continue;
        };
        if one.analysis.kind != kind {
            continue;
        }
        let mut metric = derived("found", "records", 1, Value::count(*number));
        metric.name = kind.to_owned();
        metric.previous = previous(repo, &one, count)?.map(|before| before as f64);
        out.push(Measure {
            dataset: dataset.clone(),
            asked: asked.to_owned(),
            metric,
            comparable: None,
        });
    }
    Ok(out)
}

/// Returns the count in the first parent, where that has an analysis of the same definition.
fn previous(repo: &Repo, one: &Attached, count: &str) -> Result<Option<u64>, Error> {
    let commit: Commit = object::get(&repo.store, &one.analysis.commit)?;
    let Some(parent) = commit.parents.first() else {
        return Ok(None);
    };
    let all = attached(repo, parent)?.into_iter();
    let mut same = all.filter(|other| other.analysis.definition == one.analysis.definition);
    Ok(same
        .next()
        .and_then(|other| other.analysis.counts.get(count).copied()))
}

/// Fails with the counts that there are where no commit has the one that is asked for.
pub(in crate::ops) fn check(
    repo: &Repo,
    commits: &[(ObjectId, Commit)],
    (kind, count): (&str, &str),
) -> Result<(), Error> {
    let mut known = BTreeSet::new();
    for (id, _) in commits {
        for one in attached(repo, id)? {
            let analysis = &one.analysis;
            if analysis.kind == kind && analysis.counts.contains_key(count) {
                return Ok(());
            }
            known.extend(analysis.counts.keys().map(|name| match name.as_str() {
                "found" => format!("{NAME}:{}", analysis.kind),
                name => format!("{NAME}:{}.{name}", analysis.kind),
            }));
        }
    }
    Err(Unclear::NoSuchCount {
        kind: kind.to_owned(),
        known: known.into_iter().collect(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn counts_are_named_by_kind() {
        assert_eq!(asked("find:label-issues"), Some(("label-issues", "found")));
        assert_eq!(
            asked("find:label-issues.joint"),
            Some(("label-issues", "joint"))
        );
        assert_eq!(asked("m:accuracy"), None);
        assert_eq!(asked("finder:accuracy"), None);
    }
}
