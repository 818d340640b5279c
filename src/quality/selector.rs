//! Selectors: metrics as people and gates write them, `NAME.FIELD.CLASS`, with `.delta` for the
//! change against the base and `.change` for that change as a share of the base's value.
//!
//! Parts that hold a dot, a space or a quote are quoted. A field may be left out where only one
//! field has the metric.

use crate::base::nearest;
use crate::record::split_name;

use super::error::Error;
use super::metric::Metric;
use super::metrics::{REGISTRY, definition};

/// What of a metric is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aspect {
    /// Its value.
    Value,
    /// The value minus that of the base.
    Delta,
    /// The same as a share of the base's value.
    Change,
}

impl Aspect {
    /// Takes the end of a selector that says which aspect is meant off.
    pub fn split(text: &str) -> (&str, Self) {
        let ends = [(".delta", Self::Delta), (".change", Self::Change)];
        let found = ends
            .into_iter()
            .find_map(|(end, aspect)| Some((text.strip_suffix(end)?, aspect)));
        found.unwrap_or((text, Self::Value))
    }
}

/// The one metric of classes that is 0 for a class that is not there.
const CLASS_SHARE: &str = "class_share";

/// A metric that somebody named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selector {
    /// The metric's name.
    pub name: String,
    /// Its field.
    pub field: Option<String>,
    /// Its class.
    pub class: Option<String>,
    /// What of it is meant.
    pub aspect: Aspect,
}

impl Selector {
    /// Reads a selector; fails with the nearest names where no metric has that name.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (path, aspect) = Aspect::split(text);
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
            aspect,
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

    /// Returns every metric that a gate names: the one that is named in full, or all of that name
    /// that the parts which are given leave. Of classes that have records in `older` alone, too.
    pub(super) fn named(&self, metrics: &[Metric], older: &[Metric]) -> Vec<Metric> {
        let fits = |metric: &&Metric| {
            let part =
                |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
            metric.name == self.name
                && part(&self.field, &metric.field)
                && part(&self.class, &metric.class)
        };
        let mut named: Vec<Metric> = metrics.iter().filter(fits).cloned().collect();
        for metric in older.iter().filter(fits) {
            if !named.iter().any(|own| own.is_same(metric)) {
                named.extend(died_out(metric, metrics));
            }
        }
        let whole = |metric: &&Metric| metric.field == self.field && metric.class == self.class;
        match named.iter().find(whole) {
            Some(metric) => vec![metric.clone()],
            None => named,
        }
    }

    /// Returns the same metric of another version.
    pub(super) fn counterpart(metric: &Metric, metrics: &[Metric]) -> Option<Metric> {
        let same = metrics.iter().find(|other| other.is_same(metric));
        same.cloned().or_else(|| died_out(metric, metrics))
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

/// Returns the share of a class that has no records in a version: 0 of its labels.
fn died_out(metric: &Metric, metrics: &[Metric]) -> Option<Metric> {
    let sibling = |other: &&Metric| other.name == metric.name && other.field == metric.field;
    let sibling = metrics.iter().find(sibling)?;
    sibling.value?;
    (metric.name == CLASS_SHARE && metric.class.is_some()).then(|| Metric {
        value: Some(0.0),
        num: Some(crate::object::Int(0)),
        note: None,
        class: metric.class.clone(),
        ..sibling.clone()
    })
}
