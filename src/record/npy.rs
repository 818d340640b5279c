//! Tables of numbers as numpy's `.npy` files hold them: a header that is a Python literal, then the
//! numbers row by row, or column by column as much of what scikit-learn returns.
//!
//! Invariant: nothing in a file is trusted. Sizes are those of its bytes, and no header makes more
//! memory be taken than the file has. What numpy writes of two dimensions is read: floats of 16, 32
//! and 64 bits, of either byte order. Objects are never unpickled.

use std::borrow::Cow;

/// The longest header: numpy's own reader takes 10,000 characters.
const LONGEST_HEADER: usize = 1 << 16;

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Number {
    bytes: usize,
    big_endian: bool,
}

/// A table of floating point numbers of two dimensions.
#[derive(Clone, PartialEq, Eq)]
pub struct Npy<'a> {
    bytes: Cow<'a, [u8]>,
    start: usize,
    rows: usize,
    columns: usize,
    by_columns: bool,
    number: Number,
}

impl std::fmt::Debug for Npy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Npy({} x {})", self.rows, self.columns)
    }
}

impl<'a> Npy<'a> {
    /// Reads a file; otherwise says what is wrong with it.
    pub fn read(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, String> {
        let bytes = bytes.into();
        let (header, start) = header(&bytes).ok_or("it is no .npy file")?;
        let member = |name: &str| {
            let quoted = [format!("'{name}'"), format!("\"{name}\"")];
            let at = quoted.iter().find_map(|name| header.find(name))?;
            Some(header[at..].split_once(':')?.1.trim_start())
        };
        let descr = member("descr").ok_or("its header does not name its type")?;
        let number = number(descr)
            .ok_or("it holds no floats of 16, 32 or 64 bits: save it with .astype(\"float32\")")?;
        let shape = member("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
        let shape: Option<Vec<usize>> = shape.and_then(|(shape, _)| {
            let parts = shape.split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            parts.map(|part| part.parse().ok()).collect()
        });
        let shape = shape.ok_or("its header does not name its shape")?;
        let [rows, columns] = *shape.as_slice() else {
            let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
            return Err(format!(
                "its shape is ({}), and a table has two dimensions: a row for each record",
                shape.join(", ")
            ));
        };
        if columns == 0 && rows > 0 {
            return Err("its rows have no numbers".to_owned());
        }
        let by_columns = match member("fortran_order") {
            Some(rest) if rest.starts_with("False") => false,
            Some(rest) if rest.starts_with("True") => true,
            _ => return Err("its header does not name the order of its numbers".to_owned()),
        };
        let size = rows
            .checked_mul(columns)
            .and_then(|count| count.checked_mul(number.bytes));
        let found = bytes.len() - start;
        match size {
            Some(size) if size == found => {}
            Some(size) if size > found => {
                return Err(format!(
                    "it is cut off: its header says {rows} x {columns} numbers, {size} bytes, and {found} are there"
                ));
            }
            Some(size) => {
                return Err(format!(
                    "it has {} bytes more than the {rows} x {columns} numbers that its header says",
                    found - size
                ));
            }
            None => {
                return Err(format!(
                    "its header says {rows} x {columns} numbers, which no file has"
                ));
            }
        }
        Ok(Self {
            bytes,
            start,
            rows,
            columns,
            by_columns,
            number,
        })
    }

    /// Returns how many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns how many numbers a row has.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the numbers of a row; none of a row that there is not.
    pub fn row(&self, at: usize) -> impl Iterator<Item = f64> + '_ {
        let there = if at < self.rows { self.columns } else { 0 };
        (0..there).map(move |column| {
            let place = match self.by_columns {
                true => column * self.rows + at,
                false => at * self.columns + column,
            };
            // The file has all of them: its size was checked.
            let start = self.start + place * self.number.bytes;
            let bytes = self.bytes.get(start..start + self.number.bytes);
            self.number.of(bytes.unwrap_or_default())
        })
    }
}

impl Number {
    fn of(self, bytes: &[u8]) -> f64 {
        let mut little = [0; 8];
        for (at, byte) in bytes.iter().take(8).enumerate() {
            let place = if self.big_endian {
                bytes.len() - 1 - at
            } else {
                at
            };
            little[place] = *byte;
        }
        let bits = u64::from_le_bytes(little);
        match self.bytes {
            8 => f64::from_bits(bits),
            4 => f64::from(f32::from_bits(bits as u32)),
            _ => half(bits as u16),
        }
    }
}

/// Returns a number of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Returns the header, and where the numbers begin.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = (*rest.first()?, rest.get(2..)?);
    let (length, wide) = match version {
        1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), 2),
        2 | 3 => (u32::from_le_bytes(*rest.first_chunk()?).try_into().ok()?, 4),
        _ => return None,
    };
    if length > LONGEST_HEADER {
        return None;
    }
    let text = rest.get(wide..)?.get(..length)?;
    Some((std::str::from_utf8(text).ok()?, 8 + wide + length))
}

fn number(descr: &str) -> Option<Number> {
    let quote = descr.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (name, _) = descr[1..].split_once(quote)?;
    let big_endian = match name.chars().next()? {
        '<' => false,
        '>' => true,
        _ => return None,
    };
    let bytes = match &name[1..] {
        "f2" => 2,
        "f4" => 4,
        "f8" => 8,
        _ => return None,
    };
    Some(Number { bytes, big_endian })
}
