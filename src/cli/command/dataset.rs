//! `dver dataset`.

use clap::{Args, Subcommand};

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render::inference;
use crate::dataset::infer::Given;
use crate::githost::{System, slashed};
use crate::ops::{self, dataset};
use crate::record::{Format, Role};
use crate::repo::Repo;

/// Declare which files hold records, and what their fields are for
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver dataset list
  dver dataset add 'data/{split}.csv' --key id --label sentiment
  dver dataset add 'images/{label}/*'
  dver dataset remove tickets")]
pub(crate) struct DatasetArgs {
    #[command(subcommand)]
    pub command: DatasetCommand,
}

/// What to do with data sets.
#[derive(Subcommand, Debug)]
pub(crate) enum DatasetCommand {
    /// List the declared data sets
    List,
    /// Show one data set: files, format, roles
    Show {
        /// Its name [default: all]
        name: Option<String>,
    },
    /// Declare staged files as a data set; what is not given is found, with evidence
    Add(Box<AddDatasetArgs>),
    /// Take a data set out of dver.toml; its files stay
    Remove {
        /// Its name
        name: String,
    },
}

/// What is given of a data set.
#[derive(Args, Debug)]
pub(crate) struct AddDatasetArgs {
    /// Files, directories or patterns: `data/{split}.csv`, `img/{label}/*`
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<String>,
    /// Its name [default: of the file or directory]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// csv (any delimiter), jsonl or images
    #[arg(long, value_name = "F")]
    pub format: Option<String>,
    /// A field of the key (repeat for composite keys)
    #[arg(long, value_name = "F")]
    pub key: Vec<String>,
    /// A label field (repeat for several)
    #[arg(long, value_name = "F")]
    pub label: Vec<String>,
    /// The text that is labelled
    #[arg(long, value_name = "F")]
    pub text: Vec<String>,
    /// Who labelled the record
    #[arg(long, value_name = "F")]
    pub annotator: Option<String>,
    /// What several annotators labelled
    #[arg(long, value_name = "F")]
    pub item: Option<String>,
    /// Records that belong together
    #[arg(long, value_name = "F")]
    pub group: Option<String>,
    /// Train, test ...
    #[arg(long, value_name = "F")]
    pub split: Option<String>,
}

pub(crate) fn run(context: &mut Context, args: &DatasetArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    match &args.command {
        DatasetCommand::List | DatasetCommand::Show { name: None } => {
            let progress = context.progress();
            for described in dataset::list(&repo, progress.as_ref())? {
                show(context, &described)?;
            }
        }
        DatasetCommand::Show { name: Some(name) } => {
            let progress = context.progress();
            let described = dataset::show(&repo, name, progress.as_ref())?;
            show(context, &described)?;
        }
        DatasetCommand::Add(args) => {
            let given = given(args)?;
            let paths = from_root(context, &repo, &args.paths);
            let progress = context.progress();
            let proposal =
                dataset::add(&mut repo, &paths, &given, progress.as_ref(), &mut waiting)?;
            if context.ui.json {
                let described = dataset::show(&repo, &proposal.config.name, progress.as_ref())?;
                let value = inference::described_json(&described, &proposal.evidence);
                context.ui.json_line(&value)?;
            } else {
                inference::tell_proposal(context, &proposal)?;
            }
        }
        DatasetCommand::Remove { name } => {
            let progress = context.progress();
            dataset::remove(&mut repo, name, progress.as_ref(), &mut waiting)?;
        }
    }
    Ok(Answer::Done)
}

fn show(context: &mut Context, described: &dataset::Described) -> Result<(), Failure> {
    if context.ui.json {
        context
            .ui
            .json_line(&inference::described_json(described, &[]))?;
    } else {
        inference::described(context, described)?;
    }
    Ok(())
}

fn given(args: &AddDatasetArgs) -> Result<Given, Failure> {
    let format = match &args.format {
        None => None,
        Some(name) => Some(Format::from_name(name).ok_or_else(|| {
            ops::Error::Usage(format!("`{name}` is no format: csv, jsonl and images are"))
        })?),
    };
    let mut roles = Vec::new();
    let mut give = |role, fields: Vec<String>| {
        if !fields.is_empty() {
            roles.push((role, fields));
        }
    };
    give(Role::Key, args.key.clone());
    give(Role::Label, args.label.clone());
    give(Role::Text, args.text.clone());
    give(Role::Annotator, args.annotator.iter().cloned().collect());
    give(Role::Item, args.item.iter().cloned().collect());
    give(Role::Group, args.group.iter().cloned().collect());
    give(Role::Split, args.split.iter().cloned().collect());
    Ok(Given {
        name: args.name.clone(),
        format,
        roles,
        presumed: false,
    })
}

/// Returns paths and patterns as seen from the worktree's root.
fn from_root(context: &Context, repo: &Repo, paths: &[String]) -> Vec<String> {
    let below = context.directory.strip_prefix(&repo.root).ok();
    let prefix = below
        .map(|dir| slashed(&dir.to_string_lossy(), System::HERE))
        .unwrap_or_default();
    let joined = |path: &String| match prefix.is_empty() {
        true => path.clone(),
        false => format!("{prefix}/{}", path.trim_start_matches("./")),
    };
    paths.iter().map(joined).collect()
}
