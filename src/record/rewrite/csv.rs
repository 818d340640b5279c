//! Cells of CSV: quoted where they were or where they must be.

use std::ops::Range;

use super::super::csv::Cells;
use super::super::layout::Layout;
use super::error::RewriteError;
use super::splice::{Splice, With};
use super::{Edit, Rewriter};

/// The cells of a record, quotes included.
pub(super) struct Row<'a> {
    layout: &'a Layout,
    text: &'a [u8],
    cells: Vec<Range<usize>>,
}

impl<'a> Row<'a> {
    pub(super) fn open(layout: &'a Layout, text: &'a [u8]) -> Self {
        let dialect = &layout.dialect;
        let mut cells = Cells::new(text, dialect.delimiter, dialect.quote);
        let mut found = Vec::new();
        while let Some(cell) = cells.next_whole() {
            found.push(cell);
        }
        Self {
            layout,
            text,
            cells: found,
        }
    }

    /// Returns the place of a field among the cells.
    fn column(&self, field: &str) -> Option<usize> {
        let fields = &self.layout.fields;
        if let Some(at) = fields.iter().position(|name| **name == *field) {
            return Some(at);
        }
        // Cells beyond the header's names are called by their number.
        let number: usize = field.strip_prefix('#')?.parse().ok()?;
        (fields.len()..self.cells.len())
            .contains(&number.checked_sub(1)?)
            .then(|| number - 1)
    }

    fn spell(&self, edit: &Edit<'_>, was_quoted: bool) -> Result<String, RewriteError> {
        let text = edit.value.map_or("", |cell| cell.text);
        let dialect = &self.layout.dialect;
        let special = |c: char| {
            matches!(c, '\n' | '\r')
                || c == char::from(dialect.delimiter)
                || dialect.quote.is_some_and(|quote| c == char::from(quote))
        };
        // A line without anything is no record.
        let is_line = text.is_empty() && self.cells.len().max(self.layout.fields.len()) == 1;
        let must = text.contains(special) || is_line;
        match dialect.quote.map(char::from) {
            Some(quote) if must || was_quoted => {
                let doubled = text.replace(quote, &format!("{quote}{quote}"));
                Ok(format!("{quote}{doubled}{quote}"))
            }
            None if must => Err(RewriteError::NeedsQuote {
                field: edit.field.to_owned(),
            }),
            _ => Ok(text.to_owned()),
        }
    }
}

impl Rewriter for Row<'_> {
    fn place(&self, field: &str) -> Option<Range<usize>> {
        self.cells.get(self.column(field)?).cloned()
    }

    fn edit(&self, edit: &Edit<'_>, out: &mut Vec<Splice>) -> Result<(), RewriteError> {
        let field = edit.field.to_owned();
        let Some(column) = self.column(edit.field) else {
            return Err(RewriteError::NotInFile { field });
        };
        let old = self.cells.get(column);
        let raw = old.map_or(&[][..], |range| &self.text[range.clone()]);
        let quote = self.layout.dialect.quote;
        let was_quoted = raw.len() > 1 && raw.first().copied() == quote;
        let mut with = match edit.spelled {
            Some(bytes) => With::bytes(bytes),
            None if old.is_none() && edit.value.is_none() => return Ok(()),
            None => With::text(self.spell(edit, was_quoted)?),
        };
        let at = match old {
            Some(range) => range.clone(),
            None => {
                // The record is too short: cells up to this one are added, empty.
                let missing = column - self.cells.len() + 1;
                let delimiter = char::from(self.layout.dialect.delimiter).to_string();
                with.before.insert_str(0, &delimiter.repeat(missing));
                self.text.len()..self.text.len()
            }
        };
        out.push(Splice { at, with, field });
        Ok(())
    }
}
