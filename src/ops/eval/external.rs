//! Models of other programs: a command that is given files and writes predictions.
//!
//! Invariant: the labels of test records stay here. What the command gets is in the order of keys,
//! so that it does not depend on that of the files; what it writes is read as bounded and as
//! suspiciously as an imported file.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::base::ScratchDir;
use crate::base::fsio;
use crate::base::process::{self, Ended, Limits};
use crate::config::{CommandConfig, EvaluationConfig};
use crate::dataset::Table;
use crate::object::{ObjectSource, Predictions};
use crate::record::{Role, UNPARSABLE};

use super::super::error::Error;
use super::list;
use super::prepare::key_and_label;
use super::sets::{self, Chosen, Record, Sets, Wanted};

/// A command prints at most so much.
const PRINTED: u64 = 256 << 20;
/// How much of what it printed is shown where it fails.
const SHOWN_LINES: usize = 20;
const SHOWN_BYTES: usize = 4096;
/// The longest file of predictions that is read.
const LONGEST: u64 = 1 << 30;

/// Has a command train and predict. `root` is the directory that it runs in; what it printed is
/// kept in `logs`.
pub(super) fn predict(
    source: &dyn ObjectSource,
    table: &Table,
    config: &EvaluationConfig,
    command: &CommandConfig,
    (root, logs): (&Path, &Path),
) -> Result<(Sets, Predictions), Error> {
    let (key, label) = key_and_label(table)?;
    let fields: Vec<String> = (table.all_fields(source)?.iter())
        .filter(|name| ***name != *UNPARSABLE)
        .map(|name| name.to_string())
        .collect();
    let as_json = command.format == "jsonl";
    let wanted = Wanted {
        training: true,
        fields: fields.clone(),
        as_json,
        vectors: None,
    };
    let chosen = Chosen::of(config)?;
    let mut sets = sets::read(source, table, &label, &chosen, &wanted)?;
    if sets.records.is_empty() {
        return Err(Error::NoTestRecords {
            name: config.name.clone(),
        });
    }
    let labels = table.declaration.roles.fields(Role::Label);
    let is_label = |name: &String| labels.contains(name);
    let all: Vec<bool> = fields.iter().map(|_| true).collect();
    let inputs: Vec<bool> = fields.iter().map(|name| !is_label(name)).collect();
    let scratch = ScratchDir::create()?;
    let ending = &command.format;
    let write = |name: &str, records: &[Record], shown: &[bool]| {
        let text = match as_json {
            true => jsonl(&fields, records, shown),
            false => csv(&fields, records, shown),
        };
        scratch.write(&format!("{name}.{ending}"), &text)
    };
    let train = write("train", &sets.training, &all)?;
    let test = write("test", &sets.records, &inputs)?;
    sets.training = Vec::new();
    for record in &mut sets.records {
        record.values = Vec::new();
    }
    let said = scratch.path().join("predictions");
    let log = scratch.path().join("log");
    let places = [("train", &train), ("test", &test), ("predictions", &said)];
    let mut run = program(command, &places);
    run.current_dir(root)
        .env("DVER_TRAIN", &train)
        .env("DVER_TEST", &test)
        .env("DVER_PREDICTIONS", &said)
        .env("DVER_FORMAT", &command.format)
        .env("DVER_KEY", key.join(","))
        .env("DVER_LABEL", &label);
    let limits = Limits {
        time: Duration::from_secs(command.timeout_seconds),
        printed: PRINTED,
    };
    let ended = process::run(run, &log, limits)?;
    let printed = fsio::read_bounded(&log, PRINTED * 2).unwrap_or_default();
    // What it printed outlives the scratch directory; that it cannot be kept is no failure.
    let kept = logs.join(format!("{}.log", file_name(&config.name)));
    let _ = fsio::create_dir_all(logs).and_then(|()| fsio::write_durable(&kept, &printed));
    let failed = |how: String| Error::CommandFailed {
        name: config.name.clone(),
        how,
        printed: tail(&printed),
        log: kept.clone(),
    };
    match ended {
        Ended::Exited(status) if status.success() => {}
        Ended::Exited(status) => {
            let code = status.code();
            let words = |code| format!("it ended with exit code {code}");
            return Err(failed(code.map_or("a signal ended it".to_owned(), words)));
        }
        Ended::TookTooLong => {
            let seconds = command.timeout_seconds;
            return Err(failed(format!("it was stopped after {seconds} s")));
        }
        Ended::PrintedTooMuch => {
            let most = PRINTED >> 20;
            return Err(failed(format!(
                "it was stopped: it printed more than {most} MiB"
            )));
        }
    }
    if !said.is_file() {
        return Err(failed("it wrote no predictions".to_owned()));
    }
    let bytes = fsio::read_bounded(&said, LONGEST)?;
    let name = format!("the predictions of {}", config.name);
    let predictions = list::read(&name, &bytes, &key, &command.column)?;
    Ok((sets, predictions))
}

/// Builds the command: `{train}`, `{test}` and `{predictions}` in its words stand for the files.
fn program(command: &CommandConfig, places: &[(&str, &std::path::PathBuf)]) -> Command {
    let filled = |word: &String| {
        places.iter().fold(word.clone(), |word, (name, path)| {
            word.replace(&format!("{{{name}}}"), &path.to_string_lossy())
        })
    };
    let mut words = command.words.iter().map(filled);
    let first = words.next().unwrap_or_default();
    if command.shell {
        let (shell, flag) = match cfg!(windows) {
            true => ("cmd", "/C"),
            false => ("sh", "-c"),
        };
        let mut run = Command::new(shell);
        run.arg(flag).arg(first);
        return run;
    }
    let mut run = Command::new(first);
    run.args(words);
    run
}

/// Returns the end of what was printed.
fn tail(printed: &[u8]) -> String {
    let from = printed.len().saturating_sub(SHOWN_BYTES);
    let text = String::from_utf8_lossy(&printed[from..]);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(SHOWN_LINES);
    lines[from..].join("\n")
}

/// Returns a name as that of a file.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// Writes records as CSV with a header; a missing value is an empty cell.
fn csv(fields: &[String], records: &[Record], shown: &[bool]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if cell.contains([',', '"', '\n', '\r']) {
                out.push(b'"');
                out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
                out.push(b'"');
            } else {
                out.extend_from_slice(cell.as_bytes());
            }
        }
        out.push(b'\n');
    };
    let names = fields.iter().zip(shown).filter(|(_, shown)| **shown);
    line(&mut names.map(|(name, _)| name.as_str()));
    for record in records {
        let cells = record.values.iter().zip(shown).filter(|(_, shown)| **shown);
        line(&mut cells.map(|(cell, _)| cell.as_deref().unwrap_or_default()));
    }
    out
}

/// Writes records as JSON Lines, whose values are JSON already; a missing value is left out.
fn jsonl(fields: &[String], records: &[Record], shown: &[bool]) -> Vec<u8> {
    let names: Vec<String> = fields
        .iter()
        .map(|name| serde_json::Value::from(name.as_str()).to_string())
        .collect();
    let mut out = Vec::new();
    for record in records {
        out.push(b'{');
        let mut first = true;
        for ((name, value), shown) in names.iter().zip(&record.values).zip(shown) {
            let Some(value) = value.as_ref().filter(|_| *shown) else {
                continue;
            };
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(b"}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::ObjectId;

    fn record(values: Vec<Option<String>>) -> Record {
        Record {
            key: Vec::new(),
            label: String::new(),
            inputs: ObjectId::of(b""),
            row: 0,
            group: None,
            values,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            rows in prop::collection::vec(prop::collection::vec("[a,\"\n\r é]{0,6}", 3), 0..6),
        ) {
            let fields: Vec<String> = ["x", "y,z", "\"q"].map(str::to_owned).to_vec();
            let records: Vec<Record> = rows.iter()
                .map(|row| record(row.iter().cloned().map(Some).collect()))
                .collect();
            let text = csv(&fields, &records, &[true, false, true]);
            let mut reader = ::csv::Reader::from_reader(text.as_slice());
            prop_assert_eq!(reader.headers().unwrap(), vec!["x", "\"q"]);
            // The reader leaves out lines that are empty; no cell of ours makes one, for there are two.
            let read: Vec<Vec<String>> = reader.records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect();
            let expected: Vec<Vec<String>> = rows.iter()
                .map(|row| vec![row[0].clone(), row[2].clone()])
                .collect();
            prop_assert_eq!(read, expected);
        }
    }

    #[test]
    fn json_lines_leave_out_what_is_missing_or_hidden() {
        let fields: Vec<String> = ["id", "a\"b", "label"].map(str::to_owned).to_vec();
        let values = vec![
            Some("1".to_owned()),
            Some("[1,2]".to_owned()),
            Some("\"cat\"".to_owned()),
        ];
        let none = vec![Some("2".to_owned()), None, None];
        let text = jsonl(
            &fields,
            &[record(values), record(none)],
            &[true, true, false],
        );
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, "{\"id\":1,\"a\\\"b\":[1,2]}\n{\"id\":2}\n");
    }

    #[test]
    fn the_end_of_what_was_printed_is_shown() {
        let many: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let shown = tail(many.as_bytes());
        assert!(shown.starts_with("line 80\n") && shown.ends_with("line 99"));
        assert_eq!(tail(&[0xff, b'a', b'\n']), "\u{fffd}a");
        assert_eq!(tail(b""), "");
    }
}
