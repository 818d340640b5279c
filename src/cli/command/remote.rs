//! `dver remote`, `dver push`, `dver fetch`, `dver pull`, `dver clone`.

use std::path::{Component, Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::ui::{count, counted, size};
use super::super::{Answer, env};
use crate::ops::remote::{self, Carried, PushedRef};
use crate::ops::{self};

/// Name directories that clones share
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver remote add origin /mnt/team/pets
  dver remote list
  dver remote remove origin")]
pub(crate) struct RemoteArgs {
    #[command(subcommand)]
    pub verb: Option<RemoteVerb>,
}

/// What to do with remotes.
#[derive(Subcommand, Debug)]
pub(crate) enum RemoteVerb {
    /// Add a remote; the first push makes its directory
    Add {
        /// What to call it
        #[arg(value_name = "NAME")]
        name: String,
        /// The directory
        #[arg(value_name = "DIR")]
        address: PathBuf,
    },
    /// List remotes
    List,
    /// Forget a remote; its directory stays
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Give a remote the commits of branches
///
/// Only what it lacks is copied. Where the remote's branch has commits that yours does not, it is
/// refused: pull first. Tags on the commits go along.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver push
  dver push origin main relabel")]
pub(crate) struct PushArgs {
    /// The remote [default: the only one, or origin]
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
    /// The branches [default: the current one]
    #[arg(value_name = "BRANCH")]
    pub branches: Vec<String>,
}

/// Take the commits of a remote's branches
///
/// No branch of yours moves: `NAME/BRANCH` names what came.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver fetch
  dver diff main origin/main")]
pub(crate) struct FetchArgs {
    /// The remote [default: the only one, or origin]
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
}

/// Fetch, and move the current branch and its files on
///
/// Stops where the branches have diverged, or where changed files are in the way.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver pull")]
pub(crate) struct PullArgs {
    /// The remote [default: the only one, or origin]
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,
}

/// Make a repository with everything that a remote has
///
/// In a git clone whose data are not here, `dver clone DIR .` beside dver.lock brings the version
/// that it names.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver clone /mnt/team/pets
  dver clone /mnt/team/pets work --branch relabel
  dver clone /mnt/team/pets .")]
pub(crate) struct CloneArgs {
    /// The remote's directory
    #[arg(value_name = "DIR")]
    pub address: PathBuf,
    /// Where to make it [default: the last part of DIR, here]
    #[arg(value_name = "DEST")]
    pub destination: Option<PathBuf>,
    /// The branch to go to [default: main, or the first]
    #[arg(short, long, value_name = "BRANCH")]
    pub branch: Option<String>,
}

pub(crate) fn run(context: &mut Context, args: &RemoteArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    match &args.verb {
        Some(RemoteVerb::Add { name, address }) => {
            let directory = plain(&context.directory.join(address));
            remote::add(&mut repo, name, &directory, &mut waiting)?;
        }
        Some(RemoteVerb::Remove { name }) => remote::remove(&mut repo, name, &mut waiting)?,
        Some(RemoteVerb::List) | None => {
            for (name, url) in remote::list(&repo) {
                match context.ui.json {
                    true => context.ui.json_line(&json!({"remote": name, "url": url}))?,
                    false => context.ui.line(&format!("{name}  {url}"))?,
                }
            }
        }
    }
    Ok(Answer::Done)
}

pub(crate) fn push(context: &mut Context, args: &PushArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let name = args.remote.as_deref();
    let pushed: Result<_, ops::Error> = remote::push(
        &mut repo,
        name,
        &args.branches,
        progress.as_ref(),
        &mut waiting,
    );
    let pushed = pushed?;
    if context.ui.json {
        let line = as_json(
            &pushed.remote,
            &pushed.address,
            &pushed.refs,
            (pushed.attached, pushed.carried),
        );
        context.ui.json_line(&line)?;
    } else if pushed.refs.is_empty() && pushed.attached == 0 {
        let line = format!("{} has it all already.", pushed.remote);
        context.ui.line(&line)?;
    } else {
        let line = format!("Pushed {} to {}", amount(pushed.carried), pushed.address);
        context.ui.line(&line)?;
        tell(context, &pushed.refs, "")?;
        attached(context, pushed.attached, pushed.analyses)?;
    }
    Ok(Answer::Done)
}

pub(crate) fn fetch(context: &mut Context, args: &FetchArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let name = args.remote.as_deref();
    let fetched: Result<_, ops::Error> =
        remote::fetch(&mut repo, name, progress.as_ref(), &mut waiting);
    let fetched = fetched?;
    if context.ui.json {
        let (name, address) = (&fetched.remote, &fetched.address);
        let line = as_json(
            name,
            address,
            &fetched.refs,
            (fetched.attached, fetched.carried),
        );
        context.ui.json_line(&line)?;
    } else {
        told(context, &fetched)?;
    }
    Ok(Answer::Done)
}

pub(crate) fn pull(context: &mut Context, args: &PullArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let name = args.remote.as_deref();
    let pulled: Result<_, ops::Error> =
        remote::pull(&mut repo, name, progress.as_ref(), &mut waiting);
    let pulled = pulled?;
    let fetched = &pulled.fetched;
    if context.ui.json {
        let (name, address) = (&fetched.remote, &fetched.address);
        let mut line = as_json(
            name,
            address,
            &fetched.refs,
            (fetched.attached, fetched.carried),
        );
        line["branch"] = json!(pulled.branch);
        line["before"] = json!(pulled.before);
        line["after"] = json!(pulled.after);
        context.ui.json_line(&line)?;
        return Ok(Answer::Done);
    }
    told(context, fetched)?;
    let (branch, after) = (&pulled.branch, pulled.after.short());
    context
        .ui
        .line(&match pulled.before == Some(pulled.after) {
            true => format!("{branch} is up to date."),
            false => format!("{branch} stands at {after} now."),
        })?;
    Ok(Answer::Done)
}

pub(crate) fn clone(context: &mut Context, args: &CloneArgs) -> Result<Answer, Failure> {
    let from = plain(&context.directory.join(&args.address));
    let root = match (&args.destination, from.file_name()) {
        (Some(to), _) => context.directory.join(to),
        (None, Some(name)) => context.directory.join(name),
        (None, None) => {
            let message = "say where to make the clone: its name is not in the address";
            return Err(ops::Error::Usage(message.into()).into());
        }
    };
    let actor = env::actor(None, &context.directory);
    let progress = context.progress();
    let branch = args.branch.as_deref();
    let cloned: Result<_, ops::Error> =
        remote::clone(&from, &root, branch, actor, progress.as_ref(), &mut waiting);
    let cloned = cloned?;
    let fetched = &cloned.fetched;
    if context.ui.json {
        let (name, address) = (&fetched.remote, &fetched.address);
        let mut line = as_json(
            name,
            address,
            &fetched.refs,
            (fetched.attached, fetched.carried),
        );
        line["repository"] = json!(cloned.root.join(".dver").display().to_string());
        line["branch"] = json!(cloned.branch.as_ref().map(|(name, _)| name));
        line["commit"] = json!(cloned.branch.as_ref().map(|(_, tip)| tip));
        context.ui.json_line(&line)?;
        return Ok(Answer::Done);
    }
    let at = match &cloned.branch {
        Some((name, tip)) => format!(", {name} at {}", tip.short()),
        None => String::new(),
    };
    context.ui.line(&format!(
        "Cloned {} into {}{at}",
        amount(fetched.carried),
        cloned.root.display()
    ))?;
    Ok(Answer::Done)
}

fn told(context: &mut Context, fetched: &remote::Fetched) -> Result<(), Failure> {
    if fetched.refs.is_empty() && fetched.attached == 0 {
        let line = format!("Nothing is new in {}.", fetched.remote);
        return Ok(context.ui.line(&line)?);
    }
    let line = format!(
        "Fetched {} from {}",
        amount(fetched.carried),
        fetched.address
    );
    context.ui.line(&line)?;
    tell(context, &fetched.refs, &format!("{}/", fetched.remote))?;
    attached(context, fetched.attached, fetched.analyses)
}

/// Tells how many evaluations and analyses went along.
fn attached(context: &mut Context, all: u64, analyses: u64) -> Result<(), Failure> {
    let evaluations = all - analyses;
    if evaluations > 0 {
        let line = format!("  {}", counted(evaluations, "evaluation"));
        context.ui.line(&line)?;
    }
    match analyses {
        0 => {}
        1 => context.ui.line("  1 analysis")?,
        many => context.ui.line(&format!("  {} analyses", count(many)))?,
    }
    Ok(())
}

/// Tells where branches and tags stood and stand.
fn tell(context: &mut Context, refs: &[PushedRef], prefix: &str) -> Result<(), Failure> {
    for moved in refs {
        let name = match moved.name.split_once('/') {
            Some(("heads", name)) => format!("{prefix}{name}"),
            Some((_, name)) => format!("tag {name}"),
            None => moved.name.clone(),
        };
        let from = match moved.before {
            Some(before) => format!("{} -> ", before.short()),
            None => "new, ".to_owned(),
        };
        let line = format!("  {name}  {from}{}", moved.after.short());
        context.ui.line(&line)?;
    }
    Ok(())
}

fn amount(carried: Carried) -> String {
    format!(
        "{} ({})",
        counted(carried.objects, "object"),
        size(carried.bytes)
    )
}

fn as_json(
    name: &str,
    address: &str,
    refs: &[PushedRef],
    (attached, carried): (u64, Carried),
) -> Value {
    let refs = refs
        .iter()
        .map(|moved| json!({"ref": moved.name, "before": moved.before, "after": moved.after}));
    json!({
        "remote": name, "url": address, "refs": refs.collect::<Vec<_>>(),
        "attachments": attached, "objects": carried.objects, "bytes": carried.bytes,
    })
}

/// Returns the path without `.` and `..`, so that it reads the same from anywhere.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}
