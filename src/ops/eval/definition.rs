//! Definitions: what was asked, so that two evaluations under one id can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::{ObjectId, fsio};
use crate::config::{CommandConfig, EvaluationConfig};
use crate::dataset::Declaration;
use crate::evaluate::{METRICS_VERSION, NAMES};
use crate::object::{self, Definition, MemoryStore};

use super::super::error::Error;
use super::{prepare, sets};

/// The longest file of code that is read for its digest.
const LONGEST_CODE: u64 = 256 << 20;

/// Returns the definition of an evaluation of a data set declared like this; `root` is the
/// worktree, where a command's code stands.
pub(super) fn definition(
    root: &Path,
    declaration: &Declaration,
    config: &EvaluationConfig,
) -> Result<Definition, Error> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    match (&config.command, config.is_built_in()) {
        (Some(command), _) => parameters.extend(of_command(root, command)?),
        (None, true) => parameters.extend(prepare::parameters(config)),
        // Who made imported predictions is not known: the name is all that there is.
        (None, false) => {
            parameters.insert("model".to_owned(), config.name.clone());
        }
    }
    let (train, test) = sets::written(config);
    Ok(Definition {
        learner: config.model.clone(),
        parameters,
        seed: 0,
        dataset: config.dataset.clone(),
        roles: sets::roles(&declaration.roles).collect(),
        train,
        test,
        features: match config.is_built_in() {
            true => prepare::features(config),
            false => None,
        },
        null_class: config.null_class.clone(),
        metrics: METRICS_VERSION,
    })
}

/// Returns the id that a definition has once it is stored.
pub(super) fn id_of(definition: &Definition) -> Result<ObjectId, Error> {
    Ok(object::put(&mut MemoryStore::new(), definition)?)
}

fn of_command(
    root: &Path,
    command: &CommandConfig,
) -> Result<impl Iterator<Item = (String, String)>, Error> {
    let words = match (command.shell, command.words.as_slice()) {
        (true, [line]) => line.clone(),
        (_, words) => serde_json::json!(words).to_string(),
    };
    let mut out = vec![
        ("command".to_owned(), words),
        ("format".to_owned(), command.format.clone()),
        ("column".to_owned(), command.column.clone()),
    ];
    for name in &command.code {
        let bytes = fsio::read_bounded(&root.join(name), LONGEST_CODE)?;
        out.push((format!("code {name}"), ObjectId::of(&bytes).to_string()));
    }
    Ok(out.into_iter())
}

/// Fails where a declaration names a score that there is not.
pub(super) fn check_metrics(config: &EvaluationConfig) -> Result<(), Error> {
    for metric in &config.metrics {
        let name = metric.split('.').next().unwrap_or_default();
        if !NAMES.contains(&name) {
            return Err(Error::NoSuchScore {
                name: metric.clone(),
                nearest: crate::base::nearest(name, NAMES.iter().copied()).map(str::to_owned),
            });
        }
    }
    Ok(())
}
