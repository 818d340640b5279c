//! `--what-if`: the score if only the changes that a condition passes had been made.

use super::super::assess::Version;
use super::super::condition;
use super::super::error::Error;
use super::joined::{Both, One};
use super::pair::{self, Pair};
use crate::attribute::{self, Cause, Metric, causes_of, score_with};
use crate::base::ObjectId;
use crate::dataset::r#where::{Given, Name};
use crate::dataset::{Table, Where};
use crate::diff::EVENT_NAMES;
use crate::object::Commit;
use crate::record::{Cell, Role, Type};
use crate::repo::Repo;

/// A score that no version has.
#[derive(Clone, PartialEq, Debug)]
pub struct Supposed {
    /// Which changes were made.
    pub condition: String,
    /// How many records changed so.
    pub made: u64,
    /// How many records changed.
    pub of: u64,
    /// The score with these changes alone, of the older version under the newer definition.
    pub value: f64,
    /// What they moved alone.
    pub change: f64,
    /// What is missing to the change of all.
    pub without: f64,
}

/// A condition on changes.
pub(super) struct Condition {
    text: String,
    condition: Where,
}

/// Whether a name stands for the change itself.
fn is_of_event(name: &Name) -> bool {
    !name.quoted && EVENT_NAMES.contains(&name.text.as_str())
}

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self {
            text: text.to_owned(),
            condition: Where::parse(text).map_err(Box::new)?,
        })
    }

    /// Returns the fields that it asks for.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.condition.names().iter();
        names
            .filter(|name| !is_of_event(name))
            .map(|name| name.text.clone())
    }
}

/// Returns the annotator field and all fields of the data set of an evaluation, in both versions;
/// fails where a condition names what is not there.
pub(super) fn fields(
    repo: &Repo,
    (from, to): (&(ObjectId, Commit), &(ObjectId, Commit)),
    name: Option<&str>,
    asked: Option<&Condition>,
) -> Result<(Option<String>, Vec<String>), Error> {
    let ends = [
        Version::of_commit(&repo.store, &from.1)?,
        Version::of_commit(&repo.store, &to.1)?,
    ];
    if let Some(asked) = asked {
        condition::check(&repo.store, &asked.condition, &[&ends[0], &ends[1]])?;
    }
    let config = pair::declared(repo, &ends[1], name)?;
    let mut fields = Vec::new();
    let mut annotator = None;
    for version in &ends {
        if let Some(declaration) = version.declarations.get(&config.dataset) {
            let found = declaration.roles.fields(Role::Annotator).first();
            annotator = found.cloned().or(annotator);
            let table = Table::open(&repo.store, &version.entries, declaration)?;
            let read = table.all_fields(&repo.store)?;
            fields.extend(read.iter().map(|field| field.to_string()));
        }
    }
    Ok((annotator, fields))
}

/// Returns the score if only the changes that pass had been made.
pub(super) fn score(
    (pair, also, annotator): (&Pair, &[String], Option<&str>),
    metric: Metric,
    condition: &Condition,
) -> Result<Supposed, attribute::Error> {
    let names = condition.condition.names();
    let column = |name: &str| also.iter().position(|other| other == name);
    let value =
        |one: Option<&One>, at: Option<usize>| -> Option<String> { one?.values.get(at?)?.clone() };
    // The type of a field is that of all its values.
    let kinds: Vec<Type> = (names.iter())
        .map(|name| {
            let at = column(&name.text);
            let sides = pair.records.iter().flat_map(|both| [&both.from, &both.to]);
            sides.fold(Type::Null, |kind, one| match value(one.as_ref(), at) {
                Some(text) => kind.join(Type::of(Cell::text(&text))),
                None => kind,
            })
        })
        .collect();
    let causes = causes_of(&pair.versions)?;
    let passes = |both: &Both, cause: Cause| {
        let newest = both.newest();
        let label = |one: &Option<One>| one.as_ref().map(|one| one.label.clone());
        condition.condition.passes(&|at: usize| {
            let name = &names[at];
            let text = |text: Option<String>| match text {
                Some(text) => Given::Value(Type::String, text.into()),
                None => Given::Null,
            };
            if !is_of_event(name) {
                return match value(newest, column(&name.text)) {
                    Some(text) => Given::Value(kinds[at], text.into()),
                    None => Given::Null,
                };
            }
            text(match name.text.as_str() {
                "from" => label(&both.from),
                "to" => label(&both.to),
                "change" => Some(change(both).to_owned()),
                "cause" => Some(cause.name().to_owned()),
                "annotator" => value(newest, annotator.and_then(column)),
                "key" => newest.map(|one| match one.key.as_slice() {
                    [only] => only.clone(),
                    several => serde_json::json!(several).to_string(),
                }),
                _ => None,
            })
        })
    };
    let made: Vec<bool> = (pair.records.iter().zip(&causes))
        .map(|(both, cause)| cause.is_some_and(|cause| passes(both, cause)))
        .collect();
    let model = pair.answers.model();
    let of = |made: &dyn Fn(usize) -> bool| -> Result<f64, attribute::Error> {
        let (num, den) = score_with(&pair.versions, model, metric, made)?;
        Ok(num as f64 / den as f64)
    };
    let (before, with, after) = (of(&|_| false)?, of(&|at| made[at])?, of(&|_| true)?);
    Ok(Supposed {
        condition: condition.text.clone(),
        made: made.iter().filter(|made| **made).count() as u64,
        of: causes.iter().flatten().count() as u64,
        value: with,
        change: with - before,
        without: after - with,
    })
}

/// Returns what happened to a record, in the words of a diff.
fn change(both: &Both) -> &'static str {
    match (&both.from, &both.to) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(a), Some(b)) if a.label != b.label => "label",
        _ => "cell",
    }
}
