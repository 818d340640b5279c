//! Reads attached analyses as `find` told them.

use crate::base::ObjectId;
use crate::dataset::Table;
use crate::object::{self, Commit, WorkList, WorkRow};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::dataset;
use super::super::error::Error;
use super::super::find::reading::fetch;
use super::super::find::{FindReport, Found, FoundIn, Name};
use super::{Attached, Unclear, attached};

/// Which analyses of a version are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The version.
    pub revision: String,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this data set.
    pub dataset: Option<String>,
    /// Only the analysis whose id begins so.
    pub id: Option<String>,
    /// At most so many records are told of each.
    pub limit: Option<usize>,
    /// Whether several are one too many: a work list is of one.
    pub only: bool,
}

/// Returns the analyses of a version that are wanted, in the order in which they were attached.
/// Nothing is computed; the contents of the records are read from the version.
pub fn reread(repo: &Repo, wanted: &Wanted) -> Result<Vec<(Attached, FindReport)>, Error> {
    let commit = repo.resolve(&wanted.revision)?;
    let all = attached(repo, &commit)?;
    let fits = |one: &&Attached| {
        let kind = wanted.kind.as_deref();
        let dataset = wanted.dataset.as_deref();
        let id = wanted.id.as_deref();
        kind.is_none_or(|kind| kind == one.analysis.kind)
            && dataset.is_none_or(|name| name == one.analysis.dataset)
            && id.is_none_or(|id| one.id.to_string().starts_with(id))
    };
    let found: Vec<Attached> = all.iter().filter(fits).cloned().collect();
    if found.is_empty() || (wanted.only && found.len() > 1) {
        let name = |one: &Attached| (one.analysis.kind.clone(), one.id);
        return Err(Unclear::NotOne {
            found: found.iter().map(name).collect(),
            known: all.iter().map(name).collect(),
        }
        .into());
    }
    let read = found.into_iter().map(|one| {
        let report = FindReport {
            commit: Some(commit),
            datasets: vec![told(repo, &one, wanted.limit)?],
        };
        Ok((one, report))
    });
    read.collect()
}

/// Returns the answer that an analysis holds: what it found in its data set, at most `limit` records
/// of it. Fails where its records are not those of the version.
pub fn told(repo: &Repo, one: &Attached, limit: Option<usize>) -> Result<FoundIn, Error> {
    let source = &repo.store;
    let analysis = &one.analysis;
    let mut list = WorkList::read(source, &analysis.list)?;
    list.rows.truncate(limit.unwrap_or(usize::MAX));
    let commit: Commit = object::get(source, &analysis.commit)?;
    let version = Version::of_commit(source, &commit)?;
    let declaration = dataset::find(&version.declarations, &analysis.dataset)?;
    let table = Table::open(source, &version.entries, declaration)?;
    if let Some(row) = list.rows.iter().find(|row| row.place > table.records()) {
        let reason = format!("it has a record {}, and the version has not", row.place);
        return Err(object::Error::corrupt(analysis.list, reason).into());
    }
    let mut places: Vec<u64> = list.rows.iter().map(|row| row.place - 1).collect();
    places.sort_unstable();
    places.dedup();
    let fields: Vec<&str> = list.content.iter().map(String::as_str).collect();
    let read = fetch(source, &table, &places, &fields)?;
    let mut found = Vec::with_capacity(list.rows.len());
    for row in list.rows {
        let at = places.binary_search(&(row.place - 1)).ok();
        let read = at.and_then(|at| read.get(at));
        let read = read.filter(|read| read.name == name(&row));
        let Some(read) = read else {
            let reason = format!("its record {} is not that of the version", row.place);
            return Err(object::Error::corrupt(analysis.list, reason).into());
        };
        found.push(Found {
            place: Some(row.place),
            name: name(&row),
            score: row.score().unwrap_or(f64::NAN),
            method: list.methods[row.method as usize].clone(),
            field: row.field,
            label: row.label,
            suggested: row.suggested,
            note: row.note,
            content: read.values.clone(),
        });
    }
    let mut counts = analysis.counts.clone();
    let total = counts.remove("found").unwrap_or(0);
    Ok(FoundIn {
        dataset: analysis.dataset.clone(),
        key: list.key,
        content: list.content,
        text: list.text,
        looked_at: analysis.inputs.records,
        total: usize::try_from(total).unwrap_or(usize::MAX),
        counts,
        digest: Some(analysis.inputs.digest.clone()),
        method: analysis.method.clone(),
        notes: analysis.notes.clone(),
        found,
    })
}

fn name(row: &WorkRow) -> Name {
    match (&row.key, row.record) {
        (Some(parts), _) => Name::Key(parts.clone()),
        (None, record) => Name::Place(row.place, record.unwrap_or(ObjectId([0; 32]))),
    }
}
