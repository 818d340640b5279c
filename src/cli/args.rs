//! What people type: the commands and the options that all of them take.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap::{ValueEnum, error};

use super::command;
use super::error::Failure;
use crate::dataset::Where;
use crate::ops;

const GROUPS: &str = "\
Start
  init         Make a repository in this directory
  tour         Play a story with the real commands in a scratch directory
  dataset      Declare which files hold records, and what their fields are for

Change
  add          Store files and stage them for the next commit
  commit       Seal what is staged, with its label changes and its scorecard
  apply        Write the labels of a work list into your files
  rm, mv       Remove or move files, and stage that
  restore      Bring files back from a version
  reset        Move the branch, the stage or the files to a version
  branch, tag  Name versions
  switch       Go to a branch
  checkout     Go to any version
  undo         Take back the last operation, files included

Look
  status       What changed, in files, records and labels
  diff         Label, record and schema changes between two versions
  log          Versions, with their label changes and metrics
  show         One version
  ls, cat      Files of a version and their bytes
  schema       Fields, types, roles and classes

Measure
  quality      Metrics of a version
  find         Records that a person should look at, ranked
  select       Records to label next
  value        What training records are worth, the least first
  bench        DataPerf's scores of orders, selections, slices and predictions
  check        One verdict: gates, constraints, what stays to be done
  agree        Agreement between annotators, and their consensus
  eval         Scores of a model, attached to the version
  card         The data card of a version, for people and for machines

Explain
  blame        The life of one record's labels
  bisect       The commit at which a metric fell, with its changes
  trace        Which changes moved a score

Prove
  verify       Prove again what a version claims
  fsck         Check every object that the history needs
  op log       What was done to the repository
  cat-object   The bytes that an id names

Share
  clone        Make a repository with everything that a remote has
  remote       Name directories that clones share
  push         Give a remote the commits of branches
  fetch        Take the commits of a remote's branches
  pull         Fetch, and move the current branch and its files on
  hook         Let git's hooks look after the data

Upkeep
  gc           Let go of what nothing names any more
  reindex      Derive the index anew
  sql          Read-only SQL over the index
  completions  Completion scripts for shells";

/// git for labelled data sets.
///
/// Versions your own files in place, understands the records, labels and schema in them, and
/// seals the evaluation record of every version into its commit.
#[derive(Parser, Debug)]
#[command(
    name = "dver",
    version,
    help_template = "{about-section}\n{usage-heading} {usage}{after-help}\n\n\
                     Options for every command:\n{options}",
    after_help = GROUPS,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of the options that every command takes.
const FOR_ALL: &str = "Options for every command";

/// Returns the whole program: its commands, with the options of all under one heading.
pub(super) fn program() -> clap::Command {
    let mut program = Cli::command();
    // Only then do the commands have the options that they take over.
    program.build();
    program.mut_subcommands(with_heading)
}

fn with_heading(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            if arg.is_global_set() {
                arg.help_heading(FOR_ALL)
            } else {
                arg
            }
        })
        .mut_subcommands(with_heading)
}

/// Reads what people typed.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, error::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(command) = of_hook(&arguments) {
        return Ok(Cli {
            global: Global::default(),
            command,
        });
    }
    let mut program = program();
    let mut matches: ArgMatches = program.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|e| e.format(&mut program))
}

/// Reads what git's hooks call, which has no options: git waits for it, and describing all commands
/// takes longer than most hooks.
fn of_hook(arguments: &[OsString]) -> Option<Command> {
    let [_, hook, run, name, rest @ ..] = arguments else {
        return None;
    };
    let name = name.to_str().filter(|name| !name.starts_with('-'))?;
    (hook == "hook" && run == "run").then(|| {
        Command::Hook(command::hook::HookArgs {
            command: command::hook::HookCommand::Run(command::hook::RunArgs {
                name: name.to_owned(),
                arguments: rest.to_vec(),
            }),
        })
    })
}

/// Options that every command takes.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// When to colour; auto does on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: Color,
    /// Leave out notes and hints
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Tell more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Never page output
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Never draw progress
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// When to colour.
// Comments of the values would spread them over six lines of every help.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Where a table or bytes go.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct OutputArgs {
    /// Write the result to FILE instead of stdout
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Which changes are meant.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct WhereArgs {
    /// Only changes for which EXPR is true, such as "label = 'cat' and stars < 3" (docs/where.md)
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
}

impl WhereArgs {
    /// Parses the condition.
    pub(super) fn parse(&self) -> Result<Option<Where>, Failure> {
        parse_condition(self.condition.as_deref())
    }
}

/// Parses a condition.
pub(super) fn parse_condition(text: Option<&str>) -> Result<Option<Where>, Failure> {
    let parsed = text.map(Where::parse).transpose();
    Ok(parsed.map_err(ops::Error::from)?)
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    Init(command::init::InitArgs),
    Tour(command::tour::TourArgs),
    Dataset(command::dataset::DatasetArgs),
    Add(command::add::AddArgs),
    Commit(command::commit::CommitArgs),
    Apply(command::apply::ApplyArgs),
    Rm(command::add::RmArgs),
    Mv(command::add::MvArgs),
    Restore(command::checkout::RestoreArgs),
    Reset(command::checkout::ResetArgs),
    Branch(command::branch::BranchArgs),
    Tag(command::tag::TagArgs),
    Switch(command::checkout::SwitchArgs),
    Checkout(command::checkout::CheckoutArgs),
    Undo(command::checkout::UndoArgs),
    Status(command::status::StatusArgs),
    Diff(command::diff::DiffArgs),
    Log(command::log::LogArgs),
    Show(command::show::ShowArgs),
    Ls(command::ls::LsArgs),
    Cat(command::cat::CatArgs),
    Schema(command::quality::SchemaArgs),
    Quality(command::quality::QualityArgs),
    Find(command::find::FindArgs),
    Select(command::select::SelectArgs),
    Value(command::value::ValueArgs),
    Bench(command::bench::BenchArgs),
    Check(command::check::CheckArgs),
    Agree(command::agree::AgreeArgs),
    Eval(command::eval::EvalArgs),
    Card(command::card::CardArgs),
    Blame(command::blame::BlameArgs),
    Bisect(command::bisect::BisectArgs),
    Trace(command::trace::TraceArgs),
    Verify(command::verify::VerifyArgs),
    Fsck(command::fsck::FsckArgs),
    Op(command::op::OpArgs),
    CatObject(command::cat::CatObjectArgs),
    Clone(command::remote::CloneArgs),
    Remote(command::remote::RemoteArgs),
    Push(command::remote::PushArgs),
    Fetch(command::remote::FetchArgs),
    Pull(command::remote::PullArgs),
    Hook(command::hook::HookArgs),
    Gc(command::gc::GcArgs),
    Reindex(command::reindex::ReindexArgs),
    Sql(command::sql::SqlArgs),
    Completions(command::completions::CompletionsArgs),
}
