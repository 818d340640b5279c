//! `dver log`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::super::Answer;
use super::super::args::{OutputArgs, parse_condition};
use super::super::context::Context;
use super::super::error::Failure;
use super::super::render;
use super::super::ui::{Style, shorten};
use crate::base::ObjectId;
use crate::object::Commit;
use crate::ops::log::{LogFilter, LogOptions, git_commits, log};
use crate::ops::show::Sealed;
use crate::ops::{metrics, paths};
use crate::repo::Repo;

/// Show versions, newest first, with what each did to the data
///
/// `dver log A..B` shows what is in B and not in A.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver log --oneline --metric label_conflicts --metric entropy.label
  dver log --metric records --metric missing.label --plot
  dver log --labels v1..HEAD
  dver log --label-from cat --label-to dog
  dver log --where \"stars < 3 and change = 'removed'\"
  dver log -S refund --dataset tickets
  dver log --git git:origin/main..git:HEAD
  dver log -n 5 -- data/train.csv")]
pub(crate) struct LogArgs {
    /// At most N versions
    #[arg(short = 'n', long = "max-count", value_name = "N")]
    pub most: Option<usize>,
    /// One line a version
    #[arg(long)]
    pub oneline: bool,
    /// The label changes of each version, record by record
    #[arg(long)]
    pub labels: bool,
    /// Value and change of a metric, such as `records` or `class_share.label.cat`
    #[arg(long = "metric", value_name = "NAME")]
    pub metrics: Vec<String>,
    /// Draw how the metrics went over the versions, the oldest at the left
    #[arg(long, requires = "metrics")]
    pub plot: bool,
    /// Only versions that changed labels or records of this data set
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Only versions that changed the record with this key (repeat for composite keys)
    #[arg(long, value_name = "K")]
    pub key: Vec<String>,
    /// Only versions that changed a label from V
    #[arg(long, value_name = "V")]
    pub label_from: Option<String>,
    /// Only versions that changed a label to V
    #[arg(long, value_name = "V")]
    pub label_to: Option<String>,
    /// Only versions with a label change by this annotator
    #[arg(long, value_name = "A")]
    pub annotator: Option<String>,
    /// Only versions with a change for which EXPR is true (docs/where.md)
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
    /// Only versions after which another number of records has VALUE in some field
    #[arg(short = 'S', value_name = "VALUE")]
    pub value: Option<String>,
    /// The git commits that brought each version into git
    #[arg(long, conflicts_with = "plot")]
    pub git: bool,
    /// A version, or two ends: A..B or A B [default: HEAD]
    #[arg(value_name = "REV", num_args = 0..=2)]
    pub revisions: Vec<String>,
    /// Only versions that changed these files
    #[arg(value_name = "PATH", last = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The most rows that the text shows of one version.
const MAX_ROWS: usize = 1000;

pub(crate) fn run(context: &mut Context, args: &LogArgs) -> Result<Answer, Failure> {
    let repo = context.repo()?;
    let filter = LogFilter {
        dataset: args.dataset.clone(),
        key: args.key.clone(),
        from: args.label_from.clone(),
        to: args.label_to.clone(),
        annotator: args.annotator.clone(),
        condition: parse_condition(args.condition.as_deref())?,
        value: args.value.clone(),
    };
    let options = LogOptions {
        most: args.most,
        revisions: match args.revisions.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            ends => Some(ends.join("..")),
        },
        below: paths::prefixes(&repo.root, &context.directory, &args.paths)?,
        filter,
    };
    let commits = log(&repo, &options)?;
    metrics::check_asked(&repo, &commits, &args.metrics)?;
    let in_git = match args.git {
        true => Some(git_commits(&repo)?),
        false => None,
    };
    context.redirect_or_page(&args.output)?;
    if commits.is_empty() && repo.head_commit()?.is_none() {
        context
            .ui
            .note("note: there is no version yet; `dver commit -m MESSAGE` makes the first.");
    }
    let names = names(&repo);
    if args.plot && !context.ui.json {
        return plot(context, &repo, commits, args);
    }
    let head = repo.head_commit()?.map(|(id, _)| id);
    for (id, commit) in commits {
        let sealed = Sealed::read(&repo, id, commit)?;
        let values = metrics::of_commit(&repo, &sealed, &args.metrics)?;
        let no_names = Vec::new();
        let own_names = names.get(&id).unwrap_or(&no_names);
        if context.ui.json {
            let mut value = render::commit::json(&sealed);
            if !args.metrics.is_empty() {
                value["metrics"] = values.iter().map(render::metrics::log_json).collect();
            }
            if let Some(in_git) = &in_git {
                value["git"] = render::locked::json(in_git, &id);
            }
            if args.labels {
                let rows = sealed.rows(&repo, usize::MAX)?;
                value["labels"] = rows.iter().filter_map(label_json).collect();
            }
            context.ui.json_line(&value)?;
        } else if args.oneline {
            let text = sealed.commit.message.lines().next().unwrap_or_default();
            let decoration = match own_names.is_empty() {
                true => String::new(),
                false => format!(" ({})", own_names.join(", ")),
            };
            let told = in_git
                .as_ref()
                .map(|in_git| render::locked::short(in_git, &id));
            let id = context.ui.paint(Style::Id, &id.short());
            let shown: Vec<String> = values.iter().map(render::metrics::log_text).collect();
            let shown = shown
                .iter()
                .map(|text| format!("  {text}"))
                .collect::<String>();
            let told = told.map(|told| format!("  {told}")).unwrap_or_default();
            context.ui.line(&format!(
                "{id}{decoration} {}{shown}{told}",
                shorten(text, 72)
            ))?;
            if args.labels {
                let rows = sealed.rows(&repo, MAX_ROWS)?;
                render::commit::rows(&mut context.ui, &rows)?;
            }
        } else {
            render::commit::log_entry(&mut context.ui, &sealed, own_names, head == Some(id))?;
            for value in &values {
                context
                    .ui
                    .line(&format!("    {}", render::metrics::log_text(value)))?;
            }
            if let Some(in_git) = &in_git {
                render::locked::lines(&mut context.ui, in_git, &id)?;
            }
            if !values.is_empty() || in_git.is_some() {
                context.ui.line("")?;
            }
            if args.labels {
                let rows = sealed.rows(&repo, MAX_ROWS)?;
                render::commit::rows(&mut context.ui, &rows)?;
                if rows.len() == MAX_ROWS {
                    context
                        .ui
                        .line("    ... `dver log --labels --json` shows all")?;
                }
                if !rows.is_empty() {
                    context.ui.line("")?;
                }
            }
        }
    }
    Ok(Answer::Done)
}

/// Draws the metrics that were asked for.
fn plot(
    context: &mut Context,
    repo: &Repo,
    commits: Vec<(ObjectId, Commit)>,
    args: &LogArgs,
) -> Result<Answer, Failure> {
    let mut versions = Vec::new();
    for (id, commit) in commits {
        let sealed = Sealed::read(repo, id, commit)?;
        versions.push((
            id.short(),
            metrics::of_commit(repo, &sealed, &args.metrics)?,
        ));
    }
    let ui = &mut context.ui;
    let width = ui.columns();
    for (at, series) in render::metrics::series(&versions).iter().enumerate() {
        if at > 0 {
            ui.line("")?;
        }
        render::plot::draw(ui, series, width)?;
    }
    Ok(Answer::Done)
}

fn label_json(row: &crate::object::changes::Row) -> Option<Value> {
    use crate::object::changes::{RowChange, RowKey};
    let RowChange::Label(label) = &row.change else {
        return None;
    };
    let key = match &row.key {
        RowKey::Key(parts) => json!(parts),
        RowKey::Content(_, ordinal) => json!([format!("#{ordinal}")]),
    };
    Some(json!({
        "dataset": row.dataset, "key": key, "field": label.field, "from": label.from,
        "to": label.to, "cause": label.cause,
    }))
}

/// Returns the branches and tags of each commit.
fn names(repo: &Repo) -> HashMap<ObjectId, Vec<String>> {
    let mut names: HashMap<ObjectId, Vec<String>> = HashMap::new();
    for (name, id) in &repo.current.refs.0 {
        let shown = match name.strip_prefix("tags/") {
            Some(tag) => format!("tag: {tag}"),
            None => name.trim_start_matches("heads/").to_owned(),
        };
        names.entry(*id).or_default().push(shown);
    }
    names
}
