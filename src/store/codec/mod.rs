//! Codecs: how the bytes of a frame's members are written down.
//!
//! Invariant: identity is independent of the codec. A codec gives back exactly the raw bytes or a
//! [`Fault`], never a panic and never more memory than the frame's raw size. A codec that builds
//! on other objects gets them through [`Bases`]; the caller bounds how deep that may go.

mod stored;
mod zstd;

pub(super) use zstd::LEVEL;

use crate::base::ObjectId;
use crate::base::varint::Malformed;
use crate::object;

/// Fetches the object that a delta is based on.
pub(super) type Bases<'a> = dyn FnMut(&ObjectId) -> Result<Vec<u8>, object::Error> + 'a;

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
    /// An object that the frame builds on cannot be had.
    #[allow(dead_code)] // no delta codec is written yet
    #[error(transparent)]
    Base(object::Error),
}

/// The codecs that this version reads. The numbers are those of docs/format.md, "Packs".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// The raw bytes themselves.
    Stored = 1,
    /// One zstd frame.
    Zstd = 2,
}

impl Codec {
    /// Returns the codec that a frame's first byte names.
    pub(super) fn from_mark(mark: u8) -> Result<Self, Fault> {
        match mark {
            1 => Ok(Self::Stored),
            2 => Ok(Self::Zstd),
            _ => Err(Fault::UnknownCodec(mark)),
        }
    }

    /// Appends the body of a frame that holds `raw`, in the codec that pays.
    pub(super) fn encode(raw: &[u8], body: &mut Vec<u8>, level: i32) -> Self {
        if zstd::encode(raw, body, level) {
            return Self::Zstd;
        }
        stored::encode(raw, body);
        Self::Stored
    }

    /// Returns the `size` raw bytes of a body.
    pub(super) fn decode(
        self,
        body: &[u8],
        size: usize,
        _bases: &mut Bases<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let raw = match self {
            Self::Stored => stored::decode(body, size),
            Self::Zstd => zstd::decode(body, size),
        };
        raw.ok_or(Fault::Body {
            expected: size as u64,
        })
    }
}
