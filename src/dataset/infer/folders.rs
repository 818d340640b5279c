//! Image folders: `root/{label}/*` and `root/{split}/{label}/*`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::config::DatasetConfig;
use crate::object::{EntryKind, FileEntry, ObjectSource};
use crate::record::{Format, Role};

use super::super::declaration::Declaration;
use super::super::error::Error;
use super::super::images;
use super::super::pattern::{PathPattern, escape};
use super::super::table::Table;
use super::{Basis, Evidence, Given, exact, groups, is_image, names};

/// At the worktree's root a few images in two directories are no data set yet.
const MIN_AT_ROOT: u64 = 4;

/// A tree of class directories.
pub(super) struct Folder {
    pub(super) name: String,
    patterns: Vec<String>,
}

/// Directories of images: parent -> class -> number of images.
type Tree<'a> = BTreeMap<&'a str, BTreeMap<&'a str, u64>>;

/// Finds image folders among the added files; `entries` are all files of the version.
pub(super) fn of(added: &[&FileEntry], entries: &[FileEntry]) -> Vec<Folder> {
    let mut tree: Tree<'_> = BTreeMap::new();
    for entry in added {
        if entry.kind != EntryKind::Symlink
            && is_image(&entry.path)
            && let Some((class, _)) = entry.path.as_str().and_then(|path| path.rsplit_once('/'))
        {
            let (root, class) = class.rsplit_once('/').unwrap_or(("", class));
            *tree.entry(root).or_default().entry(class).or_default() += 1;
        }
    }
    if tree.is_empty() {
        return Vec::new();
    }
    // A class directory holds images. Other files show that it is some other directory.
    let mut strangers: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !is_image(&entry.path)) {
        if let Some((directory, name)) = entry.path.as_str().and_then(|p| p.rsplit_once('/'))
            && !name.starts_with('.')
        {
            *strangers.entry(directory).or_default() += 1;
        }
    }
    tree.retain(|root, classes| {
        classes.retain(|class, images| {
            let directory = join(root, class);
            strangers
                .get(&*directory)
                .is_none_or(|others| others < images)
        });
        !classes.is_empty() && !classes.keys().all(|class| names::is_kind(class))
    });
    let mut folders = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (above, roots) in with_splits(&tree) {
        let classes: BTreeSet<&str> = roots
            .iter()
            .flat_map(|root| tree[root].keys())
            .copied()
            .collect();
        if classes.len() >= 2
            && roots
                .iter()
                .all(|root| tree[root].len() >= 2 || roots.len() > 1)
        {
            done.extend(roots);
            folders.push(Folder::new(above, "{split}/{label}/*"));
        }
    }
    for (root, classes) in &tree {
        let images: u64 = classes.values().sum();
        let splits = classes.keys().all(|class| names::is_split(class));
        let enough = !root.is_empty() || images >= MIN_AT_ROOT;
        if classes.len() >= 2 && !splits && enough && !done.contains(root) {
            folders.push(Folder::new(root, "{label}/*"));
        }
    }
    folders
}

/// Returns the directories whose own directories are named like splits, with those.
fn with_splits<'a>(tree: &Tree<'a>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for root in tree.keys() {
        let (above, last) = root.rsplit_once('/').unwrap_or(("", root));
        if names::is_split(last) {
            found.entry(above).or_default().push(root);
        }
    }
    found
}

/// Returns the folder that the user's patterns name: those of images only, unless the user says
/// that the files are images.
pub(super) fn declared(
    patterns: &[PathPattern],
    chosen: &[&FileEntry],
    said: bool,
) -> Option<Folder> {
    let first = patterns.first()?;
    let images = !chosen.is_empty() && chosen.iter().all(|entry| is_image(&entry.path));
    (said || images).then(|| Folder {
        name: groups::name_of(first),
        patterns: patterns
            .iter()
            .map(|pattern| pattern.as_str().to_owned())
            .collect(),
    })
}

fn join(root: &str, class: &str) -> String {
    match root {
        "" => class.to_owned(),
        _ => format!("{root}/{class}"),
    }
}

impl Folder {
    fn new(root: &str, below: &str) -> Self {
        let last = root.rsplit('/').next().unwrap_or("");
        Self {
            name: match last {
                "" => "images".to_owned(),
                _ => groups::sane(last),
            },
            patterns: vec![match root {
                "" => below.to_owned(),
                _ => format!("{}/{below}", escape(root)),
            }],
        }
    }

    /// Makes a proposal of the folder: the path below the class directory is the key where it is
    /// unique, else the image itself.
    pub(super) fn proposal(
        self,
        source: &dyn ObjectSource,
        entries: &[FileEntry],
        given: &Given,
        name: String,
    ) -> Result<super::Proposal, Error> {
        let mut config = DatasetConfig {
            name,
            paths: self.patterns,
            format: Some(Format::Images.name().to_owned()),
            ..DatasetConfig::default()
        };
        for (role, _) in &given.roles {
            if *role != Role::Key {
                config
                    .roles
                    .push((role.name().to_owned(), given.fields(*role)));
            }
        }
        let declaration = Declaration::from_config(&config)?;
        let table = Table::open(source, entries, &declaration)?;
        let labels = declaration.roles.labels().to_vec();
        let mut best = None;
        let tries = match given.fields(Role::Key) {
            fields if fields.is_empty() => [images::PATH, images::IMAGE]
                .map(|field| vec![field.to_owned()])
                .to_vec(),
            fields => vec![fields],
        };
        for key in tries {
            let counts = exact::count(source, &table, &key, &labels)?;
            let unique = counts.key.is_unique();
            if best.is_none() || unique {
                best = Some((key, counts));
            }
            if unique {
                break;
            }
        }
        let files: HashSet<_> = entries
            .iter()
            .filter(|entry| declaration.covers(&entry.path).is_some())
            .map(|entry| &entry.path)
            .collect();
        let files = files.len() as u64;
        let mut evidence = vec![Evidence::Format {
            format: Format::Images,
            dialect: BTreeMap::new(),
            files,
            records: table.records(),
        }];
        if let Some((key, counts)) = best {
            evidence.push(Evidence::Key {
                fields: key.clone(),
                basis: Basis::Values,
                records: counts.key.records,
                distinct: counts.key.distinct,
                nulls: counts.key.nulls,
            });
            for (field, count) in labels.iter().zip(counts.fields) {
                evidence.push(Evidence::Label {
                    field: field.clone(),
                    basis: Basis::Path,
                    classes: count.distinct,
                    nulls: count.nulls,
                });
            }
            config.key = key;
        }
        for field in declaration.roles.fields(Role::Split) {
            evidence.push(Evidence::Role {
                role: Role::Split,
                field: field.clone(),
                basis: Basis::Path,
            });
        }
        if !labels.is_empty() && given.fields(Role::Label).is_empty() {
            config
                .roles
                .insert(0, (Role::Label.name().to_owned(), labels));
        }
        Ok(super::Proposal {
            files,
            records: table.records(),
            declaration: Declaration::from_config(&config)?,
            config,
            evidence,
        })
    }
}
