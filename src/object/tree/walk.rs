//! Reads trees: all entries, one entry, and the difference of two sorted trees.

use std::collections::HashSet;

use crate::base::ObjectId;

use super::super::error::Error;
use super::super::source::ObjectSource;
use super::node::{ChildRef, Entry, Node};

/// Reads one node.
pub fn read_node<E: Entry>(source: &dyn ObjectSource, id: &ObjectId) -> Result<Node<E>, Error> {
    Node::decode(&source.get(id)?).map_err(Error::malformed(*id))
}

/// Reads one node and checks that it stands on the level its parent expects.
pub(super) fn child_node<E: Entry>(
    source: &dyn ObjectSource,
    child: &ChildRef,
    level: u8,
) -> Result<Node<E>, Error> {
    let node = read_node::<E>(source, &child.id)?;
    let found = match &node {
        Node::Leaf(_) => 0,
        Node::Inner(level, _) => *level,
    };
    // Levels that strictly fall are what keeps a hostile tree from being endless.
    if found + 1 != level {
        return Err(Error::corrupt(
            child.id,
            "a tree node stands on the wrong level",
        ));
    }
    Ok(node)
}

/// Gives a tree's entries in order, one leaf in memory at a time.
pub struct Walker<'a, E> {
    source: &'a dyn ObjectSource,
    /// Children still to be read, the next one last, with the level of their parent.
    stack: Vec<(u8, ChildRef)>,
    leaf: std::vec::IntoIter<E>,
}

impl<'a, E: Entry> Walker<'a, E> {
    /// Starts at the first entry of the tree whose root is `root`.
    pub fn open(source: &'a dyn ObjectSource, root: &ObjectId) -> Result<Self, Error> {
        Ok(Self::from_node(source, read_node(source, root)?))
    }

    /// Starts at the first entry below a node.
    pub fn from_node(source: &'a dyn ObjectSource, root: Node<E>) -> Self {
        let mut walker = Self {
            source,
            stack: Vec::new(),
            leaf: Vec::new().into_iter(),
        };
        walker.enter(root);
        walker
    }

    fn enter(&mut self, node: Node<E>) {
        match node {
            Node::Leaf(entries) => self.leaf = entries.into_iter(),
            Node::Inner(level, children) => {
                self.stack
                    .extend(children.into_iter().rev().map(|child| (level, child)));
            }
        }
    }
}

impl<E: Entry> Iterator for Walker<'_, E> {
    type Item = Result<E, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf.next() {
                return Some(Ok(entry));
            }
            let (level, child) = self.stack.pop()?;
            match child_node(self.source, &child, level) {
                Ok(node) => self.enter(node),
                Err(e) => {
                    self.stack.clear();
                    return Some(Err(e));
                }
            }
        }
    }
}

/// Returns all entries of a tree.
pub fn read_all<E: Entry>(source: &dyn ObjectSource, root: &ObjectId) -> Result<Vec<E>, Error> {
    Walker::open(source, root)?.collect()
}

/// Returns the entry with this key of a sorted tree.
pub fn find<E: Entry>(
    source: &dyn ObjectSource,
    root: &ObjectId,
    key: &[u8],
) -> Result<Option<E>, Error> {
    let mut at = read_node::<E>(source, root)?;
    loop {
        match at {
            Node::Leaf(entries) => {
                return Ok(entries.into_iter().find(|entry| entry.key() == key));
            }
            Node::Inner(level, children) => {
                let index = children.partition_point(|child| child.last_key.as_slice() < key);
                let Some(child) = children.get(index) else {
                    return Ok(None);
                };
                at = child_node(source, child, level)?;
            }
        }
    }
}

/// An entry that two sorted trees do not share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference<E> {
    /// Only in the first tree.
    Removed(E),
    /// Only in the second tree.
    Added(E),
    /// In both under one key, with different values: before, after.
    Changed(E, E),
}

/// Returns where two sorted trees differ, in order of keys, reading only subtrees that differ.
pub fn differences<E: Entry + PartialEq>(
    source: &dyn ObjectSource,
    a: &ObjectId,
    b: &ObjectId,
) -> Result<Vec<Difference<E>>, Error> {
    if a == b {
        return Ok(Vec::new());
    }
    let mut left = Frontier::open(source, a)?;
    let mut right = Frontier::open(source, b)?;
    loop {
        match left.level.cmp(&right.level) {
            std::cmp::Ordering::Greater => left.descend(source)?,
            std::cmp::Ordering::Less => right.descend(source)?,
            std::cmp::Ordering::Equal if left.level == 0 => break,
            std::cmp::Ordering::Equal => {
                // Keys are sorted and unique, so a node that both sides have holds the same
                // entries at the same place in both.
                let in_left: HashSet<ObjectId> = left.children.iter().map(|c| c.id).collect();
                let in_right: HashSet<ObjectId> = right.children.iter().map(|c| c.id).collect();
                left.children.retain(|c| !in_right.contains(&c.id));
                right.children.retain(|c| !in_left.contains(&c.id));
                left.descend(source)?;
                right.descend(source)?;
            }
        }
    }
    Ok(merge(left.entries, right.entries))
}

struct Frontier<E> {
    level: u8,
    children: Vec<ChildRef>,
    entries: Vec<E>,
}

impl<E: Entry> Frontier<E> {
    fn open(source: &dyn ObjectSource, root: &ObjectId) -> Result<Self, Error> {
        Ok(match read_node(source, root)? {
            Node::Leaf(entries) => Self {
                level: 0,
                children: Vec::new(),
                entries,
            },
            Node::Inner(level, children) => Self {
                level,
                children,
                entries: Vec::new(),
            },
        })
    }

    fn descend(&mut self, source: &dyn ObjectSource) -> Result<(), Error> {
        for child in std::mem::take(&mut self.children) {
            match child_node(source, &child, self.level)? {
                Node::Leaf(entries) => self.entries.extend(entries),
                Node::Inner(_, children) => self.children.extend(children),
            }
        }
        self.level -= 1;
        Ok(())
    }
}

fn merge<E: Entry + PartialEq>(a: Vec<E>, b: Vec<E>) -> Vec<Difference<E>> {
    let mut out = Vec::new();
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.key().cmp(y.key()),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return out,
        };
        match order {
            std::cmp::Ordering::Less => out.extend(a.next().map(Difference::Removed)),
            std::cmp::Ordering::Greater => out.extend(b.next().map(Difference::Added)),
            std::cmp::Ordering::Equal => {
                if let (Some(x), Some(y)) = (a.next(), b.next())
                    && x != y
                {
                    out.push(Difference::Changed(x, y));
                }
            }
        }
    }
}
