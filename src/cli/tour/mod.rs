//! Plays a story with the real commands: this program runs itself in a scratch directory.
//!
//! Author and clock are fixed, so that every tour everywhere prints the same ids. What is printed
//! reads as a shell session; played in the kept directory it gives the same again.

mod story;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use self::story::{ACTS, Act, FILE, VERSIONS};
use super::env;
use super::error::Failure;
use super::ui::{Style, Ui};
use crate::base::{IoError, fsio};

/// Who acts in the story.
const AUTHOR: &str = "Ada Lovelace <ada@example.org>";
/// The first second of the story: 2026-01-01T00:00:00Z.
const BEGIN: u64 = 1_767_225_600;
/// The seconds between two commands: an hour, so that the history spans a few days.
const STEP: u64 = 3600;
/// How wide prose may be.
const WIDTH: usize = 92;

/// A tour being played.
struct Tour<'a> {
    ui: &'a mut Ui,
    program: PathBuf,
    /// Where the commands run.
    place: PathBuf,
    seconds: u64,
    scenes: u32,
}

/// Plays the whole story below `scratch`, which is empty.
pub(super) fn play(ui: &mut Ui, scratch: &Path) -> Result<(), Failure> {
    let place = scratch.join("tickets");
    fsio::create_dir_all(&place)?;
    for (folder, bytes) in VERSIONS {
        let folder = scratch.join("story").join(folder);
        fsio::create_dir_all(&folder)?;
        write(&folder.join(FILE), bytes)?;
    }
    let program = env::program().map_err(|e| IoError::new("find", Path::new("dver"), e))?;
    let mut tour = Tour {
        ui,
        program,
        place,
        seconds: BEGIN,
        scenes: 0,
    };
    for act in ACTS {
        tour.act(*act)?;
    }
    Ok(())
}

impl Tour<'_> {
    fn act(&mut self, act: Act) -> Result<(), Failure> {
        match act {
            Act::Scene(title) => self.scene(title)?,
            Act::Say(text) => self.say(text)?,
            Act::Run(arguments) => {
                let (code, output) = self.run(arguments)?;
                let mut words = vec!["dver"];
                words.extend(arguments);
                self.ran(&words, &output)?;
                if code != Some(0) {
                    let command = words.join(" ");
                    return Err(Failure::Tour { command, code });
                }
            }
            Act::Take(folder) => {
                let from = format!("../story/{folder}/{FILE}");
                let bytes = read(&self.place.join(&from))?;
                write(&self.place.join(FILE), &bytes)?;
                self.ran(&["cp", &from, "."], &[])?;
            }
            Act::Print(path) => {
                let bytes = read(&self.place.join(path))?;
                self.ran(&["cat", path], &bytes)?;
            }
            Act::Compare(one, other) => {
                let same = read(&self.place.join(one))? == read(&self.place.join(other))?;
                let words = ["cmp", one, other, "&&", "echo", "same"];
                self.ran(&words, if same { b"same\n" } else { b"different\n" })?;
                if !same {
                    let command = words.join(" ");
                    return Err(Failure::Tour {
                        command,
                        code: Some(1),
                    });
                }
            }
        }
        self.ui.flush()?;
        Ok(())
    }

    fn scene(&mut self, title: &str) -> io::Result<()> {
        self.scenes += 1;
        if self.ui.json {
            return self.ui.json_line(&json!({"scene": title}));
        }
        let heading = format!("== {}. {title} ==", self.scenes);
        let heading = self.ui.paint(Style::Heading, &heading);
        self.ui.line("")?;
        self.ui.line(&heading)?;
        self.ui.line("")
    }

    /// Writes prose as comments of a shell.
    fn say(&mut self, text: &str) -> io::Result<()> {
        if self.ui.json {
            return self.ui.json_line(&json!({"note": text}));
        }
        let mut line = String::from("#");
        for word in text.split(' ') {
            if line.chars().count() + word.chars().count() >= WIDTH {
                self.prose(&line)?;
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.prose(&line)?;
        self.ui.line("")
    }

    fn prose(&mut self, line: &str) -> io::Result<()> {
        let line = self.ui.paint(Style::Prose, line);
        self.ui.line(&line)
    }

    /// Writes a command line and its output.
    fn ran(&mut self, words: &[&str], output: &[u8]) -> io::Result<()> {
        if self.ui.json {
            let output = String::from_utf8_lossy(output);
            return self
                .ui
                .json_line(&json!({"command": words, "output": output}));
        }
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let line = self
            .ui
            .paint(Style::Heading, &format!("$ {}", words.join(" ")));
        self.ui.line(&line)?;
        self.ui.bytes(output)?;
        if !output.is_empty() && !output.ends_with(b"\n") {
            self.ui.line("")?;
        }
        self.ui.line("")
    }

    /// Runs this program; returns its exit code and what it wrote, in the order in which it did.
    fn run(&mut self, arguments: &[&str]) -> Result<(Option<i32>, Vec<u8>), Failure> {
        self.seconds += STEP;
        let failed = |e| Failure::from(IoError::new("run", &self.program, e));
        let (mut reader, writer) = io::pipe().map_err(failed)?;
        let mut command = Command::new(&self.program);
        env::make_hermetic(&mut command, AUTHOR, self.seconds);
        let color = if self.ui.coloured() {
            "--color=always"
        } else {
            "--color=never"
        };
        command
            .args(arguments)
            .args(["--no-pager", "--no-progress", color])
            .current_dir(&self.place)
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer);
        let mut child = command.spawn().map_err(failed)?;
        // The command holds the writing ends; while it lives, reading would never end.
        drop(command);
        let mut output = Vec::new();
        reader.read_to_end(&mut output).map_err(failed)?;
        let status = child.wait().map_err(failed)?;
        Ok((status.code(), output))
    }
}

/// Returns a word as a shell wants it.
fn quoted(word: &str) -> String {
    if word.contains(' ') {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(path).map_err(|e| IoError::new("read", path, e))?)
}

#[allow(clippy::disallowed_methods)] // scratch files are no durable step
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ok(fs::write(path, bytes).map_err(|e| IoError::new("write", path, e))?)
}
