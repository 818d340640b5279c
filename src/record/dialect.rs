//! Dialects: what is declared and what is found about how a table is written.

use std::collections::BTreeMap;

use super::encoding::Encoding;

/// How the records of a file end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Newline {
    /// Line feeds.
    Lf,
    /// Carriage return and line feed.
    CrLf,
    /// Carriage returns.
    Cr,
    /// More than one of these.
    Mixed,
    /// No record ends in the part of the file that was looked at.
    None,
}

impl Newline {
    /// Returns the name that `dialect_changed` uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lf => "lf",
            Self::CrLf => "crlf",
            Self::Cr => "cr",
            Self::Mixed => "mixed",
            Self::None => "none",
        }
    }
}

/// What dver.toml says of the dialect; what it does not say is found in the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeclaredDialect {
    /// The encoding. A byte order mark wins over it.
    pub encoding: Option<Encoding>,
    /// The byte between cells.
    pub delimiter: Option<u8>,
    /// The byte around cells.
    pub quote: Option<u8>,
    /// Whether the first record names the fields.
    pub header: Option<bool>,
    /// The texts that stand for a missing value.
    pub missing: Option<Vec<String>>,
}

/// How a file is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// The encoding.
    pub encoding: Encoding,
    /// Whether a byte order mark opens the file.
    pub bom: bool,
    /// How records end.
    pub newline: Newline,
    /// The byte between cells; `,` where the format has no delimiter.
    pub delimiter: u8,
    /// The byte around cells, where quotes mean anything.
    pub quote: Option<u8>,
    /// Whether the first record names the fields.
    pub header: bool,
    /// The texts that stand for a missing value. An empty CSV cell is missing in any case.
    pub missing: Vec<String>,
}

impl Dialect {
    /// Returns the dialect as names and texts: what `dialect_changed` compares.
    pub fn describe(&self) -> BTreeMap<String, String> {
        let byte = |b: u8| match b {
            b'\t' => "\\t".to_owned(),
            _ => char::from(b).to_string(),
        };
        let mut all = BTreeMap::new();
        let mut set = |name: &str, value: String| all.insert(name.to_owned(), value);
        set("encoding", self.encoding.name().to_owned());
        set("bom", self.bom.to_string());
        set("newline", self.newline.name().to_owned());
        set("delimiter", byte(self.delimiter));
        set("quote", self.quote.map_or_else(|| "none".to_owned(), byte));
        set("header", self.header.to_string());
        // As a JSON array, so that no token can pass for the end of another.
        set(
            "missing",
            serde_json::Value::from(self.missing.clone()).to_string(),
        );
        all
    }
}
