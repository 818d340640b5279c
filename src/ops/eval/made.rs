//! An evaluation that is made and not attached yet: predictions, counts, scores.

use std::collections::{BTreeMap, HashMap};

use crate::base::ObjectId;
use crate::evaluate::{self, Calibration, Confusion, Score};
use crate::object::{
    self, AttachmentKind, Attachments, Definition, Evaluation, ObjectSink, Predictions,
};
use crate::repo::Repo;

use super::super::error::Error;
use super::super::transaction::Draft;
use super::sets::Sets;

/// An evaluation of one version, which need not be a commit yet.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Made {
    /// Its name.
    pub name: String,
    /// The data set.
    pub dataset: String,
    /// The label field.
    pub field: String,
    /// What was asked.
    pub definition: Definition,
    /// Which records trained and tested.
    pub sets: Sets,
    /// What was predicted.
    pub predictions: Predictions,
    /// What was predicted of each test record, in the version's own words.
    pub said: Vec<String>,
    /// What was predicted for what.
    pub confusion: Confusion,
    /// How sure the model was, where it said so.
    pub calibration: Option<Calibration>,
    /// All scores.
    pub scores: Vec<Score>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

impl Made {
    /// Scores predictions. `renamed` tells new names of classes that predictions may still have
    /// old names of.
    pub(super) fn of(
        (name, dataset): (&str, &str),
        (definition, field): (Definition, String),
        sets: Sets,
        predictions: Predictions,
        renamed: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        if sets.records.is_empty() {
            return Err(Error::NoTestRecords {
                name: name.to_owned(),
            });
        }
        let known: HashMap<&[String], usize> = (predictions.keys.iter().map(Vec::as_slice))
            .zip(0..)
            .collect();
        let places: Vec<Option<usize>> = (sets.records.iter())
            .map(|record| known.get(record.key.as_slice()).copied())
            .collect();
        let missed = places.iter().filter(|place| place.is_none()).count();
        if let Some(first) = places.iter().position(Option::is_none) {
            return Err(Error::NoPrediction {
                missed: missed as u64,
                key: sets.records[first].key.clone(),
            });
        }
        let spoken = spoken(&predictions, &sets, renamed);
        let mut calibration = predictions
            .confidence
            .as_ref()
            .map(|_| Calibration::default());
        let mut all_said = Vec::with_capacity(sets.records.len());
        for (record, place) in sets.records.iter().zip(places.into_iter().flatten()) {
            let said = spoken[predictions.predicted[place] as usize];
            if let (Some(bins), Some(sure)) = (&mut calibration, &predictions.confidence) {
                bins.add(sure[place], record.label == said);
            }
            all_said.push(said.to_owned());
        }
        let truths = sets.records.iter().map(|record| record.label.as_str());
        let confusion = Confusion::of(truths.zip(all_said.iter().map(String::as_str)));
        let null_class = definition.null_class.as_deref();
        Ok(Self {
            name: name.to_owned(),
            dataset: dataset.to_owned(),
            scores: evaluate::scores(&confusion, null_class, calibration.as_ref()),
            notes: sets.left_out.notes(),
            said: all_said,
            field,
            definition,
            sets,
            predictions,
            confusion,
            calibration,
        })
    }

    /// Returns it as it is stored: of this commit, with these ids of definition and predictions.
    pub(super) fn evaluation(
        &self,
        (commit, snapshot): (ObjectId, ObjectId),
        (definition, predictions): (ObjectId, ObjectId),
    ) -> Evaluation {
        let calibration = self.calibration.as_ref();
        Evaluation {
            commit,
            snapshot,
            name: self.name.clone(),
            dataset: self.dataset.clone(),
            field: self.field.clone(),
            definition,
            train: self.sets.train.clone(),
            test: self.sets.test.clone(),
            scores: evaluate::ratios(&self.scores),
            confusion: self.confusion.to_object(),
            calibration: calibration.map(|bins| bins.bins().to_vec()),
            predictions,
        }
    }

    /// Writes it and attaches it to a commit. Returns its id, and whether it is new there.
    pub(in crate::ops) fn attach(
        &self,
        repo: &Repo,
        sink: &mut dyn ObjectSink,
        draft: &mut Draft,
        commit: (ObjectId, ObjectId),
    ) -> Result<(ObjectId, Evaluation, bool), Error> {
        let no_room = || Error::NotEvaluated {
            name: self.name.clone(),
            reason: "its predictions are more than 64 MiB".to_owned(),
        };
        let definition = object::put(sink, &self.definition)?;
        let predictions = self.predictions.write(sink)?.ok_or_else(no_room)?;
        let evaluation = self.evaluation(commit, (definition, predictions));
        let id = object::put(sink, &evaluation)?;
        let mut attachments = match draft.attachments.take() {
            Some(known) => known,
            None => Attachments::clone(&*repo.attachments()?),
        };
        let is_new = !attachments.of(&commit.0).any(|one| one.object == id);
        if is_new {
            attachments.push(commit.0, AttachmentKind::Evaluation, id);
        }
        draft.attachments = Some(attachments);
        Ok((id, evaluation, is_new))
    }
}

/// Returns the classes of predictions under their names of now: one that was renamed and is no
/// label any more is heard under its new name.
pub(super) fn spoken<'a>(
    predictions: &'a Predictions,
    sets: &Sets,
    renamed: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let is_label = |class: &String| sets.records.iter().any(|record| record.label == *class);
    let name = |class: &'a String| match renamed.get(class) {
        Some(new) if !is_label(class) => new.as_str(),
        _ => class.as_str(),
    };
    predictions.classes.iter().map(name).collect()
}
