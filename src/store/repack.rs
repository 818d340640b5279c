//! Repacking: what is needed goes into new packs, packed better; then the old packs can go.
//!
//! Invariant: nothing is removed here before every object that is to stay is durable in a pack
//! that stays, and everything that was written was read back with the packs that stay alone. A
//! pack that is packed well already and holds nothing else is left alone: the cost follows what is
//! new and what is to go.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::progress::Progress;
use crate::base::{Hasher, ObjectId, fsio};
use crate::object::{Error, ObjectSource as _};

use super::codec::{Effort, REPACKED_LEVEL};
use super::copies::{
    Bases, Copy, Kind, Listed, Short, Sorted, bases_of, frames, has_short_ids, short_of,
};
use super::pack::{Pack, PackId};
use super::store::{PackInfo, Store};
use super::table::Locator;
use super::writer::{Options, PackWriter};

/// Frames are decoded in batches of about this many raw bytes.
const BATCH: usize = 8 << 20;

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

    fn replaces(&self, id: &PackId) -> bool {
        self.replaced.iter().any(|pack| pack.id == *id)
    }
}

impl Store {
    /// Returns what to do so that only `live` is left. Fails where an object of it is missing.
    pub fn plan_repack(&self, live: Live<'_>) -> Result<RepackPlan, Error> {
        let sorted = self.sort_packs(live)?;
        let moved_rows = moved_rows(live, &sorted.kept).next().is_some();
        let written = match sorted.moving {
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

    /// Sorts the packs. A pack does not stay where that would leave an object that is damaged in
    /// it and sound in another, or a chain of objects that is too long.
    fn sort_packs(&self, live: Live<'_>) -> Result<Sorted, Error> {
        let mut unsound = FxHashSet::default();
        loop {
            let mut sorted = self.sort_packs_without(live, &unsound)?;
            let mut found = sorted.bound_chains();
            for id in live.objects {
                let short = short_of(id);
                let Some(copy) = sorted.copies.get(&short) else {
                    continue;
                };
                if sorted.twice.contains(&short)
                    && let Some(pack) = sorted.kept.iter().find(|pack| pack.id == copy.pack)
                    && !self.holds(pack, id)
                {
                    found.insert(copy.pack);
                }
            }
            if found.is_empty() {
                sorted.count();
                return Ok(sorted);
            }
            unsound.extend(found);
        }
    }

    fn sort_packs_without(
        &self,
        live: Live<'_>,
        unsound: &FxHashSet<PackId>,
    ) -> Result<Sorted, Error> {
        let shorts: FxHashSet<Short> = live.objects.iter().map(short_of).collect();
        let bases = bases_of(live.objects);
        let packs = self.packs();
        let mut order: Vec<&Arc<Pack>> = packs.open.iter().collect();
        // What is packed best stays, and what is largest.
        order.sort_by_key(|pack| Reverse((pack.trailer.effort, pack.bytes.len(), pack.id)));
        let mut sorted = Sorted::default();
        for pack in order {
            let may_stay =
                pack.trailer.effort > 0 && !live.all_packs && !unsound.contains(&pack.id);
            let stays = match has_short_ids(pack) {
                // Of another writer: it is left alone.
                false => sorted.keep(pack, found_in(pack, live, &sorted)),
                true if may_stay => needed_whole(pack, live, &shorts, &bases)
                    .is_some_and(|copies| sorted.keep(pack, copies)),
                true => false,
            };
            if !stays {
                sorted.replaced.push(pack.clone());
            }
        }
        sorted.replaced.sort_by_key(|pack| (pack.modified, pack.id));
        for pack in sorted.replaced.clone() {
            for listed in frames(&pack) {
                for (id, copy) in listed.copies(pack.id, &bases) {
                    if shorts.contains(&id) {
                        sorted.choose(id, copy);
                    }
                }
            }
        }
        let is_missing = |id: &&ObjectId| !sorted.copies.contains_key(&short_of(id));
        match live.objects.iter().filter(is_missing).min() {
            Some(id) => Err(self.absent(id)),
            None => Ok(sorted),
        }
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
            contents: Effort::Repacked,
            effort: REPACKED_LEVEL,
            ..Options::default()
        };
        let mut writer = PackWriter::new(self, tmp_dir, options);
        progress.begin("packing", Some(plan.replaced_bytes()));
        let sorted = self.sort_packs(live)?;
        let mut repack = Repack {
            store: self,
            live,
            sorted: &sorted,
            progress,
            done: FxHashSet::default(),
            copied: FxHashSet::default(),
        };
        for pack in &sorted.replaced {
            repack.copy(pack, &mut writer)?;
        }
        for pack in &sorted.replaced {
            repack.encode(pack, &mut writer)?;
        }
        repack.what_is_left(&mut writer)?;
        for (content, manifest) in moved_rows(live, &sorted.kept) {
            writer.put_row(content, manifest);
        }
        progress.end();
        Ok(writer)
    }

    /// Reads back what [`Store::repack`] wrote and committed as `written`, with no other packs
    /// than those that stay. Where that fails, the replaced packs must not go.
    pub fn check_repacked(
        &self,
        plan: &RepackPlan,
        written: &[PackId],
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let stays = |pack: &&Arc<Pack>| written.contains(&pack.id) || !plan.replaces(&pack.id);
        let packs: Vec<Arc<Pack>> = self.packs().open.iter().filter(stays).cloned().collect();
        let new: Vec<Arc<Pack>> = (packs.iter())
            .filter(|pack| written.contains(&pack.id))
            .cloned()
            .collect();
        let alone = self.of_packs(packs);
        let total = new.iter().map(|pack| pack.bytes.len() as u64).sum();
        progress.begin("checking", Some(total));
        for pack in new {
            for batch in batches(&frames(&pack)) {
                let check = |listed: &Listed<'_>| {
                    let ids: Vec<Short> = listed.members.iter().map(|(_, id)| *id).collect();
                    let read = alone.decode_frame(pack.frames(), listed.offset, &ids)?;
                    for (member, id) in read.into_iter().zip(&ids) {
                        if short_of(&member?.1) != *id {
                            return Err("its bytes do not hash to it".to_owned());
                        }
                    }
                    Ok(())
                };
                let checked: Result<(), String> = batch.par_iter().try_for_each(check);
                checked.map_err(|reason| Error::DamagedPack {
                    path: pack.path.clone(),
                    reason,
                })?;
                progress.advance(batch.iter().map(|listed| listed.bytes.len() as u64).sum());
            }
        }
        progress.end();
        Ok(())
    }

    /// Removes the packs that a plan replaced, once what [`Store::repack`] wrote is committed as
    /// `written` and checked. Returns how many bytes that freed.
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

/// Returns the objects of a pack with their places where all of them, and all its content rows,
/// are to stay with all that they build on.
fn needed_whole(
    pack: &Pack,
    live: Live<'_>,
    shorts: &FxHashSet<Short>,
    bases: &Bases,
) -> Option<Vec<(Short, Copy)>> {
    let stays =
        |(content, manifest): (ObjectId, ObjectId)| live.manifests.get(&content) == Some(&manifest);
    if !pack.table().contents().all(stays) {
        return None;
    }
    let mut copies = Vec::with_capacity(pack.table().len());
    for listed in frames(pack) {
        let of_frame = listed.copies(pack.id, bases);
        let stays = |(id, copy): &(Short, Copy)| copy.kind != Kind::Flat && shorts.contains(id);
        if !listed.is_whole || !of_frame.iter().all(stays) {
            return None;
        }
        copies.extend(of_frame);
    }
    (copies.len() == pack.table().len()).then_some(copies)
}

/// Returns the objects of a pack of another writer, whose table keeps ids otherwise.
fn found_in(pack: &Pack, live: Live<'_>, sorted: &Sorted) -> Vec<(Short, Copy)> {
    let found = |id: &ObjectId| {
        let place = pack.find(id.as_bytes()).next()?;
        let (pack, kind) = (pack.id, Kind::Whole);
        Some((short_of(id), Copy { pack, place, kind }))
    };
    let found = live.objects.iter().filter_map(found);
    found
        .filter(|(id, _)| !sorted.copies.contains_key(id))
        .collect()
}

/// Returns the content rows that are to stay and that no pack which stays has.
fn moved_rows<'a>(
    live: Live<'a>,
    kept: &[Arc<Pack>],
) -> impl Iterator<Item = (ObjectId, ObjectId)> + use<'a> {
    let rows = kept.iter().flat_map(|pack| pack.table().contents());
    let rows: FxHashSet<(ObjectId, ObjectId)> = rows.collect();
    let wanted = live.manifests.iter().map(|(content, id)| (*content, *id));
    wanted.filter(move |row| !rows.contains(row))
}

/// Returns runs of frames that are decoded at once.
fn batches<'a, 'b>(mut frames: &'a [Listed<'b>]) -> Vec<&'a [Listed<'b>]> {
    let mut batches = Vec::new();
    while let Some(first) = frames.first() {
        let mut raw = first.frame.raw_size;
        let fits = |listed: &&Listed<'_>| {
            raw += listed.frame.raw_size;
            raw <= BATCH
        };
        let count = 1 + frames[1..].iter().take_while(fits).count();
        let (batch, rest) = frames.split_at(count);
        batches.push(batch);
        frames = rest;
    }
    batches
}

/// A member of a frame: its id, its bytes, and what it may build on.
type Decoded = (ObjectId, Vec<u8>, Vec<ObjectId>);

struct Repack<'a> {
    store: &'a Store,
    live: Live<'a>,
    sorted: &'a Sorted,
    progress: &'a dyn Progress,
    /// Objects that copied frames hold.
    done: FxHashSet<Short>,
    /// Frames that were copied.
    copied: FxHashSet<(PackId, u64)>,
}

impl Repack<'_> {
    /// Copies the frames of a pack as they are: those that are packed well, that no effort makes
    /// shorter, or that are deltas; and of which all members stay.
    ///
    /// Truncated ids may collide, so an object with several copies is not copied unread.
    fn copy(&mut self, pack: &Pack, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let packed_well = pack.trailer.effort > 0;
        let stays = |listed: &Listed<'_>, (member, id): &(u16, Short)| {
            let place = place(listed, *member);
            let copy = self.sorted.copies.get(id);
            self.sorted.is_chosen(id, pack.id, place)
                && copy.is_some_and(|copy| copy.kind != Kind::Flat)
                && !self.sorted.twice.contains(id)
        };
        let mut listed = frames(pack);
        listed.retain(|listed| {
            (packed_well || !listed.frame.is_compressed())
                && listed.is_whole
                && listed.members.iter().all(|member| stays(listed, member))
        });
        if listed.is_empty() || !hashes_to_its_name(pack) {
            return Ok(());
        }
        for listed in listed {
            let ids: Vec<ObjectId> = listed.members.iter().map(|(_, id)| padded(id)).collect();
            writer.put_frame(listed.bytes, &ids, listed.frame.raw_size as u64)?;
            self.done.extend(listed.members.iter().map(|(_, id)| *id));
            self.copied.insert((pack.id, listed.offset));
            self.progress.advance(listed.bytes.len() as u64);
        }
        Ok(())
    }

    /// Decodes the frames that were not copied and takes the members that stay.
    fn encode(&self, pack: &Pack, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let mut listed = frames(pack);
        listed.retain(|listed| {
            let stays = |(member, id): &(u16, Short)| {
                self.sorted.is_chosen(id, pack.id, place(listed, *member))
            };
            !self.copied.contains(&(pack.id, listed.offset)) && listed.members.iter().any(stays)
        });
        for batch in batches(&listed) {
            let decode = |listed: &Listed<'_>| self.decode(pack, listed);
            let decoded: Vec<Vec<Decoded>> = batch.par_iter().map(decode).collect();
            for (id, raw, bases) in decoded.into_iter().flatten() {
                writer.put_anew(id, &raw, &bases)?;
            }
            let bytes = batch.iter().map(|listed| listed.bytes.len() as u64).sum();
            self.progress.advance(bytes);
        }
        Ok(())
    }

    /// Decodes the members of a frame that stay, with the objects that they go on building on.
    /// What does not decode may be sound in another pack: `what_is_left` looks for it.
    fn decode(&self, pack: &Pack, listed: &Listed<'_>) -> Vec<Decoded> {
        // A member that the table does not list is wanted under no id.
        let mut wanted: Vec<&[u8]> = vec![&[]; listed.frame.lengths.len()];
        for (member, id) in &listed.members {
            if let Some(place) = wanted.get_mut(usize::from(*member)) {
                *place = id;
            }
        }
        let found = self
            .store
            .decode_frame(pack.frames(), listed.offset, &wanted);
        let mut members = Vec::new();
        for (member, found) in (0u16..).zip(found.unwrap_or_default()) {
            let Ok((raw, id)) = found else { continue };
            let short = short_of(&id);
            let chosen = self
                .sorted
                .is_chosen(&short, pack.id, place(listed, member));
            if !chosen || !self.live.objects.contains(&id) {
                continue;
            }
            let bases = match self.sorted.copies.get(&short).map(|copy| &copy.kind) {
                Some(Kind::Delta(bases)) => bases.clone(),
                _ => Vec::new(),
            };
            members.push((id, raw, bases));
        }
        members
    }

    /// Takes what is to stay and was not met sound on the way, from wherever it can be had.
    fn what_is_left(&self, writer: &mut PackWriter<'_>) -> Result<(), Error> {
        let stays_where_it_is = |id: &Short| {
            let copy = self.sorted.copies.get(id);
            copy.is_some_and(|copy| self.sorted.kept.iter().any(|pack| pack.id == copy.pack))
        };
        let is_left = |id: &&ObjectId| {
            let short = short_of(id);
            !writer.has_taken(id) && !self.done.contains(&short) && !stays_where_it_is(&short)
        };
        let mut left: Vec<&ObjectId> = self.live.objects.iter().filter(is_left).collect();
        left.sort_unstable();
        for id in left {
            let raw = self.store.get(id)?;
            writer.put_anew(*id, &raw, &[])?;
        }
        Ok(())
    }
}

fn place(listed: &Listed<'_>, member: u16) -> Locator {
    Locator {
        offset: listed.offset,
        member,
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
