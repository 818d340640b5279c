//! `dver hook driver`: what git's diff and merge drivers call.
//!
//! Invariant: a diff driver that fails takes a whole `git diff` with it. So what cannot be shown
//! by its records is shown as git itself shows it, with a word why, and the exit code is 0.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::context::Context;
use super::super::error::Failure;
use super::super::render::diff::{Format, print};
use super::super::render::diff_json::Show;
use super::super::render::lock::{self, Names};
use super::super::ui::{Style, clean};
use super::super::{Answer, env, ui};
use crate::base::{IoError, ScratchDir, fsio};
use crate::diff::Options;
use crate::githost::{self, Git, Lock};
use crate::ops::diff::{DiffOptions, Ends, diff};
use crate::ops::plain::{self, PlainOptions};
use crate::ops::review::{self, Merged};
use crate::ops::{self};
use crate::repo::{self, Home, Repo};

/// What git calls dver for.
#[derive(Args, Debug)]
pub(crate) struct DriverArgs {
    /// What is to be done
    #[arg(value_name = "WHAT")]
    pub what: What,
    /// What git gives
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<OsString>,
}

/// What git's drivers do.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// Show how two lock files differ: `diff.NAME.command`.
    LockDiff,
    /// Write a lock file in lines: `diff.NAME.textconv`.
    LockText,
    /// Merge two lock files: `merge.NAME.driver`.
    LockMerge,
    /// Show how two tables differ: `diff.NAME.command`.
    TableDiff,
}

/// The most bytes of a file that can be a lock.
const MOST_BYTES: u64 = 1 << 16;

pub(crate) fn run(context: &mut Context, args: &DriverArgs) -> Result<Answer, Failure> {
    let given = &args.arguments;
    match args.what {
        What::LockDiff => as_diff(context, given, lock_diff),
        What::TableDiff => as_diff(context, given, table_diff),
        What::LockText => lock_text(context, given),
        What::LockMerge => lock_merge(context, given),
    }
}

/// What git gives a diff driver.
struct Given {
    /// Where the file lies in the worktree.
    path: String,
    before: File,
    after: File,
}

/// One side of a diff.
struct File {
    /// Where its bytes stand; `None` where the side has no such file.
    at: Option<PathBuf>,
    /// The same as git says it.
    said: PathBuf,
    /// How git calls them.
    id: String,
    /// Its mode, such as `100644`.
    mode: String,
}

impl Given {
    fn of(context: &Context, arguments: &[OsString]) -> Option<Self> {
        let text = |at: usize| Some(arguments.get(at)?.to_string_lossy().into_owned());
        let file = |from: usize| {
            let path = PathBuf::from(arguments.get(from)?);
            let exists = path != Path::new("/dev/null") && path != Path::new("nul");
            Some(File {
                at: exists.then(|| context.directory.join(&path)),
                said: path,
                id: text(from + 1)?,
                mode: text(from + 2)?,
            })
        };
        Some(Self {
            path: text(0)?,
            before: file(1)?,
            after: file(4)?,
        })
    }
}

type Shown<'a> = &'a dyn Fn(&mut Context, &Given) -> Result<(), Failure>;

/// Shows a difference, and as git itself does where that fails.
fn as_diff(
    context: &mut Context,
    arguments: &[OsString],
    show: fn(&mut Context, &Given) -> Result<(), Failure>,
) -> Result<Answer, Failure> {
    let Some(given) = Given::of(context, arguments) else {
        if let [path] = arguments {
            let path = clean(&path.to_string_lossy());
            context.ui.line(&format!("* Unmerged path {path}"))?;
            return Ok(Answer::Done);
        }
        let words = "a diff driver is given a path, and of both sides file, id and mode";
        return Err(ops::Error::Usage(words.to_owned()).into());
    };
    colour(context);
    let show: Shown<'_> = &show;
    if let Err(failure) = show(context, &given) {
        let path = clean(&given.path);
        let told = failure.describe().to_text();
        ui::complain(&format!("note: {path} is shown as git shows it: {told}"));
        plainly(context, &given)?;
    }
    Ok(Answer::Done)
}

/// Colours as git would: what goes to git's pager is read on a terminal.
fn colour(context: &mut Context) {
    if env::variable("GIT_PAGER_IN_USE").is_none() || env::variable("NO_COLOR").is_some() {
        return;
    }
    let wants = |git: Git| git.ask(&["config", "--get-colorbool", "color.diff", "true"]);
    let git = Git::find(&context.directory);
    if let Ok(Some(Ok(Ok(_)))) = git.map(|git| git.map(wants)) {
        context.ui.set_coloured();
    }
}

fn plainly(context: &mut Context, given: &Given) -> Result<(), Failure> {
    // As git says them, so that its answer names them as short as it would.
    let (before, after) = (&given.before.said, &given.after.said);
    let shown = githost::plain_diff(&context.directory, before, after);
    Ok(context.ui.bytes(&shown.map_err(ops::Error::from)?)?)
}

fn read(file: &File) -> Result<Option<Vec<u8>>, IoError> {
    match &file.at {
        Some(path) => fsio::read_bounded(path, MOST_BYTES).map(Some),
        None => Ok(None),
    }
}

fn parsed(bytes: Option<&[u8]>) -> Result<Option<Lock>, ops::Error> {
    Ok(bytes.map(Lock::parse).transpose()?)
}

/// Shows how two locks differ: the lines as git does, so that the answer is a patch, and then what
/// that means in labels.
fn lock_diff(context: &mut Context, given: &Given) -> Result<(), Failure> {
    let (before, after) = (read(&given.before)?, read(&given.after)?);
    let locks = (parsed(before.as_deref())?, parsed(after.as_deref())?);
    patch(context, given, before.as_deref(), after.as_deref())?;
    // From here on the patch is told: what fails is a word after it.
    let told = match locks {
        (Some(a), Some(b)) if a != b => between(context, given, a, b),
        (None, Some(lock)) => alone(context, given, lock),
        _ => Ok(()),
    };
    match told {
        Err(Failure::Verb(e)) => {
            let failure = Failure::Verb(e);
            let text = failure.describe().to_text();
            Ok(context.ui.line(&clean(&text.replace('\n', "; ")))?)
        }
        other => other,
    }
}

/// Opens the repository that a lock file lies in.
fn repository(context: &Context, path: &str) -> Result<Repo, Failure> {
    let beside = context.directory.join(path);
    let home = repo::discover(beside.parent().unwrap_or(&context.directory))?;
    context.repo_to_look_at(&home)
}

fn between(context: &mut Context, given: &Given, a: Lock, b: Lock) -> Result<(), Failure> {
    let mut repo = repository(context, &given.path)?;
    here(&repo, &[a, b])?;
    let options = DiffOptions {
        ends: Ends::Revisions(a.commit.to_string(), b.commit.to_string()),
        within: Vec::new(),
        tell: Options::STAT,
        condition: None,
        from_data: false,
    };
    let progress = context.progress();
    context.ui.line("")?;
    print(&mut context.ui, Format::Text, Show::STAT, |sink| {
        diff(&mut repo, &options, sink, progress.as_ref())
    })?;
    Ok(context.ui.line("")?)
}

fn alone(context: &mut Context, given: &Given, lock: Lock) -> Result<(), Failure> {
    let repo = repository(context, &given.path)?;
    here(&repo, &[lock])?;
    let described = review::describe(&repo, &lock.commit)?;
    context.ui.line("")?;
    lock::describe(context.ui.streams().0, &described)?;
    Ok(context.ui.line("")?)
}

/// Fails where the repository lacks a version that a lock names.
fn here(repo: &Repo, locks: &[Lock]) -> Result<(), Failure> {
    for lock in locks {
        if !repo.has(&lock.commit)? {
            return Err(ops::Error::NotHere { id: lock.commit }.into());
        }
    }
    Ok(())
}

/// Writes the patch from one small file to another: all lines of one go, all of the other come.
fn patch(
    context: &mut Context,
    given: &Given,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
) -> Result<(), Failure> {
    let ui = &mut context.ui;
    let (a, b) = (
        quoted(&format!("a/{}", given.path)),
        quoted(&format!("b/{}", given.path)),
    );
    let mut head = vec![format!("diff --git {a} {b}")];
    let (old, new) = (&given.before, &given.after);
    match (before, after) {
        (None, _) => head.push(format!("new file mode {}", new.mode)),
        (_, None) => head.push(format!("deleted file mode {}", old.mode)),
        _ if old.mode != new.mode => {
            head.push(format!("old mode {}", old.mode));
            head.push(format!("new mode {}", new.mode));
        }
        _ => {}
    }
    if before != after {
        let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
        head.push(format!("index {}..{}", short(&old.id), short(&new.id)));
        // A name with a space ends with a tab, as git and `patch` have it.
        let end = if given.path.contains(' ') { "\t" } else { "" };
        let named = |name: &str, bytes: Option<&[u8]>| match bytes {
            Some(_) => format!("{name}{end}"),
            None => "/dev/null".to_owned(),
        };
        head.push(format!("--- {}", named(&a, before)));
        head.push(format!("+++ {}", named(&b, after)));
    }
    for line in head {
        let line = ui.paint(Style::Heading, &line);
        ui.line(&line)?;
    }
    if before == after {
        return Ok(());
    }
    let sides = [('-', Style::Removed, before), ('+', Style::Added, after)];
    let range = |bytes: Option<&[u8]>| match bytes.map_or(0, |bytes| lines(bytes).count()) {
        0 => "0,0".to_owned(),
        1 => "1".to_owned(),
        more => format!("1,{more}"),
    };
    let mark = format!("@@ -{} +{} @@", range(before), range(after));
    let mark = ui.paint(Style::Faint, &mark);
    ui.line(&mark)?;
    for (sign, style, bytes) in sides {
        let bytes = bytes.unwrap_or_default();
        for line in lines(bytes) {
            let line = format!("{sign}{}", String::from_utf8_lossy(line));
            let line = ui.paint(style, &line);
            ui.line(&line)?;
        }
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            ui.line("\\ No newline at end of file")?;
        }
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

/// Quotes a name as git does where it holds what would end or mislead it.
fn quoted(name: &str) -> String {
    if !name
        .chars()
        .any(|c| c.is_control() || c == '"' || c == '\\')
    {
        return name.to_owned();
    }
    let mut out = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            0x20..=0x7e => out.push(char::from(byte)),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    out.push('"');
    out
}

/// Writes the version that a lock names in lines; the lock itself where it names none that is here.
fn lock_text(context: &mut Context, arguments: &[OsString]) -> Result<Answer, Failure> {
    let [file] = arguments else {
        let words = "lock-text is given one file".to_owned();
        return Err(ops::Error::Usage(words).into());
    };
    let bytes = fsio::read_bounded(&context.directory.join(file), MOST_BYTES)?;
    let lock = Lock::parse(&bytes).ok();
    let known = match lock {
        Some(lock) => holder(context, lock)?,
        None => None,
    };
    match (lock, known) {
        (Some(lock), Some(repo)) => {
            let described = review::describe(&repo, &lock.commit)?;
            lock::describe(context.ui.streams().0, &described)?;
        }
        (Some(_), None) => {
            context.ui.bytes(&bytes)?;
            context
                .ui
                .line("# This version is not here; `dver fetch` brings what was pushed.")?;
        }
        (None, _) => context.ui.bytes(&bytes)?,
    }
    Ok(Answer::Done)
}

/// Finds the repository that has the version: git does not say where the file lies, and there may
/// be several in one worktree.
fn holder(context: &Context, lock: Lock) -> Result<Option<Repo>, Failure> {
    let git = Git::find(&context.directory).map_err(ops::Error::from)?;
    let mut homes: Vec<Home> = repo::discover(&context.directory).into_iter().collect();
    if let Some(git) = &git {
        for path in git.tracked_locks().map_err(ops::Error::from)? {
            homes.extend(path.parent().and_then(|dir| repo::discover(dir).ok()));
        }
    }
    for home in homes {
        let Ok(repo) = context.repo_to_look_at(&home) else {
            continue; // another one may have it, and a diff is no place to complain
        };
        if repo.has(&lock.commit)? {
            return Ok(Some(repo));
        }
    }
    Ok(None)
}

/// Merges two locks: takes the version that holds both, or leaves both with words.
fn lock_merge(context: &mut Context, arguments: &[OsString]) -> Result<Answer, Failure> {
    let text = |at: usize| {
        arguments
            .get(at)
            .map(|text| text.to_string_lossy().into_owned())
    };
    let (Some(base), Some(ours), Some(theirs), Some(path)) = (
        arguments.first(),
        arguments.get(1),
        arguments.get(2),
        text(4),
    ) else {
        let words = "lock-merge is given base, ours, theirs, marks and path".to_owned();
        return Err(ops::Error::Usage(words).into());
    };
    // An older git does not know the names of the sides and passes the letters on.
    let name = |at: usize, otherwise: &str| match text(at) {
        Some(name) if !name.is_empty() && !name.starts_with('%') => name,
        _ => otherwise.to_owned(),
    };
    let names = Names {
        ours: name(6, "ours"),
        theirs: name(7, "theirs"),
    };
    let marks = text(3).and_then(|text| text.parse::<usize>().ok());
    let marks = marks.unwrap_or(7).clamp(7, 64);
    let read = |file: &OsString| fsio::read_bounded(&context.directory.join(file), MOST_BYTES);
    let (base, ours_bytes, theirs_bytes) = (read(base)?, read(ours)?, read(theirs)?);
    let (Ok(ours_lock), Ok(theirs_lock)) = (Lock::parse(&ours_bytes), Lock::parse(&theirs_bytes))
    else {
        ui::complain(&format!(
            "{}: one of the two sides is no lock file: choose one with `git checkout --ours` or \
             `--theirs`",
            clean(&path)
        ));
        return Ok(Answer::No);
    };
    let base = Lock::parse(&base).ok();
    let progress = context.progress();
    let merged = repository(context, &path).and_then(|mut repo| {
        let merged = review::merge(&mut repo, base, ours_lock, theirs_lock, progress.as_ref());
        Ok(merged?)
    });
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let words = match merged {
        Ok(Merged::Clean(lock)) => {
            write(&context.directory.join(ours), lock.to_text().as_bytes())?;
            return Ok(Answer::Done);
        }
        Ok(Merged::Torn(torn)) => lock::standoff(&torn, &names, directory),
        // The conflict stands all the same; it is only not told as well.
        Err(failure) => vec![
            format!(
                "Both sides moved the data, from {} to {}.",
                base.map_or_else(|| "nothing".to_owned(), |base| base.commit.short()),
                [ours_lock, theirs_lock]
                    .map(|lock| lock.commit.short())
                    .join(" and to ")
            ),
            failure.describe().to_text().replace('\n', "; "),
            "`dver status` tells more.".to_owned(),
        ],
    };
    let mark = |sign: &str| sign.repeat(marks);
    let mut file = String::new();
    for line in &words {
        file.push_str(format!("# {line}").trim_end());
        file.push('\n');
    }
    file.push_str(&format!("{} {}\n", mark("<"), clean(&names.ours)));
    file.push_str(&ours_lock.to_text());
    if let Some(base) = base {
        file.push_str(&format!("{} base\n{}", mark("|"), base.to_text()));
    }
    file.push_str(&format!("{}\n{}", mark("="), theirs_lock.to_text()));
    file.push_str(&format!("{} {}\n", mark(">"), clean(&names.theirs)));
    write(&context.directory.join(ours), file.as_bytes())?;
    ui::complain(&format!("{}:", clean(&path)));
    for line in &words {
        ui::complain(format!("  {line}").trim_end());
    }
    Ok(Answer::No)
}

/// Writes one of git's temporary files.
#[allow(clippy::disallowed_methods)] // git takes it from there: no durable step
fn write(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    std::fs::write(path, bytes).map_err(|e| IoError::new("write", path, e))
}

/// Shows how two tables differ that git tracks.
fn table_diff(context: &mut Context, given: &Given) -> Result<(), Failure> {
    let empty = ScratchDir::create()?;
    let none = empty
        .path()
        .join(Path::new(&given.path).file_name().unwrap_or_default());
    if given.before.at.is_none() || given.after.at.is_none() {
        write(&none, b"")?;
    }
    let side = |file: &File| file.at.clone().unwrap_or_else(|| none.clone());
    let options = PlainOptions {
        key: Vec::new(),
        labels: Vec::new(),
        tell: Options::DEFAULT,
        condition: None,
    };
    let (before, after) = (side(&given.before), side(&given.after));
    let line = format!("dver diff a/{0} b/{0}", clean(&given.path));
    let line = context.ui.paint(Style::Heading, &line);
    context.ui.line(&line)?;
    let show = match (&given.before.at, &given.after.at) {
        (Some(_), Some(_)) => Show {
            files: false,
            ..Show::DEFAULT
        },
        // All is new, or all is gone: the counts say it.
        (before, _) => {
            let what = if before.is_some() { "deleted" } else { "new" };
            context.ui.line(&format!("{what} file"))?;
            Show::SUMMARY
        }
    };
    let progress = context.progress();
    print(&mut context.ui, Format::Text, show, |sink| {
        plain::diff_no_index(&before, &after, &options, sink, progress.as_ref())
    })?;
    Ok(context.ui.line("")?)
}
