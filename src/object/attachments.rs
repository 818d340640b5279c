//! Attachments: what is said of a commit after it was made, in order: evaluations,
//! analyses, attestations.
//!
//! Layout: docs/format.md, "Trees". A commit's attachments are never reordered or replaced.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

use super::error::Error;
use super::source::{ObjectSink, ObjectSource};
use super::tree::{self, Builder, Entry};

/// What an attachment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttachmentKind {
    /// Scores of a model on the commit's data.
    Evaluation,
    /// Somebody's signed word on an object.
    Attestation,
    /// What a search for records found in the commit's data.
    Analysis,
}

/// One attachment of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// The commit.
    pub commit: ObjectId,
    /// Its place among the commit's attachments, counted from 0.
    pub number: u32,
    /// What it is.
    pub kind: AttachmentKind,
    /// The object.
    pub object: ObjectId,
    sort_key: Vec<u8>,
}

impl Attachment {
    fn new(commit: ObjectId, number: u32, kind: AttachmentKind, object: ObjectId) -> Self {
        let mut sort_key = commit.as_bytes().to_vec();
        sort_key.extend_from_slice(&number.to_be_bytes());
        Self {
            commit,
            number,
            kind,
            object,
            sort_key,
        }
    }
}

impl Entry for Attachment {
    const KIND: u8 = 5;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.commit.as_bytes());
        varint::write(out, u64::from(self.number));
        out.push(match self.kind {
            AttachmentKind::Evaluation => 0,
            AttachmentKind::Attestation => 1,
            AttachmentKind::Analysis => 2,
        });
        out.extend_from_slice(self.object.as_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let commit = ObjectId(reader.array("the id of a commit")?);
        let number = reader.bounded(u64::from(u32::MAX), "the number of an attachment")? as u32;
        let kind = match reader.byte("the kind of an attachment")? {
            0 => AttachmentKind::Evaluation,
            1 => AttachmentKind::Attestation,
            2 => AttachmentKind::Analysis,
            _ => return Err(reader.malformed("the kind of an attachment")),
        };
        let object = ObjectId(reader.array("the id of an attachment")?);
        Ok(Self::new(commit, number, kind, object))
    }

    fn key(&self) -> &[u8] {
        &self.sort_key
    }

    fn cut_hash(&self) -> u64 {
        tree::cut_hash(&self.sort_key)
    }
}

/// All attachments of a view.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attachments(Vec<Attachment>);

impl Attachments {
    /// Reads the tree that a view names; none without one.
    pub fn read(source: &dyn ObjectSource, id: Option<&ObjectId>) -> Result<Self, Error> {
        id.map_or(Ok(Self::default()), |id| {
            tree::read_all(source, id).map(Self)
        })
    }

    /// Returns a commit's attachments in order.
    pub fn of(&self, commit: &ObjectId) -> impl Iterator<Item = &Attachment> {
        let from = self.0.partition_point(|one| one.commit < *commit);
        let rest = self.0.get(from..).unwrap_or_default().iter();
        rest.take_while(move |one| one.commit == *commit)
    }

    /// Returns all of them, ordered by commit.
    pub fn all(&self) -> &[Attachment] {
        &self.0
    }

    /// Attaches an object to a commit, after those that are there.
    pub fn push(&mut self, commit: ObjectId, kind: AttachmentKind, object: ObjectId) {
        let number = self.of(&commit).count() as u32;
        let new = Attachment::new(commit, number, kind, object);
        let at = self
            .0
            .partition_point(|other| other.sort_key < new.sort_key);
        self.0.insert(at, new);
    }

    /// Writes the tree; `None` where there are no attachments.
    pub fn write(self, sink: &mut dyn ObjectSink) -> Result<Option<ObjectId>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut builder = Builder::new();
        for attachment in self.0 {
            builder.push(attachment, sink)?;
        }
        builder.finish_into(sink).map(Some)
    }
}
