//! Cutting bytes without records, or the inside of a long record: FastCDC.

use fastcdc::v2020::FastCDC;

/// The smallest chunk, but for the last of a run.
const MIN_BYTES: usize = 16 << 10;
/// The size aimed at.
const AVERAGE_BYTES: usize = 64 << 10;
/// The largest chunk.
const MAX_BYTES: usize = 256 << 10;

/// Finds boundaries by content alone.
#[derive(Clone, Copy, Debug)]
pub struct ByteCutter;

impl ByteCutter {
    /// The size aimed at.
    pub const AVERAGE_BYTES: usize = AVERAGE_BYTES;
    /// How many bytes must be at hand for a cut, where the run goes on.
    pub const LOOK_AHEAD: usize = MAX_BYTES;

    /// Returns the length of the first chunk of `bytes`, which are the whole rest of the run or at
    /// least [`ByteCutter::LOOK_AHEAD`] of it.
    pub fn cut(bytes: &[u8]) -> usize {
        let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
        let (_, end) = FastCDC::new(bytes, MIN_BYTES, AVERAGE_BYTES, MAX_BYTES).cut(0, bytes.len());
        end
    }
}
