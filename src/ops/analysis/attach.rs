//! Attaches what was found to its commit, by an operation of its own.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::object::{
    self, AnalysedRecords, Analysis, AnalysisDefinition, AttachmentKind, Attachments, ObjectSink,
    WorkList, WorkRow,
};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::super::find::{self as searching, FindOptions, FindReport, FoundIn, Name};
use super::super::{dataset, transaction};
use super::definition::Question;
use transaction::Note;

/// An analysis that was attached, or was there already.
#[derive(Clone, Debug)]
pub struct Made {
    /// The object.
    pub id: ObjectId,
    /// What it holds.
    pub analysis: Analysis,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Finds records of a version and attaches the answer to its commit.
pub fn find(
    repo: &mut Repo,
    options: &FindOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<(FindReport, Vec<Made>), Error> {
    let commit = commit_of(options.revision.as_deref())?;
    let question = Question::of(options)?;
    let (id, commit) = repo.commit(commit)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let datasets = searching::with_digests(repo, &version, options, progress)?;
    let asked: Vec<(&Question, &FoundIn)> = datasets
        .iter()
        .filter(|found| found.digest.is_some())
        .map(|found| (&question, found))
        .collect();
    let made = attach(repo, "find", (id, &version), &asked, waiting)?;
    let report = FindReport {
        commit: Some(id),
        datasets,
    };
    Ok((report, made))
}

/// Returns the revision whose commit shall carry an analysis.
pub(in crate::ops) fn commit_of(revision: Option<&str>) -> Result<&str, Error> {
    revision.ok_or_else(|| {
        Error::Usage(
            "--attach needs a version: the working files are no commit that could carry an analysis; \
             name one, such as HEAD"
                .to_owned(),
        )
    })
}

/// Attaches answers about one commit.
pub(in crate::ops) fn attach(
    repo: &mut Repo,
    verb: &'static str,
    (commit, version): (ObjectId, &Version),
    answers: &[(&Question, &FoundIn)],
    waiting: &mut dyn FnMut(&str),
) -> Result<Vec<Made>, Error> {
    let locked = transaction::lock(repo, verb, waiting)?;
    let snapshot = repo.commit(&commit.to_string())?.1.snapshot;
    transaction::write(repo, &locked, |repo, writer, draft| {
        let mut attachments = Attachments::clone(&*repo.attachments()?);
        let mut made = Vec::new();
        for (question, found) in answers {
            let declaration = dataset::find(&version.declarations, &found.dataset)?;
            let definition = question.definition(declaration);
            let analysis = put(writer, (commit, snapshot), &definition, found)?;
            let id = object::put(writer, &analysis)?;
            let is_new = !attachments.of(&commit).any(|one| one.object == id);
            if is_new {
                attachments.push(commit, AttachmentKind::Analysis, id);
            }
            made.push(Made {
                id,
                analysis,
                is_new,
            });
        }
        draft.attachments = Some(attachments);
        let kinds = answers.iter().map(|(question, _)| question.kind.to_owned());
        let mut about: Vec<String> = kinds.collect();
        about.dedup();
        about.push(commit.to_string());
        let is_new = made.iter().any(|one| one.is_new);
        Ok((made, is_new.then(|| Note::new(verb, about))))
    })
}

/// Writes definition and list of an answer, and returns the analysis that names them.
pub(super) fn put(
    sink: &mut dyn ObjectSink,
    (commit, snapshot): (ObjectId, ObjectId),
    definition: &AnalysisDefinition,
    found: &FoundIn,
) -> Result<Analysis, Error> {
    let list = list(found).write(sink)?;
    let list = list.ok_or_else(|| Error::NotToBeFound {
        dataset: found.dataset.clone(),
        reason: format!(
            "the list of {} records is longer than 64 MiB and cannot be attached: choose some with \
             --where or --limit",
            found.found.len()
        ),
    })?;
    let mut counts = found.counts.clone();
    counts.insert("found".to_owned(), found.total as u64);
    Ok(Analysis {
        commit,
        snapshot,
        kind: definition.kind.clone(),
        dataset: found.dataset.clone(),
        definition: object::put(sink, definition)?,
        inputs: AnalysedRecords {
            records: found.looked_at,
            digest: found.digest.clone().unwrap_or_default(),
        },
        counts,
        method: found.method.clone(),
        notes: found.notes.clone(),
        list,
    })
}

fn list(found: &FoundIn) -> WorkList {
    let mut methods: Vec<String> = Vec::new();
    let rows = found.found.iter().map(|one| {
        let method = match methods.iter().position(|method| *method == one.method) {
            Some(at) => at,
            None => {
                methods.push(one.method.clone());
                methods.len() - 1
            }
        };
        let (key, record) = match &one.name {
            Name::Key(parts) => (Some(parts.clone()), None),
            Name::Place(_, id) => (None, Some(*id)),
        };
        WorkRow {
            place: one.place.unwrap_or(0),
            key,
            record,
            field: one.field.clone(),
            score: WorkRow::spelled(one.score),
            method: method as u32, // a handful
            label: one.label.clone(),
            suggested: one.suggested.clone(),
            note: one.note.clone(),
        }
    });
    let rows = rows.collect();
    WorkList {
        key: found.key.clone(),
        content: found.content.clone(),
        text: found.text.clone(),
        methods,
        rows,
    }
}
