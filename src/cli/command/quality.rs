//! `dver quality` and `dver schema`.

use clap::Args;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render;
use super::super::ui::{Style, pad, shorten};
use crate::base::ObjectId;
use crate::object::FieldSchema;
use crate::ops::quality;

/// Show the metrics of a version, with the change against the version before
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver quality
  dver quality HEAD --dataset tickets --json")]
pub(crate) struct QualityArgs {
    /// The version [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// Only this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Show fields, types, roles and classes of a version
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver schema
  dver schema diff v1 HEAD")]
pub(crate) struct SchemaArgs {
    /// The version, or `diff` to compare two [default: the working files]
    #[arg(value_name = "REV")]
    pub revision: Option<String>,
    /// With `diff`: the older and the newer version
    #[arg(value_name = "REV", requires = "revision")]
    pub others: Vec<String>,
}

fn heading(commit: Option<ObjectId>) -> String {
    match commit {
        Some(id) => format!("Version {}", id.short()),
        None => "The working files".to_owned(),
    }
}

pub(crate) fn run(context: &mut Context, args: &QualityArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let reports = quality::quality(
        &mut repo,
        args.revision.as_deref(),
        args.dataset.as_deref(),
        progress.as_ref(),
    )?;
    context.redirect(&args.output)?;
    let ui = &mut context.ui;
    for report in &reports {
        if ui.json {
            ui.json_line(&json!({
                "commit": report.commit, "dataset": report.dataset, "metrics": report.metrics,
            }))?;
            continue;
        }
        let name = ui.paint(Style::Heading, &report.dataset);
        ui.line(&format!("{}, data set {name}", heading(report.commit)))?;
        render::metrics::table(ui, &report.metrics)?;
    }
    if reports.is_empty() && !ui.json {
        ui.line("No data sets are declared: `dver dataset add PATH` declares one")?;
    }
    Ok(Answer::Done)
}

pub(crate) fn schema(context: &mut Context, args: &SchemaArgs) -> Result<Answer, Failure> {
    if args.revision.as_deref() == Some("diff") && !args.others.is_empty() {
        return super::diff::schema(context, &args.others);
    }
    if !args.others.is_empty() {
        let words = "schema takes one version, or `diff A B`".to_owned();
        return Err(crate::ops::Error::Usage(words).into());
    }
    let mut repo = context.repo()?;
    let progress = context.progress();
    let report = quality::schema(&mut repo, args.revision.as_deref(), progress.as_ref())?;
    for described in &report.datasets {
        let ui = &mut context.ui;
        if ui.json {
            ui.json_line(&render::inference::described_json(described, &[]))?;
            continue;
        }
        let name = ui.paint(Style::Heading, &described.declaration.name);
        let format = &described.schema.format;
        ui.line(&format!(
            "{}, data set {name} ({format})",
            heading(report.commit)
        ))?;
        let fields = &described.schema.fields;
        let name = |field: &FieldSchema| shorten(&field.name, 40);
        let width = fields.iter().map(|field| name(field).width()).max();
        for field in fields {
            let name = pad(&name(field), width.unwrap_or(0));
            let mut line = format!("  {name}  {:<8}", field.kind);
            line.push_str(if field.nullable {
                "  nullable"
            } else {
                "          "
            });
            line.push_str(&format!("  {}", field.roles.join(", ")));
            if let Some(classes) = &field.classes {
                let shown: Vec<String> = classes
                    .iter()
                    .take(12)
                    .map(|c| shorten(&c.to_string(), 40))
                    .collect();
                let more = classes.len().saturating_sub(12);
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                line.push_str(&format!(": {}{more}", shown.join(", ")));
            }
            ui.line(line.trim_end())?;
        }
    }
    Ok(Answer::Done)
}
