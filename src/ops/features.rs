//! What becomes of the values of a field: found out from values that were seen.
//!
//! Text fields become n-grams; numbers are scaled by mean and standard deviation; lists of numbers
//! of one length are embeddings; a string is text where its values have three words or more on
//! average, else a category.

use crate::learn::features::{Scale, embedding, words};
use crate::learn::{Encoding, FeatureMap};
use crate::record::Type;

/// Values with so many words on average are text.
const WORDS: usize = 3;

/// What is known of the values of one field.
#[derive(Default)]
pub(super) struct Seen {
    values: usize,
    words: usize,
    numbers: Vec<f64>,
    /// The length of all lists; `None` before the first.
    width: Option<usize>,
    /// Whether lists differ in length, or are no lists of numbers.
    uneven: bool,
}

impl Seen {
    /// Looks at a value of a field of this type.
    pub(super) fn see(&mut self, kind: Type, text: &str) {
        self.values += 1;
        match kind {
            Type::Integer | Type::Float => self.numbers.extend(text.trim().parse::<f64>()),
            Type::List => match embedding(text).map(|numbers| numbers.len()) {
                None => self.uneven = true,
                width => {
                    self.uneven |= self.width.is_some_and(|w| Some(w) != width);
                    self.width = width;
                }
            },
            _ => words(text, |_| self.words += 1),
        }
    }

    /// Takes in what was seen of other values.
    pub(super) fn merge(&mut self, other: Self) {
        self.values += other.values;
        self.words += other.words;
        self.numbers.extend(other.numbers);
        self.uneven |= other.uneven;
        if other.width.is_some() {
            self.uneven |= self.width.is_some() && self.width != other.width;
            self.width = other.width;
        }
    }

    /// Returns how values of this type become numbers; `None` where there are none.
    pub(super) fn encoding(self, kind: Type, is_text: bool) -> Option<Encoding> {
        Some(match kind {
            Type::Null => return None,
            _ if is_text => Encoding::Text,
            Type::Integer | Type::Float => Encoding::Number(Scale::freeze(self.numbers)),
            Type::List => match self.width {
                Some(width) if !self.uneven && width > 0 => Encoding::Embedding { width },
                _ => Encoding::Text,
            },
            Type::String if self.words >= WORDS * self.values => Encoding::Text,
            _ => Encoding::Category,
        })
    }
}

/// Returns a map in words.
pub(super) fn described(map: &FeatureMap) -> String {
    let field = |(name, encoding): &(String, Encoding)| match encoding {
        Encoding::Number(_) => format!("{name} (number)"),
        Encoding::Category => format!("{name} (category)"),
        Encoding::Text => format!("{name} (text)"),
        Encoding::Embedding { width } => format!("{name} ({width} numbers)"),
    };
    let fields: Vec<String> = map.fields().iter().map(field).collect();
    format!("features: {}", fields.join(", "))
}
