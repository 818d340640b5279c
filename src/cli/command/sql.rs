//! `dver sql`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use crate::base::Text;
use crate::index::SqlValue;
use crate::ops;

/// Ask the index in SQL, read-only
///
/// docs/index.md documents the tables. Answers are tab-separated with a header; `--json` gives
/// one object a row.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  dver sql 'SELECT name, field, class, num, den FROM metrics LIMIT 5'")]
pub(crate) struct SqlArgs {
    /// One SELECT statement
    #[arg(value_name = "QUERY")]
    pub query: String,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(context: &mut Context, args: &SqlArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let table = ops::sql::sql(&repo, &args.query)?;
    context.redirect(&args.output)?;
    if !context.ui.json {
        context.ui.line(&table.columns.join("\t"))?;
    }
    for row in &table.rows {
        if context.ui.json {
            let members = table
                .columns
                .iter()
                .cloned()
                .zip(row.iter().map(json_value));
            context
                .ui
                .json_line(&members.collect::<Map<String, Value>>())?;
        } else {
            let cells: Vec<String> = row.iter().map(text).collect();
            context.ui.line(&cells.join("\t"))?;
        }
    }
    Ok(Answer::Done)
}

fn json_value(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => json!(number),
        SqlValue::Real(number) => json!(number),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(bytes) => json!(Text(bytes.clone())),
    }
}

fn text(value: &SqlValue) -> String {
    match value {
        SqlValue::Null => String::new(),
        SqlValue::Integer(number) => number.to_string(),
        SqlValue::Real(number) => number.to_string(),
        // A tab or line end inside a cell would make two of it.
        SqlValue::Text(text) => text.replace(['\t', '\n', '\r'], " "),
        SqlValue::Blob(bytes) => Text(bytes.clone()).to_string(),
    }
}
