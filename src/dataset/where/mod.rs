//! `--where`: one grammar for conditions on records and changes (docs/where.md).
//!
//! Invariant: an expression is text, names and literals; it knows no data set. Whoever evaluates it
//! says what its names stand for and of which type they are. Parsing never panics and never
//! recurses deeper than a fixed limit.

mod error;
mod evaluate;
mod expression;
mod lexer;
mod like;
mod parser;
mod value;

pub use error::WhereError;
pub use evaluate::{Given, Possible};
pub use expression::{Comparison, Expression, Literal, Name, Operand, Where};
pub use value::equals_text;

#[cfg(test)]
mod tests;
