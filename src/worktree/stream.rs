//! Reads a large file for [`ingest`](super::ingest::ingest): read, hash and cut while the batch
//! before is being kept, in bounded memory.

use std::convert::Infallible;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc;

use crate::base::{Hasher, ObjectId, RepoPath};
use crate::chunk::Cut;
use crate::dataset::cutter::Cutter;
use crate::object::{ChunkEntry, Content};

use super::error::Problem;
use super::ingest::{Ingest, choose, chunk_entry};
use super::read::{self, Ending, Open};
use super::stat::Stat;

/// How much is read, and how much is kept, at a time.
const BATCH: usize = 4 << 20;

/// What a streamed file turned out to be, once its last batch was sent.
pub(super) struct Streamed {
    pub(super) stat: Stat,
    pub(super) ending: Ending,
    pub(super) content: ObjectId,
    pub(super) cutter: String,
}

/// Consecutive chunks of a streamed file; the ids of the entries are still to come.
pub(super) struct Batch {
    pub(super) offset: u64,
    /// The chunks one after the other, and then bytes of no meaning.
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<ChunkEntry>,
}

/// Bytes read of a large file and not sent yet, the front of them cut.
///
/// They are read into the place from which they are sent, and a buffer that was sent comes back:
/// fresh memory costs as much as reading does.
struct Buffer {
    bytes: Vec<u8>,
    /// Up to where there are bytes of the file.
    filled: usize,
    /// Up to where chunks were cut, and what they are.
    cut: usize,
    entries: Vec<ChunkEntry>,
    /// Where in the file the buffer starts.
    offset: u64,
}

impl Buffer {
    /// Reads more; returns whether there was as much as wanted.
    fn read(&mut self, want: usize, file: &mut File, place: &Path) -> Result<bool, Problem> {
        let end = self.filled + want;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let found = read::fill(file, &mut self.bytes[self.filled..end], place)?;
        self.filled = end;
        Ok(found == want)
    }

    /// Cuts what was read from a place on, while its bytes are looked at otherwise.
    fn cut(&mut self, cutter: &mut Cutter, from: usize, meanwhile: impl FnOnce(&[u8]) + Send) {
        let (bytes, filled) = (self.bytes.as_slice(), self.filled);
        let (cut, entries) = (&mut self.cut, &mut self.entries);
        let steps = || {
            let mut end = from;
            while end < filled {
                end = filled.min(end + Cutter::STEP);
                *cut += feed(cutter, &bytes[*cut..end], false, entries);
            }
        };
        rayon::join(steps, || meanwhile(&bytes[from..filled]));
    }

    /// Takes out what was cut; the rest goes on in a `spare` buffer.
    fn take(&mut self, mut spare: Vec<u8>) -> Batch {
        let rest = &self.bytes[self.cut..self.filled];
        if spare.len() < rest.len() {
            spare.resize(rest.len(), 0);
        }
        spare[..rest.len()].copy_from_slice(rest);
        let batch = Batch {
            offset: self.offset,
            bytes: std::mem::replace(&mut self.bytes, spare),
            entries: std::mem::take(&mut self.entries),
        };
        self.offset += self.cut as u64;
        self.filled -= self.cut;
        self.cut = 0;
        batch
    }
}

/// Reads a large file and sends its chunks; `None` where it did not hold still.
pub(super) fn produce(
    options: &Ingest<'_>,
    path: &RepoPath,
    sender: &mpsc::SyncSender<Batch>,
    spares: &mpsc::Receiver<Vec<u8>>,
) -> Result<Option<Streamed>, Problem> {
    let place = path.to_path(options.root);
    let Open::File(mut file, stat) = read::open(options.root, path)? else {
        return Ok(None); // a link now: the next try may find a file again
    };
    let mut hasher = Hasher::new();
    let mut left = stat.size;
    let mut buffer = Buffer {
        bytes: Vec::new(),
        filled: 0,
        cut: 0,
        entries: Vec::new(),
        offset: 0,
    };
    let mut cutter: Option<Cutter> = None;
    if stat.size <= Content::MAX_WHOLE {
        // It shrank since it was listed: an object itself, as every content of this size.
        if !buffer.read(stat.size as usize, &mut file, &place)? {
            return Ok(None);
        }
        hasher.update(&buffer.bytes);
        buffer
            .entries
            .push(chunk_entry(&buffer.bytes, Cut::default()));
        buffer.cut = buffer.filled;
        left = 0;
    }
    while left > 0 {
        let want = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        let start = buffer.filled;
        if !buffer.read(want, &mut file, &place)? {
            return Ok(None);
        }
        left -= want as u64;
        let read = &buffer.bytes[start..buffer.filled];
        let cutter = cutter.get_or_insert_with(|| choose(options, path, read, left == 0));
        buffer.cut(cutter, start, |read| hasher.update_parallel(read));
        options.progress.advance(want as u64);
        // Sending may wait for the receiver, which may wait for rayon's threads: so it is done
        // here, on a thread of its own, and never by what runs on rayon's.
        if buffer.cut >= BATCH {
            let spare = spares.try_recv().unwrap_or_default();
            if sender.send(buffer.take(spare)).is_err() {
                return Ok(None);
            }
        }
    }
    let ending = read::ending(&place, &stat)?;
    if ending == Ending::Moved {
        return Ok(None);
    }
    let mut description = String::new();
    if let Some(mut cutter) = cutter {
        description = cutter.describe();
        let rest = &buffer.bytes[buffer.cut..buffer.filled];
        buffer.cut += feed(&mut cutter, rest, true, &mut buffer.entries);
    }
    // The receiver is gone only when keeping failed, and then what is sent does not matter.
    if sender.send(buffer.take(Vec::new())).is_err() {
        return Ok(None);
    }
    Ok(Some(Streamed {
        stat,
        ending,
        content: hasher.id(),
        cutter: description,
    }))
}

/// Cuts a window and notes the chunks; returns how many bytes they have.
fn feed(cutter: &mut Cutter, window: &[u8], last: bool, entries: &mut Vec<ChunkEntry>) -> usize {
    let mut emit = |bytes: &[u8], cut| {
        entries.push(chunk_entry(bytes, cut));
        Ok::<(), Infallible>(())
    };
    let Ok(done) = cutter.feed(window, last, &mut emit);
    done
}
