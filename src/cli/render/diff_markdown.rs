//! `diff --format md`: for pull requests. Counts as tables, single changes in lists that fold.
//!
//! Invariant: no text from data is Markdown or HTML: it stands in `code` elements, with every sign
//! that either could read as an entity. So no cell breaks a table, makes a link, or calls a person.

use std::io::{self, Write};

use crate::diff::{FileEvent, FileStatus, SummaryEvent, TextDiff};

use super::super::ui::{clean, count, counted, shorten};
use super::super::width::isolated;
use super::diff_tables::{Document, Field, Table};
use super::diff_words::{Piece, excerpt, pieces};

/// The most columns of a value, and of what is left around a change.
const VALUE_WIDTH: usize = 60;
const CONTEXT_WIDTH: usize = 24;
/// The most bytes of a file's line diff.
const MOST_LINES_BYTES: usize = 8 << 10;

/// Writes Markdown.
pub(super) struct Markdown<'a>(pub(super) &'a mut dyn Write);

impl Document for Markdown<'_> {
    /// What a comment on a forge can hold: it ends at 65,536 characters.
    const MOST_ROWS: usize = 100;

    fn files(&mut self, files: &[FileEvent]) -> io::Result<()> {
        writeln!(self.0, "### Files\n")?;
        writeln!(self.0, "| file | status | bytes before | bytes after |")?;
        writeln!(self.0, "|:--|:--|--:|--:|")?;
        for file in files.iter().take(Self::MOST_ROWS) {
            let path = code(&file.path.to_string());
            let path = match &file.from_path {
                Some(from) => format!("{} → {path}", code(&from.to_string())),
                None => path,
            };
            let size = |size: Option<u64>| size.map_or_else(String::new, count);
            let (before, after) = (size(file.size.0), size(file.size.1));
            let status = file.status.name();
            writeln!(self.0, "| {path} | {status} | {before} | {after} |")?;
        }
        self.more(files.len() as u64, Self::MOST_ROWS as u64, "file")?;
        writeln!(self.0)?;
        for file in files.iter().take(Self::MOST_ROWS) {
            self.lines(file)?;
        }
        Ok(())
    }

    fn dataset(&mut self, summary: &SummaryEvent, tables: &[Table]) -> io::Result<()> {
        let (name, step) = (code(&summary.dataset), summary.step);
        writeln!(self.0, "### {name}: {step}\n")?;
        tables.iter().try_for_each(|table| self.table(table))
    }

    fn end(&mut self, empty: bool) -> io::Result<()> {
        match empty {
            true => writeln!(self.0, "No changes."),
            false => Ok(()),
        }
    }
}

impl Markdown<'_> {
    fn table(&mut self, table: &Table) -> io::Result<()> {
        let title = match &table.field {
            Some(field) => format!("{} of {}", table.title, code(field)),
            None => table.title.clone(),
        };
        match table.list {
            true => {
                let all = count(table.all);
                write!(self.0, "<details><summary>{title}: {all}</summary>\n\n")?;
            }
            false => write!(self.0, "**{title}**\n\n")?,
        }
        writeln!(self.0, "| {} |", table.columns.join(" | "))?;
        let is_number = |at: usize| {
            let cells = table.rows.iter().filter_map(|row| row.get(at));
            let mut cells = cells.filter(|cell| **cell != Field::Empty).peekable();
            cells.peek().is_some()
                && cells.all(|cell| matches!(cell, Field::Count(_) | Field::Net(_)))
        };
        let columns = 0..table.columns.len();
        let rule = columns.map(|at| if is_number(at) { "--:" } else { ":--" });
        writeln!(self.0, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
        // Counts are few as a rule; classes and transitions of a large vocabulary are not.
        for row in table.rows.iter().take(Self::MOST_ROWS) {
            let cells: Vec<String> = row.iter().map(field).collect();
            writeln!(self.0, "| {} |", cells.join(" | "))?;
        }
        let shown = table.rows.len().min(Self::MOST_ROWS) as u64;
        self.more(table.all, shown, "row")?;
        if table.list {
            write!(self.0, "\n</details>\n")?;
        }
        writeln!(self.0)
    }

    fn more(&mut self, all: u64, shown: u64, noun: &str) -> io::Result<()> {
        match all.saturating_sub(shown) {
            0 => Ok(()),
            more => {
                let more = counted(more, &format!("more {noun}"));
                write!(self.0, "\n… and {more}; `dver diff --json` has all.\n")
            }
        }
    }

    /// Shows the changed lines of a file outside of data sets.
    fn lines(&mut self, file: &FileEvent) -> io::Result<()> {
        let Some(TextDiff::Lines(lines)) = &file.text else {
            return Ok(());
        };
        if file.status == FileStatus::Renamed {
            return Ok(());
        }
        let path = code(&file.path.to_string());
        write!(self.0, "<details><summary>Lines of {path}</summary>\n\n")?;
        let mut text = String::new();
        let mut whole = true;
        for line in lines.lines() {
            whole = text.len() + line.len() <= MOST_LINES_BYTES;
            if !whole {
                break;
            }
            text.push_str(&clean(line));
            text.push('\n');
        }
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        write!(self.0, "{fence}diff\n{text}{fence}\n")?;
        if !whole {
            write!(self.0, "\n… and more lines; `dver diff` shows all.\n")?;
        }
        write!(self.0, "\n</details>\n\n")
    }
}

fn field(field: &Field) -> String {
    match field {
        Field::Empty => String::new(),
        Field::Null => "*null*".to_owned(),
        Field::Word(word) => word.clone(),
        Field::Count(n) => count(*n),
        Field::Net(by) => net(*by),
        Field::Data(text) => code(text),
        Field::Old(text, None) | Field::New(None, text) => code(text),
        Field::Old(from, Some(to)) => changed(from, to, true),
        Field::New(Some(from), to) => changed(from, to, false),
    }
}

/// Writes by how much a number grew or shrank.
pub(super) fn net(by: i128) -> String {
    let size = count(u64::try_from(by.unsigned_abs()).unwrap_or(u64::MAX));
    format!("{}{size}", if by < 0 { '-' } else { '+' })
}

/// Shows one side of a change, with what differs marked where the texts are long.
fn changed(from: &str, to: &str, old: bool) -> String {
    let Some(pieces) = pieces(from, to) else {
        return code(if old { from } else { to });
    };
    let mut out = "<code>".to_owned();
    for (piece, text) in excerpt(&pieces, CONTEXT_WIDTH, VALUE_WIDTH) {
        match piece {
            Piece::Same(_) => out.push_str(&escaped(&isolated(text))),
            Piece::Old(_) if old => {
                out.push_str(&format!("<del>{}</del>", escaped(&isolated(text))));
            }
            Piece::New(_) if !old => {
                out.push_str(&format!("<ins>{}</ins>", escaped(&isolated(text))));
            }
            Piece::Old(_) | Piece::New(_) => {}
        }
    }
    out + "</code>"
}

/// Writes text from data.
pub(super) fn code(text: &str) -> String {
    in_full(&shorten(text, VALUE_WIDTH))
}

/// Writes text from data, however long it is.
pub(super) fn in_full(text: &str) -> String {
    format!("<code>{}</code>", escaped(&isolated(clean(text))))
}

/// Writes harmless text so that neither Markdown nor HTML reads anything into it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        // A dot is read only in `www.`, which some renderers turn into a link.
        let dot = c == '.' && last.eq_ignore_ascii_case(&'w');
        if c.is_ascii_punctuation() && (dot || !matches!(c, '-' | ',' | '.' | '%' | '+' | '=')) {
            out.push_str(&format!("&#{};", u32::from(c)));
        } else {
            out.push(c);
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{changed, code};

    #[test]
    fn no_text_is_markdown() {
        for text in [
            "a|b", "<b>", "`x`", "[a](b)", "@ada #1", "*a* _b_", "\\|", "&amp;", "http://x",
        ] {
            let written = code(text);
            let inner = written
                .strip_prefix("<code>")
                .and_then(|text| text.strip_suffix("</code>"))
                .unwrap();
            let mut rest = inner.to_owned();
            for (entity, sign) in [("&#", ""), (";", "")] {
                rest = rest.replace(entity, sign);
            }
            let harmless = |c: char| c.is_alphanumeric() || c == ' ';
            assert!(rest.chars().all(harmless), "{inner}");
        }
        assert_eq!(code("a\nb"), "<code>a&#92;nb</code>");
        assert_eq!(code("www.x.org"), "<code>www&#46;x.org</code>");
    }

    #[test]
    fn long_texts_show_what_changed() {
        let (from, to) = (
            "the quick brown fox jumps over it",
            "the quick red fox jumps over it",
        );
        assert_eq!(
            changed(from, to, true),
            "<code>the quick <del>brown</del> fox jumps over it</code>"
        );
        assert_eq!(
            changed(from, to, false),
            "<code>the quick <ins>red</ins> fox jumps over it</code>"
        );
    }
}
