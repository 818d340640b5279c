//! The table at a pack's end: sorted truncated ids, where the objects lie, content rows.
//!
//! Invariant: a lookup in any bytes is safe. A hit says only that an id with these first bytes was
//! written; whoever reads the object checks the full id. Layout: docs/format.md, "Packs".

use std::cmp::Ordering;
use std::ops::Range;

use crate::base::ObjectId;
use crate::base::varint::{Malformed, Reader};

/// How many bytes of an id the table keeps.
pub(super) const ID_BYTES: u8 = 8;
/// The length of the trailer.
pub(super) const TRAILER_BYTES: usize = 80;
/// The length of one content row.
const ROW_BYTES: u64 = 64;
/// The finest fan-out: 2^20 entries serve tables of 10 million ids with 10 in each bucket.
const MAX_FAN_OUT_BITS: u8 = 20;
/// A bucket of the fan-out holds about this many ids.
const BUCKET: usize = 8;

/// Where an object lies in its pack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) struct Locator {
    /// Where its frame begins, below 2^48.
    pub(super) offset: u64,
    /// Which member of the frame it is.
    pub(super) member: u16,
}

impl Locator {
    fn to_bits(self) -> u64 {
        self.offset | u64::from(self.member) << 48
    }

    fn from_bits(bits: u64) -> Self {
        Self {
            offset: bits & ((1 << 48) - 1),
            member: (bits >> 48) as u16,
        }
    }
}

/// The fixed part at the very end of a pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trailer {
    /// Where the table begins: just after the end mark of the frames.
    pub(super) table_offset: u64,
    /// How many objects the pack holds.
    pub(super) objects: u64,
    /// How many content rows it holds.
    pub(super) contents: u64,
    /// The sum of the objects' raw lengths.
    pub(super) raw_bytes: u64,
    fan_out_bits: u8,
    /// How many bytes of an id the table keeps.
    pub(super) id_bytes: u8,
    /// How hard the writer tried: the zstd level of gc, 0 for the packs of other commands.
    pub(super) effort: u8,
    /// The BLAKE3 of the table.
    checksum: [u8; 32],
}

impl Trailer {
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for number in [
            self.table_offset,
            self.objects,
            self.contents,
            self.raw_bytes,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let small = [self.fan_out_bits, self.id_bytes, self.effort];
        out.extend_from_slice(&small);
        out.extend_from_slice(&[0; 5]);
        out.extend_from_slice(&self.checksum);
        let check = ObjectId::of(&out[start..]);
        out.extend_from_slice(&check.as_bytes()[..8]);
    }

    /// Reads the trailer of a whole pack and checks that the lengths it implies add up.
    pub(super) fn parse(pack: &[u8]) -> Result<Self, Malformed> {
        let at = pack.len().saturating_sub(TRAILER_BYTES);
        let malformed = |what| Malformed {
            offset: at as u64,
            what,
        };
        let bytes = &pack[at..];
        let mut reader = Reader::new(bytes);
        let mut number = || reader.array("a trailer").map(u64::from_le_bytes);
        let (table_offset, objects) = (number()?, number()?);
        let (contents, raw_bytes) = (number()?, number()?);
        let [fan_out_bits, id_bytes, effort, zeros @ ..] = reader.array::<8>("a trailer")?;
        let checksum = reader.array("a trailer")?;
        let check: [u8; 8] = reader.array("a trailer")?;
        if ObjectId::of(&bytes[..TRAILER_BYTES - 8]).as_bytes()[..8] != check {
            return Err(malformed("a trailer that matches its check bytes"));
        }
        let trailer = Self {
            table_offset,
            objects,
            contents,
            raw_bytes,
            fan_out_bits,
            id_bytes,
            effort,
            checksum,
        };
        let sound = zeros == [0; 5]
            && fan_out_bits <= MAX_FAN_OUT_BITS
            && (1..=32).contains(&id_bytes)
            && objects <= u64::from(u32::MAX)
            && trailer
                .table_bytes()
                .and_then(|b| b.checked_add(table_offset))
                == Some(at as u64);
        if !sound {
            return Err(malformed("a trailer whose numbers fit the file"));
        }
        Ok(trailer)
    }

    fn table_bytes(&self) -> Option<u64> {
        let fan_out = 4u64 << self.fan_out_bits;
        let ids = self.objects.checked_mul(u64::from(self.id_bytes) + 8)?;
        let rows = self.contents.checked_mul(ROW_BYTES)?;
        fan_out.checked_add(ids)?.checked_add(rows)
    }
}

/// Returns a table and its trailer. `objects` and `contents` are sorted here.
pub(super) fn encode(
    table_offset: u64,
    objects: &mut [(ObjectId, Locator)],
    contents: &[(ObjectId, ObjectId)],
    raw_bytes: u64,
    id_bytes: u8,
    effort: u8,
) -> Vec<u8> {
    let kept = usize::from(id_bytes);
    objects.sort_unstable_by(|(a, place_a), (b, place_b)| {
        (&a.as_bytes()[..kept], place_a).cmp(&(&b.as_bytes()[..kept], place_b))
    });
    let buckets = (objects.len() / BUCKET).max(1);
    let fan_out_bits = (buckets.ilog2() as u8).min(MAX_FAN_OUT_BITS);

    let mut out = Vec::with_capacity(
        (4 << fan_out_bits) + objects.len() * (kept + 8) + contents.len() * 64 + TRAILER_BYTES,
    );
    let mut below = 0u32;
    for bucket in 0..1u32 << fan_out_bits {
        let rest = objects[below as usize..].iter();
        below += rest
            .take_while(|(id, _)| bucket_of(&id.as_bytes()[..kept], fan_out_bits) == bucket)
            .count() as u32; // a writer splits packs long before 2^32 objects
        out.extend_from_slice(&below.to_le_bytes());
    }
    for (id, _) in objects.iter() {
        out.extend_from_slice(&id.as_bytes()[..kept]);
    }
    for (_, place) in objects.iter() {
        out.extend_from_slice(&place.to_bits().to_le_bytes());
    }
    for (content, manifest) in contents {
        out.extend_from_slice(content.as_bytes());
        out.extend_from_slice(manifest.as_bytes());
    }
    let trailer = Trailer {
        table_offset,
        objects: objects.len() as u64,
        contents: contents.len() as u64,
        raw_bytes,
        fan_out_bits,
        id_bytes,
        effort,
        checksum: *ObjectId::of(&out).as_bytes(),
    };
    trailer.encode(&mut out);
    out
}

/// Returns the first `bits` bits of an id.
fn bucket_of(id: &[u8], bits: u8) -> u32 {
    let mut first = [0u8; 4];
    let known = id.len().min(4);
    first[..known].copy_from_slice(&id[..known]);
    // Shifting in 64 bits: a shift of a u32 by 32 would overflow where there is no fan-out.
    (u64::from(u32::from_be_bytes(first)) >> (32 - bits)) as u32
}

/// A table in the bytes of its pack.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    trailer: &'a Trailer,
    whole: &'a [u8],
    fan_out: &'a [u8],
    ids: &'a [u8],
    places: &'a [u8],
    rows: &'a [u8],
}

impl<'a> Table<'a> {
    /// Takes the table out of a pack whose trailer was checked by [`Trailer::parse`].
    pub(super) fn new(pack: &'a [u8], trailer: &'a Trailer) -> Self {
        let whole = &pack[trailer.table_offset as usize..pack.len() - TRAILER_BYTES];
        let (fan_out, rest) = whole.split_at(4 << trailer.fan_out_bits);
        let objects = trailer.objects as usize;
        let (ids, rest) = rest.split_at(objects * usize::from(trailer.id_bytes));
        let (places, rows) = rest.split_at(objects * 8);
        Self {
            trailer,
            whole,
            fan_out,
            ids,
            places,
            rows,
        }
    }

    /// Returns whether the table is as it was written.
    pub(super) fn is_sound(&self) -> bool {
        *ObjectId::of(self.whole).as_bytes() == self.trailer.checksum
    }

    /// Returns how many objects it lists.
    pub(super) fn len(&self) -> usize {
        self.trailer.objects as usize
    }

    /// Returns the truncated id of a row.
    pub(super) fn id(&self, row: usize) -> &'a [u8] {
        let kept = usize::from(self.trailer.id_bytes);
        &self.ids[row * kept..(row + 1) * kept]
    }

    /// Returns where the object of a row lies.
    pub(super) fn place(&self, row: usize) -> Locator {
        let mut bits = [0; 8];
        bits.copy_from_slice(&self.places[row * 8..(row + 1) * 8]);
        Locator::from_bits(u64::from_le_bytes(bits))
    }

    /// Returns where the objects lie whose ids, as far as they are kept, begin with these bytes,
    /// at most 32: mostly none or one.
    pub(super) fn find(self, prefix: &[u8]) -> impl Iterator<Item = Locator> + use<'a> {
        let mut kept = [0u8; 32];
        let length = usize::from(self.trailer.id_bytes).min(prefix.len());
        kept[..length].copy_from_slice(&prefix[..length]);
        let mut rows = self.bucket(bucket_of(&kept[..length], self.trailer.fan_out_bits));
        while !rows.is_empty() {
            let middle = rows.start + rows.len() / 2;
            match self.id(middle)[..length].cmp(&kept[..length]) {
                Ordering::Less => rows.start = middle + 1,
                Ordering::Equal | Ordering::Greater => rows.end = middle,
            }
        }
        (rows.start..self.len())
            .take_while(move |&row| self.id(row)[..length] == kept[..length])
            .map(move |row| self.place(row))
    }

    /// Returns the rows of a bucket; none where the fan-out is damaged.
    fn bucket(&self, bucket: u32) -> Range<usize> {
        let entry = |index: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&self.fan_out[index * 4..(index + 1) * 4]);
            (u32::from_le_bytes(bytes) as usize).min(self.len())
        };
        let bucket = bucket as usize;
        let start = bucket.checked_sub(1).map_or(0, entry);
        start..entry(bucket).max(start)
    }

    /// Returns all content rows: content id, manifest id.
    pub(super) fn contents(self) -> impl ExactSizeIterator<Item = (ObjectId, ObjectId)> + use<'a> {
        (0..self.trailer.contents as usize).map(move |row| self.content(row))
    }

    fn content(&self, row: usize) -> (ObjectId, ObjectId) {
        let bytes = &self.rows[row * 64..(row + 1) * 64];
        let (mut content, mut manifest) = ([0; 32], [0; 32]);
        content.copy_from_slice(&bytes[..32]);
        manifest.copy_from_slice(&bytes[32..]);
        (ObjectId(content), ObjectId(manifest))
    }

    /// Returns the manifests of a content.
    pub(super) fn manifests(self, content: &ObjectId) -> impl Iterator<Item = ObjectId> + use<'a> {
        let wanted = *content;
        let mut rows = 0..self.trailer.contents as usize;
        while !rows.is_empty() {
            let middle = rows.start + rows.len() / 2;
            if self.content(middle).0 < wanted {
                rows.start = middle + 1;
            } else {
                rows.end = middle;
            }
        }
        (rows.start..self.trailer.contents as usize)
            .map(move |row| self.content(row))
            .take_while(move |(id, _)| *id == wanted)
            .map(|(_, manifest)| manifest)
    }
}
