//! Checking packs to the last byte, and walking all objects without trusting a table.
//!
//! Invariant: damage is data. Whatever the bytes of a pack are, checking ends with a report.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::base::mmap::Mapped;
use crate::base::progress::{Progress, Quiet};
use crate::base::{Hasher, ObjectId};
use crate::object::{Error, Manifest};

use super::chain::Chain;
use super::codec::hex;
use super::frame::Frame;
use super::pack::{HEADER, Pack, PackId, frame_at};
use super::store::Store;
use super::table::Locator;

/// While all objects are walked, frames are decoded together up to this many raw bytes.
const WALK_BATCH: usize = 32 << 20;

/// What checking a pack found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackReport {
    /// The pack's file.
    pub path: PathBuf,
    /// How many sound objects its frames hold.
    pub objects: u64,
    /// The sum of their sizes in bytes.
    pub raw_bytes: u64,
    /// How many sound content rows it has.
    pub contents: u64,
    /// What is wrong, in the order of the file.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The pack's file.
    pub path: PathBuf,
    /// Where in the file, if at one place.
    pub offset: Option<u64>,
    /// The first bytes, in hex, of the ids of the objects that it concerns.
    pub objects: Vec<String>,
    /// What it is.
    pub kind: DamageKind,
}

/// What can be wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// The header or the trailer is bad: no object of the pack can be found.
    #[error("the pack cannot be opened: {0}")]
    Unreadable(String),
    /// The file's bytes are not those it was named after.
    #[error("the file hashes to {found}, not to its name")]
    Name {
        /// What it hashes to.
        found: PackId,
    },
    /// The table is not as it was written.
    #[error("the table does not match its checksum")]
    Table,
    /// A frame does not decode.
    #[error("the frame does not decode: {0}")]
    Frame(String),
    /// An object builds on another one that cannot be had, or not on what that one is.
    #[error("an object of the frame cannot be made: {0}")]
    Delta(String),
    /// An object lies in a frame but not in the table, or not under this id.
    #[error("the object is not in the table")]
    Unlisted,
    /// The table lists an object that is not where it says.
    #[error("the table lists an object that is not there")]
    Absent,
    /// A content row leads to nothing that describes the content.
    #[error("content {} has no sound manifest {}: {reason}", content.short(), manifest.short())]
    Content {
        /// The content.
        content: ObjectId,
        /// The manifest that the row names.
        manifest: ObjectId,
        /// What is wrong with the manifest.
        reason: String,
    },
}

/// Hears of one object after the other.
pub type Visit<'a> = dyn FnMut(&ObjectId, &[u8]) -> Result<(), Error> + 'a;

/// The members of a frame with their ids, or why there are none; each, or why it cannot be had.
pub(super) type Decoded = Result<Vec<Result<(Vec<u8>, ObjectId), String>>, String>;

impl Store {
    /// Checks every byte of a pack: its name, table, frames, objects and content rows.
    ///
    /// `path` need not be a pack that could be opened.
    pub fn verify(&self, path: &Path) -> Result<PackReport, Error> {
        self.verify_telling(path, &Quiet)
    }

    /// Does the same, and tells of the bytes that were looked at.
    pub fn verify_telling(
        &self,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<PackReport, Error> {
        let mut report = PackReport {
            path: path.to_owned(),
            objects: 0,
            raw_bytes: 0,
            contents: 0,
            damage: Vec::new(),
        };
        let bytes = Mapped::open(path)?;
        let mut hasher = Hasher::new();
        hasher.update_parallel(&bytes);
        let found = hasher.id();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if stem != Some(&found.to_string()) {
            report.found(None, Vec::new(), DamageKind::Name { found });
        }
        let pack = match Pack::open(path, found) {
            Ok(pack) => pack,
            Err(Error::DamagedPack { reason, .. }) => {
                report.found(None, Vec::new(), DamageKind::Unreadable(reason));
                return Ok(report);
            }
            Err(e) => return Err(e),
        };
        if !pack.table_is_sound() {
            let at = Some(pack.trailer.table_offset);
            report.found(at, Vec::new(), DamageKind::Table);
        }
        self.verify_objects(&pack, &mut report, progress);
        self.verify_contents(&pack, &mut report)?;
        Ok(report)
    }

    fn verify_objects(&self, pack: &Pack, report: &mut PackReport, progress: &dyn Progress) {
        let table = pack.table();
        let kept = usize::from(pack.trailer.id_bytes);
        let mut listed: Vec<(Locator, &[u8])> = (0..table.len())
            .map(|row| (table.place(row), table.id(row)))
            .collect();
        listed.sort_unstable();
        let (offsets, unreadable) = frame_offsets(pack.frames(), &listed);
        for (offset, what) in unreadable {
            let kind = DamageKind::Frame(what.to_owned());
            report.found(Some(offset), ids_at(&listed, offset), kind);
        }

        type Facts = Vec<Result<(ObjectId, u64), String>>;
        let decoded: Vec<Result<Facts, String>> = offsets
            .par_iter()
            .enumerate()
            .map(|(at, &offset)| {
                let end = offsets.get(at + 1).copied();
                let end = end.unwrap_or(pack.trailer.table_offset);
                progress.advance(end.saturating_sub(offset));
                let wanted: Vec<&[u8]> = rows_at(&listed, offset).iter().map(|row| row.1).collect();
                let members = self.decode_frame(pack.frames(), offset, &wanted)?;
                let fact = |(raw, id): (Vec<u8>, ObjectId)| (id, raw.len() as u64);
                Ok(members.into_iter().map(|member| member.map(fact)).collect())
            })
            .collect();
        for (&offset, members) in offsets.iter().zip(decoded) {
            let rows = rows_at(&listed, offset);
            let members = match members {
                Ok(members) => members,
                Err(reason) => {
                    let kind = DamageKind::Frame(reason);
                    report.found(Some(offset), ids_at(&listed, offset), kind);
                    continue;
                }
            };
            for (fact, member) in members.iter().zip(0u16..) {
                let place = Locator { offset, member };
                let (id, size) = match fact {
                    Ok(fact) => fact,
                    Err(reason) => {
                        let objects = rows.iter().filter(|row| row.0 == place);
                        let objects = objects.map(|(_, id)| hex(id)).collect();
                        let kind = DamageKind::Delta(reason.clone());
                        report.found(Some(offset), objects, kind);
                        continue;
                    }
                };
                if rows.contains(&(place, &id.as_bytes()[..kept])) {
                    report.objects += 1;
                    report.raw_bytes += size;
                } else {
                    report.found(Some(offset), vec![id.to_string()], DamageKind::Unlisted);
                }
            }
            for (place, id) in rows {
                let found = match members.get(usize::from(place.member)) {
                    Some(Ok((found, _))) => found.as_bytes()[..kept] == **id,
                    Some(Err(_)) => true, // it was reported
                    None => false,
                };
                if !found {
                    report.found(Some(offset), vec![hex(id)], DamageKind::Absent);
                }
            }
        }
        // Rows that point where no frame begins.
        let mut known = offsets;
        known.extend(report.damage.iter().filter_map(|damage| damage.offset));
        known.sort_unstable();
        for (place, id) in &listed {
            if known.binary_search(&place.offset).is_err() {
                report.found(Some(place.offset), vec![hex(id)], DamageKind::Absent);
            }
        }
    }

    fn verify_contents(&self, pack: &Pack, report: &mut PackReport) -> Result<(), Error> {
        let mut last = None;
        for (content, manifest) in pack.table().contents() {
            let reason = match Manifest::read(self, &manifest) {
                Ok(read) if read.content != content => "it describes another content".to_owned(),
                Ok(_) if last >= Some((content, manifest)) => "its row is out of order".to_owned(),
                Ok(_) => {
                    last = Some((content, manifest));
                    report.contents += 1;
                    continue;
                }
                Err(Error::Io(e)) => return Err(e.into()),
                Err(e) => e.to_string(),
            };
            let kind = DamageKind::Content {
                content,
                manifest,
                reason,
            };
            report.found(None, vec![manifest.to_string()], kind);
        }
        Ok(())
    }

    /// Visits every object of at most `largest` bytes that decodes, pack by pack in the order of
    /// the files, oldest pack first. What does not decode is left to [`Store::verify`].
    pub fn walk(&self, largest: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        for pack in self.packs().open.iter().rev() {
            self.walk_frames(pack.frames(), largest, visit)?;
        }
        Ok(())
    }

    /// Visits every object that still decodes in a file that need not have a sound table.
    pub fn salvage(&self, path: &Path, visit: &mut Visit<'_>) -> Result<(), Error> {
        self.walk_frames(&Mapped::open(path)?, u64::MAX, visit)
    }

    fn walk_frames(&self, frames: &[u8], largest: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        let (offsets, _) = frame_offsets(frames, &[]);
        let wanted = |offset: &&u64| {
            let fits = |frame: Frame<'_>| frame.lengths.iter().any(|&l| u64::from(l) <= largest);
            frame_at(frames, **offset).is_ok_and(fits)
        };
        let raw_size = |offset: &u64| frame_at(frames, *offset).map_or(0, |frame| frame.raw_size);
        let offsets: Vec<u64> = offsets.iter().filter(wanted).copied().collect();
        let mut rest = offsets.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |offset: &&u64| {
                bytes += raw_size(offset);
                bytes <= WALK_BATCH
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (batch, after) = rest.split_at(count);
            rest = after;
            let decoded: Vec<Vec<(Vec<u8>, ObjectId)>> = batch
                .par_iter()
                .map(|&offset| {
                    let members = self.decode_frame(frames, offset, &[] as &[&[u8]]);
                    let sound = members.unwrap_or_default().into_iter().flatten();
                    sound
                        .filter(|(raw, _)| raw.len() as u64 <= largest)
                        .collect()
                })
                .collect();
            for (raw, id) in decoded.iter().flatten() {
                visit(id, raw)?;
            }
        }
        Ok(())
    }

    /// Decodes a frame. `wanted` are what the ids of its members begin with, as far as it is known:
    /// an object whose base may be one of several is then made of the right one.
    pub(super) fn decode_frame(
        &self,
        frames: &[u8],
        offset: u64,
        wanted: &[impl AsRef<[u8]>],
    ) -> Decoded {
        let frame = frame_at(frames, offset).map_err(|e| e.to_string())?;
        let opened = frame.open().map_err(|e| e.to_string())?;
        let member = |index: usize| {
            let wanted = wanted.get(index).map_or(&[] as &[u8], AsRef::as_ref);
            // A frame has at most 2^16 members.
            let member = self.member(&opened, index as u16, wanted, &Chain::default());
            member.map_err(|e| e.to_string())
        };
        Ok((0..opened.members()).map(member).collect())
    }
}

impl PackReport {
    fn found(&mut self, offset: Option<u64>, objects: Vec<String>, kind: DamageKind) {
        self.damage.push(Damage {
            path: self.path.clone(),
            offset,
            objects,
            kind,
        });
    }
}

/// Returns where the frames begin, and where something stands that is none. Behind such a place
/// the walk goes on at the next frame that the table knows.
fn frame_offsets(
    frames: &[u8],
    listed: &[(Locator, &[u8])],
) -> (Vec<u64>, Vec<(u64, &'static str)>) {
    let (mut found, mut bad) = (Vec::new(), Vec::new());
    let mut at = HEADER.len() as u64;
    while let Some(rest) = frames.get(at as usize..) {
        match Frame::parse(rest) {
            Ok(Some(frame)) => {
                found.push(at);
                at += frame.size as u64;
            }
            Ok(None) if listed.is_empty() || rest.len() == 1 => break,
            Ok(None) => {
                bad.push((at, "the end mark stands before the table"));
                at = next_listed(listed, at);
            }
            Err(e) => {
                bad.push((at, e.what));
                at = next_listed(listed, at);
            }
        }
    }
    (found, bad)
}

fn next_listed(listed: &[(Locator, &[u8])], after: u64) -> u64 {
    let next = listed.partition_point(|(place, _)| place.offset <= after);
    listed.get(next).map_or(u64::MAX, |(place, _)| place.offset)
}

fn rows_at<'a, 'b>(listed: &'a [(Locator, &'b [u8])], offset: u64) -> &'a [(Locator, &'b [u8])] {
    let start = listed.partition_point(|(place, _)| place.offset < offset);
    let end = listed.partition_point(|(place, _)| place.offset <= offset);
    &listed[start..end]
}

fn ids_at(listed: &[(Locator, &[u8])], offset: u64) -> Vec<String> {
    let rows = rows_at(listed, offset).iter();
    rows.map(|(_, id)| hex(id)).collect()
}
