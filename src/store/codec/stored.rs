//! `stored`: the raw bytes, for what does not compress.

/// Appends the body.
pub(super) fn encode(raw: &[u8], body: &mut Vec<u8>) {
    body.extend_from_slice(raw);
}

/// Returns the raw bytes.
pub(super) fn decode(body: &[u8], size: usize) -> Option<Vec<u8>> {
    (body.len() == size).then(|| body.to_vec())
}
