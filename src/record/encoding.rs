//! Encodings: how the bytes of a file are text.
//!
//! Invariant: decoding loses nothing that a comparison could miss. Bytes that are no text become
//! U+FFFD and their hex digits, so two runs of such bytes never decode to the same text.
//! Shift_JIS and GB18030 have two codes for some characters: those are one character, as they
//! would be in UTF-8.

use std::fmt::Write as _;

use encoding_rs as rs;

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
    /// UTF-32, low byte first.
    Utf32Le,
    /// UTF-32, high byte first.
    Utf32Be,
    /// Korean code page 949, a superset of EUC-KR.
    Cp949,
    /// Shift_JIS with the characters of Windows code page 932.
    ShiftJis,
    /// GB18030, a superset of GBK and GB2312.
    Gb18030,
    /// Windows code page 1250, Central European.
    Windows1250,
    /// Windows code page 1251, Cyrillic.
    Windows1251,
    /// Windows code page 1252, Western European.
    Windows1252,
    /// Windows code page 1253, Greek.
    Windows1253,
    /// Windows code page 1254, Turkish.
    Windows1254,
    /// Windows code page 1255, Hebrew.
    Windows1255,
    /// Windows code page 1256, Arabic.
    Windows1256,
    /// Windows code page 1257, Baltic.
    Windows1257,
    /// Windows code page 1258, Vietnamese.
    Windows1258,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 17] = [
        Self::Utf8,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::Utf32Le,
        Self::Utf32Be,
        Self::Cp949,
        Self::ShiftJis,
        Self::Gb18030,
        Self::Windows1250,
        Self::Windows1251,
        Self::Windows1252,
        Self::Windows1253,
        Self::Windows1254,
        Self::Windows1255,
        Self::Windows1256,
        Self::Windows1257,
        Self::Windows1258,
    ];

    /// Returns the name that dver.toml uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Utf32Le => "utf-32le",
            Self::Utf32Be => "utf-32be",
            Self::Cp949 => "cp949",
            Self::ShiftJis => "shift_jis",
            Self::Gb18030 => "gb18030",
            Self::Windows1250 => "windows-1250",
            Self::Windows1251 => "windows-1251",
            Self::Windows1252 => "windows-1252",
            Self::Windows1253 => "windows-1253",
            Self::Windows1254 => "windows-1254",
            Self::Windows1255 => "windows-1255",
            Self::Windows1256 => "windows-1256",
            Self::Windows1257 => "windows-1257",
            Self::Windows1258 => "windows-1258",
        }
    }

    /// Returns the encoding of that name; common other spellings count too, those of the web's
    /// encoding standard among them.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf-8-sig" | "ascii" | "us-ascii" => Some(Self::Utf8),
            "utf-16le" | "utf-16-le" | "utf16le" | "utf-16" | "utf16" => Some(Self::Utf16Le),
            "utf-16be" | "utf-16-be" | "utf16be" => Some(Self::Utf16Be),
            "utf-32le" | "utf-32-le" | "utf32le" | "utf-32" | "utf32" => Some(Self::Utf32Le),
            "utf-32be" | "utf-32-be" | "utf32be" => Some(Self::Utf32Be),
            "cp949" | "ms949" | "uhc" | "windows-949" | "euc-kr" | "euckr" => Some(Self::Cp949),
            "cp932" | "windows-932" => Some(Self::ShiftJis),
            "cp936" | "windows-936" => Some(Self::Gb18030),
            other => Self::of_web(rs::Encoding::for_label(other.as_bytes())?),
        }
    }

    /// Returns the encoding that the web's standard knows by another type.
    pub(super) fn of_web(encoding: &'static rs::Encoding) -> Option<Self> {
        if encoding == rs::GBK {
            return Some(Self::Gb18030);
        }
        let same = |own: &Self| own.web() == Some(encoding);
        Self::ALL.into_iter().find(same)
    }

    /// Returns the decoder's name of an encoding whose decoder is not ours.
    fn web(self) -> Option<&'static rs::Encoding> {
        match self {
            Self::Utf8 | Self::Utf16Le | Self::Utf16Be | Self::Utf32Le | Self::Utf32Be => None,
            Self::Cp949 => Some(rs::EUC_KR),
            Self::ShiftJis => Some(rs::SHIFT_JIS),
            Self::Gb18030 => Some(rs::GB18030),
            Self::Windows1250 => Some(rs::WINDOWS_1250),
            Self::Windows1251 => Some(rs::WINDOWS_1251),
            Self::Windows1252 => Some(rs::WINDOWS_1252),
            Self::Windows1253 => Some(rs::WINDOWS_1253),
            Self::Windows1254 => Some(rs::WINDOWS_1254),
            Self::Windows1255 => Some(rs::WINDOWS_1255),
            Self::Windows1256 => Some(rs::WINDOWS_1256),
            Self::Windows1257 => Some(rs::WINDOWS_1257),
            Self::Windows1258 => Some(rs::WINDOWS_1258),
        }
    }

    /// Returns the encoding that a byte order mark at the start names, and the mark's length.
    pub fn bom(head: &[u8]) -> Option<(Self, usize)> {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => Some((Self::Utf8, 3)),
            [0xFF, 0xFE, 0, 0, ..] => Some((Self::Utf32Le, 4)),
            [0, 0, 0xFE, 0xFF, ..] => Some((Self::Utf32Be, 4)),
            [0xFF, 0xFE, ..] => Some((Self::Utf16Le, 2)),
            [0xFE, 0xFF, ..] => Some((Self::Utf16Be, 2)),
            _ => None,
        }
    }

    /// Returns how many bytes a code unit has.
    pub fn unit(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
            _ => 1,
        }
    }

    /// Returns whether a byte that is ASCII stands for that character, wherever it is.
    ///
    /// In Shift_JIS and GB18030 the second byte of a character may be a letter, a digit or a bar;
    /// in CP949 a letter only, which delimits nothing.
    pub(super) fn keeps_ascii(self) -> bool {
        self.unit() == 1 && !matches!(self, Self::ShiftJis | Self::Gb18030)
    }

    /// Appends the text of `bytes`, and returns whether all of them were text.
    pub fn decode(self, bytes: &[u8], out: &mut String) -> bool {
        match self {
            Self::Utf8 => decode_utf8(bytes, out),
            Self::Utf16Le => decode_utf16(bytes, u16::from_le_bytes, out),
            Self::Utf16Be => decode_utf16(bytes, u16::from_be_bytes, out),
            Self::Utf32Le => decode_utf32(bytes, u32::from_le_bytes, out),
            Self::Utf32Be => decode_utf32(bytes, u32::from_be_bytes, out),
            legacy => match legacy.web() {
                Some(web) => decode_legacy(web, bytes, out),
                None => decode_utf8(bytes, out),
            },
        }
    }
}

impl Encoding {
    /// Appends the bytes of a text; `None` where the encoding lacks one of its characters.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Option<()> {
        let words = || text.chars().map(u32::from);
        match (self, self.web()) {
            (Self::Utf16Le, _) => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            (Self::Utf16Be, _) => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            (Self::Utf32Le, _) => out.extend(words().flat_map(u32::to_le_bytes)),
            (Self::Utf32Be, _) => out.extend(words().flat_map(u32::to_be_bytes)),
            (_, None) => out.extend_from_slice(text.as_bytes()),
            (_, Some(web)) => {
                let (bytes, _, lacks) = web.encode(text);
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

fn decode_utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32, out: &mut String) -> bool {
    let (units, rest) = bytes.as_chunks::<4>();
    let mut clean = rest.is_empty();
    for bytes in units {
        match char::from_u32(unit(*bytes)) {
            Some(c) => out.push(c),
            None => {
                clean = false;
                escape(bytes, out);
            }
        }
    }
    escape(rest, out);
    clean
}

fn decode_legacy(encoding: &'static rs::Encoding, mut bytes: &[u8], out: &mut String) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut clean = true;
    while !bytes.is_empty() {
        let Some(needed) = decoder.max_utf8_buffer_length_without_replacement(bytes.len()) else {
            escape(bytes, out);
            return false;
        };
        out.reserve(needed);
        let (result, read) = decoder.decode_to_string_without_replacement(bytes, out, true);
        if let rs::DecoderResult::Malformed(length, after) = result {
            // The decoder has read past the malformed bytes by `after`; it takes up again there.
            let end = read.saturating_sub(usize::from(after));
            escape(&bytes[end.saturating_sub(usize::from(length))..end], out);
            clean = false;
            bytes = &bytes[end.max(1)..];
            decoder = encoding.new_decoder_without_bom_handling();
        } else {
            return clean;
        }
    }
    clean
}
