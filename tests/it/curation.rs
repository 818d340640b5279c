//! The session of docs/curation.md: predictions in, what to label next, a work list out, labels back,
//! a commit, an evaluation.

use crate::harness::Scratch;

/// Splits a command at spaces outside of double quotes.
fn words(command: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}

/// Runs a session: `> NAME` with indented lines below it writes a file, `$ dver ...` runs a command, and
/// with `> FILE` at its end what it says goes there.
fn session(block: &str) -> String {
    let scratch = Scratch::new();
    let mut made = String::new();
    let mut file: Option<(String, String)> = None;
    for line in block.lines() {
        if let (Some((_, text)), Some(content)) = (&mut file, line.strip_prefix("  ")) {
            text.push_str(&format!("{content}\n"));
            made.push_str(&format!("{line}\n"));
            continue;
        }
        if let Some((name, text)) = file.take() {
            scratch.write(&name, text);
        }
        if let Some(name) = line.strip_prefix("> ") {
            file = Some((name.to_owned(), String::new()));
            made.push_str(&format!("{line}\n"));
        } else if let Some(command) = line.strip_prefix("$ ") {
            let all = words(command);
            let mut args: Vec<&str> = all.iter().skip(1).map(String::as_str).collect();
            let file = args.iter().position(|word| *word == ">");
            let file = file.map(|at| args.split_off(at)[1]);
            let said = match all[0] == "cat" {
                true => String::from_utf8(scratch.read(args[0])).unwrap(),
                false => {
                    let told = scratch.dver(&args);
                    assert_eq!(told.code, Some(0), "{command}: {}", told.err);
                    match file {
                        None => format!("{}{}", told.out, told.err),
                        Some(file) => {
                            scratch.write(file, told.out);
                            String::new()
                        }
                    }
                }
            };
            made.push_str(&format!("{line}\n{}", said.replace("\r\n", "\n")));
        }
    }
    made
}

#[test]
fn the_sessions_of_the_page_say_what_the_page_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/curation.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut made = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("```session\n") {
        let (block, after) = after.split_once("```").expect("the fence ends");
        made.push_str(&format!("{before}```session\n{}```", session(block)));
        rest = after;
    }
    made.push_str(rest);
    if std::env::var_os("DVER_UPDATE_DOCS").is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    assert!(
        text == made,
        "docs/curation.md is behind: run `DVER_UPDATE_DOCS=1 cargo test --test it curation::`"
    );
}
