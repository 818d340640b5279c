//! What became of a work list.

use serde_json::json;

use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Style, clean, count, counted};
use crate::diff::Value;
use crate::ops::apply::{ApplyOptions, Refused, Report, Why};

/// How many refused entries the text shows.
const SHOWN: usize = 20;

/// Tells what was written, what was not, and why.
pub(crate) fn tell(
    context: &mut Context,
    options: &ApplyOptions,
    report: &Report,
) -> Result<(), Failure> {
    let ui = &mut context.ui;
    if ui.json {
        let mut value = json!({
            "applied": report.applied, "refused": report.refused, "already": report.already,
            "undecided": report.undecided, "repeated": report.repeated,
            "left_out": report.left_out, "without_base": report.without_base,
            "reasons": report.reasons, "files": report.files,
        });
        if options.dry_run {
            value["dry_run"] = true.into();
        }
        ui.json_line(&value)?;
        return Ok(());
    }
    let files: Vec<String> = report.files.iter().map(ToString::to_string).collect();
    let places = match files.as_slice() {
        [] => String::new(),
        [one] => format!(" in {}", clean(one)),
        many => format!(" in {}", counted(many.len() as u64, "file")),
    };
    let labels = counted(report.applied, "label");
    ui.line(&match options.dry_run {
        true => format!("Would write {labels}{places}"),
        false => format!("Wrote {labels}{places}"),
    })?;
    let also = [
        (report.already, "already there"),
        (report.undecided, "undecided"),
        (report.repeated, "said twice"),
        (report.left_out, "of other data sets"),
    ];
    let also: Vec<String> = also
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", count(*number)))
        .collect();
    if !also.is_empty() {
        ui.line(&also.join(", "))?;
    }
    if !report.refused.is_empty() {
        ui.line(&format!("Refused {}:", count(report.refused.len() as u64)))?;
        for refused in report.refused.iter().take(SHOWN) {
            let key = ui.paint(Style::Id, &key(refused));
            ui.line(&format!("  {key}  {}", why(refused)))?;
        }
        if let Some(more) = report.refused.len().checked_sub(SHOWN + 1) {
            let more = count(more as u64 + 1);
            ui.line(&format!("  and {more} more (--json lists all)"))?;
        }
    }
    if report.without_base > 0 {
        ui.note("note: the list does not say what the labels were: whatever was there counts.");
    }
    if let (Some(reason), true) = (&options.reason, report.reasons < report.applied) {
        ui.note(&format!(
            "note: not every record has a field for the reason; `dver commit --reason {reason}` \
             says it of the whole version."
        ));
    }
    Ok(())
}

fn key(refused: &Refused) -> String {
    let parts = refused.key.iter();
    let parts: Vec<String> = parts
        .map(|part| clean(part.as_deref().unwrap_or("null")))
        .collect();
    format!("{} {}", clean(&refused.dataset), parts.join(", "))
}

fn why(refused: &Refused) -> String {
    let text = match &refused.why {
        Why::UnknownKey => "no record has this key".to_owned(),
        Why::AmbiguousKey => {
            "several records have this key, or the list says two things".to_owned()
        }
        Why::Stale { found } => match found {
            Value::Null => "stale: there is no label now".to_owned(),
            Value::Text(text) | Value::Json(text) => format!("stale: it is {text} now"),
        },
        Why::UnknownClass { class } => format!("{class} is no declared class"),
        Why::UnknownField => match &refused.field {
            Some(field) => format!("{field} is no label field"),
            None => "the list does not say which label field".to_owned(),
        },
        Why::NotWritable { reason } => format!("cannot be written: {reason}"),
    };
    clean(&text)
}
