//! Tables as a commit stores them: cut into chunks and read back through declarations.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{ObjectId, RepoPath};
use crate::chunk::Cut;
use crate::dataset::{Cutter, Declaration, Declarations, Table};
use crate::diff::compare::Options;
use crate::diff::event::{CellEvent, Event, SummaryEvent};
use crate::diff::tables::{changed_records, diff_known_tables, diff_tables};
use crate::object::{
    ChunkEntry, Content, EntryKind, FileEntry, ManifestBuilder, MemoryStore, ObjectSink as _,
};
use crate::profile::tables::{Collector, Grouping, count};
use crate::profile::{Facts, Profile};
use crate::record::{Batch, HEAD_BYTES};

#[derive(Default)]
pub(super) struct Stored(MemoryStore);

impl Stored {
    pub(super) fn source(&self) -> &dyn crate::object::ObjectSource {
        &self.0
    }

    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> FileEntry {
        let store = &mut self.0;
        let entry = FileEntry {
            path: RepoPath::new(name).unwrap(),
            kind: EntryKind::File,
            size: bytes.len() as u64,
            content: ObjectId::of(bytes),
        };
        if entry.size <= Content::MAX_WHOLE {
            store.put(bytes).unwrap();
            return entry;
        }
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        let whole = head.len() == bytes.len();
        let mut cutter = Cutter::choose(&entry.path, head, whole, None, None);
        let described = cutter.describe();
        let mut builder = ManifestBuilder::new();
        let mut emit = |chunk: &[u8], cut: Cut| {
            let row = ChunkEntry {
                id: store.put(chunk)?,
                length: chunk.len() as u32,
                records: cut.records,
                lines: cut.lines,
                header: cut.header,
                continued: cut.continued,
                anchor: cut.anchor,
            };
            builder.push(row, store)
        };
        cutter.push(bytes, &mut emit).unwrap();
        cutter.finish(&mut emit).unwrap();
        builder.finish(entry.content, &described, store).unwrap();
        entry
    }

    pub(super) fn table(&self, entries: &[FileEntry], declaration: &Declaration) -> (Table, Facts) {
        let table = Table::open(&self.0, entries, declaration).unwrap();
        let mut profile = Profile::new(&declaration.survey());
        let mut batch = Batch::default();
        for (part, unit) in table.units() {
            table.read_unit(&self.0, part, unit, &mut batch).unwrap();
            profile.add(&batch);
        }
        let grouping = Grouping::new(&declaration.survey(), &profile);
        let mut collector = Collector::new(&grouping);
        for (part, unit) in table.units() {
            table.read_unit(&self.0, part, unit, &mut batch).unwrap();
            collector.add(&batch);
        }
        let fields = profile.all_fields(&table.fields());
        let duplicates = count(vec![collector], &fields);
        let facts = Facts::of(&profile, &fields, &duplicates);
        (table, facts)
    }

    /// Compares two versions of the files of a data set.
    pub(super) fn diff(
        &mut self,
        before: &[(&str, &[u8])],
        after: &[(&str, &[u8])],
        declared: &str,
    ) -> Vec<Event> {
        let before: Vec<_> = before
            .iter()
            .map(|(name, bytes)| self.put(name, bytes))
            .collect();
        let after: Vec<_> = after
            .iter()
            .map(|(name, bytes)| self.put(name, bytes))
            .collect();
        let declaration = declare(declared);
        let (a, facts_a) = self.table(&before, &declaration);
        let (b, facts_b) = self.table(&after, &declaration);
        let options = Options {
            records: true,
            cells: true,
            whole: true,
            filter: None,
            memory: 1 << 20,
            ..Options::DEFAULT
        };
        let mut events = Vec::new();
        let facts = (Some(&facts_a), Some(&facts_b));
        diff_tables(&self.0, Some(&a), Some(&b), facts, options, &mut events).unwrap();
        // What following the change finds out tells the same.
        let seen = changed_records(&self.0, &a, &b, u64::MAX, &|| (), &|(), _, _| ()).unwrap();
        let (known, tables) = (Arc::new(seen.unwrap().1), (Some(&a), Some(&b)));
        let mut again = Vec::new();
        diff_known_tables(&self.0, &known, tables, facts, options, &mut again).unwrap();
        assert_eq!(events, again);
        events
    }
}

pub(super) fn declare(text: &str) -> Declaration {
    let mut all = Declarations::parse(text.as_bytes()).unwrap();
    assert_eq!(all.datasets.len(), 1);
    all.datasets.remove(0)
}

pub(super) fn summary(events: &[Event]) -> &SummaryEvent {
    let found = events.iter().find_map(|event| match event {
        Event::Summary(summary) => Some(summary),
        _ => None,
    });
    found.unwrap()
}

pub(super) fn cells(events: &[Event]) -> Vec<&CellEvent> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Cell(cell) => Some(cell),
            _ => None,
        })
        .collect()
}

/// Returns a file of the real data sets that stand in `shared/data` near the source, or in
/// DVER_TEST_DATA as of the build.
pub(super) fn real(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared/data", "../../shared/data"].map(|place| root.join(place));
    let places = option_env!("DVER_TEST_DATA")
        .map(PathBuf::from)
        .into_iter()
        .chain(places);
    let Some(bytes) = places
        .map(|at| at.join(path))
        .find_map(|at| std::fs::read(at).ok())
    else {
        #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
        {
            eprintln!("SKIPPED: {path} is not here");
        }
        return None;
    };
    if !path.ends_with(".gz") {
        return Some(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    Some(plain)
}
