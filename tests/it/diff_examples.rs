//! The examples of docs/diff.md: each is built, compared, and must say what the page says.
//! `DVER_UPDATE_DOCS=1` writes what they say anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::Scratch;

const FENCE: &str = "```example ";
const DECLARED: &str = "[dataset.pets]\npath = \"pets.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n";

/// Expands each `{A..B}` of a line, all of them together.
fn expanded(line: &str) -> String {
    let Some((before, rest)) = line.split_once('{') else {
        return format!("{line}\n");
    };
    let Some(((from, to), after)) = rest
        .split_once('}')
        .and_then(|(range, after)| Some((range.split_once("..")?, after)))
    else {
        return format!("{line}\n");
    };
    let (from, to): (u32, u32) = (from.parse().unwrap(), to.parse().unwrap());
    let range = format!("{{{from}..{to}}}");
    let line = |at: u32| format!("{before}{at}{}\n", after.replace(&range, &at.to_string()));
    (from..=to).map(line).collect()
}

/// Returns the files of an example, and the events of its kind that dver prints.
fn run(kind: &str, block: &str) -> String {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut name = "";
    for line in block.lines() {
        match line.strip_prefix("  ") {
            None => name = line,
            Some(text) => files
                .entry(name.to_owned())
                .or_default()
                .push_str(&expanded(text)),
        }
    }
    let scratch = Scratch::new();
    let mut known: Vec<String> = Vec::new();
    for side in ["old", "new"] {
        known.drain(..).for_each(|name| scratch.remove(&name));
        scratch.write("dver.toml", DECLARED);
        for (name, text) in &files {
            let (of, name) = name
                .split_once('/')
                .expect("a file has its version before it");
            if of == side || of == "both" {
                scratch.write(name, text);
                known.push(name.to_owned());
            }
        }
        scratch.dver(&["add", "-A"]).ok();
        if side == "old" {
            scratch.dver(&["commit", "-m", "old"]).ok();
        }
    }
    let said = scratch
        .dver(&["diff", "--staged", "--cells", "--json"])
        .ok();
    let (kind, most) = match kind.split_once(' ') {
        Some((kind, most)) => (kind, most.parse().unwrap()),
        None => (kind, usize::MAX),
    };
    let of_kind = format!("{{\"event\":\"{kind}\"");
    let lines = said.lines().filter(|line| line.starts_with(&of_kind));
    let told = lines.filter(|line| kind != "file" || !line.contains("\"dver.toml\""));
    told.take(most).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_examples_of_the_page_say_what_the_page_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diff.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut rest = text.as_str();
    let mut kinds: Vec<&str> = Vec::new();
    while let Some((before, after)) = rest.split_once(FENCE) {
        let (kind, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("```").expect("the fence ends");
        let (files, _) = block
            .split_once("says\n")
            .expect("an example says something");
        let told = run(kind, files);
        assert!(!told.is_empty(), "nothing to see:\n{block}");
        made.push_str(&format!("{before}{FENCE}{kind}\n{files}says\n{told}```"));
        kinds.push(kind.split(' ').next().unwrap());
        rest = after;
    }
    made.push_str(rest);
    for kind in [
        "file", "schema", "label", "record", "cell", "problem", "summary",
    ] {
        assert!(kinds.contains(&kind), "no example of {kind}");
    }
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    let at = text.lines().zip(made.lines()).find(|(a, b)| a != b);
    assert!(
        text == made,
        "docs/diff.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it diff_examples`.\n{at:?}"
    );
}
