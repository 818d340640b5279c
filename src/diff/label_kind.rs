//! Kinds of labels: what a changed label means beyond having another value.
//!
//! Invariant: a function of the declaration, the field's type and one pair of values; what a
//! summary counts is a function of the transitions. Boxes and spans get their place here when
//! dver learns of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::config::LabelKindConfig;
use crate::profile::Facts;
use crate::record::{Type, listed, separated};

use super::event::{TransitionCount, Value};
use super::reading::Common;

/// What the values of a label field are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// One class of a vocabulary.
    Class,
    /// A set of classes.
    MultiLabel,
    /// A number: how far it is from another one says something.
    Score,
    /// Which of two is preferred; a tie or nothing, too.
    Preference,
}

impl LabelKind {
    /// Returns the kind of that name in dver.toml.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "class" => Some(Self::Class),
            "multi-label" => Some(Self::MultiLabel),
            "score" => Some(Self::Score),
            "preference" => Some(Self::Preference),
            _ => None,
        }
    }
}

/// What a changed label is made of, where it is more than a class.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum LabelDetail {
    /// Of a set: the classes that came and that went.
    Set {
        /// The classes that came.
        added: Vec<String>,
        /// The classes that went.
        removed: Vec<String>,
    },
    /// Of a score: by how much it changed.
    Score {
        /// The newer minus the older.
        difference: f64,
    },
    /// Of a preference: whether it went from one side to the other.
    Preference {
        /// Whether it did.
        flip: bool,
    },
}

/// What the changes of a label field that is no class field amount to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KindCount {
    /// The label field.
    pub field: String,
    /// What its values are.
    pub kind: LabelKind,
    /// How that is known: `declared`, or what was found.
    pub evidence: &'static str,
    /// The counts.
    #[serde(flatten)]
    pub counts: KindCounts,
}

/// The counts of a kind.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum KindCounts {
    /// Of sets: how often each class came and went.
    Sets {
        /// The classes, sorted.
        elements: Vec<ElementCount>,
    },
    /// Of scores.
    Scores {
        /// Scores that grew.
        increased: u64,
        /// Scores that shrank.
        decreased: u64,
    },
    /// Of preferences.
    Preferences {
        /// Preferences that went from one side to the other.
        flips: u64,
    },
}

/// How often a class came into sets and went out of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ElementCount {
    /// The class.
    pub class: String,
    /// Into how many records' sets it came.
    pub added: u64,
    /// Out of how many records' sets it went.
    pub removed: u64,
}

/// Pairs of names that say which of two is preferred; with them stand ties.
const SIDES: [[&str; 2]; 5] = [
    ["chosen", "rejected"],
    ["model_a", "model_b"],
    ["response_a", "response_b"],
    ["response_1", "response_2"],
    ["left", "right"],
];
const TIES: [&str; 5] = ["tie", "both", "neither", "both_bad", "equal"];

/// A kind with how it is known, and what separates the classes of a set that is text.
type Found = (LabelKind, &'static str, Option<Arc<str>>);

/// The kinds of the label fields.
pub(crate) struct Kinds(BTreeMap<String, Found>);

/// Returns what is declared to stand between the classes of a label field's sets.
pub(crate) fn separator(
    label_kind: &BTreeMap<String, LabelKindConfig>,
    field: &str,
) -> Option<Arc<str>> {
    let separator = label_kind.get(field)?.separator.as_deref();
    separator.map(Arc::from)
}

impl Kinds {
    /// Finds the kind of each label field: as declared, or by its type and its classes.
    pub(crate) fn of(
        common: &[Common],
        (before, after): (&Facts, &Facts),
        label_kind: &BTreeMap<String, LabelKindConfig>,
    ) -> Self {
        let labels = common.iter().filter(|field| field.label);
        let kind = |field: &Common| {
            let (kind, evidence) = match declared(field, label_kind) {
                Some(kind) => (kind, "declared"),
                None => found(field, before, after),
            };
            (kind, evidence, field.separator.clone())
        };
        Self(
            labels
                .map(|field| (field.after.to_string(), kind(field)))
                .collect(),
        )
    }

    fn get(&self, field: &str) -> LabelKind {
        self.0
            .get(field)
            .map_or(LabelKind::Class, |(kind, ..)| *kind)
    }

    fn separator(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.2.as_deref()
    }

    /// Returns what a changed label is made of.
    pub(crate) fn detail(&self, field: &str, from: &Value, to: &Value) -> Option<LabelDetail> {
        match self.get(field) {
            LabelKind::Class => None,
            LabelKind::MultiLabel => {
                let separator = self.separator(field);
                let (old, new) = (elements(from, separator), elements(to, separator));
                let added = new.difference(&old).cloned().collect();
                let removed = old.difference(&new).cloned().collect();
                Some(LabelDetail::Set { added, removed })
            }
            LabelKind::Score => {
                let difference = number(to)? - number(from)?;
                // 4.5 - 4.2 is 0.3 to people.
                let difference = format!("{difference:.12e}").parse::<f64>().ok()?;
                difference
                    .is_finite()
                    .then_some(LabelDetail::Score { difference })
            }
            LabelKind::Preference => Some(LabelDetail::Preference {
                flip: is_flip(from, to),
            }),
        }
    }

    /// Returns what the transitions of each field that is no class field amount to.
    pub(crate) fn counts(&self, transitions: &[TransitionCount]) -> Vec<KindCount> {
        let mut out = Vec::new();
        for (field, (kind, evidence, separator)) in &self.0 {
            let of = || transitions.iter().filter(|t| t.field == *field);
            if of().next().is_none() {
                continue;
            }
            let sum = |keeps: &dyn Fn(&TransitionCount) -> bool| -> u64 {
                of().filter(|t| keeps(t)).map(|t| t.count).sum()
            };
            let grew = |t: &TransitionCount, by: fn(f64) -> bool| {
                let change = number(&t.to).zip(number(&t.from));
                change.is_some_and(|(to, from)| by(to - from))
            };
            let counts = match kind {
                LabelKind::Class => continue,
                LabelKind::MultiLabel => {
                    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
                    for t in of() {
                        let separator = separator.as_deref();
                        let (old, new) = (elements(&t.from, separator), elements(&t.to, separator));
                        for class in new.difference(&old) {
                            counts.entry(class.clone()).or_default().0 += t.count;
                        }
                        for class in old.difference(&new) {
                            counts.entry(class.clone()).or_default().1 += t.count;
                        }
                    }
                    let element = |(class, (added, removed))| ElementCount {
                        class,
                        added,
                        removed,
                    };
                    KindCounts::Sets {
                        elements: counts.into_iter().map(element).collect(),
                    }
                }
                LabelKind::Score => KindCounts::Scores {
                    increased: sum(&|t| grew(t, |by| by > 0.0)),
                    decreased: sum(&|t| grew(t, |by| by < 0.0)),
                },
                LabelKind::Preference => KindCounts::Preferences {
                    flips: sum(&|t| is_flip(&t.from, &t.to)),
                },
            };
            out.push(KindCount {
                field: field.clone(),
                kind: *kind,
                evidence,
                counts,
            });
        }
        out
    }
}

fn declared(field: &Common, label_kind: &BTreeMap<String, LabelKindConfig>) -> Option<LabelKind> {
    LabelKind::from_name(&label_kind.get(&*field.after)?.kind)
}

/// Returns whether a label field holds scores, which are no classes that come and go.
pub(crate) fn is_score(field: &Common, label_kind: &BTreeMap<String, LabelKindConfig>) -> bool {
    match declared(field, label_kind) {
        Some(kind) => kind == LabelKind::Score,
        None => field.kind == Type::Float,
    }
}

/// Finds out what a field's values are: a whole number may well be the number of a class, so only
/// a field with fractions is taken for a score.
fn found(field: &Common, before: &Facts, after: &Facts) -> (LabelKind, &'static str) {
    match field.kind {
        Type::List => (LabelKind::MultiLabel, "lists"),
        Type::Float => (LabelKind::Score, "numbers with fractions"),
        Type::String => {
            let classes = |facts: &Facts, name: &str| -> BTreeSet<String> {
                let fields = facts.fields.iter();
                let classes = fields.filter(|f| *f.name == *name).flat_map(|f| &f.classes);
                classes.flatten().map(|(class, _)| class.clone()).collect()
            };
            let mut all = classes(before, &field.before);
            all.extend(classes(after, &field.after));
            let sides = |sides: &[&str; 2]| {
                sides.iter().all(|side| all.contains(*side))
                    && all.iter().all(|class| {
                        sides.contains(&class.as_str()) || TIES.contains(&class.as_str())
                    })
            };
            match SIDES.iter().any(sides) {
                true => (LabelKind::Preference, "the names of its classes"),
                false => (LabelKind::Class, ""),
            }
        }
        _ => (LabelKind::Class, ""),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.text()?.trim().parse().ok()
}

/// Returns the classes of a set; one value that is no list is a set of one, or of what stands
/// between separators.
fn elements(value: &Value, separator: Option<&str>) -> BTreeSet<String> {
    if let (Value::Text(text), Some(separator)) = (value, separator) {
        let classes = separated(text, separator).into_iter();
        return classes.map(Cow::into_owned).collect();
    }
    match value {
        Value::Null => BTreeSet::new(),
        Value::Text(text) => BTreeSet::from([text.clone()]),
        Value::Json(text) => match listed(text) {
            Some(classes) => classes.into_iter().collect(),
            None => BTreeSet::from([text.clone()]),
        },
    }
}

/// Returns whether a preference went from one side to the other, ties and nothing aside.
fn is_flip(from: &Value, to: &Value) -> bool {
    let side = |value: &Value| {
        let text = value.text()?;
        let tie = TIES.contains(&text.to_lowercase().as_str());
        (!tie).then(|| text.to_owned())
    };
    match (side(from), side(to)) {
        (Some(from), Some(to)) => from != to,
        _ => false,
    }
}
