//! Evaluations as `dver.toml` writes them.

use crate::base::RepoPath;

use super::error::Error;
use super::reader::Reader;

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
    /// The share of the records that test it, chosen by a hash of group or key; the others train.
    pub holdout: Option<f64>,
    /// Whether it runs at each commit; otherwise on request.
    pub at_commit: bool,
    /// The scores wanted.
    pub metrics: Vec<String>,
    /// The class that stands for "none of these" in micro F1.
    pub null_class: Option<String>,
    /// How many neighbours vote, of model `knn`.
    pub neighbours: Option<u64>,
    /// How much squared weights cost, of models `ridge` and `logistic`.
    pub penalty: Option<f64>,
    /// The only fields that are looked at; where there are none, all content fields, or beside an
    /// embedding no field.
    pub features: Vec<String>,
    /// A `.npy` file of the version with a row of numbers for each record, which are features.
    pub embedding: Option<RepoPath>,
    /// What becomes 0 and what becomes 1 above it, of fields of numbers.
    pub scale: Vec<(String, ScaleConfig)>,
    /// The external command, of model `command`.
    pub command: Option<CommandConfig>,
}

/// The declared scale of a field of numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScaleConfig {
    /// What becomes 0.
    pub centre: f64,
    /// What becomes 1 above it; above 0.
    pub unit: f64,
}

/// An external command that trains a model and predicts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandConfig {
    /// Program and arguments, or one line for the shell.
    pub words: Vec<String>,
    /// Whether it is one line for the shell.
    pub shell: bool,
    /// The format of the files that it is given: `csv` or `jsonl`.
    pub format: String,
    /// Files of the worktree whose content is part of the definition.
    pub code: Vec<String>,
    /// After so many seconds it is stopped.
    pub timeout_seconds: u64,
    /// The column with the predicted class.
    pub column: String,
}

/// The learners of our own.
pub const LEARNERS: [&str; 5] = ["knn", "ridge", "naive-bayes", "logistic", "majority"];

const SHARE: &str = "a number between 0 and 1";
/// How long a command may take where nothing is said.
const TIMEOUT_SECONDS: u64 = 3600;
/// What a number of neighbours may be.
const MOST_NEIGHBOURS: u64 = 10_000;

impl EvaluationConfig {
    /// Returns whether the model is a learner of our own.
    pub fn is_built_in(&self) -> bool {
        LEARNERS.contains(&self.model.as_str())
    }

    pub(super) fn read(name: String, table: Reader<'_>) -> Result<Self, Error> {
        let [knn, ridge, bayes, logistic, majority] = LEARNERS;
        let models = [knn, ridge, bayes, logistic, majority, "command", "import"];
        let model = table
            .one_of("model", "the name of a model", &models)?
            .ok_or_else(|| table.missing("model"))?;
        let when = table.one_of("when", "commit or request", &["commit", "request"])?;
        let built_in = LEARNERS.contains(&model.as_str());
        let is_linear = [ridge, logistic].contains(&model.as_str());
        let config = Self {
            name,
            dataset: table.required("dataset")?,
            train: table.string("train")?,
            test: table.string("test")?,
            holdout: share(&table)?,
            at_commit: when.as_deref() == Some("commit"),
            metrics: table.strings("metrics")?.unwrap_or_default(),
            null_class: table.string("null_class")?,
            // A key that the model does not know is an unknown key: it would change nothing.
            neighbours: if model == knn {
                neighbours(&table)?
            } else {
                None
            },
            penalty: if is_linear { penalty(&table)? } else { None },
            features: match built_in {
                true => table.strings("features")?.unwrap_or_default(),
                false => Vec::new(),
            },
            embedding: if built_in && model != majority {
                embedding(&table)?
            } else {
                None
            },
            scale: if built_in {
                scales(&table)?
            } else {
                Vec::new()
            },
            command: match model.as_str() {
                "command" => Some(command(&table)?),
                _ => None,
            },
            model,
        };
        if config.holdout.is_some() && (config.train.is_some() || config.test.is_some()) {
            let found = config.holdout.unwrap_or_default().to_string();
            let expected = "no `train` or `test` beside it";
            return Err(table.bad_value("holdout", expected, &found));
        }
        if config.at_commit && config.model == "import" {
            let expected = "`request`: predictions are imported after the commit";
            return Err(table.bad_value("when", expected, "commit"));
        }
        table.finish()?;
        Ok(config)
    }
}

fn share(table: &Reader<'_>) -> Result<Option<f64>, Error> {
    match table.number("holdout")? {
        Some(share) if !(share > 0.0 && share < 1.0) => {
            Err(table.bad_value("holdout", SHARE, &share.to_string()))
        }
        share => Ok(share),
    }
}

fn neighbours(table: &Reader<'_>) -> Result<Option<u64>, Error> {
    match table.count("neighbours")? {
        Some(count) if !(1..=MOST_NEIGHBOURS).contains(&count) => {
            let expected = "a number from 1 to 10,000";
            Err(table.bad_value("neighbours", expected, &count.to_string()))
        }
        count => Ok(count),
    }
}

fn penalty(table: &Reader<'_>) -> Result<Option<f64>, Error> {
    match table.number("penalty")? {
        Some(penalty) if penalty <= 0.0 => {
            Err(table.bad_value("penalty", "a number above 0", &penalty.to_string()))
        }
        penalty => Ok(penalty),
    }
}

fn embedding(table: &Reader<'_>) -> Result<Option<RepoPath>, Error> {
    let Some(inner) = table.table("embedding")? else {
        return Ok(None);
    };
    let file: String = inner.required("file")?;
    let path = RepoPath::new(file.as_bytes())
        .map_err(|_| inner.bad_value("file", "a path from the root of the worktree", &file))?;
    if path.extension().as_deref() != Some("npy") {
        return Err(inner.bad_value("file", "a .npy file", &file));
    }
    inner.finish()?;
    Ok(Some(path))
}

fn scales(table: &Reader<'_>) -> Result<Vec<(String, ScaleConfig)>, Error> {
    let Some(all) = table.table("scale")? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (field, inner) in all.tables()? {
        let needed = |key| inner.number(key)?.ok_or_else(|| inner.missing(key));
        let scale = ScaleConfig {
            centre: needed("centre")?,
            unit: needed("unit")?,
        };
        if scale.unit <= 0.0 {
            let found = scale.unit.to_string();
            return Err(inner.bad_value("unit", "a number above 0", &found));
        }
        inner.finish()?;
        out.push((field, scale));
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

fn command(table: &Reader<'_>) -> Result<CommandConfig, Error> {
    let shell = table.text_at("command").is_some();
    let words = table
        .strings("command")?
        .ok_or_else(|| table.missing("command"))?;
    if words.first().is_none_or(|word| word.trim().is_empty()) {
        let expected = "a program and its arguments";
        return Err(table.bad_value("command", expected, "nothing"));
    }
    let format = table.one_of("format", "csv or jsonl", &["csv", "jsonl"])?;
    let timeout = table.count("timeout")?;
    if timeout == Some(0) {
        return Err(table.bad_value("timeout", "a number of seconds from 1", "0"));
    }
    Ok(CommandConfig {
        words,
        shell,
        format: format.unwrap_or_else(|| "csv".to_owned()),
        code: table.strings("code")?.unwrap_or_default(),
        timeout_seconds: timeout.unwrap_or(TIMEOUT_SECONDS),
        column: table
            .string("column")?
            .unwrap_or_else(|| "prediction".to_owned()),
    })
}
