//! Consensus: a work list of the ratings that the consensus of their items outvotes.

use rustc_hash::FxHashMap;

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::dataset::Table;
use crate::object::ObjectSource;
use crate::quality::agreement::{Question, Ratings, Shape, read};
use crate::quality::consensus::{
    Majority, Method, Outvoted, Verdict, Votes, dawid_skene, majority, outvoted,
};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::super::quality::of_working;
use super::super::watched::Watched;
use super::{AgreeOptions, rated, said_of, shapes};

/// The most numbers that a model may hold: 2 GiB of them.
const MOST_NUMBERS: usize = 1 << 28;

/// The consensus of one label field, or of the label fields of a wide table.
#[derive(Clone, PartialEq, Debug)]
pub struct Consensus {
    /// The label field; `None` of a wide table.
    pub field: Option<String>,
    /// The data set.
    pub dataset: String,
    /// The fields of its key.
    pub key: Vec<String>,
    /// The variant of the method.
    pub method: String,
    /// How many items have a rating.
    pub items: u64,
    /// How many of them are undecided.
    pub undecided: u64,
    /// The classes, in order: `Outvoted::suggested` numbers them.
    pub classes: Vec<String>,
    /// How likely each class is, where the method estimates it.
    pub priors: Vec<f64>,
    /// The ratings that say something else than the consensus, the surest first.
    pub outvoted: Vec<Outvoted>,
    /// What else a reader must know.
    pub note: Option<String>,
}

/// The consensus in the data sets of a version.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsensusReport {
    /// The commit; `None` for the working files.
    pub commit: Option<ObjectId>,
    /// By data set and label field.
    pub found: Vec<Consensus>,
}

/// Finds the consensus of the ratings of each item.
pub fn consensus(
    repo: &mut Repo,
    options: &AgreeOptions<'_>,
    method: Method,
    progress: &dyn Progress,
) -> Result<ConsensusReport, Error> {
    match options.revision {
        Some(revision) => {
            let (id, commit) = repo.commit(revision)?;
            let version = Version::of_commit(&repo.store, &commit)?;
            Ok(ConsensusReport {
                commit: Some(id),
                found: of_version(&repo.store, &version, options, method, progress)?,
            })
        }
        None => of_working(repo, progress, |_, source, _, version| {
            Ok(ConsensusReport {
                commit: None,
                found: of_version(source, version, options, method, progress)?,
            })
        }),
    }
}

pub(super) fn of_version(
    source: &dyn ObjectSource,
    version: &Version,
    options: &AgreeOptions<'_>,
    method: Method,
    progress: &dyn Progress,
) -> Result<Vec<Consensus>, Error> {
    let mut out = Vec::new();
    for declaration in rated(version, options.dataset)? {
        let table = Table::open(source, &version.entries, declaration)?;
        progress.begin(&format!("reading {}", table.name), Some(table.bytes()));
        let source = Watched::new(source, progress);
        for shape in shapes(declaration) {
            let question = Question {
                table: &table,
                shape,
                strata: None,
                // The model needs all ratings at once.
                most: u64::MAX,
            };
            match of_ratings(&source, &question, method) {
                // Nobody said that these label fields are annotators.
                Err(Error::DifferentQuestions { .. }) if options.dataset.is_none() => {}
                found => out.push(found?),
            }
        }
        progress.end();
    }
    match out.is_empty() {
        true => Err(Error::NoRatings { dataset: None }),
        false => Ok(out),
    }
}

fn of_ratings(
    source: &dyn ObjectSource,
    question: &Question<'_>,
    method: Method,
) -> Result<Consensus, Error> {
    let mut all = Ratings::default();
    read::<Error>(source, question, &mut |ratings| {
        all = ratings;
        Ok(())
    })?;
    super::refuse_strangers(question, &said_of(question.shape, &all), &all.annotators)?;
    let votes = Votes::of(&all);
    let (verdicts, priors, note): (Vec<Verdict>, _, _) = match method {
        Method::Majority => {
            let found = majority(&votes);
            (
                found.iter().map(Majority::verdict).collect(),
                Vec::new(),
                None,
            )
        }
        Method::DawidSkene(variant) => {
            let (classes, annotators) = (votes.classes, votes.annotators);
            let rates = annotators.saturating_mul(classes).saturating_mul(classes);
            let numbers = rates.saturating_add(votes.items.len().saturating_mul(classes));
            if numbers > MOST_NUMBERS {
                return Err(Error::TooManyClasses {
                    classes,
                    annotators,
                });
            }
            let fit = dawid_skene(&votes, &variant);
            let rounds = fit.likelihoods.len();
            let note = (!fit.converged).then(|| format!("not converged after {rounds} rounds"));
            (fit.verdicts().collect(), fit.priors, note)
        }
    };
    let undecided = verdicts
        .iter()
        .filter(|verdict| verdict.class.is_none())
        .count();
    let items = votes.items.len() as u64;
    let verdicts: FxHashMap<u64, Verdict> = votes.items.iter().copied().zip(verdicts).collect();
    let found = outvoted(source, question, &all, &verdicts)?;
    Ok(Consensus {
        field: match question.shape {
            Shape::Long(label) => Some(label.to_owned()),
            Shape::Wide => None,
        },
        dataset: question.table.name.clone(),
        key: question.table.declaration.roles.key().to_vec(),
        method: method.name(),
        items,
        undecided: undecided as u64,
        classes: all.classes,
        priors,
        outvoted: found,
        note,
    })
}
