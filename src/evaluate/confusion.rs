//! Confusion matrices.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::ConfusionCounts;

/// How often each class was predicted for each true class.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Confusion {
    classes: Vec<String>,
    counts: BTreeMap<(u32, u32), u64>,
}

impl Confusion {
    /// Counts pairs of true and predicted class.
    pub fn of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut by_name: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for pair in pairs {
            *by_name.entry(pair).or_default() += 1;
        }
        let both = by_name.keys().flat_map(|(truth, said)| [*truth, *said]);
        let classes: BTreeSet<&str> = both.collect();
        let place: BTreeMap<&str, u32> = classes.iter().copied().zip(0..).collect();
        let counts = by_name.iter();
        Self {
            counts: counts
                .map(|((truth, said), count)| ((place[truth], place[said]), *count))
                .collect(),
            classes: classes.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Takes the matrix of an evaluation; counts of classes that there are not are left out.
    pub fn from_object(object: &ConfusionCounts) -> Self {
        let known = |place: u32| (place as usize) < object.classes.len();
        let counts = object.counts.iter();
        Self {
            counts: counts
                .filter(|(truth, said, _)| known(*truth) && known(*said))
                .map(|(truth, said, count)| ((*truth, *said), *count))
                .collect(),
            classes: object.classes.clone(),
        }
    }

    /// Returns it as evaluations hold it.
    pub fn to_object(&self) -> ConfusionCounts {
        let counts = self.counts.iter();
        ConfusionCounts {
            classes: self.classes.clone(),
            counts: counts
                .map(|((truth, said), count)| (*truth, *said, *count))
                .collect(),
        }
    }

    /// Returns the classes, in order of their bytes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Returns the place of a class.
    pub fn place(&self, class: &str) -> Option<usize> {
        self.classes.iter().position(|own| own == class)
    }

    /// Returns how often the second class was predicted for the first.
    pub fn count(&self, truth: usize, said: usize) -> u64 {
        let pair = (truth as u32, said as u32);
        self.counts.get(&pair).copied().unwrap_or(0)
    }

    /// Returns the counts that are not zero: true class, predicted class, count.
    pub fn counts(&self) -> impl Iterator<Item = (usize, usize, u64)> + '_ {
        let counts = self.counts.iter();
        counts.map(|((truth, said), count)| (*truth as usize, *said as usize, *count))
    }

    /// Returns how many records there are.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Returns how many were predicted right.
    pub fn correct(&self) -> u64 {
        (0..self.classes.len()).map(|at| self.count(at, at)).sum()
    }

    /// Returns how often each class is true, and how often it was predicted.
    pub fn margins(&self) -> (Vec<u64>, Vec<u64>) {
        let zeros = || vec![0; self.classes.len()];
        let (mut truths, mut saids) = (zeros(), zeros());
        for (truth, said, count) in self.counts() {
            truths[truth] += count;
            saids[said] += count;
        }
        (truths, saids)
    }
}
