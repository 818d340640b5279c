//! Expressions, and how they are written.
//!
//! Invariant: what is printed parses to the same expression.

use std::fmt::{self, Write as _};

use super::error::WhereError;
use super::{lexer, parser};
use crate::base::nearest::nearest;

/// A condition on a record or a change.
#[derive(Clone, Debug)]
pub struct Where {
    pub(super) text: String,
    pub(super) root: Expression,
    pub(super) names: Vec<Name>,
}

/// A name in an expression.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name, without its quotes.
    pub text: String,
    /// Whether it was quoted, so that it is the name of a field and of nothing else.
    pub quoted: bool,
    /// The byte at which it stands.
    pub at: usize,
}

/// A node of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expression {
    /// At least one.
    Or(Vec<Self>),
    /// All.
    And(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// Two values compared.
    Compare(Operand, Comparison, Operand),
    /// One of a list, or none.
    In {
        /// What is looked for.
        value: Operand,
        /// Where.
        list: Vec<Literal>,
        /// Whether it must not be there.
        negated: bool,
    },
    /// A text that fits a pattern, or does not.
    Like {
        /// The text.
        value: Operand,
        /// `%` is any text, `_` one character.
        pattern: String,
        /// Whether it must not fit.
        negated: bool,
    },
    /// A missing value, or one that is not missing.
    IsNull {
        /// The value.
        value: Operand,
        /// Whether it must not be missing.
        negated: bool,
    },
}

/// A side of a comparison.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The name at this place among the expression's names.
    Name(usize),
    /// A value.
    Literal(Literal),
}

/// A value as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// Missing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
}

/// How two values compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// Returns the sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// How tightly a node binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Root,
    Or,
    And,
    Term,
}

impl Where {
    /// Parses an expression.
    pub fn parse(text: &str) -> Result<Self, WhereError> {
        parser::parse(text)
    }

    /// Returns the names in it, each once.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Returns the expression.
    pub fn expression(&self) -> &Expression {
        &self.root
    }

    /// Says that a name means nothing here; `known` are the names that do.
    pub fn unknown(&self, name: &Name, known: Vec<String>) -> WhereError {
        // The member of an object is a field by its whole path.
        let ends = |known: &&String| known.rsplit('.').next() == Some(&name.text);
        let near = nearest(&name.text, known.iter().map(String::as_str))
            .map(str::to_owned)
            .or_else(|| known.iter().find(ends).cloned());
        let mut reason = format!("no field `{}`", name.text);
        if near.is_none() && !name.quoted && self.is_only_compared_with(name) {
            reason.push_str(&format!("; the text is written '{}'", name.text));
        }
        WhereError {
            nearest: near,
            known,
            ..WhereError::new(&self.text, name.at, reason)
        }
    }

    /// Returns whether the name first stands where a text was probably meant: behind a sign.
    fn is_only_compared_with(&self, name: &Name) -> bool {
        let before = self.text.get(..name.at).unwrap_or_default();
        before.trim_end().ends_with(['=', '<', '>'])
    }

    /// Returns whether both say the same, wherever their names stand.
    pub fn is_same(&self, other: &Self) -> bool {
        let names = |all: &Self| -> Vec<(String, bool)> {
            let one = |name: &Name| (name.text.clone(), name.quoted);
            all.names.iter().map(one).collect()
        };
        self.root == other.root && names(self) == names(other)
    }

    fn operand(&self, f: &mut fmt::Formatter<'_>, operand: &Operand) -> fmt::Result {
        match operand {
            Operand::Literal(literal) => write!(f, "{literal}"),
            Operand::Name(at) => match self.names.get(*at) {
                Some(name) if !name.quoted && lexer::is_bare(&name.text) => f.write_str(&name.text),
                Some(name) => quoted(f, &name.text, '"'),
                None => f.write_str("?"),
            },
        }
    }

    /// Writes a node; one that binds less tightly than its surroundings stands in parentheses.
    fn node(&self, f: &mut fmt::Formatter<'_>, node: &Expression, around: Level) -> fmt::Result {
        let own = match node {
            Expression::Or(_) => Level::Or,
            Expression::And(_) => Level::And,
            _ => Level::Term,
        };
        // A chain in a chain of its own kind was written with parentheses as well.
        let open = own <= around && own != Level::Term;
        if open {
            f.write_char('(')?;
        }
        let not = |negated: bool| if negated { " not" } else { "" };
        match node {
            Expression::Or(parts) | Expression::And(parts) => {
                let word = if own == Level::Or { " or " } else { " and " };
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        f.write_str(word)?;
                    }
                    self.node(f, part, own)?;
                }
            }
            Expression::Not(inner) => {
                f.write_str("not ")?;
                self.node(f, inner, Level::Term)?;
            }
            Expression::Compare(left, comparison, right) => {
                self.operand(f, left)?;
                write!(f, " {} ", comparison.sign())?;
                self.operand(f, right)?;
            }
            Expression::In {
                value,
                list,
                negated,
            } => {
                self.operand(f, value)?;
                write!(f, "{} in (", not(*negated))?;
                for (at, literal) in list.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{literal}")?;
                }
                f.write_char(')')?;
            }
            Expression::Like {
                value,
                pattern,
                negated,
            } => {
                self.operand(f, value)?;
                write!(f, "{} like ", not(*negated))?;
                quoted(f, pattern, '\'')?;
            }
            Expression::IsNull { value, negated } => {
                self.operand(f, value)?;
                write!(f, " is{} null", not(*negated))?;
            }
        }
        if open {
            f.write_char(')')?;
        }
        Ok(())
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node(f, &self.root, Level::Root)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(true) => f.write_str("true"),
            Self::Boolean(false) => f.write_str("false"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => quoted(f, text, '\''),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        if c == quote {
            f.write_char(c)?;
        }
        f.write_char(c)?;
    }
    f.write_char(quote)
}
