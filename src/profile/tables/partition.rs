//! The bytes of one partition of a table: sorted rows, in columns of bits, for a local cache.
//!
//! Layout: varint count of rows; the groups without their first byte, which is the partition:
//! 72 bits each, of which the upper `h` (as many as the count has, at least 8) stand in a run of
//! 2^h + count bits that has for each row a one at the place upper part + rows before, and the
//! lower 72 - h one behind the other; then the subgroups and the values, each as a column: one
//! byte that says how wide a cell is, with its highest bit set where cells are the numbers
//! themselves, else they are places in the dictionary that follows; then the cells. Each run of
//! bits begins at a byte, lowest bits first.

use rustc_hash::FxHashMap;

use crate::base::varint::{self, Malformed, Reader};

use super::{Row, group};

/// Subgroups take the lower 48 bits of a row's second word.
const SUBGROUP: u64 = (1 << 48) - 1;
/// The bits of a group without its first byte.
const GROUP: u32 = 72;
/// The largest dictionary of a column.
const WORDS: usize = 1 << 16;
/// Says of a column that its cells are numbers.
const NUMBERS: u8 = 0x80;

/// Returns how many bits a number has.
fn bits_of(number: u64) -> u32 {
    64 - number.leading_zeros()
}

/// Returns how many of the bits of groups are told by where they stand.
fn upper_bits(count: usize) -> u32 {
    bits_of(count as u64).clamp(8, 32)
}

/// Appends numbers of a few bits each.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u128,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        let (held, count) = (0, 0);
        Self { out, held, count }
    }

    /// Appends a number of at most `width` bits.
    #[inline]
    fn put(&mut self, number: u64, width: u32) {
        self.held |= u128::from(number) << self.count;
        self.count += width;
        if self.count >= 64 {
            self.out
                .extend_from_slice(&(self.held as u64).to_le_bytes());
            self.held >>= 64;
            self.count -= 64;
        }
    }

    fn finish(self) {
        let left = self.count.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..left]);
    }
}

/// Returns the number of `width` bits that stands at a place among others of that width.
#[inline]
fn number_at(bytes: &[u8], place: usize, width: u32) -> u64 {
    let bit = place * width as usize;
    let rest = bytes.get(bit / 8..).unwrap_or(&[]);
    let window = match rest.first_chunk::<16>() {
        Some(window) => *window,
        None => {
            let mut window = [0; 16];
            window[..rest.len()].copy_from_slice(rest);
            window
        }
    };
    let number = (u128::from_le_bytes(window) >> (bit % 8)) as u64;
    match width {
        64.. => number,
        _ => number & ((1 << width) - 1),
    }
}

/// Returns a group without its first byte.
fn group_bits(row: &Row) -> u128 {
    u128::from(row[0] << 8 >> 8) << 16 | u128::from(row[1] >> 48)
}

fn bytes_for(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

/// Returns the bytes of sorted rows, all of one partition.
pub(super) fn encode(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * 14 + 1024);
    varint::write(&mut out, rows.len() as u64);
    let upper = upper_bits(rows.len());
    let lower = GROUP - upper;
    let start = out.len();
    out.resize(start + ((1 << upper) + rows.len()).div_ceil(8), 0);
    for (before, row) in rows.iter().enumerate() {
        let place = (group_bits(row) >> lower) as usize + before;
        out[start + place / 8] |= 1 << (place % 8);
    }
    let mut bits = Bits::new(&mut out);
    for row in rows {
        bits.put((group_bits(row) & ((1 << lower) - 1)) as u64, lower);
    }
    bits.finish();
    encode_column(rows, |row| row[1] & SUBGROUP, &mut out);
    encode_column(rows, |row| row[2], &mut out);
    out
}

fn encode_column(rows: &[Row], cell: impl Fn(&Row) -> u64, out: &mut Vec<u8>) {
    let mut places: FxHashMap<u64, u16> = FxHashMap::default();
    let mut words = Vec::new();
    let mut cells: Vec<u16> = Vec::with_capacity(rows.len());
    for row in rows {
        let word = cell(row);
        let place = match places.get(&word) {
            Some(place) => *place,
            // A column of mostly different words has no use for a dictionary.
            None if words.len() >= WORDS || words.len() > rows.len() / 8 + 16 => break,
            None => {
                let place = words.len() as u16;
                places.insert(word, place);
                words.push(word);
                place
            }
        };
        cells.push(place);
    }
    if cells.len() < rows.len() {
        let largest = rows.iter().map(&cell).max().unwrap_or(0);
        let width = bits_of(largest);
        out.push(NUMBERS | width as u8);
        let mut bits = Bits::new(out);
        rows.iter().for_each(|row| bits.put(cell(row), width));
        return bits.finish();
    }
    let width = bits_of(words.len().saturating_sub(1) as u64);
    out.push(width as u8);
    varint::write(out, words.len() as u64);
    for word in &words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    let mut bits = Bits::new(out);
    cells
        .iter()
        .for_each(|cell| bits.put(u64::from(*cell), width));
    bits.finish();
}

/// A partition as its bytes, of which rows can be read one by one.
pub(super) struct Partition<'a> {
    partition: u8,
    count: usize,
    ones: &'a [u8],
    lowers: &'a [u8],
    subgroups: Column<'a>,
    values: Column<'a>,
}

impl<'a> Partition<'a> {
    /// Reads where things stand.
    pub(super) fn open(partition: u8, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let count = reader.bounded(bytes.len() as u64 / 5, "a count of rows")? as usize;
        let upper = upper_bits(count);
        let bits = (1 << upper) + count;
        let opened = Self {
            partition,
            count,
            ones: reader.take(bits.div_ceil(8), "the upper parts")?,
            lowers: reader.take(bytes_for(count, GROUP - upper), "the lower parts")?,
            subgroups: Column::open(&mut reader, count)?,
            values: Column::open(&mut reader, count)?,
        };
        match reader.is_empty() {
            true => Ok(opened),
            false => Err(reader.malformed("the end of the partition")),
        }
    }

    /// Returns all rows.
    pub(super) fn rows(&self) -> Result<Vec<Row>, Malformed> {
        let malformed = || Reader::new(&[]).malformed("rows in ascending order");
        let mut rows: Vec<Row> = Vec::with_capacity(self.count);
        for (at, byte) in self.ones.iter().enumerate() {
            let mut byte = *byte;
            while byte != 0 {
                let place = at * 8 + byte.trailing_zeros() as usize;
                byte &= byte - 1;
                let before = rows.len(); // each of them has a place before this one
                rows.push(self.row(before, place - before).ok_or_else(malformed)?);
            }
        }
        match rows.len() == self.count && rows.is_sorted() {
            true => Ok(rows),
            false => Err(malformed()),
        }
    }

    /// Returns a row by its place among the rows and the upper part of its group.
    #[inline]
    fn row(&self, at: usize, part: usize) -> Option<Row> {
        let upper = upper_bits(self.count);
        if at >= self.count || part >> upper != 0 {
            return None;
        }
        let lower = GROUP - upper;
        let group = (part as u128) << lower | u128::from(number_at(self.lowers, at, lower));
        let first = u64::from(self.partition) << 56;
        let subgroup = self.subgroups.cell(at)? & SUBGROUP;
        Some([
            first | (group >> 16) as u64,
            (group as u64) << 48 | subgroup,
            self.values.cell(at)?,
        ])
    }

    /// Returns a reader of groups.
    pub(super) fn groups(&'a self) -> Groups<'a> {
        Groups {
            partition: self,
            word: 0,
            zeros: 0,
        }
    }
}

/// Reads the rows of one group after the other, in ascending order, and no others.
pub(super) struct Groups<'a> {
    partition: &'a Partition<'a>,
    /// Where the search goes on: a word of the upper parts, and how many zeros stand before it.
    word: usize,
    zeros: usize,
}

impl Groups<'_> {
    /// Returns the rows of the group of `row`, which must not come before one asked for earlier;
    /// `None` where the bytes are no partition.
    pub(super) fn rows_of(&mut self, row: &Row) -> Option<Vec<Row>> {
        let partition = self.partition;
        let part = (group_bits(row) >> (GROUP - upper_bits(partition.count))) as usize;
        let mut place = self.start_of(part)?;
        let mut rows = Vec::new();
        while partition.ones.get(place / 8)? >> (place % 8) & 1 == 1 {
            let found = partition.row(place - part, part)?;
            if group(&found) == group(row) {
                rows.push(found);
            }
            place += 1;
        }
        Some(rows)
    }

    /// Returns the place behind so many zeros: where the rows of an upper part begin.
    fn start_of(&mut self, part: usize) -> Option<usize> {
        if part == 0 {
            return Some(0);
        }
        loop {
            let rest = self.partition.ones.get(self.word * 8..)?;
            let mut bytes = [0xff; 8];
            let count = rest.len().min(8);
            if count == 0 {
                return None;
            }
            bytes[..count].copy_from_slice(&rest[..count]);
            let mut zeros = !u64::from_le_bytes(bytes);
            let more = zeros.count_ones() as usize;
            if self.zeros + more < part {
                self.zeros += more;
                self.word += 1;
                continue;
            }
            for _ in self.zeros + 1..part {
                zeros &= zeros - 1;
            }
            return Some(self.word * 64 + zeros.trailing_zeros() as usize + 1);
        }
    }
}

/// A column as its bytes.
struct Column<'a> {
    width: u32,
    /// The dictionary; `None` where cells are numbers.
    words: Option<&'a [[u8; 8]]>,
    cells: &'a [u8],
}

impl<'a> Column<'a> {
    fn open(reader: &mut Reader<'a>, count: usize) -> Result<Self, Malformed> {
        let head = reader.byte("a width")?;
        let width = u32::from(head & !NUMBERS);
        let numbers = head & NUMBERS != 0;
        if width > if numbers { 64 } else { 16 } {
            return Err(reader.malformed("a width of at most 64 bits"));
        }
        let words = match numbers {
            true => None,
            false => {
                let count = reader.bounded(WORDS as u64, "a count of words")? as usize;
                let words = reader.take(8 * count, "the words of a column")?;
                Some(words.as_chunks::<8>().0)
            }
        };
        let cells = reader.take(bytes_for(count, width), "the cells of a column")?;
        Ok(Self {
            width,
            words,
            cells,
        })
    }

    #[inline]
    fn cell(&self, at: usize) -> Option<u64> {
        let number = number_at(self.cells, at, self.width);
        match self.words {
            None => Some(number),
            Some(words) => Some(u64::from_le_bytes(*words.get(number as usize)?)),
        }
    }
}
