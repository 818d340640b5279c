//! Gates as `dver.toml` writes them.

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

impl Comparison {
    /// Returns whether a value stands so to a limit.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
            Self::Equal => value == limit,
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Limit {
    /// A number.
    Number(f64),
    /// The value that the base has: a ratchet.
    Base,
}

/// A bound on a metric, such as `<= 0.01` or `<= base`.
#[derive(Clone, PartialEq, Debug)]
pub struct Bound {
    /// As written.
    pub text: String,
    /// How the value is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub limit: Limit,
}

impl Bound {
    /// Reads a bound such as `>= -0.005` or `<= base`.
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
        let limit = match rest.trim() {
            "base" => Limit::Base,
            number => Limit::Number(number.parse().ok().filter(|n: &f64| n.is_finite())?),
        };
        Some(Self {
            text: trimmed.to_owned(),
            comparison,
            limit,
        })
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
    /// Its line in `dver.toml`, counted from 1.
    pub line: usize,
}

const BOUND: &str = "a bound such as \"<= 0.01\" or \"<= base\"";
/// What ends the metric of a gate on a change.
const CHANGES: [&str; 2] = [".delta", ".change"];

impl GateConfig {
    pub(super) fn read(
        dataset: &str,
        table: &Reader<'_>,
        gates: &mut Vec<Self>,
    ) -> Result<(), Error> {
        for metric in table.keys() {
            let gate = Self {
                dataset: dataset.to_owned(),
                bound: Bound {
                    text: String::new(),
                    comparison: Comparison::Equal,
                    limit: Limit::Base,
                },
                confidence: None,
                required: false,
                base: None,
                line: table.line_at(&metric),
                metric,
            };
            gates.push(gate.filled(table)?);
        }
        Ok(())
    }

    /// Reads what stands at the gate's key.
    fn filled(mut self, table: &Reader<'_>) -> Result<Self, Error> {
        let text = match table.text_at(&self.metric) {
            Some(text) => text,
            None => {
                let inner = table.table_at(&self.metric)?;
                self.confidence = inner.number("confidence")?;
                self.required = inner.boolean("required")?.unwrap_or(false);
                self.base = inner.string("base")?;
                if let Some(share) = self.confidence
                    && !(share > 0.0 && share < 1.0)
                {
                    let expected = "a number between 0 and 1";
                    return Err(inner.bad_value("confidence", expected, &share.to_string()));
                }
                let text = match ratchet(&inner)? {
                    Some(text) => text.to_owned(),
                    None => inner.required("bound")?,
                };
                inner.finish()?;
                text
            }
        };
        let bad = |expected| table.bad_value(&self.metric, expected, &text);
        let bound = Bound::parse(&text).ok_or_else(|| bad(BOUND))?;
        let of_change = CHANGES.iter().any(|end| self.metric.ends_with(end));
        if bound.limit == Limit::Base && of_change {
            return Err(bad("a number: a change is taken against the base already"));
        }
        self.bound = bound;
        Ok(self)
    }
}

/// Returns the bound that a `ratchet` stands for.
fn ratchet(table: &Reader<'_>) -> Result<Option<&'static str>, Error> {
    let way = table.one_of("ratchet", "up or down", &["up", "down"])?;
    if way.is_some() && table.string("bound")?.is_some() {
        let expected = "no `ratchet` beside it";
        return Err(table.bad_value("bound", expected, "bound"));
    }
    Ok(way.map(|way| if way == "down" { "<= base" } else { ">= base" }))
}
