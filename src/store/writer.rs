//! Writing: one command's new objects, gathered into one pack.
//!
//! Invariant: nothing is visible before [`PackWriter::commit`], and then every object that a
//! content row needs is durable before the row. The same puts in the same order give the same
//! bytes, on any number of threads.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{IoError, ObjectId, fsio};
use crate::object::{Error, Manifest, Near, ObjectSink, ObjectSource};

use super::chain::Chain;
use super::codec::{Effort, Fault, script};
use super::encoder::{Delta, Deltas, Encoder, Member, Raw, Whole};
use super::frame::{Frame, MAX_RAW};
use super::pack::PackId;
use super::pack_file::PackFile;
use super::store::Store;
use super::table;

/// An object of at most this size shares a frame with its neighbours in any case.
const TINY: usize = 2 << 10;
/// So does one of at most this size that follows another small one: a small file among small
/// files, not the odd short chunk of a large file, whose diff would have to decode the group.
const SMALL: usize = 8 << 10;
/// A group ends before it would have more raw bytes.
const GROUP_BYTES: usize = 128 << 10;
/// A group ends when it has this many members.
const GROUP_MEMBERS: usize = 1024;
/// A group of deltas ends when it has this many members, scripts of this many bytes, or would make
/// this many raw bytes: whoever reads one member unpacks the scripts of all.
const DELTA_MEMBERS: usize = 256;
const DELTA_BYTES: usize = 64 << 10;
const DELTA_RAW_BYTES: usize = 8 << 20;
/// Frame numbers of the members of the open groups, which have none yet.
const OPEN_GROUPS: [u64; 2] = [u64::MAX, u64::MAX - 1];
const OPEN_DELTAS: [u64; 2] = [u64::MAX - 2, u64::MAX - 3];
/// How much of a suggested base is kept to compare beginnings, and how long a beginning must be.
const BEGINNING: usize = 256;
const LIKE: usize = 16;

/// What tests change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// A pack that would become longer is followed by another.
    pub(super) pack_limit: u64,
    /// How many bytes of an id the table keeps.
    pub(super) id_bytes: u8,
    /// How hard to try with contents.
    pub(super) contents: Effort,
    /// What the packs say of how hard their writer tried.
    pub(super) effort: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pack_limit: 4 << 30,
            id_bytes: table::ID_BYTES,
            contents: Effort::Contents,
            effort: 0,
        }
    }
}

/// Where a frame was written.
struct Written {
    pack: usize,
    offset: u64,
    size: usize,
}

/// What a writer has taken so far.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct WriterTotals {
    /// New objects.
    pub objects: u64,
    /// The sum of their sizes in bytes.
    pub raw_bytes: u64,
    /// The bytes that their frames take, where they are compressed already.
    pub stored_bytes: u64,
}

/// Takes new objects and writes them into packs; objects that the store holds cost only a look.
///
/// Dropped without [`PackWriter::commit`], it leaves nothing behind.
pub struct PackWriter<'a> {
    store: &'a Store,
    tmp_dir: PathBuf,
    options: Options,
    /// New objects: frame number and member.
    places: FxHashMap<ObjectId, (u64, u16)>,
    /// Frames by number; those not written yet are in the encoder.
    frames: Vec<Written>,
    /// Of contents and of metadata, on which more effort is spent.
    groups: [Whole; 2],
    /// Of text and of other bytes, which compress better apart.
    deltas: [Deltas; 2],
    /// Metadata of earlier versions: ids and the bytes they begin with.
    suggested: Vec<(ObjectId, Vec<u8>)>,
    /// Whether the last new object of contents, and of metadata, was small.
    after_small: [bool; 2],
    encoder: Encoder,
    /// Packs in the order of writing: the last one is open, the others are finished.
    files: Vec<PackFile>,
    finished: Vec<PackId>,
    contents: BTreeSet<(ObjectId, ObjectId)>,
    /// Objects of the store whose bytes were compared.
    confirmed: FxHashSet<ObjectId>,
    /// Objects of the store that the caller vouches for.
    vouched: FxHashSet<ObjectId>,
    totals: WriterTotals,
    /// Whether it took whole frames.
    copied: bool,
    /// Set when a write failed: what is in the file is then unknown.
    failed: bool,
}

impl<'a> PackWriter<'a> {
    pub(super) fn new(store: &'a Store, tmp_dir: &Path, options: Options) -> Self {
        Self {
            store,
            tmp_dir: tmp_dir.to_owned(),
            options,
            places: FxHashMap::default(),
            frames: Vec::new(),
            groups: [options.contents, Effort::Metadata].map(Whole::new),
            deltas: <[Deltas; 2]>::default(),
            suggested: Vec::new(),
            after_small: [false; 2],
            encoder: Encoder::default(),
            files: Vec::new(),
            finished: Vec::new(),
            contents: BTreeSet::new(),
            confirmed: FxHashSet::default(),
            vouched: FxHashSet::default(),
            totals: WriterTotals::default(),
            copied: false,
            failed: false,
        }
    }

    /// Declares that the store holds these objects, because a manifest or a tree of this store
    /// that was written here names them by full id.
    ///
    /// Without that, an object whose truncated id is in a table is read and compared before it is
    /// taken for known: 96 bits alone can be made to collide on purpose, and the second of two
    /// such files would be lost.
    pub fn vouch(&mut self, ids: impl IntoIterator<Item = ObjectId>) {
        self.vouched.extend(ids);
    }

    /// Vouches for the chunks of a content that this store holds, such as the previous version of
    /// a file: its unchanged chunks then cost only their hash.
    pub fn vouch_content(&mut self, content: &ObjectId) -> Result<(), Error> {
        for manifest in self.store.manifests_of(content) {
            match Manifest::read(self.store, &manifest) {
                Ok(read) => self.vouch(read.chunks.iter().map(|chunk| chunk.id)),
                Err(Error::Io(e)) => return Err(e.into()),
                Err(_) => {} // nothing to vouch for; what is put is compared
            }
        }
        Ok(())
    }

    /// Names metadata of an earlier version. An object that is put by itself and begins like one of
    /// them may be written as what has changed since.
    pub fn suggest(&mut self, ids: impl IntoIterator<Item = ObjectId>) {
        for id in ids {
            // What cannot be read is no base; whoever needs it will say so.
            if let Ok(Some(mut bytes)) = self.store.find(&id, &Chain::default()) {
                bytes.truncate(BEGINNING);
                self.suggested.push((id, bytes));
            }
        }
    }

    /// Returns the suggested object that begins most like these bytes.
    fn suggestion(&self, bytes: &[u8]) -> Option<ObjectId> {
        let alike = |begin: &[u8]| begin.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        let suggested = self.suggested.iter();
        let (like, id) = suggested
            .map(|(id, begin)| (alike(begin), id))
            .max_by_key(|(like, _)| *like)?;
        (like >= LIKE).then_some(*id)
    }

    /// Returns what was taken so far.
    pub fn totals(&self) -> WriterTotals {
        self.totals
    }

    /// Returns whether a commit would write nothing.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.contents.is_empty() && !self.copied
    }

    /// Returns whether the object need not be written, and whether that was found by reading it.
    fn is_known(&self, id: &ObjectId, bytes: &[u8]) -> Known {
        if self.places.contains_key(id) || self.confirmed.contains(id) {
            return Known::Yes;
        }
        if !self.store.may_contain(id) {
            return Known::No;
        }
        if self.vouched.contains(id) {
            return Known::Yes;
        }
        // What cannot be read is written again: the new copy heals the old one. It builds on
        // nothing, so that no chain through it becomes longer than it was, or a circle.
        match self.store.find(id, &Chain::default()) {
            Ok(Some(held)) if held == bytes => Known::Confirmed,
            _ => Known::Healing,
        }
    }

    /// Hashes an object, looks whether it is known, and if not tries to build it on others.
    fn look(&self, bytes: &[u8], bases: &[ObjectId], effort: Effort) -> Looked {
        let id = ObjectId::of(bytes);
        let known = self.is_known(&id, bytes);
        let delta = match known {
            Known::No if !bases.is_empty() => self.store.delta(bytes, bases, effort),
            _ => None,
        };
        Looked {
            id,
            known,
            delta,
            effort,
        }
    }

    fn take(&mut self, bytes: &[u8], looked: Looked) -> Result<ObjectId, Error> {
        let id = looked.id;
        match looked.known {
            Known::Yes => return Ok(id),
            Known::Confirmed => {
                self.confirmed.insert(id);
                return Ok(id);
            }
            // It may have come earlier in this batch.
            Known::No | Known::Healing if self.places.contains_key(&id) => return Ok(id),
            Known::No | Known::Healing => {}
        }
        if bytes.len() as u64 > MAX_RAW {
            return Err(Error::TooLarge {
                size: bytes.len() as u64,
                most: MAX_RAW,
            });
        }
        self.totals.objects += 1;
        self.totals.raw_bytes += bytes.len() as u64;
        match looked.delta {
            Some(delta) => self.take_delta(id, bytes.len(), delta),
            None => self.take_whole(id, bytes, looked.effort),
        }
        self.write_ready(false)?;
        Ok(id)
    }

    fn take_whole(&mut self, id: ObjectId, bytes: &[u8], effort: Effort) {
        let which = usize::from(effort == Effort::Metadata);
        let small = bytes.len() <= SMALL;
        let grouped = bytes.len() <= TINY || (small && self.after_small[which]);
        self.after_small[which] = small;
        if !grouped {
            let mut whole = Whole::new(effort);
            whole.push(id, bytes);
            let number = self.encoder.push(Raw::Whole(whole));
            self.places.insert(id, (number, 0));
            return;
        }
        if self.groups[which].bytes.len() + bytes.len() > GROUP_BYTES {
            self.close_group(which);
        }
        let group = &mut self.groups[which];
        let member = group.ids.len() as u16; // below GROUP_MEMBERS
        self.places.insert(id, (OPEN_GROUPS[which], member));
        group.push(id, bytes);
        if group.ids.len() == GROUP_MEMBERS {
            self.close_group(which);
        }
    }

    fn take_delta(&mut self, id: ObjectId, length: usize, delta: Delta) {
        let which = usize::from(!delta.script.is_text);
        let group = &self.deltas[which];
        if group.script_bytes + delta.script.len() > DELTA_BYTES
            || group.raw_bytes + length > DELTA_RAW_BYTES
        {
            self.close_deltas(which);
        }
        let group = &mut self.deltas[which];
        let member = group.ids.len() as u16; // below DELTA_MEMBERS
        self.places.insert(id, (OPEN_DELTAS[which], member));
        group.push(id, length, delta);
        if group.ids.len() == DELTA_MEMBERS {
            self.close_deltas(which);
        }
    }

    fn close_deltas(&mut self, which: usize) {
        if !self.deltas[which].ids.is_empty() {
            let deltas = std::mem::take(&mut self.deltas[which]);
            self.close(Raw::Deltas(deltas));
        }
    }

    /// Takes an object that is to be in the new packs although the store holds it already; `id`
    /// was computed from the bytes. It builds on `bases`, which stay, where that pays.
    pub(super) fn put_anew(
        &mut self,
        id: ObjectId,
        bytes: &[u8],
        bases: &[ObjectId],
    ) -> Result<(), Error> {
        // What it is nobody knows here; most that is small is metadata.
        let effort = match bytes.len() <= SMALL {
            true => Effort::Metadata,
            false => self.options.contents,
        };
        let looked = Looked {
            id,
            known: Known::No,
            delta: match bases.is_empty() {
                true => None,
                false => self.store.delta_on(bytes, bases, effort),
            },
            effort,
        };
        self.take(bytes, looked).map(|_| ())
    }

    /// Returns whether the object is among the new ones.
    pub(super) fn has_taken(&self, id: &ObjectId) -> bool {
        self.places.contains_key(id)
    }

    /// Takes a frame of a pack of the store as it is. Its members' ids are given as far as the
    /// table keeps them, so they cannot be read back from this writer; the store has them.
    pub(super) fn put_frame(
        &mut self,
        frame: &[u8],
        ids: &[ObjectId],
        raw_bytes: u64,
    ) -> Result<(), Error> {
        self.failed = true; // until it is known to have gone well
        self.append(frame, ids, raw_bytes)?;
        self.failed = false;
        self.totals.objects += ids.len() as u64;
        self.totals.raw_bytes += raw_bytes;
        self.copied = true;
        Ok(())
    }

    /// Takes a content row although the store has it already.
    pub(super) fn put_row(&mut self, content: ObjectId, manifest: ObjectId) {
        self.contents.insert((content, manifest));
    }

    fn close_group(&mut self, which: usize) {
        if !self.groups[which].ids.is_empty() {
            let fresh = Whole::new(self.groups[which].effort);
            let group = std::mem::replace(&mut self.groups[which], fresh);
            self.close(Raw::Whole(group));
        }
    }

    fn close(&mut self, raw: Raw) {
        let ids = raw.ids().to_vec();
        let number = self.encoder.push(raw);
        for (id, member) in ids.into_iter().zip(0u16..) {
            self.places.insert(id, (number, member));
        }
    }

    /// Writes the frames that are compressed; with `all`, waits for the rest of them.
    fn write_ready(&mut self, all: bool) -> Result<(), Error> {
        if self.failed {
            let error = std::io::Error::other("an earlier write to it failed");
            return Err(IoError::new("go on with the pack in", &self.tmp_dir, error).into());
        }
        while let Some((raw, frame)) = self.encoder.pop(all) {
            // Until it is known to have gone well, it has not.
            self.failed = true;
            self.write(&raw, &frame)?;
            self.failed = false;
        }
        Ok(())
    }

    fn write(&mut self, raw: &Raw, frame: &[u8]) -> Result<(), Error> {
        let written = self.append(frame, raw.ids(), raw.raw_bytes())?;
        self.frames.push(written);
        Ok(())
    }

    fn append(&mut self, frame: &[u8], ids: &[ObjectId], raw: u64) -> Result<Written, Error> {
        let fits = |file: &PackFile| {
            file.objects() == 0 || file.len() + frame.len() as u64 <= self.options.pack_limit
        };
        if !self.files.last().is_some_and(fits) {
            self.finish_file(&[])?;
            self.begin_file()?;
        }
        let pack = self.files.len().saturating_sub(1);
        let file = &mut self.files[pack];
        let offset = file.append(frame, ids, raw)?;
        self.totals.stored_bytes += frame.len() as u64;
        Ok(Written {
            pack,
            offset,
            size: frame.len(),
        })
    }

    fn begin_file(&mut self) -> Result<(), Error> {
        let file = PackFile::create(&self.tmp_dir, self.options.id_bytes)?;
        self.files.push(file.with_effort(self.options.effort));
        Ok(())
    }

    fn finish_file(&mut self, contents: &[(ObjectId, ObjectId)]) -> Result<(), Error> {
        if let Some(file) = self.files.last_mut() {
            self.finished.push(file.finish(contents)?);
        }
        Ok(())
    }

    /// Makes everything durable and visible, and returns the packs that were written: none where
    /// nothing was new.
    pub fn commit(mut self) -> Result<Vec<PackId>, Error> {
        for which in [0, 1] {
            self.close_group(which);
            self.close_deltas(which);
        }
        self.write_ready(true)?;
        if self.is_empty() {
            return Ok(Vec::new());
        }
        if self.files.is_empty() {
            self.begin_file()?;
        }
        let contents: Vec<_> = std::mem::take(&mut self.contents).into_iter().collect();
        self.finish_file(&contents)?;

        let dir = self.store.dir();
        let mut written = Vec::new();
        let last = self.files.len().saturating_sub(1);
        for (index, (file, id)) in self.files.drain(..).zip(&self.finished).enumerate() {
            // The last pack has the content rows, so what they need must have its name first.
            if index == last && index > 0 {
                fsio::sync_dir(dir)?;
            }
            written.push((*id, file.persist(id, dir)?));
        }
        fsio::sync_dir(dir)?;
        self.store.adopt(&written)?;
        Ok(self.finished)
    }

    fn read(&self, id: &ObjectId, number: u64, member: u16) -> Result<Vec<u8>, Error> {
        let open = |numbers: [u64; 2]| numbers.iter().position(|&open| open == number);
        let waiting = if let Some(which) = open(OPEN_GROUPS) {
            self.groups[which].member(member)
        } else if let Some(which) = open(OPEN_DELTAS) {
            self.deltas[which].member(member)
        } else if let Some(raw) = self.encoder.waiting(number) {
            raw.member(member)
        } else {
            return self.read_written(id, number, member);
        };
        match waiting.ok_or(Error::Missing(*id))? {
            Member::Whole(bytes) => Ok(bytes.to_vec()),
            Member::Delta(delta, length) => {
                let mut held = Vec::new();
                for base in &delta.bases {
                    held.extend(self.store.get(base)?);
                }
                let (numbers, literals) = (&delta.script.numbers, &delta.script.literals);
                script::apply(numbers, literals, &held, length as usize)
                    .ok_or_else(|| Error::corrupt(*id, "its bases are not what they were"))
            }
        }
    }

    fn read_written(&self, id: &ObjectId, number: u64, member: u16) -> Result<Vec<u8>, Error> {
        let written = self
            .frames
            .get(number as usize)
            .ok_or(Error::Missing(*id))?;
        let bytes = self.files[written.pack].read(written.offset, written.size)?;
        let decode = || {
            let frame = Frame::parse(&bytes)?.ok_or(Fault::NoMember(member))?;
            let chain = Chain::default();
            self.store
                .member(&frame.open()?, member, id.as_bytes(), &chain)
        };
        match decode().map_err(|e: Fault| Error::corrupt(*id, e.to_string()))? {
            (raw, found) if found == *id => Ok(raw),
            _ => Err(Error::corrupt(*id, "its bytes do not hash to it")),
        }
    }
}

/// What is known of an object that is put.
enum Known {
    /// It is here already.
    Yes,
    /// It is in the store: its bytes were compared.
    Confirmed,
    /// It must be written.
    No,
    /// It must be written and stand for itself: what is listed under its id may be damaged.
    Healing,
}

/// An object that is put.
struct Looked {
    id: ObjectId,
    known: Known,
    delta: Option<Delta>,
    effort: Effort,
}

impl ObjectSource for PackWriter<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        match self.places.get(id) {
            Some(&(number, member)) => self.read(id, number, member),
            None => self.store.get(id),
        }
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, Error> {
        Ok(self.places.contains_key(id) || self.store.contains(id)?)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error> {
        let from = (*content, ObjectId([0; 32]));
        match self.contents.range(from..).next() {
            Some((found, manifest)) if found == content => Ok(Some(*manifest)),
            // Not the store's `manifest_of`, which fails where a pack is damaged: then the content
            // is to be written again, which heals it.
            _ => Ok(self.store.manifests_of(content).first().copied()),
        }
    }
}

impl ObjectSink for PackWriter<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<ObjectId, Error> {
        let base = self.suggestion(bytes);
        self.put_near(bytes, base.as_slice())
    }

    fn put_near(&mut self, bytes: &[u8], bases: &[ObjectId]) -> Result<ObjectId, Error> {
        let looked = self.look(bytes, bases, Effort::Metadata);
        self.take(bytes, looked)
    }

    fn put_all_near(&mut self, objects: &[Near<'_>]) -> Result<Vec<ObjectId>, Error> {
        let look = |near: &Near<'_>| self.look(near.bytes, near.bases, Effort::Contents);
        // A rayon task has its siblings on the other cores already, and if it holds a lock that
        // they wait for, it must not wait for them.
        let looked: Vec<Looked> = match rayon::current_thread_index() {
            None => objects.par_iter().map(look).collect(),
            Some(_) => objects.iter().map(look).collect(),
        };
        let taken = objects.iter().zip(looked);
        taken
            .map(|(near, looked)| self.take(near.bytes, looked))
            .collect()
    }

    fn put_manifest(&mut self, content: ObjectId, manifest: ObjectId) -> Result<(), Error> {
        if !self.store.manifests_of(&content).contains(&manifest) {
            self.contents.insert((content, manifest));
        }
        Ok(())
    }
}
