//! One node of a tree, as bytes.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

/// A node is not ended by a hash before it has this many entries.
pub const MIN_ENTRIES: usize = 64;
/// A node ends at this many entries whatever the hashes say.
pub const MAX_ENTRIES: usize = 4096;
/// The deepest tree that is read: 64^10 entries are more than any disk holds.
const MAX_LEVEL: u64 = 10;
/// The first byte of every tree node.
const MARK: u8 = 0xD7;

/// What the entries below a node add up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Bytes of content.
    pub bytes: u64,
    /// Records that start there.
    pub records: u64,
    /// Line feeds.
    pub lines: u64,
}

impl Totals {
    /// Returns the sum; totals of hostile objects saturate instead of wrapping.
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            records: self.records.saturating_add(other.records),
            lines: self.lines.saturating_add(other.lines),
        }
    }
}

/// What a tree is a sequence of.
pub trait Entry: Sized + Clone {
    /// Tells trees of one kind from those of another.
    const KIND: u8;
    /// Appends the entry's bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads what [`Entry::encode`] wrote.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed>;
    /// Returns the sort key; empty in sequences that are not sorted.
    fn key(&self) -> &[u8];
    /// Returns the hash that decides whether a node ends after this entry.
    fn cut_hash(&self) -> u64;
    /// Returns what the entry adds to the totals of the nodes above it.
    fn totals(&self) -> Totals {
        Totals::default()
    }
}

/// A child as its parent node names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChildRef {
    /// The child's id.
    pub id: ObjectId,
    /// The key of the last entry below it.
    pub last_key: Vec<u8>,
    /// The cut hash of the last entry below it.
    pub cut: u64,
    /// How many entries are below it.
    pub entries: u64,
    /// What they add up to.
    pub totals: Totals,
}

/// A decoded node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node<E> {
    /// Level 0: entries.
    Leaf(Vec<E>),
    /// A level above: children one level below.
    Inner(u8, Vec<ChildRef>),
}

impl<E: Entry> Node<E> {
    /// Returns the node's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![MARK, E::KIND];
        match self {
            Self::Leaf(entries) => {
                out.push(0);
                varint::write(&mut out, entries.len() as u64);
                entries.iter().for_each(|entry| entry.encode(&mut out));
            }
            Self::Inner(level, children) => {
                out.push(*level);
                varint::write(&mut out, children.len() as u64);
                for child in children {
                    out.extend_from_slice(child.id.as_bytes());
                    varint::write_bytes(&mut out, &child.last_key);
                    out.extend_from_slice(&child.cut.to_le_bytes());
                    varint::write(&mut out, child.entries);
                    varint::write(&mut out, child.totals.bytes);
                    varint::write(&mut out, child.totals.records);
                    varint::write(&mut out, child.totals.lines);
                }
            }
        }
        out
    }

    /// Reads a node, which must fill `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte("a tree node")? != MARK {
            return Err(reader.malformed("a tree node"));
        }
        if reader.byte("the kind of a tree")? != E::KIND {
            return Err(reader.malformed("a tree of another kind"));
        }
        let level = reader.bounded(MAX_LEVEL, "the level of a node")?;
        let count = reader.bounded(MAX_ENTRIES as u64, "the number of entries")?;
        let node = if level == 0 {
            let entries = (0..count)
                .map(|_| E::decode(&mut reader))
                .collect::<Result<_, _>>()?;
            Self::Leaf(entries)
        } else {
            let children = (0..count)
                .map(|_| child(&mut reader))
                .collect::<Result<Vec<_>, _>>()?;
            if children.is_empty() {
                return Err(reader.malformed("an inner node with children"));
            }
            Self::Inner(level as u8, children)
        };
        if reader.is_empty() {
            Ok(node)
        } else {
            Err(reader.malformed("the end of a node"))
        }
    }
}

fn child(reader: &mut Reader<'_>) -> Result<ChildRef, Malformed> {
    Ok(ChildRef {
        id: ObjectId(reader.array("the id of a child")?),
        last_key: reader.bytes("the last key of a child")?.to_vec(),
        cut: u64::from_le_bytes(reader.array("the cut hash of a child")?),
        entries: reader.varint()?,
        totals: Totals {
            bytes: reader.varint()?,
            records: reader.varint()?,
            lines: reader.varint()?,
        },
    })
}
