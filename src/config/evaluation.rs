//! Evaluations as `dver.toml` writes them.

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
    /// Whether it runs at each commit; otherwise on request.
    pub at_commit: bool,
    /// The scores wanted.
    pub metrics: Vec<String>,
    /// The class that stands for "none of these" in micro F1.
    pub null_class: Option<String>,
    /// The external command, of model `command`.
    pub command: Option<String>,
}

impl EvaluationConfig {
    pub(super) fn read(name: String, table: Reader<'_>) -> Result<Self, Error> {
        let models = [
            "knn",
            "ridge",
            "naive-bayes",
            "logistic",
            "majority",
            "command",
            "import",
        ];
        let model = table
            .one_of("model", "the name of a model", &models)?
            .ok_or_else(|| table.missing("model"))?;
        let when = table.one_of("when", "commit or request", &["commit", "request"])?;
        let config = Self {
            name,
            dataset: table.required("dataset")?,
            train: table.string("train")?,
            test: table.string("test")?,
            at_commit: when.as_deref() == Some("commit"),
            metrics: table.strings("metrics")?.unwrap_or_default(),
            null_class: table.string("null_class")?,
            command: table.string("command")?,
            model,
        };
        if config.model == "command" && config.command.is_none() {
            return Err(table.missing("command"));
        }
        table.finish()?;
        Ok(config)
    }
}
