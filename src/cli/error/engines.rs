//! Words for the errors of engines and stores.

use super::{DAMAGE, MOST_NAMES, USAGE, USER, Words, hint};
use crate::dataset;
use crate::diff;
use crate::githost;
use crate::history;
use crate::index;
use crate::object;
use crate::quality;
use crate::refs;
use crate::remote;
use crate::repo;
use crate::worktree;

pub(super) fn condition(error: &dataset::WhereError) -> Words {
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

pub(super) fn declared(error: &dataset::Error) -> Words {
    use dataset::Error as E;
    match error {
        E::Config(_)
        | E::NotText
        | E::Pattern { .. }
        | E::UnknownEncoding { .. }
        | E::Rule { .. }
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

pub(super) fn compared(error: &diff::Error) -> Words {
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

pub(super) fn measured(error: &quality::Error) -> Words {
    use quality::Error as E;
    match error {
        E::Object(e) => damage(e),
        E::UnknownDataset { .. } => (
            "no_such_dataset",
            USER,
            hint("Run `dver dataset list` to see the data sets."),
        ),
        E::Gate { what, .. } => measured(what),
        E::UndeclaredDataset { .. } => (
            "no_such_dataset",
            USER,
            hint("Run `dver dataset list` to see the data sets."),
        ),
        E::UnknownEvaluation { .. } => (
            "no_such_evaluation",
            USER,
            hint("An `[eval.NAME]` table in dver.toml declares an evaluation."),
        ),
        E::UnknownMetric { .. } => (
            "no_such_metric",
            USER,
            hint("Run `dver quality` to see the metrics."),
        ),
    }
}

pub(super) fn index(error: &index::Error) -> Words {
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

pub(super) fn worktree(error: &worktree::Error) -> Words {
    use worktree::Error as E;
    match error {
        E::Io(_) => ("io", USER, None),
        E::Object(e) => damage(e),
        E::Index(e) => index(e),
        E::NoWorktree(_) => ("no_worktree", USER, None),
        E::InTheWay(_) => ("dirty_worktree", USER, None),
    }
}

pub(super) fn repository(error: &repo::Error) -> Words {
    use repo::Error as E;
    match error {
        E::NotARepository { lock: Some(_), .. } => (
            "not_a_repository",
            USER,
            hint(
                "dver.lock is here, and the data that it names are not. Run `dver clone DIR .` beside \
                 it, with the directory that your team pushes data to.",
            ),
        ),
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
        E::Git(e) => git_revision(e),
        E::Object(e) => damage(e),
        E::Io(_) => ("io", USER, None),
    }
}

fn git_revision(error: &repo::GitError) -> Words {
    use repo::GitError as E;
    match error {
        E::NoRepository { .. } => (
            "no_git",
            USER,
            hint("Leave `git:` away to name a version of dver's own: a branch, a tag, an id."),
        ),
        E::Unknown { shallow: true, .. } => (
            "unknown_git_revision",
            USER,
            hint(
                "Run `git fetch --unshallow`, or fetch the branch: `git fetch --depth=1 origin \
                 BRANCH:refs/remotes/origin/BRANCH`.",
            ),
        ),
        E::Unknown { .. } => (
            "unknown_git_revision",
            USER,
            hint("`git log --oneline --all` shows the commits of git; `git fetch` brings more."),
        ),
        E::NoLock { .. } => (
            "no_lock",
            USER,
            hint("`dver log --git` shows which git commits name versions of the data."),
        ),
        E::Lock { .. } => (
            "bad_lock",
            USER,
            hint("`dver log --git` shows which git commits name versions of the data."),
        ),
        E::NotHere { .. } => (
            "data_not_here",
            USER,
            hint(
                "Run `dver fetch` to bring it from the remote; whoever made it gives it there with \
                 `dver push`.",
            ),
        ),
        E::Git(e) => git(e),
    }
}

pub(super) fn reference(error: &refs::Error) -> Words {
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

pub(super) fn remote(error: &remote::Error) -> Words {
    use remote::Error as E;
    match error {
        E::NotARemote { .. } => (
            "not_a_remote",
            USER,
            hint("Give the directory that was pushed to, or one that is empty or not there yet."),
        ),
        E::DamagedHead { .. } => (
            "damaged_remote",
            DAMAGE,
            hint("Nothing was changed. A clone that has all commits can push to a new directory."),
        ),
        E::Object(e) => damage(e),
        E::Io(_) => ("io", USER, None),
    }
}

pub(super) fn git(error: &githost::Error) -> Words {
    use githost::Error as E;
    match error {
        E::Start { .. } => ("no_git", USER, hint("Install git, or put it on the PATH.")),
        E::Refused { .. } => ("git", USER, None),
        E::NotText => ("git", USER, None),
        E::Unsaid { .. } => (
            "unsaid_path",
            USER,
            hint("Give the directory another name, or make the repository in one above it."),
        ),
        E::HooksOff { .. } => (
            "hooks_off",
            USER,
            hint(
                "`git config core.hooksPath .git/hooks` gives this repository hooks of its own, \
                 `git config --unset core.hooksPath` those of the other settings.",
            ),
        ),
        E::HookInTheWay { .. } => (
            "hook_in_the_way",
            USER,
            hint("Move it elsewhere, or make it a script of the shell, and run the command again."),
        ),
        E::Io(_) => ("io", USER, None),
        E::Lock { .. } => (
            "bad_lock",
            USER,
            hint("`dver status` says which versions stand in it and how to choose one."),
        ),
    }
}

pub(super) fn revision(error: &history::Error) -> Words {
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

pub(super) fn damage(error: &object::Error) -> Words {
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
