//! `like`: `%` stands for any text, `_` for one character; case counts.

/// Returns whether the whole text fits the pattern.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut next) = (0, 0);
    // Where the last `%` stood, and how much of the text it has taken.
    let mut any: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(next) {
            Some('%') => {
                any = Some((next, at));
                next += 1;
            }
            Some('_') => (at, next) = (at + 1, next + 1),
            Some(c) if *c == text[at] => (at, next) = (at + 1, next + 1),
            _ => match any {
                None => return false,
                Some((percent, taken)) => {
                    any = Some((percent, taken + 1));
                    (at, next) = (taken + 1, percent + 1);
                }
            },
        }
    }
    pattern[next..].iter().all(|c| *c == '%')
}
