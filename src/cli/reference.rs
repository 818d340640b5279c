//! The reference of all commands as Markdown: the generated part of docs/cli.md.

use clap::Command;

use super::args;

/// Returns the reference: each command with its help, in the order of `dver --help`.
pub fn reference() -> String {
    let mut out = String::new();
    for command in args::program().get_subcommands_mut() {
        if command.get_name() != "help" {
            describe(command, "dver", &mut out);
        }
    }
    out
}

fn describe(command: &mut Command, above: &str, out: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let own = command
        .clone()
        .bin_name(&name)
        .term_width(96)
        // What all commands take is told once.
        .mut_args(|arg| {
            let hidden = arg.is_global_set() || arg.get_id() == "help";
            arg.hide(hidden)
        })
        .disable_help_flag(true);
    let mut own = own;
    let help = own.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!(
        "### {name}\n\n```text\n{}\n```\n\n",
        help.join("\n").trim_end()
    ));
    for inner in command.get_subcommands_mut() {
        if inner.get_name() != "help" {
            describe(inner, &name, out);
        }
    }
}
