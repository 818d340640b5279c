//! The chain of operations: reading the current state, appending to it, walking back.

use crate::base::{ObjectId, Timestamp};
use crate::object::{self, ObjectSink, ObjectSource, Operation, Refs, View, Written};

use super::error::Error;

/// The state that `head` names.
#[derive(Clone, Debug)]
pub struct Current {
    /// The id of the latest operation.
    pub id: ObjectId,
    /// The latest operation.
    pub operation: Operation,
    /// The whole mutable state.
    pub view: View,
    /// The branches and tags of the view.
    pub refs: Refs,
}

impl Current {
    /// Reads the state after an operation.
    pub fn read(source: &dyn ObjectSource, id: ObjectId) -> Result<Self, Error> {
        let operation: Operation = object::get(source, &id)?;
        let view: View = object::get(source, &operation.view)?;
        let refs = Refs::read(source, &view.refs)?;
        Ok(Self {
            id,
            operation,
            view,
            refs,
        })
    }
}

/// What an operation does to the state.
#[derive(Clone, Debug)]
pub struct Change {
    /// The command.
    pub verb: String,
    /// What it is about.
    pub revisions: Vec<String>,
    /// Whether the log leaves it out.
    pub hidden: bool,
    /// The files that it wrote.
    pub wrote: Option<Written>,
    /// Who.
    pub user: String,
    /// When.
    pub time: Timestamp,
    /// Up to which operation gc lets states go; `None` leaves it as it is.
    pub expired: Option<u64>,
}

/// Writes refs, view and operation to the sink and returns the operation's id and value.
///
/// The operation has happened only when its objects are durable and `head` names it.
pub fn record(
    sink: &mut dyn ObjectSink,
    previous: Option<&Current>,
    mut view: View,
    refs: &Refs,
    change: Change,
) -> Result<(ObjectId, Operation), Error> {
    view.refs = refs.write(sink)?;
    let operation = Operation {
        seq: previous.map_or(1, |current| current.operation.seq + 1),
        previous: previous.map(|current| current.id),
        view: object::put(sink, &view)?,
        time: change.time,
        user: change.user,
        verb: change.verb,
        revisions: change.revisions,
        hidden: change.hidden,
        wrote: change.wrote,
        expired: change
            .expired
            .max(previous.and_then(|current| current.operation.expired)),
    };
    Ok((object::put(sink, &operation)?, operation))
}

/// Walks operations from the latest back to the first.
pub struct Chain<'a> {
    source: &'a dyn ObjectSource,
    next: Option<ObjectId>,
    seq: u64,
}

impl<'a> Chain<'a> {
    /// Starts at an operation.
    pub fn from(source: &'a dyn ObjectSource, id: ObjectId) -> Self {
        Self {
            source,
            next: Some(id),
            seq: u64::MAX,
        }
    }
}

impl Iterator for Chain<'_> {
    type Item = Result<(ObjectId, Operation), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let operation: Operation = match object::get(self.source, &id) {
            Ok(operation) => operation,
            Err(e) => return Some(Err(e.into())),
        };
        // Sequence numbers that strictly fall are what keeps the walk from being endless.
        if operation.seq >= self.seq {
            let reason = "its sequence number does not follow from the operation before it";
            return Some(Err(object::Error::corrupt(id, reason).into()));
        }
        self.seq = operation.seq;
        self.next = operation.previous;
        Some(Ok((id, operation)))
    }
}
