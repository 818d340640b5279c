//! The store: all packs of `packs/`, read as one.
//!
//! Invariant: no bytes leave it that do not hash to the id they were asked by. Damage is never
//! reported as absence, and a sound copy in another pack is used instead of a damaged one.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::base::{IoError, ObjectId, fsio};
use crate::object::{Error, ObjectSource};

use super::cache::Recent;
use super::chain::Chain;
use super::codec::delta::Prefix;
use super::codec::{self, Fault};
use super::frame::Opened;
use super::pack::{Pack, PackId};
use super::table::Locator;
use super::writer::{Options, PackWriter};

/// Single objects of more bytes are not kept for a moment: they are no chunks of records.
const LARGEST_SINGLE: usize = 64 << 10;

/// How often packs may come and go while one object is looked for.
const MAX_LOOKS: usize = 16;

/// Reads the objects of a directory of packs. Cheap to share between threads.
pub struct Store {
    dir: PathBuf,
    packs: RwLock<Arc<Packs>>,
    /// Held while the directory is read, so that many misses at once read it one after the other.
    scanning: Mutex<()>,
    /// Frames of several objects.
    groups: Recent<Opened>,
    /// Frames of one object, with its id: what objects build on is read again soon.
    singles: Recent<(Vec<u8>, ObjectId)>,
    /// Whether these packs are meant and no others, whatever the directory holds.
    is_fixed: bool,
}

/// What was found in the directory.
#[derive(Default)]
pub(super) struct Packs {
    /// Newest first: what was written last is read first.
    pub(super) open: Vec<Arc<Pack>>,
    /// Packs that cannot be opened, and why.
    pub(super) damaged: Vec<(PathBuf, String)>,
}

impl Packs {
    /// Returns whether both are the same packs.
    fn is_same(&self, other: &Self) -> bool {
        let ids = |packs: &Self| packs.open.iter().map(|pack| pack.id).collect::<Vec<_>>();
        ids(self) == ids(other)
    }
}

/// A pack as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackInfo {
    /// Its id.
    pub id: PackId,
    /// Its file.
    pub path: PathBuf,
    /// The size of the file in bytes.
    pub size: u64,
    /// How many objects it holds.
    pub objects: u64,
    /// How many rows from a content to a manifest it holds.
    pub contents: u64,
    /// The sum of its objects' sizes in bytes.
    pub raw_bytes: u64,
}

impl Store {
    /// Creates the directory of a store without packs.
    pub fn create(dir: &Path) -> Result<Self, Error> {
        fsio::create_dir_all(dir)?;
        Self::open(dir)
    }

    /// Opens the packs of a directory. Damaged ones do not stop it; see [`Store::damaged`].
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let store = Self {
            dir: dir.to_owned(),
            packs: RwLock::default(),
            scanning: Mutex::default(),
            groups: Recent::default(),
            singles: Recent::default(),
            is_fixed: false,
        };
        store.rescan()?;
        Ok(store)
    }

    /// Returns the directory of the packs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns a store of some packs of this one.
    pub(super) fn of_packs(&self, open: Vec<Arc<Pack>>) -> Self {
        let damaged = Vec::new();
        Self {
            dir: self.dir.clone(),
            packs: RwLock::new(Arc::new(Packs { open, damaged })),
            scanning: Mutex::default(),
            groups: Recent::default(),
            singles: Recent::default(),
            is_fixed: true,
        }
    }

    /// Reads the directory again and returns whether packs came or went.
    pub fn rescan(&self) -> Result<bool, Error> {
        if self.is_fixed {
            return Ok(false);
        }
        let _one_at_a_time = self.scanning.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.packs();
        let mut packs = Packs::default();
        let mut news = false;
        for (id, path) in self.list()? {
            if let Some(pack) = old.open.iter().find(|pack| pack.id == id) {
                packs.open.push(pack.clone());
                continue;
            }
            match Pack::open(&path, id) {
                Ok(pack) => {
                    packs.open.push(Arc::new(pack));
                    news = true;
                }
                Err(Error::DamagedPack { path, reason }) => packs.damaged.push((path, reason)),
                // Removed by gc between the listing and the opening.
                Err(Error::Io(e)) if e.is_not_found() => {}
                Err(e) => return Err(e),
            }
        }
        news |= packs.open.len() != old.open.len();
        sort(&mut packs.open);
        self.set(packs);
        Ok(news)
    }

    fn list(&self) -> Result<Vec<(PackId, PathBuf)>, IoError> {
        let error = |e| IoError::new("list", &self.dir, e);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(error)? {
            let name = entry.map_err(error)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".pack"));
            if let Some(id) = id.and_then(|id| id.parse().ok()) {
                found.push((id, self.dir.join(name)));
            }
        }
        found.sort();
        Ok(found)
    }

    pub(super) fn packs(&self) -> Arc<Packs> {
        self.packs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, packs: Packs) {
        *self.packs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(packs);
    }

    /// Takes in packs that this process has just written.
    pub(super) fn adopt(&self, written: &[(PackId, PathBuf)]) -> Result<(), Error> {
        let _one_at_a_time = self.scanning.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.packs();
        let mut packs = Packs {
            open: old.open.clone(),
            damaged: old.damaged.clone(),
        };
        for (id, path) in written {
            packs.open.retain(|pack| pack.id != *id);
            packs.damaged.retain(|(damaged, _)| damaged != path);
            packs.open.push(Arc::new(Pack::open(path, *id)?));
        }
        sort(&mut packs.open);
        self.set(packs);
        Ok(())
    }

    /// Begins a pack of new objects. Its file grows in `tmp_dir`, which must be on the same file
    /// system, until [`PackWriter::commit`].
    pub fn begin(&self, tmp_dir: &Path) -> Result<PackWriter<'_>, Error> {
        self.rescan()?; // what others wrote while this process waited for the lock
        Ok(PackWriter::new(self, tmp_dir, Options::default()))
    }

    /// Returns the packs, newest first.
    pub fn list_packs(&self) -> Vec<PackInfo> {
        let info = |pack: &Arc<Pack>| PackInfo {
            id: pack.id,
            path: pack.path.clone(),
            size: pack.bytes.len() as u64,
            objects: pack.trailer.objects,
            contents: pack.trailer.contents,
            raw_bytes: pack.trailer.raw_bytes,
        };
        self.packs().open.iter().map(info).collect()
    }

    /// Returns the packs that cannot be opened, and why.
    pub fn damaged(&self) -> Vec<(PathBuf, String)> {
        self.packs().damaged.clone()
    }

    /// Returns all known manifests of a content, those of newer packs first.
    pub fn manifests_of(&self, content: &ObjectId) -> Vec<ObjectId> {
        let packs = self.packs();
        let mut manifests: Vec<ObjectId> = Vec::new();
        for pack in &packs.open {
            for manifest in pack.table().manifests(content) {
                if !manifests.contains(&manifest) {
                    manifests.push(manifest);
                }
            }
        }
        manifests
    }

    /// Returns whether some object's id begins like `id`. Only a hint.
    pub(super) fn may_contain(&self, id: &ObjectId) -> bool {
        let packs = self.packs();
        packs
            .open
            .iter()
            .any(|pack| pack.find(id.as_bytes()).next().is_some())
    }

    /// Returns the bytes of an object from the packs known now.
    pub(super) fn find(&self, id: &ObjectId, chain: &Chain) -> Result<Option<Vec<u8>>, Error> {
        let packs = self.packs();
        let mut damage = None;
        for pack in &packs.open {
            for place in pack.find(id.as_bytes()) {
                match self.read(pack, place, id.as_bytes(), chain) {
                    Ok((raw, found)) if found == *id => return Ok(Some(raw)),
                    Ok((_, found)) => {
                        // Either another object with the same truncated id, which is sound, or
                        // bytes that went bad.
                        let kept = usize::from(pack.trailer.id_bytes);
                        if found.as_bytes()[..kept] != id.as_bytes()[..kept] {
                            damage = Some((pack, place, "its bytes do not hash to it".to_owned()));
                        }
                    }
                    Err(Fault::Io(e)) => return Err(e.into()),
                    Err(e) => damage = Some((pack, place, e.to_string())),
                }
            }
        }
        match damage {
            None => Ok(None),
            Some((pack, place, reason)) => Err(Error::corrupt(
                *id,
                format!(
                    "frame at {} of {}: {reason}",
                    place.offset,
                    pack.path.display()
                ),
            )),
        }
    }

    /// Returns the unpacked frame at a place that has several objects or builds on others.
    pub(super) fn group(&self, pack: &Pack, offset: u64) -> Result<Arc<Opened>, Fault> {
        let key = (pack.id, offset);
        if let Some(group) = self.groups.get(&key) {
            return Ok(group);
        }
        let group = Arc::new(pack.frame(offset)?.open()?);
        self.groups.keep(key, group.len(), &group);
        Ok(group)
    }

    /// Returns the object at a place, and its id, which begins with `wanted` if all is well.
    pub(super) fn read(
        &self,
        pack: &Pack,
        place: Locator,
        wanted: &[u8],
        chain: &Chain,
    ) -> Result<(Vec<u8>, ObjectId), Fault> {
        let key = (pack.id, place.offset);
        if place.member == 0
            && let Some(single) = self.singles.get(&key)
        {
            return Ok((*single).clone());
        }
        let group = match self.groups.get(&key) {
            Some(group) => group,
            None => match pack.frame(place.offset)?.open()?.into_single() {
                Ok(_) if place.member > 0 => return Err(Fault::NoMember(place.member)),
                Ok(raw) => {
                    let id = ObjectId::of(&raw);
                    // Damaged bytes are not kept: a sound pack of the same name may come.
                    if raw.len() <= LARGEST_SINGLE && id.as_bytes().starts_with(wanted) {
                        self.singles
                            .keep(key, raw.len(), &Arc::new((raw.clone(), id)));
                    }
                    return Ok((raw, id));
                }
                Err(group) => {
                    let group = Arc::new(group);
                    self.groups.keep(key, group.len(), &group);
                    group
                }
            },
        };
        self.member(&group, place.member, wanted, chain)
    }

    /// Returns a member of an unpacked frame, and its id.
    pub(super) fn member(
        &self,
        group: &Opened,
        member: u16,
        wanted: &[u8],
        chain: &Chain,
    ) -> Result<(Vec<u8>, ObjectId), Fault> {
        group.member(member, wanted, &|prefix, take| {
            let _deeper = chain.deeper()?;
            self.offer(prefix, chain, take)
        })
    }

    /// Looks for something, and again after reading the directory, as long as packs come and go:
    /// a concurrent writer may have added a pack, or gc may have moved an object to another while
    /// the directory was being read.
    fn look<T>(
        &self,
        find: &mut dyn FnMut() -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let mut known = self.packs();
        for _ in 0..MAX_LOOKS {
            if let Some(found) = find()? {
                return Ok(Some(found));
            }
            self.rescan()?;
            // Not what `rescan` says: another thread may have read the directory since `find`.
            let now = self.packs();
            if now.is_same(&known) {
                break;
            }
            known = now;
        }
        Ok(None)
    }

    /// Offers the objects whose ids begin like the prefix, until one is taken.
    fn offer(
        &self,
        prefix: &Prefix,
        chain: &Chain,
        take: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Fault> {
        let mut offered: Vec<ObjectId> = Vec::new();
        let mut reason = "which is not there".to_owned();
        let mut packs = self.packs();
        for _ in 0..MAX_LOOKS {
            for pack in &packs.open {
                for place in pack.find(prefix) {
                    chain.count()?;
                    let before = chain.objects();
                    match self.read(pack, place, prefix, chain) {
                        Ok((_, found)) if offered.contains(&found) => {}
                        Ok((raw, found)) if found.as_bytes().starts_with(prefix) => {
                            if chain.objects() == before {
                                chain.end_at(found);
                            }
                            if take(&raw) {
                                return Ok(());
                            }
                            offered.push(found);
                        }
                        Ok(_) => reason = "whose bytes do not hash to it".to_owned(),
                        Err(Fault::Io(e)) => return Err(e.into()),
                        Err(e @ (Fault::Base { .. } | Fault::Chain(_))) => {
                            reason = format!("but {e}");
                        }
                        Err(e) => reason = format!("which is damaged: {e}"),
                    }
                }
            }
            if !offered.is_empty() {
                break;
            }
            // Another process may have moved it to another pack: see `look`.
            self.rescan().map_err(io)?;
            let now = self.packs();
            if now.is_same(&packs) {
                break;
            }
            packs = now;
        }
        match offered.is_empty() {
            false => Ok(()),
            true => Err(Fault::Base {
                base: codec::hex(prefix),
                reason,
            }),
        }
    }

    /// Returns whether a pack holds the object, sound.
    pub(super) fn holds(&self, pack: &Pack, id: &ObjectId) -> bool {
        pack.find(id.as_bytes()).any(|place| {
            let raw = self.read(pack, place, id.as_bytes(), &Chain::default());
            raw.is_ok_and(|(_, found)| found == *id)
        })
    }

    /// Returns whether a pack holds the object, sound, in a frame that builds on no other.
    pub(super) fn holds_whole(&self, pack: &Pack, id: &ObjectId) -> bool {
        pack.find(id.as_bytes()).any(|place| {
            let whole = pack.frame(place.offset).is_ok_and(|f| !f.has_bases());
            let raw = self.read(pack, place, id.as_bytes(), &Chain::default());
            whole && raw.is_ok_and(|(_, found)| found == *id)
        })
    }

    /// Returns why an object that no table lists cannot be had: absence, or a damaged table.
    pub(super) fn absent(&self, id: &ObjectId) -> Error {
        let packs = self.packs();
        if let Some((path, reason)) = packs.damaged.first() {
            return Error::DamagedPack {
                path: path.clone(),
                reason: reason.clone(),
            };
        }
        match packs.open.iter().find(|pack| !pack.table_is_sound()) {
            Some(pack) => Error::DamagedPack {
                path: pack.path.clone(),
                reason: "its table does not match its checksum".to_owned(),
            },
            None => Error::Missing(*id),
        }
    }
}

/// Only the machine can fail while a directory is read; a damaged pack is noted and passed over.
fn io(error: Error) -> Fault {
    match error {
        Error::Io(e) => Fault::Io(e),
        other => Fault::Base {
            base: String::new(),
            reason: other.to_string(),
        },
    }
}

fn sort(packs: &mut [Arc<Pack>]) {
    packs.sort_by_key(|pack| Reverse((pack.modified, pack.id)));
}

impl ObjectSource for Store {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        match self.look(&mut || self.find(id, &Chain::default()))? {
            Some(raw) => Ok(raw),
            None => Err(self.absent(id)),
        }
    }

    /// Reads the object to be sure: a table keeps only the first bytes of an id. Does not look for
    /// new packs.
    fn contains(&self, id: &ObjectId) -> Result<bool, Error> {
        Ok(self.find(id, &Chain::default())?.is_some())
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error> {
        let mut newest = || Ok(self.manifests_of(content).first().copied());
        if let Some(manifest) = self.look(&mut newest)? {
            return Ok(Some(manifest));
        }
        match self.absent(content) {
            Error::Missing(_) => Ok(None),
            damage => Err(damage),
        }
    }
}
