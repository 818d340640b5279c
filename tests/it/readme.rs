//! The sessions in README.md, docs/where.md, docs/remote.md, docs/git.md and docs/trace.md are real: their
//! commands run here, and what they print is compared.
//!
//! Ids stand for themselves alone, so that a change of formats does not change the README.
//! `DVER_UPDATE_DOCS=1` writes the output anew.

use std::fs;
use std::io::{Read as _, pipe};
use std::path::Path;
use std::process::Command;

use crate::harness::Scratch;

const FENCE: &str = "```console\n";

/// Runs one command line and returns what it prints, on both streams in their order.
fn run(scratch: &Scratch, line: &str) -> String {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cp", from, to] => {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
            let name = from.file_name().unwrap().to_str().unwrap();
            let to = if *to == "." { name } else { to };
            scratch.write(to, fs::read(&from).expect(line));
            String::new()
        }
        ["dver", arguments @ ..] => {
            let (told, code) = told(scratch, scratch.command(arguments));
            assert_eq!(code, Some(0), "{line}\n{told}");
            told
        }
        #[cfg(unix)]
        ["git", arguments @ ..] => {
            let mut command = crate::githooks::plain(scratch, "git");
            command.args(arguments).current_dir(scratch.root());
            let (told, code) = told(scratch, command);
            // A hook may refuse a commit, and the page shows it.
            assert!(matches!(code, Some(0 | 1)), "{line}\n{told}");
            told
        }
        _ => panic!("`{line}` is not a command that this test knows"),
    }
}

/// Runs a command and returns what it prints, on both streams in their order, and its exit code.
fn told(scratch: &Scratch, mut command: Command) -> (String, Option<i32>) {
    let (mut reader, writer) = pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    let root = scratch.root().canonicalize().unwrap();
    let told = told.replace(root.to_str().unwrap(), "/home/ada/tickets");
    (told, child.wait().unwrap().code())
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Replaces every run of twelve or more hex digits, and how many objects there are.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() || ('a'..='f').contains(&c) {
            run.push(c);
            continue;
        }
        let is_id = run.len() >= 12;
        out.push_str(if is_id { "ID" } else { &run });
        run.clear();
        out.push(c);
    }
    match out.split_once("Nothing is damaged: ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
            format!("{before}Nothing is damaged: N{after}")
        }
        None => out,
    }
}

/// Runs the sessions of a document in one scratch directory, and compares what they print, or
/// writes it anew; returns the document's lines and how many commands it has.
fn play(name: &str) -> (usize, usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(&path).unwrap();
    let scratch = Scratch::empty();
    let mut made = String::new();
    let mut rest = text.as_str();
    let mut commands = 0;
    while let Some((before, after)) = rest.split_once(FENCE) {
        let (session, after) = after.split_once("```").expect("the fence ends");
        made.push_str(before);
        made.push_str(FENCE);
        for line in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let told = run(&scratch, line);
            made.push_str(&format!("$ {line}\n{told}"));
            commands += 1;
        }
        made.push_str("```");
        rest = after;
    }
    made.push_str(rest);
    let lines = made.lines().count();
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        fs::write(&path, made).unwrap();
        return (lines, commands);
    }
    let (said, printed) = (without_ids(&text), without_ids(&made));
    let at = said.lines().zip(printed.lines()).find(|(a, b)| a != b);
    assert!(
        said == printed,
        "{name} is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it readme`.\n{at:?}"
    );
    (lines, commands)
}

#[test]
fn the_session_in_the_readme_prints_what_the_readme_says() {
    let (lines, commands) = play("README.md");
    assert!(commands > 8, "the README shows a session");
    assert!(
        lines <= 150,
        "a README is short, this one has {lines} lines"
    );
}

#[test]
fn the_examples_of_conditions_print_what_their_page_says() {
    let (_, commands) = play("docs/where.md");
    assert!(commands > 8, "one example for each verb");
}

#[test]
fn the_session_about_remotes_prints_what_its_page_says() {
    let (_, commands) = play("docs/remote.md");
    assert!(commands > 8, "one for each verb");
}

#[cfg(unix)]
#[test]
fn the_session_in_a_git_repository_prints_what_its_page_says() {
    let (_, commands) = play("docs/git.md");
    assert!(commands > 20, "a tutorial");
}

#[test]
fn the_session_about_traces_prints_what_its_page_says() {
    let (_, commands) = play("docs/trace.md");
    assert!(commands > 8, "one for each way to split");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md")];
    let docs = fs::read_dir(root.join("docs")).unwrap();
    documents.extend(docs.map(|entry| entry.unwrap().path()));
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = document.parent().unwrap().join(target);
            assert!(path.exists(), "{}: {target}", document.display());
        }
    }
}

#[cfg(unix)]
#[test]
fn the_session_about_reviews_prints_what_its_page_says() {
    let (_, commands) = play("docs/git-review.md");
    assert!(commands > 20, "one for each section");
}
