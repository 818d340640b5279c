//! Which chunks of the version before a chunk is like: what a store may build it on.
//!
//! A chunk's anchor outlives edits of its records; where there are no records, what outlives an
//! edit elsewhere is a chunk's length. Only hints come from here: a wrong one costs bytes, never
//! correctness, and a missing one costs a chunk stored whole.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::base::{ObjectId, RepoPath};
use crate::object::{ChunkEntry, Manifest, ManifestBuilder, Outline};

use super::ingest::Ingest;

/// How far from the expected place a chunk is looked for. In a file that was shuffled, nearly all
/// anchors are found, and nearly none of them here.
const AHEAD: usize = 64;
const BEHIND: usize = 4;
/// How many chunks of one key are looked at where one may have moved.
const TRIED: usize = 64;
/// How many chunks in a row, none of them known, are compared with what stood between the known
/// ones around them, and how many chunks that may be. More are likely to be all new.
const GAP: usize = 4;

/// The version before of one path.
#[derive(Default)]
pub(super) struct Before {
    outline: Option<Outline>,
    keys: Vec<u64>,
    lengths: Vec<u32>,
    ids: Vec<ObjectId>,
    /// Where the chunks of a key are, ascending.
    places: FxHashMap<u64, Vec<u32>>,
    /// The place behind the last chunk that was found.
    next: usize,
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
            ids: (options.previous)(path).into_iter().collect(),
            ..Self::default()
        }
    }

    /// Reads what the store has of a path's version before.
    pub(super) fn read(options: &Ingest<'_>, path: &RepoPath) -> Self {
        // Only hints: what cannot be read here is reported by whoever needs it.
        Self::try_read(options, path).unwrap_or_default()
    }

    fn try_read(options: &Ingest<'_>, path: &RepoPath) -> Option<Self> {
        let content = (options.previous)(path)?;
        let Some(id) = options.source.manifest_of(&content).ok()? else {
            return Some(Self::whole_of(options, path));
        };
        let manifest = Manifest::read(options.source, &id).ok()?;
        let root = Manifest::root(options.source, &id).ok()?;
        let keys: Vec<u64> = manifest.chunks.iter().map(key).collect();
        let mut places: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
        for (key, place) in keys.iter().zip(0u32..) {
            places.entry(*key).or_default().push(place);
        }
        Some(Self {
            outline: Outline::read(options.source, &id, root.node).ok(),
            keys,
            lengths: manifest.chunks.iter().map(|chunk| chunk.length).collect(),
            ids: manifest.chunks.iter().map(|chunk| chunk.id).collect(),
            places,
            next: 0,
        })
    }

    /// Returns a builder of the next version's manifest.
    pub(super) fn manifest(&mut self) -> ManifestBuilder {
        ManifestBuilder::near(self.outline.take())
    }

    /// Returns the ids of chunks by their places; none where there are fewer.
    pub(super) fn chunks(&self, places: Range<usize>) -> &[ObjectId] {
        self.ids.get(places).unwrap_or(&[])
    }

    /// Returns for each of the next chunks the places of those that it is like; with `last`, no
    /// more come.
    pub(super) fn align<'a>(
        &mut self,
        chunks: impl Iterator<Item = &'a ChunkEntry>,
        last: bool,
    ) -> Vec<Range<usize>> {
        let chunks: Vec<(u64, u32)> = chunks.map(|chunk| (key(chunk), chunk.length)).collect();
        let mut from = self.next;
        let mut found = Vec::with_capacity(chunks.len());
        for (at, &(key, length)) in chunks.iter().enumerate() {
            let place = self.find(key, chunks.get(at + 1).map(|after| after.0));
            self.next = place.map_or(self.next, |place| place + 1);
            found.push(place.map(|place| (place, length)));
        }
        let mut like = Vec::with_capacity(chunks.len());
        let mut rest = found.as_slice();
        // Whether the last chunk that was known has lost much of its end.
        let mut lost = false;
        while let Some(first) = rest.first() {
            if let Some((place, length)) = *first {
                from = place + 1;
                rest = &rest[1..];
                let before = u64::from(self.lengths[place]);
                lost = u64::from(length) * 8 < before * 7;
                let grown = u64::from(length) * 7 > before * 8;
                // Chunks that are one now: the next one that is known stood further on. Where what
                // comes next is not known, it has a claim as well.
                let unknown = matches!(rest.first(), Some(None));
                let joined = self.known_after(rest, last).filter(|_| grown || !unknown);
                let joined = joined.filter(|end| (from..from + GAP).contains(end));
                like.push(place..joined.unwrap_or(from));
                continue;
            }
            let count = rest.iter().take_while(|place| place.is_none()).count();
            rest = &rest[count..];
            let start = from - usize::from(lost && from > 0);
            let gap = match self.known_after(rest, last) {
                Some(end) if end > from => start..end,
                // Nothing stood between: a chunk that is two now.
                Some(end) if end == from => from.saturating_sub(1)..from,
                // The end of a batch, or a place further back.
                _ => start..from + 1,
            };
            lost = false;
            let few = count <= GAP && gap.len() <= GAP;
            like.extend((0..count).map(|_| if few { gap.clone() } else { 0..0 }));
        }
        like
    }

    /// Returns the place of the first chunk that is known; behind the last chunk there is the end.
    fn known_after(&self, found: &[Option<(usize, u32)>], last: bool) -> Option<usize> {
        match found.iter().flatten().next() {
            Some((place, _)) => Some(*place),
            None => last.then_some(self.ids.len()),
        }
    }

    /// Returns the place of the chunk that one with this key is like; the key after it may settle
    /// what is doubtful.
    fn find(&self, key: u64, after: Option<u64>) -> Option<usize> {
        let is = |place: usize, key| self.keys.get(place) == Some(&key);
        if is(self.next, key) {
            return Some(self.next);
        }
        let goes_on = |place: &usize| after.is_some_and(|after| is(place + 1, after));
        let places = self.places.get(&key).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|&place| (place as usize) + BEHIND < self.next);
        let mut ahead = places[first..].iter().map(|&place| place as usize);
        if let Some(near) = ahead
            .clone()
            .next()
            .filter(|near| *near < self.next + AHEAD)
        {
            return Some(near);
        }
        // A stretch that moved: two chunks in a row that were in a row.
        let mut behind = places[..first].iter().rev().map(|&place| place as usize);
        (ahead.by_ref().take(TRIED).find(goes_on))
            .or_else(|| behind.by_ref().take(TRIED).find(goes_on))
    }
}
