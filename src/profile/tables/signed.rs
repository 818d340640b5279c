//! Signed rows: what was added to a table and taken away, sorted, none of them zero times.

use crate::base::varint::{self, Malformed, Reader};

use super::{Row, group};

/// A row and how often it was added.
pub(super) type Signed = (Row, i64);

/// Returns the difference of what came and what went.
pub(super) fn difference(came: Vec<Row>, went: Vec<Row>) -> Vec<Signed> {
    let came = came.into_iter().map(|row| (row, 1));
    let mut all: Vec<Signed> = came.chain(went.into_iter().map(|row| (row, -1))).collect();
    all.sort_unstable();
    summed(all.into_iter())
}

/// Adds up two runs of signed rows.
pub(super) fn merged(a: &[Signed], b: &[Signed]) -> Vec<Signed> {
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    summed(std::iter::from_fn(|| match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if x.0 <= y.0 => a.next(),
        (_, Some(_)) => b.next(),
        (_, None) => a.next(),
    }))
}

/// Adds up neighbours.
fn summed(sorted: impl Iterator<Item = Signed>) -> Vec<Signed> {
    let mut out: Vec<Signed> = Vec::new();
    for (row, count) in sorted {
        match out.last_mut() {
            Some(last) if last.0 == row => last.1 += count,
            _ => {
                if out.last().is_some_and(|last| last.1 == 0) {
                    out.pop();
                }
                out.push((row, count));
            }
        }
    }
    if out.last().is_some_and(|last| last.1 == 0) {
        out.pop();
    }
    out
}

/// Applies signed rows to sorted rows; `None` where a row would be there less than never.
pub(super) fn applied(rows: &[Row], signed: &[Signed]) -> Option<Vec<Row>> {
    let mut out = Vec::with_capacity(rows.len() + signed.len());
    let mut at = 0;
    for &(row, count) in signed {
        let before = at + rows[at..].partition_point(|other| *other < row);
        out.extend_from_slice(&rows[at..before]);
        let there = rows[before..].iter().take_while(|r| **r == row).count();
        at = before + there;
        let left = usize::try_from(there as i64 + count).ok()?;
        out.resize(out.len() + left, row);
    }
    out.extend_from_slice(&rows[at..]);
    Some(out)
}

/// Returns the rows whose group is that of `row`, of sorted ones.
pub(super) fn of_group<'a>(sorted: &'a [Signed], row: &Row) -> &'a [Signed] {
    let wanted = group(row);
    let start = sorted.partition_point(|(other, _)| group(other) < wanted);
    let length = sorted[start..].partition_point(|(other, _)| group(other) == wanted);
    &sorted[start..start + length]
}

/// Returns the rows of a partition, of sorted ones.
pub(super) fn of_partition(sorted: &[Signed], partition: usize) -> &[Signed] {
    let first = |row: &Row| (row[0] >> 56) as usize;
    let start = sorted.partition_point(|(row, _)| first(row) < partition);
    let length = sorted[start..].partition_point(|(row, _)| first(row) == partition);
    &sorted[start..start + length]
}

/// Appends signed rows as bytes.
pub(super) fn encode(rows: &[Signed], out: &mut Vec<u8>) {
    varint::write(out, rows.len() as u64);
    for (row, count) in rows {
        row.iter()
            .for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        varint::write(out, ((count << 1) ^ (count >> 63)) as u64);
    }
}

/// Reads signed rows.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<Signed>, Malformed> {
    let most = reader.rest().len() as u64 / 25;
    let count = reader.bounded(most, "a count of rows")?;
    let mut rows: Vec<Signed> = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut row = [0; 3];
        for word in &mut row {
            *word = u64::from_le_bytes(reader.array("a row")?);
        }
        let count = reader.bounded(1 << 54, "a count below 2^53")?;
        let count = (count >> 1) as i64 ^ -((count & 1) as i64);
        if count == 0 || rows.last().is_some_and(|last| last.0 >= row) {
            return Err(reader.malformed("rows in ascending order"));
        }
        rows.push((row, count));
    }
    Ok(rows)
}
