//! Counts that add up, and the scores that are functions of them: what a bootstrap computes a
//! thousand times.

use super::confusion::Confusion;

/// How often each class is true, was predicted, and both at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counts {
    truths: Vec<u64>,
    saids: Vec<u64>,
    hits: Vec<u64>,
    total: u64,
}

impl Counts {
    /// Returns counts of nothing, over so many classes.
    pub fn new(classes: usize) -> Self {
        Self {
            truths: vec![0; classes],
            saids: vec![0; classes],
            hits: vec![0; classes],
            total: 0,
        }
    }

    /// Returns the counts of a matrix; classes have its numbers.
    pub fn of(confusion: &Confusion) -> Self {
        let (truths, saids) = confusion.margins();
        let classes = 0..truths.len();
        Self {
            hits: classes.map(|at| confusion.count(at, at)).collect(),
            total: confusion.total(),
            truths,
            saids,
        }
    }

    /// Counts a record by its true and its predicted class, which must be below the number of
    /// classes; others are left out.
    pub fn add(&mut self, truth: u32, said: u32) {
        let (truth, said) = (truth as usize, said as usize);
        if truth >= self.truths.len() || said >= self.saids.len() {
            return;
        }
        self.truths[truth] += 1;
        self.saids[said] += 1;
        self.hits[truth] += u64::from(truth == said);
        self.total += 1;
    }

    /// Returns a score of this name, over all classes or of one; `None` where it is undefined or
    /// there is none of that name. `null` is no find in micro scores.
    pub fn score(&self, name: &str, class: Option<usize>, null: Option<usize>) -> Option<f64> {
        let classes = 0..self.truths.len();
        let of_class = |name: &str, at: usize| {
            let (hits, said, truth) = (*self.hits.get(at)?, self.saids[at], self.truths[at]);
            match name {
                "precision" => ratio(hits, said),
                "recall" => ratio(hits, truth),
                "f1" => ratio(2 * hits, said + truth),
                _ => None,
            }
        };
        if let Some(at) = class {
            return of_class(name, at);
        }
        if let Some(name) = name.strip_prefix("macro_") {
            let values: Vec<f64> = classes.filter_map(|at| of_class(name, at)).collect();
            let count = values.len();
            return (count > 0).then(|| values.into_iter().sum::<f64>() / count as f64);
        }
        let correct: u64 = self.hits.iter().sum();
        let of_null = |counts: &[u64]| null.and_then(|at| counts.get(at)).copied().unwrap_or(0);
        let hits = correct - of_null(&self.hits);
        let (found, there) = (
            self.total - of_null(&self.saids),
            self.total - of_null(&self.truths),
        );
        match name {
            "accuracy" => ratio(correct, self.total),
            "micro_precision" => ratio(hits, found),
            "micro_recall" => ratio(hits, there),
            "micro_f1" => ratio(2 * hits, found + there),
            "mcc" => self.mcc(correct),
            _ => None,
        }
    }

    /// Returns the correlation coefficient of Matthews, for any number of classes (Gorodkin).
    fn mcc(&self, correct: u64) -> Option<f64> {
        let dot = |a: &[u64], b: &[u64]| -> i128 {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| i128::from(*a) * i128::from(*b)).sum()
        };
        let square = i128::from(self.total) * i128::from(self.total);
        let over = i128::from(correct) * i128::from(self.total) - dot(&self.truths, &self.saids);
        let of_said = square - dot(&self.saids, &self.saids);
        let of_truth = square - dot(&self.truths, &self.truths);
        let under = (of_said as f64).sqrt() * (of_truth as f64).sqrt();
        (of_said > 0 && of_truth > 0).then(|| over as f64 / under)
    }
}

fn ratio(num: u64, den: u64) -> Option<f64> {
    (den > 0).then(|| num as f64 / den as f64)
}
