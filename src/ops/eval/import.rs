//! `eval import`: scores predictions that another program made.

use crate::dataset::Table;
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::made::Made;
use super::sets::{self, Chosen, Wanted};
use super::{Told, declared, definition, list, prepare, run};

/// What is imported.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What the file is called.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The evaluation; `None` for the only one of model `import`.
    pub name: Option<String>,
    /// The column with the predicted class.
    pub column: String,
    /// The version.
    pub revision: String,
}

/// Scores predictions of an external model and attaches the evaluation to the commit.
pub fn import(
    repo: &mut Repo,
    options: &ImportOptions,
    waiting: &mut dyn FnMut(&str),
) -> Result<Told, Error> {
    let (commit_id, commit) = repo.commit(&options.revision)?;
    let version = Version::of_commit(&repo.store, &commit)?;
    let config = declared(&version, options.name.as_deref())?;
    if config.model != "import" {
        return Err(Error::Usage(format!(
            "the model of `{}` is `{}`: only evaluations of model `import` take predictions",
            config.name, config.model
        )));
    }
    let declaration = super::super::dataset::find(&version.declarations, &config.dataset)?;
    let table = Table::open(&repo.store, &version.entries, declaration)?;
    let (key, field) = prepare::key_and_label(&table)?;
    let chosen = Chosen::of(config)?;
    chosen.check(&repo.store, &table)?;
    let predictions = list::read(&options.file, &options.bytes, &key, &options.column)?;
    let sets = sets::read(&repo.store, &table, &field, &chosen, &Wanted::default())?;
    let definition = definition::definition(&repo.root, declaration, config)?;
    let asked = (definition, field);
    let made = Made::of(
        (&config.name, &config.dataset),
        asked,
        sets,
        predictions,
        &declaration.rename,
    )?;
    run::attach(repo, &made, (commit_id, commit.snapshot), waiting)
}
