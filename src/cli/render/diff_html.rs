//! `diff --format html`: one file that needs nothing else: no script, no font, no network.
//!
//! Invariant: no text from data is markup, nothing is said by colour alone, and every table names
//! its columns for those who hear it read.

use std::io::{self, Write};

use crate::diff::{FileEvent, SummaryEvent, TextDiff};

use super::super::ui::{clean, count, counted, shorten};
use super::diff_markdown::net;
use super::diff_tables::{Document, Field, Table};
use super::diff_words::{Piece, pieces};

/// The most columns of a value.
const VALUE_WIDTH: usize = 4000;
/// The most lines of a file's line diff.
const MOST_LINES: usize = 2000;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>dver diff</title>
<style>
:root { color-scheme: light dark; --text: #1c1e21; --faint: #5b6168; --line: #d0d4d9; --page: #fff; --head: #f3f5f7;
  --old: #ffe3e0; --new: #ddf5e0; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6e9; --faint: #a0a7af; --line: #3a3f45; --page: #16181b;
  --head: #22262a; --old: #57201c; --new: #173f20; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem auto;
  max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { border: 1px solid var(--line); padding: .2rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--head); }
td { overflow-wrap: anywhere; white-space: pre-wrap; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; font-weight: 600; } details { margin: 1rem 0; }
pre { overflow-x: auto; } pre del, pre ins { text-decoration: none; }
del { background: var(--old); } ins { background: var(--new); text-decoration: underline; }
.faint { color: var(--faint); }
</style>
</head>
<body>
<main>
<h1>dver diff</h1>
";

/// Writes HTML.
pub(super) struct Html<'a> {
    out: &'a mut dyn Write,
    begun: bool,
}

impl<'a> Html<'a> {
    /// Returns a document that is written to `out`.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.out.write_all(HEAD.as_bytes())?;
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> io::Result<()> {
        let title = match &table.field {
            Some(field) => format!("{} of {}", table.title, data(field)),
            None => table.title.clone(),
        };
        if table.list {
            let all = count(table.all);
            writeln!(self.out, "<details open><summary>{title}: {all}</summary>")?;
        }
        writeln!(
            self.out,
            "<div class=\"scroll\"><table><caption>{title}</caption>"
        )?;
        let head = table.columns.iter();
        let head: String = head
            .map(|name| format!("<th scope=\"col\">{name}</th>"))
            .collect();
        writeln!(self.out, "<thead><tr>{head}</tr></thead>\n<tbody>")?;
        for row in &table.rows {
            let cells: String = row.iter().map(cell).collect();
            writeln!(self.out, "<tr>{cells}</tr>")?;
        }
        writeln!(self.out, "</tbody></table></div>")?;
        self.more(table.all, table.rows.len(), "row")?;
        if table.list {
            writeln!(self.out, "</details>")?;
        }
        Ok(())
    }

    fn more(&mut self, all: u64, shown: usize, noun: &str) -> io::Result<()> {
        match all.saturating_sub(shown as u64) {
            0 => Ok(()),
            more => {
                let more = counted(more, &format!("more {noun}"));
                let all = "<code>dver diff --json</code> has all.";
                writeln!(self.out, "<p class=\"faint\">… and {more}; {all}</p>")
            }
        }
    }

    fn lines(&mut self, file: &FileEvent) -> io::Result<()> {
        let Some(TextDiff::Lines(lines)) = &file.text else {
            return Ok(());
        };
        let path = data(&file.path.to_string());
        writeln!(
            self.out,
            "<details open><summary>Lines of {path}</summary>\n<pre>"
        )?;
        for line in lines.lines().take(MOST_LINES) {
            let text = escaped(&clean(line));
            match line.as_bytes().first() {
                Some(b'+') => writeln!(self.out, "<ins>{text}</ins>")?,
                Some(b'-') => writeln!(self.out, "<del>{text}</del>")?,
                _ => writeln!(self.out, "{text}")?,
            }
        }
        writeln!(self.out, "</pre>")?;
        self.more(
            lines.lines().count() as u64,
            lines.lines().count().min(MOST_LINES),
            "line",
        )?;
        writeln!(self.out, "</details>")
    }
}

impl Document for Html<'_> {
    const MOST_ROWS: usize = 10_000;

    fn files(&mut self, files: &[FileEvent]) -> io::Result<()> {
        self.begin()?;
        writeln!(self.out, "<section><h2>Files</h2>")?;
        let row = |file: &FileEvent| {
            let size = |size: Option<u64>| size.map_or(Field::Empty, Field::Count);
            let from = file.from_path.as_ref();
            vec![
                Field::Data(file.path.to_string()),
                Field::Word(file.status.name().to_owned()),
                from.map_or(Field::Empty, |from| Field::Data(from.to_string())),
                size(file.size.0),
                size(file.size.1),
            ]
        };
        self.table(&Table {
            title: "Changed files".to_owned(),
            field: None,
            columns: vec![
                "file",
                "status",
                "before that",
                "bytes before",
                "bytes after",
            ],
            rows: files.iter().take(Self::MOST_ROWS).map(row).collect(),
            all: files.len() as u64,
            list: false,
        })?;
        files
            .iter()
            .take(Self::MOST_ROWS)
            .try_for_each(|file| self.lines(file))?;
        writeln!(self.out, "</section>")
    }

    fn dataset(&mut self, summary: &SummaryEvent, tables: &[Table]) -> io::Result<()> {
        self.begin()?;
        let (name, step) = (data(&summary.dataset), summary.step);
        writeln!(self.out, "<section><h2>{name}: {step}</h2>")?;
        tables.iter().try_for_each(|table| self.table(table))?;
        writeln!(self.out, "</section>")
    }

    fn end(&mut self, empty: bool) -> io::Result<()> {
        self.begin()?;
        if empty {
            writeln!(self.out, "<p>No changes.</p>")?;
        }
        writeln!(self.out, "</main>\n</body>\n</html>")
    }
}

fn cell(field: &Field) -> String {
    let inner = match field {
        Field::Count(n) => return format!("<td class=\"n\">{}</td>", count(*n)),
        Field::Net(by) => return format!("<td class=\"n\">{}</td>", net(*by)),
        Field::Empty => String::new(),
        Field::Null => "<span class=\"faint\">null</span>".to_owned(),
        Field::Word(word) => escaped(word),
        Field::Data(text) | Field::Old(text, None) | Field::New(None, text) => data(text),
        Field::Old(from, Some(to)) => changed(from, to, true),
        Field::New(Some(from), to) => changed(from, to, false),
    };
    format!("<td>{inner}</td>")
}

/// Writes one side of a change, with what differs marked where the texts are long.
fn changed(from: &str, to: &str, old: bool) -> String {
    let whole = if old { from } else { to };
    let Some(pieces) = pieces(from, to).filter(|_| whole.len() <= VALUE_WIDTH) else {
        return data(whole);
    };
    let mut out = "<bdi>".to_owned();
    for piece in pieces {
        match piece {
            Piece::Same(text) => out.push_str(&escaped(&clean(text))),
            Piece::Old(text) if old => {
                out.push_str(&format!("<del>{}</del>", escaped(&clean(text))));
            }
            Piece::New(text) if !old => {
                out.push_str(&format!("<ins>{}</ins>", escaped(&clean(text))));
            }
            Piece::Old(_) | Piece::New(_) => {}
        }
    }
    out + "</bdi>"
}

/// Writes text from data, whichever way it runs.
fn data(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(&shorten(text, VALUE_WIDTH)))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
