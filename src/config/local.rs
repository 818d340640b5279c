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
}

impl Default for Local {
    fn default() -> Self {
        Self {
            user_name: None,
            user_email: None,
            gc_keep_days: 30,
            remotes: BTreeMap::new(),
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
