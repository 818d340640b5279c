//! Patterns of paths: globs in which `{field}` makes a field of a piece of a path.
//!
//! `?` is one character and `*` any number of them within a part, `**` as a whole part any number
//! of parts, `[a-z]` and `[!a-z]` one character of a set. `{field}` is one or more characters
//! within a part. Invariant: a path has at most one reading. Where a pattern leaves a choice, what
//! stands further left takes as little as it can; `{a}{b}` and `{a}*` are refused.

use std::fmt;
use std::sync::Arc;

use crate::base::RepoPath;
use crate::record::normalized;

/// A pattern of paths.
#[derive(Clone, Debug)]
pub struct PathPattern {
    text: String,
    tokens: Vec<Token>,
    /// The bytes that every matching path begins with.
    prefix: Vec<u8>,
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Byte(u8),
    /// One character but `/`.
    Any,
    /// Any number of characters but `/`.
    Star,
    /// Any number of whole parts, each with the `/` behind it.
    Parts,
    /// Whatever is left, at least one byte: `**` at the end.
    Rest,
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Field(Arc<str>),
}

/// Text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern of paths: {reason}")]
pub struct BadPattern {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl PathPattern {
    /// Reads a pattern such as `data/{split}.csv` or `img/{split}/{label}/*`.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let bad = |reason| BadPattern {
            pattern: text.to_owned(),
            reason,
        };
        let plain = text.strip_prefix("./").unwrap_or(text);
        if plain.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad("a part is empty, `.` or `..`"));
        }
        let mut tokens = Vec::new();
        let mut parts = plain.split('/').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            match part {
                "**" if last => tokens.push(Token::Rest),
                "**" => tokens.push(Token::Parts),
                _ => {
                    part_tokens(part, &mut tokens).map_err(bad)?;
                    if !last {
                        tokens.push(Token::Byte(b'/'));
                    }
                }
            }
        }
        let open = |token: &Token| matches!(token, Token::Star | Token::Field(_));
        let field = |token: &Token| matches!(token, Token::Field(_));
        if tokens
            .windows(2)
            .any(|pair| open(&pair[0]) && open(&pair[1]) && pair.iter().any(field))
        {
            return Err(bad("nothing separates a field from what stands beside it"));
        }
        let prefix = tokens
            .iter()
            .map_while(|token| match token {
                Token::Byte(byte) => Some(*byte),
                _ => None,
            })
            .collect();
        let pattern = Self {
            text: plain.to_owned(),
            tokens,
            prefix,
        };
        let mut names: Vec<_> = pattern.fields().collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(bad("a field occurs twice"));
        }
        Ok(pattern)
    }

    /// Returns the pattern that matches one path and nothing else; `None` where it is not UTF-8.
    pub fn literal(path: &RepoPath) -> Option<Self> {
        Self::parse(&escape(path.as_str()?)).ok()
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what all its paths are, or lie below, without a `/` at the end; empty where that is
    /// the root.
    pub fn place(&self) -> &[u8] {
        if self.prefix.len() == self.tokens.len() {
            return &self.prefix;
        }
        let directory = self.directory();
        directory.strip_suffix(b"/").unwrap_or(directory)
    }

    /// Returns the path that the pattern names, or the directory in which all that match it stand
    /// side by side; `None` where they stand in several.
    pub fn lists(&self) -> Option<&[u8]> {
        let place = self.place();
        let beyond = self.tokens.get(self.directory().len()..)?;
        let goes_down =
            |token: &Token| matches!(token, Token::Byte(b'/') | Token::Parts | Token::Rest);
        (!beyond.iter().any(goes_down)).then_some(place)
    }

    /// Returns the line of a .gitignore, at the root, that names the same paths; `None` where such a
    /// line cannot. A field may be empty there, and any character stands for a line end.
    pub fn gitignore(&self) -> Option<String> {
        let mut line = vec![b'/'];
        for token in &self.tokens {
            match token {
                Token::Byte(0) => return None,
                Token::Byte(b'\n' | b'\r') => line.push(b'?'),
                Token::Byte(byte) => {
                    if b"*?[\\ ".contains(byte) {
                        line.push(b'\\');
                    }
                    line.push(*byte);
                }
                Token::Any => line.push(b'?'),
                Token::Star | Token::Field(_) => line.push(b'*'),
                Token::Parts => line.extend_from_slice(b"**/"),
                Token::Rest => line.extend_from_slice(b"**"),
                Token::Set { negated, ranges } => {
                    let set = |c: char| match c {
                        '[' | ']' | '\\' | '-' | '!' | '^' => format!("\\{c}"),
                        c => c.to_string(),
                    };
                    let ranges = ranges.iter().map(|(from, to)| match from == to {
                        true => set(*from),
                        false => format!("{}-{}", set(*from), set(*to)),
                    });
                    let not = if *negated { "!" } else { "" };
                    let text = format!("[{not}{}]", ranges.collect::<String>());
                    line.extend_from_slice(text.as_bytes());
                }
            }
        }
        String::from_utf8(line).ok()
    }

    /// Returns the fields that the pattern makes, in the order of the path.
    pub fn fields(&self) -> impl Iterator<Item = &Arc<str>> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Field(name) => Some(name),
            _ => None,
        })
    }

    /// Returns where the last part begins that every matching path has, as a directory with its
    /// `/`; empty at the root.
    pub fn directory(&self) -> &[u8] {
        let end = self.prefix.iter().rposition(|&b| b == b'/');
        end.map_or(&[], |at| &self.prefix[..=at])
    }

    /// Returns the last part of the pattern.
    pub fn last_part(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }

    /// Returns the extension that every matching path has, in lower case.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.last_part().rsplit_once('.')?;
        let plain = extension.bytes().all(|b| b.is_ascii_alphanumeric());
        (plain && !stem.is_empty() && !extension.is_empty()).then(|| extension.to_ascii_lowercase())
    }

    /// Returns the values of the pattern's fields where the path matches.
    pub fn matches(&self, path: &RepoPath) -> Option<Vec<(Arc<str>, String)>> {
        let spans = self.spans(path.as_bytes())?;
        let value = |(start, end): (usize, usize)| text_of(&path.as_bytes()[start..end]);
        Some(
            self.fields()
                .cloned()
                .zip(spans.into_iter().map(value))
                .collect(),
        )
    }

    /// Returns whether the path matches.
    pub fn covers(&self, path: &RepoPath) -> bool {
        self.spans(path.as_bytes()).is_some()
    }

    /// Returns where the part below the directory of the field stands: the path below its class
    /// directory, for `{label}`. `None` where the path does not match or the field is no part.
    pub fn below(&self, path: &RepoPath, field: &str) -> Option<usize> {
        let at = self.fields().position(|name| &**name == field)?;
        let (_, end) = *self.spans(path.as_bytes())?.get(at)?;
        let slash = path.as_bytes()[end..].iter().position(|&b| b == b'/')?;
        Some(end + slash + 1)
    }

    /// Returns the path that reads like this one but for the value of one field; `None` where no
    /// path does.
    pub fn with(&self, path: &RepoPath, field: &str, value: &str) -> Option<RepoPath> {
        let at = self.fields().position(|name| &**name == field)?;
        let bytes = path.as_bytes();
        let (start, end) = *self.spans(bytes)?.get(at)?;
        let new =
            RepoPath::new([&bytes[..start], value.as_bytes(), &bytes[end..]].concat()).ok()?;
        let mut wanted = self.matches(path)?;
        wanted.get_mut(at)?.1 = value.to_owned();
        (self.matches(&new)? == wanted).then_some(new)
    }

    fn spans(&self, path: &[u8]) -> Option<Vec<(usize, usize)>> {
        if !path.starts_with(&self.prefix) {
            return None;
        }
        let mut matcher = Matcher {
            tokens: &self.tokens,
            path,
            failed: Vec::new(),
            spans: Vec::new(),
        };
        let at = self.prefix.len();
        matcher.run(at, at).then(|| {
            matcher.spans.reverse();
            matcher.spans
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathPattern {}

/// Writes text so that a pattern takes it literally.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '[' | '{' => {
                escaped.push('[');
                escaped.push(c);
                escaped.push(']');
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Returns bytes of a path as the text of a cell; other bytes stay distinct, as in cells.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\u{fffd}{byte:02x}"));
        }
    }
    text
}

fn part_tokens(part: &str, tokens: &mut Vec<Token>) -> Result<(), &'static str> {
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        let token = match c {
            '*' if tokens.last() == Some(&Token::Star) => continue,
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => set(&mut chars)?,
            '{' => {
                let rest = chars.as_str();
                let end = rest.find('}').ok_or("a `{` is not closed")?;
                let name = &rest[..end];
                if name.trim().is_empty() || name.contains(['{', '*']) {
                    return Err("a field between `{` and `}` has no name");
                }
                chars = rest[end + 1..].chars();
                Token::Field(normalized(name.trim()).as_ref().into())
            }
            _ => {
                let mut bytes = [0; 4];
                tokens.extend(c.encode_utf8(&mut bytes).bytes().map(Token::Byte));
                continue;
            }
        };
        tokens.push(token);
    }
    Ok(())
}

fn set(chars: &mut std::str::Chars<'_>) -> Result<Token, &'static str> {
    let open = "a `[` is not closed";
    let mut ranges = Vec::new();
    let mut next = chars.next().ok_or(open)?;
    let negated = matches!(next, '!' | '^');
    if negated {
        next = chars.next().ok_or(open)?;
    }
    loop {
        let low = next;
        let mut high = low;
        next = chars.next().ok_or(open)?;
        if next == '-' && !chars.as_str().starts_with(']') {
            high = chars.next().ok_or(open)?;
            next = chars.next().ok_or(open)?;
        }
        if low > high {
            return Err("a range in `[` and `]` runs backwards");
        }
        ranges.push((low, high));
        if next == ']' {
            return Ok(Token::Set { negated, ranges });
        }
    }
}

/// Backtracks with a memory of what failed, so that no pattern takes more than a few times
/// tokens x length steps.
struct Matcher<'a> {
    tokens: &'a [Token],
    path: &'a [u8],
    /// Empty as long as nothing failed: most paths match at once or not at all.
    failed: Vec<bool>,
    /// The spans of the fields, last field first: they are pushed on the way back.
    spans: Vec<(usize, usize)>,
}

impl Matcher<'_> {
    fn run(&mut self, token: usize, at: usize) -> bool {
        let Some(what) = self.tokens.get(token) else {
            return at == self.path.len();
        };
        let place = token * (self.path.len() + 1) + at;
        if self.failed.get(place) == Some(&true) {
            return false;
        }
        let matched = match what {
            Token::Byte(byte) => self.path.get(at) == Some(byte) && self.run(token + 1, at + 1),
            Token::Any => match character(&self.path[at..]) {
                Some((_, length)) => self.run(token + 1, at + length),
                None => false,
            },
            Token::Set { negated, ranges } => match character(&self.path[at..]) {
                Some((c, length)) => {
                    let found =
                        c.is_some_and(|c| ranges.iter().any(|&(low, high)| low <= c && c <= high));
                    found != *negated && self.run(token + 1, at + length)
                }
                None => false,
            },
            Token::Star => (self.ends(at, 0))
                .any(|end| self.may_go_on(token + 1, end) && self.run(token + 1, end)),
            Token::Field(_) => {
                let end = (self.ends(at, 1))
                    .find(|&end| self.may_go_on(token + 1, end) && self.run(token + 1, end));
                self.spans.extend(end.map(|end| (at, end)));
                end.is_some()
            }
            Token::Parts => {
                let slashes = (at..self.path.len()).filter(|&i| self.path[i] == b'/');
                let starts: Vec<usize> = slashes.map(|i| i + 1).collect();
                std::iter::once(at)
                    .chain(starts)
                    .any(|start| self.run(token + 1, start))
            }
            Token::Rest => at < self.path.len(),
        };
        if !matched {
            // What a run cannot reach from here, it cannot reach from further right in the part.
            let more = match what {
                Token::Star | Token::Field(_) => *self.ends(at, 0).end() - at,
                _ => 0,
            };
            if self.failed.is_empty() {
                let places = (self.tokens.len() + 1) * (self.path.len() + 1);
                self.failed.resize(places, false);
            }
            self.failed[place..=place + more].fill(true);
        }
        matched
    }

    /// Returns false where a token plainly does not match at a place.
    #[inline]
    fn may_go_on(&self, token: usize, at: usize) -> bool {
        match self.tokens.get(token) {
            None => at == self.path.len(),
            Some(Token::Byte(byte)) => self.path.get(at) == Some(byte),
            Some(_) => true,
        }
    }

    /// Returns where a run of at least `least` bytes without `/` may end, shortest first.
    fn ends(&self, at: usize, least: usize) -> std::ops::RangeInclusive<usize> {
        let rest = &self.path[at..];
        let most = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
        at + least..=at + most
    }
}

/// Returns the first character but `/` and its length; a byte that is not UTF-8 is one without a
/// value.
fn character(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let head = &bytes[..bytes.len().min(4)];
    if matches!(head.first(), None | Some(b'/')) {
        return None;
    }
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    match valid.chars().next() {
        Some(c) => Some((Some(c), c.len_utf8())),
        None => Some((None, 1)),
    }
}
