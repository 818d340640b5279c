//! Words, signs and values of an expression.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::record::{Cell, Type, normalized, quote_name};

use super::error::WhereError;
use super::expression::Comparison;

/// A piece of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Name { text: String, quoted: bool },
    Word(Word),
    Text(String),
    Number(String),
    Compare(Comparison),
    Open,
    Close,
    Comma,
}

/// A word of the grammar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    And,
    Or,
    Not,
    In,
    Like,
    Is,
    Null,
    True,
    False,
}

const WORDS: [(&str, Word); 9] = [
    ("and", Word::And),
    ("or", Word::Or),
    ("not", Word::Not),
    ("in", Word::In),
    ("like", Word::Like),
    ("is", Word::Is),
    ("null", Word::Null),
    ("true", Word::True),
    ("false", Word::False),
];

impl Word {
    fn of(text: &str) -> Option<Self> {
        let found = WORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|(_, word)| *word)
    }
}

/// Returns whether a name may stand without quotes.
pub(super) fn is_bare(text: &str) -> bool {
    let mut parts = text.split('.');
    let first = parts.next().unwrap_or_default();
    let whole = |part: &str| !part.is_empty() && part.chars().all(continues);
    first.starts_with(begins)
        && whole(first)
        && parts.all(whole)
        && Word::of(text).is_none()
        && normalized(text) == text
}

fn begins(c: char) -> bool {
    c == '_' || c == '#' || c.is_ascii_alphabetic() || is_foreign(c)
}

fn continues(c: char) -> bool {
    c == '_' || c == '#' || c.is_ascii_alphanumeric() || is_foreign(c)
}

/// Letters of all scripts with their marks; not the quotes that word processors put in.
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control() && !is_curly(c)
}

fn is_curly(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}')
}

/// Splits an expression into tokens, each with the byte at which it stands.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, WhereError> {
    let mut lexer = Lexer {
        text,
        chars: text.char_indices().peekable(),
    };
    let mut out = Vec::new();
    while let Some((at, c)) = lexer.chars.next() {
        let token = match c {
            _ if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '=' => {
                lexer.take('=');
                Token::Compare(Comparison::Equal)
            }
            '!' if lexer.take('=') => Token::Compare(Comparison::NotEqual),
            '<' if lexer.take('=') => Token::Compare(Comparison::AtMost),
            '<' if lexer.take('>') => Token::Compare(Comparison::NotEqual),
            '<' => Token::Compare(Comparison::Less),
            '>' if lexer.take('=') => Token::Compare(Comparison::AtLeast),
            '>' => Token::Compare(Comparison::Greater),
            '\'' => Token::Text(lexer.quoted(at, '\'')?),
            '"' | '`' => {
                let first = lexer.quoted(at, c)?;
                lexer.name(at, first, true)?
            }
            '-' | '.' | '0'..='9' => lexer.number(at)?,
            _ if begins(c) => {
                let first = lexer.run(at, continues).to_owned();
                let is_path = lexer.chars.peek().is_some_and(|(_, c)| *c == '.');
                match Word::of(&first).filter(|_| !is_path) {
                    Some(word) => Token::Word(word),
                    None => lexer.name(at, first, false)?,
                }
            }
            _ => {
                let reason = match c {
                    '!' => "`!` must be followed by `=`; the opposite is `not`".to_owned(),
                    '&' => "write `and`".to_owned(),
                    '|' => "write `or`".to_owned(),
                    _ if is_curly(c) => {
                        format!("`{c}` is no quote: texts stand in '...', names in \"...\"")
                    }
                    _ => format!("`{}` means nothing here", c.escape_debug()),
                };
                return Err(WhereError::new(text, at, reason));
            }
        };
        out.push((at, token));
    }
    Ok(out)
}

struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    /// Returns where the next character stands.
    fn here(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    /// Reads on while characters fit, and returns the text from `start`.
    fn run(&mut self, start: usize, fits: fn(char) -> bool) -> &'a str {
        while self.chars.next_if(|(_, c)| fits(*c)).is_some() {}
        let end = self.here();
        &self.text[start..end]
    }

    /// Reads what stands in quotes, the first of which was read; two of them stand for one.
    fn quoted(&mut self, start: usize, quote: char) -> Result<String, WhereError> {
        let mut out = String::new();
        while let Some((_, c)) = self.chars.next() {
            if c != quote {
                out.push(c);
            } else if self.take(quote) {
                out.push(quote);
            } else {
                return Ok(out);
            }
        }
        let reason = format!("the quote {quote} is never closed");
        Err(WhereError::new(self.text, start, reason))
    }

    /// Reads the rest of a name whose first part was read. Parts below it are names of members of
    /// JSON objects, which are quoted in a path where they hold a dot or a quote.
    fn name(&mut self, start: usize, first: String, quoted: bool) -> Result<Token, WhereError> {
        let (mut parts, mut quoted) = (vec![first], quoted);
        while self.take('.') {
            let at = self.here();
            let part = match self.chars.peek().map(|(_, c)| *c) {
                Some(c @ ('"' | '`')) => {
                    self.chars.next();
                    quoted = true;
                    self.quoted(at, c)?
                }
                _ => self.run(at, continues).to_owned(),
            };
            if part.is_empty() && self.here() == at {
                let reason = "a name must follow the dot";
                return Err(WhereError::new(self.text, at, reason));
            }
            parts.push(part);
        }
        let text = match parts.as_slice() {
            [one] => one.clone(),
            _ => {
                let member = |part: &String| match part.is_empty() || part.contains(['.', '"']) {
                    true => quote_name(part),
                    false => part.clone(),
                };
                parts.iter().map(member).collect::<Vec<_>>().join(".")
            }
        };
        if text.is_empty() {
            return Err(WhereError::new(self.text, start, "a name is not empty"));
        }
        let text = normalized(&text).into_owned();
        Ok(Token::Name { text, quoted })
    }

    fn number(&mut self, start: usize) -> Result<Token, WhereError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || is_foreign(c);
        loop {
            let end = self.run(start, fits).len() + start;
            // The sign of an exponent.
            let exponent = self.text[start..end].ends_with(['e', 'E']);
            if !(exponent && (self.take('-') || self.take('+'))) {
                break;
            }
        }
        let end = self.here();
        let text = &self.text[start..end];
        if matches!(Type::of(Cell::text(text)), Type::Integer | Type::Float) {
            return Ok(Token::Number(text.to_owned()));
        }
        let reason = format!("`{text}` is no number; a text stands in '...', a name in \"...\"");
        Err(WhereError::new(self.text, start, reason))
    }
}
