//! How the git commits look that brought versions into git.

use std::io;

use serde_json::{Value, json};

use super::super::ui::{Style, Ui, clean, counted, shorten};
use crate::base::ObjectId;
use crate::githost::Locked;
use crate::ops::log::GitCommits;
use crate::repo::short_git_id;

/// Of the git commits of one version, so many have a line.
const MOST_LINES: usize = 5;

fn of<'a>(in_git: &'a GitCommits, id: &ObjectId) -> &'a [Locked] {
    in_git.get(id).map_or(&[], Vec::as_slice)
}

/// Returns them as JSON.
pub(crate) fn json(in_git: &GitCommits, id: &ObjectId) -> Value {
    let one = |locked: &Locked| {
        json!({
            "commit": locked.commit, "author": locked.author, "time": locked.time,
            "subject": locked.subject,
        })
    };
    of(in_git, id).iter().map(one).collect()
}

/// Returns the first one and how many there are, for a line of its own.
pub(crate) fn short(in_git: &GitCommits, id: &ObjectId) -> String {
    match of(in_git, id) {
        [] => "git: none".to_owned(),
        [one] => format!("git: {}", short_git_id(&one.commit)),
        [first, more @ ..] => format!(
            "git: {} and {} more",
            short_git_id(&first.commit),
            more.len()
        ),
    }
}

/// Writes a line for each.
pub(crate) fn lines(ui: &mut Ui, in_git: &GitCommits, id: &ObjectId) -> io::Result<()> {
    let all = of(in_git, id);
    if all.is_empty() {
        return ui.line("    git: no commit names this version");
    }
    for locked in all.iter().take(MOST_LINES) {
        let commit = ui.paint(Style::Id, short_git_id(&locked.commit));
        let day = locked.time.map(|time| time.to_string()).unwrap_or_default();
        ui.line(&format!(
            "    git: {commit} {} ({}, {})",
            shorten(&locked.subject, 72),
            clean(&locked.author),
            day.get(..10).unwrap_or(&day),
        ))?;
    }
    match all.len().saturating_sub(MOST_LINES) {
        0 => Ok(()),
        more => ui.line(&format!(
            "    and {}",
            counted(more as u64, "more git commit")
        )),
    }
}
