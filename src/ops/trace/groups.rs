//! What records are told with: their transition, annotator, a field, themselves.

use std::collections::BTreeMap;

use super::joined::{Both, One};
use super::pair::Pair;
use crate::base::ObjectId;

/// By what a change is split, besides causes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum By {
    /// By nothing else.
    #[default]
    Cause,
    /// By the classes before and after.
    Transition,
    /// By who made the newer label; of a removed record the older one.
    Annotator,
    /// By the value of a field; of a removed record the older one.
    Field(String),
    /// By record.
    Record,
    /// By the commits between.
    Commit,
}

impl By {
    /// Returns the word for people and machines.
    pub fn name(&self) -> String {
        match self {
            Self::Cause => "cause".to_owned(),
            Self::Transition => "transition".to_owned(),
            Self::Annotator => "annotator".to_owned(),
            Self::Field(field) => format!("field={field}"),
            Self::Record => "record".to_owned(),
            Self::Commit => "commit".to_owned(),
        }
    }
}

/// A group of changes of one cause.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    /// Classes before and after, by the names of the newer version; `None` where a record is not
    /// there, or neither trains nor tests.
    Transition {
        /// Before.
        from: Option<String>,
        /// After.
        to: Option<String>,
    },
    /// A value.
    Value(Option<String>),
    /// A record.
    Key(Vec<String>),
    /// A commit.
    Commit(ObjectId),
}

/// Gives each record its group; returns the groups.
pub(super) fn grouped(pair: &mut Pair, by: &By, column: Option<usize>) -> Vec<Group> {
    let group = |both: &Both| -> Group {
        let newest = both.newest();
        let label = |one: &Option<One>| one.as_ref().map(|one| one.label.clone());
        match by {
            By::Transition => Group::Transition {
                from: label(&both.from),
                to: label(&both.to),
            },
            By::Record => Group::Key(newest.map(|one| one.key.clone()).unwrap_or_default()),
            By::Annotator | By::Field(_) => {
                let value = newest.and_then(|one| one.values.get(column?)?.clone());
                Group::Value(value)
            }
            By::Cause | By::Commit => Group::Value(None),
        }
    };
    let of_records: Vec<Group> = pair.records.iter().map(group).collect();
    let mut places: BTreeMap<&Group, u32> = of_records.iter().map(|group| (group, 0)).collect();
    places
        .values_mut()
        .zip(0..)
        .for_each(|(place, at)| *place = at);
    for (record, group) in pair.versions.records.iter_mut().zip(&of_records) {
        record.group = places.get(group).copied().unwrap_or(0);
    }
    places.into_keys().cloned().collect()
}
