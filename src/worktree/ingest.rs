//! Takes working files into a store: read, cut, hash, keep, and give the entries of a snapshot.
//!
//! Small files are read and cut many at a time on all cores; a large one streams through in
//! batches while the one before is being kept. Memory is bounded by the batches either way.

use std::convert::Infallible;
use std::path::Path;
use std::sync::mpsc;

use rayon::prelude::*;

use crate::base::progress::Progress;
use crate::base::{Hasher, ObjectId, RepoPath};
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

/// A file above this streams; others are read whole.
const LARGE: u64 = 8 << 20;
/// Files that are read whole go together up to this many bytes, and this many files.
const GROUP: u64 = 16 << 20;
const GROUP_FILES: usize = 8192;
/// How much is read, and how much is kept, at a time.
const BATCH: usize = 4 << 20;

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
    /// The chunk of the version before that they are like.
    pub(super) base: Option<ObjectId>,
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
            base: piece.base,
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

/// What a streamed file turned out to be, once its last batch was sent.
struct Streamed {
    stat: Stat,
    ending: Ending,
    content: ObjectId,
    cutter: String,
}

/// Consecutive chunks of a streamed file; the ids of the entries are still to come.
#[derive(Default)]
struct Batch {
    offset: u64,
    bytes: Vec<u8>,
    entries: Vec<ChunkEntry>,
}

impl Batch {
    fn push(&mut self, bytes: &[u8], cut: Cut) {
        self.bytes.extend_from_slice(bytes);
        self.entries.push(chunk_entry(bytes, cut));
    }

    /// Leaves an empty batch that goes on where this one ends.
    fn take(&mut self) -> Self {
        let next = Self {
            offset: self.offset + self.bytes.len() as u64,
            ..Self::default()
        };
        std::mem::replace(self, next)
    }
}

/// The id is set once the chunk is kept.
fn chunk_entry(bytes: &[u8], cut: Cut) -> ChunkEntry {
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
                Ok(Loaded::Whole(file)) => whole.push((path, file)),
                Ok(Loaded::Large) => self.stream(path)?,
                Err(problem) => self.finding(path, problem),
            }
        }
        let mut pieces = Vec::with_capacity(whole.len());
        for (path, file) in &mut whole {
            let is_link = file.stat.kind == EntryKind::Symlink;
            let piece = |start: usize, length: usize, base| Piece {
                path,
                is_link,
                offset: start as u64,
                bytes: &file.bytes[start..start + length],
                base,
            };
            match &file.cut {
                None => pieces.push(piece(0, file.bytes.len(), file.before.whole())),
                Some((_, chunks)) => {
                    let bases = file.before.align(chunks.iter().map(|chunk| &chunk.entry));
                    let chunks = chunks.iter().zip(bases);
                    pieces.extend(chunks.map(|(chunk, base)| {
                        piece(chunk.start, chunk.entry.length as usize, base)
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
        let streamed = std::thread::scope(|scope| {
            let reader = scope.spawn(move || produce(options, path, &sender));
            for batch in batches {
                let mut start = 0;
                let mut pieces = Vec::with_capacity(batch.entries.len());
                let bases = before.align(batch.entries.iter());
                for (entry, base) in batch.entries.iter().zip(bases) {
                    let end = start + entry.length as usize;
                    pieces.push(Piece {
                        path,
                        is_link: false,
                        offset: batch.offset + start as u64,
                        bytes: &batch.bytes[start..end],
                        base,
                    });
                    start = end;
                }
                let ids = self.keep.pieces(&pieces)?;
                for (mut entry, id) in batch.entries.into_iter().zip(ids) {
                    entry.id = id;
                    manifest.push(entry, self.keep.sink())?;
                }
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

/// Returns how the version before was cut.
fn previous_cutter(options: &Ingest<'_>, path: &RepoPath) -> Option<String> {
    let content = (options.previous)(path)?;
    // Only a hint: what cannot be read here is reported by whoever needs it.
    let manifest = options.source.manifest_of(&content).ok()??;
    Manifest::cutter_of(options.source, &manifest).ok()
}

fn choose(options: &Ingest<'_>, path: &RepoPath, front: &[u8], whole: bool) -> Cutter {
    let head = &front[..front.len().min(HEAD_BYTES)];
    let declared = (options.declared)(path);
    Cutter::choose(
        path,
        head,
        whole && head.len() == front.len(),
        previous_cutter(options, path).as_deref(),
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
            return Ok((ending == Ending::Same).then_some(Loaded::Whole(Box::new(whole))));
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

/// Reads a large file and sends its chunks; `None` where it did not hold still.
fn produce(
    options: &Ingest<'_>,
    path: &RepoPath,
    sender: &mpsc::SyncSender<Batch>,
) -> Result<Option<Streamed>, Problem> {
    let place = path.to_path(options.root);
    let Open::File(mut file, stat) = read::open(options.root, path)? else {
        return Ok(None); // a link now: the next try may find a file again
    };
    let mut hasher = Hasher::new();
    let mut block = vec![0; BATCH];
    let mut left = stat.size;
    let mut batch = Batch::default();
    let mut cutter: Option<Cutter> = None;
    if stat.size <= Content::MAX_WHOLE {
        // It shrank since it was listed: an object itself, as every content of this size.
        let block = &mut block[..stat.size as usize];
        if read::fill(&mut file, block, &place)? < block.len() {
            return Ok(None);
        }
        hasher.update(block);
        batch.push(block, Cut::default());
        left = 0;
    }
    while left > 0 {
        let want = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        let block = &mut block[..want];
        if read::fill(&mut file, block, &place)? < want {
            return Ok(None);
        }
        left -= want as u64;
        let cutter = cutter.get_or_insert_with(|| choose(options, path, block, left == 0));
        let mut emit = |bytes: &[u8], cut| {
            batch.push(bytes, cut);
            Ok(())
        };
        let (pushed, ()) = rayon::join(
            || cutter.push::<Infallible>(block, &mut emit),
            || hasher.update_parallel(block),
        );
        let Ok(()) = pushed;
        options.progress.advance(want as u64);
        // Sending may wait for the receiver, which may wait for rayon's threads: so it is done
        // here, on a thread of its own, and never by what runs on rayon's.
        if batch.bytes.len() >= BATCH && sender.send(batch.take()).is_err() {
            return Ok(None);
        }
    }
    let ending = read::ending(&place, &stat)?;
    if ending == Ending::Moved {
        return Ok(None);
    }
    let mut description = String::new();
    if let Some(cutter) = cutter {
        description = cutter.describe();
        let mut emit = |bytes: &[u8], cut| {
            batch.push(bytes, cut);
            Ok::<(), Infallible>(())
        };
        let Ok(()) = cutter.finish(&mut emit);
    }
    // The receiver is gone only when keeping failed, and then what is sent does not matter.
    if sender.send(batch).is_err() {
        return Ok(None);
    }
    Ok(Some(Streamed {
        stat,
        ending,
        content: hasher.id(),
        cutter: description,
    }))
}
