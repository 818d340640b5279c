//! The terminal: where results go, how they are coloured, what is kept quiet.
//!
//! Results go to stdout and nothing else does. Colour never carries a fact of its own.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anstream::ColorChoice;
use serde::Serialize;

use super::pager::Pager;

pub(crate) use super::width::{clean, pad, shorten};

/// What a piece of text is, so that one place decides how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// A heading.
    Heading,
    /// An id.
    Id,
    /// Something that is new.
    Added,
    /// Something that is gone.
    Removed,
    /// Something that changed.
    Changed,
    /// Something of less weight.
    Faint,
    /// Something to look at.
    Warning,
    /// What is told beside commands and results.
    Prose,
}

/// Where a command writes.
pub struct Ui {
    out: Box<dyn Write>,
    /// Whether results are JSON.
    pub json: bool,
    /// Whether hints and notes are left out.
    pub quiet: bool,
    /// Whether more is told.
    pub verbose: bool,
    /// Whether progress may be drawn.
    pub progress: bool,
    /// Whether long answers may be paged.
    pub paging: bool,
    redirected: bool,
    coloured: bool,
}

impl Ui {
    /// Opens stdout.
    pub fn stdout(color: ColorChoice) -> Self {
        let coloured = match color {
            ColorChoice::Auto => anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            ColorChoice::Never => false,
            ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
        };
        let out: Box<dyn Write> = Box::new(BufWriter::new(io::stdout()));
        Self {
            out,
            json: false,
            quiet: false,
            verbose: false,
            progress: false,
            paging: false,
            redirected: false,
            coloured,
        }
    }

    /// Sends results to a file instead, without colour.
    #[allow(clippy::disallowed_methods)] // a user's output file is no durable step
    pub fn redirect(&mut self, path: &Path) -> io::Result<()> {
        self.out = Box::new(BufWriter::new(File::create(path)?));
        self.coloured = false;
        self.redirected = true;
        Ok(())
    }

    /// Sends results through a pager, where people read them on a terminal.
    pub(super) fn page(&mut self) {
        if self.paging && !self.json && self.is_terminal() {
            self.out = Box::new(BufWriter::new(Pager::default()));
        }
    }

    /// Returns whether results go to a terminal, through a pager or not.
    pub(crate) fn is_terminal(&self) -> bool {
        !self.redirected && io::stdout().is_terminal()
    }

    /// Returns how many columns a drawing may take: those of the terminal, else 80.
    pub(crate) fn columns(&self) -> usize {
        let size = console::Term::stdout().size_checked();
        match size.filter(|_| self.is_terminal()) {
            Some((_, columns)) => usize::from(columns),
            None => 80,
        }
    }

    /// Returns the text dressed for its style, or plain where colours are off.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        paint(self.coloured, style, text)
    }

    /// Writes a line of a result.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Writes bytes of a result as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Writes a result as one line of JSON.
    pub fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// Writes a note to stderr, unless notes are off.
    pub fn note(&mut self, text: &str) {
        if !self.quiet && !self.json {
            // Where both streams end in one place, the note comes after what was told before it.
            // That stdout cannot be written, the next result finds out.
            let _ = self.out.flush();
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Returns what results are written to, and what dresses text, for renderers that stream.
    pub(crate) fn streams(&mut self) -> (&mut dyn Write, impl Fn(Style, &str) -> String + use<>) {
        let coloured = self.coloured;
        (&mut self.out, move |style, text: &str| {
            paint(coloured, style, text)
        })
    }

    /// Writes everything out.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Colours results, whatever stdout is.
    pub(crate) fn set_coloured(&mut self) {
        self.coloured = true;
    }

    /// Returns whether results are coloured.
    pub(crate) fn coloured(&self) -> bool {
        self.coloured
    }

    /// Returns whether stderr is no terminal and long work is told in lines.
    pub fn tells_progress(&self) -> bool {
        self.progress && self.verbose && !self.quiet && !io::stderr().is_terminal()
    }

    /// Returns whether stderr is a terminal on which progress may be drawn.
    pub fn draws_progress(&self) -> bool {
        self.progress && !self.quiet && io::stderr().is_terminal()
    }
}

fn paint(coloured: bool, style: Style, text: &str) -> String {
    use owo_colors::OwoColorize as _;
    if !coloured {
        return text.to_owned();
    }
    match style {
        Style::Heading => text.bold().to_string(),
        Style::Id | Style::Changed => text.yellow().to_string(),
        Style::Added => text.green().to_string(),
        Style::Removed => text.red().to_string(),
        Style::Faint => text.dimmed().to_string(),
        Style::Warning => text.magenta().to_string(),
        Style::Prose => text.cyan().to_string(),
    }
}

/// Writes to stderr what went wrong.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a count with separators: `5,000,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a number of bytes in the largest unit that it fills: `12.3 MB`.
pub fn size(bytes: u64) -> String {
    let mut rest = bytes;
    let mut units = ["kB", "MB", "GB", "TB", "PB"].into_iter();
    let mut told = counted(bytes, "byte");
    while rest >= 1000 {
        let Some(unit) = units.next() else { break };
        told = format!("{}.{} {unit}", count(rest / 1000), rest % 1000 / 100);
        rest /= 1000;
    }
    told
}

/// Writes a count with its noun: `1 record`, `2 records`.
pub fn counted(number: u64, noun: &str) -> String {
    let (stem, ending) = match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => (stem, "ies"),
        _ if noun.ends_with(['s', 'x']) => (noun, "es"),
        _ => (noun, "s"),
    };
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {stem}{ending}", count(number))
    }
}
