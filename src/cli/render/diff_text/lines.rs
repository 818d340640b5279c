//! Lines in columns, aligned by display width.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::super::super::ui::{Style, counted};
use super::{MOST_LINES, Paint};

/// What stands in one column of a line: pieces of text with their styles.
#[derive(Clone, Default)]
pub(super) struct Cell(Vec<(Option<Style>, String)>);

impl Cell {
    pub(super) fn push(&mut self, style: Option<Style>, text: impl Into<String>) {
        self.0.push((style, text.into()));
    }

    pub(super) fn styled(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(Some(style), text.into())])
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    fn paint(&self, paint: &Paint<'_>, out: &mut String) {
        for (style, text) in &self.0 {
            match style {
                Some(style) => out.push_str(&paint(*style, text)),
                None => out.push_str(text),
            }
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(vec![(None, text)])
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// How the columns of a table stand; the first one is always to the left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// The first lines of a kind, and how many there are.
#[derive(Default)]
pub(super) struct Lines {
    first: Vec<Vec<Cell>>,
    count: u64,
}

impl Lines {
    pub(super) fn push(&mut self, line: impl FnOnce() -> Vec<Cell>) {
        self.count += 1;
        if self.first.len() < MOST_LINES {
            self.first.push(line());
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Writes the lines, and how many more there are.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        paint: &Paint<'_>,
        columns: Columns,
        noun: &str,
    ) -> io::Result<()> {
        let most = self.first.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            let cells = self.first.iter().filter_map(|line| line.get(at));
            cells.map(Cell::width).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..most).map(width).collect();
        for line in &self.first {
            let mut text = "    ".to_owned();
            for (at, cell) in line.iter().enumerate() {
                let missing = " ".repeat(widths[at].saturating_sub(cell.width()));
                if at > 0 {
                    text.push_str("  ");
                }
                match (columns, at) {
                    (Columns::Right, 1..) => {
                        text.push_str(&missing);
                        cell.paint(paint, &mut text);
                    }
                    _ => {
                        cell.paint(paint, &mut text);
                        text.push_str(&missing);
                    }
                }
            }
            out.write_all(text.trim_end().as_bytes())?;
            out.write_all(b"\n")?;
        }
        let more = self.count - self.first.len() as u64;
        if more > 0 {
            let text = format!(
                "... and {} (--json shows all)",
                counted(more, &format!("more {noun}"))
            );
            writeln!(out, "    {}", paint(Style::Faint, &text))?;
        }
        Ok(())
    }
}
