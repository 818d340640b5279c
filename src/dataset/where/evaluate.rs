//! Truth of an expression, by the three-valued logic of SQL: what compares with null is neither
//! true nor false, and only what is true passes.
//!
//! Where not all values are known, the answer is which outcomes are possible.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::record::{Type, normalized};

use super::expression::{Comparison, Expression, Literal, Operand, Where};
use super::like::like;
use super::value::{Comparable, order};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Given<'a> {
    /// Nothing is known of it.
    Unknown,
    /// A missing value.
    Null,
    /// A value of a field of this type.
    Value(Type, Cow<'a, str>),
}

impl<'a> Given<'a> {
    /// Builds a value that is missing or a text.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, |text| Self::Value(Type::String, text.into()))
    }
}

/// Which outcomes are possible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Possible(u8);

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const NULL: u8 = 4;

impl Possible {
    const ANY: Self = Self(TRUE | FALSE | NULL);

    /// Returns whether it is true, whatever is not known.
    pub fn is_true(self) -> bool {
        self.0 == TRUE
    }

    /// Returns whether it may be true.
    pub fn may_be_true(self) -> bool {
        self.0 & TRUE != 0
    }

    fn known(truth: Option<bool>) -> Self {
        match truth {
            Some(true) => Self(TRUE),
            Some(false) => Self(FALSE),
            None => Self(NULL),
        }
    }

    fn not(self) -> Self {
        let swapped = (self.0 & TRUE) << 1 | (self.0 & FALSE) >> 1;
        Self(swapped | self.0 & NULL)
    }

    fn negated_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    fn and(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        let mut out = a & b & TRUE | (a | b) & FALSE;
        // Null comes of null and anything but false.
        if (a & NULL != 0 && b & (TRUE | NULL) != 0) || (b & NULL != 0 && a & (TRUE | NULL) != 0) {
            out |= NULL;
        }
        Self(out)
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// Says what the name at a place stands for.
type Names<'n, 'v> = dyn Fn(usize) -> Given<'v> + 'n;

impl Where {
    /// Returns whether the expression is true of these values.
    pub fn passes<'v>(&self, given: &dyn Fn(usize) -> Given<'v>) -> bool {
        self.possible(given).is_true()
    }

    /// Returns which outcomes are possible.
    pub fn possible<'v>(&self, given: &dyn Fn(usize) -> Given<'v>) -> Possible {
        node(&self.root, given)
    }
}

fn node(expression: &Expression, names: &Names<'_, '_>) -> Possible {
    match expression {
        Expression::And(parts) => {
            let mut all = Possible(TRUE);
            for part in parts {
                all = all.and(node(part, names));
                if all == Possible(FALSE) {
                    break;
                }
            }
            all
        }
        Expression::Or(parts) => {
            let mut any = Possible(FALSE);
            for part in parts {
                any = any.or(node(part, names));
                if any == Possible(TRUE) {
                    break;
                }
            }
            any
        }
        Expression::Not(inner) => node(inner, names).not(),
        Expression::Compare(left, comparison, right) => {
            let (left, right) = (side(left, names), side(right, names));
            match (left.comparable(), right.comparable()) {
                (Ok(a), Ok(b)) => Possible::known(compared(order(a, b), *comparison)),
                // One side is missing, whatever the other is.
                (Err(Possible(NULL)), _) | (_, Err(Possible(NULL))) => Possible(NULL),
                _ => Possible::ANY,
            }
        }
        Expression::In {
            value,
            list,
            negated,
        } => {
            let value = side(value, names);
            let found = match value.comparable() {
                Err(possible) => possible,
                Ok(value) => {
                    let mut any = Possible(FALSE);
                    for literal in list {
                        any = any.or(match of_literal(literal) {
                            None => Possible(NULL),
                            Some(literal) => {
                                Possible::known(compared(order(value, literal), Comparison::Equal))
                            }
                        });
                    }
                    any
                }
            };
            found.negated_if(*negated)
        }
        Expression::Like {
            value,
            pattern,
            negated,
        } => {
            let found = match side(value, names) {
                Side::Given(Given::Unknown) => Possible::ANY,
                Side::Given(Given::Null) | Side::Literal(Literal::Null) => Possible(NULL),
                Side::Given(Given::Value(_, text)) => {
                    Possible::known(Some(like(&normalized(&text), &normalized(pattern))))
                }
                // The parser lets no literal stand here.
                Side::Literal(_) => Possible(FALSE),
            };
            found.negated_if(*negated)
        }
        Expression::IsNull { value, negated } => {
            let found = match side(value, names) {
                Side::Given(Given::Unknown) => Possible(TRUE | FALSE),
                Side::Given(Given::Null) | Side::Literal(Literal::Null) => Possible(TRUE),
                Side::Given(Given::Value(..)) | Side::Literal(_) => Possible(FALSE),
            };
            found.negated_if(*negated)
        }
    }
}

enum Side<'e, 'v> {
    Given(Given<'v>),
    Literal(&'e Literal),
}

impl Side<'_, '_> {
    /// Returns the value; where there is none, what comes of comparing with it.
    fn comparable(&self) -> Result<Comparable<'_>, Possible> {
        match self {
            Self::Given(Given::Unknown) => Err(Possible::ANY),
            Self::Given(Given::Null) => Err(Possible(NULL)),
            Self::Given(Given::Value(kind, text)) => Ok(Comparable::Field(*kind, text)),
            Self::Literal(literal) => of_literal(literal).ok_or(Possible(NULL)),
        }
    }
}

fn side<'e, 'v>(operand: &'e Operand, names: &Names<'_, 'v>) -> Side<'e, 'v> {
    match operand {
        Operand::Name(at) => Side::Given(names(*at)),
        Operand::Literal(literal) => Side::Literal(literal),
    }
}

fn of_literal(literal: &Literal) -> Option<Comparable<'_>> {
    match literal {
        Literal::Null => None,
        Literal::Boolean(truth) => Some(Comparable::Boolean(*truth)),
        Literal::Number(text) => Some(Comparable::Number(text)),
        Literal::Text(text) => Some(Comparable::Text(text)),
    }
}

/// Values that do not compare are not equal, and neither comes before the other.
fn compared(order: Option<Ordering>, comparison: Comparison) -> Option<bool> {
    match comparison {
        Comparison::Equal => Some(order == Some(Ordering::Equal)),
        Comparison::NotEqual => Some(order != Some(Ordering::Equal)),
        Comparison::Less => order.map(Ordering::is_lt),
        Comparison::AtMost => order.map(Ordering::is_le),
        Comparison::Greater => order.map(Ordering::is_gt),
        Comparison::AtLeast => order.map(Ordering::is_ge),
    }
}
