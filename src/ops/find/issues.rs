//! `find label-issues`: labels that probabilities contradict, by confident learning.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::curate::Confident;
use crate::learn::{Learner, Logistic, NaiveBayes, Nearest, Rows, fold_of, id_of, out_of_fold};
use crate::record::{Role, canonical, normalized};

use super::super::error::Error;
use super::super::features::described;
use super::features::map_of;
use super::probabilities::{Imported, Taken};
use super::reading::{View, identity};
use super::{Answer, Hit, IssueOptions, Note};

/// A learner of our own takes so many records: text needs about 2 kB of memory each.
const MOST: u64 = 1_000_000;
/// So many probabilities are held at once: 1 GiB.
const MOST_NUMBERS: usize = 1 << 27;

/// A labelled record.
struct Labelled {
    record: u64,
    /// In the spelling that equal labels share.
    label: String,
    /// What identifies it.
    id: u128,
    fold: u32,
    values: Vec<Option<String>>,
}

/// Probabilities with their classes.
struct Probabilities {
    classes: Vec<String>,
    numbers: Vec<f64>,
    source: String,
    notes: Vec<String>,
    /// How many records are predicted as they are labelled, where a learner of ours predicts.
    right: Option<usize>,
}

pub(super) fn find(view: &View<'_>, options: &IssueOptions) -> Result<Answer, Error> {
    let labels = view.fields(Role::Label);
    let field = match &options.field {
        None => labels.first().cloned(),
        Some(field) => labels.iter().find(|label| *label == field).cloned(),
    };
    let Some(field) = field else {
        let words = match &options.field {
            None => "it has no label field".to_owned(),
            Some(field) => format!("`{field}` is none of its label fields"),
        };
        return Err(view.not_to_be_found(words));
    };
    let (mut records, looked_at, given);
    if let Some(file) = &options.probabilities {
        let imported = Imported::read(file, view, (options.field.as_deref(), &options.classes))?;
        let read = labelled(view, &field, &[], options.folds)?;
        (records, looked_at) = read;
        let taken = imported.taken(
            view,
            &records.iter().map(|one| one.record).collect::<Vec<_>>(),
        )?;
        let (name, any) = (taken.name.clone(), !records.is_empty());
        given = of_file(taken, &mut records)?;
        // Nothing found would be a wrong answer: nothing was looked at.
        if any && records.is_empty() {
            let words = format!("no labelled record has probabilities of its label in {name}");
            return Err(view.not_to_be_found(words));
        }
    } else {
        let map = map_of(view, None)?;
        if map.is_empty() {
            return Err(
                view.not_to_be_found("it has no features to learn from: import probabilities")
            );
        }
        // Asked before they are read: all of them may not fit into memory.
        if view.table.records() > MOST && view.count(&field)? > MOST {
            let words = format!(
                "it has more than {MOST} labelled records: choose some with --where, or import probabilities"
            );
            return Err(view.not_to_be_found(words));
        }
        let fields: Vec<String> = map.fields().iter().map(|(name, _)| name.clone()).collect();
        (records, looked_at) = labelled(view, &field, &fields, options.folds)?;
        let mut rows = map.rows();
        for one in &mut records {
            let values: Vec<Option<&str>> = one.values.iter().map(Option::as_deref).collect();
            map.push(&values, &mut rows);
            one.values = Vec::new();
        }
        given = out_of_folds(view, &records, (&rows, described(&map)), options)?;
    }
    if given.classes.len() < 2 {
        return Err(view.not_to_be_found(format!("`{field}` has fewer than two classes")));
    }
    let classes: HashMap<&str, u32> = (0u32..)
        .zip(&given.classes)
        .map(|(at, name)| (name.as_str(), at))
        .collect();
    let labels: Vec<u32> = records
        .iter()
        .filter_map(|one| classes.get(one.label.as_str()).copied())
        .collect();
    let confident = Confident {
        probabilities: &given.numbers,
        classes: given.classes.len(),
        labels: &labels,
    };
    let calibrated = if options.uncalibrated {
        "uncalibrated"
    } else {
        "calibrated"
    };
    let method = format!(
        "confident-learning({}, {calibrated}, {}; {})",
        options.prune.name(),
        options.score.name(),
        given.source
    );
    let found = confident.issues(options.prune, !options.uncalibrated);
    let (name, meant): (Arc<str>, Arc<str>) = (method.as_str().into(), field.as_str().into());
    let mut hits = Vec::new();
    for (at, one) in records.iter().enumerate().filter(|(at, _)| found[*at]) {
        let predicted = confident.predicted(at);
        let row = &given.numbers[at * given.classes.len()..];
        hits.push(Hit {
            record: one.record,
            score: confident.score(options.score, at),
            rank: 0,
            severity: match options.score.is_ascending() {
                true => -confident.score(options.score, at),
                false => confident.score(options.score, at),
            },
            field: Some(meant.clone()),
            method: name.clone(),
            suggested: (predicted != labels[at]).then(|| given.classes[predicted as usize].clone()),
            note: Note::Text(
                format!(
                    "p({}) = {:.3}, p({}) = {:.3}",
                    one.label,
                    row[labels[at] as usize],
                    given.classes[predicted as usize],
                    row[predicted as usize]
                )
                .into(),
            ),
        });
    }
    let mut notes = given.notes;
    let joint = confident.joint(!options.uncalibrated);
    let all: i64 = joint.iter().flatten().sum();
    let own: i64 = (0..joint.len()).map(|class| joint[class][class]).sum();
    notes.push(format!(
        "confident joint: {} of {all} records beside its diagonal",
        all - own
    ));
    let mut counts = BTreeMap::new();
    let mut count = |name: &str, number: u64| counts.insert(name.to_owned(), number);
    count("labelled", labels.len() as u64);
    count("joint", all.unsigned_abs());
    count("joint_off_diagonal", (all - own).unsigned_abs());
    if let Some(right) = given.right {
        count("predicted_as_labelled", right as u64);
    }
    Ok(Answer {
        method,
        hits,
        notes,
        looked_at,
        counts,
    })
}

/// Reads the labelled records, and how many records there are.
fn labelled(
    view: &View<'_>,
    label: &str,
    fields: &[String],
    folds: u32,
) -> Result<(Vec<Labelled>, u64), Error> {
    let (key, group) = (view.fields(Role::Key), view.fields(Role::Group));
    let content = view.content();
    let content = view.spelling(content.iter().map(|name| &**name));
    let kind = view.kind(label);
    let runs = view.scan(|batch, records| {
        let place = batch.field(label);
        let of = |names: &[String]| batch.places(names.iter().map(String::as_str));
        let (key_at, group_at, fields) = (of(key), of(group), of(fields));
        let content_at = content.places(batch);
        let mut seen = 0u64;
        let mut scratch = Vec::new();
        let mut out = Vec::new();
        for (at, record) in records {
            seen += 1;
            let Some(label) = place.and_then(|place| record.cell(place)) else {
                continue;
            };
            let id = match identity(record, &key_at, &mut scratch) {
                true => id_of(&scratch),
                false => content.hash(record, &content_at, &mut scratch).unwrap_or(0),
            };
            // Records of one group are never on both sides of a fold.
            let fold = match identity(record, &group_at, &mut scratch) {
                true => fold_of(&scratch, folds),
                false => fold_of(&id.to_le_bytes(), folds),
            };
            let value = |place: &Option<usize>| Some(record.cell((*place)?)?.text.to_owned());
            out.push(Labelled {
                record: at,
                label: normalized(&canonical(kind, label)).into_owned(),
                id,
                fold,
                values: fields.iter().map(value).collect(),
            });
        }
        (out, seen)
    })?;
    let seen = runs.iter().map(|(_, seen)| seen).sum();
    Ok((runs.into_iter().flat_map(|(some, _)| some).collect(), seen))
}

fn learner(options: &IssueOptions) -> Result<Box<dyn Learner>, Error> {
    Ok(match options.learner.as_str() {
        "logistic" => Box::new(Logistic::default()),
        "naive-bayes" => Box::new(NaiveBayes),
        "knn" => Box::new(Nearest { neighbours: 10 }),
        other => {
            let words =
                format!("`{other}` is no learner with probabilities: logistic, naive-bayes, knn");
            return Err(Error::Usage(words));
        }
    })
}

/// Predicts each record by a model fitted to the records of the other folds.
fn out_of_folds(
    view: &View<'_>,
    records: &[Labelled],
    (rows, features): (&Rows, String),
    options: &IssueOptions,
) -> Result<Probabilities, Error> {
    let learner = learner(options)?;
    if options.folds < 2 {
        return Err(Error::Usage("--folds is 2 or more".to_owned()));
    }
    let mut classes: Vec<String> = records.iter().map(|one| one.label.clone()).collect();
    classes.sort();
    classes.dedup();
    if classes.len() > 1000 {
        return Err(view.not_to_be_found("its label has more than 1,000 classes"));
    }
    if classes.len().saturating_mul(records.len()) > MOST_NUMBERS {
        return Err(view.not_to_be_found(format!(
            "{} classes of {} records are more than {MOST_NUMBERS} probabilities: choose some with --where",
            classes.len(),
            records.len()
        )));
    }
    let label = |one: &Labelled| classes.binary_search(&one.label).unwrap_or(0) as u32;
    let labels: Vec<u32> = records.iter().map(label).collect();
    let ids: Vec<u128> = records.iter().map(|one| one.id).collect();
    let folds: Vec<u32> = records.iter().map(|one| one.fold).collect();
    let predictions = out_of_fold(&*learner, (rows, &labels, &ids), classes.len(), &folds);
    let even = vec![1.0 / classes.len().max(1) as f64; classes.len()];
    let right = predictions
        .iter()
        .zip(&labels)
        .filter(|(told, label)| told.class == **label)
        .count();
    let by = match view.fields(Role::Group).is_empty() {
        false => "group",
        true if view.fields(Role::Key).is_empty() => "content",
        true => "key",
    };
    let numbers = predictions
        .into_iter()
        .flat_map(|told| told.probabilities.unwrap_or_else(|| even.clone()));
    Ok(Probabilities {
        numbers: numbers.collect(),
        source: format!("{} out of {} folds by {by}", learner.name(), options.folds),
        notes: vec![
            features,
            format!(
                "{}: {right} of {} records predicted as they are labelled",
                learner.name(),
                records.len()
            ),
        ],
        right: Some(right),
        classes,
    })
}

/// Takes imported probabilities; records that have none are left out.
fn of_file(taken: Taken, records: &mut Vec<Labelled>) -> Result<Probabilities, Error> {
    let width = taken.classes.len();
    let known = |one: &Labelled| taken.classes.contains(&one.label);
    let total = records.len();
    let mut numbers = Vec::new();
    let mut at = 0;
    let mut without = 0;
    records.retain(|one| {
        let row = taken.rows[at];
        at += 1;
        let Some(row) = row.filter(|_| known(one)) else {
            without += usize::from(row.is_none());
            return false;
        };
        numbers.extend_from_slice(&taken.numbers[row * width..(row + 1) * width]);
        true
    });
    let mut notes = Vec::new();
    if without > 0 {
        notes.push(format!(
            "{without} labelled records have no probabilities in the file"
        ));
    }
    if total - without > records.len() {
        notes.push(format!(
            "{} records have a label that the file has no probabilities of",
            total - without - records.len()
        ));
    }
    Ok(Probabilities {
        numbers,
        source: format!("probabilities of {}", taken.name),
        notes,
        right: None,
        classes: taken.classes,
    })
}
