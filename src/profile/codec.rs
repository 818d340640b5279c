//! Profiles as bytes, for a local cache. Not a sealed format: other bytes mean "count again".
//!
//! Layout: mark and version, the names of the special fields, counts as zigzag varints, fields
//! and values in order of their bytes; every length is bounded by what is left to read.

use std::sync::Arc;

use crate::base::sum::Sum256;
use crate::base::varint::{self, Malformed, Reader};

use super::counter::{Counter, LIMIT};
use super::field::{Field, LONG, LONGEST_KEY, Untold};
use super::numbers::{Bin, Histogram};
use super::records::{Profile, Shape};
use super::sketch::Sketch;

/// More joint tables or fields of texts than this are not read.
const MAX_JOINTS: usize = 4096;
/// Mark and version.
const HEAD: &[u8] = b"dver profile 4\n";

fn write_signed(out: &mut Vec<u8>, value: i64) {
    varint::write(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn read_signed(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
    // Sums of counts then stay far from the ends of 64 bits.
    let value = reader.bounded(1 << 54, "a count below 2^53")?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn read_name(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    let error = reader.malformed("a name in UTF-8");
    let bytes = reader.bytes("a name")?;
    String::from_utf8(bytes.to_vec()).map_err(|_| error)
}

impl Shape {
    fn lists(&self) -> [&Vec<String>; 6] {
        [
            &self.key,
            &self.labels,
            &self.splits,
            &self.annotators,
            &self.texts,
            &self.raters,
        ]
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut list = || {
            let count = reader.bounded(reader.rest().len() as u64, "a count of names")?;
            (0..count)
                .map(|_| read_name(reader))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            key: list()?,
            labels: list()?,
            splits: list()?,
            annotators: list()?,
            texts: list()?,
            raters: list()?,
            rules: {
                let most = reader.rest().len() as u64;
                let count = reader.bounded(most, "a count of rules")? as usize;
                (count, u128::from_le_bytes(reader.array("the rules")?))
            },
            facts_only: false, // those are not kept
        })
    }
}

impl Counter {
    fn encode(&self, out: &mut Vec<u8>) {
        match self.values() {
            None => {
                out.push(1);
                varint::write(out, self.bound().unwrap_or(0));
            }
            Some(values) => {
                out.push(0);
                varint::write(out, values.len() as u64);
                for (value, count) in values {
                    varint::write_bytes(out, &value);
                    write_signed(out, count);
                }
            }
        }
    }

    fn decode(reader: &mut Reader<'_>, longest: usize, kinds: u8) -> Result<Self, Malformed> {
        if reader.byte("whether values were forgotten")? == 1 {
            return Ok(Self::over(reader.varint()?));
        }
        let mut counter = Self::default();
        let mut last: Option<&[u8]> = None;
        for _ in 0..reader.bounded(LIMIT as u64, "a count of values")? {
            let value = reader.bytes("a value")?;
            let text = value.first().is_some_and(|kind| kind & !LONG <= kinds);
            if value.len() > longest || !text || last.is_some_and(|last| last >= value) {
                return Err(reader.malformed("values in ascending order"));
            }
            counter.add(value, read_signed(reader)?, &mut |_, _| {});
            last = Some(value);
        }
        Ok(counter)
    }
}

impl Untold {
    /// Writes sketch and numbers.
    fn encode(&self, out: &mut Vec<u8>) {
        match &self.sketch {
            None => out.push(0),
            Some(sketch) => {
                out.push(1);
                let cells = sketch.cells().iter();
                cells.for_each(|cell| out.extend_from_slice(&cell.to_le_bytes()));
            }
        }
        let bins = self.numbers.as_ref().map_or_else(Vec::new, Histogram::bins);
        varint::write(out, bins.len() as u64);
        for (bin, count) in bins {
            let (digits, exponent) = bin.parts();
            for number in [digits, exponent, count] {
                write_signed(out, number);
            }
        }
    }

    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        if reader.byte("whether there is a sketch")? == 1 {
            let bytes = reader.take(Sketch::BYTES, "a sketch")?;
            let (cells, _) = bytes.as_chunks::<4>();
            self.sketch = Sketch::of_cells(cells.iter().map(|c| u32::from_le_bytes(*c)).collect());
        }
        for _ in 0..reader.varint()? {
            let (digits, exponent) = (read_signed(reader)?, read_signed(reader)?);
            let error = reader.malformed("a bin of numbers");
            let bin = Bin::new(digits, exponent).ok_or(error)?;
            let count = read_signed(reader)?;
            self.numbers.get_or_insert_default().bump(bin, count);
        }
        Ok(())
    }
}

impl Profile {
    /// Returns the profile as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = HEAD.to_vec();
        for list in self.shape.lists() {
            varint::write(&mut out, list.len() as u64);
            for name in list {
                varint::write_bytes(&mut out, name.as_bytes());
            }
        }
        varint::write(&mut out, self.shape.rules.0 as u64);
        out.extend_from_slice(&self.shape.rules.1.to_le_bytes());
        write_signed(&mut out, self.records);
        out.extend_from_slice(&self.digest.to_bytes());
        for count in self.problems {
            write_signed(&mut out, count);
        }
        write_signed(&mut out, self.null_keys);
        let fields = || self.fields.iter().filter(|(_, field)| !field.is_zero());
        varint::write(&mut out, fields().count() as u64);
        for (name, field) in fields() {
            varint::write_bytes(&mut out, name.as_bytes());
            for count in field.untold.totals.counts {
                write_signed(&mut out, count);
            }
            out.extend_from_slice(&field.untold.totals.digest.to_le_bytes());
            field.untold.encode(&mut out);
            field.values.encode(&mut out);
        }
        for counter in &self.joints {
            counter.encode(&mut out);
        }
        let texts = self.texts.iter().flat_map(|texts| texts.0);
        for count in self.violations.iter().copied().chain(texts) {
            write_signed(&mut out, count);
        }
        out
    }

    /// Reads a profile that [`Profile::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.take(HEAD.len(), "the mark of a profile")? != HEAD {
            return Err(Reader::new(bytes).malformed("the mark of a profile"));
        }
        let shape = Shape::decode(&mut reader)?;
        let joints = shape.labels.len() * (shape.splits.len() + shape.annotators.len());
        if joints.max(shape.texts.len()) > MAX_JOINTS {
            return Err(reader.malformed("a bounded number of joint tables and texts"));
        }
        let mut profile = Self::with_shape(shape);
        profile.records = read_signed(&mut reader)?;
        profile.digest = Sum256::from_bytes(&reader.array("the records digest")?);
        for count in &mut profile.problems {
            *count = read_signed(&mut reader)?;
        }
        profile.null_keys = read_signed(&mut reader)?;
        let mut last: Option<Arc<str>> = None;
        for _ in 0..reader.varint()? {
            let name: Arc<str> = read_name(&mut reader)?.into();
            if last.is_some_and(|last| last >= name) {
                return Err(reader.malformed("fields in ascending order"));
            }
            let mut field = Field::new(profile.shape.counts_numbers(&name));
            for count in &mut field.untold.totals.counts {
                *count = read_signed(&mut reader)?;
            }
            field.untold.totals.digest = u128::from_le_bytes(reader.array("a field's digest")?);
            field.untold.decode(&mut reader)?;
            field.values = Counter::decode(&mut reader, LONGEST_KEY, 2)?;
            profile.fields.insert(name.clone(), field);
            last = Some(name);
        }
        for counter in &mut profile.joints {
            *counter = Counter::decode(&mut reader, 2 * LONGEST_KEY + 16, 3)?;
        }
        let texts = profile.texts.iter_mut().flat_map(|texts| &mut texts.0);
        for count in profile.violations.iter_mut().chain(texts) {
            *count = read_signed(&mut reader)?;
        }
        if reader.is_empty() {
            Ok(profile)
        } else {
            Err(reader.malformed("the end of the profile"))
        }
    }
}
