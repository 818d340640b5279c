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
use super::super::find::{Found, FoundIn, Name};
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
    let places: Vec<u64> = consensus.outvoted.iter().map(|one| one.place).collect();
    let mut list = consensus.work_list();
    for (found, told) in list.found.iter_mut().zip(view.named(&places)?) {
        (found.name, found.content) = (told.name, told.values);
    }
    let shares = consensus.classes.iter().zip(&consensus.priors);
    let shares: Vec<String> = shares.map(|(class, p)| format!("{class} {p:.4}")).collect();
    list.notes
        .extend((!shares.is_empty()).then(|| format!("classes: {}", shares.join(", "))));
    let counts = [
        ("items", consensus.items),
        ("undecided", consensus.undecided),
    ];
    let nothing = view.nothing();
    Ok(FoundIn {
        digest: Some(view.digest()?),
        counts: counts.map(|(name, n)| (name.to_owned(), n)).into(),
        content: nothing.content,
        text: nothing.text,
        looked_at: nothing.looked_at,
        ..list
    })
}

impl Consensus {
    /// Returns the outvoted ratings as `find` tells records.
    pub fn work_list(&self) -> FoundIn {
        let found = self.outvoted.iter().map(|one| Found {
            place: Some(one.place),
            name: match one.record {
                Some(id) => Name::Place(one.place, id),
                None => Name::Key(one.key.clone()),
            },
            field: Some(one.field.clone()),
            score: one.score,
            method: self.method.clone(),
            label: Some(one.label.clone()),
            suggested: self.classes.get(one.suggested as usize).cloned(),
            note: one
                .annotator
                .as_ref()
                .map(|name| format!("annotator {name}")),
            content: Vec::new(),
        });
        FoundIn {
            dataset: self.dataset.clone(),
            key: self.key.clone(),
            content: Vec::new(),
            text: Vec::new(),
            looked_at: 0,
            total: self.outvoted.len(),
            counts: BTreeMap::new(),
            digest: None,
            method: self.method.clone(),
            notes: self.note.iter().cloned().collect(),
            found: found.collect(),
        }
    }
}
