//! What is counted of a data set: the roles of its fields, and the rules that they are held to.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::record::{Role, Roles};

use super::rules::Rules;

/// What the profile of a data set looks at. Profiles of one survey can be added up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    /// The roles of the fields.
    pub roles: Roles,
    /// What the values of fields are held to.
    pub rules: Arc<Rules>,
    /// Whether no more is counted than a comparison asks of tables with whole keys that stand
    /// once: types, nulls, classes, problems, keys. There are no digests then.
    pub facts_only: bool,
}

impl Survey {
    /// Returns the survey of a data set with these roles and rules.
    pub fn new(roles: &Roles, rules: Arc<Rules>) -> Self {
        let roles = roles.clone();
        Self {
            roles,
            rules,
            facts_only: false,
        }
    }

    /// Returns the survey that counts only what a comparison asks.
    pub fn of_facts(&self) -> Self {
        Self {
            roles: self.roles.clone(),
            rules: Arc::default(),
            facts_only: true,
        }
    }

    /// Returns the survey of a data set whose fields are held to nothing.
    pub fn of_roles(roles: &Roles) -> Self {
        Self::new(roles, Arc::default())
    }

    /// Returns the fields that must not have a value twice, save a field that alone is the key:
    /// of that, `duplicates_key` tells.
    pub(super) fn unique(&self) -> impl Iterator<Item = &str> {
        let alone = match self.roles.key() {
            [only] => Some(only.as_str()),
            _ => None,
        };
        let unique = self.rules.unique();
        unique.filter(move |field| Some(*field) != alone)
    }

    /// Returns the fields whose text is looked at.
    pub(super) fn texts(&self) -> Vec<String> {
        self.roles.fields(Role::Text).to_vec()
    }

    /// Returns a hash of what decides how records are counted, beside the roles.
    pub(super) fn print(&self) -> u128 {
        xxh3_128(self.rules.spelled().as_bytes())
    }
}
