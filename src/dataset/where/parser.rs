//! From text to expression: `not` binds more tightly than `and`, `and` more than `or`.

use super::error::WhereError;
use super::expression::{Comparison, Expression, Literal, Name, Operand, Where};
use super::lexer::{Token, Word, tokens};

/// Parentheses and `not` nest less deeply than this.
const MAX_DEPTH: usize = 64;

/// Longer texts are no expressions.
const MAX_BYTES: usize = 1 << 20;

pub(super) fn parse(text: &str) -> Result<Where, WhereError> {
    if text.len() > MAX_BYTES {
        let reason = format!("it is longer than {MAX_BYTES} bytes");
        return Err(WhereError::new(text, 0, reason));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        next: 0,
        names: Vec::new(),
    };
    let root = parser.or(0)?;
    match parser.tokens.get(parser.next) {
        None => Ok(Where {
            text: text.to_owned(),
            root,
            names: parser.names,
        }),
        Some((_, Token::Close)) => Err(parser.error("this `)` closes nothing")),
        Some(_) => Err(parser.error("`and` or `or` must stand between two conditions")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(usize, Token)>,
    next: usize,
    names: Vec<Name>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.text.len(), |(at, _)| *at)
    }

    fn error(&self, reason: impl Into<String>) -> WhereError {
        WhereError::new(self.text, self.at(), reason)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, word: Word) -> bool {
        self.take(&Token::Word(word))
    }

    fn or(&mut self, depth: usize) -> Result<Expression, WhereError> {
        let mut parts = vec![self.and(depth)?];
        while self.word(Word::Or) {
            parts.push(self.and(depth)?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expression, WhereError> {
        let mut parts = vec![self.not(depth)?];
        while self.word(Word::And) {
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn not(&mut self, depth: usize) -> Result<Expression, WhereError> {
        if depth >= MAX_DEPTH {
            let reason = format!("it nests more deeply than {MAX_DEPTH} levels");
            return Err(self.error(reason));
        }
        if self.word(Word::Not) {
            return Ok(Expression::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take(&Token::Open) {
            let open = self.next - 1;
            let inner = self.or(depth + 1)?;
            if !self.take(&Token::Close) {
                if self.peek().is_some() {
                    return Err(self.error("`and`, `or` or `)` must follow"));
                }
                let at = self.tokens.get(open).map_or(0, |(at, _)| *at);
                return Err(WhereError::new(self.text, at, "this `(` is never closed"));
            }
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Expression, WhereError> {
        let start = self.next;
        let value = self.operand("a condition must stand here, such as label = 'cat'")?;
        if let Some(&Token::Compare(comparison)) = self.peek() {
            self.next += 1;
            let right = self.operand("a value or a field must follow")?;
            return self.compared(start, value, comparison, right);
        }
        if let Operand::Literal(_) = value {
            return Err(self.error("a comparison must follow, such as `0.5 < score`"));
        }
        if self.word(Word::Is) {
            let negated = self.word(Word::Not);
            if !self.word(Word::Null) {
                return Err(self.error("`null` must follow `is`; values are compared with `=`"));
            }
            return Ok(Expression::IsNull { value, negated });
        }
        let negated = self.word(Word::Not);
        if self.word(Word::In) {
            let list = self.list()?;
            return Ok(Expression::In {
                value,
                list,
                negated,
            });
        }
        if self.word(Word::Like) {
            let Some(Token::Text(pattern)) = self.peek().cloned() else {
                return Err(self.error("a pattern in '...' must follow `like`"));
            };
            self.next += 1;
            return Ok(Expression::Like {
                value,
                pattern,
                negated,
            });
        }
        Err(self.error(match negated {
            true => "`in` or `like` must follow",
            false => "`=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `like` or `is` must follow",
        }))
    }

    fn compared(
        &self,
        start: usize,
        left: Operand,
        comparison: Comparison,
        right: Operand,
    ) -> Result<Expression, WhereError> {
        if let (Operand::Literal(_), Operand::Literal(_)) = (&left, &right) {
            let at = self.tokens.get(start).map_or(0, |(at, _)| *at);
            let reason = "one side must be a field; its name stands bare or in \"...\"";
            return Err(WhereError::new(self.text, at, reason));
        }
        Ok(Expression::Compare(left, comparison, right))
    }

    fn list(&mut self) -> Result<Vec<Literal>, WhereError> {
        if !self.take(&Token::Open) {
            return Err(self.error("a list must follow `in`, such as ('cat', 'dog')"));
        }
        let mut list = Vec::new();
        loop {
            match self.literal() {
                Some(literal) => list.push(literal),
                None => return Err(self.error("a value must stand here; texts stand in '...'")),
            }
            if self.take(&Token::Close) {
                return Ok(list);
            }
            if !self.take(&Token::Comma) {
                return Err(self.error("`,` or `)` must follow"));
            }
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        let literal = match self.peek()? {
            Token::Text(text) => Literal::Text(text.clone()),
            Token::Number(text) => Literal::Number(text.clone()),
            Token::Word(Word::Null) => Literal::Null,
            Token::Word(Word::True) => Literal::Boolean(true),
            Token::Word(Word::False) => Literal::Boolean(false),
            _ => return None,
        };
        self.next += 1;
        Some(literal)
    }

    fn operand(&mut self, missing: &str) -> Result<Operand, WhereError> {
        if let Some(literal) = self.literal() {
            return Ok(Operand::Literal(literal));
        }
        let Some(Token::Name { text, quoted }) = self.peek().cloned() else {
            return Err(self.error(missing));
        };
        let at = self.at();
        self.next += 1;
        let mut known = self.names.iter();
        let place = known.position(|name| name.text == text && name.quoted == quoted);
        let place = place.unwrap_or_else(|| {
            self.names.push(Name { text, quoted, at });
            self.names.len() - 1
        });
        Ok(Operand::Name(place))
    }
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
