//! Confident learning: which given labels the predicted probabilities contradict.
//!
//! Northcutt, Jiang, Chuang: Confident Learning, JAIR 70 (2021). Probabilities must come from a
//! model that has not seen the records; nothing here can tell.

/// What is added to thresholds' reach, so that rounding does not decide.
const SLACK: f64 = 1e-6;
/// The threshold of a class that no record has: no probability reaches it.
const UNREACHABLE: f64 = 2.0;

/// Probabilities of records with their given labels.
#[derive(Clone, Copy, Debug)]
pub struct Confident<'a> {
    /// One row of `classes` numbers for each record.
    pub probabilities: &'a [f64],
    /// How many classes there are.
    pub classes: usize,
    /// The given class of each record.
    pub labels: &'a [u32],
}

/// Which records are taken for issues.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prune {
    /// For each pair of classes as many as the joint counts, by the largest margin between them.
    NoiseRate,
    /// For each class as many as the joint counts off its diagonal, by the lowest self-confidence.
    Class,
    /// Those that both of these take.
    Both,
    /// Those that are counted off the joint's diagonal.
    ConfidentJoint,
    /// As many as the share of the joint off its diagonal, by the smallest normalised margin.
    SmallestMargins,
}

/// How suspicious a label is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Score {
    /// p(given): lower is more suspicious.
    SelfConfidence,
    /// p(given) - the highest other p: lower is more suspicious.
    NormalisedMargin,
    /// Entropy / ln K / p(given): higher is more suspicious.
    WeightedEntropy,
}

impl Score {
    /// Returns the score of that name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::SelfConfidence,
            Self::NormalisedMargin,
            Self::WeightedEntropy,
        ];
        all.into_iter().find(|one| one.name() == name)
    }

    /// Returns the name that methods print.
    pub fn name(self) -> &'static str {
        match self {
            Self::SelfConfidence => "self-confidence",
            Self::NormalisedMargin => "normalised-margin",
            Self::WeightedEntropy => "weighted-entropy",
        }
    }

    /// Returns whether low values are the suspicious ones.
    pub fn is_ascending(self) -> bool {
        self != Self::WeightedEntropy
    }
}

impl Prune {
    /// Returns the rule of that name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::NoiseRate,
            Self::Class,
            Self::Both,
            Self::ConfidentJoint,
            Self::SmallestMargins,
        ];
        all.into_iter().find(|one| one.name() == name)
    }

    /// Returns the name that methods print.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoiseRate => "noise-rate",
            Self::Class => "class",
            Self::Both => "both",
            Self::ConfidentJoint => "confident-joint",
            Self::SmallestMargins => "smallest-margins",
        }
    }
}

impl Confident<'_> {
    fn row(&self, record: usize) -> &[f64] {
        &self.probabilities[record * self.classes..(record + 1) * self.classes]
    }

    /// Returns the class of the highest probability, of equals the first.
    pub fn predicted(&self, record: usize) -> u32 {
        let mut best = 0;
        for (class, p) in self.row(record).iter().enumerate() {
            if *p > self.row(record)[best] {
                best = class;
            }
        }
        best as u32
    }

    /// Returns for each class the mean probability of it among the records that have it.
    pub fn thresholds(&self) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; self.classes], vec![0u64; self.classes]);
        for (record, &label) in self.labels.iter().enumerate() {
            sums[label as usize] += self.row(record)[label as usize];
            counts[label as usize] += 1;
        }
        let mean = |(sum, count): (f64, u64)| match count {
            0 => UNREACHABLE,
            _ => (sum / count as f64).max(2.0 * SLACK),
        };
        sums.into_iter().zip(counts).map(mean).collect()
    }

    /// Returns the class that each record confidently belongs to: the only one whose threshold its
    /// probability reaches, or of several the most probable; `None` where there is none.
    pub fn guesses(&self) -> Vec<Option<u32>> {
        let thresholds = self.thresholds();
        let guess = |record: usize| {
            let reached = |(p, threshold): (&f64, &f64)| *p >= threshold - SLACK;
            let row = self.row(record).iter().zip(&thresholds).map(reached);
            let mut confident = row.enumerate().filter(|(_, reached)| *reached);
            let first = confident.next()?.0;
            match confident.next() {
                None => Some(first as u32),
                Some(_) => Some(self.predicted(record)),
            }
        };
        (0..self.labels.len()).map(guess).collect()
    }

    /// Returns the confident joint: how many records of each given class belong to each class.
    /// Each class counts at least one of its own. Calibrated, rows add up to the given counts.
    pub fn joint(&self, calibrate: bool) -> Vec<Vec<i64>> {
        let mut counts = vec![vec![0i64; self.classes]; self.classes];
        for (label, guess) in self.labels.iter().zip(self.guesses()) {
            if let Some(guess) = guess {
                counts[*label as usize][guess as usize] += 1;
            }
        }
        for (class, row) in counts.iter_mut().enumerate() {
            row[class] = row[class].max(1);
        }
        if !calibrate {
            return counts;
        }
        let mut given = vec![0u64; self.classes];
        self.labels
            .iter()
            .for_each(|label| given[*label as usize] += 1);
        let scaled = counts.iter().zip(&given).map(|(row, given)| {
            let sum = row.iter().sum::<i64>() as f64;
            row.iter()
                .map(|count| *count as f64 / sum * *given as f64)
                .collect()
        });
        let scaled: Vec<Vec<f64>> = scaled.collect();
        let all: f64 = scaled.iter().flatten().sum();
        let factor = self.labels.len() as f64;
        scaled
            .into_iter()
            .map(|row| {
                rounded(
                    &row.iter()
                        .map(|x| x / all.max(1e-100) * factor)
                        .collect::<Vec<_>>(),
                )
            })
            .collect()
    }

    /// Returns for each record whether its label is an issue. Where the most probable class is
    /// the given one it is none, save among the smallest margins.
    pub fn issues(&self, prune: Prune, calibrate: bool) -> Vec<bool> {
        let mut found = match prune {
            Prune::NoiseRate => self.by_noise_rate(&self.joint(calibrate)),
            Prune::Class => self.by_class(&self.joint(calibrate)),
            Prune::Both => {
                let joint = self.joint(calibrate);
                let other = self.by_class(&joint);
                let both = self.by_noise_rate(&joint).into_iter().zip(other);
                both.map(|(a, b)| a && b).collect()
            }
            Prune::ConfidentJoint => {
                let pairs = self.labels.iter().zip(self.guesses());
                pairs
                    .map(|(label, guess)| guess.is_some_and(|guess| guess != *label))
                    .collect()
            }
            Prune::SmallestMargins => return self.by_margin(&self.joint(calibrate)),
        };
        for (record, found) in found.iter_mut().enumerate() {
            *found &= self.predicted(record) != self.labels[record];
        }
        found
    }

    /// Marks the `most` records of a class of the smallest numbers, of equals the first.
    fn mark(
        &self,
        found: &mut [bool],
        records: impl Iterator<Item = usize>,
        most: i64,
        number: impl Fn(usize) -> f64,
    ) {
        let mut order: Vec<(f64, usize)> = records.map(|record| (number(record), record)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let most = usize::try_from(most).unwrap_or(0);
        order
            .iter()
            .take(most)
            .for_each(|(_, record)| found[*record] = true);
    }

    fn of_class(&self, class: usize) -> Vec<usize> {
        let of = |record: &usize| self.labels[*record] as usize == class;
        (0..self.labels.len()).filter(of).collect()
    }

    fn by_noise_rate(&self, joint: &[Vec<i64>]) -> Vec<bool> {
        let mut found = vec![false; self.labels.len()];
        let joint = at_least_one(joint);
        for (given, row) in joint.iter().enumerate() {
            let records = self.of_class(given);
            if records.len() <= 1 {
                continue;
            }
            for (class, count) in row.iter().enumerate().filter(|(class, _)| *class != given) {
                let margin = |record: usize| self.row(record)[given] - self.row(record)[class];
                self.mark(&mut found, records.iter().copied(), *count, margin);
            }
        }
        found
    }

    fn by_class(&self, joint: &[Vec<i64>]) -> Vec<bool> {
        let mut found = vec![false; self.labels.len()];
        let joint = at_least_one(joint);
        for (given, row) in joint.iter().enumerate() {
            let records = self.of_class(given);
            if records.len() <= 1 {
                continue;
            }
            let most = records.len() as i64 - row[given];
            let own = |record: usize| self.row(record)[given];
            self.mark(&mut found, records.iter().copied(), most, own);
        }
        found
    }

    fn by_margin(&self, joint: &[Vec<i64>]) -> Vec<bool> {
        let mut found = vec![false; self.labels.len()];
        let all: i64 = joint.iter().flatten().sum();
        let trace: i64 = (0..self.classes).map(|class| joint[class][class]).sum();
        let share = 1.0 - trace as f64 / all.max(1) as f64;
        let most = (share * self.labels.len() as f64) as i64;
        let margin = |record: usize| self.score(Score::NormalisedMargin, record);
        self.mark(&mut found, 0..self.labels.len(), most, margin);
        found
    }

    /// Returns how suspicious the label of a record is.
    pub fn score(&self, score: Score, record: usize) -> f64 {
        use crate::base::elementary::ln;
        let row = self.row(record);
        let given = self.labels[record] as usize;
        match score {
            Score::SelfConfidence => row[given],
            Score::NormalisedMargin => {
                let others = row.iter().enumerate().filter(|(class, _)| *class != given);
                row[given] - others.map(|(_, p)| *p).fold(0.0, f64::max)
            }
            Score::WeightedEntropy => {
                let part = |p: &f64| {
                    if *p > 0.0 && p.is_normal() {
                        -p * ln(*p)
                    } else {
                        0.0
                    }
                };
                let entropy: f64 = row.iter().map(part).sum();
                let most = ln(self.classes.max(2) as f64);
                entropy / most / row[given].max(SLACK)
            }
        }
    }
}

/// Rounds numbers so that their sum is the rounded sum: half to even, then what is missing goes to
/// those that rounding moved most.
fn rounded(numbers: &[f64]) -> Vec<i64> {
    let mut out: Vec<f64> = numbers.iter().map(|x| x.round_ties_even()).collect();
    let goal = numbers.iter().sum::<f64>().round_ties_even();
    loop {
        let missing = goal - out.iter().sum::<f64>();
        if missing.abs() < 0.5 || out.is_empty() {
            return out.into_iter().map(|x| x as i64).collect();
        }
        // Of equals the first class; cleanlab leaves that to the order of numpy's sort.
        let moved = |at: &usize| (numbers[*at] - out[*at]) * missing.signum();
        let mut order: Vec<usize> = (0..out.len()).collect();
        order.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
        let most = (missing.abs() as usize).min(out.len());
        order
            .into_iter()
            .take(most)
            .for_each(|at| out[at] += missing.signum());
    }
}

/// Leaves at least one record of each class with its label: what a diagonal lacks is taken evenly
/// from the rest of its row.
fn at_least_one(joint: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let mut out = joint.to_vec();
    for (given, row) in out.iter_mut().enumerate() {
        let lacking = 1 - row[given];
        if lacking <= 0 {
            continue;
        }
        let others = row
            .iter()
            .filter(|count| **count != 0)
            .count()
            .saturating_sub(1)
            .max(1);
        let less = |count: i64| (count as f64 - lacking as f64 / others as f64).max(0.0) as i64;
        row.iter_mut().for_each(|count| *count = less(*count));
        row[given] = 1;
    }
    out
}
