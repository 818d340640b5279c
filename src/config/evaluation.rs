//! Gates and evaluations as `dver.toml` writes them.

use super::error::Error;
use super::reader::Reader;

/// How a value is compared with a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `=` or `==`
    Equal,
}

/// A bound on a metric, such as `<= 0.01`.
#[derive(Clone, PartialEq, Debug)]
pub struct Bound {
    /// As written.
    pub text: String,
    /// How the value is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub value: f64,
}

impl Bound {
    /// Reads a bound such as `>= -0.005`.
    pub fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        let (comparison, rest) = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("==", Comparison::Equal),
            ("<", Comparison::Below),
            (">", Comparison::Above),
            ("=", Comparison::Equal),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, trimmed.strip_prefix(sign)?)))?;
        let value: f64 = rest.trim().parse().ok()?;
        value.is_finite().then(|| Self {
            text: trimmed.to_owned(),
            comparison,
            value,
        })
    }

    /// Returns whether a value is within the bound.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::AtMost => value <= self.value,
            Comparison::Below => value < self.value,
            Comparison::AtLeast => value >= self.value,
            Comparison::Above => value > self.value,
            Comparison::Equal => value == self.value,
        }
    }
}

/// One line of a `[gate.DATASET]` table.
#[derive(Clone, PartialEq, Debug)]
pub struct GateConfig {
    /// The data set it guards.
    pub dataset: String,
    /// The metric as written, such as `missing.label` or `baseline:accuracy.delta`.
    pub metric: String,
    /// The bound on its value.
    pub bound: Bound,
    /// Refuse only when the whole interval of this confidence is beyond the bound.
    pub confidence: Option<f64>,
    /// Whether a metric that was not measured refuses.
    pub required: bool,
    /// The revision that changes are taken against; the parent where it is not written.
    pub base: Option<String>,
}

const BOUND: &str = "a bound such as \"<= 0.01\"";

impl GateConfig {
    pub(super) fn read(
        dataset: &str,
        table: &Reader<'_>,
        gates: &mut Vec<Self>,
    ) -> Result<(), Error> {
        for metric in table.keys() {
            let (mut confidence, mut required, mut base) = (None, false, None);
            let text = match table.text_at(&metric) {
                Some(text) => text,
                None => {
                    let inner = table.table_at(&metric)?;
                    confidence = inner.number("confidence")?;
                    required = inner.boolean("required")?.unwrap_or(false);
                    base = inner.string("base")?;
                    let text = inner.required("bound")?;
                    if let Some(share) = confidence
                        && !(share > 0.0 && share < 1.0)
                    {
                        let expected = "a number between 0 and 1";
                        return Err(inner.bad_value("confidence", expected, &share.to_string()));
                    }
                    inner.finish()?;
                    text
                }
            };
            let bound =
                Bound::parse(&text).ok_or_else(|| table.bad_value(&metric, BOUND, &text))?;
            gates.push(Self {
                dataset: dataset.to_owned(),
                metric,
                bound,
                confidence,
                required,
                base,
            });
        }
        Ok(())
    }
}

/// One `[eval.NAME]` table.
#[derive(Clone, PartialEq, Debug)]
pub struct EvaluationConfig {
    /// Its name.
    pub name: String,
    /// The data set it reads.
    pub dataset: String,
    /// The learner, or `command` or `import`.
    pub model: String,
    /// Which records train the model.
    pub train: Option<String>,
    /// Which records test it.
    pub test: Option<String>,
    /// Whether it runs at each commit; otherwise on request.
    pub at_commit: bool,
    /// The scores wanted.
    pub metrics: Vec<String>,
    /// The class that stands for "none of these" in micro F1.
    pub null_class: Option<String>,
    /// The external command, of model `command`.
    pub command: Option<String>,
}

impl EvaluationConfig {
    pub(super) fn read(name: String, table: Reader<'_>) -> Result<Self, Error> {
        let models = [
            "knn",
            "ridge",
            "naive-bayes",
            "logistic",
            "majority",
            "command",
            "import",
        ];
        let model = table
            .one_of("model", "the name of a model", &models)?
            .ok_or_else(|| table.missing("model"))?;
        let when = table.one_of("when", "commit or request", &["commit", "request"])?;
        let config = Self {
            name,
            dataset: table.required("dataset")?,
            train: table.string("train")?,
            test: table.string("test")?,
            at_commit: when.as_deref() == Some("commit"),
            metrics: table.strings("metrics")?.unwrap_or_default(),
            null_class: table.string("null_class")?,
            command: table.string("command")?,
            model,
        };
        if config.model == "command" && config.command.is_none() {
            return Err(table.missing("command"));
        }
        table.finish()?;
        Ok(config)
    }
}
