//! What inference answers: proposals with their evidence, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::DatasetConfig;
use crate::record::{Format, Role, normalized};

use super::super::declaration::Declaration;

/// What the files hold that no data set covers.
#[derive(Clone, Debug, Default)]
pub struct Inference {
    /// Data sets that can be declared.
    pub proposals: Vec<Proposal>,
    /// Tables that lack what a declaration wants.
    pub undeclared: Vec<Undeclared>,
}

impl Inference {
    pub(super) fn take(&mut self, proposal: Proposal, taken: &mut BTreeSet<String>) {
        taken.insert(proposal.config.name.clone());
        self.proposals.push(proposal);
    }
}

/// A data set that can be declared.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What `dver.toml` would say.
    pub config: DatasetConfig,
    /// The same with its meaning.
    pub declaration: Declaration,
    /// How many files it covers.
    pub files: u64,
    /// How many records it has.
    pub records: u64,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Files with records that are not declared unasked.
#[derive(Clone, Debug)]
pub struct Undeclared {
    /// The paths or patterns, as `dver dataset add` takes them.
    pub paths: Vec<String>,
    /// The format.
    pub format: Format,
    /// The fields.
    pub fields: Vec<Arc<str>>,
    /// What looks like the key, where there is one.
    pub key: Vec<String>,
    /// What looks like the label, where there is one.
    pub labels: Vec<String>,
}

/// How it was found what a field is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The user said so.
    Given,
    /// By its name.
    Name,
    /// By its values.
    Values,
    /// It is a part of the path.
    Path,
}

/// One reason for a declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// The files and how they are written.
    Format {
        /// The format.
        format: Format,
        /// The dialect of the first file, as names and texts.
        dialect: BTreeMap<String, String>,
        /// How many files there are.
        files: u64,
        /// How many records they hold.
        records: u64,
    },
    /// The key, counted over all records.
    Key {
        /// Its fields.
        fields: Vec<String>,
        /// How it was found.
        basis: Basis,
        /// Records.
        records: u64,
        /// Different keys.
        distinct: u64,
        /// Records without a key.
        nulls: u64,
    },
    /// A label, counted over all records.
    Label {
        /// The field.
        field: String,
        /// How it was found.
        basis: Basis,
        /// Different values; `None` for very many.
        classes: Option<u64>,
        /// Records without a label.
        nulls: u64,
    },
    /// A field with another role.
    Role {
        /// The role.
        role: Role,
        /// The field.
        field: String,
        /// How it was found.
        basis: Basis,
    },
}

impl Evidence {
    /// Returns whether it is a key that every record has for itself.
    pub fn is_unique_key(&self) -> bool {
        match self {
            Self::Key {
                records,
                distinct,
                nulls,
                ..
            } => *records > 0 && *nulls == 0 && distinct == records,
            _ => false,
        }
    }
}

/// What the user says of a data set.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Its name.
    pub name: Option<String>,
    /// Its format.
    pub format: Option<Format>,
    /// Roles with their fields.
    pub roles: Vec<(Role, Vec<String>)>,
    /// Whether a sample is believed: who asks counts all records anyway, and asks again where they
    /// do not bear the answer out ([`super::bears_out`]).
    pub presumed: bool,
}

impl Given {
    /// Returns the fields that are given a role.
    pub(super) fn fields(&self, role: Role) -> Vec<String> {
        let own = self.roles.iter().filter(|(given, _)| *given == role);
        own.flat_map(|(_, fields)| fields.iter().map(|field| normalized(field).into_owned()))
            .collect()
    }
}
