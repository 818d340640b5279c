//! The bytes of one partition of a table: sorted rows, in columns, for a local cache.
//!
//! Layout: varint count of rows; 256 varint counts of the rows by the second byte of their group
//! (the first is the partition); the rest of the groups, 8 bytes each; then the subgroups and the
//! values, each as a column: one byte that says how wide a cell is (0, 1 or 2: a place in the
//! dictionary that follows; 6 or 8: the number itself), then the cells.

use rustc_hash::FxHashMap;

use crate::base::varint::{self, Malformed, Reader};

use super::Row;

/// Subgroups take the lower 48 bits of a row's second word.
const SUBGROUP: u64 = (1 << 48) - 1;
/// The largest dictionary of a column.
const WORDS: usize = 1 << 16;

/// Returns the bytes of sorted rows, all of one partition.
pub(super) fn encode(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * 16 + 1024);
    varint::write(&mut out, rows.len() as u64);
    let mut counts = [0u64; 256];
    for row in rows {
        counts[usize::from((row[0] >> 48) as u8)] += 1;
    }
    counts
        .iter()
        .for_each(|count| varint::write(&mut out, *count));
    for row in rows {
        let rest = row[0] << 16 | row[1] >> 48;
        out.extend_from_slice(&rest.to_le_bytes());
    }
    encode_column(rows, |row| row[1] & SUBGROUP, &mut out);
    encode_column(rows, |row| row[2], &mut out);
    out
}

fn encode_column(rows: &[Row], cell: impl Fn(&Row) -> u64, out: &mut Vec<u8>) {
    let mut places: FxHashMap<u64, u16> = FxHashMap::default();
    let mut words = Vec::new();
    let mut largest = 0;
    for row in rows {
        let word = cell(row);
        largest = largest.max(word);
        // A column of mostly different words has no use for a dictionary.
        if words.len() < WORDS && words.len() <= rows.len() / 8 + 16 {
            places.entry(word).or_insert_with(|| {
                words.push(word);
                (words.len() - 1) as u16
            });
        }
    }
    let told = rows.iter().all(|row| places.contains_key(&cell(row)));
    let width = match (told, words.len()) {
        (true, 0..=1) => 0,
        (true, 2..=256) => 1,
        (true, _) => 2,
        (false, _) if largest <= SUBGROUP => 6,
        (false, _) => 8,
    };
    out.push(width);
    if width <= 2 {
        varint::write(out, words.len() as u64);
        for word in &words {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
    let width = usize::from(width);
    for row in rows {
        let word = cell(row);
        let number = match width {
            0..=2 => u64::from(places.get(&word).copied().unwrap_or(0)),
            _ => word,
        };
        out.extend_from_slice(&number.to_le_bytes()[..width]);
    }
}

/// Reads the rows of a partition.
pub(super) fn decode(partition: u8, bytes: &[u8]) -> Result<Vec<Row>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.bounded(bytes.len() as u64 / 8, "a count of rows")? as usize;
    let mut rows: Vec<Row> = Vec::with_capacity(count);
    for second in 0..256u64 {
        let more = reader.bounded((count - rows.len()) as u64, "a count of rows")?;
        let group = u64::from(partition) << 56 | second << 48;
        rows.resize(rows.len() + more as usize, [group, 0, 0]);
    }
    if rows.len() != count {
        return Err(reader.malformed("as many rows as there are"));
    }
    let rest = reader.take(8 * count, "the groups")?;
    for (row, rest) in rows.iter_mut().zip(rest.as_chunks::<8>().0) {
        let rest = u64::from_le_bytes(*rest);
        row[0] |= rest >> 16;
        row[1] = rest << 48;
    }
    decode_column(&mut reader, &mut rows, |row, word| {
        row[1] |= word & SUBGROUP;
    })?;
    decode_column(&mut reader, &mut rows, |row, word| row[2] = word)?;
    if !reader.is_empty() || !rows.is_sorted() {
        return Err(reader.malformed("rows in ascending order"));
    }
    Ok(rows)
}

fn decode_column(
    reader: &mut Reader<'_>,
    rows: &mut [Row],
    set: impl Fn(&mut Row, u64),
) -> Result<(), Malformed> {
    let width = usize::from(reader.byte("a width")?);
    let words: Vec<u64> = match width {
        0..=2 => {
            let count = reader.bounded(WORDS as u64, "a count of words")? as usize;
            let words = reader.take(8 * count, "the words of a column")?;
            let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
            words.as_chunks::<8>().0.iter().map(word).collect()
        }
        6 | 8 => Vec::new(),
        _ => return Err(reader.malformed("a width of 0, 1, 2, 6 or 8")),
    };
    let cells = reader.take(width * rows.len(), "the cells of a column")?;
    for (at, row) in rows.iter_mut().enumerate() {
        let mut number = [0; 8];
        number[..width].copy_from_slice(&cells[at * width..(at + 1) * width]);
        let number = u64::from_le_bytes(number);
        let word = match width {
            0..=2 => *words
                .get(number as usize)
                .ok_or_else(|| reader.malformed("a word of the column"))?,
            _ => number,
        };
        set(row, word);
    }
    Ok(())
}
