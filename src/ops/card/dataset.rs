//! What a card says of one data set.

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath, Text, Timestamp};
use crate::config::{Declarations, FieldConfig};
use crate::dataset::Declaration;
use crate::object::{
    self, Commit, Content, DatasetScore, Joint, ObjectSource, Schema, Snapshot, State, Values,
};
use crate::quality::{self, Metric};
use crate::record::{Format, Role};
use crate::repo::Repo;

use super::super::agree::{self, AgreeReport};
use super::super::assess::Version;
use super::super::declare;
use super::super::error::Error;
use super::super::files as all_files;
use super::step::{self, Step};
use super::{CardFile, files};

/// A data set.
#[derive(Debug)]
pub struct DatasetCard {
    /// How it is declared.
    pub declaration: Declaration,
    /// What was sealed of it.
    pub score: DatasetScore,
    /// What the values of its fields are held to, as dver.toml says it.
    pub constraints: Vec<(String, FieldConfig)>,
    /// Its fields.
    pub schema: Schema,
    /// Its metrics.
    pub metrics: Vec<Metric>,
    /// The records of each class by split, one table a label field and split field.
    pub splits: Vec<Joint>,
    /// The classes of each label field with their records, where no split is declared.
    pub classes: Vec<(String, Vec<(Text, u64)>)>,
    /// The annotators with their records.
    pub annotators: Option<Vec<(Text, u64)>>,
    /// How far annotators agree, where several rated an item.
    pub agreement: Option<AgreeReport>,
    /// The contents that the guideline had, oldest first.
    pub guidelines: Vec<GuidelineVersion>,
    /// Its files.
    pub files: Vec<CardFile>,
    /// Its version number.
    pub version: Step,
}

/// What a guideline said from some commit on.
#[derive(Clone, PartialEq, Debug)]
pub struct GuidelineVersion {
    /// The file.
    pub path: RepoPath,
    /// Its content; `None` where it did not exist.
    pub content: Option<ObjectId>,
    /// Since which commit.
    pub since: ObjectId,
    /// When that was.
    pub time: Timestamp,
}

/// Describes a data set of a version that sealed it.
pub(super) fn describe(
    repo: &Repo,
    version: &Version,
    name: &str,
    line: &[(ObjectId, Commit)],
    progress: &dyn Progress,
) -> Result<Option<DatasetCard>, Error> {
    let source = &repo.store;
    let (Some(declaration), Some(score)) = (version.declarations.get(name), version.score(name))
    else {
        return Ok(None);
    };
    let state: State = object::get(source, &score.state)?;
    let schema: Schema = object::get(source, &score.schema)?;
    let schema_of = |name: &str| schema.fields.iter().find(|field| field.name == name);
    let mut splits = Vec::new();
    for id in &state.joint {
        let joint: Joint = object::get(source, id)?;
        let of_split = declaration
            .roles
            .fields(Role::Split)
            .contains(&joint.fields.1);
        let field = schema_of(&joint.fields.0).filter(|_| of_split);
        splits.extend(field.map(|field| quality::joint_by_class(field, joint)));
    }
    let values = |field: &str| values(source, &state, field);
    let mut classes = Vec::new();
    for label in declaration.roles.labels() {
        if let (Some(values), Some(field)) = (values(label)?, schema_of(label)) {
            classes.push((label.clone(), quality::by_class(field, &values)));
        }
    }
    let annotators = match declaration.roles.fields(Role::Annotator).first() {
        Some(field) => values(field)?.map(|values| values.values),
        None => None,
    };
    let covered = version.covered(declaration);
    Ok(Some(DatasetCard {
        constraints: constraints(source, version, name)?,
        schema,
        metrics: quality::dataset_metrics(source, score)?,
        splits,
        classes,
        annotators,
        agreement: agree::of_dataset(source, version, name, progress)?,
        guidelines: guidelines(source, declaration, line)?,
        files: files(
            source,
            &covered,
            declaration.format != Format::Images,
            progress,
        )?,
        version: step::of(repo, line, &[declaration])?,
        score: score.clone(),
        declaration: declaration.clone(),
    }))
}

fn constraints(
    source: &dyn ObjectSource,
    version: &Version,
    name: &str,
) -> Result<Vec<(String, FieldConfig)>, Error> {
    let Some(entry) = all_files::find(&version.entries, &declare::file()) else {
        return Ok(Vec::new());
    };
    let content = Content::open(source, &entry.content, entry.size)?;
    // It was read before, so it is short and parses.
    let bytes = content.read(source, entry.size)?.unwrap_or_default();
    let written = Declarations::parse(&String::from_utf8_lossy(&bytes))?;
    Ok(written
        .dataset(name)
        .map(|d| d.fields.clone())
        .unwrap_or_default())
}

fn values(source: &dyn ObjectSource, state: &State, field: &str) -> Result<Option<Values>, Error> {
    let field = state.fields.iter().find(|state| state.name == field);
    let Some(id) = field.and_then(|field| field.values) else {
        return Ok(None);
    };
    Ok(Some(object::get(source, &id)?))
}

fn guidelines(
    source: &dyn ObjectSource,
    declaration: &Declaration,
    line: &[(ObjectId, Commit)],
) -> Result<Vec<GuidelineVersion>, Error> {
    let Some(path) = &declaration.guideline else {
        return Ok(Vec::new());
    };
    let mut versions: Vec<GuidelineVersion> = Vec::new();
    for (id, commit) in line.iter().rev() {
        let entry = Snapshot::find(source, &commit.snapshot, path)?;
        let content = entry.map(|entry| entry.content);
        if versions.last().map(|last| last.content) == Some(content) {
            continue;
        }
        if content.is_some() || !versions.is_empty() {
            versions.push(GuidelineVersion {
                path: path.clone(),
                content,
                since: *id,
                time: commit.time,
            });
        }
    }
    Ok(versions)
}
