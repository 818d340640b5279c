//! `dver commit`.

use clap::Args;
use serde_json::json;

use super::super::Answer;
use super::super::context::{Context, waiting};
use super::super::error::Failure;
use super::super::render;
use super::super::ui::{Style, Ui, clean, counted};
use crate::ops::add::{self, AddOptions};
use crate::ops::commit::{self, CommitOptions, Committed, Outcome};
use crate::ops::{Gated, metrics};
use crate::quality::State;
use crate::repo::Repo;

/// Seal what is staged as a version, with its label changes and its scorecard
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  dver commit -m 'First version'
  dver commit -a -m 'Second look at refunds' --reason review
  dver commit --amend -m 'A better title'
  dver commit -m 'As it came' --no-gates='The supplier repairs it on Monday'")]
pub(crate) struct CommitArgs {
    /// What changed and why; several give paragraphs
    #[arg(short, long, value_name = "MSG")]
    pub message: Vec<String>,
    /// Stage changed and removed files first, and new files of declared data sets
    #[arg(short, long)]
    pub all: bool,
    /// Replace the last version
    #[arg(long)]
    pub amend: bool,
    /// Why labels changed, as a code of your team's, such as `review-2`
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// What made the changes
    #[arg(long, value_name = "S", value_parser = ["human", "model", "rule", "import"])]
    pub source: Option<String>,
    /// Commit although gates refuse; TEXT says why and is sealed
    #[arg(long, value_name = "TEXT", require_equals = true)]
    pub no_gates: Option<String>,
}

/// How many changed metrics the text shows.
const METRICS: usize = 8;

pub(crate) fn run(context: &mut Context, args: &CommitArgs) -> Result<Answer, Failure> {
    let mut repo = context.repo()?;
    let progress = context.progress();
    let stage = repo.state()?.stage;
    if args.all {
        let options = AddOptions {
            within: Vec::new(),
            declare: false,
            only_known: true,
            again: false,
        };
        let report = add::add(&mut repo, &options, progress.as_ref(), &mut waiting)?;
        context.findings(&report.findings, &[])?;
    }
    let options = CommitOptions {
        message: (!args.message.is_empty()).then(|| args.message.join("\n\n")),
        amend: args.amend,
        reason: args.reason.clone(),
        source: args.source.clone(),
        no_gates: args.no_gates.clone(),
    };
    let outcome = commit::commit(&mut repo, &options, progress.as_ref(), &mut waiting)?;
    match outcome {
        Outcome::Committed(committed) => tell(context, &repo, &committed),
        Outcome::Refused(gates) => {
            // What was staged for this commit alone goes again: a refusal leaves all as it was.
            commit::restage(&mut repo, stage, &mut waiting)?;
            refuse(context, &gates)
        }
    }
}

fn refuse(context: &mut Context, gates: &[Gated]) -> Result<Answer, Failure> {
    let ui = &mut context.ui;
    if ui.json {
        let refused: Vec<_> = gates.iter().map(render::gates::refused_json).collect();
        ui.json_line(&json!({"refused": refused}))?;
        return Ok(Answer::No);
    }
    let number = counted(gates.len() as u64, "gate");
    let verb = if gates.len() == 1 {
        "refuses"
    } else {
        "refuse"
    };
    ui.line(&format!(
        "{number} of dver.toml {verb}; nothing was committed"
    ))?;
    render::gates::lines(ui, &gates.iter().collect::<Vec<_>>())?;
    ui.note(
        "hint: Change the data and commit again, or commit all the same and seal why: \
         --no-gates='TEXT'.",
    );
    Ok(Answer::No)
}

fn tell(context: &mut Context, repo: &Repo, committed: &Committed) -> Result<Answer, Failure> {
    let sealed = &committed.sealed;
    for (name, why) in &committed.not_evaluated {
        let text = format!("note: `{}` was not evaluated: {why}", clean(name));
        context.ui.note(&text);
    }
    let ui = &mut context.ui;
    if ui.json {
        ui.json_line(&render::commit::json(sealed))?;
        return Ok(Answer::Done);
    }
    if ui.quiet {
        return Ok(Answer::Done);
    }
    let branch = repo.branch()?.unwrap_or("no branch").to_owned();
    let id = ui.paint(Style::Id, &sealed.id.short());
    let title = sealed.commit.message.lines().next().unwrap_or_default();
    ui.line(&format!("[{branch} {id}] {title}"))?;
    render::commit::file_line(ui, sealed)?;
    render::commit::dataset_lines(ui, sealed)?;
    let changed = metrics::changed(repo, sealed, METRICS)?;
    if !changed.is_empty() {
        ui.line("")?;
    }
    render::metrics::changes(ui, &changed)?;
    if !committed.evaluations.is_empty() {
        ui.line("")?;
    }
    for (told, wanted) in &committed.evaluations {
        render::eval::brief(ui, told, wanted)?;
    }
    gates(ui, committed)?;
    Ok(Answer::Done)
}

/// Tells what gates found: those that passed in one number, the others one by one.
fn gates(ui: &mut Ui, committed: &Committed) -> Result<(), Failure> {
    let passed = |gated: &&Gated| gated.verdict.state == State::Passed;
    let (good, others): (Vec<&Gated>, Vec<&Gated>) = committed.gates.iter().partition(passed);
    if !committed.gates.is_empty() {
        let all = counted(committed.gates.len() as u64, "gate");
        ui.line("")?;
        ui.line(&format!("    gates: {} of {all} passed", good.len()))?;
        render::gates::lines(ui, &others)?;
    }
    if let Some(gate_override) = &committed.sealed.commit.gate_override {
        let text = render::commit::overridden(gate_override);
        let text = ui.paint(Style::Warning, &text);
        ui.line(&format!("    {text}"))?;
    }
    if !committed.violations.is_empty() {
        let number = counted(committed.violations.len() as u64, "constraint");
        ui.note(&format!(
            "note: records violate {number} of dver.toml; `dver check HEAD` lists them"
        ));
    }
    Ok(())
}
