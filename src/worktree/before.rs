//! Which chunk of the version before a chunk is like: what a store may build it on.
//!
//! A chunk's anchor outlives edits of its records; where there are no records, what outlives an
//! edit elsewhere is a chunk's length. Only hints come from here: a wrong one costs bytes, never
//! correctness, and a missing one costs a chunk stored whole.

use rustc_hash::FxHashMap;

use crate::base::{ObjectId, RepoPath};
use crate::object::{ChunkEntry, Manifest, ManifestBuilder, Outline};

use super::ingest::Ingest;

/// How far from the expected place a chunk is looked for. In a file that was shuffled, nearly all
/// anchors are found, and nearly none of them here.
const NEAR: usize = 64;
/// How far behind it.
const BEHIND: usize = 4;

/// How many chunks of one key are looked at where one may have moved.
const TRIED: usize = 64;
/// How many chunks in a row are taken to stand in the place of those that stood there, without
/// any other sign.
const GUESSES: u32 = 2;

/// The version before of one path.
#[derive(Default)]
pub(super) struct Before {
    /// Its content, where it is an object itself.
    whole: Option<ObjectId>,
    outline: Option<Outline>,
    chunks: Vec<(u64, ObjectId)>,
    /// Where the chunks of a key are, ascending.
    places: FxHashMap<u64, Vec<u32>>,
    /// The place behind the last chunk that was found.
    next: usize,
    guesses: u32,
}

/// Returns what tells a chunk from others and outlives edits.
fn key(chunk: &ChunkEntry) -> u64 {
    match chunk.anchor {
        Some(anchor) => u64::from(anchor),
        None => 1 << 32 | u64::from(chunk.length),
    }
}

impl Before {
    /// Returns the version before of a content that is one object.
    pub(super) fn whole_of(options: &Ingest<'_>, path: &RepoPath) -> Self {
        Self {
            whole: (options.previous)(path),
            ..Self::default()
        }
    }

    /// Reads what the store has of a path's version before.
    pub(super) fn read(options: &Ingest<'_>, path: &RepoPath) -> Self {
        let Some(content) = (options.previous)(path) else {
            return Self::default();
        };
        // Only hints: what cannot be read here is reported by whoever needs it.
        let Ok(Some(id)) = options.source.manifest_of(&content) else {
            return Self::default();
        };
        let Ok(manifest) = Manifest::read(options.source, &id) else {
            return Self::default();
        };
        let chunks: Vec<_> = (manifest.chunks.iter())
            .map(|chunk| (key(chunk), chunk.id))
            .collect();
        let mut places: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
        for ((key, _), place) in chunks.iter().zip(0u32..) {
            places.entry(*key).or_default().push(place);
        }
        Self {
            whole: None,
            outline: Manifest::root(options.source, &id)
                .and_then(|root| Outline::read(options.source, &id, root.node))
                .ok(),
            chunks,
            places,
            next: 0,
            guesses: 0,
        }
    }

    /// Returns the object that the content, if it is one object, is like.
    pub(super) fn whole(&self) -> Option<ObjectId> {
        self.whole
    }

    /// Returns a builder of the next version's manifest.
    pub(super) fn manifest(&mut self) -> ManifestBuilder {
        ManifestBuilder::near(self.outline.take())
    }

    /// Returns which chunk each of the next chunks is like, if any.
    pub(super) fn align<'a>(
        &mut self,
        chunks: impl Iterator<Item = &'a ChunkEntry>,
    ) -> Vec<Option<ObjectId>> {
        let keys: Vec<u64> = chunks.map(key).collect();
        let mut bases = Vec::with_capacity(keys.len());
        for (at, &key) in keys.iter().enumerate() {
            let found = self.find(key, keys.get(at + 1).copied());
            self.guesses = if found.is_some() { 0 } else { self.guesses + 1 };
            let guess =
                (self.guesses <= GUESSES && self.next < self.chunks.len()).then_some(self.next);
            let base = found.or(guess);
            self.next = base.map_or(self.next, |place| place + 1);
            bases.push(base.map(|place| self.chunks[place].1));
        }
        bases
    }

    /// Returns the place of the chunk that one with this key is like; the key after it may settle
    /// what is doubtful.
    fn find(&self, key: u64, after: Option<u64>) -> Option<usize> {
        let is = |place: usize, key| self.chunks.get(place).is_some_and(|chunk| chunk.0 == key);
        if is(self.next, key) {
            return Some(self.next);
        }
        let goes_on = |place: &usize| after.is_some_and(|after| is(place + 1, after));
        let places = self.places.get(&key).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|&place| (place as usize) + BEHIND < self.next);
        let ahead = places[first..].iter().map(|&place| place as usize);
        let near = ahead
            .clone()
            .next()
            .filter(|place| *place < self.next + NEAR);
        // A stretch that moved: two chunks in a row that were in a row.
        let behind = places[..first].iter().rev().map(|&place| place as usize);
        let mut moved = ahead.take(TRIED).chain(behind.take(TRIED));
        // An unknown chunk before a known one stands for the one that stood there.
        let replaced = || Some(self.next).filter(goes_on);
        near.or_else(|| moved.find(goes_on)).or_else(replaced)
    }
}
