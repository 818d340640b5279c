//! Scores of a confusion matrix. Formulas: docs/evaluation.md.

use crate::object::{Int, ScoreRatio};

use super::calibration::Calibration;
use super::confusion::Confusion;
use super::interval::wilson;

/// The version of all definitions here: part of an evaluation's definition.
pub const METRICS_VERSION: u32 = 1;

/// The names of all scores; the last three are of classes.
pub const NAMES: [&str; 12] = [
    "accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "micro_precision",
    "micro_recall",
    "micro_f1",
    "mcc",
    "ece",
    "precision",
    "recall",
    "f1",
];

/// One score.
#[derive(Clone, PartialEq, Debug)]
pub struct Score {
    /// Its name, such as `macro_f1`.
    pub name: &'static str,
    /// The class that it is about.
    pub class: Option<String>,
    /// Its value; `None` where it is undefined.
    pub value: Option<f64>,
    /// Numerator and denominator, where it is a ratio of two integers.
    pub ratio: Option<(u64, u64)>,
    /// The interval of 95 %, where there is a formula for it.
    pub interval: Option<(f64, f64)>,
    /// Why it is undefined, or what else a reader must know.
    pub note: Option<String>,
}

impl Score {
    fn ratio(name: &'static str, class: Option<&str>, num: u64, den: u64, why: &str) -> Self {
        Self {
            name,
            class: class.map(str::to_owned),
            value: (den > 0).then(|| num as f64 / den as f64),
            ratio: Some((num, den)),
            interval: None,
            note: (den == 0).then(|| why.to_owned()),
        }
    }

    fn float(name: &'static str, value: Option<f64>, note: Option<String>) -> Self {
        Self {
            name,
            class: None,
            value,
            ratio: None,
            interval: None,
            note,
        }
    }

    /// Says how sure a share of independent records is.
    fn share(mut self) -> Self {
        self.interval = self.ratio.and_then(|(num, den)| wilson(num, den));
        self
    }
}

/// Returns all scores: those of the whole, then precision, recall and F1 of each class.
pub fn scores(
    confusion: &Confusion,
    null_class: Option<&str>,
    calibration: Option<&Calibration>,
) -> Vec<Score> {
    let (truths, saids) = confusion.margins();
    let (total, correct) = (confusion.total(), confusion.correct());
    let mut by_class = Vec::new();
    for (at, class) in confusion.classes().iter().enumerate() {
        let (class, hits) = (Some(class.as_str()), confusion.count(at, at));
        let (truth, said) = (truths[at], saids[at]);
        let precision = Score::ratio("precision", class, hits, said, "never predicted");
        let recall = Score::ratio("recall", class, hits, truth, "no such record");
        let why = "no such record, and never predicted";
        by_class.push([
            precision.share(),
            recall.share(),
            Score::ratio("f1", class, 2 * hits, truth + said, why),
        ]);
    }
    let mut out = vec![Score::ratio("accuracy", None, correct, total, "no records").share()];
    for (which, name) in ["macro_precision", "macro_recall", "macro_f1"]
        .into_iter()
        .enumerate()
    {
        out.push(mean(name, &by_class, which));
    }
    out.extend(micro(confusion, null_class, (&truths, &saids)));
    out.push(mcc(confusion, (&truths, &saids)));
    if let Some(calibration) = calibration {
        let (off, records) = calibration.error();
        let value = (records > 0).then(|| off as f64 / 1e6 / records as f64);
        out.push(Score::float("ece", value, None));
    }
    out.extend(by_class.into_iter().flatten());
    out
}

/// Returns the scores that are sealed: those that are ratios of two integers.
pub fn ratios(scores: &[Score]) -> Vec<ScoreRatio> {
    let sealed = |score: &Score| {
        let (num, den) = score.ratio?;
        Some(ScoreRatio {
            name: score.name.to_owned(),
            class: score.class.clone(),
            num: Int::from(num),
            den: Int::from(den),
        })
    };
    scores.iter().filter_map(sealed).collect()
}

/// Returns the mean over the classes for which a score is defined.
fn mean(name: &'static str, by_class: &[[Score; 3]], which: usize) -> Score {
    let of = by_class.iter().map(|scores| &scores[which]);
    let values: Vec<f64> = of.filter_map(|score| score.value).collect();
    let left_out = by_class.len() - values.len();
    let value = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let note = match (value, left_out) {
        (None, _) => Some("no class for which it is defined".to_owned()),
        (_, 0) => None,
        (_, 1) => Some("1 class, for which it is undefined, is left out".to_owned()),
        (_, n) => Some(format!(
            "{n} classes, for which it is undefined, are left out"
        )),
    };
    Score::float(name, value, note)
}

/// Returns the scores over all decisions; those for the null class are no finds.
fn micro(
    confusion: &Confusion,
    null_class: Option<&str>,
    (truths, saids): (&[u64], &[u64]),
) -> [Score; 3] {
    let null = null_class.and_then(|class| confusion.place(class));
    let of_null = |counts: &[u64]| null.map_or(0, |at| counts[at]);
    let (total, correct) = (confusion.total(), confusion.correct());
    let hits = correct - null.map_or(0, |at| confusion.count(at, at));
    let (found, there) = (total - of_null(saids), total - of_null(truths));
    let precision = Score::ratio("micro_precision", None, hits, found, "nothing predicted");
    let recall = Score::ratio("micro_recall", None, hits, there, "nothing to find");
    let why = "nothing to find, and nothing predicted";
    [
        precision.share(),
        recall.share(),
        Score::ratio("micro_f1", None, 2 * hits, found + there, why),
    ]
}

/// Returns the correlation coefficient of Matthews, for any number of classes (Gorodkin).
fn mcc(confusion: &Confusion, (truths, saids): (&[u64], &[u64])) -> Score {
    let dot = |a: &[u64], b: &[u64]| -> i128 {
        let products = a
            .iter()
            .zip(b)
            .map(|(a, b)| i128::from(*a) * i128::from(*b));
        products.sum()
    };
    let (total, correct) = (confusion.total(), confusion.correct());
    let square = i128::from(total) * i128::from(total);
    let over = i128::from(correct) * i128::from(total) - dot(truths, saids);
    let (of_said, of_truth) = (square - dot(saids, saids), square - dot(truths, truths));
    let under = (of_said as f64).sqrt() * (of_truth as f64).sqrt();
    match of_said > 0 && of_truth > 0 {
        true => Score::float("mcc", Some(over as f64 / under), None),
        false => {
            let note = "only one class is there or was predicted".to_owned();
            Score::float("mcc", None, Some(note))
        }
    }
}
