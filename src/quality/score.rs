//! Scoring: from what was measured to the sealed scorecard of a data set.
//!
//! Invariant: a pure function of the records, the declaration and the definitions; the same
//! measurement gives the same objects. Layout: docs/format.md, "Scorecard".

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Text;
use crate::object::{
    self, DatasetScore, FieldSchema, Int, Joint, MetricResult, ObjectSink, ObjectSource,
    RatingState, Schema, State, Values, Violations,
};
use crate::profile::Duplicates;
use crate::record::{Role, Roles, Type};

use super::agreement;
use super::drift;
use super::measure::Measured;
use super::metric::{Number, Value};
use super::metrics::REGISTRY;
use super::numbers::{self, Numbers};
use super::sets;

/// What metrics are computed from.
pub struct Subject<'a> {
    /// The schema.
    pub schema: &'a Schema,
    /// The state.
    pub state: &'a State,
    /// The label fields with their classes, in the order of the schema.
    pub labels: Vec<Labels>,
    /// The classes of each label field split by split, the split without a name left out.
    pub splits: Vec<SplitLabels>,
    /// The numbers of each field of numbers, in the order of the schema.
    pub(super) numbers: Vec<(String, Numbers)>,
    /// What the tables tell; only while scoring, for these numbers are sealed.
    pub duplicates: Option<&'a Duplicates>,
    /// Records without a whole key; only while scoring.
    pub null_keys: Option<u64>,
}

/// The classes of one label field.
pub struct Labels {
    /// The field.
    pub field: String,
    /// Whether its values are sets of classes.
    pub sets: bool,
    /// How many records have a label; 0 where there are too many values.
    pub records: u64,
    /// Each class with its records, declared classes without records too, in order; `None` where
    /// there are more than 65,536.
    pub classes: Option<Vec<(String, u64)>>,
}

impl Labels {
    /// Returns the classes that have records, with their counts.
    pub fn observed(&self) -> Option<impl Iterator<Item = &(String, u64)>> {
        let classes = self.classes.as_ref()?;
        Some(classes.iter().filter(|(_, count)| *count > 0))
    }

    /// Returns how many labels the records have: one each, but for sets.
    pub fn total(&self) -> Option<u64> {
        Some(self.classes.as_ref()?.iter().map(|(_, count)| count).sum())
    }

    /// Computes a number of the classes, undefined where they are too many or none has a record.
    pub fn value(&self, compute: impl Fn(&[(String, u64)], u64) -> Value) -> Value {
        let value = match (&self.classes, self.total()) {
            (Some(_), Some(0)) => Value::undefined("no labels"),
            (Some(classes), Some(total)) => compute(classes, total),
            _ => Value::undefined(TOO_MANY),
        };
        value.field(&self.field)
    }
}

/// The classes of one label field in each split.
pub struct SplitLabels {
    /// The label field.
    pub field: String,
    /// Whether its values are sets of classes.
    pub sets: bool,
    /// For each split, how many records of it each class has.
    pub classes: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Why the agreement of a wide table can be undefined.
const TOO_MANY_RATINGS: &str = "more than 128 classes, 16 label fields or 65,536 pairs of ratings";

/// Why numbers of classes and of distinct values can be undefined.
pub(super) const TOO_MANY: &str = "more than 65,536 values";

impl<'a> Subject<'a> {
    /// Returns whether a field has a role.
    pub(super) fn has(&self, role: Role) -> bool {
        let mut roles = self.schema.fields.iter().flat_map(|field| &field.roles);
        roles.any(|name| name == role.name())
    }

    /// Compares each label field's classes in each split with those in the reference split: train
    /// where there is one, else the first.
    pub(super) fn between_splits(&self, compare: impl Fn(&drift::Pair) -> f64) -> Vec<Value> {
        let mut values = Vec::new();
        for labels in &self.splits {
            let splits = &labels.classes;
            let train = splits.get_key_value("train");
            let Some((reference, counts)) = train.or_else(|| splits.iter().next()) else {
                continue;
            };
            for (split, other) in splits.iter().filter(|(split, _)| *split != reference) {
                if let Some(pair) = drift::Pair::of(counts, other) {
                    let value = Value::real(compare(&pair)).field(&labels.field);
                    let mut value = value.class(&format!("{split}<-{reference}"));
                    // Classes of one set are no independent draws.
                    value.p_value = pair.p_value().filter(|_| !labels.sets);
                    value.note = Some(pair.note(labels.sets));
                    values.push(value);
                }
            }
        }
        values
    }

    /// Returns the number that so large a share of each field's numbers does not exceed.
    pub(super) fn quantile(&self, share: f64) -> Vec<Value> {
        let fields = self.numbers.iter();
        let of = |(field, numbers): &(String, Numbers)| numbers.quantile(share).field(field);
        fields.map(of).collect()
    }

    /// Returns a coefficient of the agreement of all ratings, on the declared scale.
    pub(super) fn agreement(&self, coefficient: &str) -> Vec<Value> {
        self.with_ratings(|sealed| {
            let value = match sealed.coefficient(coefficient) {
                Some(Ok(value)) => Value::real(value),
                Some(Err(reason)) => Value::undefined(&reason.to_string()),
                None => Value::undefined("there is no such coefficient"),
            };
            vec![value]
        })
    }

    /// Returns a coefficient of each two annotators of a wide table; the field names both.
    pub(super) fn agreement_of_pairs(&self, coefficient: &str) -> Vec<Value> {
        if self.has(Role::Item) {
            return Vec::new();
        }
        self.with_ratings(|sealed| {
            let all = sealed.of_pairs(coefficient).into_iter();
            let value = |((a, b), found): ((&str, &str), agreement::Coefficient)| {
                let value = match found {
                    Ok(value) => Value::real(value),
                    Err(reason) => Value::undefined(&reason.to_string()),
                };
                value.field(&format!("{a}/{b}"))
            };
            all.map(value).collect()
        })
    }

    /// Asks the sealed agreement; says why there is none where there should be some.
    fn with_ratings(&self, ask: impl FnOnce(&agreement::Sealed<'_>) -> Vec<Value>) -> Vec<Value> {
        let long = self.has(Role::Item);
        if (long && self.labels.is_empty()) || (!long && !self.is_wide()) {
            return Vec::new();
        }
        let Some(ratings) = &self.state.ratings else {
            let reason = match long {
                true => "more than 128 classes",
                false => TOO_MANY_RATINGS,
            };
            return vec![Value::undefined(reason)];
        };
        let labels = self.labels.iter();
        let mut labels =
            labels.filter(|labels| Some(&labels.field) == ratings.field.as_ref() && !labels.sets);
        let classes = labels
            .next()
            .and_then(|labels| Some(labels.classes.as_ref()?.len()));
        let values = match agreement::Sealed::read(ratings, classes) {
            Ok(sealed) => ask(&sealed),
            Err(reason) => vec![Value::undefined(&reason)],
        };
        match &ratings.field {
            Some(field) => values.into_iter().map(|value| value.field(field)).collect(),
            None => values,
        }
    }

    /// Returns whether the label fields are annotators: there are several, and each two that rated
    /// have a class in common.
    fn is_wide(&self) -> bool {
        let said = self.labels.iter().map(|labels| {
            let observed = labels.observed()?;
            Some(observed.map(|(name, _)| name.as_str()).collect())
        });
        let Some(said) = said.collect::<Option<Vec<BTreeSet<&str>>>>() else {
            return false;
        };
        let alone = |at: usize, a: &BTreeSet<&str>| {
            let mut others = said[at + 1..].iter().filter(|b| !b.is_empty());
            !a.is_empty() && others.any(|b| a.is_disjoint(b))
        };
        self.state.ratings.is_some()
            || (said.len() > 1 && !said.iter().enumerate().any(|(at, a)| alone(at, a)))
    }

    /// Reads the classes that a state names.
    pub(super) fn read(
        source: &dyn ObjectSource,
        schema: &'a Schema,
        state: &'a State,
    ) -> Result<Self, object::Error> {
        let mut labels = Vec::new();
        for (field, state) in schema.fields.iter().zip(&state.fields) {
            if !field.roles.iter().any(|role| role == Role::Label.name()) {
                continue;
            }
            let (classes, records) = match (&state.values, &field.classes) {
                (Some(id), Some(declared)) => {
                    let values: Values = object::get(source, id)?;
                    let mut counts = sets::counts(field, &values);
                    for class in declared {
                        sets::count(field, &class.to_string(), 0, &mut counts);
                    }
                    let records = values.values.iter().map(|(_, n)| n).sum();
                    (Some(counts.into_iter().collect()), records)
                }
                _ => (None, 0),
            };
            labels.push(Labels {
                field: field.name.clone(),
                sets: sets::is_set(field),
                records,
                classes,
            });
        }
        Ok(Self {
            schema,
            state,
            labels,
            splits: split_labels(source, schema, state)?,
            numbers: numbers::of_fields(source, schema, state)?,
            duplicates: None,
            null_keys: None,
        })
    }
}

/// Reads the joint tables of labels and splits.
fn split_labels(
    source: &dyn ObjectSource,
    schema: &Schema,
    state: &State,
) -> Result<Vec<SplitLabels>, object::Error> {
    let is_split = |field: &FieldSchema| field.roles.iter().any(|r| r == Role::Split.name());
    let split = schema.fields.iter().find(|field| is_split(field));
    let mut all = Vec::new();
    for id in &state.joint {
        let joint: Joint = object::get(source, id)?;
        if split.is_none_or(|split| split.name != joint.fields.1) {
            continue;
        }
        let label_field = schema.fields.iter().find(|f| f.name == joint.fields.0);
        let Some(field) = label_field else {
            continue;
        };
        let mut classes: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for (label, split, count) in joint.counts {
            if let (Some(label), Some(split)) = (label, split) {
                let counts = classes.entry(split.to_string()).or_default();
                sets::count(field, &label.to_string(), count, counts);
            }
        }
        all.push(SplitLabels {
            field: joint.fields.0,
            sets: sets::is_set(field),
            classes,
        });
    }
    Ok(all)
}

impl Measured {
    /// Returns the schema: the fields with their roles, types and classes.
    pub fn schema(&self) -> Schema {
        let classes = |field: &FieldSchema| {
            let name = &field.name;
            if !self.survey.roles.labels().iter().any(|label| label == name) {
                return None;
            }
            let values = self.profile.values(name)?.into_keys();
            let mut classes: BTreeSet<String> = values
                .flat_map(|value| sets::classes_in(field, &value))
                .collect();
            // Declared classes are those of the first label field.
            if self
                .survey
                .roles
                .labels()
                .first()
                .is_some_and(|first| first == name)
            {
                let declared = self.classes.as_ref().map(|classes| &classes.values[..]);
                let declared = declared.unwrap_or_default();
                classes.extend(self.profile.spelled(name, declared));
            }
            Some(classes.into_iter().map(Text::from).collect())
        };
        let field = |name: &std::sync::Arc<str>| {
            let mut field = FieldSchema {
                name: name.to_string(),
                kind: self.profile.kind(name).name().to_owned(),
                roles: role_names(&self.survey.roles, name),
                nullable: self.profile.nulls(name) > 0,
                separator: self.separators.get(&**name).cloned(),
                classes: None,
            };
            field.classes = classes(&field);
            field
        };
        Schema {
            format: self.format.clone(),
            key: self.survey.roles.key().to_vec(),
            fields: self.fields.iter().map(field).collect(),
        }
    }

    /// Writes schema, state and values, and returns the score that names them.
    pub fn score<S: ObjectSink + ObjectSource>(
        &self,
        sink: &mut S,
    ) -> Result<DatasetScore, object::Error> {
        let schema = self.schema();
        let mut state = self
            .profile
            .seal(&self.fields, &|name| self.distinct(name), sink)?;
        state.violations = self.violations();
        state.ratings = self.ratings();
        let results = {
            let mut subject = Subject::read(sink, &schema, &state)?;
            subject.duplicates = Some(&self.duplicates);
            subject.null_keys = (!schema.key.is_empty()).then(|| self.profile.null_keys());
            results(&subject)
        };
        Ok(DatasetScore {
            name: self.name.clone(),
            records: state.records,
            schema: object::put(sink, &schema)?,
            state: object::put(sink, &state)?,
            files: self.files.clone(),
            results,
        })
    }

    /// Returns the agreement of ratings; `None` where there are none, or too many classes.
    fn ratings(&self) -> Option<RatingState> {
        let declared = self.classes.as_ref();
        if let Some(rated) = self.profile.rated() {
            return agreement::seal_wide(&rated, declared);
        }
        let ratings = self.duplicates.ratings.as_ref()?;
        let kind = self.profile.kind(&ratings.field);
        Some(agreement::seal_long(ratings, kind, declared))
    }

    /// Returns how many records break each rule, ordered by field and rule.
    fn violations(&self) -> Vec<Violations> {
        let rules = self.survey.rules.iter().zip(self.profile.violations());
        let of = |field: &str, rule: &str, records| Violations {
            field: field.to_owned(),
            rule: rule.to_owned(),
            records,
        };
        let mut all: Vec<Violations> = rules
            .map(|(rule, records)| of(&rule.field, rule.name(), Some(records)))
            .collect();
        for field in self.survey.rules.unique() {
            let tables = self
                .duplicates
                .unique
                .iter()
                .find(|(name, _)| name == field);
            // Of a field that alone is the key, the table by key tells.
            let records = tables.map(|(_, count)| *count).or(self.duplicates.key);
            all.push(of(field, "unique", records));
        }
        for reference in self.survey.rules.references() {
            let known = self
                .dangling
                .iter()
                .find(|(field, _)| *field == reference.field);
            all.push(of(
                &reference.field,
                "references",
                known.and_then(|(_, n)| *n),
            ));
        }
        all.sort_by(|a, b| (&a.field, &a.rule).cmp(&(&b.field, &b.rule)));
        all
    }

    /// Returns the distinct values of a field that alone is the key or the content.
    fn distinct(&self, name: &str) -> Option<u64> {
        if let ([key], Some(duplicates)) = (self.survey.roles.key(), self.duplicates.key)
            && key == name
        {
            let present = self.profile.records() - self.profile.null_keys();
            return present.checked_sub(duplicates);
        }
        let mut content = self
            .fields
            .iter()
            .filter(|f| self.survey.roles.is_content(f));
        let only = content.next().filter(|_| content.next().is_none())?;
        if &**only != name {
            return None;
        }
        let duplicates = self.duplicates.content?;
        self.duplicates.with_content.checked_sub(duplicates)
    }
}

fn role_names(roles: &Roles, field: &str) -> Vec<String> {
    let names = roles.of(field).into_iter().map(Role::name);
    names.map(str::to_owned).collect()
}

/// Computes the sealed metrics, ordered by name, field and class.
fn results(subject: &Subject<'_>) -> Vec<MetricResult> {
    let mut results = Vec::new();
    for definition in REGISTRY.iter().filter(|definition| definition.sealed) {
        for value in (definition.compute)(subject) {
            let (num, den) = match value.number {
                Number::Ratio(num, den) => (Some(Int::from(num)), Int::from(den)),
                Number::Undefined | Number::Real(_) => (None, Int(1)),
            };
            results.push(MetricResult {
                name: definition.name.to_owned(),
                field: value.field,
                class: value.class,
                num,
                den,
                version: definition.version,
                note: value.note,
            });
        }
    }
    results.sort_by(|a, b| (&a.name, &a.field, &a.class).cmp(&(&b.name, &b.field, &b.class)));
    results
}

/// Returns how many values of a field's state are null.
pub(super) fn nulls(state: &object::FieldState) -> u64 {
    state.counts.get(Type::Null.name()).copied().unwrap_or(0)
}
