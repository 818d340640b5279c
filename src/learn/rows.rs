//! Rows of features: a sparse part, whose columns are hashed, and a dense part of fixed width.

/// Feature rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Rows {
    width: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    dense: Vec<f64>,
}

impl Rows {
    /// Returns no rows, with a dense part of this width.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            dense: Vec::new(),
        }
    }

    /// Returns rows without a sparse part.
    pub fn of_dense(width: usize, dense: Vec<f64>) -> Self {
        let rows = dense.len().checked_div(width).unwrap_or(0);
        Self {
            starts: vec![0; rows + 1],
            dense,
            ..Self::new(width)
        }
    }

    /// Appends a row. Entries of one column are added up, and the given vector is emptied; of the
    /// dense part, what is missing is 0.
    pub fn push(&mut self, sparse: &mut Vec<(u32, f64)>, dense: &[f64]) {
        // Equal columns add up in the order of their values, so their order does not matter.
        sparse.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let start = self.columns.len();
        for (column, value) in sparse.drain(..) {
            match self.values.last_mut() {
                Some(last)
                    if self.columns.len() > start && self.columns.last() == Some(&column) =>
                {
                    *last += value;
                }
                _ => {
                    self.columns.push(column);
                    self.values.push(value);
                }
            }
        }
        self.starts.push(self.columns.len());
        let width = self.dense.len() + self.width;
        self.dense.extend(dense.iter().take(self.width));
        self.dense.resize(width, 0.0);
    }

    /// Appends the rows of another, whose dense part has the same width.
    pub fn append(&mut self, other: &Self) {
        let before = self.columns.len();
        self.columns.extend_from_slice(&other.columns);
        self.values.extend_from_slice(&other.values);
        self.dense.extend_from_slice(&other.dense);
        let starts = other.starts.iter().skip(1);
        self.starts.extend(starts.map(|start| start + before));
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the width of the dense part.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the sparse part of a row: columns, ascending, and values.
    pub fn sparse(&self, row: usize) -> (&[u32], &[f64]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Returns the dense part of a row.
    pub fn dense(&self, row: usize) -> &[f64] {
        &self.dense[row * self.width..(row + 1) * self.width]
    }

    /// Returns some rows, in the order that is given.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut out = Self::new(self.width);
        for &row in rows {
            let (columns, values) = self.sparse(row);
            out.columns.extend_from_slice(columns);
            out.values.extend_from_slice(values);
            out.starts.push(out.columns.len());
            out.dense.extend_from_slice(self.dense(row));
        }
        out
    }

    /// Returns whether two rows are the same, bit for bit.
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.compare(a, b).is_eq()
    }

    /// Compares two rows by their bits: an order that depends on nothing but them.
    pub(super) fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let bits = |row: usize| {
            let values = self.sparse(row).1.iter().chain(self.dense(row));
            values.map(|value| value.to_bits())
        };
        let columns = self.sparse(a).0.cmp(self.sparse(b).0);
        columns.then_with(|| bits(a).cmp(bits(b)))
    }
}
