//! What dver writes into hooks: plain `sh`, as git runs it on every system.
//!
//! Whatever else runs in a hook runs first, with its arguments and its input, and its exit code
//! stands. Where dver is not to be found, the hook says so and lets git go on.

use std::path::Path;

use crate::base::{IoError, fsio};

use super::block;

/// The hooks that dver takes part in. `commit-msg` only sees to it that a message which nobody
/// wrote stays empty in spite of trailers.
pub const NAMES: [&str; 7] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-checkout",
    "post-merge",
    "post-rewrite",
    "pre-push",
];

/// The directory beside the hooks in which scripts stand that no block can be put into.
pub(super) const BEFORE: &str = "dver-before";
/// The file in the repository that names the program, for hooks that other clones have too.
pub(super) const PROGRAM: &str = "dver-program";
/// The file beside the message of a commit that notes that dver wrote trailers into it.
const TOLD: &str = "dver-told";
/// The file beside the message of a commit that holds the number of the process of git whose commit
/// leaves the lock as it is: its message needs no trailers.
const UNMOVED: &str = "dver-unmoved";
/// Finds the directory of the message.
const BESIDE: &str = "case $1 in */*) dver_beside=${1%/*};; *) dver_beside=.;; esac\n";
/// The files that hooks leave for each other.
pub(super) const NOTES: [&str; 2] = [TOLD, UNMOVED];

/// Notes beside a message that it has trailers, or that it has none any more.
pub fn note_told(message: &Path, has: bool) -> Result<(), IoError> {
    let note = message.with_file_name(TOLD);
    match has {
        true => fsio::write_passing(&note, b""),
        false => fsio::remove_passing(&note),
    }
}

/// Notes in the repository of a worktree that the commit which this process of git makes leaves the
/// lock as it is; `None` where none is known to.
pub fn note_unmoved(directory: &Path, process: Option<u32>) -> Result<(), IoError> {
    let note = directory.join(UNMOVED);
    match process {
        Some(process) => fsio::write_passing(&note, format!("{process}\n").as_bytes()),
        None => fsio::remove_passing(&note),
    }
}

/// The variable by which a script knows that its own block runs it.
const WITHIN: &str = "DVER_HOOK_WITHIN";

/// How dver takes part in a hook.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// The script is dver's. What ran there, if anything, stands in `dver-before`.
    Own,
    /// A block in a script of somebody else's, which git runs.
    Within,
    /// The same in a script that husky runs: `sh -e` does it, whatever its first line says.
    WithinHusky,
}

/// How a hook finds the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Program<'a> {
    /// At this path, a word of `sh`, else on the PATH.
    At(&'a str),
    /// Where this clone says, else on the PATH: the script is in other clones too.
    OfClone,
}

/// Returns the script that is dver's.
pub(super) fn own(name: &str, program: Program<'_>) -> String {
    format!("#!/bin/sh\n{}", part(name, Form::Own, program))
}

/// Returns the block, marks included.
pub(super) fn part(name: &str, form: Form, program: Program<'_>) -> String {
    let reads = matches!(name, "pre-push" | "post-rewrite");
    let (read, piped) = match reads {
        // The dot keeps the line ends at the end.
        true => (
            "dver_input=$(cat; echo .)\ndver_input=${dver_input%.}\n",
            "printf %s \"$dver_input\" | ",
        ),
        false => ("", ""),
    };
    let stops = match name.starts_with("post-") {
        true => "",
        false => "[ \"$dver_code\" -eq 0 ] || exit \"$dver_code\"\n",
    };
    let first = match form {
        Form::Own => format!(
            "dver_before=${{0%/*}}/{BEFORE}/{name}\n\
             if [ -x \"$dver_before\" ]; then\n  \
             {piped}\"$dver_before\" \"$@\" || dver_code=$?\n\
             fi\n"
        ),
        Form::Within => format!("{piped}{WITHIN}=$PWD:$0 \"$0\" \"$@\" || dver_code=$?\n"),
        Form::WithinHusky => {
            format!("{piped}{WITHIN}=$PWD:$0 sh -e \"$0\" \"$@\" || dver_code=$?\n")
        }
    };
    let (find, place) = match program {
        Program::At(path) => {
            let find = format!("dver_program={path}\n");
            (find, " where it was installed, nor")
        }
        Program::OfClone => {
            // In a linked worktree and in a submodule `.git` is a file.
            let find = format!(
                "dver_program=dver\n\
                 dver_common=.git\n\
                 [ ! -f .git ] || dver_common=$(git rev-parse --git-common-dir 2>/dev/null) || :\n\
                 {{ read -r dver_program < \"$dver_common/{PROGRAM}\"; }} 2>/dev/null || :\n"
            );
            (find, "")
        }
    };
    // A program that starts takes longer than all that the shell does here.
    let (open, close) = match name {
        "prepare-commit-msg" => (
            format!(
                "{BESIDE}\
                 dver_seen=\n\
                 case ${{2-}} in commit) ;; *)\n\
                 {{ read -r dver_seen < \"$dver_beside/{UNMOVED}\"; }} 2>/dev/null || :;;\n\
                 esac\n\
                 if [ \"$dver_seen\" = \"$PPID\" ]; then\n  \
                 {{ printf '' > \"$dver_beside/{UNMOVED}\"; }} 2>/dev/null || :\n\
                 else\n"
            ),
            "fi\n",
        ),
        "commit-msg" => (
            format!("{BESIDE}if [ -e \"$dver_beside/{TOLD}\" ]; then\n"),
            "fi\n",
        ),
        _ => (String::new(), ""),
    };
    // By the number of git's process, prepare-commit-msg knows that this was the same commit.
    let given = match name {
        "pre-commit" => "DVER_HOOK_GIT=$PPID ",
        _ => "",
    };
    let body = format!(
        "dver_code=0\n\
         {read}{first}{stops}\
         {open}\
         case ${{DVER_SKIP_HOOKS-}} in ''|0)\n\
         {find}\
         [ -x \"$dver_program\" ] || dver_program=dver\n\
         if command -v \"$dver_program\" >/dev/null 2>&1; then\n  \
         dver_ran=0\n  \
         {piped}{given}\"$dver_program\" hook run {name} \"$@\" || dver_ran=$?\n  \
         [ \"$dver_code\" -ne 0 ] || dver_code=$dver_ran\n\
         else\n  \
         echo 'dver: {name} did nothing: there is no dver{place} on the PATH; dver hook install mends it' >&2\n\
         fi;;\n\
         esac\n\
         {close}\
         exit \"$dver_code\"\n"
    );
    let body = match form {
        Form::Own => body,
        Form::Within | Form::WithinHusky => {
            format!("if [ \"${{{WITHIN}-}}\" != \"$PWD:$0\" ]; then\n{body}fi\n")
        }
    };
    block::block(
        "of dver hook install; dver hook uninstall takes it out",
        &body,
    )
}

/// Returns where a block can be put into a script: behind its first line. `None` where the script
/// is not one of the shell, or ends in that line.
pub(super) fn place_in(script: &[u8], needs_shebang: bool) -> Option<usize> {
    if script.contains(&0) || std::str::from_utf8(script).is_err() {
        return None;
    }
    let end = memchr::memchr(b'\n', script);
    let Some(first) = script.strip_prefix(b"#!") else {
        return (!needs_shebang).then_some(0);
    };
    let end = end?;
    let line = std::str::from_utf8(first.get(..end.checked_sub(2)?)?).ok()?;
    if line.ends_with('\r') {
        return None;
    }
    let words = line.split_ascii_whitespace();
    let program = words
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .find(|word| *word != "env" && !word.starts_with('-'))?;
    matches!(program, "sh" | "bash" | "dash" | "ash" | "ksh").then_some(end + 1)
}
