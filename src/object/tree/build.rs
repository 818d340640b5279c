//! Builds a tree from its entries, one pass, bottom up.

use crate::base::ObjectId;

use super::super::error::Error;
use super::super::source::ObjectSink;
use super::node::{ChildRef, Entry, MAX_ENTRIES, MIN_ENTRIES, Node, Totals};
use super::outline::Outline;

/// A node ends after an entry whose hash has this many zero bits at its level, so that nodes have
/// 64 + 256 entries on average.
const CUT_BITS: u32 = 8;

/// Takes entries in order and writes nodes as they fill.
pub struct Builder<E> {
    leaf: Vec<E>,
    /// The open inner node of each level, from level 1 up.
    inner: Vec<Vec<ChildRef>>,
    /// The bytes of the node written last: the root, where it turns out to have no siblings.
    last_node: Vec<u8>,
    /// What the nodes may be like.
    before: Outline,
}

/// A finished tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    /// The bytes of the root node.
    pub root: Vec<u8>,
    /// How many entries the tree has.
    pub entries: u64,
    /// What they add up to.
    pub totals: Totals,
}

impl<E: Entry> Default for Builder<E> {
    fn default() -> Self {
        Self {
            leaf: Vec::new(),
            inner: Vec::new(),
            last_node: Vec::new(),
            before: Outline::default(),
        }
    }
}

impl<E: Entry> Builder<E> {
    /// Returns a builder of an empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a builder of the next version of a tree, which is built the same and may be kept as
    /// what has changed.
    pub fn near(before: Outline) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    /// Appends an entry; in sorted trees its key must be above the last one's.
    pub fn push(&mut self, entry: E, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        let cut = entry.cut_hash();
        self.leaf.push(entry);
        if ends(self.leaf.len(), cut, 0) {
            self.close_leaf(sink)
        } else {
            Ok(())
        }
    }

    /// Ends the tree; the root is returned and need not have gone to the sink.
    pub fn finish(mut self, sink: &mut dyn ObjectSink) -> Result<Built, Error> {
        if self.inner.is_empty() {
            let totals = self
                .leaf
                .iter()
                .fold(Totals::default(), |t, e| t.plus(e.totals()));
            let entries = self.leaf.len() as u64;
            return Ok(Built {
                root: Node::Leaf(self.leaf).encode(),
                entries,
                totals,
            });
        }
        if !self.leaf.is_empty() {
            self.close_leaf(sink)?;
        }
        let mut level = 0;
        while level + 1 < self.inner.len() {
            if !self.inner[level].is_empty() {
                self.close_inner(level, sink)?;
            }
            level += 1;
        }
        let children = std::mem::take(&mut self.inner[level]);
        let (entries, totals) = sum(&children);
        // A node that ended exactly at the last entry has no sibling: it is the root itself, or
        // the same entries would make two trees.
        let root = match children.as_slice() {
            [_only] => self.last_node,
            _ => Node::<E>::Inner(level as u8 + 1, children).encode(),
        };
        Ok(Built {
            root,
            entries,
            totals,
        })
    }

    /// Ends the tree, writes the root too and returns its id.
    pub fn finish_into(self, sink: &mut dyn ObjectSink) -> Result<ObjectId, Error> {
        let before = self.before.root();
        let built = self.finish(sink)?;
        sink.put_near(&built.root, before.as_slice())
    }

    fn close_leaf(&mut self, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        let entries = std::mem::take(&mut self.leaf);
        let Some(last) = entries.last() else {
            return Ok(());
        };
        let (last_key, cut) = (last.key().to_vec(), last.cut_hash());
        let totals = entries
            .iter()
            .fold(Totals::default(), |t, e| t.plus(e.totals()));
        let count = entries.len() as u64;
        self.last_node = Node::Leaf(entries).encode();
        let before = self.before.find(0, cut);
        let id = sink.put_near(&self.last_node, before.as_slice())?;
        self.push_child(
            0,
            ChildRef {
                id,
                last_key,
                cut,
                entries: count,
                totals,
            },
            sink,
        )
    }

    fn close_inner(&mut self, level: usize, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        let children = std::mem::take(&mut self.inner[level]);
        let Some(last) = children.last() else {
            return Ok(());
        };
        let (last_key, cut) = (last.last_key.clone(), last.cut);
        let (entries, totals) = sum(&children);
        self.last_node = Node::<E>::Inner(level as u8 + 1, children).encode();
        let before = self.before.find(level + 1, cut);
        let id = sink.put_near(&self.last_node, before.as_slice())?;
        self.push_child(
            level + 1,
            ChildRef {
                id,
                last_key,
                cut,
                entries,
                totals,
            },
            sink,
        )
    }

    fn push_child(
        &mut self,
        level: usize,
        child: ChildRef,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), Error> {
        if level == self.inner.len() {
            self.inner.push(Vec::new());
        }
        let cut = child.cut;
        self.inner[level].push(child);
        let full = ends(self.inner[level].len(), cut, level as u32 + 1);
        if full {
            self.close_inner(level, sink)
        } else {
            Ok(())
        }
    }
}

fn sum(children: &[ChildRef]) -> (u64, Totals) {
    children
        .iter()
        .fold((0, Totals::default()), |(entries, totals), child| {
            (entries + child.entries, totals.plus(child.totals))
        })
}

/// Returns whether a node with `count` entries ends after the one with this hash.
///
/// Each level looks at bits of its own: the entry that ends a leaf must not end every node above.
fn ends(count: usize, cut: u64, level: u32) -> bool {
    let bits = cut.rotate_right(level * CUT_BITS) & ((1 << CUT_BITS) - 1);
    count >= MAX_ENTRIES || (count >= MIN_ENTRIES && bits == 0)
}
