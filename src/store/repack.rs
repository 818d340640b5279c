//! Repacking: what is needed goes into new packs, packed better; then the old packs can go.
//!
//! Invariant: nothing is removed here before every object that is to stay is durable in a pack
//! that stays, checked against its id (or in a frame of a pack that hashes to its name). A pack
//! that is packed well already and holds nothing else is left alone: the cost follows what is new
//! and what is to go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::progress::Progress;
use crate::base::{Hasher, ObjectId, fsio};
use crate::object::{Error, ObjectSource as _};

use super::frame::Frame;
use super::pack::{Pack, PackId};
use super::store::{PackInfo, Store};
use super::table::{ID_BYTES, Locator};
use super::writer::{Options, PackWriter};

/// For 587 MB of CSV in chunks of 18 KiB, against what `zstd -1` makes of the whole file: level 1
/// 1.07 times as much, 3 1.02 (4.5 CPU s), 4 1.007 (6.2), 5 0.986 (8.5), 6 0.977 (10.1), 9 0.973
/// (13.3).
const LEVEL: i32 = 5;
/// Frames are decoded in batches of about this many raw bytes.
const BATCH: usize = 8 << 20;

/// The first bytes of an id, as tables keep them.
type Short = [u8; ID_BYTES as usize];

/// What is to stay.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// Every object.
    pub objects: &'a FxHashSet<ObjectId>,
    /// The manifest of each content that has one.
    pub manifests: &'a BTreeMap<ObjectId, ObjectId>,
    /// Whether packs that hold nothing else are packed anew too.
    pub all_packs: bool,
}

/// A number of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amount {
    /// How many; each copy of an object counts.
    pub objects: u64,
    /// What their frames take on disk; the members of a frame share it by their size.
    pub bytes: u64,
}

/// What repacking will do.
#[derive(Clone, Debug)]
pub struct RepackPlan {
    /// What stays, one copy of each object.
    pub keep: Amount,
    /// What goes: objects that are not needed, and further copies.
    pub delete: Amount,
    /// How many packs there are.
    pub packs_before: usize,
    /// How many packs there will be.
    pub packs_after: usize,
    /// The packs that are read and then go.
    replaced: Vec<PackInfo>,
}

impl RepackPlan {
    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.replaced.is_empty()
    }

    /// Returns how many bytes of packs are read and replaced.
    pub fn replaced_bytes(&self) -> u64 {
        self.replaced.iter().map(|pack| pack.size).sum()
    }
}

/// One frame of a pack, as the table lists it.
struct Listed<'a> {
    offset: u64,
    frame: Frame<'a>,
    bytes: &'a [u8],
    /// The ids of its members, in order.
    ids: Vec<Short>,
    /// Whether the table lists each member once.
    is_whole: bool,
}

/// Returns the frames that the table of a pack lists, in the order of the file. What cannot be
/// read as a frame is left out: its objects are then missed, or found elsewhere.
fn frames(pack: &Pack) -> Vec<Listed<'_>> {
    let table = pack.table();
    let mut rows: Vec<(Locator, &[u8])> = (0..table.len())
        .map(|row| (table.place(row), table.id(row)))
        .collect();
    rows.sort_unstable();
    let mut listed = Vec::new();
    for members in rows.chunk_by(|(a, _), (b, _)| a.offset == b.offset) {
        let offset = members[0].0.offset;
        let Ok(frame) = pack.frame(offset) else {
            continue;
        };
        let numbers = members.iter().map(|(place, _)| usize::from(place.member));
        let at = offset as usize; // inside the pack, or `frame` would have refused it
        listed.push(Listed {
            offset,
            bytes: &pack.frames()[at..at + frame.size],
            is_whole: numbers.eq(0..frame.lengths.len()),
            frame,
            ids: members.iter().filter_map(|(_, id)| short(id)).collect(),
        });
    }
    listed
}

fn short(id: &[u8]) -> Option<Short> {
    id.get(..usize::from(ID_BYTES))?.try_into().ok()
}

fn short_of(id: &ObjectId) -> Short {
    let mut short = [0; ID_BYTES as usize];
    short.copy_from_slice(&id.as_bytes()[..usize::from(ID_BYTES)]);
    short
}

fn has_short_ids(pack: &Pack) -> bool {
    pack.trailer.id_bytes == ID_BYTES
}

/// Which packs stay, and which are replaced.
struct Sorted {
    kept: Vec<Arc<Pack>>,
    /// Oldest first: what was written together stays together, in order.
    replaced: Vec<Arc<Pack>>,
    /// The objects to stay that packs which stay seem to hold.
    covered: FxHashSet<Short>,
    /// What is to stay and has further copies.
    twice: FxHashSet<Short>,
    keep: Amount,
    delete: Amount,
    keep_in_replaced: u64,
}

impl Store {
    /// Returns what to do so that only `live` is left. Fails where an object of it is missing.
    pub fn plan_repack(&self, live: Live<'_>) -> Result<RepackPlan, Error> {
        let sorted = self.sort_packs(live)?;
        let moved_rows = self.moved_rows(live, &sorted.kept).next().is_some();
        let written = match sorted.keep_in_replaced {
            0 => u64::from(moved_rows),
            bytes => bytes.div_ceil(Options::default().pack_limit),
        };
        let is_replaced = |info: &PackInfo| sorted.replaced.iter().any(|p| p.id == info.id);
        let mut replaced = self.list_packs();
        replaced.retain(is_replaced);
        Ok(RepackPlan {
            keep: sorted.keep,
            delete: sorted.delete,
            packs_before: sorted.kept.len() + sorted.replaced.len(),
            packs_after: sorted.kept.len() + written as usize,
            replaced,
        })
    }

    /// Sorts the packs. Where an object of a pack that would stay is damaged and another pack
    /// holds it too, the first pack does not stay.
    fn sort_packs(&self, live: Live<'_>) -> Result<Sorted, Error> {
        let mut unsound = FxHashSet::default();
        loop {
            let sorted = self.sort_packs_without(live, &unsound)?;
            let known = unsound.len();
            let twice = live
                .objects
                .iter()
                .filter(|id| sorted.twice.contains(&short_of(id)));
            for id in twice {
                let holds = |pack: &&Arc<Pack>| pack.find(id).next().is_some();
                let bad = sorted
                    .kept
                    .iter()
                    .filter(holds)
                    .filter(|pack| !self.holds(pack, id));
                unsound.extend(bad.filter(|pack| has_short_ids(pack)).map(|pack| pack.id));
            }
            if unsound.len() == known {
                return Ok(sorted);
            }
        }
    }

    fn sort_packs_without(
        &self,
        live: Live<'_>,
        unsound: &FxHashSet<PackId>,
    ) -> Result<Sorted, Error> {
        let shorts: FxHashSet<Short> = live.objects.iter().map(short_of).collect();
        let packs = self.packs();
        // An object that several packs hold stays in the one that is packed best, and largest.
        let mut order: Vec<&Arc<Pack>> = packs.open.iter().collect();
        order.sort_by_key(|pack| {
            let rank = (pack.trailer.effort, pack.bytes.len(), pack.id);
            (has_short_ids(pack), std::cmp::Reverse(rank))
        });
        let mut sorted = Sorted {
            kept: Vec::new(),
            replaced: Vec::new(),
            covered: FxHashSet::default(),
            twice: FxHashSet::default(),
            keep: Amount::default(),
            delete: Amount::default(),
            keep_in_replaced: 0,
        };
        let mut found: FxHashSet<Short> = FxHashSet::default();
        for pack in order {
            if !has_short_ids(pack) {
                // Of another writer; what it holds is found by looking for it.
                let holds = |id: &&ObjectId| pack.find(id).next().is_some();
                let held = live.objects.iter().filter(holds).map(short_of);
                let held: Vec<Short> = held.collect();
                sorted.keep.objects += held.len() as u64;
                found.extend(held.iter().copied());
                sorted.covered.extend(held);
                sorted.kept.push(pack.clone());
                continue;
            }
            let (mut keep, mut delete) = (Amount::default(), Amount::default());
            let mut taken = Vec::new();
            let mut stays =
                pack.trailer.effort > 0 && !live.all_packs && !unsound.contains(&pack.id);
            for listed in frames(pack) {
                let size = listed.frame.size as u64;
                let (mut kept_raw, mut kept) = (0u64, 0u64);
                for (id, length) in listed.ids.iter().zip(&listed.frame.lengths) {
                    if !shorts.contains(id) {
                        continue;
                    }
                    if !found.insert(*id) {
                        sorted.twice.insert(*id);
                        continue;
                    }
                    taken.push(*id);
                    kept += 1;
                    kept_raw += u64::from(*length);
                }
                let all = listed.ids.len() as u64;
                let share = match listed.frame.raw_size as u64 {
                    0 => size * kept / all.max(1),
                    raw => (u128::from(size) * u128::from(kept_raw) / u128::from(raw)) as u64,
                };
                keep.objects += kept;
                keep.bytes += share;
                delete.objects += all - kept;
                delete.bytes += size - share;
                stays &= listed.is_whole && builds_on(&listed.frame, live);
            }
            let row_stays = |(content, manifest): (ObjectId, ObjectId)| {
                live.manifests.get(&content) == Some(&manifest)
            };
            stays &= delete.objects == 0 && pack.table().contents().all(row_stays);
            if stays {
                sorted.covered.extend(taken);
                sorted.kept.push(pack.clone());
            } else {
                sorted.keep_in_replaced += keep.bytes;
                sorted.replaced.push(pack.clone());
            }
            sorted.keep.objects += keep.objects;
            sorted.keep.bytes += keep.bytes;
            sorted.delete.objects += delete.objects;
            sorted.delete.bytes += delete.bytes;
        }
        let mut missing = live
            .objects
            .iter()
            .filter(|id| !found.contains(&short_of(id)));
        if let Some(id) = missing.by_ref().min() {
            return Err(self.absent(id));
        }
        sorted.replaced.sort_by_key(|pack| (pack.modified, pack.id));
        Ok(sorted)
    }

    /// Returns the content rows that are to stay and that no pack which stays has.
    fn moved_rows<'a>(
        &self,
        live: Live<'a>,
        kept: &[Arc<Pack>],
    ) -> impl Iterator<Item = (ObjectId, ObjectId)> + use<'a> {
        let rows = kept.iter().flat_map(|pack| pack.table().contents());
        let rows: FxHashSet<(ObjectId, ObjectId)> = rows.collect();
        let wanted = live.manifests.iter().map(|(content, id)| (*content, *id));
        wanted.filter(move |row| !rows.contains(row))
    }

    /// Writes what is to stay of the packs that the plan replaces into a new pack, which nobody
    /// sees before it is committed. The old packs stay: [`Store::remove_replaced`].
    ///
    /// Only for a process that holds the writers' lock, with the plan made under it.
    pub fn repack(
        &self,
        plan: &RepackPlan,
        live: Live<'_>,
        tmp_dir: &Path,
        progress: &dyn Progress,
    ) -> Result<PackWriter<'_>, Error> {
        let options = Options {
            level: LEVEL,
            effort: LEVEL as u8,
            ..Options::default()
        };
        let mut writer = PackWriter::new(self, tmp_dir, options);
        let sorted = self.sort_packs(live)?;
        progress.begin("packing", Some(plan.replaced_bytes()));
        let mut repack = Repack {
            store: self,
            live,
            shorts: live.objects.iter().map(short_of).collect(),
            progress,
            sound: sorted.kept.clone(),
            covered: sorted.covered.clone(),
            copied: FxHashSet::default(),
        };
        for pack in &sorted.replaced {
            repack.copy(pack, &mut writer)?;
        }
        for pack in &sorted.replaced {
            repack.encode(pack, &mut writer)?;
        }
        repack.what_is_left(&mut writer)?;
        for (content, manifest) in self.moved_rows(live, &sorted.kept) {
            writer.put_row(content, manifest);
        }
        progress.end();
        Ok(writer)
    }

    /// Removes the packs that a plan replaced, once what [`Store::repack`] wrote is committed as
    /// `written`. Returns how many bytes that freed.
    pub fn remove_replaced(&self, plan: &RepackPlan, written: &[PackId]) -> Result<u64, Error> {
        let mut freed = 0;
        for pack in &plan.replaced {
            // The new pack may be the old one, bit for bit.
            if !written.contains(&pack.id) {
                fsio::remove(&pack.path)?;
                freed += pack.size;
            }
        }
        fsio::sync_dir(self.dir())?;
        self.rescan()?;
        Ok(freed)
    }
}

/// Returns whether all objects that a frame builds on stay. No codec builds on others yet: one
/// that does must have its bases looked up here. An object that is only a base and not needed
/// itself goes, and what builds on it is decoded and encoded anew.
fn builds_on(_frame: &Frame<'_>, _live: Live<'_>) -> bool {
    true
}

struct Repack<'a> {
    store: &'a Store,
    live: Live<'a>,
    shorts: FxHashSet<Short>,
    progress: &'a dyn Progress,
    /// Packs that stay, and packs that hash to their names.
    sound: Vec<Arc<Pack>>,
    /// What packs that stay, or copied frames, seem to hold. Truncated ids may collide, so that
    /// what another pack holds under one of these is compared by its full id.
    covered: FxHashSet<Short>,
    /// Frames that were copied.
    copied: FxHashSet<(PackId, u64)>,
}

impl Repack<'_> {
    /// Copies the frames of a pack that need no other bytes: packed well, or not compressible, and
    /// with members that all stay.
    fn copy(&mut self, pack: &Arc<Pack>, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let packed_well = pack.trailer.effort > 0;
        let listed = frames(pack);
        let can_be_copied = |listed: &&Listed<'_>| {
            (packed_well || !listed.frame.is_compressed())
                && listed.is_whole
                && builds_on(&listed.frame, self.live)
                && listed.ids.iter().all(|id| self.shorts.contains(id))
        };
        let copies: Vec<&Listed<'_>> = listed.iter().filter(can_be_copied).collect();
        if copies.is_empty() || !hashes_to_its_name(pack) {
            return Ok(());
        }
        for listed in copies {
            if listed.ids.iter().any(|id| self.covered.contains(id)) {
                continue;
            }
            let ids: Vec<ObjectId> = listed.ids.iter().map(padded).collect();
            writer.put_frame(listed.bytes, &ids, listed.frame.raw_size as u64)?;
            self.covered.extend(listed.ids.iter().copied());
            self.copied.insert((pack.id, listed.offset));
            self.progress.advance(listed.bytes.len() as u64);
        }
        self.sound.push(pack.clone());
        Ok(())
    }

    /// Decodes the frames that were not copied and takes the members that stay.
    fn encode(&self, pack: &Pack, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let listed = frames(pack);
        let wanted: Vec<&Listed<'_>> = listed
            .iter()
            .filter(|listed| !self.copied.contains(&(pack.id, listed.offset)))
            .filter(|listed| listed.ids.iter().any(|id| self.shorts.contains(id)))
            .collect();
        let mut rest = wanted.as_slice();
        while let Some(first) = rest.first() {
            let mut raw = first.frame.raw_size;
            let fits = |listed: &&&Listed<'_>| {
                raw += listed.frame.raw_size;
                raw <= BATCH
            };
            let count = 1 + rest[1..].iter().take_while(fits).count();
            let (batch, after) = rest.split_at(count);
            rest = after;
            // What does not decode may be sound in another pack: `what_is_left` looks for it.
            let decoded: Vec<Vec<(ObjectId, Vec<u8>)>> = batch
                .par_iter()
                .map(|listed| {
                    let members = self.store.decode_frame(pack.frames(), listed.offset);
                    let members = members.unwrap_or_default().into_iter();
                    members.map(|raw| (ObjectId::of(&raw), raw)).collect()
                })
                .collect();
            for (id, raw) in decoded.into_iter().flatten() {
                if self.live.objects.contains(&id) && !self.is_held(&id) {
                    writer.put_anew(id, &raw)?;
                }
            }
            let bytes = batch.iter().map(|listed| listed.bytes.len() as u64).sum();
            self.progress.advance(bytes);
        }
        Ok(())
    }

    /// Returns whether a pack that stays, or a frame that was copied, holds the object, sound.
    fn is_held(&self, id: &ObjectId) -> bool {
        self.covered.contains(&short_of(id))
            && self.sound.iter().any(|pack| self.store.holds(pack, id))
    }

    /// Takes what is to stay and was not met sound on the way, from wherever it can be had.
    fn what_is_left(&self, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let mut left: Vec<&ObjectId> = (self.live.objects.iter())
            .filter(|id| !writer.has_taken(id) && !self.covered.contains(&short_of(id)))
            .collect();
        left.sort_unstable();
        for id in left {
            let raw = self.store.get(id)?;
            writer.put_anew(*id, &raw)?;
        }
        Ok(())
    }
}

fn padded(id: &Short) -> ObjectId {
    let mut bytes = [0; 32];
    bytes[..id.len()].copy_from_slice(id);
    ObjectId(bytes)
}

fn hashes_to_its_name(pack: &Pack) -> bool {
    let mut hasher = Hasher::new();
    hasher.update_parallel(&pack.bytes);
    hasher.id() == pack.id
}
