//! The settings of one git repository: its own config, and the attributes that are its alone.

use std::path::{Path, PathBuf};

use crate::base::fsio;

use super::{Error, Git};

/// A lock file of git's, which is gone when this is dropped.
struct Held<'a>(&'a Path);

impl<'a> Held<'a> {
    fn take(path: &'a Path) -> Result<Self, Error> {
        fsio::create_new(path)?;
        Ok(Self(path))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let _ = fsio::remove(self.0);
    }
}

impl Git {
    /// Returns a value of the repository's own config.
    pub fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        let told = self.ask(&["config", "--local", "--get", key])?;
        let text = told
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(text.map(|text| text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Writes a value into the repository's own config. Changes the repository.
    pub fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        self.run(&["config", "--local", key, value]).map(drop)
    }

    /// Takes values out of the repository's own config, and returns whether any was there. A section
    /// that holds nothing more goes with them. Changes the repository.
    pub fn unset(&self, key: &str) -> Result<bool, Error> {
        let told = self.ask(&["config", "--local", "--unset-all", key])?;
        Ok(told.is_ok())
    }

    /// Returns whether a section of the repository's own config holds nothing.
    pub fn is_empty_section(&self, section: &str) -> Result<bool, Error> {
        let pattern = format!("^{}\\.", section.replace('.', "\\."));
        let told = self.ask(&["config", "--local", "--get-regexp", &pattern])?;
        Ok(told.is_err())
    }

    /// Takes a whole section out of the repository's own config, if it is there. Changes the
    /// repository.
    pub fn remove_section(&self, section: &str) -> Result<(), Error> {
        self.ask(&["config", "--local", "--remove-section", section])
            .map(drop)
    }

    /// Returns whether the last line of the repository's own config has no end: git ends it when it
    /// writes something below.
    pub fn config_ends_open(&self) -> Result<bool, Error> {
        let text = fsio::read_if_exists(&self.config())?.unwrap_or_default();
        Ok(!text.is_empty() && !text.ends_with(b"\n"))
    }

    /// Returns the line that begins the last section of the repository's own config.
    pub fn last_section(&self) -> Result<Option<String>, Error> {
        let text = fsio::read_if_exists(&self.config())?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find(|line| line.starts_with('['));
        Ok(last.map(str::to_owned))
    }

    /// Takes the end of the last line of the repository's own config away again. Changes the
    /// repository.
    pub fn open_end_of_config(&self) -> Result<(), Error> {
        let path = self.config();
        let path = path.canonicalize().unwrap_or(path);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        // As git locks it: whoever has the lock file may write.
        let lock = path.with_file_name(name);
        let _held = Held::take(&lock)?;
        let text = fsio::read_if_exists(&path)?.unwrap_or_default();
        if let Some(text) = text.strip_suffix(b"\n").filter(|text| !text.is_empty()) {
            fsio::rewrite(None, &path, text)?;
        }
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.common().join("config")
    }

    /// Returns where attributes of paths stand that git does not version.
    pub fn attributes(&self) -> PathBuf {
        self.common().join("info").join("attributes")
    }
}
