//! The diff that git itself makes of two files.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Error;

/// Returns git's own diff of two files, line by line, without any driver.
pub fn plain_diff(directory: &Path, before: &Path, after: &Path) -> Result<Vec<u8>, Error> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["--no-pager", "diff", "--no-index", "--no-ext-diff"])
        .args(["--no-textconv", "--no-color", "--"])
        .args([before, after])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Start { error })?;
    match output.status.code() {
        // Differences are its 1.
        Some(0 | 1) => Ok(output.stdout),
        _ => Err(Error::Refused {
            arguments: "diff --no-index".to_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}
