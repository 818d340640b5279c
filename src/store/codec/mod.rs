//! Codecs: how the bytes of a frame's members are written down.
//!
//! Invariant: identity is independent of the codec. A codec gives back exactly the raw bytes or a
//! [`Fault`], never a panic and never more memory than the frame's raw size and a few times its
//! own. What a delta builds on is fetched by the caller, who bounds how deep that may go.

pub(super) mod delta;
pub(super) mod differ;
pub(super) mod script;
mod stored;
mod zstd;

pub(super) use zstd::REPACKED_LEVEL;

use crate::base::IoError;
use crate::base::varint::Malformed;

/// Why a frame does not decode.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The frame's head or body is not as the layout says.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A dver that knows more codecs wrote the frame.
    #[error("codec {0} is not known")]
    UnknownCodec(u8),
    /// The body does not decode to the members' lengths.
    #[error("its body does not decode to {expected} bytes")]
    Body {
        /// The sum of the members' raw lengths.
        expected: u64,
    },
    /// The frame has fewer members than the locator says.
    #[error("it has no member {0}")]
    NoMember(u16),
    /// An object that it builds on cannot be had.
    #[error("it builds on the object {base}, {reason}")]
    Base {
        /// The first bytes of the object's id, in hex.
        base: String,
        /// What is wrong with the object.
        reason: String,
    },
    /// It builds on an object that builds on another, and so on, for too long.
    #[error("it builds on more than {0} objects")]
    Chain(u32),
    /// The machine failed where the object that it builds on should be read.
    #[error(transparent)]
    Io(#[from] IoError),
}

/// The codecs that this version reads. The numbers are those of docs/format.md, "Packs".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// The raw bytes themselves.
    Stored = 1,
    /// One zstd frame.
    Zstd = 2,
    /// Scripts against other objects.
    Delta = 3,
}

impl Codec {
    /// Returns the codec that a frame's first byte names.
    pub(super) fn from_mark(mark: u8) -> Result<Self, Fault> {
        match mark {
            1 => Ok(Self::Stored),
            2 => Ok(Self::Zstd),
            3 => Ok(Self::Delta),
            _ => Err(Fault::UnknownCodec(mark)),
        }
    }
}

/// How hard to try to make a frame short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Effort {
    /// For contents, whose encoding is most of what an `add` costs.
    #[default]
    Contents,
    /// For scripts.
    Deltas,
    /// For all else, of which there is little.
    Metadata,
    /// For contents that gc packs anew.
    Repacked,
}

/// Appends the body of a frame that holds `raw`, in the codec that pays.
pub(super) fn encode(raw: &[u8], effort: Effort, body: &mut Vec<u8>) -> Codec {
    if zstd::encode(raw, effort, body) {
        return Codec::Zstd;
    }
    stored::encode(raw, body);
    Codec::Stored
}

/// Returns bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a frame's body unpacks to.
pub(super) enum Unpacked {
    /// The members' raw bytes, one after the other.
    Raw(Vec<u8>),
    /// A script for each member.
    Scripts(delta::Scripts),
}

/// Unpacks the body of a frame whose members have these raw lengths, which sum up to `size`.
pub(super) fn unpack(
    codec: Codec,
    body: &[u8],
    lengths: &[u32],
    size: usize,
) -> Result<Unpacked, Fault> {
    let raw = match codec {
        Codec::Stored => stored::decode(body, size),
        Codec::Zstd => zstd::decode(body, size),
        Codec::Delta => return Ok(Unpacked::Scripts(delta::Scripts::open(body, lengths)?)),
    };
    raw.map(Unpacked::Raw).ok_or(Fault::Body {
        expected: size as u64,
    })
}
