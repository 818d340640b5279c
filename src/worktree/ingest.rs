//! Takes working files into a store: read, cut, hash, keep, and give the entries of a snapshot.
//!
//! Small files are read and cut many at a time on all cores; a large one streams through in
//! batches while the one before is being kept. Memory is bounded by the batches either way.

use std::convert::Infallible;
use std::path::Path;
use std::sync::mpsc;

use rayon::prelude::*;

use crate::base::progress::Progress;
use crate::base::{ObjectId, RepoPath};
use crate::chunk::Cut;
use crate::dataset::cutter::Cutter;
use crate::object::{
    self, ChunkEntry, Content, EntryKind, FileEntry, Manifest, Near, ObjectSink, ObjectSource,
};
use crate::record::{DeclaredDialect, Format, HEAD_BYTES};

use super::before::Before;
use super::cache::StatCache;
use super::error::{Error, Finding, Problem};
use super::read::{self, Ending, Open};
use super::stat::{Stat, WorkFile};
use super::stream::{Batch, produce};

/// A file above this streams; others are read whole.
const LARGE: u64 = 8 << 20;
/// Files that are read whole go together up to this many bytes, and this many files.
const GROUP: u64 = 16 << 20;
const GROUP_FILES: usize = 8192;

/// Says which content a path had in the version before.
pub type Previous<'a> = dyn Fn(&RepoPath) -> Option<ObjectId> + Sync + 'a;
/// Says which format and dialect a path was declared to have.
pub type Declared<'a> = dyn Fn(&RepoPath) -> Option<(Format, DeclaredDialect)> + Sync + 'a;

/// What is needed to read working files as contents.
pub struct Ingest<'a> {
    /// The worktree's root.
    pub root: &'a Path,
    /// Where earlier versions are: cutting goes on as they were cut.
    pub source: &'a dyn ObjectSource,
    /// The content of each path in the version before.
    pub previous: &'a Previous<'a>,
    /// The format and dialect that each path was declared to have.
    pub declared: &'a Declared<'a>,
    /// Hears of bytes read.
    pub progress: &'a dyn Progress,
}

/// What was taken.
#[derive(Debug, Default)]
pub struct Ingested {
    /// The entries, in order of paths.
    pub entries: Vec<FileEntry>,
    /// What was not taken, and notes on what was.
    pub findings: Vec<Finding>,
}

/// Takes working files into the sink.
///
/// A path that cannot be read or does not hold still is a finding; the others are taken.
pub fn ingest(
    options: &Ingest<'_>,
    files: &[WorkFile],
    cache: &mut StatCache,
    sink: &mut dyn ObjectSink,
) -> Result<Ingested, Error> {
    take(options, files, cache, &mut Stored(sink))
}

/// A run of bytes of a working file.
pub(super) struct Piece<'a> {
    /// The file.
    pub(super) path: &'a RepoPath,
    /// Whether the file is a symbolic link, whose bytes cannot be read back at an offset.
    pub(super) is_link: bool,
    /// Where in the file the bytes stand.
    pub(super) offset: u64,
    /// The bytes.
    pub(super) bytes: &'a [u8],
    /// The chunks of the version before that they are like.
    pub(super) bases: &'a [ObjectId],
}

/// Where pieces and manifests go: a store, or a note of where the bytes stand.
pub(super) trait Keep {
    /// Keeps pieces and returns their ids, in order.
    fn pieces(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<ObjectId>, object::Error>;
    /// Returns where the nodes of manifests go.
    fn sink(&mut self) -> &mut dyn ObjectSink;
}

struct Stored<'a>(&'a mut dyn ObjectSink);

impl Keep for Stored<'_> {
    fn pieces(&mut self, pieces: &[Piece<'_>]) -> Result<Vec<ObjectId>, object::Error> {
        let near = pieces.iter().map(|piece| Near {
            bytes: piece.bytes,
            bases: piece.bases,
        });
        self.0.put_all_near(&near.collect::<Vec<_>>())
    }

    fn sink(&mut self) -> &mut dyn ObjectSink {
        self.0
    }
}

/// Takes working files, whatever it is that keeps them.
pub(super) fn take(
    options: &Ingest<'_>,
    files: &[WorkFile],
    cache: &mut StatCache,
    keep: &mut dyn Keep,
) -> Result<Ingested, Error> {
    let total = files.iter().map(|file| file.stat.size).sum();
    options.progress.begin("reading files", Some(total));
    let mut taking = Taking {
        options,
        cache,
        keep,
        out: Ingested::default(),
    };
    let mut rest = files;
    while let Some(first) = rest.first() {
        if first.stat.size > LARGE {
            taking.stream(&first.path)?;
            rest = &rest[1..];
            continue;
        }
        let mut bytes = 0;
        let fits = |file: &&WorkFile| {
            bytes += file.stat.size;
            file.stat.size <= LARGE && bytes <= GROUP
        };
        let count = rest.iter().take(GROUP_FILES).take_while(fits).count();
        let (group, after) = rest.split_at(count.max(1));
        taking.group(group)?;
        rest = after;
    }
    options.progress.end();
    let mut out = taking.out;
    out.entries.sort_by(|a, b| a.path.cmp(&b.path));
    out.findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

/// One cut of a file that was read whole.
struct Chunk {
    start: usize,
    entry: ChunkEntry,
}

/// A file that was read whole.
struct Whole {
    stat: Stat,
    ending: Ending,
    bytes: Vec<u8>,
    content: ObjectId,
    /// What of the version before it is like.
    before: Before,
    /// How it is cut; `None` where it is an object itself.
    cut: Option<(String, Vec<Chunk>)>,
}

enum Loaded {
    Whole(Box<Whole>),
    /// It has become large meanwhile.
    Large,
}

/// The id is set once the chunk is kept.
pub(super) fn chunk_entry(bytes: &[u8], cut: Cut) -> ChunkEntry {
    ChunkEntry {
        id: ObjectId([0; 32]),
        length: bytes.len() as u32, // a cutter never emits 4 GiB
        records: cut.records,
        lines: cut.lines,
        header: cut.header,
        continued: cut.continued,
        anchor: cut.anchor,
    }
}

struct Taking<'a, 'b> {
    options: &'a Ingest<'a>,
    cache: &'b mut StatCache,
    keep: &'b mut dyn Keep,
    out: Ingested,
}

impl Taking<'_, '_> {
    fn finding(&mut self, path: &RepoPath, problem: Problem) {
        self.out.findings.push(Finding {
            path: path.clone(),
            problem,
        });
    }

    /// Notes a file that was kept.
    fn kept(&mut self, path: &RepoPath, stat: &Stat, ending: Ending, content: ObjectId) {
        match ending {
            Ending::Same => self.cache.remember(path, stat, content),
            _ => {
                self.cache.forget(path);
                self.finding(path, Problem::Grown { read: stat.size });
            }
        }
        self.out.entries.push(FileEntry {
            path: path.clone(),
            kind: stat.kind,
            size: stat.size,
            content,
        });
    }

    /// Takes files that are read whole.
    fn group(&mut self, files: &[WorkFile]) -> Result<(), Error> {
        let options = self.options;
        let loaded: Vec<_> = files
            .par_iter()
            .map(|file| (&file.path, load_twice(options, &file.path)))
            .collect();
        let mut whole = Vec::with_capacity(loaded.len());
        for (path, loaded) in loaded {
            match loaded {
                Ok(Loaded::Whole(file)) => whole.push((path, *file)),
                Ok(Loaded::Large) => self.stream(path)?,
                Err(problem) => self.finding(path, problem),
            }
        }
        let mut pieces = Vec::with_capacity(whole.len());
        for (path, file) in &mut whole {
            let is_link = file.stat.kind == EntryKind::Symlink;
            let bases = match &file.cut {
                None => Vec::new(),
                Some((_, chunks)) => (file.before).align(chunks.iter().map(|c| &c.entry), true),
            };
            let file = &*file;
            let piece = |start: usize, length: usize, bases| Piece {
                path,
                is_link,
                offset: start as u64,
                bytes: &file.bytes[start..start + length],
                bases: file.before.chunks(bases),
            };
            match &file.cut {
                None => pieces.push(piece(0, file.bytes.len(), 0..1)),
                Some((_, chunks)) => {
                    let chunks = chunks.iter().zip(bases);
                    pieces.extend(chunks.map(|(chunk, bases)| {
                        piece(chunk.start, chunk.entry.length as usize, bases)
                    }));
                }
            }
        }
        let mut ids = self.keep.pieces(&pieces)?.into_iter();
        drop(pieces);
        for (path, mut file) in whole {
            match file.cut {
                None => drop(ids.next()),
                Some((cutter, chunks)) => {
                    let mut manifest = file.before.manifest();
                    for (mut chunk, id) in chunks.into_iter().zip(&mut ids) {
                        chunk.entry.id = id;
                        manifest.push(chunk.entry, self.keep.sink())?;
                    }
                    manifest.finish(file.content, &cutter, self.keep.sink())?;
                }
            }
            self.kept(path, &file.stat, file.ending, file.content);
        }
        Ok(())
    }

    /// Takes a large file, in batches.
    fn stream(&mut self, path: &RepoPath) -> Result<(), Error> {
        for last_try in [false, true] {
            match self.stream_once(path)? {
                Ok(true) => return Ok(()),
                Ok(false) if last_try => self.finding(path, Problem::Changed),
                Ok(false) => {}
                Err(problem) => {
                    self.finding(path, problem);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns whether the file held still.
    fn stream_once(&mut self, path: &RepoPath) -> Result<Result<bool, Problem>, Error> {
        let options = self.options;
        let mut before = Before::read(options, path);
        let mut manifest = before.manifest();
        // One batch being kept, one waiting, one being cut.
        let (sender, batches) = mpsc::sync_channel::<Batch>(1);
        let (done, spares) = mpsc::channel::<Vec<u8>>();
        let streamed = std::thread::scope(|scope| {
            let reader = scope.spawn(move || produce(options, path, &sender, &spares));
            for batch in batches {
                let mut start = 0;
                let mut pieces = Vec::with_capacity(batch.entries.len());
                let bases = before.align(batch.entries.iter(), false);
                for (entry, bases) in batch.entries.iter().zip(bases) {
                    let end = start + entry.length as usize;
                    pieces.push(Piece {
                        path,
                        is_link: false,
                        offset: batch.offset + start as u64,
                        bytes: &batch.bytes[start..end],
                        bases: before.chunks(bases),
                    });
                    start = end;
                }
                let ids = self.keep.pieces(&pieces)?;
                for (mut entry, id) in batch.entries.into_iter().zip(ids) {
                    entry.id = id;
                    manifest.push(entry, self.keep.sink())?;
                }
                drop(pieces);
                // The reader may be at its end already.
                let _ = done.send(batch.bytes);
            }
            match reader.join() {
                Ok(streamed) => Ok::<_, Error>(streamed),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })?;
        let file = match streamed {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Ok(false)),
            Err(problem) => return Ok(Err(problem)),
        };
        if file.stat.size > Content::MAX_WHOLE {
            manifest.finish(file.content, &file.cutter, self.keep.sink())?;
        }
        self.kept(path, &file.stat, file.ending, file.content);
        Ok(Ok(true))
    }
}

/// Returns how the version before was cut, in terms of a version that begins with `head`.
fn previous_cutter(options: &Ingest<'_>, path: &RepoPath, head: &[u8]) -> Option<String> {
    let content = (options.previous)(path)?;
    // Only a hint: what cannot be read here is reported by whoever needs it.
    let manifest = options.source.manifest_of(&content).ok()??;
    let cutter = Manifest::cutter_of(options.source, &manifest).ok()?;
    let first = Manifest::first(options.source, &manifest).ok()??;
    if !first.header {
        return Some(cutter);
    }
    let header = options.source.get(&first.id).ok()?;
    Some(Cutter::carry_over(&cutter, &header, head))
}

/// Chooses how a file with this beginning is cut.
pub(super) fn choose(options: &Ingest<'_>, path: &RepoPath, front: &[u8], whole: bool) -> Cutter {
    let head = &front[..front.len().min(HEAD_BYTES)];
    let declared = (options.declared)(path);
    Cutter::choose(
        path,
        head,
        whole && head.len() == front.len(),
        previous_cutter(options, path, head).as_deref(),
        declared
            .as_ref()
            .map(|(format, dialect)| (*format, dialect)),
    )
}

fn load_twice(options: &Ingest<'_>, path: &RepoPath) -> Result<Loaded, Problem> {
    match load(options, path)? {
        Some(loaded) => Ok(loaded),
        None => load(options, path)?.ok_or(Problem::Changed),
    }
}

/// Reads and cuts a file; `None` where it did not hold still.
fn load(options: &Ingest<'_>, path: &RepoPath) -> Result<Option<Loaded>, Problem> {
    let place = path.to_path(options.root);
    let (bytes, stat) = match read::open(options.root, path)? {
        Open::Link(target, mut stat) => {
            let ending = read::ending(&place, &stat)?;
            // Some file systems say 0 for the size of a link.
            stat.size = target.len() as u64;
            let whole = Whole {
                stat,
                ending,
                content: ObjectId::of(&target),
                bytes: target,
                before: Before::default(),
                cut: None,
            };
            return Ok((ending == Ending::Same).then(|| Loaded::Whole(Box::new(whole))));
        }
        Open::File(_, stat) if stat.size > LARGE => return Ok(Some(Loaded::Large)),
        Open::File(mut file, stat) => {
            let mut bytes = vec![0; stat.size as usize]; // at most LARGE
            if read::fill(&mut file, &mut bytes, &place)? < bytes.len() {
                return Ok(None);
            }
            (bytes, stat)
        }
    };
    options.progress.advance(stat.size);
    let ending = read::ending(&place, &stat)?;
    if ending == Ending::Moved {
        return Ok(None);
    }
    let content = ObjectId::of(&bytes);
    let before = match stat.size > Content::MAX_WHOLE {
        true => Before::read(options, path),
        false => Before::whole_of(options, path),
    };
    let cut = (stat.size > Content::MAX_WHOLE).then(|| cut_whole(options, path, &bytes));
    Ok(Some(Loaded::Whole(Box::new(Whole {
        stat,
        ending,
        bytes,
        content,
        before,
        cut,
    }))))
}

fn cut_whole(options: &Ingest<'_>, path: &RepoPath, bytes: &[u8]) -> (String, Vec<Chunk>) {
    let mut cutter = choose(options, path, bytes, true);
    let cutter_text = cutter.describe();
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut emit = |bytes: &[u8], cut| {
        let entry = chunk_entry(bytes, cut);
        chunks.push(Chunk { start, entry });
        start += bytes.len();
        Ok(())
    };
    let done: Result<(), Infallible> = cutter
        .push(bytes, &mut emit)
        .and_then(|()| cutter.finish(&mut emit));
    let Ok(()) = done;
    (cutter_text, chunks)
}
