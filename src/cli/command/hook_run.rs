//! `dver hook run`: what git's hooks call.
//!
//! Invariant: asks nothing, opens no pager, and says nothing where there is nothing to say. Only
//! `pre-commit` and `pre-push` hold git up, and say by what it goes on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Args;

use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use super::super::ui::{self, counted};
use super::super::{Answer, env};
use crate::base::progress::Quiet;
use crate::base::{ObjectId, fault};
use crate::config::HookMode;
use crate::githost::{Git, LOCK, Place, System, typed};
use crate::ops::commit::Outcome;
use crate::ops::hook::{self, Followed, Pushing};
use crate::ops::{self, Gated};
use crate::repo::{Home, Repo};

/// Which hook.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// pre-commit, prepare-commit-msg, commit-msg, post-checkout, post-merge, post-rewrite, pre-push
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What git gives the hook
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<OsString>,
}

/// What skips the hooks.
const SKIP: &str = "DVER_SKIP_HOOKS";
/// The most that is read of what git tells a hook, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The most versions that are named.
const MOST_NAMED: usize = 5;
/// The most changed files that are listed.
const MOST_LISTED: usize = 10;

pub(crate) fn run(context: &mut Context, args: &RunArgs) -> Result<Answer, Failure> {
    let name = args.name.as_str();
    if !hook::is_known(name) {
        let message = format!("`{name}` is no hook that dver takes part in");
        return Err(ops::Error::Usage(message).into());
    }
    let skipped = env::variable(SKIP).is_some_and(|value| value != "0");
    let place = Place::around(&context.directory).filter(|_| !skipped);
    // A directory of hooks that many share also runs for a repository whose files are here and
    // which is elsewhere.
    let Some(place) = place.filter(|place| !env::is_of_another(&place.directory)) else {
        return Ok(Answer::Done);
    };
    match one(context, args, &place) {
        Err(failure) => failed(name, &failure),
        answer => answer,
    }
}

/// Says why a hook failed. Git goes on where what it does is right without the hook.
fn failed(name: &str, failure: &Failure) -> Result<Answer, Failure> {
    let (what, refused) = match name {
        "pre-commit" => ("dver could not look, so the git commit is refused", true),
        "pre-push" => ("dver could not look, so the git push is refused", true),
        "prepare-commit-msg" | "commit-msg" => {
            ("dver: the message says nothing of the data", false)
        }
        _ => ("dver: the data was not brought to dver.lock", false),
    };
    ui::complain(&failure.describe().as_note(what));
    if !refused {
        return Ok(Answer::Done);
    }
    ui::complain(&format!("hint: {SKIP}=1 lets git go on without dver."));
    Ok(Answer::No)
}

fn one(context: &mut Context, args: &RunArgs, place: &Place) -> Result<Answer, Failure> {
    let name = args.name.as_str();
    let first = args.arguments.first();
    let first = first.and_then(|text| text.to_str()).map(str::to_owned);
    let first = first.or_else(|| env::variable("PRE_COMMIT_REWRITE_COMMAND"));
    if hook::waits(place, name, first.as_deref()) {
        return Ok(Answer::Done);
    }
    if name == "commit-msg" {
        if let Some(file) = args.arguments.first() {
            hook::empty_unwritten(&Git::at(place), &context.directory.join(file))?;
        }
        return Ok(Answer::Done);
    }
    let homes = hook::homes(place);
    let mut answer = Answer::Done;
    let input = match name == "pre-push" && !homes.is_empty() {
        true => pushing()?,
        false => Vec::new(),
    };
    let mut unmoved = !homes.is_empty();
    for home in &homes {
        let one = match name {
            "pre-commit" => pre_commit(context, home, place, &mut unmoved)?,
            "prepare-commit-msg" => message(context, home, place, args)?,
            "pre-push" => {
                // The name of git's remote, or its address where it has none.
                let to = first
                    .clone()
                    .or_else(|| env::variable("PRE_COMMIT_REMOTE_NAME"));
                pre_push(context, home, place, (&input, to.as_deref()))?
            }
            _ => follow(context, home, place, went(args))?,
        };
        if one == Answer::No {
            answer = Answer::No;
        }
    }
    if name == "pre-commit" && !homes.is_empty() {
        let process = env::process_of_git().filter(|_| unmoved && answer == Answer::Done);
        hook::note_unmoved(&place.directory, process)?;
    }
    Ok(answer)
}

/// Returns what git pushes: from the hook's input, or, where the pre-commit framework has read that,
/// from the variables that it sets.
fn pushing() -> Result<Vec<Pushing>, Failure> {
    let told = Pushing::parse(&env::input(MOST_BYTES)?);
    if !told.is_empty() {
        return Ok(told);
    }
    let one = || {
        Some(Pushing {
            // A branch that is new at the remote has no first commit there to compare with.
            commit: env::variable("PRE_COMMIT_TO_REF")
                .or_else(|| env::variable("PRE_COMMIT_LOCAL_BRANCH"))?,
            to: env::variable("PRE_COMMIT_REMOTE_BRANCH")?,
            before: env::variable("PRE_COMMIT_FROM_REF"),
        })
    };
    Ok(one().into_iter().collect())
}

/// Runs something that only looks, for as long as the settings allow, opening the repository
/// included; then git goes on, `without` what was to come of it.
fn in_time<T: Send + 'static>(
    context: &mut Context,
    home: &Home,
    (name, without): (&str, &str),
    work: impl FnOnce(Repo) -> Result<T, ops::Error> + Send + 'static,
) -> Result<Option<T>, Failure> {
    let (local, actor) = context.onlooker(home)?;
    let home = home.clone();
    let work = move || {
        fault::pause();
        work(Repo::open_at(&home, actor)?)
    };
    let budget = local.git.budget_seconds;
    if budget == 0 {
        return Ok(Some(work()?));
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(Duration::from_secs(u64::from(budget))) {
        Ok(result) => Ok(Some(result?)),
        Err(_) => {
            context.ui.note(&format!(
                "dver: {name} was not done within {budget} s, and git goes on without it: \
                 {without}\nhint: `budget = \"60 s\"` under [git] in .dver/config.toml gives it more \
                 time, 0 all it takes."
            ));
            Ok(None)
        }
    }
}

/// Clears `unmoved` where the commit is not known to leave the lock as it is.
fn pre_commit(
    context: &mut Context,
    home: &Home,
    place: &Place,
    unmoved: &mut bool,
) -> Result<Answer, Failure> {
    let git = Git::at(place);
    if let Some(leaves_lock) = hook::calm(home, &git)? {
        *unmoved &= leaves_lock;
        return Ok(Answer::Done);
    }
    let without = "nobody looked whether the data is committed (`dver status` does)";
    let looked = in_time(context, home, ("pre-commit", without), |mut repo| {
        let looked = hook::look(&mut repo, &Quiet)?;
        Ok((repo, looked))
    })?;
    let Some((mut repo, looked)) = looked else {
        *unmoved = false;
        return Ok(Answer::Done);
    };
    if !looked.changed.is_empty() {
        if repo.local.git.hooks != Some(HookMode::Commit) {
            refuse(context, home, place, &looked)?;
            return Ok(Answer::No);
        }
        if let (Some(lock), true) = (looked.lock, looked.lock != looked.head) {
            context.ui.line(&format!(
                "dver: dver.lock names {}, but the changed data goes on from another version; the \
                 git commit is refused",
                lock.short()
            ))?;
            context
                .ui
                .note("hint: `dver status` says what mends it, then commit again.");
            return Ok(Answer::No);
        }
        context.act(&mut repo);
        let message = match place.branch() {
            Some(branch) => format!("Data of a git commit on {branch}"),
            None => "Data of a git commit".to_owned(),
        };
        let outcome = hook::commit_along(&mut repo, &message, &Quiet, &mut waiting)?;
        match outcome {
            Outcome::Refused(gates) => return gates_refuse(context, &gates),
            Outcome::Committed(committed) => {
                let sealed = &committed.sealed;
                let line = format!("dver: committed the data as {}", sealed.id.short());
                context.ui.line(&line)?;
                render::commit::dataset_lines(&mut context.ui, sealed)?;
            }
        }
    } else if let (Some(lock), Some(head), true) =
        (looked.lock, looked.head, looked.lock != looked.head)
    {
        context.ui.note(&format!(
            "dver: dver.lock names {}, but the data is at {}; `dver status` says what mends it",
            lock.short(),
            head.short()
        ));
        *unmoved = false;
        return Ok(Answer::Done);
    }
    // Where only some paths are committed, git has made an index for them alone: what is staged
    // there would be missing in its own.
    let staged = hook::stage_lock(&repo, &git, env::commits_paths())?;
    *unmoved &= staged.unmoved;
    if staged.alone {
        context
            .ui
            .note("dver: dver.lock is staged now; where git says that nothing is, commit again");
    }
    Ok(Answer::Done)
}

fn refuse(
    context: &mut Context,
    home: &Home,
    place: &Place,
    looked: &hook::Looked,
) -> Result<(), Failure> {
    let ui = &mut context.ui;
    ui.line("dver: the data has changes that are in no version, so the git commit is refused:")?;
    for change in looked.changed.iter().take(MOST_LISTED) {
        ui.line(&format!("  {:<8}  {}", change.status.name(), change.path))?;
    }
    let more = looked.changed.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        ui.line(&format!("  ... and {more} more"))?;
    }
    let word = |text: &str| typed(text, System::HERE);
    let (at, lock) = match home.root.strip_prefix(&place.top) {
        Ok(below) if !below.as_os_str().is_empty() => (
            format!(" -C {}", word(&below.display().to_string())),
            word(&below.join(LOCK).display().to_string()),
        ),
        _ => (String::new(), LOCK.to_owned()),
    };
    if looked.lock != looked.head && looked.lock.is_some() {
        ui.line(&format!(
            "dver.lock names another version than the data goes on from: `dver{at} status` says \
             what mends it"
        ))?;
    }
    ui.line(&format!(
        "Run `dver{at} commit -a -m MESSAGE` and `git add {lock}`, then commit again."
    ))?;
    ui.note(&format!(
        "hint: `dver{at} diff` shows the changes; {SKIP}=1 lets git commit without them."
    ));
    Ok(())
}

fn gates_refuse(context: &mut Context, gates: &[Gated]) -> Result<Answer, Failure> {
    let ui = &mut context.ui;
    let number = counted(gates.len() as u64, "gate");
    let verb = if gates.len() == 1 {
        "refuses"
    } else {
        "refuse"
    };
    ui.line(&format!(
        "dver: {number} of dver.toml {verb} the data, so the git commit is refused"
    ))?;
    render::gates::lines(ui, &gates.iter().collect::<Vec<_>>())?;
    ui.note(
        "hint: Change the data and commit again, or seal why it is right: `dver commit -a -m \
         MESSAGE --no-gates='TEXT'`.",
    );
    Ok(Answer::No)
}

/// Adds the trailers to the message that git has prepared.
fn message(
    context: &mut Context,
    home: &Home,
    place: &Place,
    args: &RunArgs,
) -> Result<Answer, Failure> {
    let Some(file) = args.arguments.first().map(PathBuf::from) else {
        return Ok(Answer::Done);
    };
    // The pre-commit framework gives what follows the file in variables.
    let word = |at: usize, variable: &str| {
        let given = args.arguments.get(at).and_then(|text| text.to_str());
        given.map(str::to_owned).or_else(|| env::variable(variable))
    };
    let amends = word(1, "PRE_COMMIT_COMMIT_MSG_SOURCE").as_deref() == Some("commit")
        && word(2, "PRE_COMMIT_COMMIT_OBJECT_NAME").as_deref() == Some("HEAD");
    let Some(moved) = hook::moved(&home.root, &Git::at(place), amends)? else {
        return Ok(Answer::Done);
    };
    let without = "the message says nothing of the data";
    let told = in_time(
        context,
        home,
        ("prepare-commit-msg", without),
        move |mut repo| hook::told(&mut repo, moved, &Quiet),
    )?;
    let Some(told) = told else {
        return Ok(Answer::Done);
    };
    let mut trailers = vec![(hook::COMMIT, told.commit.short())];
    if let Some(labels) = told.labels {
        trailers.push((hook::LABELS, labels.to_string()));
    }
    let datasets: std::collections::BTreeSet<&str> =
        told.metrics.iter().map(|m| m.dataset.as_str()).collect();
    for measure in &told.metrics {
        let mut text = render::metrics::in_words(&measure.metric);
        if datasets.len() > 1 {
            text = format!("{}:{text}", measure.dataset);
        }
        trailers.push((hook::METRIC, text));
    }
    hook::write_trailers(&Git::at(place), &context.directory.join(file), &trailers)?;
    Ok(Answer::Done)
}

/// Returns between which commits of git a hook says that git went, where files may have gone with
/// it.
fn went(args: &RunArgs) -> Option<(String, String)> {
    let word = |at: usize, variable: &str| {
        let given = args.arguments.get(at).and_then(|text| text.to_str());
        given.map(str::to_owned).or_else(|| env::variable(variable))
    };
    match args.name.as_str() {
        "post-checkout" => {
            let from = word(0, "PRE_COMMIT_FROM_REF")?;
            let to = word(1, "PRE_COMMIT_TO_REF")?;
            let is_none = from.bytes().all(|byte| byte == b'0');
            let commits = word(2, "PRE_COMMIT_CHECKOUT_TYPE").as_deref() == Some("1");
            (commits && !is_none && from != to).then_some((from, to))
        }
        "post-merge" => Some(("ORIG_HEAD".to_owned(), "HEAD".to_owned())),
        _ => None,
    }
}

/// Brings the data to the lock. What stands in the way is told, and is no failure of git's command.
fn follow(
    context: &mut Context,
    home: &Home,
    place: &Place,
    went: Option<(String, String)>,
) -> Result<Answer, Failure> {
    let mut repo = context.repo_to_look_at(home)?;
    let progress = context.progress();
    if let Some((from, to)) = went {
        let git = Git::at(place);
        let between = (from.as_str(), to.as_str());
        let back = hook::bring_back(&mut repo, &git, between, progress.as_ref(), &mut waiting)?;
        if !back.is_empty() {
            context.ui.note(&format!(
                "dver: brought back {} that git tracks no more",
                counted(back.len() as u64, "file")
            ));
        }
    }
    if hook::is_followed(&repo, place)? {
        return Ok(Answer::Done);
    }
    context.act(&mut repo);
    let followed = hook::follow(&mut repo, Some(place), progress.as_ref(), &mut waiting)?;
    tell_followed(context, &followed);
    Ok(Answer::Done)
}

/// Says where the data is now.
pub(super) fn tell_followed(context: &mut Context, followed: &Followed) {
    let Followed::Moved {
        commit,
        branch,
        fetched,
    } = followed
    else {
        return;
    };
    let from = match fetched {
        Some(remote) => format!(", fetched from {remote}"),
        None => String::new(),
    };
    let on = match branch {
        Some(branch) => format!("on branch {branch}"),
        None => "on no branch".to_owned(),
    };
    context.ui.note(&format!(
        "dver: the data is at {} now, {on}{from}",
        commit.short()
    ));
}

fn pre_push(
    context: &mut Context,
    home: &Home,
    place: &Place,
    (pushing, to): (&[Pushing], Option<&str>),
) -> Result<Answer, Failure> {
    let mut repo = context.repo_to_look_at(home)?;
    if repo.local.remotes.is_empty() || pushing.is_empty() {
        return Ok(Answer::Done);
    }
    context.act(&mut repo);
    let progress = context.progress();
    let git = Git::at(place);
    let outcome = hook::pre_push(
        &mut repo,
        &git,
        (pushing, to),
        progress.as_ref(),
        &mut waiting,
    );
    match outcome {
        Ok(outcome) => {
            for pushed in &outcome.pushed {
                context.ui.note(&format!(
                    "dver: pushed the data ({}) to {}",
                    ui::size(pushed.carried.bytes),
                    pushed.address
                ));
            }
            let short = |id: &ObjectId| id.short();
            let named: Vec<String> = outcome.absent.iter().take(MOST_NAMED).map(short).collect();
            let more = outcome.absent.len().saturating_sub(named.len());
            if !named.is_empty() {
                let more = match more {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                context.ui.note(&format!(
                    "dver: git commits name versions that are not here and were not pushed: {}{more}",
                    named.join(", ")
                ));
            }
            Ok(Answer::Done)
        }
        Err(error) => {
            let told = Failure::from(error).describe();
            let requires = repo.local.git.hooks != Some(HookMode::Commit);
            let what = match requires {
                true => "dver: the data could not be pushed, so the git push is refused",
                false => "dver: the data could not be pushed; git pushes all the same",
            };
            ui::complain(&told.as_note(what));
            if !requires {
                return Ok(Answer::Done);
            }
            ui::complain(&format!("hint: {SKIP}=1 lets git push without the data."));
            Ok(Answer::No)
        }
    }
}
