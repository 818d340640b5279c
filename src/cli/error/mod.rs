//! Errors as people and scripts see them: kind, sentence, causes, hint, exit code.
//!
//! The library does not know command names; hints do. The matches have no `_` arm over our own
//! errors, so that a new one does not compile until someone wrote its hint.

mod engines;
mod verbs;

use std::io;

use serde_json::json;

use unicode_width::UnicodeWidthStr as _;

use self::verbs::verb;
use super::ui::clean;
use crate::base::IoError;
use crate::dataset;
use crate::diff;
use crate::history;
use crate::object;
use crate::ops;
use crate::repo;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A verb failed.
    Verb(Box<ops::Error>),
    /// The output could not be written.
    Output(io::Error),
    /// A command of the tour did not succeed.
    Tour {
        /// The command line.
        command: String,
        /// Its exit code; none where a signal ended it.
        code: Option<i32>,
    },
}

impl From<ops::Error> for Failure {
    fn from(e: ops::Error) -> Self {
        // A renderer's failure to write comes back through the engine that fed it.
        if let ops::Error::Diff(diff::Error::Sink(inner)) = &e
            && let Some(io) = inner.downcast_ref::<io::Error>()
        {
            return Self::Output(io::Error::new(io.kind(), io.to_string()));
        }
        Self::Verb(Box::new(e))
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Output(e)
    }
}

impl From<repo::Error> for Failure {
    fn from(e: repo::Error) -> Self {
        ops::Error::from(e).into()
    }
}

impl From<history::Error> for Failure {
    fn from(e: history::Error) -> Self {
        ops::Error::from(e).into()
    }
}

impl From<object::Error> for Failure {
    fn from(e: object::Error) -> Self {
        ops::Error::from(e).into()
    }
}

impl From<IoError> for Failure {
    fn from(e: IoError) -> Self {
        ops::Error::from(e).into()
    }
}

/// An error in words.
pub(crate) struct Told {
    kind: &'static str,
    message: String,
    /// What was typed, with a mark where it goes wrong.
    excerpt: Vec<String>,
    causes: Vec<String>,
    hint: Option<String>,
    /// The exit code.
    pub code: u8,
}

impl Told {
    /// Returns the lines for stderr.
    pub(super) fn to_text(&self) -> String {
        let mut lines = vec![format!("error: {}", self.message)];
        lines.extend(self.excerpt.iter().cloned());
        lines.extend(
            self.causes
                .iter()
                .map(|cause| format!("caused by: {cause}")),
        );
        lines.extend(self.hint.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }

    /// Returns the lines for stderr where the error stops nothing: what did not happen, and why.
    pub(super) fn as_note(&self, what: &str) -> String {
        let mut lines = vec![format!("{what}: {}", self.message)];
        lines.extend(
            self.causes
                .iter()
                .map(|cause| format!("caused by: {cause}")),
        );
        lines.extend(self.hint.iter().map(|hint| format!("hint: {hint}")));
        lines.join("\n")
    }

    /// Returns the one object for stderr with `--json`.
    pub(super) fn to_json(&self) -> String {
        let message = std::iter::once(&self.message).chain(&self.causes);
        let message: Vec<&str> = message.map(String::as_str).collect();
        json!({"error": {"kind": self.kind, "message": message.join(": "), "hint": self.hint}})
            .to_string()
    }
}

/// Returns the one object for stderr that says what is wrong with the arguments.
pub(super) fn usage_json(told: &str) -> String {
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let message: Vec<&str> = lines
        .iter()
        .take_while(|l| !l.is_empty())
        .copied()
        .collect();
    let message = message.join(" ");
    let message = message.trim_start_matches("error: ");
    let hint = lines.iter().find(|line| line.starts_with("tip: "));
    let hint = hint.map(|line| line.trim_start_matches("tip: "));
    json!({"error": {"kind": "usage", "message": message, "hint": hint}}).to_string()
}

/// Returns the words for an index that failed, which stops nothing.
pub(super) fn index_note(e: &dyn std::error::Error) -> String {
    let mut told = format!("note: {e}");
    let mut cause = e.source();
    while let Some(e) = cause {
        told.push_str(&format!(": {e}"));
        cause = e.source();
    }
    told + "; dver derives from the objects what it would have said"
}

/// You: bad input. It is not there, or it is in the way. The machine. Damage.
const USAGE: u8 = 2;
const USER: u8 = 3;
const DAMAGE: u8 = 4;

impl Failure {
    /// Finds the words for the error.
    pub(super) fn describe(&self) -> Told {
        let (kind, code, hint, error): (_, _, _, Option<&dyn std::error::Error>) = match self {
            Self::Output(e) => ("output", USER, None, Some(e)),
            Self::Verb(e) => {
                let (kind, code, hint) = verb(e);
                (kind, code, hint, Some(e.as_ref()))
            }
            Self::Tour { .. } => ("tour", USER, None, None),
        };
        let mut causes = Vec::new();
        let mut cause = error.and_then(|e| e.source());
        while let Some(e) = cause {
            causes.push(e.to_string());
            cause = e.source();
        }
        let message = match self {
            Self::Output(e) => format!("cannot write the output: {e}"),
            Self::Verb(e) => e.to_string(),
            Self::Tour { command, code } => match code {
                Some(code) => format!("`{command}` of the tour ended with exit code {code}"),
                None => format!("`{command}` of the tour was interrupted"),
            },
        };
        let excerpt = match self {
            Self::Verb(e) => match e.as_ref() {
                ops::Error::Where(e) => excerpt(e),
                _ => Vec::new(),
            },
            Self::Output(_) | Self::Tour { .. } => Vec::new(),
        };
        Told {
            kind,
            message,
            excerpt,
            causes,
            hint,
            code,
        }
    }
}

/// The most names that a hint lists.
const MOST_NAMES: usize = 24;

/// Shows the part of a condition that goes wrong, with a mark under its first character.
fn excerpt(error: &dataset::WhereError) -> Vec<String> {
    const AROUND: usize = 40;
    let (before, after) = error
        .text
        .split_at_checked(error.at)
        .unwrap_or((&error.text, ""));
    let cut = before.chars().count().saturating_sub(AROUND);
    let dots = if cut > 0 { "..." } else { "" };
    let before: String = before.chars().skip(cut).collect();
    let before = format!("  {dots}{}", clean(&before));
    let after: String = after.chars().take(AROUND).collect();
    let mark = format!("{}^", " ".repeat(before.width()));
    vec![format!("{before}{}", clean(&after)), mark]
}

type Words = (&'static str, u8, Option<String>);

fn hint(text: &str) -> Option<String> {
    Some(text.to_owned())
}
