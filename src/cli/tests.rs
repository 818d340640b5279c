//! Help that lies is worse than none: what it shows must parse.

use super::args;

/// Splits a line as a shell does, as far as examples need it.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.trim().chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            (';' | '|' | '>' | '&', None) => break,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn check(command: &mut clap::Command, examples: &mut Vec<String>) {
    let about = command.get_about().map(ToString::to_string);
    let about = about.expect("a command says what it does");
    assert!(!about.ends_with('.'), "{about}");
    if let Some(text) = command.get_after_long_help() {
        let text = text.to_string();
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with("dver "));
        examples.extend(lines.map(str::to_owned));
    }
    for argument in command.get_arguments() {
        let name = argument.get_id();
        assert!(argument.get_help().is_some(), "{about}: {name} has no help");
    }
    for inner in command.get_subcommands_mut() {
        check(inner, examples);
    }
}

#[test]
fn everything_has_help_and_every_example_parses() {
    let mut examples = Vec::new();
    let mut program = args::program();
    for command in program.get_subcommands_mut() {
        let name = command.get_name().to_owned();
        assert!(
            command.get_after_long_help().is_some(),
            "`dver {name} --help` shows no example"
        );
        check(command, &mut examples);
    }
    assert!(examples.len() > 40);
    for example in examples {
        if let Err(e) = args::parse(words(&example).into_iter().map(Into::into)) {
            panic!("{example}: {e}");
        }
    }
}

#[test]
fn the_groups_name_every_command() {
    let mut program = args::program();
    let help = program.render_help().to_string();
    let named: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split("  ").next())
        .flat_map(|names| names.split(", "))
        .flat_map(|name| [name, name.split(' ').next().unwrap()])
        .collect();
    for command in program.get_subcommands() {
        let name = command.get_name();
        assert!(
            named.contains(&name),
            "`dver --help` does not list `{name}`"
        );
    }
}
