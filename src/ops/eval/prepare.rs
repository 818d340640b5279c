//! From a version and a declared evaluation to examples: what built-in learners fit and predict.
//!
//! For whoever evaluates, attributes or values records: [`draw`] reads the records of a version,
//! [`Frozen`] fixes columns and classes, [`Frozen::apply`] makes examples. Several versions under one
//! `Frozen` have the same columns and classes; [`learner_of`] gives the learner, whose models are
//! fitted by [`Prepared::fit`].
//!
//! Invariant: what becomes of a record depends on that record, on the definition and on what is
//! frozen; never on the order of records.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::config::EvaluationConfig;
use crate::dataset::Table;
use crate::learn::features::Scale;
use crate::learn::{
    Encoding, Examples, FeatureMap, Learner, Logistic, Majority, Model, NaiveBayes, Nearest,
    Prediction, Ridge, Rows, fit_seen,
};
use crate::object::{FileEntry, ObjectSource, TestSet, TrainSet};
use crate::record::{Role, UNPARSABLE};

use super::super::error::Error;
use super::super::features::{Seen, described};
use super::sets::{self, Chosen, LeftOut, Record, Sets, Wanted};
use super::vectors::{self, Vectors};

/// A learner of our own takes so many records: text needs about 2 kB of memory each.
const MOST: usize = 1_000_000;
/// A learner of our own knows so many classes.
const MOST_CLASSES: usize = 1_000;
/// How many records are made to rows at a time.
const BLOCK: usize = 256;
/// Neighbours that vote, and what weights cost, where nothing is declared.
const NEIGHBOURS: u64 = 5;
const PENALTY: f64 = 1.0;
/// The version of learners and feature maps: part of a definition.
const VERSION: &str = "1";

/// The records of one version that train and test, with the values that features are made of.
#[derive(Debug)]
pub(in crate::ops) struct Drawn {
    /// The records; their values are those of `fields`, then those that were asked for besides.
    pub sets: Sets,
    /// The fields that features are made of.
    fields: Vec<String>,
    /// The fields of text among them.
    texts: Vec<String>,
    /// The embedding that stands beside the records.
    vectors: Option<Vectors>,
}

/// Columns and classes, fixed.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Frozen {
    /// How the values of a record become columns.
    pub map: FeatureMap,
    /// The classes, in order of their bytes: a class is its place here.
    pub classes: Vec<String>,
}

/// Examples with the records that they were made of.
#[derive(Debug)]
pub(in crate::ops) struct Part {
    /// The examples, in the order of the ids of their keys.
    pub examples: Examples,
    /// The record of each example, in the same order; their values are those that were asked for
    /// besides.
    pub records: Vec<Record>,
}

/// What is fitted and predicted of one version.
#[derive(Debug)]
pub(in crate::ops) struct Prepared {
    /// What is learnt from.
    pub train: Part,
    /// What is predicted. Not empty.
    pub test: Part,
    /// The digest of all training records.
    pub train_set: TrainSet,
    /// The digests of all test records.
    pub test_set: TestSet,
    /// What is left out, and why.
    pub left_out: LeftOut,
}

/// Returns the key fields and the label field of a table that is evaluated.
pub(in crate::ops) fn key_and_label(table: &Table) -> Result<(Vec<String>, String), Error> {
    let roles = &table.declaration.roles;
    match (roles.key(), roles.labels().first()) {
        (key, Some(field)) if !key.is_empty() => Ok((key.to_vec(), field.clone())),
        _ => Err(Error::Usage(format!(
            "`{}` needs a key and a label to be evaluated",
            table.name
        ))),
    }
}

/// Reads the records of a version that train and test: those of `table`, which is of the version
/// with these files. `also` names fields whose values come with each record, such as the annotator.
pub(in crate::ops) fn draw(
    source: &dyn ObjectSource,
    (entries, table): (&[FileEntry], &Table),
    config: &EvaluationConfig,
    also: &[String],
) -> Result<Drawn, Error> {
    let (_, label) = key_and_label(table)?;
    let roles = &table.declaration.roles;
    let fields: Vec<String> = match config.features.as_slice() {
        // The class of most records needs none.
        _ if config.model == "majority" => Vec::new(),
        [] if config.embedding.is_some() => Vec::new(),
        [] => {
            let known = table.all_fields(source)?;
            let images = roles.fields(Role::Image);
            let is_image = |name: &str| images.iter().any(|image| image == name);
            let names = known
                .iter()
                .filter(|name| ***name != *UNPARSABLE && roles.is_content(name) && !is_image(name));
            names.map(|name| name.to_string()).collect()
        }
        declared => declared.to_vec(),
    };
    let vectors = (config.embedding.as_ref())
        .map(|path| Vectors::open(source, (entries, table), &config.name, path))
        .transpose()?;
    let wanted = Wanted {
        training: true,
        fields: fields.iter().chain(also).cloned().collect(),
        as_json: false,
        vectors,
    };
    let sets = sets::read(source, table, &label, &Chosen::of(config)?, &wanted)?;
    Ok(Drawn {
        texts: roles.fields(Role::Text).to_vec(),
        sets,
        fields,
        vectors: wanted.vectors,
    })
}

impl Drawn {
    /// Gives labels other names: those of classes that were renamed between versions. Digests stay
    /// those of the labels as they are.
    pub(in crate::ops) fn rename(&mut self, name: impl Fn(&str) -> Option<String>) {
        let sets = &mut self.sets;
        for record in sets.records.iter_mut().chain(&mut sets.training) {
            if let Some(new) = name(&record.label) {
                record.label = new;
            }
        }
    }
}

/// Where the values of the fields of a map stand among those of a record, and the embedding.
type Places<'a> = (&'a [Option<usize>], Option<&'a Vectors>);

impl Frozen {
    /// Freezes columns from the training records of `first`, unless they are declared, and classes
    /// from all records of `all`.
    pub(in crate::ops) fn of(
        config: &EvaluationConfig,
        first: &Drawn,
        all: &[&Drawn],
    ) -> Result<Self, Error> {
        let cannot = |reason: String| Error::NotEvaluated {
            name: config.name.clone(),
            reason,
        };
        let map = map_of(config, first);
        if map.is_empty() && config.model != "majority" {
            let reason = match first.sets.training.is_empty() && !first.fields.is_empty() {
                // Nothing is learnt, so nothing is lost.
                true => None,
                false => Some("its records have no features to learn from".to_owned()),
            };
            if let Some(reason) = reason {
                return Err(cannot(reason));
            }
        }
        let mut classes = BTreeSet::new();
        for drawn in all {
            if let (Some(own), Some(other)) = (&first.vectors, &drawn.vectors)
                && own.width() != other.width()
            {
                return Err(cannot(format!(
                    "a row of `{}` has {} numbers in one version and {} in the other",
                    own.name,
                    own.width(),
                    other.width()
                )));
            }
            let sets = &drawn.sets;
            let records = sets.records.iter().chain(&sets.training);
            classes.extend(records.map(|record| &record.label));
            if sets.records.len() + sets.training.len() > MOST {
                let reason = "it has more than 1,000,000 training and test records: choose some with `train` and `test`";
                return Err(cannot(reason.to_owned()));
            }
        }
        if classes.len() > MOST_CLASSES {
            return Err(cannot("its label has more than 1,000 classes".to_owned()));
        }
        Ok(Self {
            map,
            classes: classes.into_iter().cloned().collect(),
        })
    }

    /// Makes examples of the records of a version. Fails where none tests.
    pub(in crate::ops) fn apply(
        &self,
        config: &EvaluationConfig,
        drawn: Drawn,
    ) -> Result<Prepared, Error> {
        let Drawn {
            sets,
            fields,
            vectors,
            ..
        } = drawn;
        if sets.records.is_empty() {
            return Err(Error::NoTestRecords {
                name: config.name.clone(),
            });
        }
        let places: Vec<Option<usize>> = (self.map.fields().iter())
            .map(|(name, _)| fields.iter().position(|field| field == name))
            .collect();
        let part = |records| self.part(records, (&places, vectors.as_ref()), fields.len());
        let (train, without_train) = part(sets.training);
        let (test, without_test) = part(sets.records);
        Ok(Prepared {
            train,
            test,
            train_set: sets.train,
            test_set: sets.test,
            left_out: LeftOut {
                without_embedding: without_train + without_test,
                ..sets.left_out
            },
        })
    }

    /// Returns the class of a label.
    pub(in crate::ops) fn class(&self, label: &str) -> Option<u32> {
        let found = self
            .classes
            .binary_search_by(|class| class.as_str().cmp(label));
        found.ok().map(|at| at as u32)
    }

    /// Returns the columns in words, and which fields that the declaration names make none.
    pub(in crate::ops) fn described(&self, config: &EvaluationConfig) -> Vec<String> {
        let mut out = vec![described(&self.map)];
        let scaled = config.scale.iter().map(|(name, _)| name);
        let mut unused: Vec<&str> = (config.features.iter().chain(scaled))
            .filter(|name| self.map.fields().iter().all(|(field, _)| field != *name))
            .map(String::as_str)
            .collect();
        unused.sort_unstable();
        unused.dedup();
        if !unused.is_empty() && !self.map.is_empty() {
            out.push(format!(
                "no training record has what `features` or `scale` name: {}",
                unused.join(", ")
            ));
        }
        out
    }

    /// Makes examples, and counts the records without an embedding.
    fn part(&self, mut records: Vec<Record>, from: Places<'_>, own: usize) -> (Part, u64) {
        let (rows, without) = self.rows(&records, from);
        // A class that `of` did not see is beyond all classes, and its record no example.
        let class = |record: &Record| self.class(&record.label).unwrap_or(u32::MAX);
        let labels: Vec<u32> = records.iter().map(class).collect();
        let ids: Vec<u128> = records.iter().map(|one| sets::id_of(&one.key)).collect();
        let examples = Examples::new(&rows, &labels, &ids, self.classes.len());
        for record in &mut records {
            record.values.drain(..own.min(record.values.len()));
        }
        let mut records: Vec<Option<Record>> = records.into_iter().map(Some).collect();
        let of_example = |at: usize| records.get_mut(examples.origin(at))?.take();
        let part = Part {
            records: (0..examples.len()).filter_map(of_example).collect(),
            examples,
        };
        (part, without)
    }

    fn rows(&self, records: &[Record], (places, vectors): Places<'_>) -> (Rows, u64) {
        let blocks: Vec<(Rows, u64)> = records
            .par_chunks(BLOCK)
            .map(|block| {
                let mut rows = self.map.rows();
                let (mut vector, mut without) = (Vec::new(), 0);
                for record in block {
                    let value = |place: &Option<usize>| record.values.get((*place)?)?.as_deref();
                    let values: Vec<Option<&str>> = places.iter().map(value).collect();
                    vector.clear();
                    vector.extend(vectors.iter().flat_map(|all| all.row(record.row)));
                    without += u64::from(!self.map.push_with(&values, &vector, &mut rows));
                }
                (rows, without)
            })
            .collect();
        let (mut rows, mut without) = (self.map.rows(), 0);
        for (block, of_block) in blocks {
            rows.append(&block);
            without += of_block;
        }
        (rows, without)
    }
}

impl Prepared {
    /// Fits a learner to the training records. Classes without training records are never
    /// predicted; without any training record the first class is.
    pub(in crate::ops) fn fit(&self, learner: &dyn Learner) -> Box<dyn Model> {
        fit_seen(learner, &self.train.examples)
    }

    /// Predicts the test records, in the order of their examples.
    pub(in crate::ops) fn predict(&self, model: &dyn Model) -> Vec<Prediction> {
        model.predict_all(self.test.examples.rows())
    }
}

/// Finds out what becomes of each field from the training records.
fn map_of(config: &EvaluationConfig, drawn: &Drawn) -> FeatureMap {
    let Drawn {
        sets,
        fields,
        texts,
        vectors,
    } = drawn;
    let kinds = &sets.kinds[..fields.len()];
    let blocks: Vec<Vec<Seen>> = sets
        .training
        .par_chunks(BLOCK)
        .map(|block| {
            let mut seen: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
            for record in block {
                for ((seen, kind), value) in seen.iter_mut().zip(kinds).zip(&record.values) {
                    if let Some(text) = value {
                        seen.see(*kind, text);
                    }
                }
            }
            seen
        })
        .collect();
    let mut all: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
    for block in blocks {
        for (all, some) in all.iter_mut().zip(block) {
            all.merge(some);
        }
    }
    let encoded = fields.iter().zip(kinds).zip(all);
    let encoded = encoded.filter_map(|((name, kind), seen)| {
        let declared = config.scale.iter().find(|(field, _)| field == name);
        let encoding = match declared {
            Some((_, scale)) => Encoding::Number(Scale {
                centre: scale.centre,
                unit: scale.unit,
            }),
            None => seen.encoding(*kind, texts.contains(name))?,
        };
        Some((name.clone(), encoding))
    });
    let beside = vectors.iter().map(|all| {
        let width = all.width();
        (all.name.clone(), Encoding::Vector { width })
    });
    FeatureMap::new(encoded.chain(beside).collect())
}

/// Returns the nearest neighbours that are declared.
pub(in crate::ops) fn nearest_of(config: &EvaluationConfig) -> Nearest {
    Nearest {
        neighbours: config.neighbours.unwrap_or(NEIGHBOURS) as usize,
    }
}

/// Returns the ridge classifier that is declared.
pub(in crate::ops) fn ridge_of(config: &EvaluationConfig) -> Ridge {
    Ridge {
        penalty: config.penalty.unwrap_or(PENALTY),
    }
}

/// Returns the declared learner. Fails for models that are none of ours.
pub(in crate::ops) fn learner_of(config: &EvaluationConfig) -> Result<Box<dyn Learner>, Error> {
    Ok(match config.model.as_str() {
        "knn" => Box::new(nearest_of(config)),
        "ridge" => Box::new(ridge_of(config)),
        "logistic" => Box::new(Logistic {
            penalty: config.penalty.unwrap_or(PENALTY),
        }),
        "naive-bayes" => Box::new(NaiveBayes),
        "majority" => Box::new(Majority),
        other => {
            return Err(Error::Usage(format!(
                "the model of `{}` is `{other}`: that is no learner of dver's own",
                config.name
            )));
        }
    })
}

/// Returns the parameters of a declared learner, for definitions.
pub(super) fn parameters(config: &EvaluationConfig) -> Vec<(String, String)> {
    let mut out = vec![("version".to_owned(), VERSION.to_owned())];
    match config.model.as_str() {
        "knn" => {
            let count = config.neighbours.unwrap_or(NEIGHBOURS);
            out.push(("neighbours".to_owned(), count.to_string()));
        }
        "ridge" | "logistic" => {
            let penalty = config.penalty.unwrap_or(PENALTY);
            out.push(("penalty".to_owned(), penalty.to_string()));
        }
        _ => {}
    }
    if let Some(path) = &config.embedding {
        let path = String::from_utf8_lossy(path.as_bytes()).into_owned();
        out.push((vectors::PARAMETER.to_owned(), path));
    }
    out
}

/// Returns the feature map as it is asked for, for definitions; what is frozen is no part of it.
pub(super) fn features(config: &EvaluationConfig) -> Option<String> {
    if config.model == "majority" {
        return None;
    }
    let mut out = format!("hashed {VERSION}");
    // Beside an embedding no field is looked at that is not named.
    if !config.features.is_empty() || config.embedding.is_some() {
        out.push_str("; fields ");
        out.push_str(&serde_json::json!(config.features).to_string());
    }
    for (field, scale) in &config.scale {
        let name = serde_json::json!(field);
        out.push_str(&format!("; {name} by {} and {}", scale.centre, scale.unit));
    }
    Some(out)
}
