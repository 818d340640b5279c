//! Drivers: git shows files of records, and `dver.lock`, by their records, and says which versions
//! stand against each other where a merge of locks fails.
//!
//! Invariant: all that is written are sections of the repository's own config and one block in its
//! own attributes; `uninstall` takes both out again, byte for byte.

use std::path::Path;

use crate::base::fsio;
use crate::githost::{Git, LOCK, System, block, in_merge_driver, program_word};

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

    /// Returns the keys and values of git's config. `program` is a word of `sh`.
    fn settings(self, program: &str) -> Vec<(String, String)> {
        let name = self.name();
        let diff = format!("diff.{name}.command");
        match self {
            Self::Lock => vec![
                (diff, command(program, "lock-diff", PLAIN_DIFF)),
                (
                    format!("diff.{name}.textconv"),
                    command(program, "lock-text", "cat \"$1\""),
                ),
                (format!("merge.{name}.name"), MERGE_NAME.to_owned()),
                (
                    format!("merge.{name}.driver"),
                    in_merge_driver(&command(program, "lock-merge", PLAIN_MERGE))
                        + " %O %A %B %L %P %S %X %Y",
                ),
            ],
            Self::Csv | Self::Jsonl => vec![(diff, command(program, "table-diff", PLAIN_DIFF))],
        }
    }
}

impl Driver {
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

/// What the merge driver is called.
const MERGE_NAME: &str = "versions of the data";
/// What a diff driver is given shown as git shows it.
const PLAIN_DIFF: &str =
    "git --no-pager diff --no-index --no-ext-diff --no-textconv -- \"$2\" \"$5\" || :";
/// What a merge driver is given merged as git merges it.
const PLAIN_MERGE: &str = "git merge-file \"$2\" \"$1\" \"$3\"";

/// Returns a command of git's config. Where dver is neither where it was nor on the PATH, git does
/// itself what it would have done without: a driver that fails stops a whole `git diff`.
fn command(program: &str, verb: &str, otherwise: &str) -> String {
    format!(
        "f() {{ p={program}; [ -x \"$p\" ] || p=dver; if command -v \"$p\" >/dev/null 2>&1; then \
         \"$p\" hook driver {verb} \"$@\"; else {otherwise}; fi; }}; f"
    )
}

/// Returns whether a value of git's config is one of dver's, of whatever program.
fn is_ours(value: &str) -> bool {
    value.contains(" hook driver ") || value == MERGE_NAME
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
    let program = program_word(program, System::HERE)?;
    let mut all = installed(git)?;
    all.extend(
        new.iter()
            .filter(|driver| !all.contains(driver))
            .copied()
            .collect::<Vec<_>>(),
    );
    all.sort_unstable();
    let path = git.attributes();
    let before = fsio::read_if_exists(&path)?;
    let known = before.as_deref().unwrap_or_default();
    let mut what = TAKEN_OUT.to_owned();
    if git.config_ends_open()? || ends_config(known) {
        what.push_str(CONFIG_ENDED);
    }
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
    let after = block::with(before.as_deref(), &block::block(&what, &lines));
    if before.as_deref() != Some(&after) {
        if let Some(parent) = path.parent() {
            fsio::create_dir_all(parent)?;
        }
        fsio::rewrite(None, &path, &after)?;
        told.push(format!("wrote {}", path.display()));
    }
    Ok(told)
}

/// Whose the block in git's attributes is.
const TAKEN_OUT: &str = "`dver hook uninstall` takes this out";
/// Notes in it that git has ended the last line of its config when the settings came.
const CONFIG_ENDED: &str = ", and the end of the last line of config";

/// Returns whether the block in git's attributes notes that the last line of config had no end.
fn ends_config(attributes: &[u8]) -> bool {
    let block = block::find(attributes).and_then(|range| attributes.get(range));
    let line = block.and_then(|block| block.split(|&byte| byte == b'\n').next());
    line.is_some_and(|line| memchr::memmem::find(line, CONFIG_ENDED.as_bytes()).is_some())
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
    let before = fsio::read_if_exists(&path)?;
    // The settings go first: where this is stopped, the block still knows of them.
    let is_last = git
        .last_section()?
        .is_some_and(|name| name.contains("\"dver-"));
    for (key, _) in Driver::ALL.iter().flat_map(|driver| driver.settings("")) {
        // A key of that name with a value of somebody else's stays.
        let ours = git.setting(&key)?.is_some_and(|value| is_ours(&value));
        if ours && git.unset(&key)? {
            let section = key
                .rsplit_once('.')
                .map_or(key.as_str(), |(section, _)| section);
            let line = format!("unset {section}");
            if told.last() != Some(&line) {
                told.push(line);
            }
        }
    }
    for section in Driver::ALL.into_iter().flat_map(Driver::sections) {
        // git leaves the name of an empty section where a comment stands near it.
        if git.is_empty_section(&section)? {
            git.remove_section(&section)?;
        }
    }
    if let Some(before) = before {
        if is_last && ends_config(&before) {
            git.open_end_of_config()?;
        }
        let after = block::without(&before);
        if after.as_ref() != Some(&before) {
            match after {
                None => fsio::remove(&path)?,
                Some(after) => fsio::rewrite(None, &path, &after)?,
            }
            told.insert(0, format!("cleaned {}", path.display()));
        }
    }
    Ok(told)
}
