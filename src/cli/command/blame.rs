//! `dver blame`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::Answer;
use super::super::args::OutputArgs;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Style, shorten};
use crate::object::changes::Cause;
use crate::ops::blame::{self, BlameEvent, BlameKind, BlameOptions};

/// Tell the life of one record's labels: who changed what, when and why
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver blame tickets --key 1029
  dver blame ratings --key doc-7 --key ann --field stars")]
pub(crate) struct BlameArgs {
    /// The data set
    #[arg(value_name = "DATASET")]
    pub dataset: String,
    /// The key of the record (repeat for composite keys)
    #[arg(long, value_name = "K", required = true)]
    pub key: Vec<String>,
    /// Only this label field
    #[arg(long, value_name = "F")]
    pub field: Option<String>,
    /// Read the sealed change sets, not the index
    #[arg(long)]
    pub from_objects: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(context: &mut Context, args: &BlameArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let options = BlameOptions {
        dataset: args.dataset.clone(),
        key: args.key.clone(),
        field: args.field.clone(),
        from_objects: args.from_objects,
    };
    let events = blame::blame(&repo, &options)?;
    context.redirect_or_page(&args.output)?;
    for event in &events {
        if context.ui.json {
            context
                .ui
                .json_line(&as_json(&args.dataset, &args.key, event))?;
        } else {
            for line in lines(context, event) {
                context.ui.line(&line)?;
            }
        }
    }
    Ok(Answer::Done)
}

fn as_json(dataset: &str, key: &[String], event: &BlameEvent) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            out.insert(name.to_owned(), value);
        }
    };
    put("dataset", json!(dataset));
    put("key", json!(key));
    put("field", json!(event.field));
    let kind = match event.kind {
        BlameKind::Added => "added",
        BlameKind::Label => "label",
        BlameKind::Removed => "removed",
    };
    put("event", json!(kind));
    put("from", json!(event.from));
    put("to", json!(event.to));
    put("cause", json!(event.cause.map(Cause::name)));
    put("commit", json!(event.commit));
    put("author", json!(event.author));
    put("time", json!(event.time));
    put("annotator", json!(event.annotator));
    put("source", json!(event.source));
    put("reason", json!(event.reason));
    let guideline = event.guideline.as_ref();
    put(
        "guideline",
        json!(guideline.map(|g| json!({"path": g.path, "content": g.content}))),
    );
    put("message", json!(event.message));
    Value::Object(out)
}

fn lines(context: &Context, event: &BlameEvent) -> Vec<String> {
    let ui = &context.ui;
    let value = |value: &Option<String>| match value {
        Some(text) => shorten(text, 40),
        None => "(none)".to_owned(),
    };
    let what = match event.kind {
        BlameKind::Added => format!("added as {}", ui.paint(Style::Added, &value(&event.to))),
        BlameKind::Removed => format!(
            "removed; was {}",
            ui.paint(Style::Removed, &value(&event.from))
        ),
        BlameKind::Label => {
            let from = ui.paint(Style::Removed, &value(&event.from));
            let to = ui.paint(Style::Added, &value(&event.to));
            let why = match event.cause {
                None | Some(Cause::Relabel) => String::new(),
                Some(other) => format!(" ({} of the class)", other.name()),
            };
            format!("{from} -> {to}{why}")
        }
    };
    let title = event.message.lines().next().unwrap_or_default();
    let id = ui.paint(Style::Id, &event.commit.short());
    let mut out = vec![format!("{id}  {}  {}: {what}", event.time, event.field)];
    let mut told = format!("              committed by {}", event.author);
    if let Some(annotator) = &event.annotator {
        let unchanged = if event.annotator_unchanged {
            " (unchanged)"
        } else {
            ""
        };
        told.push_str(&format!("; data say {annotator}{unchanged}"));
    }
    out.push(told);
    let mut why = format!("              \"{}\"", shorten(title, 60));
    if let Some(reason) = &event.reason {
        why.push_str(&format!("; reason {reason}"));
    }
    if let Some(source) = &event.source {
        why.push_str(&format!("; source {source}"));
    }
    if let Some(guideline) = &event.guideline {
        why.push_str(&format!("; guideline {}", guideline.path));
    }
    out.push(why);
    out
}
