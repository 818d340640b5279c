//! Which fields of two versions are the same field, and what changed about the fields.
//!
//! Invariant: a function of the two sides' facts and declarations, never of the chunks that
//! happened to be read. Definitions: docs/diff.md, "Schema".

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::object::changes::SchemaChange;
use crate::record::{Role, Roles, Type};

use crate::profile::{Facts, FieldFacts};

/// A field that both sides have: its places in the two lists, and why a renamed one is believed
/// to be the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Same {
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) evidence: Option<String>,
}

/// The fields of two versions, laid beside each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FieldMap {
    /// Fields of both sides, in the newer order.
    pub(crate) same: Vec<Same>,
    /// Places of fields that only the older side has.
    pub(crate) removed: Vec<usize>,
    /// Places of fields that only the newer side has.
    pub(crate) added: Vec<usize>,
}

impl FieldMap {
    /// Lays fields beside each other by name, and by digest where the names differ.
    pub(crate) fn new(before: &[FieldFacts], after: &[FieldFacts]) -> Self {
        let mut map = Self::default();
        let mut taken = vec![false; before.len()];
        let mut next = 0;
        for (at, field) in after.iter().enumerate() {
            // Fields mostly keep their order; a table may have ten thousand of them.
            let found = match before.get(next) {
                Some(old) if old.name == field.name => Some(next),
                _ => before.iter().position(|old| old.name == field.name),
            };
            match found {
                Some(old) => {
                    next = old + 1;
                    taken[old] = true;
                    map.same.push(Same {
                        before: old,
                        after: at,
                        evidence: None,
                    });
                }
                None => map.added.push(at),
            }
        }
        map.removed = (0..before.len()).filter(|&old| !taken[old]).collect();
        // The digest of no value at all proves nothing.
        for at in std::mem::take(&mut map.added) {
            let digest = after[at].digest;
            let found = map
                .removed
                .iter()
                .position(|&old| digest != 0 && before[old].digest == digest);
            match found {
                Some(found) => {
                    let old = map.removed.remove(found);
                    map.pair(old, at, "equal field digest".to_owned());
                }
                None => map.added.push(at),
            }
        }
        map
    }

    /// Lays two fields beside each other that [`FieldMap::new`] left alone.
    pub(crate) fn pair(&mut self, before: usize, after: usize, evidence: String) {
        self.removed.retain(|&at| at != before);
        self.added.retain(|&at| at != after);
        self.same.push(Same {
            before,
            after,
            evidence: Some(evidence),
        });
        self.same.sort_by_key(|same| same.after);
    }

    /// Returns the older name of a newer field.
    pub(crate) fn older<'a>(
        &self,
        before: &'a [FieldFacts],
        after: &[FieldFacts],
        name: &str,
    ) -> Option<&'a FieldFacts> {
        let same = self
            .same
            .iter()
            .find(|same| &*after[same.after].name == name)?;
        Some(&before[same.before])
    }
}

/// What one side declares of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'a> {
    pub(crate) roles: &'a Roles,
    /// Whether the order of fields means something: in a table, not in JSON.
    pub(crate) ordered: bool,
}

/// Returns the changes of fields, types, roles and key, in the order of the newer fields.
pub(crate) fn changes(
    map: &FieldMap,
    before: (&Facts, Declared<'_>),
    after: (&Facts, Declared<'_>),
) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    let (old_fields, new_fields) = (&before.0.fields, &after.0.fields);
    let moved = if before.1.ordered && after.1.ordered {
        out_of_order(map)
    } else {
        Vec::new()
    };
    for (at, field) in new_fields.iter().enumerate() {
        let name = Some(field.name.to_string());
        let Some(same) = map.same.iter().find(|same| same.after == at) else {
            let to = json!(field.kind.name());
            changes.push(change("field_added", name, Value::Null, to, false));
            continue;
        };
        let old = &old_fields[same.before];
        if old.name != field.name {
            let (from, to) = (json!(&*old.name), json!(&*field.name));
            let mut renamed = change("field_renamed", name.clone(), from, to, true);
            renamed.evidence.clone_from(&same.evidence);
            changes.push(renamed);
        }
        if moved.contains(&at) {
            let (from, to) = (json!(same.before + 1), json!(at + 1));
            changes.push(change("field_moved", name.clone(), from, to, false));
        }
        if old.kind != field.kind {
            let breaking = old.kind != Type::Null && old.kind.join(field.kind) != old.kind;
            let (from, to) = (json!(old.kind.name()), json!(field.kind.name()));
            changes.push(change("type_changed", name.clone(), from, to, breaking));
        }
        if (old.nulls > 0) != (field.nulls > 0) {
            let (from, to) = (json!(old.nulls > 0), json!(field.nulls > 0));
            changes.push(change(
                "nullable_changed",
                name.clone(),
                from,
                to,
                field.nulls > 0,
            ));
        }
        let roles = (
            roles(before.1.roles, &old.name),
            roles(after.1.roles, &field.name),
        );
        if roles.0 != roles.1 {
            changes.push(change(
                "role_changed",
                name,
                json!(roles.0),
                json!(roles.1),
                true,
            ));
        }
    }
    for &at in &map.removed {
        let field = &old_fields[at];
        let (name, from) = (Some(field.name.to_string()), json!(field.kind.name()));
        changes.push(change("field_removed", name, from, Value::Null, true));
    }
    let newer = |name: &String| {
        let same = map
            .same
            .iter()
            .find(|same| &*old_fields[same.before].name == name);
        same.map_or_else(
            || name.clone(),
            |same| new_fields[same.after].name.to_string(),
        )
    };
    // A key whose field was renamed is the same key.
    let key: Vec<String> = before.1.roles.key().iter().map(newer).collect();
    if key != after.1.roles.key() {
        let (from, to) = (json!(before.1.roles.key()), json!(after.1.roles.key()));
        changes.push(change("key_changed", None, from, to, true));
    }
    changes
}

/// Returns a change of dialect: only what differs.
pub(crate) fn dialect_change(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Option<SchemaChange> {
    // Of two formats, only what both have compares.
    let same_format = before.get("format") == after.get("format");
    let only = |here: &BTreeMap<String, String>, there: &BTreeMap<String, String>| {
        let differs = here.iter().filter(|(name, value)| {
            there
                .get(*name)
                .map_or(same_format, |other| other != *value)
        });
        differs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (from, to) = (only(before, after), only(after, before));
    if from.is_empty() && to.is_empty() {
        return None;
    }
    // Line ends and a byte order mark are of no consequence to any reader of the format.
    let harmless = |name: &String| matches!(name.as_str(), "newline" | "bom");
    let breaking = !from.keys().chain(to.keys()).all(harmless);
    Some(change(
        "dialect_changed",
        None,
        json!(from),
        json!(to),
        breaking,
    ))
}

pub(crate) fn change(
    name: &str,
    field: Option<String>,
    from: Value,
    to: Value,
    breaking: bool,
) -> SchemaChange {
    SchemaChange {
        change: name.to_owned(),
        field,
        from,
        to,
        count: None,
        evidence: None,
        verdict: if breaking { "breaking" } else { "compatible" }.to_owned(),
    }
}

/// Returns the roles other than key, whose change is told by itself; a field without a role is a
/// feature.
fn roles(roles: &Roles, field: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = roles
        .of(field)
        .into_iter()
        .filter(|role| *role != Role::Key)
        .map(Role::name)
        .collect();
    if names.is_empty() {
        names.push(Role::Feature.name());
    }
    names
}

/// Returns the newer places of the fewest fields whose moving explains the new order.
fn out_of_order(map: &FieldMap) -> Vec<usize> {
    let places: Vec<usize> = map.same.iter().map(|same| same.before).collect();
    if places.is_sorted() {
        return Vec::new();
    }
    // Longest increasing subsequence; few tables have many fields.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(places.len());
    for at in 0..places.len() {
        let longest = (0..at)
            .filter(|&earlier| places[earlier] < places[at])
            .max_by_key(|&earlier| (best[earlier].0, std::cmp::Reverse(earlier)));
        best.push((longest.map_or(1, |earlier| best[earlier].0 + 1), longest));
    }
    let mut stays = vec![false; places.len()];
    let mut next = (0..places.len()).max_by_key(|&at| (best[at].0, std::cmp::Reverse(at)));
    while let Some(at) = next {
        stays[at] = true;
        next = best[at].1;
    }
    let moves = map.same.iter().zip(stays).filter(|(_, stays)| !stays);
    moves.map(|(same, _)| same.after).collect()
}
