//! What becomes of the values of a field: found out from values that were seen.
//!
//! Text fields become n-grams; numbers are scaled by mean and standard deviation; lists of numbers
//! of one length are embeddings, also where they are written into a cell of text; a string is text
//! where its values have three words or more on average, else a category.

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
    /// Whether lists differ in length, or a value is no list of numbers.
    uneven: bool,
}

impl Seen {
    /// Looks at a value of a field of this type.
    pub(super) fn see(&mut self, kind: Type, text: &str) {
        self.values += 1;
        match kind {
            Type::Integer | Type::Float => self.numbers.extend(text.trim().parse::<f64>()),
            // What each value adds depends on no other one, so their order does not matter.
            _ => match listed(text) {
                Some(width) => {
                    self.uneven |= self.width.is_some_and(|other| other != width);
                    self.width = Some(width);
                    self.words += width;
                }
                None => {
                    self.uneven = true;
                    if kind == Type::String {
                        words(text, |_| self.words += 1);
                    }
                }
            },
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
            _ => match (self.width, kind) {
                (Some(width), _) if !self.uneven && width > 0 => Encoding::Embedding { width },
                (_, Type::List) => Encoding::Text,
                (_, Type::String) if self.words >= WORDS * self.values => Encoding::Text,
                _ => Encoding::Category,
            },
        })
    }
}

/// Returns how many numbers a list has; `None` of what is no list of numbers.
fn listed(text: &str) -> Option<usize> {
    let may_be = text.trim_start().starts_with('[');
    may_be
        .then(|| embedding(text))?
        .map(|numbers| numbers.len())
}

/// Returns a map in words.
pub(super) fn described(map: &FeatureMap) -> String {
    let field = |(name, encoding): &(String, Encoding)| match encoding {
        Encoding::Number(_) => format!("{name} (number)"),
        Encoding::Category => format!("{name} (category)"),
        Encoding::Text => format!("{name} (text)"),
        Encoding::Embedding { width } | Encoding::Vector { width } => {
            format!("{name} ({width} numbers)")
        }
    };
    let fields: Vec<String> = map.fields().iter().map(field).collect();
    format!("features: {}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoding(values: &[&str], kind: Type, split: usize) -> Option<Encoding> {
        let (mut all, mut rest) = (Seen::default(), Seen::default());
        let split = split.min(values.len());
        values[..split].iter().for_each(|text| all.see(kind, text));
        values[split..].iter().for_each(|text| rest.see(kind, text));
        all.merge(rest);
        all.encoding(kind, false)
    }

    #[test]
    fn lists_of_one_length_are_embeddings_in_cells_of_text_too() {
        for kind in [Type::List, Type::String] {
            let all = ["[1, 2.5]", " [3e-2,4]"];
            let wanted = Some(Encoding::Embedding { width: 2 });
            assert_eq!(encoding(&all, kind, 1), wanted);
        }
        for odd in ["[1]", "[1, null]", "[1, NaN]", "1, 2", ""] {
            let all = ["[1, 2, 3]", odd];
            assert_eq!(encoding(&all, Type::List, 1), Some(Encoding::Text), "{odd}");
        }
        assert_eq!(encoding(&["[]"], Type::String, 0), Some(Encoding::Category));
        assert_eq!(
            encoding(&["[x] y"], Type::String, 0),
            Some(Encoding::Category)
        );
    }

    proptest! {
        #[test]
        fn the_order_of_values_does_not_matter(
            values in prop::collection::vec(
                prop::sample::select(vec!["[1, 2]", "[3, 4]", "[5]", "[]", "a b c d e", "x", "[y"]), 0..8,
            ),
            as_list in any::<bool>(), split in 0usize..8, turn in 0usize..8,
        ) {
            let kind = if as_list { Type::List } else { Type::String };
            let mut turned = values.clone();
            turned.rotate_left(turn.min(values.len()));
            prop_assert_eq!(encoding(&values, kind, split), encoding(&turned, kind, 0));
        }
    }
}
