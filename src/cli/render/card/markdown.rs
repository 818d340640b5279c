//! The card for people: a title, the stages of DMOps as sections, and what nobody wrote.

use super::super::super::ui::{clean, count, counted};
use super::{stages, title};
use crate::ops::card::CardReport;

/// Returns text that stands in a cell of a Markdown table.
pub(super) fn cell(text: &str) -> String {
    let one_line: Vec<&str> = text.split(['\r', '\n']).collect();
    // The card may be read on a terminal.
    clean(&one_line.join(" "))
        .replace('\\', "\\\\")
        .replace('|', "\\|")
}

/// Writes a table.
pub(super) fn table(
    out: &mut Vec<String>,
    head: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) {
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    out.push(row(head.iter().map(|cell| (*cell).to_owned()).collect()));
    out.push(format!("|{}", "---|".repeat(head.len())));
    out.extend(
        rows.into_iter()
            .map(|cells| row(cells.iter().map(|text| cell(text)).collect())),
    );
    out.push(String::new());
}

/// Writes what people said under a heading; what they did not say is collected.
pub(super) struct Words<'a> {
    pub(super) missing: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn say(&mut self, out: &mut Vec<String>, name: &'a str, text: Option<&str>) {
        match text {
            Some(text) => {
                let mut head = name.to_owned();
                head[..1].make_ascii_uppercase();
                out.push(format!("**{head}.** {}", text.trim()));
                out.push(String::new());
            }
            None => self.missing.push(name),
        }
    }
}

/// Returns the lines of the card.
pub(crate) fn lines(report: &CardReport) -> Vec<String> {
    let words = &report.words;
    let mut said = Words {
        missing: Vec::new(),
    };
    let mut out = vec![format!("# {}", title(report)), String::new()];
    if let Some(description) = &words.description {
        out.extend([description.trim().to_owned(), String::new()]);
    } else {
        said.missing.push("description");
    }
    let records: u64 = report
        .datasets
        .iter()
        .map(|dataset| dataset.score.records)
        .sum();
    let files: usize = report
        .datasets
        .iter()
        .map(|dataset| dataset.files.len())
        .sum();
    let joined = |list: &[String]| Some(list.join(", ")).filter(|text| !text.is_empty());
    let mut facts = vec![
        vec!["version".to_owned(), version(report)],
        vec!["commit".to_owned(), format!("`{}`", report.id)],
        vec!["time".to_owned(), report.commit.time.to_string()],
        vec![
            "records".to_owned(),
            format!("{} in {}", count(records), counted(files as u64, "file")),
        ],
    ];
    let mut fact = |name: &'static str, text: Option<String>| match text {
        Some(text) => facts.push(vec![name.to_owned(), text]),
        None => said.missing.push(name),
    };
    fact("license", joined(&words.license));
    fact("creators", joined(&words.creators));
    fact("published", words.published.clone());
    fact("homepage", words.homepage.clone());
    fact("citation", words.citation.clone());
    let optional = [
        ("publisher", words.publisher.clone()),
        ("keywords", joined(&words.keywords)),
        ("languages", joined(&words.languages)),
    ];
    for (name, text) in optional {
        facts.extend(text.map(|text| vec![name.to_owned(), text]));
    }
    table(&mut out, &["", ""], facts);
    said.say(&mut out, "motivation", words.motivation.as_deref());
    said.say(&mut out, "uses", words.uses.as_deref());
    out.extend(["## Schema".to_owned(), String::new()]);
    report
        .datasets
        .iter()
        .for_each(|dataset| stages::schema(&mut out, dataset));
    out.extend(["## Collection".to_owned(), String::new()]);
    said.say(&mut out, "collection", words.collection.as_deref());
    said.say(&mut out, "sensitive", words.sensitive.as_deref());
    report
        .datasets
        .iter()
        .for_each(|dataset| stages::collection(&mut out, dataset));
    out.extend(["## Annotation".to_owned(), String::new()]);
    said.say(&mut out, "annotation", words.annotation.as_deref());
    report
        .datasets
        .iter()
        .for_each(|dataset| stages::annotation(&mut out, dataset));
    out.extend(["## Evaluation".to_owned(), String::new()]);
    said.say(&mut out, "biases", words.biases.as_deref());
    said.say(&mut out, "limitations", words.limitations.as_deref());
    report
        .datasets
        .iter()
        .for_each(|dataset| stages::evaluation(&mut out, dataset));
    out.extend(["## Versioning".to_owned(), String::new()]);
    said.say(&mut out, "maintenance", words.maintenance.as_deref());
    stages::versioning(&mut out, report);
    if !said.missing.is_empty() {
        out.extend(["## Not documented".to_owned(), String::new()]);
        let missing: Vec<String> = said
            .missing
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        out.push(format!(
            "Nobody wrote {} into `[card]` in dver.toml.",
            missing.join(", ")
        ));
        out.push(String::new());
    }
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}

fn version(report: &CardReport) -> String {
    match report.tags.as_slice() {
        [] => report.version.to_string(),
        tags => format!("{} ({})", report.version, tags.join(", ")),
    }
}
