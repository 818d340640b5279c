//! Names of branches and tags: git's rules, so that a name is never taken for a revision.

use super::error::Error;

/// Checks the name of a branch.
pub fn check_branch_name(name: &str) -> Result<(), Error> {
    check(name)
}

/// Checks the name of a tag.
pub fn check_tag_name(name: &str) -> Result<(), Error> {
    check(name)
}

fn check(name: &str) -> Result<(), Error> {
    let bad = |reason| {
        Err(Error::BadName {
            name: name.to_owned(),
            reason,
        })
    };
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\@{}".contains(c);
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.chars().any(forbidden) {
        return bad("it holds a space or one of ~ ^ : ? * [ \\ @ { }");
    }
    if name.contains("..") {
        return bad("`..` stands between two revisions");
    }
    if name.starts_with('-') {
        return bad("it would be taken for an option");
    }
    if name
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.') || part.ends_with('.'))
    {
        return bad("its parts must not be empty, nor begin or end with a dot");
    }
    if name == "HEAD" {
        return bad("HEAD is where the worktree stands");
    }
    if name.len() == 64 && is_hex(name) {
        return bad("it looks like an id");
    }
    Ok(())
}
