//! What a list says, by record: entries of one record stand together, whatever their order.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use crate::base::ObjectId;
use crate::dataset::Declaration;
use crate::diff::Value;
use crate::record::{Roles, normalized};

use super::label;
use super::list::Entry;
use super::report::{Refused, Report, Why};
use super::search::Name;

/// What one label field of a record is to become.
#[derive(Debug)]
pub(super) struct Want {
    /// Which entry of the list says so.
    pub(super) at: usize,
    /// Which label field of the data set.
    pub(super) field: usize,
    pub(super) base: Option<Value>,
    pub(super) suggested: Value,
    /// Whether the list says two different things.
    pub(super) is_ambiguous: bool,
}

/// A record as the list names it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) key: Vec<Option<String>>,
    /// The id of its frame, where it has no key.
    pub(super) record: Option<ObjectId>,
    /// Which of the names it has.
    pub(super) name: usize,
    pub(super) wants: Vec<Want>,
}

impl Target {
    /// Returns the place that a record without a key had, counted from 0.
    pub(super) fn place(&self) -> Option<u64> {
        self.record?;
        let [Some(key)] = self.key.as_slice() else {
            return None;
        };
        key.strip_prefix('#')?.parse::<u64>().ok()?.checked_sub(1)
    }

    /// Refuses what the list wants of this record.
    pub(super) fn refused(&self, want: &Want, dataset: &Declaration, why: Why) -> Refused {
        Refused {
            at: want.at,
            dataset: dataset.name.clone(),
            key: self.key.clone(),
            field: dataset.roles.labels().get(want.field).cloned(),
            why,
        }
    }
}

/// The records that a list names in one data set.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    pub(super) names: FxHashMap<Name, usize>,
}

impl Targets {
    /// Puts together what the entries say; what cannot be is refused.
    pub(super) fn of(
        entries: Vec<(usize, Entry)>,
        declaration: &Declaration,
        report: &mut Report,
    ) -> Self {
        let mut targets = Self::default();
        let mut known: HashMap<Vec<Option<String>>, Vec<usize>> = HashMap::new();
        for (at, mut entry) in entries {
            entry.order_key(declaration.roles.key());
            let field = field_of(&declaration.roles, entry.field.as_deref());
            let refused = |why| Refused {
                at,
                dataset: declaration.name.clone(),
                key: entry.key.clone(),
                field: entry.field.clone(),
                why,
            };
            let Some(field) = field else {
                report.refused.push(refused(Why::UnknownField));
                continue;
            };
            let Some(suggested) = entry.suggested.clone() else {
                report.undecided += 1;
                continue;
            };
            if let Some(class) = undeclared(declaration, field, &suggested) {
                report.refused.push(refused(Why::UnknownClass { class }));
                continue;
            }
            report.without_base += u64::from(entry.base.is_none());
            let want = Want {
                at,
                field,
                base: entry.base.clone(),
                suggested,
                is_ambiguous: false,
            };
            let has_key = !declaration.roles.key().is_empty();
            let record = entry.record.filter(|_| !has_key);
            let name = match record {
                Some(id) => Name::Frame(id),
                None if has_key => Name::of_key(&entry.key),
                None => Name::Nothing,
            };
            let count = targets.names.len();
            let name = *targets.names.entry(name).or_insert(count);
            let key = entry.key.iter();
            let spelled: Vec<Option<String>> = key
                .map(|part| Some(normalized(part.as_deref()?).into_owned()))
                .collect();
            let same = known.entry(spelled).or_default();
            let of_name = same.iter().find(|at| targets.all[**at].name == name);
            let target = of_name.copied().unwrap_or_else(|| {
                targets.all.push(Target {
                    key: entry.key.clone(),
                    record,
                    name,
                    wants: Vec::new(),
                });
                same.push(targets.all.len() - 1);
                targets.all.len() - 1
            });
            targets.all[target].want(want, report);
        }
        targets
    }
}

impl Target {
    fn want(&mut self, mut want: Want, report: &mut Report) {
        for known in self.wants.iter_mut().filter(|own| own.field == want.field) {
            if label::same_text(&known.suggested, &want.suggested, None) {
                report.repeated += 1;
                return;
            }
            (known.is_ambiguous, want.is_ambiguous) = (true, true);
        }
        self.wants.push(want);
    }
}

/// Returns the place of a label field among those of the data set.
fn field_of(roles: &Roles, name: Option<&str>) -> Option<usize> {
    let labels = roles.labels();
    match name {
        Some(name) => labels.iter().position(|label| *label == *normalized(name)),
        None => (labels.len() == 1).then_some(0),
    }
}

/// Returns a class of the label that the data set does not declare, where it declares any.
fn undeclared(declaration: &Declaration, field: usize, label: &Value) -> Option<String> {
    let name = declaration.roles.labels().get(field)?;
    let classes = declaration.classes.as_ref().map(|classes| &classes.values);
    let is_declared = |class: &String| {
        classes.is_none_or(|all| all.iter().any(|one| normalized(one) == normalized(class)))
    };
    let is_allowed = |class: &String| declaration.rules.allows(name, class);
    let mut named = label::classes(label, declaration.separator(name)).into_iter();
    named.find(|class| !is_declared(class) || !is_allowed(class))
}
