//! Views: the whole mutable state of a repository. Layout: docs/format.md, "View".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::ObjectId;
use crate::base::varint::{Malformed, Reader, write_bytes};

use super::error::Error;
use super::json::Kind;
use super::source::{ObjectSink, ObjectSource};
use super::tree::{self, Builder, Entry};

/// Everything that changes, as one value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    /// The tree of branches and tags.
    pub refs: ObjectId,
    /// Each worktree's own state, by name.
    pub worktrees: BTreeMap<String, WorktreeState>,
    /// Remotes: for each the tree of its refs as last seen.
    pub remotes: BTreeMap<String, ObjectId>,
    /// The tree commit -> evaluations and attestations.
    pub attachments: Option<ObjectId>,
}

impl Kind for View {
    const KIND: &'static str = "view 1";
}

/// The state of one worktree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorktreeState {
    /// Where it stands.
    pub head: Head,
    /// The staged snapshot; `None` where nothing is staged beyond HEAD.
    pub stage: Option<ObjectId>,
    /// A checkout that has begun and not ended.
    pub pending: Option<Pending>,
}

/// Where a worktree stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// On a branch, which need not have a commit yet.
    Branch(String),
    /// On a commit without a branch.
    Commit(ObjectId),
}

/// A checkout under way: of the paths that it touches, files are of one snapshot or the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The touched paths as they were before, uncommitted work included.
    pub from: ObjectId,
    /// The touched paths as they shall be.
    pub to: ObjectId,
    /// The view that becomes current when all files are written.
    pub view: ObjectId,
    /// The command that began it.
    pub verb: String,
}

/// A name in the refs tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefEntry {
    /// `heads/NAME` or `tags/NAME`.
    pub name: String,
    /// The commit.
    pub target: ObjectId,
}

impl Entry for RefEntry {
    const KIND: u8 = 3;

    fn encode(&self, out: &mut Vec<u8>) {
        write_bytes(out, self.name.as_bytes());
        out.extend_from_slice(self.target.as_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let name = std::str::from_utf8(reader.bytes("the name of a ref")?)
            .map_err(|_| reader.malformed("the name of a ref in UTF-8"))?
            .to_owned();
        Ok(Self {
            name,
            target: ObjectId(reader.array("the target of a ref")?),
        })
    }

    fn key(&self) -> &[u8] {
        self.name.as_bytes()
    }

    fn cut_hash(&self) -> u64 {
        tree::cut_hash(self.name.as_bytes())
    }
}

/// Branches (`heads/NAME`) and tags (`tags/NAME`), each naming a commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Refs(pub BTreeMap<String, ObjectId>);

impl Refs {
    /// Reads a refs tree.
    pub fn read(source: &dyn ObjectSource, id: &ObjectId) -> Result<Self, Error> {
        let entries = tree::read_all::<RefEntry>(source, id)?;
        Ok(Self(
            entries
                .into_iter()
                .map(|entry| (entry.name, entry.target))
                .collect(),
        ))
    }

    /// Writes the refs as a tree.
    pub fn write(&self, sink: &mut dyn ObjectSink) -> Result<ObjectId, Error> {
        let mut builder = Builder::new();
        for (name, target) in &self.0 {
            builder.push(
                RefEntry {
                    name: name.clone(),
                    target: *target,
                },
                sink,
            )?;
        }
        builder.finish_into(sink)
    }

    /// Returns the commit that a branch names.
    pub fn branch(&self, name: &str) -> Option<ObjectId> {
        self.0.get(&format!("heads/{name}")).copied()
    }

    /// Returns the commit that a tag names.
    pub fn tag(&self, name: &str) -> Option<ObjectId> {
        self.0.get(&format!("tags/{name}")).copied()
    }
}
