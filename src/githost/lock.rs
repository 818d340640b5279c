//! `dver.lock`: the file by which git knows which version of the data belongs to its commit.

use crate::base::ObjectId;

use super::Error;

/// The file, beside `dver.toml`.
pub const LOCK: &str = "dver.lock";

/// What the file says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lock {
    /// The dver commit.
    pub commit: ObjectId,
}

impl Lock {
    /// Returns the bytes of the file: one line of TOML.
    pub fn to_text(self) -> String {
        format!("commit = \"{}\"\n", self.commit)
    }

    /// Reads the file. Marks of a conflict are an error of their own: two versions stand in it.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(|_| Error::Lock {
            why: "it is not UTF-8",
        })?;
        if text.lines().any(|line| line.starts_with("<<<<<<<")) {
            return Err(Error::Lock {
                why: "git left a conflict in it",
            });
        }
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(Error::Lock {
                why: "it must have one line, `commit = \"ID\"`",
            });
        };
        let id = line
            .trim()
            .strip_prefix("commit")
            .and_then(|rest| rest.trim_start().strip_prefix('='))
            .and_then(|rest| rest.trim().strip_prefix('"')?.strip_suffix('"'))
            .and_then(|hex| hex.parse().ok());
        id.map(|commit| Self { commit }).ok_or(Error::Lock {
            why: "it must have one line, `commit = \"ID\"`",
        })
    }
}
