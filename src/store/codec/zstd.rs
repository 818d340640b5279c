//! `zstd`: one zstd frame without magic number, checksum and content size.
//!
//! All three stand elsewhere: the codec byte, the object's id, the frame's head. That saves six
//! bytes a frame, which counts where a frame is a changed label.

use std::cell::RefCell;

use super::Effort;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, compress_bound};

/// What every zstd frame begins with, and what a body leaves out.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Compression pays when it saves at least one part in this many.
const PAYS: usize = 32;

/// The level at which gc packs contents anew. For 587 MB of CSV in chunks of 18 KiB, against what
/// `zstd -1` makes of the whole file: level 1 1.07 times as much, 3 1.02 (4.5 CPU s), 4 1.007
/// (6.2), 5 0.986 (8.5), 6 0.977 (10.1), 9 0.973 (13.3).
pub(in crate::store) const REPACKED_LEVEL: u8 = 5;
/// How many kinds of effort there are.
const EFFORTS: usize = 4;

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
    static COMPRESSORS: RefCell<[Option<Compressor>; EFFORTS]> =
        const { RefCell::new([const { None }; EFFORTS]) };
    static DECOMPRESSOR: RefCell<Option<Decompressor>> = const { RefCell::new(None) };
}

/// Level 1 compresses 16 KiB chunks 2 to 2.4 times at 300 MB/s a core; level 3 gains 2 to 4 % for
/// half as much time again. A larger table and a shorter shortest match than zstd takes for chunks
/// above 16 KiB gain 2.5 % for 3 % more time. What does not compress costs next to nothing: 5 GB/s.
fn parameters(effort: Effort) -> &'static [CParameter] {
    match effort {
        Effort::Contents => &[
            CParameter::CompressionLevel(1),
            CParameter::HashLog(14),
            CParameter::MinMatch(5),
        ],
        Effort::Deltas => &[CParameter::CompressionLevel(3)],
        Effort::Metadata => &[CParameter::CompressionLevel(9)],
        Effort::Repacked => &[CParameter::CompressionLevel(REPACKED_LEVEL as i32)],
    }
}

fn compressor(effort: Effort) -> Option<Compressor> {
    let mut context = CCtx::try_create()?;
    let common = [
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ];
    for &parameter in parameters(effort).iter().chain(&common) {
        context.set_parameter(parameter).ok()?;
    }
    let out = Vec::new();
    Some(Compressor { context, out })
}

/// Appends the body where compression pays, and returns whether it did.
pub(super) fn encode(raw: &[u8], effort: Effort, body: &mut Vec<u8>) -> bool {
    COMPRESSORS.with_borrow_mut(|slots| {
        let slot = &mut slots[effort as usize];
        let fresh = || compressor(effort);
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
