//! Objects carried from one store into another: what is missing there, and how it is written.
//!
//! Invariant: every object is checked against its id when it is read, and is written as changes
//! only of objects that the receiver has. Manifests get their content rows in the last pack.

use std::collections::HashSet;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::history;
use crate::history::reach::Reached;
use crate::object::{Error as ObjectError, Near, ObjectSink as _, ObjectSource as _};
use crate::store::{PackWriter, Store};

use super::super::error::Error;
use super::super::watched::Watched;

/// How many pieces of files are read before they are written.
const BATCH: usize = 512;
/// How many other objects are: predictions may be of 64 MiB each.
const FEW: usize = 16;
/// A delta builds on deltas at most this deep (docs/format.md, "Packs").
const DEEPEST: usize = 16;
/// As how many pieces an object may be built (docs/format.md, "Packs").
const MOST_BASES: usize = 4;

/// What was carried.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Carried {
    /// How many objects.
    pub objects: u64,
    /// The bytes of the packs that came of it.
    pub bytes: u64,
}

/// Returns what the commits `tips` of one store need that another lacks, which has the commits
/// `held` with all that they need.
pub(super) fn missing(
    from: &Store,
    tips: &[ObjectId],
    to: &Store,
    held: &[ObjectId],
    progress: &dyn Progress,
) -> Result<Reached, Error> {
    progress.begin("looking at what is missing", None);
    let has: HashSet<ObjectId> = history::ancestors(to, held)?.into_keys().collect();
    let mut border: Vec<ObjectId> = held.to_vec();
    let mut open: Vec<ObjectId> = tips.to_vec();
    let mut seen = HashSet::new();
    while let Some(id) = open.pop() {
        if has.contains(&id) {
            border.push(id);
        } else if seen.insert(id) {
            open.extend(crate::object::get::<crate::object::Commit>(from, &id)?.parents);
        }
    }
    border.sort_unstable();
    border.dedup();
    let reached = match seen.is_empty() {
        true => Reached::default(),
        false => {
            let known = Reached::of_commits(&Watched::new(to, progress), &border)
                .map_err(Error::NotCarried)?;
            let source = Watched::new(from, progress);
            Reached::beyond(&source, tips, &known, &|id| has.contains(id))
                .map_err(Error::NotCarried)?
        }
    };
    progress.end();
    Ok(reached)
}

/// Writes objects of one store into another: those that others build on first, each round with a
/// writer of `begin`, and the last one with `last`, which the caller commits.
pub(super) fn carry<'a>(
    from: &Store,
    to: &'a Store,
    reached: &Reached,
    begin: &dyn Fn() -> Result<PackWriter<'a>, Error>,
    last: &mut PackWriter<'_>,
    progress: &dyn Progress,
) -> Result<Carried, Error> {
    let mut carried = Carried::default();
    let total = reached.objects.len() as u64;
    progress.begin_counting("copying objects", "objects", Some(total));
    let rounds = rounds(from, reached);
    let (final_round, rounds) = match rounds.split_last() {
        Some((last, rounds)) => (last.as_slice(), rounds),
        None => (&[] as &[_], &[] as &[_]),
    };
    for round in rounds {
        let mut writer = begin()?;
        put(from, to, round, &mut writer, progress)?;
        carried.objects += writer.totals().objects;
        writer.commit()?;
    }
    put(from, to, final_round, last, progress)?;
    carried.objects += last.totals().objects;
    for (content, manifest) in &reached.manifests {
        last.put_manifest(*content, *manifest)?;
    }
    progress.end();
    Ok(carried)
}

/// Parts objects so that what one of them builds on is in an earlier part: a writer builds only on
/// what is in the store before it begins.
fn rounds(from: &Store, reached: &Reached) -> Vec<Vec<(ObjectId, bool)>> {
    let carried: FxHashSet<ObjectId> = reached.objects.iter().map(|(id, _)| *id).collect();
    let bases: Vec<Vec<ObjectId>> = reached
        .objects
        .par_iter()
        .map(|(id, _)| from.bases_of(id))
        .collect();
    let ids = reached.objects.iter().map(|(id, _)| *id);
    let bases: FxHashMap<ObjectId, Vec<ObjectId>> = ids.zip(bases).collect();
    let mut depths: FxHashMap<ObjectId, usize> = FxHashMap::default();
    let mut rounds: Vec<Vec<(ObjectId, bool)>> = Vec::new();
    for &(id, is_bytes) in &reached.objects {
        let depth = depth(&id, &bases, &carried, &mut depths, DEEPEST);
        if rounds.len() <= depth {
            rounds.resize_with(depth + 1, Vec::new);
        }
        rounds[depth].push((id, is_bytes));
    }
    rounds.retain(|round| !round.is_empty());
    rounds
}

fn depth(
    id: &ObjectId,
    bases: &FxHashMap<ObjectId, Vec<ObjectId>>,
    carried: &FxHashSet<ObjectId>,
    known: &mut FxHashMap<ObjectId, usize>,
    left: usize,
) -> usize {
    if let Some(depth) = known.get(id) {
        return *depth;
    }
    let Some(left) = left.checked_sub(1) else {
        return 0;
    };
    let on = bases.get(id).into_iter().flatten();
    let on = on.filter(|base| carried.contains(base));
    let below = on.map(|base| 1 + depth(base, bases, carried, known, left));
    let depth = below.max().unwrap_or(0);
    known.insert(*id, depth);
    depth
}

fn put(
    from: &Store,
    to: &Store,
    objects: &[(ObjectId, bool)],
    writer: &mut PackWriter<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let mut rest = objects;
    while let Some((_, is_bytes)) = rest.first() {
        let most = if *is_bytes { BATCH } else { FEW };
        let like = rest.iter().take_while(|(_, other)| other == is_bytes);
        let (batch, after) = rest.split_at(like.take(most).count());
        rest = after;
        let read: Vec<(Vec<u8>, Vec<ObjectId>, bool)> = batch
            .par_iter()
            .map(|(id, is_bytes)| Ok((from.get(id)?, bases_there(from, to, id), *is_bytes)))
            .collect::<Result<_, ObjectError>>()?;
        let contents = read.iter().filter(|(_, _, is_bytes)| *is_bytes);
        let contents: Vec<Near<'_>> = contents
            .map(|(bytes, bases, _)| Near { bytes, bases })
            .collect();
        writer.put_all_near(&contents)?;
        for (bytes, bases, _) in read.iter().filter(|(_, _, is_bytes)| !is_bytes) {
            writer.put_near(bytes, bases)?;
        }
        progress.advance(batch.len() as u64);
    }
    Ok(())
}

/// Returns objects that the receiver has and that this one can be built on: those that it builds
/// on here, or what those build on in turn.
fn bases_there(from: &Store, to: &Store, id: &ObjectId) -> Vec<ObjectId> {
    let mut bases = from.bases_of(id);
    for _ in 0..DEEPEST {
        if bases.iter().all(|base| to.may_hold(base)) {
            break;
        }
        let mut next: Vec<ObjectId> = Vec::new();
        for base in bases {
            let on = match to.may_hold(&base) {
                true => vec![base],
                false => from.bases_of(&base),
            };
            for base in on {
                if !next.contains(&base) {
                    next.push(base);
                }
            }
        }
        next.truncate(MOST_BASES);
        bases = next;
    }
    bases
}
