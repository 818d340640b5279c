//! How versions look where git shows `dver.lock`: described in lines, and against each other.

use std::io::{self, Write};

use super::super::ui::{clean, count, counted, shorten};
use super::commit::summary;
use crate::object::changes::{Cause, DatasetChanges};
use crate::ops::review::{Described, Side, Standoff};

/// Of one data set and version, so many kinds of label changes have a line.
const MOST_LINES: usize = 20;

/// Writes a version so that git, which compares lines, shows what changed between two: the labels
/// of each class, and the versions that came in between with what they did.
pub(crate) fn describe(out: &mut dyn Write, version: &Described) -> io::Result<()> {
    writeln!(out, "version {}", version.id)?;
    for dataset in &version.datasets {
        let records = counted(dataset.records, "record");
        writeln!(out, "\n{}: {records}", clean(&dataset.name))?;
        for (field, class, labels) in &dataset.classes {
            let (field, class) = (shorten(field, 40), shorten(class, 40));
            writeln!(out, "    {field} {class}: {}", count(*labels))?;
        }
    }
    for past in &version.history {
        let day = past.commit.time.to_string();
        writeln!(
            out,
            "\n{} {} {}",
            past.id.short(),
            day.get(..10).unwrap_or(&day),
            title(&past.commit.message)
        )?;
        let author = clean(&past.commit.author);
        writeln!(out, "    by {author}")?;
        for line in past.changes.iter().flat_map(changed) {
            writeln!(out, "    {line}")?;
        }
    }
    match version.older {
        0 => Ok(()),
        older => writeln!(out, "\n{} before", counted(older as u64, "version")),
    }
}

fn title(message: &str) -> String {
    shorten(message.lines().next().unwrap_or_default(), 72)
}

/// Says what changed in a data set: a line for the whole and one for each kind of label change.
pub(super) fn changed(changes: &DatasetChanges) -> Vec<String> {
    let records = &changes.records;
    let told = match summary(changes) {
        _ if records.before == 0 && records.added == records.after => {
            format!("{}, new", counted(records.after, "record"))
        }
        Some(told) => told,
        None => return Vec::new(),
    };
    let mut lines = vec![format!("{}: {told}", clean(&changes.name))];
    let transitions = &changes.labels.transitions;
    for transition in transitions.iter().take(MOST_LINES) {
        let value = |value: &Option<crate::base::Text>| match value {
            Some(text) => shorten(&text.to_string(), 32),
            None => "(none)".to_owned(),
        };
        let cause = match transition.cause {
            Cause::Relabel => String::new(),
            other => format!(" {}", other.name()),
        };
        lines.push(format!(
            "    {}: {} -> {}  {}{cause}",
            shorten(&transition.field, 40),
            value(&transition.from),
            value(&transition.to),
            count(transition.count)
        ));
    }
    if let more @ 1.. = transitions.len().saturating_sub(MOST_LINES) {
        lines.push(format!("    and {}", counted(more as u64, "more kind")));
    }
    lines
}

/// What git calls the two sides of a merge.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// Ours.
    pub ours: String,
    /// Theirs.
    pub theirs: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            ours: "ours".to_owned(),
            theirs: "theirs".to_owned(),
        }
    }
}

/// Says which versions stand against each other, what each did, and what to run.
///
/// `directory`: where the data lie, seen from where people are.
pub(crate) fn standoff(standoff: &Standoff, names: &Names, directory: &str) -> Vec<String> {
    let mut lines = vec![
        "Both sides moved the data: these two versions stand against each other.".to_owned(),
        String::new(),
    ];
    let since = standoff.base.map(|base| base.short());
    side(
        &mut lines,
        "ours",
        &names.ours,
        &standoff.ours,
        since.as_deref(),
    );
    side(
        &mut lines,
        "theirs",
        &names.theirs,
        &standoff.theirs,
        since.as_deref(),
    );
    lines.push(String::new());
    if !directory.is_empty() {
        lines.push(format!("In {}:", clean(directory)));
    }
    lines.extend(advice(standoff));
    lines
}

fn side(lines: &mut Vec<String>, word: &str, name: &str, side: &Option<Side>, since: Option<&str>) {
    let name = match name == word {
        true => String::new(),
        false => format!(" ({})", shorten(name, 60)),
    };
    let Some(side) = side else {
        lines.push(format!("{word:<7} no version{name}"));
        return;
    };
    let Some(commit) = &side.commit else {
        lines.push(format!(
            "{word:<7} {}{name}: not here, `dver fetch` brings it",
            side.id.short()
        ));
        return;
    };
    lines.push(format!(
        "{word:<7} {} {}{name}",
        side.id.short(),
        title(&commit.message)
    ));
    lines.push(format!(
        "        {}, {}",
        clean(&commit.author),
        commit.time
    ));
    if let Some(since) = since {
        let told: Vec<String> = side.changes.iter().flat_map(changed).collect();
        match told.is_empty() {
            true => lines.push(format!("        since {since}: no data set changed")),
            false => lines.push(format!("        since {since}:")),
        }
        lines.extend(told.into_iter().map(|line| format!("          {line}")));
    }
}

/// Says what to run: looking first, then the choices.
fn advice(standoff: &Standoff) -> Vec<String> {
    let (Some(ours), Some(theirs)) = (&standoff.ours, &standoff.theirs) else {
        return vec![
            "Choose a side with `git checkout --ours dver.lock` or `git rm dver.lock`, then `git \
             commit`."
                .to_owned(),
        ];
    };
    let (a, b) = (ours.id.short(), theirs.id.short());
    let mut lines = Vec::new();
    if ours.commit.is_none() || theirs.commit.is_none() {
        lines.push("Fetch     dver fetch".to_owned());
    }
    lines.push(format!("Look      dver diff {a} {b}"));
    lines.push("Ours      git checkout --ours dver.lock".to_owned());
    lines.push("Theirs    git checkout --theirs dver.lock && dver checkout --lock".to_owned());
    if let Some(base) = standoff.base {
        let base = base.short();
        lines.push(format!(
            "Both      dver diff --labels --json {base} {b} -o theirs.jsonl"
        ));
        lines.push("          dver apply theirs.jsonl".to_owned());
        lines.push("          dver commit -a -m \"Labels of both sides\"".to_owned());
        lines.push(
            "          (labels that both changed are refused and listed; records that they added \
             or removed stay out)"
                .to_owned(),
        );
    }
    lines.push("Then      git add dver.lock && git commit".to_owned());
    lines.push("Nothing of either side is lost: both versions stay in the repository.".to_owned());
    lines
}
