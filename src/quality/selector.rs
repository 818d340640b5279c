//! Selectors: metrics as people and gates write them, `NAME.FIELD.CLASS`, `.delta` for a change.
//!
//! Parts that hold a dot, a space or a quote are quoted. A field may be left out where only one
//! field has the metric.

use crate::base::nearest;
use crate::record::split_name;

use super::error::Error;
use super::metric::Metric;
use super::metrics::{REGISTRY, definition};

/// What ends a selector of a change.
const DELTA: &str = ".delta";

/// A metric that somebody named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selector {
    /// The metric's name.
    pub name: String,
    /// Its field.
    pub field: Option<String>,
    /// Its class.
    pub class: Option<String>,
    /// Whether its change is meant.
    pub delta: bool,
}

impl Selector {
    /// Reads a selector; fails with the nearest names where no metric has that name.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (path, delta) = match text.strip_suffix(DELTA) {
            Some(path) => (path, true),
            None => (text, false),
        };
        let parts = split_name(path).unwrap_or_default();
        let mut parts = parts.into_iter();
        let (name, field, class) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        if definition(&name).is_none() || parts.next().is_some() {
            let names = REGISTRY.iter().map(|definition| definition.name);
            return Err(Error::UnknownMetric {
                name: text.to_owned(),
                nearest: nearest(&name, names).map(str::to_owned),
            });
        }
        Ok(Self {
            name,
            field,
            class,
            delta,
        })
    }

    /// Returns the metric that is meant; `None` where there is none or the field is missing and
    /// several have it.
    pub fn find<'a>(&self, metrics: &'a [Metric]) -> Option<&'a Metric> {
        let mut named = metrics.iter().filter(|metric| {
            metric.name == self.name
                && metric.class == self.class
                && (self.field.is_none() || metric.field == self.field)
        });
        let first = named.next()?;
        match named.next() {
            None => Some(first),
            Some(_) => None,
        }
    }

    /// Returns the metric that is meant; fails with the nearest names where there is none.
    pub fn resolve<'a>(&self, metrics: &'a [Metric]) -> Result<&'a Metric, Error> {
        self.find(metrics).ok_or_else(|| {
            let parts = [Some(&self.name), self.field.as_ref(), self.class.as_ref()];
            let quoted = |part: &String| crate::record::quote_name(part);
            let parts: Vec<_> = parts.into_iter().flatten().map(quoted).collect();
            let name = parts.join(".");
            let paths: Vec<String> = metrics
                .iter()
                .filter(|metric| metric.name == self.name)
                .map(Metric::path)
                .collect();
            let nearest = nearest(&name, paths.iter().map(String::as_str)).map(str::to_owned);
            Error::UnknownMetric { name, nearest }
        })
    }
}
