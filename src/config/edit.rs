//! Writes data sets into `dver.toml`, keeping the user's comments and layout.
//!
//! Invariant: text that does not belong to the data set at hand stays byte for byte, and the
//! result reads back as what was written.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::base::nearest;

use super::declarations::{DatasetConfig, Declarations, FieldConfig};
use super::error::Error;
use super::local::Local;

/// Adds a data set to the text of `dver.toml`; fails where one of its name is declared.
pub fn add_dataset(text: &str, config: &DatasetConfig) -> Result<String, Error> {
    if Declarations::parse(text)?.dataset(&config.name).is_some() {
        return Err(Error::Exists(config.name.clone()));
    }
    put_dataset(text, config)
}

/// Adds a data set, or changes the keys in which the declared one of its name differs.
///
/// Keys that `config` does not have are taken out; constraints of fields are only added.
pub fn put_dataset(text: &str, config: &DatasetConfig) -> Result<String, Error> {
    let declared = Declarations::parse(text)?;
    let old = declared.dataset(&config.name).cloned();
    let mut document = editable(text)?;
    let first = document.as_table().is_empty() && text.trim().is_empty();
    let datasets = document
        .entry("dataset")
        .or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        })
        .as_table_like_mut();
    // Parsing has found that `dataset` is a table, and each data set too.
    let Some(datasets) = datasets else {
        return Ok(text.to_owned());
    };
    if datasets.get(&config.name).is_none() {
        let mut table = Table::new();
        if !first {
            table.decor_mut().set_prefix("\n");
        }
        datasets.insert(&config.name, Item::Table(table));
    }
    let Some(table) = datasets
        .get_mut(&config.name)
        .and_then(Item::as_table_like_mut)
    else {
        return Ok(text.to_owned());
    };
    let old = old.unwrap_or_default();
    let before = values(&old);
    let after = values(config);
    for (key, _) in &before {
        if !after.iter().any(|(k, _)| k == key) {
            table.remove(key);
        }
    }
    for (key, value) in after {
        let same = before
            .iter()
            .any(|(k, v)| *k == key && v.to_string() == value.to_string());
        if !same {
            set(table, key, value);
        }
    }
    for (field, constraints) in &config.fields {
        if !old.fields.iter().any(|(name, _)| name == field) {
            add_constraints(table, field, constraints);
        }
    }
    Ok(written(text, &document))
}

/// Takes a data set out of the text of `dver.toml`, with the comments right above it.
pub fn remove_dataset(text: &str, name: &str) -> Result<String, Error> {
    let declared = Declarations::parse(text)?;
    if declared.dataset(name).is_none() {
        let names = declared
            .datasets
            .iter()
            .map(|dataset| dataset.name.as_str());
        return Err(Error::NoDataset {
            name: name.to_owned(),
            nearest: nearest(name, names).map(str::to_owned),
        });
    }
    let mut document = editable(text)?;
    if let Some(datasets) = document
        .get_mut("dataset")
        .and_then(Item::as_table_like_mut)
    {
        datasets.remove(name);
        if datasets.is_empty() {
            document.remove("dataset");
        }
    }
    let text = written(text, &document);
    Ok(text.trim_start_matches(['\r', '\n']).to_owned())
}

/// Adds a remote to the text of `.dver/config.toml`; fails where one of its name is there.
pub fn add_remote(text: &str, name: &str, url: &str) -> Result<String, Error> {
    if Local::parse(text)?.remotes.contains_key(name) {
        return Err(Error::Exists(name.to_owned()));
    }
    let mut document = super::reader::parse(Local::FILE, text)?.into_mut();
    let remotes = document.entry("remote").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    // Parsing has found that `remote` is a table.
    if let Some(remotes) = remotes.as_table_like_mut() {
        let mut table = Table::new();
        table.insert("url", Item::Value(url.into()));
        remotes.insert(name, Item::Table(table));
    }
    Ok(written(text, &document))
}

/// Takes a remote out of the text of `.dver/config.toml`, where it is there.
pub fn remove_remote(text: &str, name: &str) -> Result<String, Error> {
    Local::parse(text)?;
    let mut document = super::reader::parse(Local::FILE, text)?.into_mut();
    let remotes = document.get_mut("remote");
    if let Some(remotes) = remotes.and_then(Item::as_table_like_mut) {
        remotes.remove(name);
        if remotes.is_empty() {
            document.remove("remote");
        }
    }
    Ok(written(text, &document))
}

/// Sets a key of `[git]` in the text of `.dver/config.toml`, or takes it out where there is no
/// value.
pub fn set_git(text: &str, key: &str, value: Option<&str>) -> Result<String, Error> {
    Local::parse(text)?;
    let mut document = super::reader::parse(Local::FILE, text)?.into_mut();
    if value.is_none() && document.get("git").is_none() {
        return Ok(text.to_owned());
    }
    let git = document
        .entry("git")
        .or_insert_with(|| Item::Table(Table::new()));
    // Parsing has found that `git` is a table.
    if let Some(git) = git.as_table_like_mut() {
        match value {
            Some(value) => set(git, key, Value::from(value)),
            None => drop(git.remove(key)),
        }
        if git.is_empty() {
            document.remove("git");
        }
    }
    Ok(written(text, &document))
}

/// Writes the document with the line ends and the byte order mark of the text that was read.
fn written(text: &str, document: &DocumentMut) -> String {
    let mut out = document.to_string();
    if text.contains("\r\n") {
        out = out.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if text.starts_with('\u{feff}') && !out.starts_with('\u{feff}') {
        out.insert(0, '\u{feff}');
    }
    out
}

fn editable(text: &str) -> Result<DocumentMut, Error> {
    super::reader::parse(Declarations::FILE, text).map(toml_edit::Document::into_mut)
}

/// Replaces a value and keeps the comment behind it.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(old) = table.get_mut(key).and_then(Item::as_value_mut) {
        *value.decor_mut() = old.decor().clone();
        *old = value;
        return;
    }
    table.insert(key, Item::Value(value));
}

/// Returns the keys and values of a data set in the order in which they are written.
fn values(config: &DatasetConfig) -> Vec<(&str, Value)> {
    let mut values: Vec<(&str, Value)> = Vec::new();
    if !config.paths.is_empty() {
        values.push(("path", one_or_list(&config.paths)));
    }
    let mut text = |key, value: Option<String>| {
        if let Some(value) = value {
            values.push((key, Value::from(value)));
        }
    };
    text("format", config.format.clone());
    text("encoding", config.encoding.clone());
    text("delimiter", config.delimiter.map(character));
    text("quote", config.quote.map(character));
    if let Some(header) = config.header {
        values.push(("header", Value::from(header)));
    }
    if let Some(missing) = &config.missing {
        values.push(("missing", list(missing)));
    }
    if !config.key.is_empty() {
        values.push(("key", list(&config.key)));
    }
    for (role, fields) in &config.roles {
        values.push((role, one_or_list(fields)));
    }
    match (&config.guideline, &config.guideline_field) {
        (Some(path), None) => values.push(("guideline", Value::from(path.clone()))),
        (None, None) => {}
        (path, field) => {
            let mut table = InlineTable::new();
            for (key, text) in [("path", path), ("field", field)] {
                if let Some(text) = text {
                    table.insert(key, Value::from(text.clone()));
                }
            }
            values.push(("guideline", Value::InlineTable(table)));
        }
    }
    if let Some(classes) = &config.classes {
        let mut table = InlineTable::new();
        table.insert("values", list(&classes.values));
        if classes.ordered {
            table.insert("ordered", Value::from(true));
        }
        if let Some(scale) = &classes.scale {
            table.insert("scale", Value::from(scale.clone()));
        }
        values.push(("classes", Value::InlineTable(table)));
    }
    if !config.rename.is_empty() {
        let mut table = InlineTable::new();
        for (old, new) in &config.rename {
            table.insert(old, Value::from(new.clone()));
        }
        values.push(("rename", Value::InlineTable(table)));
    }
    if !config.label_kind.is_empty() {
        let mut table = InlineTable::new();
        for (field, kind) in &config.label_kind {
            let value = match &kind.separator {
                None => Value::from(kind.kind.clone()),
                Some(separator) => {
                    let mut inner = InlineTable::new();
                    inner.insert("kind", Value::from(kind.kind.clone()));
                    inner.insert("separator", Value::from(separator.clone()));
                    Value::InlineTable(inner)
                }
            };
            table.insert(field, value);
        }
        values.push(("label_kind", Value::InlineTable(table)));
    }
    values
}

fn character(byte: u8) -> String {
    char::from(byte).to_string()
}

fn list(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(String::as_str).collect::<Array>())
}

fn one_or_list(texts: &[String]) -> Value {
    match texts {
        [one] => Value::from(one.as_str()),
        _ => list(texts),
    }
}

fn add_constraints(table: &mut dyn TableLike, field: &str, config: &FieldConfig) {
    let fields = table
        .entry("fields")
        .or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        })
        .as_table_like_mut();
    let Some(fields) = fields else {
        return;
    };
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            table.insert(key, Item::Value(value));
        }
    };
    put("type", config.kind.as_deref().map(Value::from));
    put("required", config.required.map(Value::from));
    put("unique", config.unique.map(Value::from));
    put("enum", config.one_of.as_deref().map(list));
    put("min", config.min.as_deref().map(number));
    put("max", config.max.as_deref().map(number));
    put("pattern", config.pattern.as_deref().map(Value::from));
    let length = config.max_length.and_then(|n| i64::try_from(n).ok());
    put("max_length", length.map(Value::from));
    fields.insert(field, Item::Table(table));
}

/// Writes a number as a number and anything else, such as a date, as a string.
fn number(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => Value::from(whole),
        (_, Ok(float)) if float.is_finite() => Value::from(float),
        _ => Value::from(text),
    }
}
