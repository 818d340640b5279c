//! Why a value cannot be written into a record.

/// A value that was not written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RewriteError {
    /// The field is not one of the file: its path makes it, say.
    #[error("`{field}` is not written in the file")]
    NotInFile {
        /// The field.
        field: String,
    },
    /// The file's encoding lacks a character of the value.
    #[error("the value of `{field}` has a character that {encoding} lacks")]
    NotEncodable {
        /// The field.
        field: String,
        /// The encoding.
        encoding: &'static str,
    },
    /// The value needs quotes, and the file has none.
    #[error("the value of `{field}` needs quotes, and the file has none")]
    NeedsQuote {
        /// The field.
        field: String,
    },
    /// The value is a text that stands for a missing value in the file.
    #[error("the value of `{field}` would read as missing")]
    ReadsAsMissing {
        /// The field.
        field: String,
    },
    /// The format has no way to write the value so that it reads back.
    #[error("the value of `{field}` cannot be written so that it reads back")]
    NotWritable {
        /// The field.
        field: String,
    },
    /// The record's own structure does not allow it.
    #[error("the record is not built so that values can be replaced in it")]
    Structure,
    /// The record's bytes are not text in the file's encoding.
    #[error("the record is no text in the encoding of its file")]
    NotText,
    /// The records are images.
    #[error("the records are images: their labels are directories")]
    Images,
}
