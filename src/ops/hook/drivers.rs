//! `hook install --drivers`: git shows files of records, and `dver.lock`, by their records.

use crate::githost::Git;

use super::super::error::Error;

/// Makes git read files of these formats (`csv`, `jsonl`) by their records. Needs no dver
/// repository. Returns what was set, in words, one line each.
pub fn install(_git: &Git, formats: &[String]) -> Result<Vec<String>, Error> {
    Err(Error::Usage(format!(
        "there is no diff driver for {} yet",
        formats.join(", ")
    )))
}

/// Takes the drivers out again. Returns what was unset, in words, one line each.
pub fn uninstall(_git: &Git) -> Result<Vec<String>, Error> {
    Ok(Vec::new())
}
