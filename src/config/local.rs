//! `.dver/config.toml`: the settings of this clone, which are not versioned.

use std::collections::BTreeMap;

use super::error::Error;
use super::reader::{self, Reader};

/// The settings of one clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Local {
    /// The name that commits carry.
    pub user_name: Option<String>,
    /// The mail address that commits carry.
    pub user_email: Option<String>,
    /// For how many days gc keeps what old views name.
    pub gc_keep_days: u32,
    /// Remotes: name -> address.
    pub remotes: BTreeMap<String, String>,
    /// What is kept in the git repository around the data.
    pub git: GitSettings,
}

/// How dver behaves in a git repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GitSettings {
    /// Whether `dver.lock` and the block in .gitignore are kept.
    pub lock: bool,
    /// What git's hooks do; `None` where none were installed.
    pub hooks: Option<HookMode>,
    /// For how many seconds a hook may look at files before it lets git go on; 0 for ever.
    pub budget_seconds: u32,
}

/// What the hooks do where data is not committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HookMode {
    /// Refuse the git commit.
    Require,
    /// Commit the data along.
    Commit,
}

impl HookMode {
    /// Returns its name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::Commit => "commit",
        }
    }
}

impl Default for GitSettings {
    fn default() -> Self {
        Self {
            lock: true,
            hooks: None,
            budget_seconds: 10,
        }
    }
}

impl Default for Local {
    fn default() -> Self {
        Self {
            user_name: None,
            user_email: None,
            gc_keep_days: 30,
            remotes: BTreeMap::new(),
            git: GitSettings::default(),
        }
    }
}

impl Local {
    /// The name of the file.
    pub const FILE: &'static str = ".dver/config.toml";

    /// Reads the text of `.dver/config.toml`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document = reader::parse(Self::FILE, text)?;
        let top = Reader::top(Self::FILE, &document);
        let mut local = Self::default();
        if let Some(user) = top.table("user")? {
            local.user_name = user.string("name")?;
            local.user_email = user.string("email")?;
            user.finish()?;
        }
        if let Some(gc) = top.table("gc")? {
            if let Some(text) = gc.scalar("keep")? {
                let expected = "a number of days such as 30 or \"30 days\"";
                local.gc_keep_days =
                    days(&text).ok_or_else(|| gc.bad_value("keep", expected, &text))?;
            }
            gc.finish()?;
        }
        if let Some(remotes) = top.table("remote")? {
            for (name, table) in remotes.tables()? {
                local.remotes.insert(name, table.required("url")?);
                table.finish()?;
            }
        }
        if let Some(git) = top.table("git")? {
            local.git.lock = git.boolean("lock")?.unwrap_or(true);
            local.git.hooks = match git.string("hooks")?.as_deref() {
                None => None,
                Some("require") => Some(HookMode::Require),
                Some("commit") => Some(HookMode::Commit),
                Some(other) => {
                    return Err(git.bad_value("hooks", "\"require\" or \"commit\"", other));
                }
            };
            if let Some(text) = git.scalar("budget")? {
                let expected = "a number of seconds such as 10 or \"10 s\"";
                local.git.budget_seconds =
                    seconds(&text).ok_or_else(|| git.bad_value("budget", expected, &text))?;
            }
            git.finish()?;
        }
        top.finish()?;
        Ok(local)
    }
}

/// Reads a number of days such as `30`, `30d`, `30 days` or `4w`.
pub fn days(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = text[..digits].parse().ok()?;
    match text[digits..].trim() {
        "" | "d" | "day" | "days" => Some(number),
        "w" | "week" | "weeks" => number.checked_mul(7),
        _ => None,
    }
}

/// Reads a number of seconds such as `10`, `10 s` or `2 min`.
fn seconds(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = text.get(..digits)?.parse().ok()?;
    match text.get(digits..)?.trim() {
        "" | "s" | "second" | "seconds" => Some(number),
        "m" | "min" | "minute" | "minutes" => number.checked_mul(60),
        _ => None,
    }
}
