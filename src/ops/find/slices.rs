//! `find slices`: conditions on fields under which a model errs more often than elsewhere, from the
//! predictions of a stored evaluation.
//!
//! Invariant: a slice is told as a condition that `--where` reads, and which passes for exactly its
//! test records.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::ObjectId;
use crate::curate::slices::{Coded, NONE, Slice, Wanted, find_slices};
use crate::dataset::{Table, Where};
use crate::evaluate::wilson;
use crate::record::{Cell, Role, Type, UNPARSABLE, canonical, normalized};
use crate::repo::Repo;

use super::super::error::Error;
use super::super::eval::said::{self, Said};
use super::reading::order_names;
use super::{FindReport, Found, FoundIn, Name};

/// Least records of a slice where nothing is said: this many, or 1 % where that is more.
const LEAST: u64 = 32;

/// Which slices are wanted.
#[derive(Clone, Debug)]
pub struct SliceOptions {
    /// The version whose evaluation is read.
    pub revision: String,
    /// The evaluation; `None` where the version has one only.
    pub evaluation: Option<String>,
    /// Only these fields; all that have few values or are numbers where none is named.
    pub fields: Vec<String>,
    /// Not these fields, though their values are read.
    pub without: Vec<String>,
    /// The least number of records; 32 or 1 % where none is given.
    pub least: Option<u64>,
    /// The weight of the error rate, above 0 and at most 1.
    pub alpha: f64,
    /// At most so many slices.
    pub most: usize,
    /// At most so many fields in one condition.
    pub predicates: usize,
    /// Fields with at most so many values are taken value by value.
    pub values: usize,
    /// Numbers with more values are cut into so many parts of equal size.
    pub bins: usize,
}

/// A slice as it is told.
#[derive(Clone, PartialEq, Debug)]
pub struct ToldSlice {
    /// Fields, each with its condition.
    pub predicates: Vec<(String, String)>,
    /// The whole condition.
    pub condition: String,
    /// How many test records it has.
    pub records: u64,
    /// How many of them were predicted wrong.
    pub errors: u64,
    /// The Wilson interval of the error rate, of this slice as if it were the only one.
    pub interval: Option<(f64, f64)>,
    /// SliceLine's score, above 0.
    pub score: f64,
}

/// The answer.
#[derive(Debug)]
pub struct SlicesReport {
    /// The evaluation.
    pub evaluation: ObjectId,
    /// Its name.
    pub name: String,
    /// The commit.
    pub commit: ObjectId,
    /// The data set.
    pub dataset: String,
    /// How many test records there are.
    pub records: u64,
    /// How many of them were predicted wrong.
    pub errors: u64,
    /// The method in words.
    pub method: String,
    /// What people should know of the answer.
    pub notes: Vec<String>,
    /// The slices, best first.
    pub slices: Vec<ToldSlice>,
    /// For each slice the places of its records among all test records.
    pub(in crate::ops) members: Vec<Vec<usize>>,
    /// What was said of all test records.
    pub(in crate::ops) read: Read,
}

/// The test records behind an answer.
pub(in crate::ops) struct Read {
    pub(in crate::ops) said: Said,
    /// The fields whose values each record has.
    pub(in crate::ops) fields: Vec<String>,
    /// Which of them are content.
    content: Vec<String>,
    pub(in crate::ops) wrong: Vec<bool>,
    label: String,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} records", self.said.records.len())
    }
}

/// What holds for the records of one code.
enum Predicate {
    Null,
    Is(String),
    /// Above the first and at most the second.
    Between(Option<f64>, Option<f64>),
}

impl Predicate {
    fn condition(&self, field: &str) -> String {
        let quoted = format!("\"{}\"", field.replace('"', "\"\""));
        // Without quotes where that is the same name.
        let bare = Where::parse(&self.written(field)).is_ok_and(|parsed| {
            let mut names = parsed.names().iter();
            names.all(|name| name.text == field && !name.quoted)
        });
        let text = self.written(if bare { field } else { &quoted });
        Where::parse(&text).map_or(text, |parsed| parsed.to_string())
    }

    fn written(&self, name: &str) -> String {
        match self {
            Self::Null => format!("{name} is null"),
            Self::Is(value) => format!("{name} = '{}'", value.replace('\'', "''")),
            Self::Between(Some(low), Some(high)) => {
                format!("{name} > {low} and {name} <= {high}")
            }
            Self::Between(Some(low), None) => format!("{name} > {low}"),
            Self::Between(None, Some(high)) => format!("{name} <= {high}"),
            Self::Between(None, None) => format!("{name} is not null"),
        }
    }
}

/// Finds slices.
pub fn slices(repo: &Repo, options: &SliceOptions) -> Result<SlicesReport, Error> {
    if !(options.alpha > 0.0 && options.alpha <= 1.0) {
        return Err(Error::Usage("--alpha is above 0 and at most 1".to_owned()));
    }
    if options.bins < 2 || options.most == 0 || options.predicates == 0 {
        let words = "--bins is 2 or more, --top and --predicates are 1 or more";
        return Err(Error::Usage(words.to_owned()));
    }
    let (id, evaluation) =
        said::of_revision(repo, &options.revision, options.evaluation.as_deref())?;
    let (mut sliced, mut content, mut fields) = <(Vec<_>, Vec<_>, Vec<_>)>::default();
    let said = said::said(repo, &evaluation, &mut |table| {
        let known = table.all_fields(&repo.store)?;
        let known: Vec<String> = known.iter().map(|name| name.to_string()).collect();
        sliced = chosen(table, &known, options)?;
        let roles = &table.declaration.roles;
        let is_content = |name: &&String| **name != *UNPARSABLE && roles.is_content(name);
        content = known.iter().filter(is_content).cloned().collect();
        let others = content.iter().chain(&options.without);
        let others = others.filter(|name| !sliced.contains(name));
        fields = sliced.iter().chain(others).cloned().collect();
        Ok(fields.clone())
    })?;
    let wrong: Vec<bool> = said
        .records
        .iter()
        .zip(&said.said)
        .map(|(record, said)| said.as_ref() != Some(&record.label))
        .collect();
    let mut notes = Vec::new();
    let (mut used, mut codes, mut predicates) = (Vec::new(), Vec::new(), Vec::new());
    let mut skipped = Vec::new();
    for (at, field) in sliced.iter().enumerate() {
        let values: Vec<Option<&str>> = said
            .records
            .iter()
            .map(|record| record.values.get(at).and_then(Option::as_deref))
            .collect();
        match coded(&values, options) {
            Ok((of_field, told)) => {
                let cut = told.iter().any(|one| matches!(one, Predicate::Between(..)));
                used.push((field.clone(), cut.then_some(told.len())));
                codes.push(of_field);
                predicates.push(told);
            }
            Err(distinct) => skipped.push(format!("{field} ({distinct} values)")),
        }
    }
    let field = |(name, cut): &(String, Option<usize>)| match cut {
        Some(parts) => format!("{name} (numbers in {parts} parts by quantiles)"),
        None => name.clone(),
    };
    notes.push(match used.is_empty() {
        true => "no field has few values or numbers".to_owned(),
        false => format!(
            "fields: {}",
            used.iter().map(field).collect::<Vec<_>>().join(", ")
        ),
    });
    if !skipped.is_empty() {
        notes.push(format!(
            "too many values to slice by: {}",
            skipped.join(", ")
        ));
    }
    let count = said.records.len() as u64;
    let least = options
        .least
        .unwrap_or_else(|| LEAST.max(count / 100))
        .max(1);
    let errors: Vec<u32> = wrong.iter().map(|wrong| u32::from(*wrong)).collect();
    let found = find_slices(
        Coded {
            fields: &codes,
            errors: &errors,
        },
        Wanted {
            alpha: options.alpha,
            least,
            predicates: options.predicates,
            most: options.most,
        },
    );
    let counted: usize = found.counted.iter().sum();
    let pruned: usize = found.pruned.iter().sum();
    notes.push(format!(
        "{counted} slices were counted; bounds ruled {pruned} more out"
    ));
    let told = |slice: &Slice| {
        let parts: Vec<(String, String)> = slice
            .predicates
            .iter()
            .map(|(field, code)| {
                let name = &used[*field].0;
                (
                    name.clone(),
                    predicates[*field][*code as usize].condition(name),
                )
            })
            .collect();
        let conditions: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        ToldSlice {
            condition: conditions.join(" and "),
            predicates: parts,
            records: slice.records,
            errors: slice.errors,
            interval: wilson(slice.errors, slice.records),
            score: slice.score,
        }
    };
    let members = found.slices.iter().map(|slice| {
        let holds = |at: &usize| {
            slice
                .predicates
                .iter()
                .all(|(f, code)| codes[*f][*at] == *code)
        };
        (0..said.records.len()).filter(holds).collect()
    });
    Ok(SlicesReport {
        evaluation: id,
        name: evaluation.name.clone(),
        commit: evaluation.commit,
        dataset: evaluation.dataset.clone(),
        records: count,
        errors: wrong.iter().filter(|wrong| **wrong).count() as u64,
        method: format!(
            "sliceline(alpha {}, at least {least} records)",
            options.alpha
        ),
        notes,
        members: members.collect(),
        slices: found.slices.iter().map(told).collect(),
        read: Read {
            said,
            fields,
            content,
            wrong,
            label: evaluation.field,
        },
    })
}

/// Returns the fields that may be sliced by: those that were named, or all but keys, labels, texts
/// and images.
fn chosen(table: &Table, known: &[String], options: &SliceOptions) -> Result<Vec<String>, Error> {
    let named = options.fields.iter().chain(&options.without);
    if let Some(unknown) = named.clone().find(|name| !known.contains(name)) {
        return Err(Error::Usage(format!(
            "`{}` has no field `{unknown}`: it has {}",
            table.name,
            known.join(", ")
        )));
    }
    let roles = &table.declaration.roles;
    let is_no_slice = |name: &String| {
        let of = |role| roles.fields(role).contains(name);
        **name == *UNPARSABLE
            || [Role::Key, Role::Label, Role::Text, Role::Image]
                .into_iter()
                .any(of)
    };
    let all: Vec<String> = match options.fields.is_empty() {
        true => known
            .iter()
            .filter(|name| !is_no_slice(name))
            .cloned()
            .collect(),
        false => options.fields.clone(),
    };
    Ok(all
        .into_iter()
        .filter(|name| !options.without.contains(name))
        .collect())
}

/// Gives values codes; fails with how many there are where these are too many.
fn coded(
    values: &[Option<&str>],
    options: &SliceOptions,
) -> Result<(Vec<u32>, Vec<Predicate>), usize> {
    let spelled = |text: &str| {
        let cell = Cell::text(text);
        normalized(&canonical(Type::of(cell), cell)).into_owned()
    };
    let spelled: Vec<Option<String>> = values.iter().map(|value| value.map(spelled)).collect();
    let distinct: BTreeSet<&String> = spelled.iter().flatten().collect();
    let null = |count: usize| {
        if values.contains(&None) {
            Some(count as u32)
        } else {
            None
        }
    };
    if distinct.len() <= options.values {
        let of: BTreeMap<&String, u32> = distinct.iter().copied().zip(0..).collect();
        let null = null(of.len());
        let code = |value: &Option<String>| match value {
            Some(text) => of.get(text).copied().unwrap_or(NONE),
            None => null.unwrap_or(NONE),
        };
        let codes = spelled.iter().map(code).collect();
        let mut told: Vec<Predicate> = distinct.into_iter().cloned().map(Predicate::Is).collect();
        told.extend(null.map(|_| Predicate::Null));
        return Ok((codes, told));
    }
    let number = |text: &str| match Type::of(Cell::text(text)) {
        Type::Integer | Type::Float => text.parse::<f64>().ok().filter(|x| x.is_finite()),
        _ => None,
    };
    let numbers: Vec<Option<f64>> = spelled
        .iter()
        .map(|value| value.as_deref().and_then(number))
        .collect();
    let whole = numbers
        .iter()
        .zip(&spelled)
        .all(|(n, text)| n.is_some() == text.is_some());
    if !whole {
        return Err(distinct.len());
    }
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    // The q-quantile is the number below or at which a share q of all lies.
    let edge = |part: usize| {
        let place = (part * sorted.len()).div_ceil(options.bins);
        sorted.get(place.saturating_sub(1)).copied()
    };
    let mut edges: Vec<f64> = (1..options.bins).filter_map(edge).collect();
    edges.dedup();
    edges.retain(|edge| Some(edge) != sorted.last());
    let null = null(edges.len() + 1);
    let code = |value: &Option<f64>| match value {
        Some(number) => edges.partition_point(|edge| edge < number) as u32,
        None => null.unwrap_or(NONE),
    };
    let codes = numbers.iter().map(code).collect();
    let below = |at: usize| at.checked_sub(1).and_then(|at| edges.get(at)).copied();
    let mut told: Vec<Predicate> = (0..=edges.len())
        .map(|at| Predicate::Between(below(at), edges.get(at).copied()))
        .collect();
    told.extend(null.map(|_| Predicate::Null));
    Ok((codes, told))
}

impl SlicesReport {
    /// Returns the records of the slices that were predicted wrong, each under the best slice that
    /// it is in: a work list.
    pub fn work_list(&self) -> FindReport {
        let read = &self.read;
        let mut taken = BTreeSet::new();
        let mut found = Vec::new();
        for (slice, members) in self.slices.iter().zip(&self.members) {
            let new = members
                .iter()
                .filter(|at| read.wrong[**at] && taken.insert(**at));
            let mut of_slice: Vec<Found> = new.map(|at| self.found(slice, *at)).collect();
            of_slice.sort_by(|a, b| order_names(&a.name, &b.name));
            found.extend(of_slice);
        }
        let roles = &read.said.table.declaration.roles;
        FindReport {
            commit: Some(self.commit),
            datasets: vec![FoundIn {
                dataset: self.dataset.clone(),
                key: roles.key().to_vec(),
                content: read.content.clone(),
                text: roles.fields(Role::Text).to_vec(),
                looked_at: self.records,
                counts: BTreeMap::new(),
                digest: None,
                total: found.len(),
                method: self.method.clone(),
                notes: self.notes.clone(),
                found,
            }],
        }
    }

    fn found(&self, slice: &ToldSlice, at: usize) -> Found {
        let (record, said) = (&self.read.said.records[at], &self.read.said.said[at]);
        let value = |name: &String| {
            let place = self.read.fields.iter().position(|field| field == name)?;
            record.values.get(place).cloned().flatten()
        };
        Found {
            place: None,
            name: Name::Key(record.key.iter().cloned().map(Some).collect()),
            field: Some(self.read.label.clone()),
            score: slice.score,
            method: self.method.clone(),
            label: Some(record.label.clone()),
            suggested: said.clone(),
            note: Some(format!(
                "{} predicted it; slice: {}",
                self.name, slice.condition
            )),
            content: self.read.content.iter().map(value).collect(),
        }
    }
}
