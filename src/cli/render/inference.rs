//! What was found out about tables, with the evidence.

use std::io;

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::error::Failure;
use super::super::ui::{Style, count, counted};
use crate::dataset::infer::{Basis, Evidence, Inference, Proposal, Undeclared};
use crate::object::FieldSchema;
use crate::ops::dataset::Described;
use crate::record::{Format, Role};

/// Tells what `add` declared, and how to declare what it could not.
pub(crate) fn tell(context: &mut Context, inference: &Inference) -> Result<(), Failure> {
    if context.ui.json || context.ui.quiet {
        return Ok(());
    }
    for proposal in &inference.proposals {
        tell_proposal(context, proposal)?;
    }
    for undeclared in &inference.undeclared {
        context.ui.note(&hint(undeclared));
    }
    Ok(())
}

/// Tells one declared data set with its evidence.
pub(crate) fn tell_proposal(context: &mut Context, proposal: &Proposal) -> io::Result<()> {
    let name = context.ui.paint(Style::Heading, &proposal.config.name);
    let files = counted(proposal.files, "file");
    let records = counted(proposal.records, "record");
    context.ui.line(&format!(
        "Declared the data set {name}: {records} in {files} (dver.toml)"
    ))?;
    for evidence in &proposal.evidence {
        context.ui.line(&format!("  {}", words(evidence)))?;
    }
    Ok(())
}

/// Returns one reason in words.
pub(crate) fn words(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Format {
            format, dialect, ..
        } => {
            let dialect: Vec<String> = dialect
                .iter()
                .filter(|(name, _)| match name.as_str() {
                    "encoding" | "newline" => true,
                    "delimiter" => *format == Format::Csv,
                    _ => false,
                })
                .map(|(name, value)| format!("{name} {value:?}"))
                .collect();
            if dialect.is_empty() {
                return format!("format: {}", format.name());
            }
            format!("format: {} - {}", format.name(), dialect.join(", "))
        }
        Evidence::Key {
            fields,
            records,
            distinct,
            nulls,
            ..
        } => {
            let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            let unique = if *nulls == 0 && records == distinct {
                "unique"
            } else {
                "not unique"
            };
            let nulls = if *nulls == 0 {
                "no nulls".into()
            } else {
                counted(*nulls, "null")
            };
            format!(
                "key: {} - {unique}, {nulls}, {} distinct",
                quoted.join(", "),
                count(*distinct)
            )
        }
        Evidence::Label {
            field,
            classes,
            nulls,
            ..
        } => {
            let classes = match classes {
                Some(classes) => counted(*classes, "class"),
                None => "very many classes".into(),
            };
            let nulls = match nulls {
                0 => String::new(),
                n => format!(", {} without", counted(*n, "record")),
            };
            format!("label: `{field}` - {classes}{nulls}")
        }
        Evidence::Role { role, field, basis } => {
            let basis = match basis {
                Basis::Given => "as given",
                Basis::Name => "by its name",
                Basis::Values => "by its values",
                Basis::Path => "a part of the path",
            };
            format!("{}: `{field}` - {basis}", role.name())
        }
    }
}

fn hint(undeclared: &Undeclared) -> String {
    let key = undeclared.key.first().map_or("FIELD", String::as_str);
    let label = undeclared.labels.first().map_or("FIELD", String::as_str);
    let paths = undeclared.paths.join(" ");
    let (hold, their) = match undeclared.paths.len() {
        1 => ("holds", "its"),
        _ => ("hold", "their"),
    };
    format!(
        "hint: {paths} {hold} records, but no key and label were found. Declare them with \
         `dver dataset add {paths} --key {key} --label {label}`; {their} fields are {}.",
        fields(undeclared)
    )
}

fn fields(undeclared: &Undeclared) -> String {
    let shown: Vec<String> = undeclared
        .fields
        .iter()
        .take(12)
        .map(|f| format!("`{f}`"))
        .collect();
    let more = undeclared.fields.len().saturating_sub(12);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// Returns the JSON of a declared data set (docs/cli.md, "dataset --json").
pub(crate) fn described_json(described: &Described, evidence: &[Evidence]) -> Value {
    let declaration = &described.declaration;
    let fields = described.table.fields();
    let roles: serde_json::Map<String, Value> = fields
        .iter()
        .filter_map(|field| {
            let roles = declaration.roles.of(field);
            Some((field.to_string(), json!(roles.first()?.name())))
        })
        .collect();
    let paths: Vec<&str> = declaration
        .patterns
        .iter()
        .map(|pattern| pattern.as_str())
        .collect();
    let dialect = described
        .table
        .parts
        .first()
        .map(|part| part.layout.dialect.describe());
    json!({
        "dataset": declaration.name, "paths": paths, "format": declaration.format.name(),
        "dialect": dialect.unwrap_or_default(), "key": declaration.roles.key(), "roles": roles,
        "evidence": evidence.iter().map(words).collect::<Vec<_>>(),
        "fields": described.schema.fields.iter().map(field_json).collect::<Vec<_>>(),
    })
}

fn field_json(field: &FieldSchema) -> Value {
    let mut out = json!({"name": field.name, "type": field.kind, "nullable": field.nullable});
    if let Some(classes) = &field.classes {
        out["classes"] = json!(classes);
    }
    out
}

/// Writes a declared data set.
pub(crate) fn described(context: &mut Context, described: &Described) -> io::Result<()> {
    let declaration = &described.declaration;
    let name = context.ui.paint(Style::Heading, &declaration.name);
    let table = &described.table;
    // A folder of images is one part, in which each record is a file.
    let files = match table.declaration.format {
        Format::Images => table.records(),
        Format::Csv | Format::Jsonl => table.parts.len() as u64,
    };
    let files = counted(files, "file");
    let records = counted(described.table.records(), "record");
    context.ui.line(&format!(
        "{name}: {records} in {files}, {}",
        declaration.format.name()
    ))?;
    for pattern in &declaration.patterns {
        context.ui.line(&format!("  path: {}", pattern.as_str()))?;
    }
    for role in Role::ALL {
        let fields = declaration.roles.fields(role);
        if !fields.is_empty() {
            context
                .ui
                .line(&format!("  {}: {}", role.name(), fields.join(", ")))?;
        }
    }
    Ok(())
}
