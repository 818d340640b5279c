//! Bytes for local caches, compressed: what is kept beside the packs and can be derived anew.
//!
//! Layout: varint length of the bytes, the codec as in packs (stored or zstd), the body. What
//! does not read as that is nothing; no more memory is taken than [`LARGEST_GAIN`] times the body.

use crate::base::varint::{self, Reader};

use super::codec::{self, Codec, Effort, Unpacked};

/// Bytes that compress better are kept as they are, so that a short body never asks for much.
const LARGEST_GAIN: u64 = 256;

/// Returns the bytes, compressed where that pays.
pub fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut codec = codec::encode(bytes, Effort::Contents, &mut body);
    if bytes.len() as u64 > body.len() as u64 * LARGEST_GAIN {
        codec = Codec::Stored;
        body = bytes.to_vec();
    }
    let mut out = Vec::with_capacity(body.len() + 16);
    varint::write(&mut out, bytes.len() as u64);
    out.push(codec as u8);
    out.extend_from_slice(&body);
    out
}

/// Returns the bytes that [`compressed`] was given; `None` where these are none of it.
pub fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let most = (bytes.len() as u64).saturating_mul(LARGEST_GAIN);
    let length = reader.bounded(most, "the length of bytes").ok()? as usize;
    let codec = Codec::from_mark(reader.byte("a codec").ok()?).ok()?;
    match codec::unpack(codec, reader.rest(), &[], length).ok()? {
        Unpacked::Raw(raw) => Some(raw),
        Unpacked::Scripts(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_compresses_is_shorter_and_what_compresses_too_well_is_kept_as_it_is() {
        let lines: String = (0..10_000).map(|n| format!("value {n}\n")).collect();
        let short = compressed(lines.as_bytes());
        assert!(short.len() * 2 < lines.len());
        assert_eq!(decompressed(&short).unwrap(), lines.as_bytes());
        let zeros = vec![0; 1 << 20];
        let kept = compressed(&zeros);
        assert!(kept.len() > zeros.len());
        assert_eq!(decompressed(&kept).unwrap(), zeros);
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(0u8..4, 0..3000)) {
            prop_assert_eq!(decompressed(&compressed(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(raw) = decompressed(&bytes) {
                prop_assert!(raw.len() as u64 <= bytes.len() as u64 * LARGEST_GAIN);
            }
        }
    }
}
