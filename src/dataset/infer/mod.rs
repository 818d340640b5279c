//! Inference: which files are data sets, and what their fields are for, with the evidence.
//!
//! Invariant: what is declared unasked has a key and a label, and its key was found unique over
//! all records. The same files give the same answer. Words are not made here.

mod evidence;
mod exact;
mod folders;
mod groups;
mod names;
mod roles;
mod sample;

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::{RepoPath, nearest};
use crate::config::DatasetConfig;
use crate::object::{Content, EntryKind, FileEntry, ObjectSource};
use crate::record::{DeclaredDialect, Encoding, Format, Layout, Role, sniff_format};

use super::declaration::{Declaration, Declarations};
use super::error::Error;
use super::images;
use super::pattern::PathPattern;
use super::table::Table;
use super::units;
pub use evidence::{Basis, Evidence, Given, Inference, Proposal, Undeclared};
use groups::{Group, TableFile};

/// Finds data sets among the files of a version that no declared data set covers.
///
/// `added` are the files to look at, `entries` all files of the version, in order of paths.
pub fn infer(
    source: &dyn ObjectSource,
    added: &[FileEntry],
    entries: &[FileEntry],
    declared: &Declarations,
) -> Result<Inference, Error> {
    infer_given(source, added, entries, declared, &Given::default())
}

/// Does the same from a sample: a key that is unique and labels that are few there are presumed to
/// be so everywhere.
pub fn presume(
    source: &dyn ObjectSource,
    added: &[FileEntry],
    entries: &[FileEntry],
    declared: &Declarations,
) -> Result<Inference, Error> {
    let given = Given {
        presumed: true,
        ..Given::default()
    };
    infer_given(source, added, entries, declared, &given)
}

/// Returns whether what was presumed of a declaration is so: each record has a key of its own, and
/// label fields have these numbers of classes (`None`: more than 65,536).
pub fn bears_out(
    declaration: &Declaration,
    records: u64,
    has_own_key: bool,
    classes: &dyn Fn(&str) -> Option<u64>,
) -> bool {
    let labels = declaration.roles.labels();
    (has_own_key || declaration.roles.key().is_empty())
        && labels.iter().all(|field| {
            let most = roles::most_classes(field, records);
            classes(field).is_some_and(|classes| classes <= most)
        })
}

fn infer_given(
    source: &dyn ObjectSource,
    added: &[FileEntry],
    entries: &[FileEntry],
    declared: &Declarations,
    given: &Given,
) -> Result<Inference, Error> {
    let covered: Vec<bool> = added
        .par_iter()
        .map(|entry| declared.covering(&entry.path).is_some())
        .collect();
    let fresh: Vec<&FileEntry> = added
        .iter()
        .zip(covered)
        .filter(|(_, covered)| !covered)
        .map(|(entry, _)| entry)
        .collect();
    let mut taken: BTreeSet<String> = declared.names().map(str::to_owned).collect();
    let mut inference = Inference::default();
    for folder in folders::of(&fresh, entries) {
        let name = free_name(&folder.name, &taken);
        let proposal = folder.proposal(source, entries, given, name)?;
        inference.take(proposal, &mut taken);
    }
    let files = table_files(source, &fresh, None)?;
    let known = table_paths(entries);
    for group in groups::of(&files, &known) {
        let name = free_name(&group.name, &taken);
        let found = propose(source, &group, entries, given, name)?;
        if found.is_complete() {
            inference.take(found.proposal, &mut taken);
            continue;
        }
        if group.loose
            && found.has_repeating_key()
            && let Some(singles) = singles(source, &group, entries, &taken)?
        {
            for proposal in singles {
                inference.take(proposal, &mut taken);
            }
            continue;
        }
        // Where there is no field there is nothing to declare.
        if !found.fields.is_empty() {
            inference.undeclared.push(found.into_undeclared());
        }
    }
    Ok(inference)
}

/// Proposes each file of a group by itself, where all of them have a key of their own: the group's
/// key repeats from file to file, as in two versions of one table.
fn singles(
    source: &dyn ObjectSource,
    group: &Group<'_>,
    entries: &[FileEntry],
    taken: &BTreeSet<String>,
) -> Result<Option<Vec<Proposal>>, Error> {
    let mut proposals = Vec::new();
    let mut taken = taken.clone();
    for file in &group.files {
        let Some(single) = Group::single(file) else {
            return Ok(None);
        };
        let name = free_name(&single.name, &taken);
        let found = propose(source, &single, entries, &Given::default(), name)?;
        if !found.is_complete() {
            return Ok(None);
        }
        taken.insert(found.proposal.config.name.clone());
        proposals.push(found.proposal);
    }
    Ok(Some(proposals))
}

/// Declares the files that the paths name as one data set, as the user says and, where the user
/// says nothing, as it is found.
///
/// A path is that of a file or a directory among the entries, or a pattern. A data set that has
/// the same paths already keeps its name: it is declared anew.
pub fn declare(
    source: &dyn ObjectSource,
    paths: &[String],
    entries: &[FileEntry],
    declared: &Declarations,
    given: &Given,
) -> Result<Proposal, Error> {
    let taken: BTreeSet<String> = declared.names().map(str::to_owned).collect();
    let mut patterns = Vec::new();
    let mut chosen = Vec::new();
    for path in paths {
        let plain = path
            .strip_prefix("./")
            .unwrap_or(path)
            .trim_end_matches('/');
        let is_file = |entry: &&FileEntry| entry.path.as_bytes() == plain.as_bytes();
        let directory = if plain == "." { "" } else { plain };
        let below = |entry: &&FileEntry| entry.path.is_within(directory.as_bytes());
        if let Some(entry) = entries.iter().find(is_file) {
            chosen.push(entry);
        } else if entries.iter().any(|entry| below(&entry)) {
            chosen.extend(entries.iter().filter(below));
        } else {
            let name = || given.name.clone().unwrap_or_else(|| plain.to_owned());
            let pattern = PathPattern::parse(plain).map_err(|source| Error::Pattern {
                dataset: name(),
                source,
            })?;
            chosen.extend(
                entries
                    .iter()
                    .filter(|e| pattern.matches(&e.path).is_some()),
            );
            patterns.push(pattern);
        }
    }
    let name_or = |found: &str| match &given.name {
        Some(name) => name.clone(),
        None => free_name(found, &taken),
    };
    let wants_images = given.format.is_none_or(|format| format == Format::Images);
    if wants_images
        && let Some(folder) = folders::declared(&patterns, &chosen, given.format.is_some())
            .or_else(|| folders::of(&chosen, entries).into_iter().next())
    {
        let name = name_or(&folder.name);
        return folder.proposal(source, entries, given, name);
    }
    let files = table_files(source, &chosen, given.format)?;
    let group = match &patterns[..] {
        [] => {
            let mut groups = groups::of(&files, &table_paths(entries));
            match groups.len() {
                1 => groups.pop(),
                _ => Group::listed(files.iter().collect()),
            }
        }
        patterns => Group::listed(files.iter().collect()).map(|mut group| {
            group.patterns = patterns.iter().map(|p| p.as_str().to_owned()).collect();
            group.name = groups::name_of(&patterns[0]);
            group
        }),
    };
    let group = group.ok_or_else(|| Error::NoTable {
        paths: paths.join(", "),
    })?;
    let same = declared.datasets.iter().find(|dataset| {
        let patterns = dataset.patterns.iter().map(PathPattern::as_str);
        patterns.eq(group.patterns.iter().map(String::as_str))
    });
    let name = match (&given.name, same) {
        (None, Some(same)) => same.name.clone(),
        _ => name_or(&group.name),
    };
    let found = propose(source, &group, entries, given, name)?;
    Ok(found.proposal)
}

fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    let free = |name: &String| !taken.contains(name);
    (2u64..)
        .map(|n| format!("{name}-{n}"))
        .find(free)
        .filter(|_| taken.contains(name))
        .unwrap_or_else(|| name.to_owned())
}

/// Returns the paths of all files that are tables by their names.
fn table_paths(entries: &[FileEntry]) -> Vec<&RepoPath> {
    let is_table = |entry: &&FileEntry| {
        let extension = entry.path.extension();
        sniff_format(extension.as_deref(), b"").is_some()
    };
    entries
        .iter()
        .filter(is_table)
        .map(|entry| &entry.path)
        .collect()
}

/// Returns the files among the entries that hold records, with how they read.
fn table_files<'a>(
    source: &dyn ObjectSource,
    entries: &[&'a FileEntry],
    format: Option<Format>,
) -> Result<Vec<TableFile<'a>>, Error> {
    // Of other files the first bytes tell nothing, and reading them all would take long.
    const MAYBE: [&str; 4] = ["json", "txt", "dat", "data"];
    let candidates = entries.par_iter().filter(|entry| {
        let extension = entry.path.extension();
        let extension = extension.as_deref();
        entry.kind != EntryKind::Symlink
            && entry.size > 0
            && entry.path.as_str().is_some()
            && !entry.path.file_name().starts_with(b".")
            && (format.is_some()
                || sniff_format(extension, b"").is_some()
                || extension.is_some_and(|extension| MAYBE.contains(&extension)))
    });
    let read = |entry: &&'a FileEntry| {
        let content = Content::open(source, &entry.content, entry.size)?;
        let head = match &content.manifest {
            Some(manifest) => units::head(source, manifest)?,
            None => source.get(&entry.content)?,
        };
        let found = format.or_else(|| sniff_format(entry.path.extension().as_deref(), &head));
        let Some(format @ (Format::Csv | Format::Jsonl)) = found else {
            return Ok(None);
        };
        let whole = head.len() as u64 == entry.size;
        let layout = Layout::detect(format, &DeclaredDialect::default(), &head, whole);
        Ok(Some(TableFile { entry, layout }))
    };
    let files: Vec<Option<TableFile<'a>>> = candidates.map(read).collect::<Result<_, Error>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// What was found about a group of files.
struct Found {
    proposal: Proposal,
    fields: Vec<Arc<str>>,
    /// Whether the fields have names.
    named: bool,
}

impl Found {
    fn is_complete(&self) -> bool {
        let evidence = &self.proposal.evidence;
        self.named
            && evidence.iter().any(Evidence::is_unique_key)
            && !self.proposal.declaration.roles.labels().is_empty()
    }

    /// Returns whether there is a key by its name, but it is not unique.
    fn has_repeating_key(&self) -> bool {
        self.proposal.evidence.iter().any(|evidence| {
            matches!(
                evidence,
                Evidence::Key {
                    basis: Basis::Name,
                    ..
                }
            ) && !evidence.is_unique_key()
        })
    }

    fn into_undeclared(self) -> Undeclared {
        let unique = self.proposal.evidence.iter().any(Evidence::is_unique_key);
        let config = self.proposal.config;
        Undeclared {
            paths: config.paths,
            format: self.proposal.declaration.format,
            fields: self.fields,
            key: if unique && self.named {
                config.key
            } else {
                Vec::new()
            },
            labels: self.proposal.declaration.roles.labels().to_vec(),
        }
    }
}

/// Finds the roles of a group's fields and counts the evidence.
fn propose(
    source: &dyn ObjectSource,
    group: &Group<'_>,
    entries: &[FileEntry],
    given: &Given,
    name: String,
) -> Result<Found, Error> {
    let first = &group.files[0];
    let mut config = DatasetConfig {
        name,
        paths: group.patterns.clone(),
        format: Some(first.layout.format.name().to_owned()),
        ..DatasetConfig::default()
    };
    // Where the files differ, or a byte order mark tells, each is read as it is found to be.
    let encoding = first.layout.dialect.encoding;
    let same = |file: &&TableFile<'_>| {
        file.layout.dialect.encoding == encoding && !file.layout.dialect.bom
    };
    if encoding != Encoding::Utf8 && group.files.iter().all(same) {
        config.encoding = Some(encoding.name().to_owned());
    }
    if first.layout.format == Format::Csv {
        config.delimiter = Some(first.layout.dialect.delimiter).filter(|&d| d != b',');
        config.header = (!first.layout.dialect.header).then_some(false);
    }
    let declaration = Declaration::from_config(&config)?;
    let mut table = Table::open(source, entries, &declaration)?;
    check_fields(source, &table, given, &first.entry.path)?;
    let chosen = roles::choose(source, &table, given)?;
    config.key = chosen.key;
    config.roles = chosen.roles;
    let declaration = Declaration::from_config(&config)?;
    table.declaration = declaration.clone();
    let mut evidence = vec![Evidence::Format {
        format: declaration.format,
        dialect: first.layout.dialect.describe(),
        files: table.parts.len() as u64,
        records: table.records(),
    }];
    evidence.extend(chosen.evidence);
    let named = declaration.format == Format::Jsonl || first.layout.dialect.header;
    Ok(Found {
        fields: table.fields(),
        named,
        proposal: Proposal {
            files: table.parts.len() as u64,
            records: table.records(),
            config,
            declaration,
            evidence,
        },
    })
}

/// Checks that the files have the fields which the user names.
fn check_fields(
    source: &dyn ObjectSource,
    table: &Table,
    given: &Given,
    path: &RepoPath,
) -> Result<(), Error> {
    let mut fields = table.fields();
    let has = |fields: &[Arc<str>], name: &str| fields.iter().any(|field| **field == *name);
    let wanted: Vec<String> = Role::ALL
        .iter()
        .flat_map(|role| given.fields(*role))
        .collect();
    if wanted.iter().all(|name| has(&fields, name)) {
        return Ok(());
    }
    if table.declaration.format == Format::Jsonl {
        fields = table.read_fields(source)?;
    }
    match wanted.into_iter().find(|name| !has(&fields, name)) {
        None => Ok(()),
        Some(field) => Err(Error::NoField {
            path: path.clone(),
            nearest: nearest(&field, fields.iter().map(|f| &**f)).map(str::to_owned),
            field,
        }),
    }
}

/// Returns whether a file is an image by its name.
fn is_image(path: &RepoPath) -> bool {
    !path.file_name().starts_with(b".")
        && path
            .extension()
            .is_some_and(|extension| images::is_extension(&extension))
}
