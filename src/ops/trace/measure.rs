//! Which score is traced: its path in words, as the attribution knows it, and its sealed value.

use super::super::error::Error;
use super::super::eval::Told;
use crate::attribute::Metric;
use crate::record::split_name;

/// A score that is traced.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Measured {
    /// Its name, such as `micro_f1`.
    pub(super) name: String,
    /// The class that it is about, by the names of the newer version.
    pub(super) class: Option<String>,
}

/// The scores that are ratios of two counts.
const NAMES: [&str; 7] = [
    "accuracy",
    "micro_f1",
    "micro_precision",
    "micro_recall",
    "f1",
    "precision",
    "recall",
];

impl Measured {
    /// Reads `accuracy`, `micro_f1` or `f1.CLASS`.
    pub(super) fn parse(path: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::Usage(format!(
                "`{path}` cannot be traced: {why}; there are accuracy, micro_f1, micro_precision, \
                 micro_recall, f1.CLASS, precision.CLASS and recall.CLASS"
            ))
        };
        let parts = split_name(path).ok_or_else(|| wrong("it is no name of a score"))?;
        let mut parts = parts.into_iter();
        let (name, class) = (parts.next().unwrap_or_default(), parts.next());
        if !NAMES.contains(&name.as_str()) || parts.next().is_some() {
            return Err(wrong("it is no ratio of two counts"));
        }
        let of_class = ["f1", "precision", "recall"].contains(&name.as_str());
        match (of_class, &class) {
            (true, None) => Err(wrong("it needs a class")),
            (false, Some(_)) => Err(wrong("it is not about a class")),
            _ => Ok(Self { name, class }),
        }
    }

    /// Returns it as the attribution knows it.
    pub(super) fn metric(
        &self,
        null_class: Option<&str>,
        place: &dyn Fn(&str) -> Option<u32>,
    ) -> Result<Metric, Error> {
        let null = null_class.and_then(place);
        let class = || {
            let class = self.class.as_deref().unwrap_or_default();
            place(class).ok_or_else(|| {
                Error::Usage(format!(
                    "no test record and no answer is of the class `{class}`"
                ))
            })
        };
        Ok(match self.name.as_str() {
            "micro_f1" => Metric::MicroF1(null),
            "micro_precision" => Metric::MicroPrecision(null),
            "micro_recall" => Metric::MicroRecall(null),
            "f1" => Metric::F1(class()?),
            "precision" => Metric::Precision(class()?),
            "recall" => Metric::Recall(class()?),
            _ => Metric::Accuracy,
        })
    }

    /// Returns its value in an evaluation, where a class may have had another name.
    pub(super) fn sealed(
        &self,
        told: &Told,
        older: &dyn Fn(&str) -> Option<String>,
    ) -> Option<f64> {
        let find = |class: Option<&str>| {
            let scores = told.scores.iter();
            let mut found = scores.filter(|s| s.name == self.name && s.class.as_deref() == class);
            found.next()?.value
        };
        let class = self.class.as_deref();
        let old = class.and_then(older);
        find(old.as_deref().or(class)).or_else(|| find(class))
    }
}
