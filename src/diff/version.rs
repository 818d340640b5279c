//! One version of a data set, and how two of them are read against each other.

use std::collections::BTreeMap;

use crate::base::RepoPath;
use crate::config::LabelKindConfig;
use crate::profile::Facts;
use crate::record::{Format, Problem, Roles, Type, UNPARSABLE};

use super::fields::FieldMap;
use super::label_kind::separator;
use super::reading::{Common, KeyPart, Pairing, Reading};
use super::records::Records;

/// One version of a data set.
#[derive(Clone, Copy)]
pub(crate) struct Version<'a> {
    pub(crate) records: &'a dyn Records,
    pub(crate) facts: &'a Facts,
    pub(crate) roles: &'a Roles,
    pub(crate) format: Format,
    /// How each file is written, by path.
    pub(crate) dialects: &'a BTreeMap<RepoPath, BTreeMap<String, String>>,
    /// Declared renames of classes.
    pub(crate) rename: &'a BTreeMap<String, String>,
    /// What the values of label fields are declared to be, by field.
    pub(crate) label_kind: &'a BTreeMap<String, LabelKindConfig>,
}

/// Decides how both sides are read: with the newer declaration where its fields exist in the
/// older version, else each with its own.
pub(crate) fn reading(map: &FieldMap, before: Version<'_>, after: Version<'_>) -> Reading {
    let (old, new) = (&before.facts.fields, &after.facts.fields);
    let mut common: Vec<Common> = map
        .same
        .iter()
        .map(|same| {
            let (a, b) = (&old[same.before], &new[same.after]);
            Common {
                before: a.name.clone(),
                after: b.name.clone(),
                kind: a.kind.join(b.kind),
                label: after.roles.labels().iter().any(|label| *label == *b.name),
                key: after.roles.key().iter().any(|key| *key == *b.name),
                content: after.roles.is_content(&b.name),
                separator: separator(after.label_kind, &b.name),
            }
        })
        .collect();
    // What does not parse is in no schema, yet it must not be equal to anything else that does
    // not parse.
    let bad = |facts: &Facts| facts.problems.contains_key(Problem::Json.name());
    if bad(before.facts) || bad(after.facts) {
        common.push(Common {
            before: UNPARSABLE.into(),
            after: UNPARSABLE.into(),
            kind: Type::String,
            label: false,
            key: false,
            content: true,
            separator: None,
        });
    }
    let newer_key: Vec<KeyPart> = after
        .roles
        .key()
        .iter()
        .filter_map(|name| {
            let field = common.iter().find(|field| *field.after == **name)?;
            Some(KeyPart {
                before: field.before.clone(),
                after: field.after.clone(),
                kind: field.kind,
            })
        })
        .collect();
    let (own_old, own_new) = (before.roles.key(), after.roles.key());
    let key = if newer_key.len() == own_new.len() {
        newer_key
    } else {
        // Other names for what may be the same values; keys of other lengths match nothing.
        let kind = |facts: &Facts, name: &str| {
            let field = facts.fields.iter().find(|field| &*field.name == name);
            field.map(|field| field.kind)
        };
        own_old
            .iter()
            .zip(own_new)
            .filter(|_| own_old.len() == own_new.len())
            .filter_map(|(a, b)| {
                Some(KeyPart {
                    before: a.as_str().into(),
                    after: b.as_str().into(),
                    kind: kind(before.facts, a)?.join(kind(after.facts, b)?),
                })
            })
            .collect()
    };
    let images = before.format == Format::Images && after.format == Format::Images;
    let pairing = match (images, own_new.is_empty()) {
        (true, _) => Pairing::Image,
        (false, false) => Pairing::Key,
        (false, true) => Pairing::Content,
    };
    if pairing != Pairing::Content {
        let in_key = |name: &str| key.iter().any(|part: &KeyPart| *part.after == *name);
        common
            .iter_mut()
            .for_each(|field| field.key = in_key(&field.after));
    }
    Reading::new(common, key, pairing)
}
