//! `find` and `select`: records that a person should look at or label, ranked. One file a kind.
//!
//! Invariant: an answer is a function of the records and the options, in one order: by
//! severity, then by key. Whoever wants it kept attaches it (`analysis`); docs/find.md and docs/curation.md have the formulas.

mod conflicts;
mod duplicates;
mod features;
mod groups;
mod issues;
mod leakage;
mod outliers;
mod probabilities;
pub(super) mod reading;
mod selection;
mod slices;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::curate::{Prune, Score};
use crate::dataset::Where;
use crate::repo::Repo;

pub(in crate::ops) use self::probabilities::LONGEST;
pub use self::probabilities::ProbabilityFile;
use self::reading::View;
pub use self::selection::{SelectOptions, Source, Strategy};
pub use self::slices::{SliceOptions, SlicesReport, ToldSlice, slices};
use super::assess::{self, Version};
use super::condition;
use super::error::Error;
use super::follow::Measuring;
use super::quality::of_working;

/// What notes about fields begin with that were too many records to be looked at.
pub const NOT_LOOKED_AT: &str = "not looked at: ";

/// What to look for, and where.
#[derive(Debug)]
pub struct FindOptions {
    /// The version; `None` for the working files.
    pub revision: Option<String>,
    /// Only this data set.
    pub dataset: Option<String>,
    /// Only these records are looked at.
    pub condition: Option<Where>,
    /// At most so many are told.
    pub limit: Option<usize>,
    /// What is looked for.
    pub kind: Kind,
}

/// What is looked for.
#[derive(Debug)]
pub enum Kind {
    /// Labels that predicted probabilities contradict.
    LabelIssues(IssueOptions),
    /// Equal records with other labels.
    LabelConflicts,
    /// Equal or nearly equal records.
    Duplicates {
        /// Near ones too, from this Jaccard index on.
        near: Option<f64>,
    },
    /// Records whose content or group is in another split.
    Leakage,
    /// Records far from the others.
    Outliers(OutlierOptions),
    /// Records of a pool that should be labelled next.
    Selection(SelectOptions),
}

/// How label issues are found.
#[derive(Debug)]
pub struct IssueOptions {
    /// The label field; the first where none is named.
    pub field: Option<String>,
    /// A file of probabilities.
    pub probabilities: Option<ProbabilityFile>,
    /// The order of classes in it, where it does not name them.
    pub classes: Vec<String>,
    /// The learner whose probabilities are taken where no file is given.
    pub learner: String,
    /// How many folds it is fitted in.
    pub folds: u32,
    /// Which records are issues.
    pub prune: Prune,
    /// Whether the joint is not calibrated.
    pub uncalibrated: bool,
    /// How they are ranked.
    pub score: Score,
}

/// How outliers are found.
#[derive(Debug)]
pub struct OutlierOptions {
    /// Only these fields; all numbers, texts and lists of numbers where none is named.
    pub fields: Vec<String>,
    /// Numbers are compared within each value of this field.
    pub by: Option<String>,
    /// Numbers are judged by quartiles, not by the median.
    pub iqr: bool,
    /// The bound of numbers; 3.5 robust z scores or 1.5 IQRs where none is given.
    pub bound: Option<f64>,
    /// How many neighbours texts and lists of numbers are compared with.
    pub neighbours: usize,
}

/// How a record is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Name {
    /// By its key; a missing part is `None`.
    Key(Vec<Option<String>>),
    /// By its place, counted from 1, and the id of its frame.
    Place(u64, ObjectId),
}

/// One record that was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Its place in the version, counted from 1; `None` where it was not asked for.
    pub place: Option<u64>,
    /// Its name.
    pub name: Name,
    /// The field that is meant.
    pub field: Option<String>,
    /// How far it is what is looked for; the method says which way.
    pub score: f64,
    /// The method with its variant.
    pub method: String,
    /// What stands in the field.
    pub label: Option<String>,
    /// What could stand there.
    pub suggested: Option<String>,
    /// Why, in words.
    pub note: Option<String>,
    /// The values of the content fields, in their order.
    pub content: Vec<Option<String>>,
}

/// What was found in one data set.
#[derive(Debug)]
pub struct FoundIn {
    /// The data set.
    pub dataset: String,
    /// The fields of its key.
    pub key: Vec<String>,
    /// Its content fields.
    pub content: Vec<String>,
    /// Those of them that are text.
    pub text: Vec<String>,
    /// How many records were looked at.
    pub looked_at: u64,
    /// How many were found, those beyond the limit included.
    pub total: usize,
    /// What else was counted, by name.
    pub counts: BTreeMap<String, u64>,
    /// The sum of the hashes of the records that were looked at, where it was asked for.
    pub digest: Option<String>,
    /// The method in words.
    pub method: String,
    /// What people should know of the answer.
    pub notes: Vec<String>,
    /// The records, ranked.
    pub found: Vec<Found>,
}

/// The answer.
#[derive(Debug)]
pub struct FindReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// What was found in each data set, by name.
    pub datasets: Vec<FoundIn>,
}

/// A record that was found, before it is read again.
struct Hit {
    /// Where it stands, counted from 0.
    record: u64,
    score: f64,
    /// Lower ranks come first, whatever the scores.
    rank: u64,
    /// Of one rank, more severe ones come first: the score, turned round where low ones are worse.
    severity: f64,
    /// Shared, as method and note are: millions of records may be found.
    field: Option<Arc<str>>,
    method: Arc<str>,
    suggested: Option<String>,
    note: Note,
}

/// A note, perhaps about another record.
enum Note {
    Text(Arc<str>),
    /// A text, the last `{}` of which stands for the name of the record at that place.
    Of(Arc<str>, u64),
}

/// What an engine says of one data set.
struct Answer {
    method: String,
    hits: Vec<Hit>,
    notes: Vec<String>,
    looked_at: u64,
    /// What else was counted.
    counts: BTreeMap<String, u64>,
}

/// Finds records.
pub fn find(
    repo: &mut Repo,
    options: &FindOptions,
    progress: &dyn Progress,
) -> Result<FindReport, Error> {
    let measuring = Measuring::of(repo);
    if let Some(revision) = options.revision.as_deref() {
        let (id, commit) = repo.commit(revision)?;
        let version = Version::of_commit(&repo.store, &commit)?;
        let given = (options, false);
        let datasets = in_version(&repo.store, None, &version, given, (&measuring, progress))?;
        return Ok(FindReport {
            commit: Some(id),
            datasets,
        });
    }
    let datasets = of_working(repo, progress, |_, source, head, version| {
        in_version(
            source,
            head,
            version,
            (options, false),
            (&measuring, progress),
        )
    })?;
    Ok(FindReport {
        commit: None,
        datasets,
    })
}

/// Finds records of a version, with the digests of the records that were looked at.
pub(super) fn with_digests(
    repo: &Repo,
    version: &Version,
    options: &FindOptions,
    progress: &dyn Progress,
) -> Result<Vec<FoundIn>, Error> {
    let measuring = Measuring::of(repo);
    in_version(
        &repo.store,
        None,
        version,
        (options, true),
        (&measuring, progress),
    )
}

fn in_version(
    source: &dyn crate::object::ObjectSource,
    head: Option<&Version>,
    version: &Version,
    (options, digests): (&FindOptions, bool),
    (measuring, progress): (&Measuring, &dyn Progress),
) -> Result<Vec<FoundIn>, Error> {
    if let Some(name) = &options.dataset
        && version.declarations.get(name).is_none()
    {
        return Err(Error::NoSuchDataset {
            name: name.clone(),
            known: version.declarations.names().map(str::to_owned).collect(),
        });
    }
    let pool = match &options.kind {
        Kind::Selection(select) => select.pool.as_ref(),
        _ => None,
    };
    for condition in options.condition.iter().chain(pool) {
        condition::check(source, condition, &[version])?;
    }
    let wanted = |name: &str| options.dataset.as_deref().is_none_or(|only| only == name);
    let assessed = assess::measure_some(source, head, version, &wanted, (measuring, progress))?;
    let alone = assessed.0.len() == 1;
    let mut out = Vec::new();
    for assessed in &assessed.0 {
        let (table, facts) = (&assessed.table, &assessed.facts);
        let view = View::new(source, table, facts, options.condition.as_ref());
        progress.begin(&format!("reading {}", table.name), None);
        let answer = match &options.kind {
            Kind::LabelIssues(issue) => issues::find(&view, issue),
            Kind::LabelConflicts => conflicts::find(&view),
            Kind::Duplicates { near: None } => duplicates::exact(&view),
            Kind::Duplicates { near: Some(least) } => duplicates::near(&view, *least),
            Kind::Leakage => leakage::find(&view),
            Kind::Outliers(outliers) => outliers::find(&view, outliers),
            Kind::Selection(select) => selection::find(&view, select),
        };
        progress.end();
        let answer = match answer {
            // What one data set cannot be asked may be asked of another.
            Err(Error::NotToBeFound { reason, .. }) if !alone => Answer {
                method: String::new(),
                hits: Vec::new(),
                notes: vec![reason],
                looked_at: 0,
                counts: BTreeMap::new(),
            },
            answer => answer?,
        };
        let mut told = view.told(answer, options.limit)?;
        if digests && !told.method.is_empty() {
            told.digest = Some(view.digest()?);
        }
        out.push(told);
    }
    Ok(out)
}
