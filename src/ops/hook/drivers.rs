//! Drivers: git shows files of records, and `dver.lock`, by their records, and says which versions
//! stand against each other where a merge of locks fails.
//!
//! Invariant: all that is written are sections of the repository's own config and one block in its
//! own attributes; `uninstall` takes both out again, byte for byte.

use std::path::Path;

use crate::base::fsio;
use crate::githost::{Git, LOCK, block};

use super::super::error::Error;

/// Something that git reads with dver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Driver {
    /// `dver.lock`: differences as label changes, and conflicts in words.
    Lock,
    /// CSV files that git tracks.
    Csv,
    /// JSON Lines files that git tracks.
    Jsonl,
}

impl Driver {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lock, Self::Csv, Self::Jsonl];

    /// What it is called in git's config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "dver-lock",
            Self::Csv => "dver-csv",
            Self::Jsonl => "dver-jsonl",
        }
    }

    /// What it is for: `dver.lock`, or the format of files.
    pub fn what(self) -> &'static str {
        match self {
            Self::Lock => LOCK,
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// Returns the driver for files of a format: `csv` or `jsonl`.
    fn of_format(name: &str) -> Result<Self, Error> {
        match name {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::Jsonl),
            "lock" => Ok(Self::Lock),
            other => Err(Error::Usage(format!(
                "there is no diff driver for `{other}`: there are csv and jsonl"
            ))),
        }
    }

    /// Returns the lines of attributes.
    fn attributes(self) -> String {
        let name = self.name();
        match self {
            Self::Lock => format!("{LOCK} diff={name} merge={name}\n"),
            Self::Csv => format!("*.csv diff={name}\n*.tsv diff={name}\n"),
            Self::Jsonl => format!("*.jsonl diff={name}\n*.ndjson diff={name}\n"),
        }
    }

    /// Returns the keys and values of git's config.
    fn settings(self, program: &str) -> Vec<(String, String)> {
        let name = self.name();
        let command = |verb: &str| format!("{program} hook driver {verb}");
        let diff = format!("diff.{name}.command");
        match self {
            Self::Lock => vec![
                (diff, command("lock-diff")),
                (format!("diff.{name}.textconv"), command("lock-text")),
                (
                    format!("merge.{name}.name"),
                    "versions of the data".to_owned(),
                ),
                (
                    format!("merge.{name}.driver"),
                    command("lock-merge %O %A %B %L %P %S %X %Y"),
                ),
            ],
            Self::Csv | Self::Jsonl => vec![(diff, command("table-diff"))],
        }
    }

    /// Returns the sections that it has in git's config.
    fn sections(self) -> Vec<String> {
        let name = self.name();
        let diff = format!("diff.{name}");
        match self {
            Self::Lock => vec![diff, format!("merge.{name}")],
            Self::Csv | Self::Jsonl => vec![diff],
        }
    }
}

/// Makes git read files of these formats (`csv`, `jsonl`) by their records. Needs no dver
/// repository. Returns what was set, in words, one line each.
pub fn install(git: &Git, program: &Path, formats: &[String]) -> Result<Vec<String>, Error> {
    let drivers: Result<Vec<Driver>, Error> =
        (formats.iter().map(|name| Driver::of_format(name.trim()))).collect();
    install_drivers(git, program, &drivers?)
}

/// Makes git read `dver.lock` by what it names. Returns what was set, in words, one line each.
pub fn install_lock(git: &Git, program: &Path) -> Result<Vec<String>, Error> {
    install_drivers(git, program, &[Driver::Lock])
}

fn install_drivers(git: &Git, program: &Path, new: &[Driver]) -> Result<Vec<String>, Error> {
    let program = quoted(program)?;
    let mut all = installed(git)?;
    all.extend(
        new.iter()
            .filter(|driver| !all.contains(driver))
            .copied()
            .collect::<Vec<_>>(),
    );
    all.sort_unstable();
    let mut told = Vec::new();
    for driver in new {
        for (key, value) in driver.settings(&program) {
            if git.setting(&key)?.as_deref() != Some(&value) {
                git.set(&key, &value)?;
                told.push(format!("set {key}"));
            }
        }
    }
    // After the config: an attribute that names a driver which is not there would change nothing,
    // but one that names half of it would.
    let lines: String = all.iter().map(|driver| driver.attributes()).collect();
    let text = format!(
        "{} (`dver hook uninstall` takes this out)\n{lines}{}\n",
        block::BEGIN,
        block::END
    );
    let path = git.attributes();
    let before = fsio::read_if_exists(&path)?.unwrap_or_default();
    let after = block::with(&before, &text);
    if after != before {
        if let Some(parent) = path.parent() {
            fsio::create_dir_all(parent)?;
        }
        fsio::write_durable(&path, &after)?;
        told.push(format!("wrote {}", path.display()));
    }
    Ok(told)
}

/// Returns the drivers that git's config knows.
pub fn installed(git: &Git) -> Result<Vec<Driver>, Error> {
    let mut found = Vec::new();
    for driver in Driver::ALL {
        if git
            .setting(&format!("diff.{}.command", driver.name()))?
            .is_some()
        {
            found.push(driver);
        }
    }
    Ok(found)
}

/// Takes the drivers out again. Returns what was unset, in words, one line each.
pub fn uninstall(git: &Git) -> Result<Vec<String>, Error> {
    let mut told = Vec::new();
    let path = git.attributes();
    if let Some(before) = fsio::read_if_exists(&path)? {
        let after = block::without(&before);
        if after != before {
            match after.is_empty() {
                true => fsio::remove(&path)?,
                false => fsio::write_durable(&path, &after)?,
            }
            told.push(format!("cleaned {}", path.display()));
        }
    }
    for section in Driver::ALL.into_iter().flat_map(Driver::sections) {
        if git.unset_section(&section)? {
            told.push(format!("unset {section}"));
        }
    }
    Ok(told)
}

/// Returns the path of the program as the shell that git runs it with reads it, on Windows too.
fn quoted(program: &Path) -> Result<String, Error> {
    let text = program.to_str().ok_or_else(|| {
        Error::Usage("the path of the program is not UTF-8: git cannot be told of it".to_owned())
    })?;
    let text = match cfg!(windows) {
        true => text.replace('\\', "/"),
        false => text.to_owned(),
    };
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}
