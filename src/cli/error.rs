//! Errors as people and scripts see them: kind, sentence, causes, hint, exit code.
//!
//! The library does not know command names; hints do. The matches have no `_` arm over our own
//! errors, so that a new one does not compile until someone wrote its hint.

use std::io;

use serde_json::json;

use unicode_width::UnicodeWidthStr as _;

use super::ui::clean;
use crate::base::IoError;
use crate::dataset;
use crate::diff;
use crate::history;
use crate::index;
use crate::object;
use crate::ops;
use crate::quality;
use crate::refs;
use crate::repo;
use crate::worktree;

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

fn verb(error: &ops::Error) -> Words {
    use ops::Error as E;
    match error {
        E::AlreadyARepository { .. } => (
            "already_a_repository",
            USER,
            hint("Run `dver status` to see what it versions."),
        ),
        E::Pending { .. } => (
            "pending",
            USER,
            hint(
                "Run `dver checkout --continue` to finish it, or `dver checkout --abort` to go \
                 back.",
            ),
        ),
        E::NothingPending => ("nothing_pending", USER, None),
        E::InTheWay { .. } => (
            "dirty_worktree",
            USER,
            hint(
                "Run `dver commit -a -m MESSAGE` to keep the changes, or `dver restore PATH` to \
                 drop them (`dver undo` brings dropped files back).",
            ),
        ),
        E::Taken { .. } => (
            "exists",
            USER,
            hint("Run `dver rm PATH` first if it may go."),
        ),
        E::NoSuchPath { .. } => (
            "no_such_path",
            USER,
            hint("Run `dver status` or `dver ls REV` to see the paths."),
        ),
        E::Outside { .. } => ("outside", USER, None),
        E::NothingStaged {
            unstaged,
            untracked,
        } => (
            "nothing_staged",
            USER,
            match (unstaged, untracked) {
                (0, 0) => None,
                (0, _) => hint("Run `dver add PATH` to stage the new files."),
                _ => hint("Run `dver commit -a -m MESSAGE` to commit the changed files too."),
            },
        ),
        E::NoIdentity => (
            "no_identity",
            USER,
            hint(
                "Set DVER_AUTHOR='Name <mail>', or run `git config --global user.name NAME` and \
                 `git config --global user.email MAIL`.",
            ),
        ),
        E::Exists { kind: "file", .. } => (
            "exists",
            USER,
            hint("Choose another name, or `dver rm` it first."),
        ),
        E::Exists { .. } => ("exists", USER, hint("Add --force to move it.")),
        E::NoSuchObject { .. } => (
            "no_such_object",
            USER,
            hint("`dver log`, `dver show --json` and `dver ls --json` tell ids of objects."),
        ),
        E::NoSuchRef { kind, .. } => (
            "no_such_ref",
            USER,
            Some(format!("Run `dver {kind}` to list them.")),
        ),
        E::CurrentBranch { .. } => (
            "current_branch",
            USER,
            hint("Run `dver switch BRANCH` to leave it first."),
        ),
        E::NotMerged { name, .. } => (
            "not_merged",
            USER,
            Some(format!(
                "Run `dver branch -D {name}` if its commits may go."
            )),
        ),
        E::NoSuchDataset { known, .. } => (
            "no_such_dataset",
            USER,
            if known.is_empty() {
                hint("Run `dver dataset add PATH --key FIELD --label FIELD` to declare one.")
            } else {
                Some(format!("Declared are: {}.", known.join(", ")))
            },
        ),
        E::NoSuchRecord { .. } => ("no_such_record", USER, None),
        E::Usage(_) => ("usage", USAGE, None),
        E::Where(e) => condition(e),
        E::NotCarriedOver { .. } => (
            "not_carried_over",
            USER,
            hint("Narrow the condition, or leave --where out to take the file as a whole."),
        ),
        E::ReadsOtherwise { .. } => (
            "reads_otherwise",
            USER,
            hint("Leave --where out to take the file as a whole."),
        ),
        E::NoRecords { .. } => (
            "no_records",
            USER,
            hint(
                "--where is about records: `dver dataset list` shows the data sets. Leave it out to take whole files.",
            ),
        ),
        E::NothingToUndo => ("nothing_to_undo", USER, None),
        E::Expired { .. } => (
            "expired",
            USER,
            hint("`dver op log` marks what has expired; `dver log` shows the versions there are."),
        ),
        E::Incomplete(e) => match damage(&e.source) {
            (kind, DAMAGE, _) => (
                kind,
                DAMAGE,
                hint("Run `dver fsck` to see what is damaged, who needs it and what repairs it."),
            ),
            words => words,
        },
        E::AmbiguousHead { candidates } => (
            "ambiguous_head",
            DAMAGE,
            Some(format!(
                "Run `dver fsck --restore-head=ID` with one of: {}.",
                listed(candidates)
            )),
        ),
        E::NoHead { .. } => (
            "no_head",
            USER,
            hint("Run `dver fsck --restore-head` to find the latest complete operation."),
        ),
        E::Unstaged { .. } => (
            "unstaged",
            USER,
            hint("Run the command again for these files."),
        ),
        E::NotWritten { .. } => (
            "not_written",
            USER,
            hint("They changed meanwhile. `dver status` says whether a checkout is unfinished."),
        ),
        E::Repo(e) => repository(e),
        E::Refs(e) => reference(e),
        E::History(e) => revision(e),
        E::Object(e) => damage(e),
        E::Index(e) => index(e),
        E::Config(_) => (
            "config",
            USER,
            hint("docs/cli.md lists what dver.toml may hold."),
        ),
        E::Dataset(e) => declared(e),
        E::Worktree(e) => worktree(e),
        E::Diff(e) => compared(e),
        E::Quality(e) => measured(e),
        E::Io(_) => ("io", USER, None),
    }
}

fn condition(error: &dataset::WhereError) -> Words {
    let words = match (&error.nearest, error.known.as_slice()) {
        (Some(name), _) => Some(format!("Did you mean `{name}`?")),
        (None, []) => hint("docs/where.md has the grammar."),
        (None, known) => {
            let shown: Vec<&str> = known.iter().take(MOST_NAMES).map(String::as_str).collect();
            let more = if known.len() > MOST_NAMES { " ..." } else { "" };
            Some(format!("There are: {}{more}.", shown.join(", ")))
        }
    };
    ("where", USAGE, words)
}

fn listed(candidates: &[ops::HeadCandidate]) -> String {
    let one = |c: &ops::HeadCandidate| format!("{} ({} {} of {})", c.id, c.seq, c.verb, c.time);
    candidates.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn declared(error: &dataset::Error) -> Words {
    use dataset::Error as E;
    match error {
        E::Config(_)
        | E::NotText
        | E::Pattern { .. }
        | E::UnknownEncoding { .. }
        | E::BadGuideline { .. } => (
            "config",
            USER,
            hint("docs/cli.md lists what dver.toml may hold."),
        ),
        E::NoFormat { .. } => (
            "no_format",
            USER,
            hint("Write `format = \"csv\"`, \"jsonl\" or \"images\" into its table in dver.toml."),
        ),
        E::NoField { .. } => (
            "no_field",
            USER,
            hint("Run `dver dataset list` or look at the header of the file."),
        ),
        E::NoTable { .. } => (
            "no_table",
            USER,
            hint("Its bytes can be versioned all the same: `dver add --no-declare PATH`."),
        ),
        E::Object(e) => damage(e),
    }
}

fn compared(error: &diff::Error) -> Words {
    use diff::Error as E;
    match error {
        E::Object(e) => damage(e),
        E::Dataset(e) => declared(e),
        E::Io(_) | E::Sink(_) => ("io", USER, None),
        E::SelfCheck { .. } | E::LostRecord { .. } => (
            "diff",
            DAMAGE,
            hint(
                "Run `dver fsck --full`; where it finds nothing, this is a defect of dver: please report it.",
            ),
        ),
    }
}

fn measured(error: &quality::Error) -> Words {
    use quality::Error as E;
    match error {
        E::Object(e) => damage(e),
        E::UnknownDataset { .. } => (
            "no_such_dataset",
            USER,
            hint("Run `dver dataset list` to see the data sets."),
        ),
        E::UnknownMetric { .. } => (
            "no_such_metric",
            USER,
            hint("Run `dver quality` to see the metrics."),
        ),
    }
}

fn index(error: &index::Error) -> Words {
    use index::Error as E;
    match error {
        E::Sqlite { .. } | E::Damaged { .. } => (
            "index",
            USER,
            hint("Run `dver reindex` to derive the index anew."),
        ),
        E::NotReadOnly => ("query", USAGE, hint("Write one SELECT statement.")),
        E::Query { .. } => (
            "query",
            USER,
            hint(
                "docs/index.md has the tables; `dver sql 'SELECT name, sql FROM sqlite_schema'` \
                 prints them.",
            ),
        ),
        E::Io(_) => ("io", USER, None),
    }
}

fn worktree(error: &worktree::Error) -> Words {
    use worktree::Error as E;
    match error {
        E::Io(_) => ("io", USER, None),
        E::Object(e) => damage(e),
        E::Index(e) => index(e),
        E::NoWorktree(_) => ("no_worktree", USER, None),
        E::InTheWay(_) => ("dirty_worktree", USER, None),
    }
}

fn repository(error: &repo::Error) -> Words {
    use repo::Error as E;
    match error {
        E::NotARepository { .. } => (
            "not_a_repository",
            USER,
            hint("Run `dver init` to make one here."),
        ),
        E::NoWorktree { .. } => ("no_worktree", USER, None),
        E::Version(_) => ("format_version", USER, hint("A newer dver can read it.")),
        E::Config(_) => ("config", USER, None),
        E::Index(e) => index(e),
        E::NoState { .. } => (
            "damaged_head",
            DAMAGE,
            hint(
                "Run `dver fsck` to see what is damaged. Where it cannot be repaired, `dver fsck \
                 --restore-head` goes back to the latest complete operation.",
            ),
        ),
        E::Refs(e) => reference(e),
        E::History(e) => revision(e),
        E::Object(e) => damage(e),
        E::Io(_) => ("io", USER, None),
    }
}

fn reference(error: &refs::Error) -> Words {
    use refs::Error as E;
    match error {
        E::DamagedHead { .. } => (
            "damaged_head",
            DAMAGE,
            hint("Run `dver fsck --restore-head` to find the latest complete operation."),
        ),
        E::BadName { .. } => ("bad_name", USAGE, None),
        E::Object(e) => damage(e),
        E::Io(_) => ("io", USER, None),
    }
}

fn revision(error: &history::Error) -> Words {
    use history::Error as E;
    match error {
        E::Unknown { nearest, .. } => (
            "unknown_revision",
            USER,
            match nearest.as_slice() {
                [] => hint("Run `dver log` or `dver branch` to see what there is."),
                names => Some(format!("Did you mean {}?", names.join(" or "))),
            },
        ),
        E::Ambiguous { .. } => (
            "ambiguous_revision",
            USER,
            hint("Write more digits of the id."),
        ),
        E::Syntax { .. } => ("revision_syntax", USAGE, None),
        E::NoParent { .. } => ("no_parent", USER, None),
        E::Unborn { .. } => (
            "unborn",
            USER,
            hint("Run `dver commit -m MESSAGE` to make the first commit."),
        ),
        E::Expired { .. } => (
            "expired",
            USER,
            hint("`dver op log` marks what has expired; `dver log` shows the versions there are."),
        ),
        E::Refs(e) => reference(e),
        E::Object(e) => damage(e),
    }
}

fn damage(error: &object::Error) -> Words {
    use object::Error as E;
    let check = "Run `dver fsck` to see what else is damaged and which commits need it.";
    match error {
        E::Missing(_) => ("missing_object", DAMAGE, hint(check)),
        E::Corrupt { .. } => ("corrupt_object", DAMAGE, hint(check)),
        E::WrongKind { .. } => ("wrong_kind", USER, None),
        E::DamagedPack { .. } => ("damaged_pack", DAMAGE, hint(check)),
        E::TooLarge { .. } => ("too_large", USER, None),
        E::Io(_) => ("io", USER, None),
    }
}
