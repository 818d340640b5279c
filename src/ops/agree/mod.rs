//! `agree`: how far annotators agree, and what their consensus is.
//!
//! Several records of an item (role `item`) are its ratings; without an item field, several label
//! fields are several annotators' columns. Definitions: docs/agreement.md.

mod attached;
mod consensus;
mod guideline;
mod metrics;
mod scale;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::{Declaration, Table};
use crate::object::ObjectSource;
use crate::quality::Metric;
use crate::quality::agreement::{Question, Ratings, Shape, Tally, read};
use crate::record::Role;
use crate::repo::Repo;

use super::assess::Version;
use super::error::Error;
use super::quality::of_working;
use super::watched::Watched;

pub use crate::quality::agreement::Scale as ScaleName;
pub(super) use attached::again;
pub use attached::consensus_and_attach;
pub use consensus::{Consensus, ConsensusReport, consensus};

/// The most ratings in memory at once: 24 bytes each.
const MOST: u64 = 8 << 20;

/// What the coefficients are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum By {
    /// All ratings.
    #[default]
    Whole,
    /// Each class against the rest.
    Class,
    /// Each two annotators.
    Pair,
    /// Each version of the guideline.
    Guideline,
}

/// Which agreement is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgreeOptions<'a> {
    /// The version; `None` for the working files.
    pub revision: Option<&'a str>,
    /// Only this data set.
    pub dataset: Option<&'a str>,
    /// The scale; `None` for ordinal where declared classes are ordered, else nominal.
    pub scale: Option<ScaleName>,
    /// What the coefficients are about.
    pub by: By,
}

/// One coefficient.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Agreement {
    /// The number.
    #[serde(flatten)]
    pub metric: Metric,
    /// The two annotators that it compares, where it compares two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<(String, String)>,
    /// The guideline under which the labels were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guideline: Option<Under>,
}

/// A guideline, as the records name it or as a file had it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Under {
    /// What the records say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RepoPath>,
    /// What was in it; `None` where it did not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ObjectId>,
    /// The commit whose ratings were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<ObjectId>,
    /// Whether that is the `first` or the `last` commit with this guideline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<&'static str>,
}

/// The agreement in one data set.
#[derive(Clone, PartialEq, Debug)]
pub struct AgreeReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// The data set.
    pub dataset: String,
    /// The scale of each label field.
    pub scales: Vec<&'static str>,
    /// The coefficients.
    pub agreements: Vec<Agreement>,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

/// Computes the agreement in the data sets that hold several ratings of an item.
pub fn agree(
    repo: &mut Repo,
    options: &AgreeOptions<'_>,
    progress: &dyn Progress,
) -> Result<Vec<AgreeReport>, Error> {
    let mut reports = match options.revision {
        Some(revision) => {
            let (id, commit) = repo.commit(revision)?;
            let version = Version::of_commit(&repo.store, &commit)?;
            let mut reports = of_version(&repo.store, &version, options, progress)?;
            reports
                .iter_mut()
                .for_each(|report| report.commit = Some(id));
            reports
        }
        None => of_working(repo, progress, |_, source, _, version| {
            of_version(source, version, options, progress)
        })?,
    };
    if options.by == By::Guideline {
        for report in &mut reports {
            guideline::along_history(repo, report, options, progress)?;
        }
    }
    Ok(reports)
}

/// Returns the agreement in a data set of a version; `None` where nothing was rated twice.
pub(super) fn of_dataset(
    source: &dyn ObjectSource,
    version: &Version,
    name: &str,
    progress: &dyn Progress,
) -> Result<Option<AgreeReport>, Error> {
    let options = AgreeOptions {
        dataset: Some(name),
        ..AgreeOptions::default()
    };
    match of_version(source, version, &options, progress) {
        Err(Error::NoRatings { .. } | Error::DifferentQuestions { .. }) => Ok(None),
        reports => Ok(reports?.pop()),
    }
}

fn of_version(
    source: &dyn ObjectSource,
    version: &Version,
    options: &AgreeOptions<'_>,
    progress: &dyn Progress,
) -> Result<Vec<AgreeReport>, Error> {
    let mut reports = Vec::new();
    for declaration in rated(version, options.dataset)? {
        let table = Table::open(source, &version.entries, declaration)?;
        let mut report = AgreeReport {
            commit: None,
            dataset: table.name.clone(),
            scales: Vec::new(),
            agreements: Vec::new(),
            notes: Vec::new(),
        };
        let strata = declaration.roles.fields(Role::Guideline).first();
        // Without a field, guidelines are told apart along the history.
        if options.by == By::Guideline && strata.is_none() {
            reports.push(report);
            continue;
        }
        let strata = strata
            .map(String::as_str)
            .filter(|_| options.by == By::Guideline);
        progress.begin(&format!("reading {}", table.name), Some(table.bytes()));
        let source = Watched::new(source, progress);
        let told = shapes(declaration)
            .into_iter()
            .try_for_each(|shape| of_ratings(&source, &table, shape, strata, options, &mut report));
        progress.end();
        match told {
            // Nobody said that these label fields are annotators.
            Err(Error::DifferentQuestions { .. }) if options.dataset.is_none() => {}
            told => told.map(|()| reports.push(report))?,
        }
    }
    match reports.is_empty() {
        true => Err(Error::NoRatings { dataset: None }),
        false => Ok(reports),
    }
}

/// Returns the data sets that hold several ratings of an item, in order of names.
fn rated<'a>(version: &'a Version, name: Option<&str>) -> Result<Vec<&'a Declaration>, Error> {
    let declarations = &version.declarations;
    if let Some(name) = name {
        let declaration = super::dataset::find(declarations, name)?;
        if shapes(declaration).is_empty() {
            return Err(Error::NoRatings {
                dataset: Some(name.to_owned()),
            });
        }
        return Ok(vec![declaration]);
    }
    let all = declarations.datasets.iter();
    let mut rated: Vec<_> = all.filter(|one| !shapes(one).is_empty()).collect();
    rated.sort_by(|a, b| a.name.cmp(&b.name));
    match rated.is_empty() {
        true => Err(Error::NoRatings { dataset: None }),
        false => Ok(rated),
    }
}

/// Returns how a data set holds ratings: each label field by itself where an item field says what
/// belongs together, else all label fields as annotators; nothing where there is one rating each.
fn shapes(declaration: &Declaration) -> Vec<Shape<'_>> {
    let roles = &declaration.roles;
    match (roles.fields(Role::Item), roles.labels()) {
        ([], [] | [_]) => Vec::new(),
        ([], _) => vec![Shape::Wide],
        (_, labels) => labels.iter().map(|label| Shape::Long(label)).collect(),
    }
}

fn of_ratings(
    source: &dyn ObjectSource,
    table: &Table,
    shape: Shape<'_>,
    strata: Option<&str>,
    options: &AgreeOptions<'_>,
    report: &mut AgreeReport,
) -> Result<(), Error> {
    let question = Question {
        table,
        shape,
        strata,
        most: MOST,
    };
    let mut tally = Tally::default();
    let mut names = Ratings::default();
    let mut said: Vec<BTreeSet<u32>> = Vec::new();
    read::<Error>(source, &question, &mut |ratings| {
        let of_part = said_of(shape, &ratings);
        said.resize(of_part.len().max(said.len()), BTreeSet::new());
        said.iter_mut()
            .zip(of_part)
            .for_each(|(all, some)| all.extend(some));
        let pairs = options.by == By::Pair || ratings.annotators.len() == 2;
        tally.add(&ratings.ratings, pairs);
        names = Ratings {
            ratings: Vec::new(),
            ..ratings
        };
        Ok(())
    })?;
    refuse_strangers(&question, &said, &names.annotators)?;
    let scale = scale::resolve(options.scale, &table.declaration, shape, &names)?;
    report.scales.push(scale.name());
    metrics::tell(&tally, &names, &scale, (shape, options.by), report)
}

/// Returns the classes that each annotator of a wide table gave; of a long one nothing.
fn said_of(shape: Shape<'_>, ratings: &Ratings) -> Vec<BTreeSet<u32>> {
    let mut said = Vec::new();
    if shape == Shape::Wide {
        said.resize(ratings.annotators.len(), BTreeSet::new());
        for rating in &ratings.ratings {
            said[rating.annotator as usize].insert(rating.class);
        }
    }
    said
}

/// Fails where two label fields of a wide table have no class in common: they are no annotators.
fn refuse_strangers(
    question: &Question<'_>,
    said: &[BTreeSet<u32>],
    annotators: &[String],
) -> Result<(), Error> {
    let Some((a, b)) = strangers(said) else {
        return Ok(());
    };
    let name = |at: usize| annotators.get(at).cloned().unwrap_or_default();
    Err(Error::DifferentQuestions {
        dataset: question.table.name.clone(),
        fields: (name(a), name(b)),
    })
}

/// Returns the first two annotators who have no class in common, though both rated.
fn strangers(said: &[BTreeSet<u32>]) -> Option<(usize, usize)> {
    let rated = || {
        said.iter()
            .enumerate()
            .filter(|(_, classes)| !classes.is_empty())
    };
    rated().find_map(|(a, of_a)| {
        let others = rated().skip_while(|(b, _)| *b <= a);
        let mut apart = others.filter(|(_, of_b)| of_a.is_disjoint(of_b));
        apart.next().map(|(b, _)| (a, b))
    })
}
