//! The settings of one git repository: its own config, and the attributes that are its alone.

use std::path::PathBuf;

use super::{Error, Git};

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

    /// Takes a whole section out of the repository's own config, and returns whether it was there.
    /// Changes the repository.
    pub fn unset_section(&self, section: &str) -> Result<bool, Error> {
        Ok(self
            .ask(&["config", "--local", "--remove-section", section])?
            .is_ok())
    }

    /// Returns where attributes of paths stand that git does not version.
    pub fn attributes(&self) -> PathBuf {
        self.common().join("info").join("attributes")
    }
}
