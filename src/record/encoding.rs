//! Encodings: how the bytes of a file are text.
//!
//! Invariant: decoding loses nothing that a comparison could miss. Bytes that are no text become
//! U+FFFD and their hex digits, so two different byte runs never decode to the same text.

use std::fmt::Write as _;

/// How bytes stand for text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Korean code page 949, a superset of EUC-KR.
    Cp949,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Cp949];

    /// Returns the name that dver.toml uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Cp949 => "cp949",
        }
    }

    /// Returns the encoding of that name; common other spellings count too.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf-8-sig" | "ascii" | "us-ascii" => Some(Self::Utf8),
            "utf-16le" | "utf-16-le" | "utf16le" | "utf-16" | "utf16" => Some(Self::Utf16Le),
            "utf-16be" | "utf-16-be" | "utf16be" => Some(Self::Utf16Be),
            "cp949" | "ms949" | "uhc" | "windows-949" | "euc-kr" | "euckr" => Some(Self::Cp949),
            _ => None,
        }
    }

    /// Returns the encoding that a byte order mark at the start names, and the mark's length.
    pub fn bom(head: &[u8]) -> Option<(Self, usize)> {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => Some((Self::Utf8, 3)),
            [0xFF, 0xFE, ..] => Some((Self::Utf16Le, 2)),
            [0xFE, 0xFF, ..] => Some((Self::Utf16Be, 2)),
            _ => None,
        }
    }

    /// Returns how many bytes a code unit has.
    pub fn unit(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf8 | Self::Cp949 => 1,
        }
    }

    /// Appends the text of `bytes`, and returns whether all of them were text.
    pub fn decode(self, bytes: &[u8], out: &mut String) -> bool {
        match self {
            Self::Utf8 => decode_utf8(bytes, out),
            Self::Utf16Le => decode_utf16(bytes, u16::from_le_bytes, out),
            Self::Utf16Be => decode_utf16(bytes, u16::from_be_bytes, out),
            Self::Cp949 => decode_cp949(bytes, out),
        }
    }
}

impl Encoding {
    /// Appends the bytes of a text; `None` where the encoding lacks one of its characters.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Cp949 => {
                let (bytes, _, lacks) = encoding_rs::EUC_KR.encode(text);
                if lacks {
                    return None;
                }
                out.extend_from_slice(&bytes);
            }
        }
        Some(())
    }
}

/// Appends bytes that are no text.
fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push(char::REPLACEMENT_CHARACTER);
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}

fn decode_utf8(bytes: &[u8], out: &mut String) -> bool {
    let mut clean = true;
    for run in bytes.utf8_chunks() {
        out.push_str(run.valid());
        clean &= run.invalid().is_empty();
        escape(run.invalid(), out);
    }
    clean
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, out: &mut String) -> bool {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut clean = odd.is_empty();
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(c) => out.push(c),
            Err(lone) => {
                clean = false;
                escape(&lone.unpaired_surrogate().to_be_bytes(), out);
            }
        }
    }
    escape(odd, out);
    clean
}

fn decode_cp949(mut bytes: &[u8], out: &mut String) -> bool {
    let mut decoder = encoding_rs::EUC_KR.new_decoder_without_bom_handling();
    let mut clean = true;
    while !bytes.is_empty() {
        let Some(needed) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
            escape(bytes, out);
            return false;
        };
        out.reserve(needed);
        let (result, read) = decoder.decode_to_string_without_replacement(bytes, out, true);
        if let encoding_rs::DecoderResult::Malformed(length, after) = result {
            // The decoder has read past the malformed bytes by `after`; it takes up again there.
            let end = read.saturating_sub(usize::from(after));
            escape(&bytes[end.saturating_sub(usize::from(length))..end], out);
            clean = false;
            bytes = &bytes[end.max(1)..];
            decoder = encoding_rs::EUC_KR.new_decoder_without_bom_handling();
        } else {
            return clean;
        }
    }
    clean
}
