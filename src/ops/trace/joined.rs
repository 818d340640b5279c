//! The records of two versions, joined by their keys.
//!
//! Invariant: equal records meet first, and what is left of a key meets in the order of label and
//! content; so the answer does not depend on the order in which records stand.

use std::collections::BTreeMap;

use super::super::eval::prepare::Prepared;
use super::super::eval::sets;
use crate::attribute::{Place, Record, Versions};
use crate::base::ObjectId;
use crate::learn::Rows;

/// A record of one version.
#[derive(Clone, Debug)]
pub(super) struct One {
    pub(super) key: Vec<String>,
    /// Its label, by the names of the newer version.
    pub(super) label: String,
    pub(super) inputs: ObjectId,
    /// The values that were asked for.
    pub(super) values: Vec<Option<String>>,
    pub(super) trains: bool,
    pub(super) tests: bool,
    /// Its row among those of its version; 0 where there are no features.
    pub(super) row: u32,
}

/// What is known of a record of either version.
#[derive(Clone, Debug)]
pub(super) struct Both {
    pub(super) from: Option<One>,
    pub(super) to: Option<One>,
}

impl Both {
    /// Returns the record of the newer version, else that of the older one.
    pub(super) fn newest(&self) -> Option<&One> {
        self.to.as_ref().or(self.from.as_ref())
    }
}

/// Makes records of the training and test records of a version; one that is both is one record.
pub(super) fn united(train: Vec<One>, test: Vec<One>) -> Vec<One> {
    let mut out = train;
    let places: BTreeMap<Vec<String>, Vec<usize>> = {
        let mut places: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (at, one) in out.iter().enumerate() {
            places.entry(one.key.clone()).or_default().push(at);
        }
        places
    };
    for one in test {
        let same = places.get(&one.key).into_iter().flatten().copied();
        let same = same.filter(|&at| {
            let other = &out[at];
            !other.tests && other.label == one.label && other.inputs == one.inputs
        });
        match same.into_iter().next() {
            Some(at) => out[at].tests = true,
            None => out.push(one),
        }
    }
    out.sort_by(|a, b| {
        let rest = (&a.label, a.inputs, a.trains, a.tests);
        let of_other = (&b.label, b.inputs, b.trains, b.tests);
        a.key.cmp(&b.key).then_with(|| rest.cmp(&of_other))
    });
    out
}

/// Joins the records of two versions, each in the order of `united`.
pub(super) fn join(before: Vec<One>, after: Vec<One>) -> Vec<Both> {
    let mut out = Vec::new();
    let (mut before, mut after) = (runs(before).peekable(), runs(after).peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return out,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a[0].key.cmp(&b[0].key),
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        out.extend(paired(old.unwrap_or_default(), new.unwrap_or_default()));
    }
}

/// Returns the runs of records of one key.
fn runs(records: Vec<One>) -> impl Iterator<Item = Vec<One>> {
    let mut records = records.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut run = vec![records.next()?];
        while let Some(more) = records.next_if(|one| one.key == run[0].key) {
            run.push(more);
        }
        Some(run)
    })
}

fn paired(before: Vec<One>, after: Vec<One>) -> Vec<Both> {
    let mut after: Vec<Option<One>> = after.into_iter().map(Some).collect();
    let mut out: Vec<Both> = (before.into_iter())
        .map(|one| Both {
            from: Some(one),
            to: None,
        })
        .collect();
    for both in &mut out {
        let same = |other: &&mut Option<One>| {
            let (Some(a), Some(b)) = (&both.from, other.as_ref()) else {
                return false;
            };
            (&a.label, a.inputs, a.trains, a.tests) == (&b.label, b.inputs, b.trains, b.tests)
        };
        let found = after.iter_mut().find(same);
        both.to = found.and_then(Option::take);
    }
    let mut rest = after.into_iter().flatten();
    for both in out.iter_mut().filter(|both| both.to.is_none()) {
        both.to = rest.next();
    }
    out.extend(rest.map(|one| Both {
        from: None,
        to: Some(one),
    }));
    out
}

/// Gives each record its places in the game. `rows` holds the rows of the older version and, from
/// `offset`, those of the newer one; without features each content is a row.
pub(super) fn versions(
    records: &[Both],
    (rows, offset): (Option<Rows>, u32),
    classes: &[String],
    vocabulary: &dyn Fn(&One, &One) -> bool,
) -> Versions {
    let class = |label: &String| {
        classes
            .binary_search(label)
            .map_or(u32::MAX, |at| at as u32)
    };
    let mut own = Rows::new(0);
    let mut made = Vec::with_capacity(records.len());
    let mut ordinal = 0u128;
    let mut last: Option<&[String]> = None;
    for both in records {
        let key = both.newest().map(|one| one.key.as_slice());
        ordinal = if key == last { ordinal + 1 } else { 0 };
        last = key;
        let same_content = match (&both.from, &both.to) {
            (Some(a), Some(b)) => a.inputs == b.inputs,
            _ => false,
        };
        let (old_row, new_row) = match &rows {
            None => {
                let mut row = || {
                    own.push(&mut Vec::new(), &[]);
                    own.len() as u32 - 1
                };
                let first = row();
                (first, if same_content { first } else { row() })
            }
            Some(rows) => {
                let old = both.from.as_ref().map_or(0, |one| one.row);
                let new = both.to.as_ref().map_or(0, |one| one.row + offset);
                let both_there = both.from.is_some() && both.to.is_some();
                // Other content can have the same features, and then nothing changed for a model.
                let same = both_there && (same_content || rows.same(old as usize, new as usize));
                (old, if same { old } else { new })
            }
        };
        let place = |one: &One, row: u32| Place {
            trains: one.trains,
            tests: one.tests,
            label: class(&one.label),
            row,
        };
        made.push(Record {
            id: sets::id_of(key.unwrap_or_default()).wrapping_add(ordinal),
            from: both.from.as_ref().map(|one| place(one, old_row)),
            to: both.to.as_ref().map(|one| place(one, new_row)),
            vocabulary: match (&both.from, &both.to) {
                (Some(a), Some(b)) => a.label != b.label && vocabulary(a, b),
                _ => false,
            },
            group: 0,
        });
    }
    Versions {
        records: made,
        rows: rows.unwrap_or(own),
        classes: classes.len(),
    }
}

/// Returns the records of a prepared version with the places of their rows, and the rows: those of
/// the training records come first.
pub(super) fn prepared(part: Prepared) -> (Vec<One>, Vec<One>, Rows) {
    let first_test = part.train.examples.len() as u32;
    let mut rows = part.train.examples.rows().clone();
    rows.append(part.test.examples.rows());
    let ones = |records: Vec<sets::Record>, trains: bool, first: u32| -> Vec<One> {
        let records = (first..).zip(records);
        records
            .map(|(row, record)| one(record, trains, row))
            .collect()
    };
    (
        ones(part.train.records, true, 0),
        ones(part.test.records, false, first_test),
        rows,
    )
}

/// Makes a training or test record.
pub(super) fn one(record: sets::Record, trains: bool, row: u32) -> One {
    One {
        key: record.key,
        label: record.label,
        inputs: record.inputs,
        values: record.values,
        trains,
        tests: !trains,
        row,
    }
}
