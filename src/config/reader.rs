//! Reads one TOML table: every key is asked for by name, and what nobody asked for is an error.

use std::cell::RefCell;

use toml_edit::{Document, Item, TableLike, Value};

use crate::base::nearest;

use super::error::Error;

/// Parses TOML, keeping places for errors.
pub(super) fn parse(file: &'static str, text: &str) -> Result<Document<String>, Error> {
    Document::parse(text.to_owned()).map_err(|e| Error::Syntax {
        file,
        line: line_of(text, e.span().map_or(0, |span| span.start)),
        message: e.message().trim().replace('\n', ", "),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.iter().filter(|&&b| b == b'\n').count() + 1
}

/// A table that is being read.
pub(super) struct Reader<'a> {
    file: &'static str,
    text: &'a str,
    table: &'a dyn TableLike,
    name: String,
    line: usize,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    /// Reads the top level of a document.
    pub(super) fn top(file: &'static str, document: &'a Document<String>) -> Self {
        Self {
            file,
            text: document.raw(),
            table: document.as_table(),
            name: "the top level".to_owned(),
            line: 1,
            known: RefCell::default(),
        }
    }

    /// Returns the line of a key, counted from 1.
    pub(super) fn line_at(&self, key: &str) -> usize {
        let entry = self.table.get_key_value(key);
        let span = entry.and_then(|(key, item)| key.span().or_else(|| item.span()));
        span.map_or(self.line, |span| line_of(self.text, span.start))
    }

    fn inside(&self, key: &str) -> String {
        let part = toml_edit::Key::new(key).display_repr().into_owned();
        match self
            .name
            .strip_prefix('[')
            .and_then(|n| n.strip_suffix(']'))
        {
            Some(path) => format!("[{path}.{part}]"),
            None => format!("[{part}]"),
        }
    }

    fn wrong_type(&self, key: &str, expected: &'static str, found: &'static str) -> Error {
        Error::WrongType {
            file: self.file,
            line: self.line_at(key),
            key: key.to_owned(),
            expected,
            found,
        }
    }

    /// Builds the error of a value that `key` does not know.
    pub(super) fn bad_value(&self, key: &str, expected: &'static str, found: &str) -> Error {
        Error::BadValue {
            file: self.file,
            line: self.line_at(key),
            key: key.to_owned(),
            expected,
            found: found.to_owned(),
            nearest: None,
        }
    }

    /// Returns the item under a key, which counts as known from here on.
    pub(super) fn item(&self, key: &'static str) -> Option<&'a Item> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    /// Returns all keys in the order of the file; none of them is checked by `finish`.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.iter().map(|(key, _)| key.to_owned()).collect()
    }

    /// Returns the tables inside this one, by name, in the order of the file.
    pub(super) fn tables(&self) -> Result<Vec<(String, Reader<'a>)>, Error> {
        self.keys()
            .into_iter()
            .map(|key| Ok((key.clone(), self.table_at(&key)?)))
            .collect()
    }

    /// Returns the table under any key.
    pub(super) fn table_at(&self, key: &str) -> Result<Reader<'a>, Error> {
        let item = self.table.get(key).unwrap_or(&Item::None);
        let table = item
            .as_table_like()
            .ok_or_else(|| self.wrong_type(key, "a table", item.type_name()))?;
        Ok(Reader {
            file: self.file,
            text: self.text,
            table,
            name: self.inside(key),
            line: self.line_at(key),
            known: RefCell::default(),
        })
    }

    /// Returns the text under any key, where it is text.
    pub(super) fn text_at(&self, key: &str) -> Option<String> {
        self.table.get(key)?.as_str().map(str::to_owned)
    }

    /// Returns the table under a key, where there is one.
    pub(super) fn table(&self, key: &'static str) -> Result<Option<Reader<'a>>, Error> {
        self.item(key).map(|_| self.table_at(key)).transpose()
    }

    /// Returns the text under a key.
    pub(super) fn string(&self, key: &'static str) -> Result<Option<String>, Error> {
        self.item(key)
            .map(|item| match item.as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.wrong_type(key, "a string", item.type_name())),
            })
            .transpose()
    }

    /// Returns the text under a key, which must be there.
    pub(super) fn required(&self, key: &'static str) -> Result<String, Error> {
        self.string(key)?.ok_or_else(|| self.missing(key))
    }

    /// Builds the error of a key that is not there.
    pub(super) fn missing(&self, key: &'static str) -> Error {
        Error::MissingKey {
            file: self.file,
            line: self.line,
            table: self.name.clone(),
            key,
        }
    }

    /// Returns the text under a key, which must be one of `known`.
    pub(super) fn one_of(
        &self,
        key: &'static str,
        expected: &'static str,
        known: &[&'static str],
    ) -> Result<Option<String>, Error> {
        let Some(text) = self.string(key)? else {
            return Ok(None);
        };
        if known.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(Error::BadValue {
            file: self.file,
            line: self.line_at(key),
            key: key.to_owned(),
            expected,
            nearest: nearest(&text, known.iter().copied()).map(str::to_owned),
            found: text,
        })
    }

    /// Returns `true` or `false` under a key.
    pub(super) fn boolean(&self, key: &'static str) -> Result<Option<bool>, Error> {
        self.item(key)
            .map(|item| match item.as_bool() {
                Some(value) => Ok(value),
                None => Err(self.wrong_type(key, "true or false", item.type_name())),
            })
            .transpose()
    }

    /// Returns the whole number under a key, which must not be negative.
    pub(super) fn count(&self, key: &'static str) -> Result<Option<u64>, Error> {
        self.item(key)
            .map(|item| match item.as_integer() {
                Some(value) => u64::try_from(value)
                    .map_err(|_| self.bad_value(key, "a number from 0", &value.to_string())),
                None => Err(self.wrong_type(key, "a whole number", item.type_name())),
            })
            .transpose()
    }

    /// Returns the number under a key as a float.
    pub(super) fn number(&self, key: &'static str) -> Result<Option<f64>, Error> {
        let number = |item: &Item| item.as_float().or(item.as_integer().map(|n| n as f64));
        self.item(key)
            .map(|item| match number(item) {
                Some(value) if value.is_finite() => Ok(value),
                Some(value) => Err(self.bad_value(key, "a finite number", &value.to_string())),
                None => Err(self.wrong_type(key, "a number", item.type_name())),
            })
            .transpose()
    }

    /// Returns a string, number or truth value under a key, as text.
    pub(super) fn scalar(&self, key: &'static str) -> Result<Option<String>, Error> {
        self.item(key)
            .map(|item| {
                item.as_value()
                    .and_then(scalar_text)
                    .ok_or_else(|| self.wrong_type(key, "a single value", item.type_name()))
            })
            .transpose()
    }

    /// Returns one string or a list of strings under a key.
    pub(super) fn strings(&self, key: &'static str) -> Result<Option<Vec<String>>, Error> {
        self.item(key)
            .map(|item| self.string_list(key, item))
            .transpose()
    }

    fn string_list(&self, key: &str, item: &Item) -> Result<Vec<String>, Error> {
        if let Some(text) = item.as_str() {
            return Ok(vec![text.to_owned()]);
        }
        let expected = "a string or a list of strings";
        let list = item
            .as_array()
            .ok_or_else(|| self.wrong_type(key, expected, item.type_name()))?;
        list.iter()
            .map(|value| match value.as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.wrong_type(key, expected, value.type_name())),
            })
            .collect()
    }

    /// Returns a list of single values under a key, as texts.
    pub(super) fn scalars(&self, key: &'static str) -> Result<Option<Vec<String>>, Error> {
        let Some(item) = self.item(key) else {
            return Ok(None);
        };
        let expected = "a list of values";
        let list = item
            .as_array()
            .ok_or_else(|| self.wrong_type(key, expected, item.type_name()))?;
        list.iter()
            .map(|value| {
                scalar_text(value).ok_or_else(|| self.wrong_type(key, expected, value.type_name()))
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Returns the strings of this table by key, in the order of the file.
    pub(super) fn string_map(&self) -> Result<Vec<(String, String)>, Error> {
        self.table
            .iter()
            .map(|(key, item)| match item.as_str() {
                Some(text) => Ok((key.to_owned(), text.to_owned())),
                None => Err(self.wrong_type(key, "a string", item.type_name())),
            })
            .collect()
    }

    /// Fails with the first key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), Error> {
        let known = self.known.borrow();
        match self.table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(Error::UnknownKey {
                file: self.file,
                line: self.line_at(key),
                table: self.name.clone(),
                key: key.to_owned(),
                nearest: nearest(key, known.iter().copied()).map(str::to_owned),
            }),
        }
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(value) => value.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::Array(_) | Value::InlineTable(_) => return None,
    })
}
