//! Changes of a label field's classes: which label changes are renames, swaps, merges and splits
//! of classes, and which are relabels of records.
//!
//! Invariant: a function of counts: the two vocabularies, the transitions of kept records, and
//! the classes of removed ones. Definitions: docs/diff.md, "Classes".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::object::changes::{Cause, SchemaChange};
use crate::record::normalized;

/// At least this share of a class's kept records must have gone one way ...
const SHARE: (u64, u64) = (95, 100);
/// ... and at least this many, so that a single relabel is never taken for a rename.
const LEAST: u64 = 10;

/// What is known of a label field on both sides; names are canonical.
#[derive(Default)]
pub(crate) struct Vocabulary<'a> {
    /// The field's newer name.
    pub(crate) field: &'a str,
    /// The classes before, with their records.
    pub(crate) before: BTreeMap<String, u64>,
    /// The classes after, with their records.
    pub(crate) after: BTreeMap<String, u64>,
    /// Removed records by class.
    pub(crate) removed: BTreeMap<String, u64>,
    /// Kept records whose label changed, by label before and after.
    pub(crate) transitions: BTreeMap<(Option<String>, Option<String>), u64>,
    /// Renames that dver.toml declares.
    pub(crate) declared: BTreeMap<String, String>,
}

/// What a vocabulary's change means.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Meaning {
    /// The transitions that are no relabels.
    pub(crate) causes: BTreeMap<(String, String), Cause>,
    /// The changes of classes, in their order.
    pub(crate) changes: Vec<SchemaChange>,
}

impl Meaning {
    /// Returns why a label changed.
    pub(crate) fn cause(&self, from: Option<&str>, to: Option<&str>) -> Cause {
        let (Some(from), Some(to)) = (from, to) else {
            return Cause::Relabel;
        };
        let found = self.causes.get(&(from.to_owned(), to.to_owned()));
        found.copied().unwrap_or(Cause::Relabel)
    }
}

/// By a class, the classes that went into it: name, records, and evidence beside the counts.
type Sources = BTreeMap<String, Vec<(String, u64, Option<&'static str>)>>;

struct Flow {
    from: String,
    to: String,
    count: u64,
}

/// Sums over the transitions, so that none is looked at once for each class.
#[derive(Default)]
struct Sums {
    /// Kept records that left a class.
    left: BTreeMap<String, u64>,
    /// Kept records that came into a class from another one.
    came: BTreeMap<String, u64>,
    /// The most that came into a class from one class.
    most: BTreeMap<String, u64>,
    /// Of each class the new class that most of its records went to, the last of equal ones.
    best: BTreeMap<String, (u64, String)>,
}

impl Sums {
    fn left(&self, class: &str) -> u64 {
        self.left.get(class).copied().unwrap_or(0)
    }

    fn came(&self, class: &str) -> u64 {
        self.came.get(class).copied().unwrap_or(0)
    }
}

fn most(part: u64, whole: u64) -> bool {
    part >= LEAST
        && u128::from(part) * u128::from(SHARE.1) >= u128::from(whole) * u128::from(SHARE.0)
}

/// Returns the name in the one form that its spellings share: Unicode, case and outer space.
fn folded(name: &str) -> String {
    normalized(name.trim()).to_lowercase()
}

impl Vocabulary<'_> {
    fn flows(&self) -> impl Iterator<Item = Flow> {
        self.transitions.iter().filter_map(|((from, to), count)| {
            Some(Flow {
                from: from.clone()?,
                to: to.clone()?,
                count: *count,
            })
        })
    }

    fn sums(&self, flows: &[Flow]) -> Sums {
        let mut sums = Sums::default();
        for ((from, _), count) in &self.transitions {
            if let Some(from) = from {
                *sums.left.entry(from.clone()).or_default() += count;
            }
        }
        for Flow { from, to, count } in flows {
            *sums.came.entry(to.clone()).or_default() += count;
            let most = sums.most.entry(to.clone()).or_default();
            *most = (*most).max(*count);
            if !self.before.contains_key(to) {
                let best = sums.best.entry(from.clone()).or_default();
                if *count >= best.0 {
                    *best = (*count, to.clone());
                }
            }
        }
        sums
    }

    /// Kept records of a class before.
    fn kept(&self, class: &str) -> u64 {
        let removed = self.removed.get(class).copied().unwrap_or(0);
        self.before
            .get(class)
            .copied()
            .unwrap_or(0)
            .saturating_sub(removed)
    }

    fn count(&self, from: &str, to: &str) -> u64 {
        let key = (Some(from.to_owned()), Some(to.to_owned()));
        self.transitions.get(&key).copied().unwrap_or(0)
    }

    /// Finds out what the change of the vocabulary means.
    pub(crate) fn meaning(&self) -> Meaning {
        let mut meaning = Meaning::default();
        let gone = |class: &str| !self.after.contains_key(class);
        let new = |class: &str| !self.before.contains_key(class);
        let mut renamed: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut merged: Sources = BTreeMap::new();
        let mut split: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
        let flows: Vec<Flow> = self.flows().collect();
        let sums = self.sums(&flows);
        // The classes of which another name tells where they went.
        let mut explained: BTreeSet<String> = BTreeSet::new();
        for Flow { from, to, count } in &flows {
            if self.declared.get(from) == Some(to) {
                renamed.insert(from.clone(), (to.clone(), "declared".to_owned()));
                explained.insert(from.clone());
            } else if gone(from) && folded(from) == folded(to) {
                explained.insert(from.clone());
                if new(to) && sums.most.get(to).is_none_or(|most| most <= count) {
                    renamed
                        .entry(from.clone())
                        .or_insert((to.clone(), "respelling".to_owned()));
                } else {
                    let sources = merged.entry(to.clone()).or_default();
                    sources.push((from.clone(), *count, Some("respelling")));
                }
            }
        }
        for Flow { from, to, count } in &flows {
            if explained.contains(from) {
                continue;
            }
            let (left, came) = (sums.left(from), sums.came(to));
            if gone(from) && new(to) && most(*count, left) && most(*count, came) {
                let evidence = format!("{count} of {left} kept records");
                renamed.insert(from.clone(), (to.clone(), evidence));
                explained.insert(from.clone());
            } else if from < to && !gone(from) && !new(to) && !gone(to) && !new(from) {
                let back = self.count(to, from);
                if most(*count, self.kept(from)) && most(back, self.kept(to)) {
                    let evidence = "swap".to_owned();
                    explained.extend([from.clone(), to.clone()]);
                    renamed.insert(from.clone(), (to.clone(), evidence.clone()));
                    renamed.insert(to.clone(), (from.clone(), evidence));
                    for pair in [(from, to), (to, from)] {
                        let pair = (pair.0.clone(), pair.1.clone());
                        meaning.causes.insert(pair, Cause::Swap);
                    }
                }
            } else if gone(from) && most(*count, left) {
                let sources = merged.entry(to.clone()).or_default();
                sources.push((from.clone(), *count, None));
                explained.insert(from.clone());
            } else if new(to) && most(*count, came) {
                split
                    .entry(from.clone())
                    .or_default()
                    .push((to.clone(), *count));
            }
        }
        // Where two classes go into one new name, neither was renamed to it.
        for (from, (to, _)) in &renamed {
            let pair = (from.clone(), to.clone());
            meaning.causes.entry(pair).or_insert(Cause::Rename);
        }
        for (to, sources) in &merged {
            for (from, ..) in sources {
                meaning
                    .causes
                    .insert((from.clone(), to.clone()), Cause::Merge);
            }
        }
        for (from, targets) in &split {
            for (to, _) in targets {
                meaning
                    .causes
                    .insert((from.clone(), to.clone()), Cause::Split);
            }
        }
        meaning.changes = self.changes(&sums, &renamed, &merged, &split);
        meaning
    }

    fn changes(
        &self,
        sums: &Sums,
        renamed: &BTreeMap<String, (String, String)>,
        merged: &Sources,
        split: &BTreeMap<String, Vec<(String, u64)>>,
    ) -> Vec<SchemaChange> {
        let mut changes = Vec::new();
        let mut explained_new: BTreeSet<&str> = BTreeSet::new();
        let mut explained_gone: BTreeSet<&str> = BTreeSet::new();
        let change = |change: &str, from, to, count, evidence, breaking: bool| SchemaChange {
            change: change.to_owned(),
            field: Some(self.field.to_owned()),
            from,
            to,
            count: Some(count),
            evidence,
            verdict: if breaking { "breaking" } else { "compatible" }.to_owned(),
        };
        for (from, (to, evidence)) in renamed {
            let count = self.count(from, to);
            let evidence = Some(evidence.clone());
            changes.push(change(
                "class_renamed",
                json!(from),
                json!(to),
                count,
                evidence,
                true,
            ));
            explained_gone.insert(from);
            explained_new.insert(to);
        }
        for (from, targets) in split {
            let names: Vec<&str> = targets.iter().map(|(to, _)| to.as_str()).collect();
            let count = targets.iter().map(|(_, count)| count).sum();
            let evidence = Some(format!("{count} of {} kept records", self.kept(from)));
            explained_new.extend(&names);
            explained_gone.insert(from);
            changes.push(change(
                "class_split",
                json!(from),
                json!(names),
                count,
                evidence,
                true,
            ));
        }
        for (to, sources) in merged {
            let names: Vec<&str> = sources.iter().map(|(from, ..)| from.as_str()).collect();
            let count = sources.iter().map(|(_, count, _)| count).sum();
            let left: u64 = names.iter().map(|from| sums.left(from)).sum();
            let respelled = sources.iter().all(|(.., evidence)| evidence.is_some());
            let evidence = Some(match respelled {
                true => "respelling".to_owned(),
                false => format!("{count} of {left} kept records"),
            });
            explained_gone.extend(&names);
            explained_new.insert(to);
            changes.push(change(
                "class_merged",
                json!(names),
                json!(to),
                count,
                evidence,
                true,
            ));
        }
        let null = serde_json::Value::Null;
        for (class, count) in &self.after {
            if !self.before.contains_key(class) && !explained_new.contains(class.as_str()) {
                changes.push(change(
                    "class_added",
                    null.clone(),
                    json!(class),
                    *count,
                    None,
                    false,
                ));
            }
        }
        for (class, count) in &self.before {
            if !self.after.contains_key(class) && !explained_gone.contains(class.as_str()) {
                let evidence = perhaps_renamed(class, sums);
                let from = json!(class);
                changes.push(change(
                    "class_removed",
                    from,
                    null.clone(),
                    *count,
                    evidence,
                    true,
                ));
            }
        }
        changes
    }
}

/// Says where a rename was likely but not proven.
fn perhaps_renamed(class: &str, sums: &Sums) -> Option<String> {
    let left = sums.left(class);
    let (count, to) = sums.best.get(class)?;
    (count * 2 > left).then(|| {
        let to = serde_json::Value::from(to.as_str());
        format!("rename? {count} of {left} kept records became {to}")
    })
}
