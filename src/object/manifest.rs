//! Manifests: how the store keeps a content larger than one chunk. Layout: docs/format.md.
//!
//! Invariant: a manifest is bytes only. It says where a content's chunks and records lie, never
//! what the records mean, and every output is the same whichever manifest of a content is read.

use crate::base::ObjectId;
use crate::base::varint::{self, Malformed, Reader};

use super::error::Error;
use super::source::{ObjectSink, ObjectSource};
use super::tree::{Builder, Entry, Node, Outline, Totals, Walker};

/// The first byte of every manifest.
const MARK: u8 = 0xD8;
/// The longest description of a cutter that is read.
const MAX_CUTTER: u64 = 256;

/// One chunk of a content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChunkEntry {
    /// The chunk's id.
    pub id: ObjectId,
    /// Its length in bytes.
    pub length: u32,
    /// Records that start in it.
    pub records: u32,
    /// Line feeds in it.
    pub lines: u32,
    /// Whether it holds the header of its format instead of records.
    pub header: bool,
    /// Whether it goes on inside the record that the chunk before it began.
    pub continued: bool,
    /// The hash of its first record's prefix, by which the next version finds it again.
    pub anchor: Option<u32>,
}

impl Entry for ChunkEntry {
    const KIND: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        let flags = u8::from(self.header)
            | u8::from(self.continued) << 1
            | u8::from(self.anchor.is_some()) << 2;
        out.push(flags);
        out.extend_from_slice(self.id.as_bytes());
        varint::write(out, u64::from(self.length));
        varint::write(out, u64::from(self.records));
        varint::write(out, u64::from(self.lines));
        if let Some(anchor) = self.anchor {
            out.extend_from_slice(&anchor.to_le_bytes());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let flags = reader.byte("the flags of a chunk")?;
        if flags > 7 {
            return Err(reader.malformed("flags of a chunk that are known"));
        }
        let most = u64::from(u32::MAX);
        Ok(Self {
            id: ObjectId(reader.array("the id of a chunk")?),
            length: reader.bounded(most, "the length of a chunk")? as u32,
            records: reader.bounded(most, "the records of a chunk")? as u32,
            lines: reader.bounded(most, "the lines of a chunk")? as u32,
            header: flags & 1 != 0,
            continued: flags & 2 != 0,
            anchor: match flags & 4 {
                0 => None,
                _ => Some(u32::from_le_bytes(reader.array("the anchor of a chunk")?)),
            },
        })
    }

    fn key(&self) -> &[u8] {
        &[]
    }

    fn cut_hash(&self) -> u64 {
        // The anchor outlives edits of the chunk, so nodes keep their ends when labels change.
        match self.anchor {
            Some(anchor) => super::tree::cut_hash(&anchor.to_le_bytes()),
            None => super::tree::cut_hash(self.id.as_bytes()),
        }
    }

    fn totals(&self) -> Totals {
        Totals {
            bytes: u64::from(self.length),
            records: u64::from(self.records),
            lines: u64::from(self.lines),
        }
    }
}

/// The ordered list of a content's chunks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The content that it describes.
    pub content: ObjectId,
    /// The content's size in bytes.
    pub size: u64,
    /// The cutter and its parameters, such as `records 1 r=128 by=prefix`.
    pub cutter: String,
    /// The chunks in order.
    pub chunks: Vec<ChunkEntry>,
}

impl Manifest {
    /// Reads a manifest with all its chunks.
    pub fn read(source: &dyn ObjectSource, id: &ObjectId) -> Result<Self, Error> {
        let bytes = source.get(id)?;
        let (content, size, cutter, root) = Self::header(&bytes).map_err(Error::malformed(*id))?;
        let mut chunks = Vec::new();
        let mut total = 0u64;
        for chunk in Walker::from_node(source, root) {
            let chunk = chunk?;
            total = total.saturating_add(u64::from(chunk.length));
            chunks.push(chunk);
        }
        if total != size {
            return Err(Error::corrupt(
                *id,
                "its chunks do not add up to the content's size",
            ));
        }
        Ok(Self {
            content,
            size,
            cutter,
            chunks,
        })
    }

    /// Reads the header of a manifest and its root node.
    fn header(bytes: &[u8]) -> Result<(ObjectId, u64, String, Node<ChunkEntry>), Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte("a manifest")? != MARK {
            return Err(reader.malformed("a manifest"));
        }
        let content = ObjectId(reader.array("a content id")?);
        let size = reader.varint()?;
        let length = reader.bounded(MAX_CUTTER, "the length of the cutter")? as usize;
        let cutter = std::str::from_utf8(reader.take(length, "the cutter")?)
            .map_err(|_| reader.malformed("a cutter in UTF-8"))?
            .to_owned();
        Ok((content, size, cutter, Node::decode(reader.rest())?))
    }

    /// Reads the manifest's own object and nothing below it: what gc and fsck follow.
    pub fn root(source: &dyn ObjectSource, id: &ObjectId) -> Result<ManifestRoot, Error> {
        let bytes = source.get(id)?;
        let (content, size, _, node) = Self::header(&bytes).map_err(Error::malformed(*id))?;
        let totals = match &node {
            Node::Leaf(chunks) => chunks.iter().map(ChunkEntry::totals).collect(),
            Node::Inner(_, children) => children.iter().map(|child| child.totals).collect(),
        };
        let totals: Vec<Totals> = totals;
        let sum = totals.into_iter().fold(Totals::default(), Totals::plus);
        if sum.bytes != size {
            let reason = "its chunks do not add up to the content's size";
            return Err(Error::corrupt(*id, reason));
        }
        Ok(ManifestRoot {
            content,
            size,
            node,
        })
    }

    /// Returns the description of the cutter, without reading the chunks.
    pub fn cutter_of(source: &dyn ObjectSource, id: &ObjectId) -> Result<String, Error> {
        Ok(Self::header(&source.get(id)?)
            .map_err(Error::malformed(*id))?
            .2)
    }

    /// Returns the chunks one by one; those that are not asked for are not read.
    pub fn walk<'a>(
        source: &'a dyn ObjectSource,
        id: &ObjectId,
    ) -> Result<impl Iterator<Item = Result<ChunkEntry, Error>> + use<'a>, Error> {
        let root = Self::root(source, id)?;
        Ok(Walker::from_node(source, root.node))
    }

    /// Returns the first chunk, without reading the others.
    pub fn first(source: &dyn ObjectSource, id: &ObjectId) -> Result<Option<ChunkEntry>, Error> {
        Self::walk(source, id)?.next().transpose()
    }

    /// Returns how many records the content holds.
    pub fn records(&self) -> u64 {
        self.chunks
            .iter()
            .map(|chunk| u64::from(chunk.records))
            .sum()
    }
}

/// What a manifest says before its chunks are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestRoot {
    /// The content that it describes.
    pub content: ObjectId,
    /// The content's size in bytes.
    pub size: u64,
    /// The root of the tree of chunks.
    pub node: Node<ChunkEntry>,
}

/// Builds a manifest while a content is cut.
#[derive(Default)]
pub struct ManifestBuilder {
    tree: Builder<ChunkEntry>,
    before: Option<ObjectId>,
}

impl ManifestBuilder {
    /// Returns a builder without chunks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a builder without chunks, of a content that comes after another.
    pub fn near(before: Option<Outline>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            before: before.root(),
            tree: Builder::near(before),
        }
    }

    /// Appends the next chunk.
    pub fn push(&mut self, chunk: ChunkEntry, sink: &mut dyn ObjectSink) -> Result<(), Error> {
        self.tree.push(chunk, sink)
    }

    /// Writes the manifest and the row that names it, and returns its id.
    pub fn finish(
        self,
        content: ObjectId,
        cutter: &str,
        sink: &mut dyn ObjectSink,
    ) -> Result<ObjectId, Error> {
        let built = self.tree.finish(sink)?;
        let mut bytes = vec![MARK];
        bytes.extend_from_slice(content.as_bytes());
        varint::write(&mut bytes, built.totals.bytes);
        varint::write_bytes(&mut bytes, cutter.as_bytes());
        bytes.extend_from_slice(&built.root);
        let id = sink.put_near(&bytes, self.before.as_slice())?;
        sink.put_manifest(content, id)?;
        Ok(id)
    }
}
