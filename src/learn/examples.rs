//! Examples to learn from, in one canonical order.

use super::rows::Rows;

/// Rows with their classes. They stand in the order of their ids, so that no sum over them depends
/// on the order in which they came.
#[derive(Clone, PartialEq, Debug)]
pub struct Examples {
    rows: Rows,
    labels: Vec<u32>,
    classes: usize,
    order: Vec<usize>,
}

impl Examples {
    /// Puts examples in order. An id is a hash of what identifies a record; examples of one id are
    /// ordered by class and features. Examples of classes that there are not are left out.
    pub fn new(rows: &Rows, labels: &[u32], ids: &[u128], classes: usize) -> Self {
        let count = rows.len().min(labels.len()).min(ids.len());
        let mut order: Vec<usize> = (0..count)
            .filter(|&at| (labels[at] as usize) < classes)
            .collect();
        order.sort_by(|&a, &b| {
            let ids = (ids[a], labels[a]).cmp(&(ids[b], labels[b]));
            ids.then_with(|| rows.compare(a, b))
        });
        Self {
            rows: rows.select(&order),
            labels: order.iter().map(|&at| labels[at]).collect(),
            classes,
            order,
        }
    }

    /// Returns the features, in order.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Returns the classes, in order.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Returns how many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Returns how many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the same examples where classes are numbered by their places in `seen`, which ascend
    /// and are all that examples have.
    pub(super) fn compacted(&self, seen: &[u32]) -> Self {
        let place = |label: &u32| seen.binary_search(label).unwrap_or(0) as u32;
        Self {
            rows: self.rows.clone(),
            labels: self.labels.iter().map(place).collect(),
            classes: seen.len(),
            order: self.order.clone(),
        }
    }

    /// Returns where an example stood among the rows that were given.
    pub fn origin(&self, at: usize) -> usize {
        self.order[at]
    }

    /// Returns how many examples each class has.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }

    /// Returns the same examples with other classes, in the same order.
    pub fn relabelled(&self, labels: Vec<u32>) -> Self {
        debug_assert_eq!(labels.len(), self.len());
        Self {
            labels,
            ..self.clone()
        }
    }

    /// Returns some of the examples, whose places ascend.
    pub fn subset(&self, places: &[usize]) -> Self {
        Self {
            rows: self.rows.select(places),
            labels: places.iter().map(|&at| self.labels[at]).collect(),
            classes: self.classes,
            order: places.iter().map(|&at| self.order[at]).collect(),
        }
    }
}
