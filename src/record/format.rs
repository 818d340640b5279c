//! Formats: which kinds of files hold records, and how a file is known to be one.

use super::encoding::Encoding;

/// A kind of file that holds records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Format {
    /// Separated values with any delimiter.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// A folder of images, one record a file.
    Images,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Images];

    /// Returns the name that dver.toml uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Images => "images",
        }
    }

    /// Returns the format of that name; `tsv` and `ndjson` are other names of two.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "images" => Some(Self::Images),
            _ => None,
        }
    }
}

/// First bytes of files that are never tables, whatever they are named.
const BINARY: [&[u8]; 8] = [
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"PAR1",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ",
    b"SQLite format 3",
];

/// Returns the format of a file by its extension (lower case, without the dot) and first bytes;
/// `None` where it is plain bytes.
pub fn sniff_format(extension: Option<&str>, head: &[u8]) -> Option<Format> {
    if BINARY.iter().any(|magic| head.starts_with(magic)) {
        return None;
    }
    match extension? {
        "csv" | "tsv" | "tab" | "psv" => Some(Format::Csv),
        "jsonl" | "ndjson" | "jsonlines" => Some(Format::Jsonl),
        // Some tools write JSON Lines as `.json`: two lines that are objects each.
        "json" => json_lines(head).then_some(Format::Jsonl),
        "txt" | "dat" | "data" => super::detect::is_table(head).then_some(Format::Csv),
        _ => None,
    }
}

fn json_lines(head: &[u8]) -> bool {
    let head = &head[Encoding::bom(head).map_or(0, |(_, length)| length)..];
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let object = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}");
    let first = lines.next().is_some_and(object);
    first && lines.next().is_some_and(|line| line.starts_with(b"{"))
}
