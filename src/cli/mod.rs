//! The command line: arguments to verbs, reports to words. The only box that prints.

mod args;
mod command;
mod context;
mod env;
mod error;
mod pager;
mod reference;
pub mod render;
#[cfg(test)]
mod tests;
mod tour;
pub mod ui;
mod width;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use args::Command;
use context::Context;
use error::Failure;
pub use reference::reference;

/// How a command ended when nothing failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// Done, or "yes".
    Done,
    /// "No": differences, a refused gate, damage.
    No,
}

/// Runs the program with these arguments and returns its exit code (docs/cli.md, "Exit codes").
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    env::arm_faults();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let asks_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match args::parse(arguments) {
        Ok(cli) => cli,
        Err(e) => {
            let is_error = e.use_stderr();
            if is_error && asks_json {
                ui::complain(&error::usage_json(&e.to_string()));
            } else {
                // clap prints help and version to stdout, and usage errors to stderr.
                let _ = e.print();
            }
            return ExitCode::from(if is_error { 2 } else { 0 });
        }
    };
    let json = cli.global.json;
    let result = Context::new(&cli.global).and_then(|mut context| {
        let answer = dispatch(&mut context, cli.command)?;
        context.ui.flush()?;
        Ok(answer)
    });
    env::report_steps();
    match result {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        // Whoever reads our output has seen enough: that is no failure.
        Err(Failure::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let told = failure.describe();
            ui::complain(&if json { told.to_json() } else { told.to_text() });
            ExitCode::from(told.code)
        }
    }
}

fn dispatch(context: &mut Context, command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Init(args) => command::init::run(context, &args),
        Command::Tour(args) => command::tour::run(context, &args),
        Command::Dataset(args) => command::dataset::run(context, &args),
        Command::Add(args) => command::add::run(context, &args),
        Command::Commit(args) => command::commit::run(context, &args),
        Command::Apply(args) => command::apply::run(context, &args),
        Command::Rm(args) => command::add::rm(context, &args),
        Command::Mv(args) => command::add::mv(context, &args),
        Command::Restore(args) => command::checkout::restore(context, &args),
        Command::Reset(args) => command::checkout::reset(context, &args),
        Command::Branch(args) => command::branch::run(context, &args),
        Command::Tag(args) => command::tag::run(context, &args),
        Command::Switch(args) => command::checkout::switch(context, &args),
        Command::Checkout(args) => command::checkout::checkout(context, &args),
        Command::Undo(args) => command::checkout::undo(context, &args),
        Command::Status(args) => command::status::run(context, &args),
        Command::Diff(args) => command::diff::run(context, &args),
        Command::Log(args) => command::log::run(context, &args),
        Command::Show(args) => command::show::run(context, &args),
        Command::Ls(args) => command::ls::run(context, &args),
        Command::Cat(args) => command::cat::run(context, &args),
        Command::Schema(args) => command::quality::schema(context, &args),
        Command::Quality(args) => command::quality::run(context, &args),
        Command::Find(args) => command::find::run(context, args),
        Command::Select(args) => command::select::run(context, args),
        Command::Value(args) => command::value::run(context, &args),
        Command::Bench(args) => command::bench::run(context, &args),
        Command::Check(args) => command::check::run(context, &args),
        Command::Agree(args) => command::agree::run(context, &args),
        Command::Eval(args) => command::eval::run(context, &args),
        Command::Card(args) => command::card::run(context, &args),
        Command::Blame(args) => command::blame::run(context, &args),
        Command::Bisect(args) => command::bisect::run(context, &args),
        Command::Trace(args) => command::trace::run(context, &args),
        Command::Verify(args) => command::verify::run(context, &args),
        Command::Fsck(args) => command::fsck::run(context, &args),
        Command::Op(args) => command::op::run(context, &args),
        Command::CatObject(args) => command::cat::run_object(context, &args),
        Command::Clone(args) => command::remote::clone(context, &args),
        Command::Remote(args) => command::remote::run(context, &args),
        Command::Push(args) => command::remote::push(context, &args),
        Command::Fetch(args) => command::remote::fetch(context, &args),
        Command::Pull(args) => command::remote::pull(context, &args),
        Command::Hook(args) => command::hook::run(context, &args),
        Command::Gc(args) => command::gc::run(context, &args),
        Command::Reindex(args) => command::reindex::run(context, &args),
        Command::Sql(args) => command::sql::run(context, &args),
        Command::Completions(args) => command::completions::run(context, &args),
    }
}
