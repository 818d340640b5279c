//! A block of lines in a file of somebody else's, between two marks.
//!
//! Invariant: what stands outside the marks is never changed, so taking the block out brings back
//! the bytes that were there before it was put in.

/// What the first line of a block begins with.
pub const BEGIN: &str = "# dver: begin";
/// The last line of a block.
pub const END: &str = "# dver: end";

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

/// Returns the text without its block.
pub fn without(text: &[u8]) -> Vec<u8> {
    match find(text) {
        Some(range) => {
            let mut out = text.get(..range.start).unwrap_or_default().to_vec();
            out.extend_from_slice(text.get(range.end..).unwrap_or_default());
            out
        }
        None => text.to_vec(),
    }
}

/// Returns the text with `block` (marks included, ending its last line) where its block is, or
/// else at the end, on a line of its own and in the line ends of the text.
pub fn with(text: &[u8], block: &str) -> Vec<u8> {
    let crlf = memchr::memmem::find(text, b"\r\n").is_some();
    let block = match crlf {
        true => block.replace('\n', "\r\n"),
        false => block.to_owned(),
    };
    let (before, after) = match find(text) {
        Some(range) => (
            text.get(..range.start).unwrap_or_default(),
            text.get(range.end..).unwrap_or_default(),
        ),
        None => (text, &[][..]),
    };
    let mut out = before.to_vec();
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
    }
    out.extend_from_slice(block.as_bytes());
    out.extend_from_slice(after);
    out
}
