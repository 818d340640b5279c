//! Frames compressed on all cores, given back in the order in which they came.
//!
//! Invariant: what comes out depends only on what went in and its order, never on threads. At most
//! [`LIMIT`] raw bytes wait here. Threads of its own, not rayon's: whoever puts objects may be a
//! rayon task that holds a lock other tasks wait for, and waiting for rayon then would never end.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::ObjectId;

use super::codec::Effort;
use super::codec::script::Script;
use super::frame;

/// How many bytes may wait before the one who puts them has to.
const LIMIT: usize = 32 << 20;
/// How many raw bytes make a job: one message for each chunk would cost more than its hash.
const JOB: usize = 256 << 10;

/// One frame to be.
pub(super) enum Raw {
    /// Members that stand for themselves.
    Whole(Whole),
    /// Members that build on other objects.
    Deltas(Deltas),
}

/// Members whose bytes lie one after the other.
pub(super) struct Whole {
    pub(super) effort: Effort,
    pub(super) ids: Vec<ObjectId>,
    pub(super) lengths: Vec<u32>,
    pub(super) bytes: Vec<u8>,
}

/// Members that are scripts.
#[derive(Default)]
pub(super) struct Deltas {
    pub(super) ids: Vec<ObjectId>,
    lengths: Vec<u32>,
    deltas: Vec<Delta>,
    /// The sum of the lengths.
    pub(super) raw_bytes: usize,
    /// The sum of the scripts' lengths.
    pub(super) script_bytes: usize,
}

/// How an object comes from others, one behind the other.
pub(super) struct Delta {
    pub(super) bases: Vec<ObjectId>,
    pub(super) script: Script,
}

/// A member of a frame to be.
pub(super) enum Member<'a> {
    /// Its bytes.
    Whole(&'a [u8]),
    /// What they are made of, and how many there are.
    Delta(&'a Delta, u32),
}

impl Whole {
    /// Returns a frame without members.
    pub(super) fn new(effort: Effort) -> Self {
        Self {
            effort,
            ids: Vec::new(),
            lengths: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Appends a member.
    pub(super) fn push(&mut self, id: ObjectId, bytes: &[u8]) {
        self.ids.push(id);
        self.lengths.push(bytes.len() as u32); // at most frame::MAX_RAW
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the bytes of a member.
    pub(super) fn member(&self, index: u16) -> Option<Member<'_>> {
        let index = usize::from(index);
        let length = *self.lengths.get(index)? as usize;
        let start: usize = self.lengths[..index].iter().map(|&l| l as usize).sum();
        Some(Member::Whole(self.bytes.get(start..start + length)?))
    }
}

impl Deltas {
    /// Appends a member of this many raw bytes.
    pub(super) fn push(&mut self, id: ObjectId, length: usize, delta: Delta) {
        self.ids.push(id);
        self.lengths.push(length as u32); // at most frame::MAX_RAW
        self.raw_bytes += length;
        self.script_bytes += delta.script.len();
        self.deltas.push(delta);
    }

    /// Returns a member.
    pub(super) fn member(&self, index: u16) -> Option<Member<'_>> {
        let index = usize::from(index);
        let (delta, length) = (self.deltas.get(index)?, self.lengths.get(index)?);
        Some(Member::Delta(delta, *length))
    }
}

impl Raw {
    /// Returns the ids of the members.
    pub(super) fn ids(&self) -> &[ObjectId] {
        match self {
            Self::Whole(whole) => &whole.ids,
            Self::Deltas(deltas) => &deltas.ids,
        }
    }

    /// Returns the sum of the members' raw lengths.
    pub(super) fn raw_bytes(&self) -> u64 {
        match self {
            Self::Whole(whole) => whole.bytes.len() as u64,
            Self::Deltas(deltas) => deltas.raw_bytes as u64,
        }
    }

    /// Returns a member.
    pub(super) fn member(&self, index: u16) -> Option<Member<'_>> {
        match self {
            Self::Whole(whole) => whole.member(index),
            Self::Deltas(deltas) => deltas.member(index),
        }
    }

    /// Returns how many bytes it takes while it waits.
    fn waiting_bytes(&self) -> usize {
        match self {
            Self::Whole(whole) => whole.bytes.len(),
            Self::Deltas(deltas) => deltas.script_bytes,
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Whole(whole) => frame::encode(&whole.lengths, &whole.bytes, whole.effort),
            Self::Deltas(deltas) => {
                let members = deltas.deltas.iter();
                let members = members.map(|delta| (delta.bases.as_slice(), &delta.script));
                frame::encode_deltas(&deltas.lengths, members)
            }
        }
    }
}

type Jobs = Vec<(u64, Arc<Raw>)>;
type Results = Vec<(u64, Vec<u8>)>;

struct Slot {
    raw: Arc<Raw>,
    encoded: Option<Vec<u8>>,
}

/// Takes raw frames and gives encoded ones.
#[derive(Default)]
pub(super) struct Encoder {
    queue: VecDeque<Slot>,
    /// The number of the frame at the front of the queue.
    first: u64,
    waiting_bytes: usize,
    unsent: Jobs,
    unsent_bytes: usize,
    threads: Option<Threads>,
}

struct Threads {
    jobs: Sender<Jobs>,
    /// In a mutex only so that the encoder can be shared for reading.
    results: Mutex<Receiver<Results>>,
}

impl Threads {
    /// Starts a thread for each core. Where that fails, there are fewer or none, and the frames
    /// are encoded by the one who waits for them.
    fn start() -> Self {
        let (jobs, incoming) = channel::<Jobs>();
        let (outgoing, results) = channel();
        let incoming = Arc::new(Mutex::new(incoming));
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        for _ in 0..cores {
            let (incoming, outgoing) = (incoming.clone(), outgoing.clone());
            let work = move || {
                loop {
                    let next = incoming
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(jobs) = next else { return };
                    let done: Results = jobs.iter().map(|(n, raw)| (*n, raw.encode())).collect();
                    if outgoing.send(done).is_err() {
                        return; // the writer is gone, and so are those who wanted the rest
                    }
                }
            };
            let name = "compress".to_owned();
            if std::thread::Builder::new().name(name).spawn(work).is_err() {
                break;
            }
        }
        Self {
            jobs,
            results: Mutex::new(results),
        }
    }
}

impl Encoder {
    /// Takes the next frame and returns its number.
    pub(super) fn push(&mut self, raw: Raw) -> u64 {
        let number = self.first + self.queue.len() as u64;
        let raw = Arc::new(raw);
        self.waiting_bytes += raw.waiting_bytes();
        self.unsent_bytes += raw.waiting_bytes();
        self.unsent.push((number, raw.clone()));
        self.queue.push_back(Slot { raw, encoded: None });
        if self.unsent_bytes >= JOB {
            self.unsent_bytes = 0;
            let jobs = std::mem::take(&mut self.unsent);
            let threads = self.threads.get_or_insert_with(Threads::start);
            // Nobody receives only where no thread could be started.
            let _ = threads.jobs.send(jobs);
        }
        number
    }

    /// Returns a frame that is not given back yet.
    pub(super) fn waiting(&self, number: u64) -> Option<&Raw> {
        let slot = self.queue.get(number.checked_sub(self.first)? as usize)?;
        Some(&slot.raw)
    }

    /// Gives back the next frame where it is ready, or must be had now: because too much waits,
    /// or because this is the end (`all`).
    pub(super) fn pop(&mut self, all: bool) -> Option<(Arc<Raw>, Vec<u8>)> {
        let must = all || self.waiting_bytes > LIMIT;
        loop {
            let front = self.queue.front_mut()?;
            if let Some(encoded) = front.encoded.take() {
                let raw = self.queue.pop_front()?.raw;
                self.first += 1;
                self.waiting_bytes -= raw.waiting_bytes();
                return Some((raw, encoded));
            }
            let unsent = self.unsent.first().is_some_and(|&(n, _)| n == self.first);
            match self.receive(must && !unsent) {
                Ok(results) => self.place(results),
                Err(TryRecvError::Empty) if !must => return None,
                // The front was not sent to any thread, or there is none.
                Err(_) => {
                    if unsent {
                        self.unsent.remove(0);
                    }
                    if let Some(front) = self.queue.front_mut() {
                        front.encoded = Some(front.raw.encode());
                    }
                }
            }
        }
    }

    fn receive(&mut self, wait: bool) -> Result<Results, TryRecvError> {
        let Some(threads) = &mut self.threads else {
            return Err(TryRecvError::Empty);
        };
        let results = threads
            .results
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        match wait {
            true => results.recv().map_err(|_| TryRecvError::Disconnected),
            false => results.try_recv(),
        }
    }

    fn place(&mut self, results: Results) {
        for (number, encoded) in results {
            if let Some(slot) = self.queue.get_mut(number.wrapping_sub(self.first) as usize) {
                slot.encoded = Some(encoded);
            }
        }
    }
}
