//! The head of a remote: its branches and tags, and what is said of commits. Layout: docs/format.md, "Remotes".

use std::collections::BTreeMap;

use crate::base::ObjectId;
use crate::object::Refs;
use crate::refs::{check_branch_name, check_tag_name};

/// The first line of a head.
const FIRST: &str = "dver remote 1";
/// The first line of a head whose last line names attachments.
const SECOND: &str = "dver remote 2";
/// What the line of attachments says in the place of a ref's name.
const ATTACHMENTS: &str = "attachments";

/// The branches (`heads/NAME`) and tags (`tags/NAME`) of a remote.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// They, each naming a commit.
    pub refs: Refs,
    /// The tree of what is attached to their commits.
    pub attachments: Option<ObjectId>,
}

impl Head {
    /// The most bytes of a head that are read.
    pub const MOST: u64 = 64 << 20;

    /// Returns the bytes of the head object.
    pub fn encode(&self) -> Vec<u8> {
        let first = match self.attachments {
            None => FIRST,
            Some(_) => SECOND,
        };
        let mut text = format!("{first}\n");
        for (name, id) in &self.refs.0 {
            text.push_str(&format!("{id} {name}\n"));
        }
        if let Some(id) = self.attachments {
            text.push_str(&format!("{id} {ATTACHMENTS}\n"));
        }
        text.into_bytes()
    }

    /// Reads a head; fails with what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let whole = text.strip_suffix('\n').ok_or("its last line is cut off")?;
        let mut lines = whole.split('\n');
        match lines.next() {
            Some(FIRST | SECOND) => {}
            Some(other) if other.starts_with("dver remote ") => {
                return Err("it is of a newer format than this dver knows".to_owned());
            }
            _ => return Err(format!("its first line is not `{FIRST}`")),
        }
        let mut refs = BTreeMap::new();
        let mut attachments = None;
        for line in lines {
            let (id, name) = line.split_once(' ').ok_or("a line names no commit")?;
            let id: ObjectId = id.parse().map_err(|_| "a line begins with no id")?;
            if name == ATTACHMENTS && attachments.is_none() {
                attachments = Some(id);
                continue;
            }
            let checked = match name.split_once('/') {
                Some(("heads", name)) => check_branch_name(name),
                Some(("tags", name)) => check_tag_name(name),
                _ => return Err(format!("`{}` is no branch and no tag", name.escape_debug())),
            };
            checked.map_err(|e| e.to_string())?;
            if refs.insert(name.to_owned(), id).is_some() {
                return Err(format!("`{name}` is there twice"));
            }
        }
        let head = Self {
            refs: Refs(refs),
            attachments,
        };
        match head.encode() == bytes {
            true => Ok(head),
            false => Err("its lines are not in order".to_owned()),
        }
    }
}
