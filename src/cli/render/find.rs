//! How found records look: text for people, and the work lists that `dver apply` reads.
//!
//! Invariant: cells that a work list brings back (dataset, field, label, suggested, key, record)
//! are the values themselves; in notes and contents, which are for reading, a cell that a
//! spreadsheet would take for a formula begins with an apostrophe.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, count, counted, pad, shorten};
use super::diff_csv::cell;
use crate::ops::find::{FindReport, Found, FoundIn, Name};

fn key(name: &Name) -> Value {
    match name {
        Name::Key(parts) => json!(parts),
        Name::Place(place, _) => json!([format!("#{place}")]),
    }
}

fn words(name: &Name) -> String {
    match name {
        Name::Place(place, _) => format!("#{place}"),
        Name::Key(parts) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Writes one object a record.
pub(crate) fn json_lines(ui: &mut Ui, report: &FindReport) -> io::Result<()> {
    for dataset in &report.datasets {
        for found in &dataset.found {
            let mut line = Map::new();
            line.insert("dataset".to_owned(), json!(dataset.dataset));
            line.insert("key".to_owned(), key(&found.name));
            if let Name::Place(_, id) = &found.name {
                line.insert("record".to_owned(), json!(id));
            }
            if let Some(field) = &found.field {
                line.insert("field".to_owned(), json!(field));
            }
            // What is not finite is null, and the note says why.
            line.insert("score".to_owned(), json!(found.score));
            line.insert("method".to_owned(), json!(found.method));
            line.insert("label".to_owned(), json!(found.label));
            for (name, value) in [("suggested", &found.suggested), ("note", &found.note)] {
                if let Some(value) = value {
                    line.insert(name.to_owned(), json!(value));
                }
            }
            ui.json_line(&line)?;
        }
    }
    Ok(())
}

/// Writes the tasks of Label Studio, as one array.
pub(crate) fn label_studio(ui: &mut Ui, report: &FindReport) -> io::Result<()> {
    let tasks = report.datasets.iter();
    let tasks: Vec<Value> = tasks
        .flat_map(|of| of.found.iter().map(|found| task(of, found)))
        .collect();
    ui.json_line(&tasks)
}

fn task(dataset: &FoundIn, found: &Found) -> Value {
    let of_text = |name: &String| dataset.text.is_empty() || dataset.text.contains(name);
    let values = dataset.content.iter().zip(&found.content);
    let shown: Vec<&str> = values
        .filter(|(name, _)| of_text(name))
        .filter_map(|(_, value)| value.as_deref())
        .collect();
    let mut origin = json!({
        "dataset": dataset.dataset, "field": found.field, "key": key(&found.name),
        "label": found.label,
    });
    if let Name::Place(_, id) = &found.name {
        origin["record"] = json!(id);
    }
    let choice = found.suggested.as_ref().or(found.label.as_ref());
    let result: Vec<Value> = choice
        .map(|choice| {
            json!({
                "from_name": "label", "to_name": "text", "type": "choices",
                "value": {"choices": [choice]},
            })
        })
        .into_iter()
        .collect();
    json!({
        "data": {"text": shown.join("\n"), "dver": origin},
        "predictions": [{"model_version": found.method, "score": found.score, "result": result}],
    })
}

/// Writes the values that come back as they are.
fn plain(text: Option<&str>) -> String {
    match text {
        None => String::new(),
        Some(text)
            if text.is_empty() || text.contains([',', '"', '\r', '\n']) || text.trim() != text =>
        {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    }
}

/// Writes a work list: one header for all data sets.
pub(crate) fn csv(ui: &mut Ui, report: &FindReport) -> io::Result<()> {
    let all = |of: fn(&FoundIn) -> &Vec<String>| {
        let mut names: Vec<&str> = Vec::new();
        for name in report.datasets.iter().flat_map(of) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    };
    let (keys, contents) = (all(|of| &of.key), all(|of| &of.content));
    let without_key = report.datasets.iter().any(|of| of.key.is_empty());
    let fixed = [
        "dataset",
        "field",
        "score",
        "method",
        "label",
        "suggested",
        "note",
    ];
    let mut header: Vec<String> = fixed.map(str::to_owned).to_vec();
    header.extend(keys.iter().map(|name| format!("key.{name}")));
    header.extend(without_key.then(|| "record".to_owned()));
    header.extend(contents.iter().map(|name| format!("content.{name}")));
    let terminal = ui.is_terminal();
    let mut line = |cells: Vec<String>| ui.bytes(format!("{}\r\n", cells.join(",")).as_bytes());
    line(header.iter().map(|name| plain(Some(name))).collect())?;
    for dataset in &report.datasets {
        for found in &dataset.found {
            let read =
                |text: Option<&str>| text.map_or_else(String::new, |text| cell(text, terminal));
            let mut cells = vec![
                plain(Some(&dataset.dataset)),
                plain(found.field.as_deref()),
                match found.score.is_finite() {
                    true => found.score.to_string(),
                    false => String::new(),
                },
                plain(Some(&found.method)),
                plain(found.label.as_deref()),
                plain(found.suggested.as_deref()),
                read(found.note.as_deref()),
            ];
            let part = |name: &&str| {
                let Name::Key(parts) = &found.name else {
                    return None;
                };
                let at = dataset.key.iter().position(|key| key == name)?;
                parts[at].as_deref()
            };
            cells.extend(keys.iter().map(|name| plain(part(name))));
            if without_key {
                cells.push(match &found.name {
                    Name::Place(_, id) => id.to_string(),
                    Name::Key(_) => String::new(),
                });
            }
            let content = |name: &&str| {
                let at = dataset.content.iter().position(|content| content == name)?;
                found.content[at].as_deref()
            };
            cells.extend(contents.iter().map(|name| read(content(name))));
            line(cells)?;
        }
    }
    Ok(())
}

/// Writes a table for people.
pub(crate) fn text(ui: &mut Ui, report: &FindReport) -> io::Result<()> {
    let heading = match report.commit {
        Some(id) => format!("Version {}", id.short()),
        None => "The working files".to_owned(),
    };
    if report.datasets.is_empty() {
        ui.line(&heading)?;
        return ui.line("No data sets are declared: `dver dataset add PATH` declares one");
    }
    for dataset in &report.datasets {
        let name = ui.paint(Style::Heading, &dataset.dataset);
        ui.line(&format!("{heading}, data set {name}"))?;
        let found = match dataset.total {
            0 => "nothing found".to_owned(),
            total => format!("{} found", count(total as u64)),
        };
        let among = counted(dataset.looked_at, "record");
        if dataset.method.is_empty() {
            ui.line("  nothing looked for")?;
        } else {
            ui.line(&format!("  {found} among {among}: {}", dataset.method))?;
        }
        for note in &dataset.notes {
            ui.line(&ui.paint(Style::Faint, &format!("  {}", shorten(note, 160))))?;
        }
        rows(ui, dataset)?;
        let left = dataset.total - dataset.found.len();
        if left > 0 {
            ui.line(&format!("  and {} more", count(left as u64)))?;
        }
    }
    Ok(())
}

fn rows(ui: &mut Ui, dataset: &FoundIn) -> io::Result<()> {
    let methods: BTreeSet<&str> = dataset
        .found
        .iter()
        .map(|one| one.method.as_str())
        .collect();
    let cells = |found: &Found| -> [String; 4] {
        let label = |text: &Option<String>| shorten(text.as_deref().unwrap_or("-"), 24);
        let change = match &found.suggested {
            Some(suggested) => format!("{} -> {}", label(&found.label), shorten(suggested, 24)),
            None => label(&found.label),
        };
        let field = found.field.as_deref().unwrap_or("-");
        [
            shorten(&words(&found.name), 32),
            format!("{:.4}", found.score),
            format!("{} {change}", shorten(field, 24)),
            match methods.len() > 1 {
                true => found.method.clone(),
                false => String::new(),
            },
        ]
    };
    let table: Vec<[String; 4]> = dataset.found.iter().map(cells).collect();
    let width = |at: usize| table.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for (row, found) in table.iter().zip(&dataset.found) {
        let score = format!("{}{}", " ".repeat(widths[1] - row[1].width()), row[1]);
        let note = found
            .note
            .as_deref()
            .map_or_else(String::new, |note| shorten(note, 80));
        let method = match widths[3] {
            0 => String::new(),
            _ => format!("{}  ", pad(&row[3], widths[3])),
        };
        let line = format!(
            "  {}  {score}  {}  {method}{note}",
            pad(&row[0], widths[0]),
            pad(&row[2], widths[2])
        );
        ui.line(line.trim_end())?;
    }
    Ok(())
}
