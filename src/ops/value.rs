//! `value`: what training records are worth under an evaluation, the least worth first.

use std::collections::BTreeMap;

use crate::base::progress::Progress;
use crate::curate::valuation::{Valuation, values};
use crate::dataset::{Declarations, Table};
use crate::object::ObjectSource;
use crate::record::{Role, UNPARSABLE};
use crate::repo::Repo;

use super::assess::Version;
use super::dataset;
use super::error::Error;
use super::eval::prepare::{Frozen, Prepared, draw, key_and_label, nearest_of};
use super::eval::run::working_declarations;
use super::eval::said;
use super::eval::sets::Chosen;
use super::find::reading::order_names;
use super::find::{FindReport, Found, FoundIn, Name};
use super::quality::of_working;

/// What is valued, and how.
#[derive(Clone, Debug)]
pub struct ValueOptions {
    /// The version; `None` for the working files.
    pub revision: Option<String>,
    /// The evaluation that says which records train and test; `None` for the only one.
    pub evaluation: Option<String>,
    /// By what.
    pub method: Valuation,
    /// How many neighbours; those of the evaluation, else 5, where none is given.
    pub neighbours: Option<usize>,
    /// The distance within which records are neighbours, of the threshold method.
    pub within: Option<f64>,
    /// At most so many are told.
    pub limit: Option<usize>,
}

/// Values the training records of a version.
pub fn value(
    repo: &mut Repo,
    options: &ValueOptions,
    progress: &dyn Progress,
) -> Result<FindReport, Error> {
    if options.neighbours == Some(0) {
        return Err(Error::Usage("--neighbours is 1 or more".to_owned()));
    }
    if options
        .within
        .is_some_and(|within| within.is_nan() || within < 0.0)
    {
        return Err(Error::Usage("--within is a distance: 0 or more".to_owned()));
    }
    if options.within.is_some() && options.method != Valuation::ThresholdKnnShapley {
        let words = "--within is the distance of --method threshold-knn-shapley";
        return Err(Error::Usage(words.to_owned()));
    }
    if let Some(revision) = options.revision.as_deref() {
        let (id, commit) = repo.commit(revision)?;
        let version = Version::of_commit(&repo.store, &commit)?;
        // One definition for all versions, or their values could not be compared.
        let declarations = working_declarations(repo)?;
        return Ok(FindReport {
            commit: Some(id),
            datasets: vec![in_version(
                &repo.store,
                &version,
                &declarations,
                options,
                progress,
            )?],
        });
    }
    let found = of_working(repo, progress, |_, source, _, version| {
        in_version(source, version, &version.declarations, options, progress)
    })?;
    Ok(FindReport {
        commit: None,
        datasets: vec![found],
    })
}

fn in_version(
    source: &dyn ObjectSource,
    version: &Version,
    declarations: &Declarations,
    options: &ValueOptions,
    progress: &dyn Progress,
) -> Result<FoundIn, Error> {
    let mut config = said::declared(declarations, options.evaluation.as_deref())?.clone();
    let declaration = dataset::find(&version.declarations, &config.dataset)?;
    let table = Table::open(source, &version.entries, declaration)?;
    Chosen::of(&config)?.check(source, &table)?;
    let (key, label) = key_and_label(&table)?;
    let model = std::mem::replace(&mut config.model, "knn".to_owned());
    let own = nearest_of(&config).neighbours;
    let k = options.neighbours.unwrap_or(own);
    let known = table.all_fields(source)?;
    let roles = &table.declaration.roles;
    let content: Vec<String> = known
        .iter()
        .filter(|name| ***name != *UNPARSABLE && roles.is_content(name))
        .map(|name| name.to_string())
        .collect();
    let also: Vec<String> = content
        .iter()
        .chain([&label])
        .chain(&key)
        .cloned()
        .collect();
    progress.begin(&format!("reading {}", table.name), None);
    let drawn = draw(source, (&version.entries, &table), &config, &also);
    progress.end();
    let drawn = drawn?;
    let frozen = Frozen::of(&config, &drawn, &[&drawn])?;
    let prepared: Prepared = frozen.apply(&config, drawn)?;
    let (train, test) = (&prepared.train, &prepared.test.examples);
    progress.begin("valuing", None);
    let tests = (test.rows(), test.labels());
    let found = values(&train.examples, tests, options.method, k, options.within);
    progress.end();
    let rule = match found.within {
        Some(within) => format!("within {within}"),
        None => format!("K = {k}"),
    };
    let method = format!("{}({rule}; {})", options.method.name(), config.name);
    let mut notes = frozen.described(&config);
    notes.push(format!(
        "{} training records valued by {} test records",
        train.records.len(),
        prepared.test.records.len()
    ));
    if model != "knn" {
        notes.push(format!(
            "the values are those of nearest neighbours, and not of the evaluation's {model}"
        ));
    }
    if options.method != Valuation::LeaveOneOut {
        let sum: f64 = found.values.iter().sum();
        notes.push(format!(
            "they add up to {sum:.6}: what all training records gain"
        ));
    }
    notes.extend(prepared.left_out.notes());
    let told = train
        .records
        .iter()
        .zip(&found.values)
        .map(|(record, value)| {
            let (content, rest) = record
                .values
                .split_at(content.len().min(record.values.len()));
            Found {
                place: None,
                name: Name::Key(rest.get(1..).unwrap_or_default().to_vec()),
                field: Some(label.clone()),
                score: *value,
                method: method.clone(),
                label: rest.first().cloned().flatten(),
                suggested: None,
                note: None,
                content: content.to_vec(),
            }
        });
    let mut told: Vec<Found> = told.collect();
    told.sort_by(|a, b| {
        let by_value = a.score.total_cmp(&b.score);
        by_value.then_with(|| order_names(&a.name, &b.name))
    });
    let total = told.len();
    told.truncate(options.limit.unwrap_or(usize::MAX));
    Ok(FoundIn {
        dataset: table.name.clone(),
        text: roles.fields(Role::Text).to_vec(),
        key,
        content,
        looked_at: total as u64,
        counts: BTreeMap::new(),
        digest: None,
        total,
        method,
        notes,
        found: told,
    })
}
