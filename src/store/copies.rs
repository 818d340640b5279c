//! Which copy of each object is to stay, when packs are repacked.
//!
//! Invariant: with the chosen copies alone, every object can be read: what a delta builds on is
//! chosen too, no chain is longer than readers follow, and none is a circle. Packs may hold more
//! than one copy of an object, and not only because of crashes: people copy packs of other clones
//! to repair one, and there two objects may build on each other the other way round.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::ObjectId;

use super::chain::{MAX_CHAIN, MAX_WRITTEN};
use super::codec::delta::{Prefix, prefix};
use super::frame::Frame;
use super::pack::{Pack, PackId};
use super::repack::Amount;
use super::table::{ID_BYTES, Locator};

/// The first bytes of an id, as tables keep them.
pub(super) type Short = [u8; ID_BYTES as usize];

/// Returns the first bytes of an id.
pub(super) fn short_of(id: &ObjectId) -> Short {
    let mut short = [0; ID_BYTES as usize];
    short.copy_from_slice(&id.as_bytes()[..usize::from(ID_BYTES)]);
    short
}

/// Returns whether the pack's table keeps as much of ids as this dver writes.
pub(super) fn has_short_ids(pack: &Pack) -> bool {
    pack.trailer.id_bytes == ID_BYTES
}

/// The objects that stay, by what frames keep of the ids of their bases; `None` where several ids
/// begin alike.
pub(super) type Bases = FxHashMap<Prefix, Option<ObjectId>>;

/// Returns the objects by what frames keep of the ids of their bases.
pub(super) fn bases_of(objects: &FxHashSet<ObjectId>) -> Bases {
    let mut bases = Bases::default();
    for id in objects {
        let same = bases.entry(prefix(id)).or_insert(Some(*id));
        if *same != Some(*id) {
            *same = None;
        }
    }
    bases
}

/// One frame of a pack, as the table lists it.
pub(super) struct Listed<'a> {
    pub(super) offset: u64,
    pub(super) frame: Frame<'a>,
    pub(super) bytes: &'a [u8],
    /// Its members: number and id, in order.
    pub(super) members: Vec<(u16, Short)>,
    /// Whether the table lists each member once.
    pub(super) is_whole: bool,
}

/// Returns the frames that the table of a pack lists, in the order of the file. What cannot be
/// read as a frame is left out: its objects are then missed, or found elsewhere.
pub(super) fn frames(pack: &Pack) -> Vec<Listed<'_>> {
    let table = pack.table();
    let mut rows: Vec<(Locator, &[u8])> = (0..table.len())
        .map(|row| (table.place(row), table.id(row)))
        .collect();
    rows.sort_unstable();
    let mut listed = Vec::new();
    for rows in rows.chunk_by(|(a, _), (b, _)| a.offset == b.offset) {
        let offset = rows[0].0.offset;
        let Ok(frame) = pack.frame(offset) else {
            continue;
        };
        let member = |(place, id): &(Locator, &[u8])| {
            let id = id.get(..usize::from(ID_BYTES))?.try_into().ok()?;
            Some((place.member, id))
        };
        let members: Vec<(u16, Short)> = rows.iter().filter_map(member).collect();
        let numbers = members.iter().map(|(number, _)| usize::from(*number));
        let at = offset as usize; // inside the pack, or `frame` would have refused it
        listed.push(Listed {
            offset,
            bytes: &pack.frames()[at..at + frame.size],
            is_whole: numbers.eq(0..frame.lengths.len()),
            frame,
            members,
        });
    }
    listed
}

impl Listed<'_> {
    /// Returns the members as copies of objects of this pack.
    pub(super) fn copies(&self, pack: PackId, bases: &Bases) -> Vec<(Short, Copy)> {
        let prefixes = self.frame.bases().unwrap_or_default();
        let kind = |member: u16| {
            if !self.frame.has_bases() {
                return Kind::Whole;
            }
            let on = prefixes.get(usize::from(member));
            let ids = on.map(|on| on.iter().map(|base| *bases.get(base)?).collect());
            match ids {
                Some(Some(ids)) => Kind::Delta(ids),
                _ => Kind::Flat,
            }
        };
        let copy = |&(member, id): &(u16, Short)| {
            let place = Locator {
                offset: self.offset,
                member,
            };
            let kind = kind(member);
            (id, Copy { pack, place, kind })
        };
        self.members.iter().map(copy).collect()
    }
}

/// Which copy of an object is to stay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Copy {
    pub(super) pack: PackId,
    pub(super) place: Locator,
    pub(super) kind: Kind,
}

/// What a copy builds on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// On nothing.
    Whole,
    /// On other objects, all of which stay.
    Delta(Vec<ObjectId>),
    /// On something that does not stay, or that it must not build on any more: it is written whole.
    Flat,
}

/// What reading an object needs.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// How many objects build on one another.
    depth: u32,
    /// How many objects are read.
    objects: u32,
}

impl Cost {
    /// Returns the cost of an object that builds on objects of these.
    fn of<'a>(bases: impl Iterator<Item = &'a Self>) -> Self {
        bases.fold(Self::default(), |cost, base| Self {
            depth: cost.depth.max(base.depth + 1),
            objects: cost.objects.saturating_add(base.objects + 1),
        })
    }

    fn is_too_much(self) -> bool {
        self.depth > MAX_CHAIN || self.objects > MAX_WRITTEN
    }
}

/// Which packs stay, which are replaced, and which copy of each object is the one that stays.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) kept: Vec<Arc<Pack>>,
    /// Oldest first: what was written together stays together, in order.
    pub(super) replaced: Vec<Arc<Pack>>,
    pub(super) copies: FxHashMap<Short, Copy>,
    /// Objects with several copies.
    pub(super) twice: FxHashSet<Short>,
    pub(super) keep: Amount,
    pub(super) delete: Amount,
    /// How much of `keep` is in packs that are replaced, in bytes.
    pub(super) moving: u64,
}

impl Sorted {
    /// Lets a pack stay with these copies, unless one that stays already holds an object too.
    pub(super) fn keep(&mut self, pack: &Arc<Pack>, copies: Vec<(Short, Copy)>) -> bool {
        if copies.iter().any(|(id, _)| self.copies.contains_key(id)) {
            return false;
        }
        self.copies.extend(copies);
        self.kept.push(pack.clone());
        true
    }

    /// Takes one more copy of an object that may be the one that stays. A whole one is better than
    /// one that builds on others, for with it no chain becomes longer.
    pub(super) fn choose(&mut self, id: Short, copy: Copy) {
        match self.copies.entry(id) {
            Entry::Vacant(entry) => drop(entry.insert(copy)),
            Entry::Occupied(mut entry) => {
                self.twice.insert(id);
                let chosen = entry.get();
                let is_kept = self.kept.iter().any(|pack| pack.id == chosen.pack);
                if !is_kept && chosen.kind != Kind::Whole && copy.kind == Kind::Whole {
                    entry.insert(copy);
                }
            }
        }
    }

    /// Returns whether this copy of an object is the one that stays.
    pub(super) fn is_chosen(&self, id: &Short, pack: PackId, place: Locator) -> bool {
        let chosen = self.copies.get(id);
        chosen.is_some_and(|copy| copy.pack == pack && copy.place == place)
    }

    /// Bounds how many objects build on one another when of each only the chosen copy is left, and
    /// breaks circles. Returns the packs that cannot stay because of it.
    pub(super) fn bound_chains(&mut self) -> FxHashSet<PackId> {
        let mut broken = FxHashSet::default();
        let mut costs: FxHashMap<Short, Cost> = FxHashMap::default();
        let mut ids: Vec<Short> = self.copies.keys().copied().collect();
        ids.sort_unstable(); // the same packs shall make the same pack
        for id in ids {
            let mut open = vec![id];
            // Those of them whose bases are being looked at.
            let mut path: FxHashSet<Short> = FxHashSet::default();
            while let Some(&at) = open.last() {
                let Some(copy) = self
                    .copies
                    .get_mut(&at)
                    .filter(|_| !costs.contains_key(&at))
                else {
                    open.pop(); // known by now, or not to stay, so nothing builds on it
                    continue;
                };
                let bases: Vec<Short> = match &copy.kind {
                    Kind::Delta(bases) => bases.iter().map(short_of).collect(),
                    Kind::Whole | Kind::Flat => Vec::new(),
                };
                let unknown = bases
                    .iter()
                    .copied()
                    .filter(|base| !costs.contains_key(base));
                let unknown: Vec<Short> = unknown.collect();
                let is_circle = unknown
                    .iter()
                    .any(|base| *base == at || path.contains(base));
                if !unknown.is_empty() && !is_circle {
                    path.insert(at);
                    open.extend(unknown);
                    continue;
                }
                let mut cost = Cost::of(bases.iter().filter_map(|base| costs.get(base)));
                if is_circle || cost.is_too_much() {
                    broken.insert(copy.pack);
                    copy.kind = Kind::Flat;
                    cost = Cost::default();
                }
                costs.insert(at, cost);
                path.remove(&at);
                open.pop();
            }
        }
        broken.retain(|id| self.kept.iter().any(|pack| pack.id == *id));
        broken
    }

    /// Counts what stays and what goes.
    pub(super) fn count(&mut self) {
        let (mut keep, mut delete, mut moving) = (Amount::default(), Amount::default(), 0);
        let packs = self.kept.iter().map(|pack| (pack, true));
        for (pack, is_kept) in packs.chain(self.replaced.iter().map(|pack| (pack, false))) {
            for listed in frames(pack) {
                let size = listed.frame.size as u64;
                let (mut kept, mut kept_raw) = (0u64, 0u64);
                for (member, id) in &listed.members {
                    let place = Locator {
                        offset: listed.offset,
                        member: *member,
                    };
                    if self.is_chosen(id, pack.id, place) {
                        kept += 1;
                        let length = listed.frame.lengths.get(usize::from(*member));
                        kept_raw += length.map_or(0, |length| u64::from(*length));
                    }
                }
                let all = listed.members.len() as u64;
                let share = match listed.frame.raw_size as u64 {
                    0 => size * kept / all.max(1),
                    raw => (u128::from(size) * u128::from(kept_raw) / u128::from(raw)) as u64,
                };
                keep.objects += kept;
                keep.bytes += share;
                delete.objects += all - kept;
                delete.bytes += size.saturating_sub(share);
                moving += if is_kept { 0 } else { share };
            }
        }
        (self.keep, self.delete, self.moving) = (keep, delete, moving);
    }
}
