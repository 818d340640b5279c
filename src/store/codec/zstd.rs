//! `zstd`: one zstd frame without magic number, checksum and content size.
//!
//! All three stand elsewhere: the codec byte, the object's id, the frame's head. That saves six
//! bytes a frame, which counts where a frame is a changed label.

use std::cell::RefCell;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, compress_bound};

/// What every zstd frame begins with, and what a body leaves out.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Compression pays when it saves at least one part in this many.
const PAYS: usize = 32;

/// How hard to try; each level has contexts of its own, since changing one costs its tables.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Level {
    slot: usize,
    level: i32,
}

impl Level {
    /// Of new objects: compresses 16 KiB chunks 2.3 times at 270 MB/s a core; level 3 gains 7 %
    /// for a third more time.
    pub(in crate::store) const OBJECTS: Self = Self { slot: 0, level: 1 };
    /// Of scripts, which are so short that time does not count.
    pub(super) const DELTAS: Self = Self { slot: 1, level: 3 };
    /// Of what gc packs anew. For 587 MB of CSV in chunks of 18 KiB, against what `zstd -1` makes of
    /// the whole file: level 1 1.07 times as much, 3 1.02 (4.5 CPU s), 4 1.007 (6.2), 5 0.986
    /// (8.5), 6 0.977 (10.1), 9 0.973 (13.3).
    pub(in crate::store) const REPACKED: Self = Self { slot: 2, level: 5 };
    /// How many there are.
    const COUNT: usize = 3;

    /// Returns what a pack says of how hard its writer tried.
    pub(in crate::store) fn effort(self) -> u8 {
        self.level.clamp(0, i32::from(u8::MAX)) as u8
    }
}

struct Compressor {
    context: CCtx<'static>,
    out: Vec<u8>,
}

struct Decompressor {
    context: DCtx<'static>,
    input: Vec<u8>,
}

thread_local! {
    // A context is 1 MB that takes longer to set up than a chunk takes to compress.
    static COMPRESSORS: RefCell<[Option<Compressor>; Level::COUNT]> =
        const { RefCell::new([const { None }; Level::COUNT]) };
    static DECOMPRESSOR: RefCell<Option<Decompressor>> = const { RefCell::new(None) };
}

fn compressor(level: Level) -> Option<Compressor> {
    let mut context = CCtx::try_create()?;
    for parameter in [
        CParameter::CompressionLevel(level.level),
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ] {
        context.set_parameter(parameter).ok()?;
    }
    let out = Vec::new();
    Some(Compressor { context, out })
}

/// Appends the body where compression pays, and returns whether it did.
pub(super) fn encode(raw: &[u8], level: Level, body: &mut Vec<u8>) -> bool {
    COMPRESSORS.with_borrow_mut(|slots| {
        let slot = &mut slots[level.slot];
        let fresh = || compressor(level);
        let Some(Compressor { context, out }) = slot.take().or_else(fresh).map(|c| slot.insert(c))
        else {
            return false;
        };
        out.clear();
        out.reserve(compress_bound(raw.len()));
        if context.compress2(out, raw).is_err() {
            *slot = None; // a context that failed is in an unknown state
            return false;
        }
        let pays = out.starts_with(&MAGIC) && out.len() + raw.len() / PAYS <= raw.len();
        if pays {
            body.extend_from_slice(&out[MAGIC.len()..]);
        }
        pays
    })
}

/// Returns the raw bytes, where there are exactly `size` of them.
pub(super) fn decode(body: &[u8], size: usize) -> Option<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let fresh = || {
            let context = DCtx::try_create()?;
            let input = Vec::new();
            Some(Decompressor { context, input })
        };
        let Decompressor { context, input } = slot.take().or_else(fresh).map(|d| slot.insert(d))?;
        input.clear();
        input.extend_from_slice(&MAGIC);
        input.extend_from_slice(body);
        let mut raw = Vec::with_capacity(size);
        if context.decompress(&mut raw, input).is_err() {
            *slot = None;
            return None;
        }
        (raw.len() == size).then_some(raw)
    })
}
