//! `dver eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render::{analysis, eval as render};
use crate::base::fsio;
use crate::ops::eval::{self, ImportOptions, Listed, Ran, RunOptions};
use crate::repo::Repo;

/// Say what a fixed model scores on a version, and attach the scores to it
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver eval run
  dver eval run HEAD~5..HEAD
  dver eval import predictions.csv
  dver eval list
  dver eval show HEAD --name baseline")]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    pub command: EvalCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum EvalCommand {
    Run(EvalRunArgs),
    Import(EvalImportArgs),
    List(EvalListArgs),
    Show(EvalShowArgs),
}

/// Train and test the declared models on the working files, or on versions one after the other
///
/// Without a version the working files are evaluated, and nothing is stored. With versions each
/// evaluation is attached to its version; one that is there already is not made again. All versions
/// are asked as the dver.toml of the worktree declares: by a learner of dver's own (`knn`, `ridge`,
/// `naive-bayes`, `logistic`, `majority`) or by a command that is given files. Ends with 1 where
/// some version could not be evaluated.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver eval run
  dver eval run HEAD
  dver eval run v1 v1..HEAD --name baseline

docs/evaluation.md explains models and numbers.")]
pub(crate) struct EvalRunArgs {
    /// The versions; `A..B` is what B has and A has not, oldest first
    #[arg(value_name = "REV")]
    pub revisions: Vec<String>,
    /// Only this evaluation [default: all but those of model `import`]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
}

/// Score predictions that another program made, and attach the evaluation to the version
///
/// FILE is CSV or JSON Lines with the key fields and the predicted class of each test record;
/// columns `p_CLASS` or one `confidence` say how sure the model was. `[eval.N]` with `model =
/// "import"` in dver.toml says which records are meant.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver eval import predictions.csv
  dver eval import all.csv --name spanbert --column spanbert v1

docs/evaluation.md explains every number.")]
pub(crate) struct EvalImportArgs {
    /// The predictions
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// The evaluation [default: the only one that is declared]
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// The column with the predicted class
    #[arg(long, value_name = "F", default_value = "prediction")]
    pub column: String,
}

/// List the evaluations and analyses of a version and of those before it
#[derive(Args, Debug)]
pub(crate) struct EvalListArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Only this evaluation, and no analyses
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
}

/// Show all scores of a version's evaluations
#[derive(Args, Debug)]
pub(crate) struct EvalShowArgs {
    /// The version
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub revision: String,
    /// Only this evaluation
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
}

/// The longest file that is read.
const LONGEST: u64 = 1 << 30;

pub(crate) fn run(context: &mut Context, args: &EvalArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    match &args.command {
        EvalCommand::Run(args) => return run_models(context, &mut repo, args),
        EvalCommand::Import(args) => {
            let path = context.directory.join(&args.file);
            let bytes = fsio::read_bounded(&path, LONGEST).map_err(crate::ops::Error::from)?;
            let options = ImportOptions {
                file: args.file.to_string_lossy().into_owned(),
                bytes,
                name: args.name.clone(),
                column: args.column.clone(),
                revision: args.revision.clone(),
            };
            let told = eval::import(&mut repo, &options, &mut waiting)?;
            render::one(&mut context.ui, &told)?;
        }
        EvalCommand::List(args) => {
            let ui = &mut context.ui;
            for listed in eval::list(&repo, &args.revision, args.name.as_deref())? {
                match listed {
                    Listed::Evaluation(told) => render::row(ui, &told)?,
                    Listed::Analysis(one) => analysis::row(ui, &one)?,
                }
            }
        }
        EvalCommand::Show(args) => {
            for told in eval::show(&repo, &args.revision, args.name.as_deref())? {
                render::one(&mut context.ui, &told)?;
            }
        }
    }
    Ok(Answer::Done)
}

fn run_models(
    context: &mut Context,
    repo: &mut Repo,
    args: &EvalRunArgs,
) -> Result<Answer, Failure> {
    let progress = context.progress();
    let options = RunOptions {
        revisions: args.revisions.clone(),
        name: args.name.clone(),
    };
    let ui = &mut context.ui;
    if args.revisions.is_empty() && !ui.json {
        ui.line("the working files; nothing is stored")?;
    }
    let mut all_made = true;
    let mut trouble: Option<Failure> = None;
    eval::run(
        repo,
        &options,
        progress.as_ref(),
        &mut waiting,
        &mut |ran| {
            all_made &= !matches!(ran, Ran::Failed { .. });
            if let Err(e) = render::ran(ui, &ran) {
                trouble.get_or_insert(e.into());
            }
            Ok(())
        },
    )?;
    match trouble {
        Some(failure) => Err(failure),
        None if all_made => Ok(Answer::Done),
        None => Ok(Answer::No),
    }
}
