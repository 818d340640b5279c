//! Scores that are a ratio of two sums over the test records.

/// What is attributed: sum of numerators / sum of denominators over the test records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// The share of right answers.
    Accuracy,
    /// Right finds among the finds, of all classes but one.
    MicroPrecision(Option<u32>),
    /// Right finds among what is to be found, of all classes but one.
    MicroRecall(Option<u32>),
    /// Twice the right finds among finds and what is to be found, of all classes but one.
    MicroF1(Option<u32>),
    /// Of the answers that say a class, the right ones.
    Precision(u32),
    /// Of the records of a class, those found.
    Recall(u32),
    /// Twice the right ones of a class among answers and records of it.
    F1(u32),
}

impl Metric {
    /// Returns what one test record adds to numerator and denominator.
    pub fn of(self, truth: u32, said: u32) -> (i64, i64) {
        let right = truth == said;
        let finds = |class: u32, null: Option<u32>| Some(class) != null;
        let (num, den) = match self {
            Self::Accuracy => (right, 1),
            Self::MicroPrecision(null) => {
                (right && finds(truth, null), i64::from(finds(said, null)))
            }
            Self::MicroRecall(null) => (right && finds(truth, null), i64::from(finds(truth, null))),
            Self::MicroF1(null) => (
                right && finds(truth, null),
                i64::from(finds(said, null)) + i64::from(finds(truth, null)),
            ),
            Self::Precision(class) => (right && said == class, i64::from(said == class)),
            Self::Recall(class) => (right && truth == class, i64::from(truth == class)),
            Self::F1(class) => (
                right && said == class,
                i64::from(said == class) + i64::from(truth == class),
            ),
        };
        let doubled = matches!(self, Self::MicroF1(_) | Self::F1(_));
        (i64::from(num) * if doubled { 2 } else { 1 }, den)
    }

    /// Returns whether the denominator does not depend on what the model says.
    pub(super) fn counts_truths(self) -> bool {
        matches!(
            self,
            Self::Accuracy | Self::MicroRecall(_) | Self::Recall(_)
        )
    }

    /// Returns whether the denominator depends on nothing but how many test records there are.
    pub(super) fn counts_records(self) -> bool {
        self == Self::Accuracy
    }
}
