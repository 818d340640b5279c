//! Unsigned integers as LEB128, and a reader over bytes from disk that checks every length.

/// Bytes that end too early, or a length that exceeds its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed bytes at offset {offset}: {what}")]
pub struct Malformed {
    /// Where the reader stood.
    pub offset: u64,
    /// What it expected there.
    pub what: &'static str,
}

/// Appends `value` in as few bytes as it needs.
#[inline]
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the length of `bytes`, then the bytes.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads from a slice, front to back.
#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns how many bytes were read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Returns whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Returns the bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Builds an error at the place where the reader stands.
    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed {
            offset: self.at as u64,
            what,
        }
    }

    /// Reads one varint; only the shortest spelling is accepted, so that encodings are unique.
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for (index, &byte) in self.rest().iter().take(10).enumerate() {
            let low = u64::from(byte & 0x7f);
            if index == 9 && byte > 1 {
                return Err(self.malformed("a varint of at most 64 bits"));
            }
            value |= low << (7 * index);
            if byte & 0x80 == 0 {
                if byte == 0 && index > 0 {
                    return Err(self.malformed("a varint without padding"));
                }
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(self.malformed("a whole varint"))
    }

    /// Reads a varint that must not exceed `most`.
    pub fn bounded(&mut self, most: u64, what: &'static str) -> Result<u64, Malformed> {
        let error = self.malformed(what);
        self.varint()
            .and_then(|value| if value <= most { Ok(value) } else { Err(error) })
    }

    /// Reads exactly `count` bytes.
    pub fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let bytes = self.rest().get(..count).ok_or(self.malformed(what))?;
        self.at += count;
        Ok(bytes)
    }

    /// Reads a length and that many bytes.
    pub fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let left = self.rest().len() as u64;
        let length = self.bounded(left, what)?;
        self.take(length as usize, what)
    }

    /// Reads one byte.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, Malformed> {
        Ok(self.take(1, what)?[0])
    }

    /// Reads a fixed number of bytes.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let error = self.malformed(what);
        self.take(N, what)?.try_into().map_err(|_| error)
    }
}
