//! Consensuses as analyses that are attached to a version.

use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::object::AnalysisDefinition;
use crate::quality::consensus::{DawidSkene, Method};
use crate::repo::Repo;

use super::super::analysis::{self, CONSENSUS, Made, Question};
use super::super::assess::{self, Version};
use super::super::error::Error;
use super::super::find::reading::View;
use super::super::find::{Found, FoundIn};
use super::super::follow::Measuring;
use super::consensus::of_version;
use super::{AgreeOptions, Consensus, ConsensusReport};

/// Finds the consensus of the ratings of each item of a version, and attaches what it outvotes.
pub fn consensus_and_attach(
    repo: &mut Repo,
    options: &AgreeOptions<'_>,
    method: Method,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<(ConsensusReport, Vec<Made>), Error> {
    let (id, commit) = repo.commit(analysis::commit_of(options.revision)?)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let found = of_version(&repo.store, &version, options, method, progress)?;
    let mut answers = Vec::new();
    for one in &found {
        let question = Question {
            kind: CONSENSUS,
            parameters: parameters(one),
            condition: None,
            limit: None,
            imported: None,
        };
        answers.push((question, found_in(repo, &version, one, progress)?));
    }
    let asked: Vec<_> = answers.iter().map(|(q, found)| (q, found)).collect();
    let made = analysis::attach(repo, "agree", (id, &version), &asked, waiting)?;
    let report = ConsensusReport {
        commit: Some(id),
        found,
    };
    Ok((report, made))
}

/// Finds the consensus again that an analysis is of; `None` where its method is not known.
pub(in crate::ops) fn again(
    repo: &Repo,
    version: &Version,
    definition: &AnalysisDefinition,
    progress: &dyn Progress,
) -> Result<Option<FoundIn>, Error> {
    let methods = [Method::Majority, Method::DawidSkene(DawidSkene::default())];
    let named = definition.parameters.get("method");
    let Some(method) = methods.into_iter().find(|one| Some(&one.name()) == named) else {
        return Ok(None);
    };
    let options = AgreeOptions {
        dataset: Some(&definition.dataset),
        ..AgreeOptions::default()
    };
    let all = of_version(&repo.store, version, &options, method, progress)?;
    match all
        .iter()
        .find(|one| parameters(one) == definition.parameters)
    {
        Some(one) => found_in(repo, version, one, progress).map(Some),
        None => Ok(None),
    }
}

fn parameters(consensus: &Consensus) -> BTreeMap<String, String> {
    let mut out = BTreeMap::from([("method".to_owned(), consensus.method.clone())]);
    out.extend(
        consensus
            .field
            .iter()
            .map(|field| ("field".to_owned(), field.clone())),
    );
    out
}

/// Returns a consensus as records that were found.
fn found_in(
    repo: &Repo,
    version: &Version,
    consensus: &Consensus,
    progress: &dyn Progress,
) -> Result<FoundIn, Error> {
    let wanted = |name: &str| name == consensus.dataset;
    let measuring = Measuring::of(repo);
    let given = (&measuring, progress);
    let measured = assess::measure_some(&repo.store, None, version, &wanted, given)?;
    let assessed = measured.0.first().ok_or_else(|| Error::NoRatings {
        dataset: Some(consensus.dataset.clone()),
    })?;
    let view = View::new(&repo.store, &assessed.table, &assessed.facts, None);
    let outvoted = &consensus.outvoted;
    let named = view.named(&outvoted.iter().map(|one| one.place).collect::<Vec<_>>())?;
    let found = outvoted.iter().zip(named).map(|(one, told)| Found {
        place: Some(one.place),
        name: told.name,
        field: Some(one.field.clone()),
        score: one.score,
        method: consensus.method.clone(),
        label: Some(one.label.clone()),
        suggested: consensus.classes.get(one.suggested as usize).cloned(),
        note: one
            .annotator
            .as_ref()
            .map(|name| format!("annotator {name}")),
        content: told.values,
    });
    let found: Vec<Found> = found.collect();
    let counts = [
        ("items", consensus.items),
        ("undecided", consensus.undecided),
    ];
    let shares = consensus.classes.iter().zip(&consensus.priors);
    let shares: Vec<String> = shares.map(|(class, p)| format!("{class} {p:.4}")).collect();
    let classes = (!shares.is_empty()).then(|| format!("classes: {}", shares.join(", ")));
    Ok(FoundIn {
        digest: Some(view.digest()?),
        total: found.len(),
        found,
        counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
        method: consensus.method.clone(),
        notes: consensus.note.iter().cloned().chain(classes).collect(),
        ..view.nothing()
    })
}
