//! Members of JSON objects: a value's own bytes are replaced; a member that is missing is added
//! behind the others, spaced as they are.

use std::ops::Range;

use super::super::encoding::Encoding;
use super::super::jsonl::push_name;
use super::super::schema::split_name;
use super::super::value::{Cell, CellKind, Type};
use super::error::RewriteError;
use super::splice::{Splice, With};
use super::{Edit, Rewriter};

/// Objects and arrays nest less deeply than this, as for the parser.
const MAX_DEPTH: usize = 128;

/// A value that is no object with members, under its path.
struct Leaf {
    path: String,
    at: Range<usize>,
}

/// An object, with what stands between its members.
struct Object {
    path: String,
    /// Where its last value ends; behind its brace where it is empty.
    end: usize,
    is_empty: bool,
    /// Between a name and its value, and between a value and the next name.
    colon: Option<Range<usize>>,
    comma: Option<Range<usize>>,
}

pub(super) struct Line<'a> {
    text: &'a [u8],
    leaves: Vec<Leaf>,
    objects: Vec<Object>,
}

impl<'a> Line<'a> {
    pub(super) fn open(text: &'a [u8], encoding: Encoding) -> Result<Self, RewriteError> {
        let mut scan = Scan {
            text,
            at: 0,
            encoding,
            path: String::new(),
            leaves: Vec::new(),
            objects: Vec::new(),
        };
        scan.space();
        if scan.peek() != Some(b'{') {
            return Err(RewriteError::Structure);
        }
        scan.value(0).ok_or(RewriteError::Structure)?;
        Ok(Self {
            text,
            leaves: scan.leaves,
            objects: scan.objects,
        })
    }

    fn between(&self, range: Option<&Range<usize>>, otherwise: &str) -> String {
        let bytes = range.and_then(|range| self.text.get(range.clone()));
        bytes.map_or_else(
            || otherwise.to_owned(),
            |bytes| String::from_utf8_lossy(bytes).into_owned(),
        )
    }

    /// Spells a string as the line does: where it escapes all but ASCII, so does this.
    fn string(&self, text: &str) -> String {
        let spelled = serde_json::Value::from(text).to_string();
        let escapes = self.text.is_ascii() && memchr::memmem::find(self.text, b"\\u").is_some();
        if !escapes {
            return spelled;
        }
        let mut out = String::with_capacity(spelled.len());
        for c in spelled.chars() {
            if c.is_ascii() {
                out.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        out
    }

    fn spell(&self, cell: Option<Cell<'_>>, kind: Type, old: &[u8]) -> String {
        let Some(cell) = cell else {
            return "null".to_owned();
        };
        if cell.kind != CellKind::Text {
            return cell.text.to_owned();
        }
        let is_string = match old.first() {
            Some(b'"') => true,
            None | Some(b'n') => !matches!(kind, Type::Integer | Type::Float | Type::Boolean),
            Some(_) => false,
        };
        let bare = || matches!(cell.text, "true" | "false") || is_number(cell.text);
        if !is_string && bare() {
            return cell.text.to_owned();
        }
        self.string(cell.text)
    }

    /// Adds a member, with the objects around it that are missing.
    fn add(&self, path: &str, with: With) -> Option<Splice> {
        let parts = split_name(path)?;
        let mut known = String::new();
        let mut inside = self.objects.iter().find(|object| object.path.is_empty())?;
        let (mut taken, mut instead) = (0, None);
        for (at, part) in parts.iter().enumerate().take(parts.len().checked_sub(1)?) {
            if at > 0 {
                known.push('.');
            }
            push_name(part, &mut known);
            match self.objects.iter().find(|object| object.path == known) {
                Some(object) => (inside, taken) = (object, at + 1),
                None => {
                    // A value stands where the object would: only null is nothing to lose.
                    if let Some(at) = self.place(&known) {
                        instead = Some(at.clone())
                            .filter(|at| self.text.get(at.clone()) == Some(b"null"));
                        instead.as_ref()?;
                    }
                    break;
                }
            }
        }
        if self.objects.iter().any(|object| object.path == path) {
            return None;
        }
        let root = self.objects.first();
        let colon = inside
            .colon
            .as_ref()
            .or(root.and_then(|root| root.colon.as_ref()));
        let comma = inside
            .comma
            .as_ref()
            .or(root.and_then(|root| root.comma.as_ref()));
        let colon = self.between(colon, ": ");
        let comma = self.between(comma, if colon.ends_with(' ') { ", " } else { "," });
        let mut before = if inside.is_empty {
            String::new()
        } else {
            comma
        };
        let mut rest = parts.get(taken..)?;
        let close = rest.len().checked_sub(1)?;
        if instead.is_some() {
            (rest, before) = (rest.get(1..)?, "{".to_owned());
        }
        for (at, part) in rest.iter().enumerate() {
            if at > 0 {
                before.push('{');
            }
            before.push_str(&self.string(part));
            before.push_str(&colon);
        }
        before.push_str(&with.before);
        let after = format!("{}{}", with.after, "}".repeat(close));
        Some(Splice {
            at: instead.unwrap_or(inside.end..inside.end),
            with: With {
                before,
                bytes: with.bytes,
                after,
            },
            field: path.to_owned(),
        })
    }
}

impl Rewriter for Line<'_> {
    fn place(&self, field: &str) -> Option<Range<usize>> {
        // Of members of one name the last one counts.
        let leaf = self.leaves.iter().rfind(|leaf| leaf.path == field)?;
        Some(leaf.at.clone())
    }

    fn edit(&self, edit: &Edit<'_>, out: &mut Vec<Splice>) -> Result<(), RewriteError> {
        let place = self.place(edit.field);
        let old = place.as_ref().map_or(&[][..], |at| &self.text[at.clone()]);
        let with = match edit.spelled {
            Some(bytes) => With::bytes(bytes),
            None => With::text(self.spell(edit.value, edit.kind, old)),
        };
        let field = edit.field.to_owned();
        match place {
            Some(at) => out.push(Splice { at, with, field }),
            None if edit.value.is_none() => {}
            None => {
                let added = self.add(edit.field, with);
                out.push(added.ok_or(RewriteError::NotWritable { field })?);
            }
        }
        Ok(())
    }
}

/// Returns whether a text is a number as JSON spells them.
fn is_number(text: &str) -> bool {
    super::super::jsonl::number(text.as_bytes()) == Some(text.len())
}

/// Finds the values of a line that the parser has accepted.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    encoding: Encoding,
    path: String,
    leaves: Vec<Leaf>,
    objects: Vec<Object>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        let start = self.at;
        if self.peek()? == b'{' && self.object(depth)? {
            return Some(());
        }
        if self.at == start {
            self.skip(depth)?;
        }
        // An object without members is a value, below the line's own.
        self.leaves.push(Leaf {
            path: self.path.clone(),
            at: start..self.at,
        });
        Some(())
    }

    /// Reads an object; returns whether it has members.
    fn object(&mut self, depth: usize) -> Option<bool> {
        if depth + 1 >= MAX_DEPTH {
            return None;
        }
        self.at += 1;
        let place = self.objects.len();
        self.objects.push(Object {
            path: self.path.clone(),
            end: self.at,
            is_empty: true,
            colon: None,
            comma: None,
        });
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            // The line's own object is no value.
            return Some(depth == 0);
        }
        let above = self.path.len();
        let mut before: Option<usize> = None;
        loop {
            let name_at = self.at;
            if let (Some(end), Some(object)) = (before, self.objects.get_mut(place)) {
                object.comma.get_or_insert(end..name_at);
            }
            let name = self.string()?;
            let colon_at = self.at;
            self.space();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.space();
            if let Some(object) = self.objects.get_mut(place) {
                object.colon.get_or_insert(colon_at..self.at);
            }
            if depth > 0 {
                self.path.push('.');
            }
            push_name(&name, &mut self.path);
            self.value(depth + 1)?;
            self.path.truncate(above);
            if let Some(object) = self.objects.get_mut(place) {
                (object.end, object.is_empty) = (self.at, false);
            }
            before = Some(self.at);
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(true);
                }
                _ => return None,
            }
            self.space();
        }
    }

    /// Reads a string and decodes it.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_string()?;
        let mut text = String::new();
        self.encoding.decode(&self.text[start..self.at], &mut text);
        serde_json::from_str(&text).ok()
    }

    fn skip_string(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Skips a value.
    fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'[' | b'{' => {
                let mut open = 0usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'[' | b'{' => open += 1,
                        b']' | b'}' => open -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if open == 0 {
                        return Some(());
                    }
                    if open + depth >= MAX_DEPTH {
                        return None;
                    }
                }
            }
            _ => {
                let start = self.at;
                while let Some(b) = self.peek()
                    && !matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n')
                {
                    self.at += 1;
                }
                (self.at > start).then_some(())
            }
        }
    }
}
