//! Rules: what `dver.toml` holds the values of a field to, and whether a value breaks one.
//!
//! Each rule is about one value, so violations can be counted up and taken back record by record.
//! `unique` and `references` are about many: tables and the values of the other data set tell of
//! those. Words and meaning: docs/quality.md, "Constraints".

use std::collections::BTreeSet;
use std::fmt::Write as _;

use regex::Regex;

use crate::config::FieldConfig;
use crate::record::{Batch, Cell, CellKind, Type, normalized};

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {rule} of the field `{field}`: {reason}")]
pub struct BadRule {
    /// The field.
    pub field: String,
    /// The rule, as dver.toml calls it.
    pub rule: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// One rule about the values of one field.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The field.
    pub field: String,
    check: Check,
}

#[derive(Clone, Debug)]
enum Check {
    Type(Type),
    Required,
    OneOf(BTreeSet<String>),
    Min(Limit),
    Max(Limit),
    Pattern(Regex),
    MinLength(u64),
    MaxLength(u64),
}

/// The end of a range: a number, or a date as it is written.
#[derive(Clone, Debug)]
enum Limit {
    Number(f64),
    Date(String),
}

/// A reference to the values of another data set's field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The field that refers.
    pub field: String,
    /// The other data set.
    pub dataset: String,
    /// Its field.
    pub target: String,
}

/// The most fields of a data set that can be declared unique: each has a table of its own.
const MOST_UNIQUE: usize = 64;

/// The rules of a data set, in the order of `dver.toml`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    unique: Vec<String>,
    references: Vec<Reference>,
    spelled: String,
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.spelled == other.spelled
    }
}

impl Eq for Rules {}

impl Limit {
    fn parse(text: &str) -> Option<Self> {
        match Type::of(Cell::text(text)) {
            Type::Integer | Type::Float => text.parse().ok().map(Self::Number),
            Type::Date | Type::Datetime => Some(Self::Date(text.replace(' ', "T"))),
            _ => None,
        }
    }

    /// Returns how a value compares; `None` where it is of another kind.
    fn compare(&self, cell: Cell<'_>) -> Option<std::cmp::Ordering> {
        match (self, Type::of(cell)) {
            (Self::Number(limit), Type::Integer | Type::Float) => {
                cell.text.parse::<f64>().ok()?.partial_cmp(limit)
            }
            // A date is the beginning of its day, and written from the largest unit down.
            (Self::Date(limit), Type::Date | Type::Datetime) => {
                Some(cell.text.replace(' ', "T").as_str().cmp(limit))
            }
            _ => None,
        }
    }
}

impl Check {
    fn name(&self) -> &'static str {
        match self {
            Self::Type(_) => "type",
            Self::Required => "required",
            Self::OneOf(_) => "enum",
            Self::Min(_) => "min",
            Self::Max(_) => "max",
            Self::Pattern(_) => "pattern",
            Self::MinLength(_) => "min_length",
            Self::MaxLength(_) => "max_length",
        }
    }

    /// Returns whether a value breaks the rule. A missing value breaks only `required`.
    fn is_broken(&self, cell: Option<Cell<'_>>) -> bool {
        let Some(cell) = cell else {
            return matches!(self, Self::Required);
        };
        let length = || cell.text.chars().count() as u64;
        match self {
            Self::Required => false,
            Self::Type(kind) => kind.join(Type::of(cell)) != *kind,
            Self::OneOf(values) => match elements(cell) {
                Some(elements) => !elements.iter().all(|e| values.contains(&*normalized(e))),
                None => !values.contains(&*normalized(cell.text)),
            },
            Self::Min(limit) => limit.compare(cell).is_none_or(|order| order.is_lt()),
            Self::Max(limit) => limit.compare(cell).is_none_or(|order| order.is_gt()),
            Self::Pattern(regex) => !regex.is_match(cell.text),
            Self::MinLength(least) => length() < *least,
            Self::MaxLength(most) => length() > *most,
        }
    }
}

/// Returns the elements of a list of texts and numbers.
fn elements(cell: Cell<'_>) -> Option<Vec<String>> {
    if cell.kind != CellKind::List {
        return None;
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(cell.text).ok()?;
    let spelled = values.into_iter().map(|value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    });
    Some(spelled.collect())
}

impl Rule {
    /// Returns its name, as dver.toml writes it.
    pub fn name(&self) -> &'static str {
        self.check.name()
    }

    /// Returns whether a value breaks the rule; `None` is a missing value.
    pub fn is_broken(&self, cell: Option<Cell<'_>>) -> bool {
        self.check.is_broken(cell)
    }
}

impl Rules {
    /// Gives the constraints of `dver.toml` their meaning.
    pub fn new(constraints: &[(String, FieldConfig)]) -> Result<Self, BadRule> {
        let mut rules = Self::default();
        for (field, config) in constraints {
            rules.add(field, config)?;
        }
        Ok(rules)
    }

    fn add(&mut self, name: &str, config: &FieldConfig) -> Result<(), BadRule> {
        let field = normalized(name).into_owned();
        let bad = |rule, reason: &str| BadRule {
            field: field.clone(),
            rule,
            reason: reason.to_owned(),
        };
        let limit = |rule, text: &String| {
            Limit::parse(text).ok_or_else(|| bad(rule, "it is neither a number nor a date"))
        };
        let mut checks = Vec::new();
        if let Some(kind) = &config.kind {
            let kind = Type::from_name(kind).ok_or_else(|| bad("type", "there is no such type"))?;
            checks.push(Check::Type(kind));
        }
        if config.required == Some(true) {
            checks.push(Check::Required);
        }
        if let Some(values) = &config.one_of {
            let values = values.iter().map(|value| normalized(value).into_owned());
            checks.push(Check::OneOf(values.collect()));
        }
        if let Some(text) = &config.min {
            checks.push(Check::Min(limit("min", text)?));
        }
        if let Some(text) = &config.max {
            checks.push(Check::Max(limit("max", text)?));
        }
        if let Some(pattern) = &config.pattern {
            let whole = format!("^(?:{pattern})$");
            let regex = Regex::new(&whole).map_err(|e| bad("pattern", &e.to_string()))?;
            checks.push(Check::Pattern(regex));
        }
        checks.extend(config.min_length.map(Check::MinLength));
        checks.extend(config.max_length.map(Check::MaxLength));
        // The text of what was declared stands for the rules: equal texts are equal rules.
        let _ = writeln!(self.spelled, "{field:?} {config:?}"); // writing to a string cannot fail
        if config.unique == Some(true) {
            self.unique.push(field.clone());
            if self.unique.len() > MOST_UNIQUE {
                return Err(bad("unique", "too many fields are declared unique"));
            }
        }
        if let Some((dataset, target)) = &config.references {
            self.references.push(Reference {
                field: field.clone(),
                dataset: dataset.clone(),
                target: normalized(target).into_owned(),
            });
        }
        let rule = |check| Rule {
            field: field.clone(),
            check,
        };
        self.rules.extend(checks.into_iter().map(rule));
        Ok(())
    }

    /// Returns the rules about single values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Returns the rule of that name about a field.
    pub fn get(&self, field: &str, name: &str) -> Option<&Rule> {
        let mut rules = self.rules.iter();
        rules.find(|rule| rule.field == field && rule.name() == name)
    }

    /// Returns whether the `enum` of a field has a value, where the field has one.
    pub fn allows(&self, field: &str, value: &str) -> bool {
        let lists = self.rules.iter().filter(|rule| rule.field == field);
        lists.into_iter().all(|rule| match &rule.check {
            Check::OneOf(values) => values.contains(&*normalized(value)),
            _ => true,
        })
    }

    /// Returns the fields that must not have a value twice.
    pub fn unique(&self) -> impl Iterator<Item = &str> {
        self.unique.iter().map(String::as_str)
    }

    /// Returns the references to other data sets.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Returns whether nothing is demanded of any field.
    pub fn is_empty(&self) -> bool {
        self.spelled.is_empty()
    }

    pub(super) fn spelled(&self) -> &str {
        &self.spelled
    }

    /// Adds `sign` for each record of a batch that breaks a rule, rule by rule.
    pub(super) fn count(&self, batch: &Batch, sign: i64, counts: &mut [i64]) {
        for (rule, count) in self.rules.iter().zip(counts) {
            let place = batch.field(&rule.field);
            let cells = batch.records().map(|record| record.cell(place?));
            *count += sign * cells.filter(|cell| rule.is_broken(*cell)).count() as i64;
        }
    }
}
