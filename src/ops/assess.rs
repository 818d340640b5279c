//! What a version is worth and what it changed: measuring, scoring, comparing data sets.
//!
//! The one place where `dataset`, `quality` and `diff` meet, for every verb that needs them:
//! `commit`, `status`, `diff`, `quality`, `schema`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::dataset::{Declaration, Declarations, Table};
use crate::diff::{self, ChangeSetBuilder, Differences, Event, EventSink, Options, Told};
use crate::object::changes::{DatasetChanges, Guideline};
use crate::object::{
    self, Commit, DatasetScore, FileEntry, MemoryStore, ObjectSink, ObjectSource, Scorecard,
    Snapshot,
};
use crate::profile::Facts;
use crate::quality::{self, Measured};

use super::declare;
use super::error::Error;
use super::files;
use super::follow::Measuring;
use super::watched::Watched;

/// One version's files and declarations.
pub(super) struct Version {
    /// The files in order of paths.
    pub entries: Vec<FileEntry>,
    /// What dver.toml declares.
    pub declarations: Declarations,
    /// The content of dver.toml.
    pub declaration: Option<ObjectId>,
    /// The snapshot; `None` for working files.
    pub snapshot: Option<ObjectId>,
    /// What was sealed, of a commit.
    pub scorecard: Option<Scorecard>,
}

impl Version {
    /// Opens a list of entries.
    pub(super) fn of_entries(
        source: &dyn ObjectSource,
        entries: Vec<FileEntry>,
    ) -> Result<Self, Error> {
        let declarations = Declarations::read(source, &entries)?;
        let file = declare::file();
        let declaration = files::find(&entries, &file).map(|entry| entry.content);
        Ok(Self {
            entries,
            declarations,
            declaration,
            snapshot: None,
            scorecard: None,
        })
    }

    /// Opens a snapshot.
    pub(super) fn of_snapshot(source: &dyn ObjectSource, id: ObjectId) -> Result<Self, Error> {
        let mut version = Self::of_entries(source, Snapshot::entries(source, &id)?)?;
        version.snapshot = Some(id);
        Ok(version)
    }

    /// Opens a commit with its scorecard.
    pub(super) fn of_commit(source: &dyn ObjectSource, commit: &Commit) -> Result<Self, Error> {
        let mut version = Self::of_snapshot(source, commit.snapshot)?;
        version.scorecard = Some(object::get(source, &commit.scorecard)?);
        Ok(version)
    }

    /// Leaves out the files that are not wanted, with what was sealed of data sets that had them.
    pub(super) fn retain(&mut self, keeps: impl Fn(&RepoPath) -> bool) {
        let declarations = &self.declarations;
        let whole = |score: &DatasetScore| {
            let Some(declaration) = declarations.get(&score.name) else {
                return false;
            };
            let covered = |entry: &&FileEntry| declaration.covers(&entry.path).is_some();
            let mut covered = self.entries.iter().filter(covered);
            covered.all(|entry| keeps(&entry.path))
        };
        if let Some(scorecard) = &mut self.scorecard {
            scorecard.datasets.retain(whole);
        }
        self.entries.retain(|entry| keeps(&entry.path));
    }

    /// Returns the files that a declaration covers.
    pub(super) fn covered(&self, declaration: &Declaration) -> Vec<&FileEntry> {
        let covers = |entry: &&FileEntry| declaration.covers(&entry.path).is_some();
        self.entries.iter().filter(covers).collect()
    }

    pub(super) fn score(&self, name: &str) -> Option<&DatasetScore> {
        self.scorecard
            .as_ref()?
            .datasets
            .iter()
            .find(|score| score.name == name)
    }

    /// Returns what was sealed of a data set that is in both versions the same, and so is all that
    /// it refers to.
    fn sealed_whole(&self, other: &Self, declaration: &Declaration) -> Option<DatasetScore> {
        let same = |name: &str| match other.declarations.get(name) {
            Some(declaration) => self.sealed_same(other, declaration).is_some(),
            None => self.declarations.get(name).is_none(),
        };
        let mut references = declaration.rules.references().iter();
        let all = references.all(|reference| same(&reference.dataset));
        self.sealed_same(other, declaration).filter(|_| all)
    }

    /// Returns what was sealed of a data set that is in both versions the same: the same
    /// declaration over the same files.
    fn sealed_same(&self, other: &Self, declaration: &Declaration) -> Option<DatasetScore> {
        let own = self.declarations.get(&declaration.name)?;
        let same = own == declaration && self.covered(own) == other.covered(declaration);
        if same {
            self.score(&declaration.name).cloned()
        } else {
            None
        }
    }
}

/// Counts the values of a table that refer to nothing, reference by reference.
fn dangling(
    source: &dyn ObjectSource,
    version: &Version,
    table: &Table,
) -> Result<Vec<(String, Option<u64>)>, Error> {
    let mut out = Vec::new();
    for reference in table.declaration.rules.references() {
        let count = match version.declarations.get(&reference.dataset) {
            None => None,
            Some(declaration) => {
                let other = Table::open(source, &version.entries, declaration)?;
                let target = (&other, reference.target.as_str());
                quality::dangling(source, (table, &reference.field), target)?
            }
        };
        out.push((reference.field.clone(), count));
    }
    Ok(out)
}

/// A data set of a version with what was measured of it.
pub(super) struct Assessed {
    pub table: Table,
    pub facts: Facts,
    worth: Worth,
    /// What measuring found out about how it differs from the version before.
    differences: Arc<Differences>,
}

enum Worth {
    /// Nothing changed since the version before sealed it.
    Unchanged(DatasetScore),
    /// The version itself is a commit and sealed it.
    Sealed(DatasetScore),
    Measured(Box<Measured>),
}

/// The data sets of a version, in order of names.
pub(super) struct Assessment(pub Vec<Assessed>);

/// Measures the data sets of `after`; what `before` sealed and did not change is taken over.
pub(super) fn measure(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    measuring: &Measuring,
    progress: &dyn Progress,
) -> Result<Assessment, Error> {
    measure_some(source, before, after, &|_| true, (measuring, progress))
}

/// Does the same for the data sets that are wanted.
pub(super) fn measure_some(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    wanted: &dyn Fn(&str) -> bool,
    (measuring, progress): (&Measuring, &dyn Progress),
) -> Result<Assessment, Error> {
    let mut names: Vec<&str> = after.declarations.names().filter(|n| wanted(n)).collect();
    names.sort_unstable();
    let mut out = Vec::new();
    for declaration in names
        .into_iter()
        .filter_map(|name| after.declarations.get(name))
    {
        let table = Table::open(source, &after.entries, declaration)?;
        let alike = |score: &DatasetScore| is_read_alike(&table, score);
        let unchanged = before.and_then(|before| before.sealed_whole(after, declaration));
        let unchanged = unchanged.filter(alike);
        let sealed = || after.score(&declaration.name).cloned().filter(alike);
        let mut differences = Differences::default();
        let (facts, worth) = match (unchanged, sealed()) {
            (Some(score), _) => (Facts::read(source, &score)?, Worth::Unchanged(score)),
            (None, Some(score)) => (Facts::read(source, &score)?, Worth::Sealed(score)),
            (None, None) => {
                let mut measured =
                    measuring.measure(source, before, &table, &mut differences, progress)?;
                measured.dangling = dangling(source, after, &table)?;
                (measured.facts(), Worth::Measured(Box::new(measured)))
            }
        };
        out.push(Assessed {
            table,
            facts,
            worth,
            differences: Arc::new(differences),
        });
    }
    Ok(Assessment(out))
}

impl Assessment {
    /// Writes schemas and states and returns the scores of a scorecard; what was measured is kept
    /// for the next version.
    pub(super) fn seal<S: ObjectSink + ObjectSource>(
        &self,
        measuring: &Measuring,
        sink: &mut S,
    ) -> Result<Vec<DatasetScore>, Error> {
        let mut scores = Vec::new();
        for assessed in &self.0 {
            scores.push(match &assessed.worth {
                Worth::Unchanged(score) | Worth::Sealed(score) => score.clone(),
                Worth::Measured(measured) => {
                    let score = measured.score(sink)?;
                    measuring.keep(&score.state, measured);
                    score
                }
            });
        }
        Ok(scores)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Assessed> {
        self.0.iter().find(|assessed| assessed.table.name == name)
    }
}

/// Pushes what changed between two versions: files, then each data set by name.
pub(super) fn compare(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    assessed: &Assessment,
    options: Options<'_>,
    sink: &mut dyn EventSink,
    progress: &dyn Progress,
) -> Result<Compared, Error> {
    let assessed = (assessed, BTreeMap::new());
    compare_told(source, before, after, assessed, options, sink, progress)
}

/// Does the same; of some data sets it is known what to tell.
pub(super) fn compare_told(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    (assessed, mut told): (&Assessment, BTreeMap<String, Told>),
    options: Options,
    sink: &mut dyn EventSink,
    progress: &dyn Progress,
) -> Result<Compared, Error> {
    let nothing = Vec::new();
    let old_entries = before.map_or(&nothing, |before| &before.entries);
    let changes = files::changes(old_entries, &after.entries);
    let in_dataset = |entry: &FileEntry| {
        let covers = |version: &Version| version.declarations.covering(&entry.path).is_some();
        covers(after) || before.is_some_and(covers)
    };
    let files = diff::file_events(
        source,
        changes,
        &|entry: &FileEntry| !in_dataset(entry),
        sink,
    )?;
    let mut names: Vec<&str> = after.declarations.names().collect();
    names.extend(before.iter().flat_map(|before| before.declarations.names()));
    names.sort_unstable();
    names.dedup();
    let unknown = Arc::default();
    let mut datasets = Vec::new();
    for name in names {
        if let Some(told) = told.remove(name) {
            datasets.push(told.tell(sink)?);
            continue;
        }
        let new = assessed.get(name);
        // Measuring went by the first parent: what is the same in another one is seen here.
        let sealed_same = |new: &Assessed| before?.sealed_same(after, &new.table.declaration);
        if new.and_then(sealed_same).is_some() {
            continue;
        }
        let old = match before.and_then(|v| Some((v, v.declarations.get(name)?))) {
            None => None,
            Some((version, declaration)) => Some(open_old(source, version, declaration)?),
        };
        let facts = (
            old.as_ref().map(|(_, facts)| facts),
            new.map(|new| &new.facts),
        );
        if let (Some((old, _)), Some(new)) = (&old, new) {
            let bytes = differing_bytes(old, &new.table);
            progress.begin(&format!("comparing {name}"), Some(bytes));
        }
        let source = &Watched::new(source, progress);
        let changes = diff::diff_known_tables(
            source,
            new.map_or(&unknown, |new| &new.differences),
            (
                old.as_ref().map(|(table, _)| table),
                new.map(|new| &new.table),
            ),
            facts,
            options,
            sink,
        )?;
        progress.end();
        datasets.push(DatasetChanges {
            guideline: guideline(after, name),
            ..changes
        });
    }
    Ok(Compared { files, datasets })
}

/// Returns how many bytes of two tables stand in runs of records that the other does not have.
pub(super) fn differing_bytes(before: &Table, after: &Table) -> u64 {
    let units = |table: &Table| -> HashMap<ObjectId, u64> {
        let units = table.parts.iter().flat_map(|part| &part.units);
        units.map(|unit| (unit.id, unit.bytes)).collect()
    };
    let (a, b) = (units(before), units(after));
    let alone = |one: &HashMap<ObjectId, u64>, other: &HashMap<ObjectId, u64>| -> u64 {
        let alone = one.iter().filter(|(id, _)| !other.contains_key(*id));
        alone.map(|(_, bytes)| bytes).sum()
    };
    alone(&a, &b) + alone(&b, &a)
}

/// What a comparison counted.
pub(super) struct Compared {
    pub files: object::changes::FileCounts,
    pub datasets: Vec<DatasetChanges>,
}

fn open_old(
    source: &dyn ObjectSource,
    version: &Version,
    declaration: &Declaration,
) -> Result<(Table, Facts), Error> {
    let table = Table::open(source, &version.entries, declaration)?;
    let score = version.score(&declaration.name);
    let facts = match score.filter(|score| is_read_alike(&table, score)) {
        Some(score) => Facts::read(source, score)?,
        None => quality::measure(source, &table)?.facts(),
    };
    Ok((table, facts))
}

/// Returns whether the files read as they did when they were measured.
///
/// Where dver learns of an encoding, files that were read otherwise before have other records than
/// what was sealed of them counts; they are measured anew.
pub(super) fn is_read_alike(table: &Table, score: &DatasetScore) -> bool {
    score.files.iter().all(|file| {
        let part = table.parts.iter().find(|part| part.path == file.path);
        part.is_some_and(|part| {
            let read = part.layout.dialect.describe();
            let same = |(name, value): (&String, &String)| read.get(name) == Some(value);
            file.dialect.iter().all(same)
        })
    })
}

fn guideline(version: &Version, name: &str) -> Option<Guideline> {
    let path = version.declarations.get(name)?.guideline.clone()?;
    let content = files::find(&version.entries, &path).map(|entry| entry.content);
    Some(Guideline { path, content })
}

/// Forgets events: for those who want counts only.
struct Forget;

impl EventSink for Forget {
    fn event(&mut self, _event: Event) -> Result<(), diff::Error> {
        Ok(())
    }
}

/// Returns what changed in each data set between two versions, counted.
pub(super) fn changes(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    measuring: &Measuring,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let assessed = measure(source, before, after, measuring, progress)?;
    changes_of(source, before, after, &assessed, progress)
}

/// Returns the same where the newer version is measured.
pub(super) fn changes_of(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    assessed: &Assessment,
    progress: &dyn Progress,
) -> Result<Vec<DatasetChanges>, Error> {
    let stat = Options::STAT;
    let compared = compare(source, before, after, assessed, stat, &mut Forget, progress)?;
    Ok(compared.datasets)
}

/// Computes the change set of a commit against one parent, and writes it.
pub(super) fn change_set<S: ObjectSink + ObjectSource>(
    source: &dyn ObjectSource,
    before: Option<&Version>,
    after: &Version,
    assessed: &Assessment,
    commit: &Commit,
    sink: &mut S,
    progress: &dyn Progress,
) -> Result<ObjectId, Error> {
    let mut builder = ChangeSetBuilder::new();
    let options = Options {
        records: true,
        ..Options::STAT
    };
    let compared = compare(
        source,
        before,
        after,
        assessed,
        options,
        &mut builder,
        progress,
    )?;
    let header = diff::ChangeSetHeader {
        before: before.and_then(|version| version.snapshot),
        after: commit.snapshot,
        author: commit.author.clone(),
        source: commit.source.clone(),
        reason: commit.reason.clone(),
        files: compared.files,
    };
    Ok(builder.seal(header, compared.datasets, sink)?)
}

/// Reads from a source and writes to memory: what is computed but not kept.
pub(super) struct Scratch<'a> {
    source: &'a dyn ObjectSource,
    memory: MemoryStore,
}

impl<'a> Scratch<'a> {
    /// Returns a scratch over a source.
    pub(super) fn new(source: &'a dyn ObjectSource) -> Self {
        Self {
            source,
            memory: MemoryStore::new(),
        }
    }
}

impl ObjectSource for Scratch<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, object::Error> {
        match self.memory.contains(id)? {
            true => self.memory.get(id),
            false => self.source.get(id),
        }
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, object::Error> {
        Ok(self.memory.contains(id)? || self.source.contains(id)?)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, object::Error> {
        self.source.manifest_of(content)
    }
}

impl ObjectSink for Scratch<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, object::Error> {
        self.memory.put(bytes)
    }

    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), object::Error> {
        self.memory.put_manifest(content, manifest)
    }
}
