//! What was carried over of the changes between two versions.

use serde_json::json;

use super::super::Answer;
use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::counted;
use crate::ops::partial::PartialReport;

/// Tells how many changes were carried over into which files.
pub(crate) fn tell(
    context: &mut Context,
    did: &str,
    report: &PartialReport,
) -> Result<Answer, Failure> {
    if context.ui.json {
        let value = json!({"changes": report.changes, "files": report.files});
        context.ui.json_line(&value)?;
    } else if report.changes == 0 {
        context.ui.note("No change passes the condition");
    } else {
        let files = counted(report.files.len() as u64, "file");
        let changes = counted(report.changes, "change");
        context.ui.note(&format!("{did} {changes} in {files}"));
    }
    Ok(Answer::Done)
}
