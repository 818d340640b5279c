//! One pack, opened: an immutable mapped file. Layout: docs/format.md, "Packs".
//!
//! Invariant: a pack arrives by rename after its bytes are synced and no byte of it ever changes,
//! so readers take no lock. What is read is checked all the same: disks forget.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::base::mmap::Mapped;
use crate::base::varint::Malformed;
use crate::base::{IoError, ObjectId};
use crate::object::Error;

use super::frame::Frame;
use super::table::{Locator, Table, Trailer};

/// A pack's id: the BLAKE3 of its whole file, as `b3sum` prints it.
pub type PackId = ObjectId;

/// What every pack begins with: a name and the version of the layout.
pub(super) const HEADER: [u8; 12] = *b"dverpack\x01\0\0\0";

/// An open pack.
pub(super) struct Pack {
    pub(super) id: PackId,
    pub(super) path: PathBuf,
    pub(super) modified: Option<SystemTime>,
    pub(super) bytes: Mapped,
    pub(super) trailer: Trailer,
    /// Whether the table matches its checksum; found out when an object is missed.
    sound: OnceLock<bool>,
}

impl Pack {
    /// Maps a pack and checks its ends; the table and the frames are checked when they are read.
    pub(super) fn open(path: &Path, id: PackId) -> Result<Self, Error> {
        let bytes = Mapped::open(path)?;
        let trailer = check_ends(&bytes).map_err(|reason| Error::DamagedPack {
            path: path.to_owned(),
            reason,
        })?;
        let modified = std::fs::metadata(path)
            .map_err(|e| IoError::new("read the times of", path, e))?
            .modified()
            .ok();
        Ok(Self {
            id,
            path: path.to_owned(),
            modified,
            bytes,
            trailer,
            sound: OnceLock::new(),
        })
    }

    /// Returns whether the table matches its checksum.
    pub(super) fn table_is_sound(&self) -> bool {
        *self.sound.get_or_init(|| self.table().is_sound())
    }

    /// Returns the table.
    pub(super) fn table(&self) -> Table<'_> {
        Table::new(&self.bytes, &self.trailer)
    }

    /// Returns the bytes up to and with the end mark of the frames.
    pub(super) fn frames(&self) -> &[u8] {
        &self.bytes[..self.trailer.table_offset as usize]
    }

    /// Reads the frame that begins at `offset`.
    pub(super) fn frame(&self, offset: u64) -> Result<Frame<'_>, Malformed> {
        frame_at(self.frames(), offset)
    }

    /// Returns where the objects lie whose ids begin with these bytes, as far as ids are kept.
    pub(super) fn find<'a>(&'a self, prefix: &[u8]) -> impl Iterator<Item = Locator> + use<'a> {
        self.table().find(prefix)
    }
}

/// Checks the header and the trailer of a whole pack file.
fn check_ends(bytes: &[u8]) -> Result<Trailer, String> {
    let Some(header) = bytes.get(..HEADER.len()) else {
        return Err("it is shorter than the header of a pack".to_owned());
    };
    if header != HEADER {
        return Err(match header[..8] == HEADER[..8] {
            true => format!(
                "it is of version {}, which this dver does not read",
                header[8]
            ),
            false => "it does not begin like a pack".to_owned(),
        });
    }
    let trailer = Trailer::parse(bytes).map_err(|e| e.to_string())?;
    if trailer.table_offset <= HEADER.len() as u64 {
        return Err("its table overlaps its header".to_owned());
    }
    Ok(trailer)
}

/// Reads the frame at `offset` in the bytes of a pack up to and with the end mark.
pub(super) fn frame_at(frames: &[u8], offset: u64) -> Result<Frame<'_>, Malformed> {
    let malformed = |what| Malformed { offset, what };
    let bytes = usize::try_from(offset)
        .ok()
        .filter(|&at| at >= HEADER.len())
        .and_then(|at| frames.get(at..))
        .ok_or(malformed("a frame inside the pack"))?;
    let within = |e: Malformed| malformed(e.what);
    Frame::parse(bytes)
        .map_err(within)?
        .ok_or(malformed("a frame, not the end mark"))
}
