//! What a summary counts: transitions between classes, the size of classes, annotators, splits.

use std::collections::BTreeSet;
use std::io;

use super::super::super::ui::{Style, count, counted};
use super::DiffText;
use super::lines::{Cell, Columns, Lines};
use super::words::{change, narrow, short, value};
use crate::diff::{AnnotatorCount, ClassCount, KindCount, KindCounts, TransitionCount, Value};
use crate::object::changes::{Cause, SplitCount};

/// The most classes of a transition matrix; beyond, transitions are listed.
const MOST_CLASSES: usize = 12;
/// The most annotators that are named in one line; beyond, the busiest.
const MOST_ANNOTATORS: usize = 12;
/// So many changed classes stand in one line.
const IN_ONE_LINE: usize = 4;
/// The most splits that are named.
const MOST_SPLITS: usize = 12;

/// Returns the word for a cause; relabels need none.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Relabel => "",
        Cause::Rename => "renamed",
        Cause::Split => "split",
        Cause::Merge => "merged",
        Cause::Swap => "swapped",
    }
}

/// Returns by how much a class grew or shrank.
fn net(class: &ClassCount) -> (Style, String) {
    let by = count(class.before.abs_diff(class.after));
    match class.after > class.before {
        true => (Style::Added, format!("+{by}")),
        false => (Style::Removed, format!("-{by}")),
    }
}

fn number(n: u64) -> String {
    if n == 0 { ".".to_owned() } else { count(n) }
}

impl DiffText<'_> {
    /// Shows transitions: relabels as a matrix where it fits, what else happened as a list.
    pub(super) fn transitions(&mut self, transitions: &[TransitionCount]) -> io::Result<()> {
        let fields: BTreeSet<&str> = transitions.iter().map(|t| t.field.as_str()).collect();
        for field in fields {
            let of_field = transitions.iter().filter(|t| t.field == field);
            let (relabels, others): (Vec<_>, Vec<_>) =
                of_field.partition(|t| t.cause == Cause::Relabel);
            let classes: BTreeSet<&Value> =
                relabels.iter().flat_map(|t| [&t.from, &t.to]).collect();
            let heading = (self.paint)(Style::Heading, &short(field));
            if classes.len() > 2 && classes.len() <= MOST_CLASSES {
                self.line(&format!("  {heading}, from row to column:"))?;
                self.matrix(&classes, &relabels)?;
            } else if !relabels.is_empty() {
                self.line(&format!("  {heading}:"))?;
                self.list(&relabels)?;
            }
            if !others.is_empty() {
                self.line(&format!("  {heading}, changes of classes:"))?;
                self.list(&others)?;
            }
        }
        Ok(())
    }

    fn matrix(
        &mut self,
        classes: &BTreeSet<&Value>,
        relabels: &[&TransitionCount],
    ) -> io::Result<()> {
        let between = |from: Option<&Value>, to: Option<&Value>| -> u64 {
            let fits = |t: &&&TransitionCount| {
                from.is_none_or(|from| t.from == *from) && to.is_none_or(|to| t.to == *to)
            };
            relabels.iter().filter(fits).map(|t| t.count).sum()
        };
        let row = |name: Cell, from: Option<&Value>| -> Vec<Cell> {
            let mut row = vec![name];
            row.extend(
                classes
                    .iter()
                    .map(|to| number(between(from, Some(to))).into()),
            );
            row.push(number(between(from, None)).into());
            row
        };
        let mut lines = Lines::default();
        lines.push(|| {
            let mut heading = vec![Cell::default()];
            heading.extend(classes.iter().map(|class| narrow(class).into()));
            heading.push("left".into());
            heading
        });
        for from in classes {
            lines.push(|| row(narrow(from).into(), Some(from)));
        }
        lines.push(|| row("came".into(), None));
        lines.write(self.out, self.paint, Columns::Right, "class")
    }

    fn list(&mut self, transitions: &[&TransitionCount]) -> io::Result<()> {
        let mut sorted = transitions.to_vec();
        sorted.sort_by(|a, b| (b.count, &a.from, &a.to).cmp(&(a.count, &b.from, &b.to)));
        let mut lines = Lines::default();
        for t in sorted {
            lines.push(|| {
                let number = format!("{:>6}", count(t.count));
                vec![change(&t.from, &t.to), number.into(), cause(t.cause).into()]
            });
        }
        lines.write(self.out, self.paint, Columns::Left, "transition")
    }

    /// Shows how many records each class had and has.
    pub(super) fn classes(&mut self, classes: &[ClassCount]) -> io::Result<()> {
        let fields: BTreeSet<&str> = classes.iter().map(|class| class.field.as_str()).collect();
        for field in fields {
            let mut of_field: Vec<_> = classes.iter().filter(|c| c.field == field).collect();
            of_field.sort_by_key(|c| std::cmp::Reverse(c.before.abs_diff(c.after)));
            let heading = (self.paint)(Style::Heading, &short(field));
            if of_field.len() <= IN_ONE_LINE {
                let told: Vec<String> = of_field
                    .iter()
                    .map(|class| {
                        let (before, after) = (count(class.before), count(class.after));
                        let (style, net) = net(class);
                        let net = (self.paint)(style, &format!("({net})"));
                        format!("{} {before} -> {after} {net}", value(&class.class))
                    })
                    .collect();
                self.line(&format!("  {heading}, records: {}", told.join(", ")))?;
                continue;
            }
            self.line(&format!("  {heading}, records:"))?;
            let mut lines = Lines::default();
            for class in of_field {
                lines.push(|| {
                    let (style, net) = net(class);
                    let net = Cell::styled(style, net);
                    let (before, after) = (count(class.before), count(class.after));
                    let name = value(&class.class).into();
                    vec![name, before.into(), "->".into(), after.into(), net]
                });
            }
            lines.write(self.out, self.paint, Columns::Right, "class")?;
        }
        Ok(())
    }

    /// Says what changed sets, scores and preferences amount to.
    pub(super) fn kinds(&mut self, kinds: &[KindCount]) -> io::Result<()> {
        for kind in kinds {
            let heading = (self.paint)(Style::Heading, &short(&kind.field));
            match &kind.counts {
                KindCounts::Scores {
                    increased,
                    decreased,
                } => {
                    let (up, down) = (count(*increased), count(*decreased));
                    let told = format!("{up} increased, {down} decreased");
                    self.line(&format!("  {heading}, scores: {told}"))?;
                }
                KindCounts::Preferences { flips } => {
                    let flips = counted(*flips, "flip");
                    self.line(&format!("  {heading}, preferences: {flips}"))?;
                }
                KindCounts::Sets { elements } => {
                    self.line(&format!("  {heading}, in sets:"))?;
                    let mut lines = Lines::default();
                    for element in elements {
                        lines.push(|| {
                            let came = format!("+{}", count(element.added));
                            let left = format!("-{}", count(element.removed));
                            vec![
                                short(&element.class).into(),
                                Cell::styled(Style::Added, came),
                                Cell::styled(Style::Removed, left),
                            ]
                        });
                    }
                    lines.write(self.out, self.paint, Columns::Right, "class")?;
                }
            }
        }
        Ok(())
    }

    /// Names the annotators with their label changes, the busiest first.
    pub(super) fn annotators(&mut self, annotators: &[AnnotatorCount]) -> io::Result<()> {
        if annotators.is_empty() {
            return Ok(());
        }
        let mut sorted: Vec<_> = annotators.iter().collect();
        sorted.sort_by_key(|by| std::cmp::Reverse(by.relabelled));
        let by = |by: &&AnnotatorCount| {
            let who = by.annotator.as_deref();
            let who = who.map_or_else(|| "(none)".to_owned(), short);
            format!("{who} {}", count(by.relabelled))
        };
        let mut told: Vec<String> = sorted.iter().take(MOST_ANNOTATORS).map(by).collect();
        if let more @ 1.. = sorted.len().saturating_sub(MOST_ANNOTATORS) {
            told.push(format!("{more} others (--json shows all)"));
        }
        self.line(&format!("  by annotator: {}", told.join(", ")))
    }

    /// Says what happened in each split, and between splits.
    pub(super) fn splits(&mut self, splits: &[SplitCount]) -> io::Result<()> {
        let told = |split: &SplitCount| {
            let counts = [
                (split.added, "added"),
                (split.removed, "removed"),
                (split.relabelled, "relabelled"),
                (split.came, "came"),
                (split.left, "left"),
            ];
            let parts = counts.iter().filter(|(n, _)| *n > 0);
            let parts: Vec<_> = parts
                .map(|(n, what)| format!("{} {what}", count(*n)))
                .collect();
            let name = split.split.as_deref();
            let name = name.map_or_else(|| "(none)".to_owned(), short);
            (!parts.is_empty()).then(|| format!("{name} {}", parts.join(", ")))
        };
        let mut told: Vec<String> = splits.iter().filter_map(told).collect();
        if told.is_empty() {
            return Ok(());
        }
        let more = told.len().saturating_sub(MOST_SPLITS);
        told.truncate(MOST_SPLITS);
        if more > 0 {
            told.push(format!("{more} others (--json shows all)"));
        }
        self.line(&format!("  by split: {}", told.join("; ")))
    }
}
