//! `select`: which records of a pool to label next.
//!
//! The pool are the records without a label, or those of a condition; what has a label and is not in
//! the pool is what is known. No label of a record of the pool is looked at.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::curate::choosing::{Chosen, Unsure, class_balanced, highest, k_center, random};
use crate::dataset::Where;
use crate::learn::{
    Examples, FeatureMap, Learner, Logistic, NaiveBayes, Nearest, Prediction, Ridge, Rows,
    fit_seen, id_of,
};
use crate::record::Role;

use super::super::error::Error;
use super::super::features::described;
use super::features::map_of;
use super::probabilities::{Imported, ProbabilityFile};
use super::reading::{View, identity};
use super::{Answer, Hit, Note};

/// A learner of our own takes so many records: text needs about 2 kB of memory each.
const MOST: usize = 1_000_000;

/// How records are selected.
#[derive(Debug)]
pub struct SelectOptions {
    /// By what.
    pub strategy: Strategy,
    /// How many.
    pub budget: usize,
    /// What lots are drawn by.
    pub seed: u64,
    /// The pool; the records without a label where none is given.
    pub pool: Option<Where>,
    /// The label field; the first where none is named.
    pub field: Option<String>,
    /// Where predictions of the pool come from.
    pub source: Source,
}

/// By what records are selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// By lot.
    Random,
    /// Those of which a model is least sure.
    Uncertainty(Unsure),
    /// Those farthest from what is labelled or selected.
    KCenter,
    /// Those of the classes that are rare.
    ClassBalanced,
}

/// Where predictions come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A learner of our own, fitted to the labelled records.
    Learner(String),
    /// A file of probabilities, and the order of the classes in it.
    File(ProbabilityFile, Vec<String>),
}

/// A record as strategies see it.
struct Seen {
    record: u64,
    id: u128,
    label: Option<String>,
    values: Vec<Option<String>>,
}

/// What is predicted of the pool.
struct Predicted {
    classes: Vec<String>,
    /// Of each record of the pool its class and how unsure the model is; `None` where nothing is
    /// predicted.
    told: Vec<Option<(u32, f64)>>,
    source: String,
    notes: Vec<String>,
}

pub(super) fn find(view: &View<'_>, options: &SelectOptions) -> Result<Answer, Error> {
    if options.budget == 0 {
        return Err(Error::Usage("--budget is 1 or more".to_owned()));
    }
    let labels = view.fields(Role::Label);
    let field = match &options.field {
        None => labels.first().cloned(),
        Some(field) => labels.iter().find(|label| *label == field).cloned(),
    };
    let Some(field) = field else {
        return Err(view.not_to_be_found(match &options.field {
            None => "it has no label field".to_owned(),
            Some(field) => format!("`{field}` is none of its label fields"),
        }));
    };
    let learns = matches!(options.source, Source::Learner(_));
    let needs_map = match options.strategy {
        Strategy::Random => false,
        Strategy::KCenter => true,
        Strategy::Uncertainty(_) | Strategy::ClassBalanced => learns,
    };
    let map = match needs_map {
        true => map_of(view, None)?,
        false => FeatureMap::default(),
    };
    if needs_map && map.is_empty() {
        let reason = "it has no features: choose --strategy random, or import probabilities";
        return Err(view.not_to_be_found(reason));
    }
    let (pool, known) = read(view, &field, &map, options)?;
    if needs_map && pool.len() + known.len() > MOST {
        let reason = format!("it has more than {MOST} records: choose some with --where");
        return Err(view.not_to_be_found(reason));
    }
    let rows = |some: &[Seen]| {
        let mut rows = map.rows();
        for one in some {
            let values: Vec<Option<&str>> = one.values.iter().map(Option::as_deref).collect();
            map.push(&values, &mut rows);
        }
        rows
    };
    let ids: Vec<u128> = pool.iter().map(|one| one.id).collect();
    let mut notes = Vec::new();
    if needs_map {
        notes.push(described(&map));
    }
    let mut predicted = None;
    let mut predict = |unsure: Unsure| -> Result<(), Error> {
        let told = match &options.source {
            Source::Learner(name) => learnt(view, name, unsure, (&pool, &known), &rows)?,
            Source::File(file, classes) => {
                let imported = Imported::read(file, view, (Some(&field), classes))?;
                of_file(imported.taken(view, &places(&pool))?, unsure, pool.len())
            }
        };
        notes.extend(told.notes.iter().cloned());
        predicted = Some(told);
        Ok(())
    };
    let (chosen, method) = match options.strategy {
        Strategy::Random => (
            random(&ids, options.budget, options.seed),
            format!("random(seed {})", options.seed),
        ),
        Strategy::KCenter => (
            k_center(&rows(&pool), &ids, &rows(&known), options.budget),
            format!("k-center({} labelled)", known.len()),
        ),
        Strategy::Uncertainty(unsure) => {
            predict(unsure)?;
            let told = predicted.iter().flat_map(|p| &p.told);
            // What nothing is predicted of comes last.
            let scores = told.map(|told| told.map_or(f64::NEG_INFINITY, |(_, unsure)| unsure));
            let chosen = highest(&scores.collect::<Vec<f64>>(), &ids, options.budget);
            let source = predicted.as_ref().map_or("", |p| p.source.as_str());
            (chosen, format!("uncertainty({}; {source})", unsure.name()))
        }
        Strategy::ClassBalanced => {
            predict(Unsure::Margin)?;
            let mut names = predicted.as_ref().map_or(Vec::new(), |p| p.classes.clone());
            let told = predicted.iter().flat_map(|p| &p.told);
            let told = told.map(|told| told.map(|(class, _)| class));
            let classes: Vec<Option<u32>> = told.collect();
            let mut counts = vec![0u64; names.len()];
            for label in known.iter().filter_map(|one| one.label.as_ref()) {
                match names.iter().position(|name| name == label) {
                    Some(at) => counts[at] += 1,
                    None => {
                        names.push(label.clone());
                        counts.push(1);
                    }
                }
            }
            let chosen = class_balanced(&classes, &counts, &ids, (options.budget, options.seed));
            let source = predicted.as_ref().map_or("", |p| p.source.as_str());
            (
                chosen,
                format!("class-balanced(seed {}; {source})", options.seed),
            )
        }
    };
    if pool.len() < options.budget {
        notes.push(format!("the pool has {} records only", pool.len()));
    }
    let hits = chosen.iter().zip(0u64..).map(|(one, rank)| Hit {
        record: pool[one.at].record,
        score: one.score,
        rank,
        severity: 0.0,
        field: Some(field.as_str().into()),
        method: method.as_str().into(),
        suggested: predicted.as_ref().and_then(|p| {
            let (class, _) = p.told.get(one.at).copied().flatten()?;
            p.classes.get(class as usize).cloned()
        }),
        note: Note::Text(note(options.strategy, one).into()),
    });
    Ok(Answer {
        counts: BTreeMap::new(),
        hits: hits.collect(),
        method,
        notes,
        looked_at: pool.len() as u64,
    })
}

fn note(strategy: Strategy, one: &Chosen) -> String {
    match strategy {
        _ if one.score == f64::NEG_INFINITY => "nothing is predicted of it".to_owned(),
        Strategy::Random => "by lot".to_owned(),
        Strategy::Uncertainty(unsure) => format!("{} {:.3}", unsure.name(), one.score),
        Strategy::KCenter if one.score.is_infinite() => {
            "nothing is labelled or selected before it".to_owned()
        }
        Strategy::KCenter => format!("{:.3} from what is labelled or selected", one.score),
        Strategy::ClassBalanced => {
            format!(
                "its class has a share of {:.3} of what is labelled or selected",
                one.score
            )
        }
    }
}

fn places(records: &[Seen]) -> Vec<u64> {
    records.iter().map(|one| one.record).collect()
}

/// Reads the pool, and what is labelled and not in it.
fn read(
    view: &View<'_>,
    label: &str,
    map: &FeatureMap,
    options: &SelectOptions,
) -> Result<(Vec<Seen>, Vec<Seen>), Error> {
    let chosen: Option<FxHashSet<u64>> = match &options.pool {
        None => None,
        Some(pool) => {
            let places = view.with(pool).scan(|_, records| {
                let places = records.map(|(at, _)| at);
                places.collect::<Vec<u64>>()
            })?;
            Some(places.into_iter().flatten().collect())
        }
    };
    let key = view.fields(Role::Key);
    let content = view.content();
    let content = view.spelling(content.iter().map(|name| &**name));
    let runs = view.scan(|batch, records| {
        let label_at = batch.field(label);
        let key_at = batch.places(key.iter().map(String::as_str));
        let value_at = batch.places(map.fields().iter().map(|(name, _)| name.as_str()));
        let content_at = content.places(batch);
        let mut scratch = Vec::new();
        let (mut pool, mut known) = (Vec::new(), Vec::new());
        for (at, record) in records {
            let label = label_at.and_then(|place| record.cell(place));
            let is_pool = match &chosen {
                Some(chosen) => chosen.contains(&at),
                None => label.is_none(),
            };
            if !is_pool && label.is_none() {
                continue;
            }
            let id = match identity(record, &key_at, &mut scratch) {
                true => id_of(&scratch),
                false => content.hash(record, &content_at, &mut scratch).unwrap_or(0),
            };
            let value = |place: &Option<usize>| Some(record.cell((*place)?)?.text.to_owned());
            let label = label.filter(|_| !is_pool).map(|cell| cell.text.to_owned());
            let of = if is_pool { &mut pool } else { &mut known };
            of.push(Seen {
                record: at,
                id,
                label,
                values: value_at.iter().map(value).collect(),
            });
        }
        (pool, known)
    })?;
    let (mut pool, mut known) = (Vec::new(), Vec::new());
    for (some, others) in runs {
        pool.extend(some);
        known.extend(others);
    }
    Ok((pool, known))
}

fn learner(name: &str) -> Result<Box<dyn Learner>, Error> {
    Ok(match name {
        "logistic" => Box::new(Logistic::default()),
        "naive-bayes" => Box::new(NaiveBayes),
        "knn" => Box::new(Nearest { neighbours: 10 }),
        "ridge" => Box::new(Ridge::default()),
        other => {
            let words = format!("`{other}` is no learner: logistic, naive-bayes, knn, ridge");
            return Err(Error::Usage(words));
        }
    })
}

/// Predicts the pool by a learner fitted to what is labelled.
fn learnt(
    view: &View<'_>,
    name: &str,
    unsure: Unsure,
    (pool, known): (&[Seen], &[Seen]),
    rows: &dyn Fn(&[Seen]) -> Rows,
) -> Result<Predicted, Error> {
    let learner = learner(name)?;
    let counts: BTreeMap<&String, u64> = {
        let labels = known.iter().filter_map(|one| one.label.as_ref());
        labels.fold(BTreeMap::new(), |mut counts, label| {
            *counts.entry(label).or_default() += 1;
            counts
        })
    };
    if counts.len() < 2 {
        let reason = "fewer than two classes are labelled outside of the pool: choose --strategy \
                      random or k-center, or import probabilities";
        return Err(view.not_to_be_found(reason));
    }
    let classes: Vec<String> = counts.into_keys().cloned().collect();
    let label = |one: &Seen| {
        let label = one.label.as_ref();
        let place = label.and_then(|label| classes.binary_search(label).ok());
        place.map_or(u32::MAX, |at| at as u32)
    };
    let labels: Vec<u32> = known.iter().map(label).collect();
    let ids: Vec<u128> = known.iter().map(|one| one.id).collect();
    let train = Examples::new(&rows(known), &labels, &ids, classes.len());
    let model = fit_seen(&*learner, &train);
    let by_margin = |told: &Prediction| (told.class, -told.margin);
    let told = model.predict_all(&rows(pool)).into_iter();
    let mut without = false;
    let told = told.map(|told| {
        let of = |p: &Vec<f64>| (told.class, unsure.of(p));
        without |= told.probabilities.is_none();
        Some(
            told.probabilities
                .as_ref()
                .map_or_else(|| by_margin(&told), of),
        )
    });
    let told = told.collect();
    let mut notes = Vec::new();
    if without && unsure != Unsure::Margin {
        notes.push(format!("{name} has no probabilities: its margin counts"));
    }
    Ok(Predicted {
        source: format!("{name} of {} labelled", known.len()),
        classes,
        told,
        notes,
    })
}

/// Takes the pool's probabilities from a file.
fn of_file(taken: super::probabilities::Taken, unsure: Unsure, pool: usize) -> Predicted {
    let width = taken.classes.len();
    let row = |at: usize| taken.numbers.get(at * width..(at + 1) * width);
    let told: Vec<Option<(u32, f64)>> = taken
        .rows
        .iter()
        .map(|at| {
            let p = row((*at)?)?;
            let best = (0..p.len()).reduce(|best, at| if p[at] > p[best] { at } else { best })?;
            Some((best as u32, unsure.of(p)))
        })
        .collect();
    let without = told.iter().filter(|told| told.is_none()).count();
    let mut notes = Vec::new();
    if without > 0 {
        notes.push(format!(
            "{without} of {pool} records of the pool have no probabilities in the file"
        ));
    }
    Predicted {
        source: format!("probabilities of {}", taken.name),
        classes: taken.classes,
        told,
        notes,
    }
}
