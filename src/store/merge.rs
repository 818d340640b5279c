//! Merging small packs, so that a look through all tables stays short.
//!
//! Invariant: frames are copied as they are, and only from packs that still hash to their names:
//! merging never changes an object and never hides damage. The merged pack is durable under its
//! name before the first of the old ones goes.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::{Hasher, ObjectId, fsio};
use crate::object::Error;

use super::pack::{Pack, PackId};
use super::pack_file::PackFile;
use super::store::{PackInfo, Store};
use super::table::{ID_BYTES, Locator};

/// A pack that is left alone is at least this many times as large as the one before it. Each
/// byte is then copied about once for each time that the store grows fivefold.
const RATIO: u64 = 4;
/// Packs from this size on are never copied again.
const FULL: u64 = 1 << 30;
/// The merged pack is at most this large.
const LARGEST: u64 = 4 << 30;

/// Which packs become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergePlan {
    /// The packs, smallest first.
    pub packs: Vec<PackInfo>,
    /// The sum of their sizes in bytes.
    pub bytes: u64,
}

/// What a merge did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The new pack.
    pub pack: PackId,
    /// The packs that it replaced.
    pub replaced: Vec<PackId>,
}

/// Returns how many of the packs, sorted by size, become one, so that the sizes of the others
/// are a geometric row above it.
pub(super) fn merged_count(sizes: &[u64]) -> usize {
    let mut sum = 0u64;
    for (count, &size) in sizes.iter().enumerate() {
        let is_row = |row: &[u64]| row.windows(2).all(|w| w[1] >= w[0].saturating_mul(RATIO));
        if count >= 2 && size >= sum.saturating_mul(RATIO) && is_row(&sizes[count..]) {
            return count;
        }
        if count >= 2 && sum.saturating_add(size) > LARGEST {
            return count;
        }
        sum = sum.saturating_add(size);
    }
    sizes.len()
}

impl Store {
    /// Returns which packs to merge, where there are more than `most` that are not full.
    pub fn plan_merge(&self, most: usize) -> Option<MergePlan> {
        let mut packs = self.list_packs();
        packs.retain(|pack| pack.size < FULL);
        if packs.len() <= most.max(1) {
            return None;
        }
        packs.sort_by_key(|pack| (pack.size, pack.id));
        let sizes: Vec<u64> = packs.iter().map(|pack| pack.size).collect();
        packs.truncate(merged_count(&sizes));
        let bytes = packs.iter().map(|pack| pack.size).sum();
        Some(MergePlan { packs, bytes })
    }

    /// Makes one pack of the plan's packs and removes them. Damaged packs stay as they are.
    ///
    /// Only for a process that holds the writers' lock. Returns `None` where nothing was to gain.
    pub fn apply_merge(&self, plan: &MergePlan, tmp_dir: &Path) -> Result<Option<Merged>, Error> {
        let wanted = |pack: &&Arc<Pack>| plan.packs.iter().any(|info| info.id == pack.id);
        let packs = self.packs();
        // Oldest first: what was written together stays together, in order.
        let sources: Vec<Source<'_>> = (packs.open.iter().rev().filter(wanted))
            .filter_map(|pack| Source::new(pack))
            .collect();
        if sources.len() < 2 {
            return Ok(None);
        }

        // The merged pack is packed as well as the worst of its sources.
        let effort = sources.iter().map(|source| source.pack.trailer.effort);
        let effort = effort.min().unwrap_or(0);
        let mut file = PackFile::create(tmp_dir, ID_BYTES)?.with_effort(effort);
        let mut taken = FxHashSet::default();
        for (index, source) in sources.iter().enumerate() {
            for frame in &source.frames {
                if self.is_taken(source, frame, &sources[..index], &taken) {
                    continue;
                }
                taken.extend(frame.ids.iter().copied());
                file.append(frame.bytes, &frame.ids, frame.raw_bytes)?;
            }
        }
        let mut contents: Vec<_> = sources
            .iter()
            .flat_map(|source| source.pack.table().contents())
            .collect();
        contents.sort_unstable();
        contents.dedup();
        let pack = file.finish(&contents)?;
        file.persist(&pack, self.dir())?;
        fsio::sync_dir(self.dir())?;

        let mut replaced = Vec::new();
        for source in &sources {
            // The merged pack is one of them where that one held everything already.
            if source.pack.id != pack {
                fsio::remove(&source.pack.path)?;
                replaced.push(source.pack.id);
            }
        }
        fsio::sync_dir(self.dir())?;
        self.rescan()?;
        Ok(Some(Merged { pack, replaced }))
    }

    /// Returns whether every object of the frame is in a pack that was copied before, and builds on
    /// nothing there: of two objects that are each whole in one pack and a delta on the other in
    /// the next, the deltas alone would be worth nothing.
    fn is_taken(
        &self,
        source: &Source<'_>,
        frame: &SourceFrame<'_>,
        before: &[Source<'_>],
        taken: &FxHashSet<ObjectId>,
    ) -> bool {
        if !frame.ids.iter().all(|id| taken.contains(id)) {
            return false;
        }
        // Truncated ids may collide: only full ids tell.
        let kept = |id: &'_ ObjectId| id.as_bytes()[..usize::from(ID_BYTES)].to_vec();
        let wanted: Vec<Vec<u8>> = frame.ids.iter().map(kept).collect();
        let Ok(members) = self.decode_frame(source.pack.frames(), frame.offset, &wanted) else {
            return false;
        };
        members.iter().all(|member| match member {
            Ok((_, id)) => before.iter().any(|older| self.holds_whole(older.pack, id)),
            Err(_) => false,
        })
    }
}

/// A pack to be copied, whose bytes were checked.
struct Source<'a> {
    pack: &'a Pack,
    /// In the order of the file.
    frames: Vec<SourceFrame<'a>>,
}

struct SourceFrame<'a> {
    offset: u64,
    bytes: &'a [u8],
    /// The truncated ids of its members, followed by zeros.
    ids: Vec<ObjectId>,
    raw_bytes: u64,
}

impl<'a> Source<'a> {
    /// Checks a pack; `None` where it is damaged, which is for fsck to tell.
    fn new(pack: &'a Pack) -> Option<Self> {
        let mut hasher = Hasher::new();
        hasher.update_parallel(&pack.bytes);
        if hasher.id() != pack.id || pack.trailer.id_bytes != ID_BYTES {
            return None;
        }
        let table = pack.table();
        let mut rows: Vec<(Locator, &[u8])> = (0..table.len())
            .map(|row| (table.place(row), table.id(row)))
            .collect();
        rows.sort_unstable();
        let mut frames: Vec<SourceFrame<'a>> = Vec::new();
        for members in rows.chunk_by(|(a, _), (b, _)| a.offset == b.offset) {
            let offset = members[0].0.offset;
            let frame = pack.frame(offset).ok()?;
            let numbers = members.iter().map(|(place, _)| usize::from(place.member));
            if !numbers.eq(0..frame.lengths.len()) {
                return None;
            }
            let at = offset as usize; // inside the pack, or `frame` would have refused it
            frames.push(SourceFrame {
                offset,
                bytes: &pack.frames()[at..at + frame.size],
                ids: members.iter().map(|(_, id)| padded(id)).collect(),
                raw_bytes: frame.raw_size as u64,
            });
        }
        Some(Self { pack, frames })
    }
}

fn padded(id: &[u8]) -> ObjectId {
    let mut bytes = [0; 32];
    bytes[..id.len()].copy_from_slice(id); // ID_BYTES of them
    ObjectId(bytes)
}
