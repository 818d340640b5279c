//! `diff --no-index`: two plain files or directories, anywhere, without a repository.

mod facts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::RepoPath;
use crate::base::progress::Progress;
use crate::dataset::infer::{self, Given};
use crate::dataset::{Declaration, Declarations, Table, Where};
use crate::diff::{self, EventSink, Options};
use crate::object::changes::DatasetChanges;
use crate::object::{FileEntry, MemoryStore, ObjectSource};
use crate::record::Role;
use crate::worktree::{Found, Ingest, Overlay, StatCache, WorkFile, look, walk};

use super::assess::{self, Version};
use super::condition;
use super::error::Error;
use super::watched::{Telling, UntilTold, Watched};

/// How to read two plain files.
#[derive(Clone, Debug)]
pub struct PlainOptions {
    /// The key fields; found where none is given.
    pub key: Vec<String>,
    /// The label fields; found where none is given.
    pub labels: Vec<String>,
    /// What to tell.
    pub tell: Options<'static>,
    /// Which label, record and cell events to tell and count; all where it is `None`.
    pub condition: Option<Where>,
}

/// Compares two plain files, or two directories, and pushes the events.
pub fn diff_no_index(
    before: &Path,
    after: &Path,
    options: &PlainOptions,
    sink: &mut dyn EventSink,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let (old, new) = (side(before)?, side(after)?);
    let nothing = MemoryStore::new();
    let old_source = open(&old, &nothing, progress)?;
    let source = open(&new, &old_source, progress)?;
    let mut old_entries = old_source.entries().to_vec();
    let new_entries = source.entries().to_vec();
    if let (true, true, [a], [b]) = (
        old.is_file,
        new.is_file,
        old_entries.as_mut_slice(),
        new_entries.as_slice(),
    ) {
        // Two files are one file in two versions, whatever they are called.
        a.path = b.path.clone();
    }
    let entries = (&*old_entries, &*new_entries);
    let (declarations, mut known) = match presumed(&source, entries, options, progress)? {
        Some((declaration, pair)) => (vec![declaration], Some(pair)),
        None => (declare(&source, entries, options, false)?, None),
    };
    if let Some(condition) = &options.condition {
        let mut ends = Vec::new();
        for entries in [&old_entries, &new_entries] {
            let mut version = Version::of_entries(&nothing, Vec::new())?;
            version.entries.clone_from(entries);
            version.declarations.datasets.clone_from(&declarations);
            ends.push(version);
        }
        condition::check(&source, condition, &ends.iter().collect::<Vec<_>>())?;
    }
    let tell = Options {
        filter: options.condition.as_ref(),
        ..options.tell
    };
    let covered = |entry: &FileEntry| {
        declarations
            .iter()
            .any(|declaration| declaration.covers(&entry.path).is_some())
    };
    let changes = super::files::changes(&old_entries, &new_entries);
    diff::file_events(&source, changes, &|entry: &FileEntry| !covered(entry), sink)?;
    let until = UntilTold::new(progress);
    let mut sink = Telling(sink, &until);
    let mut out = Vec::new();
    for declaration in &declarations {
        let pair = match known.take() {
            Some(pair) => pair,
            None => Pair::measure(&source, entries, declaration, &until)?,
        };
        let Pair {
            older,
            newer,
            found: (older_facts, newer_facts, differences),
        } = pair;
        let watched = Watched::new(&source, &until);
        let differing = assess::differing_bytes(&older, &newer);
        until.begin(&format!("comparing {}", newer.name), Some(differing));
        out.push(diff::diff_known_tables(
            &watched,
            &Arc::new(differences),
            (Some(&older), Some(&newer)),
            (Some(&older_facts), Some(&newer_facts)),
            tell,
            &mut sink,
        )?);
        until.end();
    }
    Ok(out)
}

/// Two tables, measured.
struct Pair {
    older: Table,
    newer: Table,
    found: facts::Found,
}

impl Pair {
    fn measure(
        source: &dyn ObjectSource,
        (old, new): (&[FileEntry], &[FileEntry]),
        declaration: &Declaration,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let newer = Table::open(source, new, declaration)?;
        let older = Table::open(source, old, declaration)?;
        let fields = fields_with_roles(source, &older, declaration)?;
        let adapted = declaration.adapted_to(None, &fields, &Default::default());
        let older = Table::open(source, old, &adapted)?;
        let found = facts::of_both(source, &older, &newer, progress)?;
        Ok(Self {
            older,
            newer,
            found,
        })
    }
}

/// Declares a single file by a sample and measures it by that, which costs a pass less than counting
/// first; `None` where there are more files, nothing is to be found, or the count does not bear out
/// what the sample shows.
fn presumed(
    source: &dyn ObjectSource,
    entries: (&[FileEntry], &[FileEntry]),
    options: &PlainOptions,
    progress: &dyn Progress,
) -> Result<Option<(Declaration, Pair)>, Error> {
    let given = !options.key.is_empty() || !options.labels.is_empty();
    if given || entries.0.len() != 1 || entries.1.len() != 1 {
        return Ok(None);
    }
    let mut declarations = declare(source, entries, options, true)?;
    let Some(declaration) = declarations.pop().filter(|_| declarations.is_empty()) else {
        return Ok(None);
    };
    let pair = Pair::measure(source, entries, &declaration, progress)?;
    let facts = &pair.found.1;
    let has_own_key = facts.duplicate_keys == Some(0) && facts.null_keys == 0;
    let classes = |field: &str| {
        let field = facts.fields.iter().find(|known| &*known.name == field)?;
        Some(field.classes.as_ref()?.len() as u64)
    };
    let sound = infer::bears_out(&declaration, facts.records, has_own_key, &classes);
    Ok(sound.then_some((declaration, pair)))
}

/// Returns the fields of the older table among which the declaration's roles are looked for: all
/// that are known without reading, where those are enough.
fn fields_with_roles(
    source: &dyn ObjectSource,
    older: &Table,
    declaration: &Declaration,
) -> Result<Vec<Arc<str>>, Error> {
    let known = older.fields();
    let mut named = Role::ALL
        .into_iter()
        .flat_map(|role| declaration.roles.fields(role));
    match named.all(|name| known.iter().any(|field| **field == **name)) {
        true => Ok(known),
        false => Ok(older.read_fields(source)?),
    }
}

struct PlainSide {
    root: PathBuf,
    is_file: bool,
    files: Vec<WorkFile>,
}

/// Lists the files of a side: the file itself, or all below the directory.
fn side(path: &Path) -> Result<PlainSide, Error> {
    let missing = || Error::NoSuchPath {
        path: path.display().to_string(),
    };
    match look(path)? {
        Found::Directory => Ok(PlainSide {
            root: path.to_owned(),
            is_file: false,
            files: walk(path, &[])?.files,
        }),
        Found::File(stat) => {
            let name = path.file_name().ok_or_else(missing)?;
            let root = path.parent().ok_or_else(missing)?.to_owned();
            let path = RepoPath::from_path(Path::new(name)).map_err(|_| missing())?;
            Ok(PlainSide {
                root,
                is_file: true,
                files: vec![WorkFile { path, stat }],
            })
        }
        Found::Nothing | Found::Special(_) => Err(missing()),
    }
}

fn open<'a>(
    side: &'a PlainSide,
    base: &'a dyn ObjectSource,
    progress: &dyn Progress,
) -> Result<Overlay<'a>, Error> {
    let options = Ingest {
        root: &side.root,
        source: base,
        previous: &|_| None,
        declared: &|_| None,
        progress,
    };
    let overlay = Overlay::open(
        base,
        &side.root,
        &options,
        &side.files,
        &mut StatCache::none(),
    )?;
    let lost = overlay
        .findings()
        .iter()
        .filter(|finding| !finding.problem.is_note());
    let paths: Vec<_> = lost
        .map(|finding| (finding.path.clone(), finding.problem.to_string()))
        .collect();
    if paths.is_empty() {
        Ok(overlay)
    } else {
        Err(Error::NotWritten { paths })
    }
}

/// Finds out how the newer side's tables read: as given, as its own dver.toml says, or as found.
fn declare(
    source: &dyn ObjectSource,
    (old, new): (&[FileEntry], &[FileEntry]),
    options: &PlainOptions,
    by_sample: bool,
) -> Result<Vec<Declaration>, Error> {
    let declared = Declarations::read(source, new)?;
    if declared.names().next().is_some() {
        let names: Vec<&str> = declared.names().collect();
        return Ok(names
            .iter()
            .filter_map(|name| declared.get(name))
            .cloned()
            .collect());
    }
    let both: Vec<FileEntry> = new
        .iter()
        .filter(|entry| old.iter().any(|other| other.path == entry.path))
        .cloned()
        .collect();
    let mut given = Given::default();
    if !options.key.is_empty() {
        given.roles.push((Role::Key, options.key.clone()));
    }
    if !options.labels.is_empty() {
        given.roles.push((Role::Label, options.labels.clone()));
    }
    let mut out = Vec::new();
    if given.roles.is_empty() {
        let found = match by_sample {
            true => infer::presume(source, &both, new, &declared)?,
            false => infer::infer(source, &both, new, &declared)?,
        };
        let proposals = found.proposals.into_iter();
        out.extend(proposals.map(|proposal| proposal.declaration));
    }
    let covered: Vec<FileEntry> = both
        .into_iter()
        .filter(|entry| {
            !out.iter()
                .any(|d: &Declaration| d.covers(&entry.path).is_some())
        })
        .collect();
    for entry in covered {
        // What is not given and not found is missing: without a key records pair by content.
        let extension = entry.path.extension();
        if crate::record::sniff_format(extension.as_deref(), b"").is_some() {
            let path = [entry.path.to_string()];
            let proposal = infer::declare(source, &path, new, &declared, &given)?;
            out.push(proposal.declaration);
        }
    }
    Ok(out)
}
