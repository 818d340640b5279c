//! Kept records that differ: which of their labels and cells changed, and what that means.
//!
//! Invariant: records are read back run by run, at most a bounded number at a time; what stays in
//! memory of a pair is two places and its label changes.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::object::changes::Cause;
use crate::record::{Cell, CellKind, RecordRef, Role, Type};

use super::error::Error;
use super::event::{TransitionCount, Value};
use super::label_kind::is_score;
use super::matched::Matched;
use super::reading::{Pairing, Reading, Side, View};
use super::records::{Fetched, Records};
use super::version::Version;
use super::vocabulary::{Meaning, Vocabulary};

/// Records are read back in portions of about this many bytes a side.
const PORTION_BYTES: u64 = 64 << 20;

/// A changed label of a kept record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelChange {
    /// The place of the pair.
    pub(crate) pair: u32,
    /// The place of the label field among the label fields.
    pub(crate) label: u16,
    /// The places of the labels before and after among the field's labels.
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// The labels that changed from or to of one field.
#[derive(Default)]
struct Names {
    places: FxHashMap<Value, u32>,
    names: Vec<Value>,
}

impl Names {
    fn place(&mut self, value: Value) -> u32 {
        let next = self.names.len() as u32;
        *self.places.entry(value).or_insert_with_key(|value| {
            self.names.push(value.clone());
            next
        })
    }
}

/// Kept records that differ.
pub(crate) struct Kept<'a> {
    reading: &'a Reading,
    before: Version<'a>,
    after: Version<'a>,
    pairs: &'a [(u64, u64)],
    /// The label fields: places in the reading's common fields.
    pub(crate) labels: Vec<usize>,
    /// Label changes in the order of pairs.
    pub(crate) changes: Vec<LabelChange>,
    names: Vec<Names>,
    /// Which pairs have a changed field other than labels.
    cells: Vec<bool>,
    other_keys: u64,
    /// How many went from one split to another.
    split_moves: BTreeMap<(Option<String>, Option<String>), u64>,
    /// The records, where all of them are one portion.
    read: Option<(Fetched, Fetched)>,
}

/// One side of a pair.
pub(crate) type One<'a, 'b> = (&'a View<'b>, RecordRef<'b>);

impl<'a> Kept<'a> {
    /// Compares the fields of all pairs.
    pub(crate) fn new(
        reading: &'a Reading,
        before: Version<'a>,
        after: Version<'a>,
        matched: &'a Matched,
    ) -> Result<Self, Error> {
        let common = &reading.common;
        let labels: Vec<usize> = (0..common.len()).filter(|&at| common[at].label).collect();
        let mut kept = Self {
            reading,
            before,
            after,
            pairs: &matched.modified,
            names: labels.iter().map(|_| Names::default()).collect(),
            labels,
            changes: Vec::new(),
            cells: vec![false; matched.modified.len()],
            other_keys: 0,
            split_moves: BTreeMap::new(),
            read: None,
        };
        if kept.pairs.len() <= portion(before.records).min(portion(after.records)) {
            let (a, b): (Vec<u64>, Vec<u64>) = kept.pairs.iter().copied().unzip();
            let a = Fetched::read(before.records, &a)?;
            kept.read = Some((a, Fetched::read(after.records, &b)?));
        }
        let mut changes = Vec::new();
        let mut names = std::mem::take(&mut kept.names);
        let mut cells = std::mem::take(&mut kept.cells);
        let mut other_keys = 0;
        let split = after.roles.fields(Role::Split).first();
        let split = split.and_then(|name| common.iter().position(|f| *f.after == **name));
        let mut split_moves = BTreeMap::new();
        let all: Vec<u32> = (0..kept.pairs.len() as u32).collect();
        kept.each(&all, &mut |pair, (view_a, a), (view_b, b)| {
            for (label, &at) in kept.labels.iter().enumerate() {
                let (from, to) = (view_a.value(a, at), view_b.value(b, at));
                if reading.differs(at, &from, &to) {
                    let names = &mut names[label];
                    let value = |found: Option<(CellKind, std::borrow::Cow<'_, str>)>| match found {
                        None => Value::Null,
                        Some((CellKind::Text, text)) => Value::Text(text.into_owned()),
                        Some((_, text)) => Value::Json(text.into_owned()),
                    };
                    let (from, to) = (names.place(value(from)), names.place(value(to)));
                    let label = label as u16;
                    changes.push(LabelChange {
                        pair,
                        label,
                        from,
                        to,
                    });
                }
            }
            let mut other_key = false;
            for (at, field) in common.iter().enumerate().filter(|(_, field)| !field.label) {
                if reading.differs(at, &view_a.value(a, at), &view_b.value(b, at)) {
                    let place = field.key && reading.pairing == Pairing::Image;
                    other_key |= place;
                    cells[pair as usize] |= !place;
                    if split == Some(at) {
                        let text = |cell: Option<Cell<'_>>| cell.map(|cell| cell.text.to_owned());
                        let (from, to) = (text(view_a.cell(a, at)), text(view_b.cell(b, at)));
                        *split_moves.entry((from, to)).or_default() += 1;
                    }
                }
            }
            other_keys += u64::from(other_key);
            Ok(())
        })?;
        kept.changes = changes;
        kept.names = names;
        kept.cells = cells;
        kept.other_keys = other_keys;
        kept.split_moves = split_moves;
        Ok(kept)
    }

    /// Reads the chosen pairs back, in their order.
    pub(crate) fn each(
        &self,
        chosen: &[u32],
        take: &mut dyn FnMut(u32, One<'_, '_>, One<'_, '_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Some((a, b)) = &self.read {
            let a = a.views(self.reading, Side::Before);
            let b = b.views(self.reading, Side::After);
            return chosen
                .iter()
                .try_for_each(|&pair| take(pair, a.get(pair as usize), b.get(pair as usize)));
        }
        let portion = portion(self.before.records).min(portion(self.after.records));
        for chosen in chosen.chunks(portion) {
            let places = chosen.iter().map(|&pair| self.pairs[pair as usize]);
            let (a, b): (Vec<u64>, Vec<u64>) = places.unzip();
            let a = Fetched::read(self.before.records, &a)?;
            let b = Fetched::read(self.after.records, &b)?;
            let a = a.views(self.reading, Side::Before);
            let b = b.views(self.reading, Side::After);
            for (at, &pair) in chosen.iter().enumerate() {
                take(pair, a.get(at), b.get(at))?;
            }
        }
        Ok(())
    }

    /// Returns the place of the newer record of a pair.
    pub(crate) fn place(&self, pair: u32) -> u64 {
        self.pairs[pair as usize].1
    }

    /// Returns the places of both records of a pair.
    pub(crate) fn places(&self, pair: u32) -> (u64, u64) {
        self.pairs[pair as usize]
    }

    /// Returns the pairs with a changed field other than labels.
    pub(crate) fn with_cells(&self) -> Vec<u32> {
        (0..self.pairs.len() as u32)
            .filter(|&pair| self.cells[pair as usize])
            .collect()
    }

    /// Returns a label before and after.
    pub(crate) fn values(&self, change: &LabelChange) -> (&Value, &Value) {
        let names = &self.names[change.label as usize].names;
        (&names[change.from as usize], &names[change.to as usize])
    }

    /// Returns how many images stand under another path.
    pub(crate) fn other_keys(&self) -> u64 {
        self.other_keys
    }

    /// Returns how many records went from one split to another, by both.
    pub(crate) fn split_moves(&self) -> &BTreeMap<(Option<String>, Option<String>), u64> {
        &self.split_moves
    }

    fn counts(&self) -> BTreeMap<(u16, u32, u32), u64> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts
                .entry((change.label, change.from, change.to))
                .or_default() += 1;
        }
        counts
    }

    /// Finds out what the changes of each label field's classes mean.
    pub(crate) fn meanings(&self, removed: &[u64]) -> Result<Vec<Meaning>, Error> {
        let counts = self.counts();
        let gone = if counts.is_empty() {
            vec![BTreeMap::new(); self.labels.len()]
        } else {
            self.removed_classes(removed)?
        };
        let meaning = |(label, gone): (usize, BTreeMap<String, u64>)| {
            let field = &self.reading.common[self.labels[label]];
            if matches!(field.kind, Type::List | Type::Object)
                || field.separator.is_some()
                || is_score(field, self.after.label_kind)
            {
                return Meaning::default();
            }
            let name = |text: &str| field.canonical(Cell::text(text)).into_owned();
            let classes = |side: Side, version: Version<'_>| {
                let fields = version.facts.fields.iter();
                fields
                    .filter(|f| f.name == *field.name(side))
                    .find_map(|f| {
                        let mut classes = BTreeMap::new();
                        for (class, count) in f.classes.as_ref()? {
                            *classes.entry(name(class)).or_default() += count;
                        }
                        Some(classes)
                    })
            };
            let (Some(before), Some(after)) = (
                classes(Side::Before, self.before),
                classes(Side::After, self.after),
            ) else {
                return Meaning::default();
            };
            let names = &self.names[label].names;
            let text = |place: u32| names[place as usize].text().map(str::to_owned);
            let of_field = counts
                .iter()
                .filter(|((at, ..), _)| usize::from(*at) == label);
            Vocabulary {
                field: &field.after,
                before,
                after,
                removed: gone,
                transitions: of_field
                    .map(|((_, from, to), count)| ((text(*from), text(*to)), *count))
                    .collect(),
                declared: self
                    .after
                    .rename
                    .iter()
                    .map(|(from, to)| (name(from), name(to)))
                    .collect(),
            }
            .meaning()
        };
        Ok(gone.into_iter().enumerate().map(meaning).collect())
    }

    fn removed_classes(&self, removed: &[u64]) -> Result<Vec<BTreeMap<String, u64>>, Error> {
        let mut classes = vec![BTreeMap::new(); self.labels.len()];
        for places in removed.chunks(portion(self.before.records)) {
            let fetched = Fetched::read(self.before.records, places)?;
            let views = fetched.views(self.reading, Side::Before);
            for at in 0..places.len() {
                let (view, record) = views.get(at);
                for (classes, &label) in classes.iter_mut().zip(&self.labels) {
                    if let Some((_, class)) = view.value(record, label) {
                        *classes.entry(class.into_owned()).or_default() += 1;
                    }
                }
            }
        }
        Ok(classes)
    }

    /// Returns why a label changed.
    pub(crate) fn cause(&self, change: &LabelChange, meanings: &[Meaning]) -> Cause {
        let (from, to) = self.values(change);
        meanings[change.label as usize].cause(from.text(), to.text())
    }

    /// Counts the pairs with a changed field, renames of classes aside.
    pub(crate) fn modified(&self, meanings: &[Meaning]) -> u64 {
        let mut causes = FxHashMap::default();
        let mut modified = self.cells.clone();
        for change in &self.changes {
            let cause = *causes
                .entry((change.label, change.from, change.to))
                .or_insert_with(|| self.cause(change, meanings));
            modified[change.pair as usize] |= !matches!(cause, Cause::Rename | Cause::Swap);
        }
        modified.into_iter().map(u64::from).sum()
    }

    /// Returns the transition matrix.
    pub(crate) fn transitions(&self, meanings: &[Meaning]) -> Vec<TransitionCount> {
        let transition = |((label, from, to), count): ((u16, u32, u32), u64)| {
            let names = &self.names[usize::from(label)].names;
            let (from, to) = (&names[from as usize], &names[to as usize]);
            let field = &self.reading.common[self.labels[usize::from(label)]];
            TransitionCount {
                field: field.after.to_string(),
                from: from.clone(),
                to: to.clone(),
                cause: meanings[usize::from(label)].cause(from.text(), to.text()),
                count,
            }
        };
        let mut transitions: Vec<_> = self.counts().into_iter().map(transition).collect();
        transitions.sort();
        transitions
    }
}

/// Returns how many records are read back at a time.
pub(crate) fn portion(records: &dyn Records) -> usize {
    let bytes: u64 = records.units().iter().map(|unit| unit.bytes).sum();
    let count: u64 = records.units().iter().map(|unit| unit.records).sum();
    let each = bytes / count.max(1) + 1;
    (PORTION_BYTES / each).clamp(1024, 1 << 18) as usize
}
