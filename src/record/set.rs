//! Sets: several classes in one value, as a JSON list or as text between separators.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::value::normalized;

/// Returns the elements of a JSON list as texts, in their order; `None` for what is no list.
pub fn listed(text: &str) -> Option<Vec<String>> {
    let elements: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    let texts = elements.into_iter().map(|element| match element {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    });
    Some(texts.collect())
}

/// Returns the classes of a set that is written as text: order, repetition, spaces around a class
/// and empty parts do not count.
pub fn separated<'a>(text: &'a str, separator: &str) -> BTreeSet<Cow<'a, str>> {
    let parts = text.split(separator).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(normalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_their_elements_and_texts_their_parts() {
        let list = |text| listed(text).unwrap_or_default();
        assert_eq!(list("[\"b\",\"a\",1,null]"), ["b", "a", "1", "null"]);
        assert_eq!(listed("b"), None);
        assert_eq!(listed("{\"a\":1}"), None);
        let parts = |text| separated(text, ";").into_iter().collect::<Vec<_>>();
        assert_eq!(parts("b; a;;b "), ["a", "b"]);
        assert!(parts(" ; ").is_empty());
    }
}
