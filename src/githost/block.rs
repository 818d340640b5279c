//! A block of lines in a file of somebody else's, between two marks.
//!
//! Invariant: what stands outside the marks is never changed, and the first line of the block notes
//! what else came with it. So taking it out brings back the bytes that were there before, or no
//! file where there was none.

/// What the first line of a block begins with.
pub const BEGIN: &str = "# dver: begin";
/// The last line of a block.
pub const END: &str = "# dver: end";

/// Notes that there was no file before the block.
const MADE: &str = " [there was no file]";
/// Notes that the last line before the block had no end.
const ENDED: &str = " [the line above had no end]";

/// Returns where the block stands, both marks and the end of the last line included; `None` where
/// there is none, or one of the marks is missing.
pub fn find(text: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let end = at + line.len();
        if line.starts_with(BEGIN.as_bytes()) {
            start = Some(at);
        } else if let Some(start) = start
            && line.trim_ascii_end() == END.as_bytes()
        {
            return Some(start..end);
        }
        at = end;
    }
    None
}

/// Returns a block that is not in a file yet: `what` says whose it is, `body` are whole lines.
pub fn block(what: &str, body: &str) -> String {
    format!("{BEGIN} ({what})\n{body}{END}\n")
}

/// Returns the text without its block; `None` where there was no file before the block, and there
/// is nothing else in it now.
pub fn without(text: &[u8]) -> Option<Vec<u8>> {
    let Some((before, block, after)) = parts(text) else {
        return Some(text.to_vec());
    };
    let notes = first_line(block);
    if notes.contains(MADE) && before.is_empty() && after.is_empty() {
        return None;
    }
    let mut out = before.to_vec();
    // What somebody wrote below it since begins a line of its own.
    if notes.contains(ENDED) && after.is_empty() && out.ends_with(b"\n") {
        out.pop();
        if notes.ends_with('\r') {
            out.pop();
        }
    }
    out.extend_from_slice(after);
    Some(out)
}

/// Returns the text with `block` where its block is, or else at the end, on a line of its own and
/// in the line ends of what is there. `None` is a file that is not there.
pub fn with(text: Option<&[u8]>, block: &str) -> Vec<u8> {
    let is_new = text.is_none();
    let text = text.unwrap_or_default();
    let found = parts(text);
    let crlf = match found {
        Some((_, block, _)) => first_line(block).ends_with('\r'),
        None => memchr::memmem::find(text, b"\r\n").is_some(),
    };
    let line_end = if crlf { "\r\n" } else { "\n" };
    let mut out = Vec::new();
    let (notes, after) = match found {
        Some((before, old, after)) => {
            out.extend_from_slice(before);
            let old = first_line(old);
            let notes = [MADE, ENDED].into_iter().filter(|note| old.contains(note));
            (notes.collect::<String>(), after)
        }
        None => {
            out.extend_from_slice(text);
            let ends = text.is_empty() || text.ends_with(b"\n");
            if !ends {
                out.extend_from_slice(line_end.as_bytes());
            }
            let note = match (is_new, ends) {
                (true, _) => MADE,
                (false, true) => "",
                (false, false) => ENDED,
            };
            (note.to_owned(), &[][..])
        }
    };
    let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
    let block = format!("{first}{notes}\n{rest}").replace('\n', line_end);
    out.extend_from_slice(block.as_bytes());
    out.extend_from_slice(after);
    out
}

/// Parts a text into what is above its block, the block, and what is below.
fn parts(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let range = find(text)?;
    Some((
        text.get(..range.start)?,
        text.get(range.clone())?,
        text.get(range.end..)?,
    ))
}

fn first_line(block: &[u8]) -> String {
    let line = block.split(|&byte| byte == b'\n').next();
    String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = Option<Vec<u8>>> {
        let line = prop_oneof![
            Just(""),
            Just("a"),
            Just("# dver: end"),
            Just("#!/bin/sh"),
            Just("\u{e9}")
        ];
        let ended = (
            line,
            prop_oneof![Just("\n"), Just("\r\n"), Just(""), Just("\r")],
        );
        let text = prop::collection::vec(ended, 0..6).prop_map(|lines| {
            let lines = lines.iter().map(|(line, end)| format!("{line}{end}"));
            lines.collect::<String>().into_bytes()
        });
        prop_oneof![Just(None), text.prop_map(Some)]
    }

    proptest! {
        #[test]
        fn a_block_that_goes_leaves_no_trace(text in texts(), bodies in prop::collection::vec("[a-z]{0,3}", 1..4)) {
            let mut now = text.clone();
            for body in &bodies {
                let with = with(now.as_deref(), &block("x", &format!("{body}\n")));
                prop_assert!(find(&with).is_some());
                now = Some(with);
            }
            let last = bodies.last().cloned().unwrap_or_default();
            let again = with(now.as_deref(), &block("x", &format!("{last}\n")));
            prop_assert_eq!(Some(&again), now.as_ref());
            prop_assert_eq!(without(&again), text);
        }

        #[test]
        fn what_was_written_around_it_since_stays(text in texts(), above in "[a-z]{0,3}", below in "[a-z]{0,3}") {
            let with = with(text.as_deref(), &block("x", "one\n"));
            let now = [above.as_bytes(), if above.is_empty() { b"" } else { b"\n" }, &with, below.as_bytes()].concat();
            let left = without(&now);
            if above.is_empty() && below.is_empty() {
                prop_assert_eq!(left, text);
                return Ok(());
            }
            let left = left.unwrap_or_default();
            prop_assert!(left.starts_with(above.as_bytes()));
            let old = text.unwrap_or_default();
            prop_assert!(memchr::memmem::find(&left, &old).is_some());
            // No line of theirs was joined with another one.
            if !below.is_empty() {
                let head = left.strip_suffix(below.as_bytes());
                let head = head.expect("what stands below stays");
                prop_assert!(head.is_empty() || head.ends_with(b"\n"));
            }
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let begun = [BEGIN.as_bytes(), &bytes, b"\n", END.as_bytes(), &bytes].concat();
            let _ = (without(&bytes), without(&begun), with(Some(&begun), &block("x", "")));
        }
    }

    #[test]
    fn a_block_keeps_its_place_and_half_a_block_is_none() {
        let text = format!("a\n{}b\n", block("x", "one\n"));
        let other = with(Some(text.as_bytes()), &block("x", "two\n"));
        assert_eq!(other, format!("a\n{}b\n", block("x", "two\n")).into_bytes());
        let half = format!("a\n{BEGIN}\nb\n");
        assert_eq!(without(half.as_bytes()), Some(half.into_bytes()));
        let crlf = with(Some(b"a\r\nb"), &block("x", "one\n"));
        assert!(crlf.ends_with(b"one\r\n# dver: end\r\n"));
        assert_eq!(without(&crlf), Some(b"a\r\nb".to_vec()));
    }
}
