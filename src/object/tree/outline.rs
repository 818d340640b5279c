//! The nodes of an earlier tree, to find what a new node is like.
//!
//! A tree's nodes end where its entries' cut hashes say, so a node and its next version mostly end
//! with the same hash. Only hints come from here.

use crate::base::ObjectId;

use super::super::error::Error;
use super::super::source::ObjectSource;
use super::node::{ChildRef, Entry, Node};
use super::walk::child_node;

/// How far ahead a node is looked for.
const AHEAD: usize = 256;

/// The ids of a tree's nodes, by level and place.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    root: Option<ObjectId>,
    /// From the leaves up, below the root: cut hash of the last entry below each node, and its id.
    levels: Vec<Level>,
}

#[derive(Clone, Debug, Default)]
struct Level {
    nodes: Vec<(u64, ObjectId)>,
    /// The place behind the last node that was found.
    next: usize,
}

impl Outline {
    /// Reads the inner nodes below `root`; `id` is the object that holds it.
    pub fn read<E: Entry>(
        source: &dyn ObjectSource,
        id: &ObjectId,
        root: Node<E>,
    ) -> Result<Self, Error> {
        let mut levels = Vec::new();
        let mut open = match root {
            Node::Leaf(_) => Vec::new(),
            Node::Inner(level, children) => {
                levels.resize_with(usize::from(level), Level::default);
                children.into_iter().map(|child| (level, child)).collect()
            }
        };
        open.reverse();
        while let Some((above, child)) = open.pop() {
            let below = |child: &ChildRef| (child.cut, child.id);
            levels[usize::from(above) - 1].nodes.push(below(&child));
            if above > 1
                && let Node::Inner(level, children) = child_node::<E>(source, &child, above)?
            {
                let children = children.into_iter().rev();
                open.extend(children.map(|child| (level, child)));
            }
        }
        let root = Some(*id);
        Ok(Self { root, levels })
    }

    /// Returns the object with the root.
    pub fn root(&self) -> Option<ObjectId> {
        self.root
    }

    /// Returns the node that the next node of a level is like, which ends with this cut hash.
    pub(super) fn find(&mut self, level: usize, cut: u64) -> Option<ObjectId> {
        // A tree that has grown a level: what was the root is now below it.
        let Some(level) = self.levels.get_mut(level) else {
            return self.root;
        };
        let ahead = level.nodes.iter().skip(level.next).take(AHEAD);
        match ahead.enumerate().find(|(_, node)| node.0 == cut) {
            Some((at, (_, id))) => {
                level.next += at + 1;
                Some(*id)
            }
            None => level.nodes.get(level.next).map(|(_, id)| *id),
        }
    }
}
