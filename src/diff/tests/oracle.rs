//! The oracle: the same answer by a full join over all records of both sides, in the plainest
//! way, with maps and no hashes, no chunks and no shortcuts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::diff::event::{Event, Identity, RecordStatus, Value};
use crate::object::changes::{Cause, RecordCounts};
use crate::record::{Cell, Role, Type, canonical, normalized};

use super::sheet::{Row, Sheet, diff_cut};

/// What the oracle says: events without causes, and counts.
#[derive(PartialEq, Debug, Default)]
struct Answer {
    labels: Vec<(Identity, String, Option<String>, Option<String>)>,
    records: Vec<(RecordStatus, Identity)>,
    cells: Vec<(Identity, String, Option<String>, Option<String>)>,
    counts: RecordCounts,
}

struct Full<'a> {
    sheets: [&'a Sheet; 2],
    /// Common fields by name, with the type under which they compare.
    common: BTreeMap<String, Type>,
}

type Canonical = Vec<Option<String>>;

impl Full<'_> {
    fn cell<'r>(&self, side: usize, row: &'r Row, name: &str) -> Option<&'r str> {
        let at = self.sheets[side].columns.iter().position(|c| c == name)?;
        Some(row[at].as_str()).filter(|text| !text.is_empty())
    }

    fn value(&self, side: usize, row: &Row, name: &str) -> Option<String> {
        let text = self.cell(side, row, name)?;
        let value = canonical(self.common[name], Cell::text(text));
        let roles = &self.sheets[1].roles;
        let compares_in_nfc = roles
            .of(name)
            .iter()
            .any(|r| matches!(r, Role::Key | Role::Label));
        Some(if compares_in_nfc {
            normalized(&value).into_owned()
        } else {
            value.into_owned()
        })
    }

    fn canonical(&self, side: usize, row: &Row) -> Canonical {
        self.common
            .keys()
            .map(|name| self.value(side, row, name))
            .collect()
    }

    fn bytes<'n>(
        &self,
        side: usize,
        row: &Row,
        names: impl Iterator<Item = &'n String>,
    ) -> Vec<u8> {
        let mut names: Vec<&String> = names.collect();
        names.sort();
        let mut out = Vec::new();
        for name in names {
            if let Some(text) = self.cell(side, row, name) {
                out.push(name.len() as u8);
                out.extend(name.bytes());
                out.extend([0, text.len() as u8]);
                out.extend(text.bytes());
            }
        }
        out
    }

    fn raw(&self, side: usize, row: &Row) -> Vec<u8> {
        self.bytes(side, row, self.common.keys())
    }

    fn whole(&self, side: usize, row: &Row) -> Vec<u8> {
        self.bytes(side, row, self.sheets[side].columns.iter())
    }

    fn key(&self, side: usize, row: &Row) -> Option<Vec<String>> {
        let key = self.sheets[1].roles.key();
        let parts: Option<Vec<String>> = if key.is_empty() {
            let content = |name: &&String| self.sheets[1].roles.is_content(name);
            let parts: Vec<Option<String>> = self
                .common
                .keys()
                .filter(content)
                .map(|name| self.value(side, row, name))
                .collect();
            parts.iter().any(Option::is_some).then(|| {
                parts
                    .into_iter()
                    .map(|part| part.map_or("-".to_owned(), |p| format!("+{p}")))
                    .collect()
            })
        } else {
            key.iter().map(|name| self.value(side, row, name)).collect()
        };
        parts
    }
}

/// Bytes to order by, and a place.
type Ordered = (Vec<Vec<u8>>, usize);

type Side<'a> = BTreeMap<usize, &'a Row>;

fn zip_off<K: Ord>(
    a: &mut Side<'_>,
    b: &mut Side<'_>,
    group: impl Fn(usize, &Row) -> Option<K>,
    order: impl Fn(usize, &Row) -> Vec<Vec<u8>>,
) -> Vec<(usize, usize)> {
    let mut groups: BTreeMap<K, [Vec<Ordered>; 2]> = BTreeMap::new();
    for (side, rows) in [&*a, &*b].into_iter().enumerate() {
        for (&at, row) in rows {
            if let Some(key) = group(side, row) {
                groups.entry(key).or_default()[side].push((order(side, row), at));
            }
        }
    }
    let mut pairs = Vec::new();
    for [mut x, mut y] in groups.into_values() {
        x.sort();
        y.sort();
        pairs.extend(x.into_iter().zip(y).map(|(x, y)| (x.1, y.1)));
    }
    for (x, y) in &pairs {
        a.remove(x);
        b.remove(y);
    }
    pairs
}

fn oracle(
    before: &Sheet,
    after: &Sheet,
    causes: &BTreeMap<(String, Value, Value), Cause>,
) -> Answer {
    let kind = |sheet: &Sheet, name: &String| {
        let at = sheet.columns.iter().position(|c| c == name).unwrap();
        let texts = sheet
            .rows
            .iter()
            .map(|row| row[at].as_str())
            .filter(|text| !text.is_empty());
        texts
            .map(|text| Type::of(Cell::text(text)))
            .fold(Type::Null, Type::join)
    };
    let both = after
        .columns
        .iter()
        .filter(|name| before.columns.contains(name));
    let full = Full {
        sheets: [before, after],
        common: both
            .map(|name| (name.clone(), kind(before, name).join(kind(after, name))))
            .collect(),
    };
    let mut a: Side<'_> = before.rows.iter().enumerate().collect();
    let mut b: Side<'_> = after.rows.iter().enumerate().collect();
    let canonical_bytes = |side, row: &Row| {
        let parts = full.canonical(side, row);
        parts
            .into_iter()
            .map(|part| part.map_or(vec![0], |part| [&[1, 0], part.as_bytes(), &[0, 0]].concat()))
            .collect::<Vec<_>>()
            .concat()
    };
    let spelling = |side, row: &Row| {
        vec![
            canonical_bytes(side, row),
            full.raw(side, row),
            full.whole(side, row),
        ]
    };
    let mut kept = zip_off(
        &mut a,
        &mut b,
        |s, row| Some(full.whole(s, row)),
        |_, _| Vec::new(),
    );
    kept.extend(zip_off(
        &mut a,
        &mut b,
        |s, row| Some(full.raw(s, row)),
        spelling,
    ));
    let respelled = zip_off(
        &mut a,
        &mut b,
        |s, row| Some(full.canonical(s, row)),
        spelling,
    );
    let mut modified = zip_off(&mut a, &mut b, |s, row| full.key(s, row), spelling);
    if after.roles.key().is_empty() {
        let ranked = |side: usize, rows: &Side<'_>| {
            let mut ranked: Vec<_> = rows
                .iter()
                .map(|(&at, row)| (spelling(side, row), at))
                .collect();
            ranked.sort();
            ranked.into_iter().map(|(_, at)| at).collect::<Vec<_>>()
        };
        let (rank_a, rank_b) = (ranked(0, &a), ranked(1, &b));
        let mut scored = Vec::new();
        for (i, x) in rank_a.iter().enumerate() {
            for (j, y) in rank_b.iter().enumerate() {
                let (p, q) = (full.canonical(0, a[x]), full.canonical(1, b[y]));
                let filled = p
                    .iter()
                    .zip(&q)
                    .filter(|(p, q)| p.is_some() || q.is_some())
                    .count();
                let equal = p
                    .iter()
                    .zip(&q)
                    .filter(|(p, q)| p == q && p.is_some())
                    .count();
                if equal > 0 && 2 * equal >= filled {
                    scored.push((std::cmp::Reverse(equal), i, j));
                }
            }
        }
        scored.sort();
        for (_, i, j) in scored {
            if a.contains_key(&rank_a[i]) && b.contains_key(&rank_b[j]) {
                a.remove(&rank_a[i]);
                b.remove(&rank_b[j]);
                modified.push((rank_a[i], rank_b[j]));
            }
        }
    }
    modified.sort_by_key(|pair| pair.1);
    let name = |side: usize, at: usize| {
        let sheet = full.sheets[side];
        if after.roles.key().is_empty() {
            return Identity::Ordinal(at as u64 + 1, crate::base::ObjectId([0; 32]));
        }
        let part = |part: &String| full.value(side, &sheet.rows[at], part);
        Identity::Key(after.roles.key().iter().map(part).collect())
    };
    let mut answer = Answer::default();
    let mut changed = BTreeSet::new();
    for &(x, y) in &modified {
        let (p, q) = (&before.rows[x], &after.rows[y]);
        for field in after
            .columns
            .iter()
            .filter(|name| full.common.contains_key(*name))
        {
            let (from, to) = (full.value(0, p, field), full.value(1, q, field));
            if from == to {
                continue;
            }
            if after.roles.labels().contains(field) {
                let value = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
                let cause = causes.get(&(field.clone(), value(&from), value(&to)));
                if !matches!(cause, Some(Cause::Rename | Cause::Swap)) {
                    changed.insert(y);
                }
                answer.labels.push((name(1, y), field.clone(), from, to));
            } else {
                changed.insert(y);
                let text = |side, row| full.cell(side, row, field).map(str::to_owned);
                answer
                    .cells
                    .push((name(1, y), field.clone(), text(0, p), text(1, q)));
            }
        }
    }
    let mut records = Vec::new();
    for (status, side, rows) in [(RecordStatus::Removed, 0, &a), (RecordStatus::Added, 1, &b)] {
        for (before_it, &at) in rows.keys().enumerate() {
            records.push((at - before_it, side, at, status));
        }
    }
    records.sort_by_key(|(rank, side, at, _)| (*rank, *side, *at));
    answer.records = records
        .iter()
        .map(|(_, side, at, status)| (*status, name(*side, *at)))
        .collect();
    let repeats = |side: usize| {
        let sheet = full.sheets[side];
        let whole: BTreeSet<_> = sheet.rows.iter().map(|row| full.whole(side, row)).collect();
        let keys: Vec<_> = sheet
            .rows
            .iter()
            .filter_map(|row| full.key(side, row))
            .collect();
        let distinct: BTreeSet<_> = keys.iter().collect();
        let keyed = !after.roles.key().is_empty();
        whole.len() < sheet.rows.len() || (keyed && distinct.len() < keys.len())
    };
    let moved = (!repeats(0) && !repeats(1)).then(|| {
        let mut pairs = [kept, respelled.clone(), modified].concat();
        pairs.sort();
        let mut longest: Vec<u64> = Vec::new();
        for at in 0..pairs.len() {
            let best = (0..at)
                .filter(|&e| pairs[e].1 < pairs[at].1)
                .map(|e| longest[e])
                .max();
            longest.push(best.unwrap_or(0) + 1);
        }
        pairs.len() as u64 - longest.into_iter().max().unwrap_or(0)
    });
    answer.counts = RecordCounts {
        before: before.rows.len() as u64,
        after: after.rows.len() as u64,
        added: b.len() as u64,
        removed: a.len() as u64,
        modified: changed.len() as u64,
        respelled: respelled.len() as u64,
        moved,
    };
    answer
}

/// Reads the engine's events as an answer.
fn answer_of(events: &[Event]) -> (Answer, BTreeMap<(String, Value, Value), Cause>) {
    let mut answer = Answer::default();
    let mut causes = BTreeMap::new();
    let text = |value: &Value| value.text().map(str::to_owned);
    let plain = |key: &Identity| match key {
        Identity::Ordinal(at, _) => Identity::Ordinal(*at, crate::base::ObjectId([0; 32])),
        key => key.clone(),
    };
    for event in events {
        match event {
            Event::Label(e) => {
                causes.insert((e.field.clone(), e.from.clone(), e.to.clone()), e.cause);
                let (from, to) = (text(&e.from), text(&e.to));
                answer
                    .labels
                    .push((plain(&e.key), e.field.clone(), from, to));
            }
            Event::Record(e) => answer.records.push((e.change, plain(&e.key))),
            Event::Cell(e) => {
                let (from, to) = (text(&e.from), text(&e.to));
                answer
                    .cells
                    .push((plain(&e.key), e.field.clone(), from, to));
            }
            Event::Summary(e) => answer.counts = e.records,
            Event::File(_) | Event::Schema(_) | Event::Problem(_) => {}
        }
    }
    (answer, causes)
}

#[derive(Clone, Debug)]
pub(super) enum Edit {
    Set(usize, usize, &'static str),
    Respell(usize, usize),
    Delete(usize),
    Insert(usize, Row),
    Copy(usize, usize),
    Move(usize, usize),
}

fn cell() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", "1", "2", "17", "17.0", "3.5", "a", "b", "cat", "dog", "e\u{301}", "\u{e9}",
    ])
}

pub(super) fn row() -> impl Strategy<Value = Row> {
    (0u32..14, prop::collection::vec(cell(), 3)).prop_map(|(key, cells)| {
        let key = match key {
            0 => String::new(),
            n => n.to_string(),
        };
        std::iter::once(key)
            .chain(cells.into_iter().map(str::to_owned))
            .collect()
    })
}

fn unique_row() -> impl Strategy<Value = Row> {
    (0u32..1000, prop::collection::vec(cell(), 3)).prop_map(|(key, cells)| {
        std::iter::once(key.to_string())
            .chain(cells.into_iter().map(str::to_owned))
            .collect()
    })
}

pub(super) fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0usize..99, 0usize..4, cell()).prop_map(|(at, column, to)| Edit::Set(at, column, to)),
        (0usize..99, 2usize..4, cell()).prop_map(|(at, column, to)| Edit::Set(at, column, to)),
        (0usize..99, 0usize..4).prop_map(|(at, column)| Edit::Respell(at, column)),
        (0usize..99).prop_map(Edit::Delete),
        (0usize..99, row()).prop_map(|(at, row)| Edit::Insert(at, row)),
        (0usize..99, 0usize..99).prop_map(|(from, to)| Edit::Copy(from, to)),
        (0usize..99, 0usize..99).prop_map(|(from, to)| Edit::Move(from, to)),
    ]
}

pub(super) fn edited(rows: &[Row], edits: &[Edit]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for edit in edits {
        let n = rows.len();
        match edit {
            Edit::Insert(at, row) => rows.insert(at % (n + 1), row.clone()),
            _ if n == 0 => {}
            Edit::Set(at, column, to) => rows[at % n][*column] = (*to).to_owned(),
            Edit::Respell(at, column) => {
                let cell = &mut rows[at % n][*column];
                *cell = match cell.as_str() {
                    "17" => "17.0".to_owned(),
                    "e\u{301}" => "\u{e9}".to_owned(),
                    text if text.parse::<u32>().is_ok() => format!("{text}.0"),
                    text => text.to_owned(),
                };
            }
            Edit::Delete(at) => {
                rows.remove(at % n);
            }
            Edit::Copy(from, to) => {
                let row = rows[from % n].clone();
                rows.insert(to % (n + 1), row);
            }
            Edit::Move(from, to) => {
                let row = rows.remove(from % n);
                rows.insert(to % n, row);
            }
        }
    }
    rows
}

pub(super) fn check(before: &Sheet, after: &Sheet, cuts: ((u64, u64), (u64, u64))) {
    let (events, _) = diff_cut(before, after, cuts);
    let (found, causes) = answer_of(&events);
    assert_eq!(found, oracle(before, after, &causes));
    // Cutting anew changes nothing at all.
    let (again, _) = diff_cut(before, after, ((7, 3), (2, 9)));
    assert_eq!(events, again);
}

pub(super) fn sheet(rows: Vec<Row>, keyed: bool, columns: &[&str]) -> Sheet {
    let mut sheet = Sheet::new(&columns.join(","));
    sheet.rows = rows;
    if keyed {
        sheet = sheet.role(Role::Key, "id");
    }
    sheet.role(Role::Label, "label")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn skipping_chunks_equals_the_full_join(
        rows in prop::collection::vec(row(), 0..40),
        edits in prop::collection::vec(edit(), 0..10),
        keyed in any::<bool>(),
        modulus in 1u64..6,
    ) {
        let columns = ["id", "x", "y", "label"];
        let after = sheet(edited(&rows, &edits), keyed, &columns);
        let before = sheet(rows, keyed, &columns);
        check(&before, &after, ((modulus, 1), (modulus, 1)));
        check(&after, &before, ((modulus, 1), (modulus, 1)));
    }

    #[test]
    fn unique_keys_equal_the_full_join(
        rows in prop::collection::btree_map(0u32..500, unique_row(), 0..60),
        edits in prop::collection::vec(edit(), 0..6),
        modulus in 1u64..6,
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|(key, mut row)| {
            row[0] = key.to_string();
            row
        }).collect();
        let columns = ["id", "x", "y", "label"];
        let after = sheet(edited(&rows, &edits), true, &columns);
        let before = sheet(rows, true, &columns);
        check(&before, &after, ((modulus, 1), (modulus, 1)));
    }

    #[test]
    fn other_columns_equal_the_full_join(
        rows in prop::collection::vec(row(), 0..25),
        edits in prop::collection::vec(edit(), 0..6),
        keyed in any::<bool>(),
        added in prop::collection::vec(cell(), 40),
    ) {
        let columns = ["id", "x", "y", "label"];
        let mut after = sheet(edited(&rows, &edits), keyed, &["id", "x", "y", "label", "new"]);
        for (row, cell) in after.rows.iter_mut().zip(added.iter().cycle()) {
            row.push((*cell).to_owned());
        }
        let before = sheet(rows, keyed, &columns);
        check(&before, &after, ((3, 1), (3, 1)));
        check(&after, &before, ((3, 1), (3, 1)));
    }

    #[test]
    fn nothing_differs_from_itself(rows in prop::collection::vec(row(), 0..30), keyed in any::<bool>()) {
        let table = sheet(rows, keyed, &["id", "x", "y", "label"]);
        let (events, changes) = diff_cut(&table, &table, ((2, 1), (3, 5)));
        let changed = |event: &&Event| !matches!(event, Event::Problem(_) | Event::Summary(_));
        prop_assert_eq!(events.iter().find(changed), None);
        prop_assert_eq!(changes.step.as_str(), "none");
    }
}
