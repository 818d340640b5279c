//! Revisions: `HEAD`, branches, tags, branches of remotes, ids and their prefixes, `REV~N`, `REV^N`, `@{N}`.

use crate::base::ObjectId;
use crate::object::{self, Commit, Head, ObjectSource, Refs};
use crate::refs::{Chain, Current};

use super::error::Error;

/// What the names in revisions stand for.
pub struct Names<'a> {
    /// Where commits and operations are read from.
    pub source: &'a dyn ObjectSource,
    /// The current state.
    pub current: &'a Current,
    /// The worktree whose HEAD is meant.
    pub worktree: &'a str,
    /// Returns the commits whose id begins with these hex digits.
    pub by_prefix: &'a dyn Fn(&str) -> Vec<ObjectId>,
}

/// Splits `A..B`; an empty side is HEAD.
pub fn split_range<'a>(text: &'a str) -> Option<(&'a str, &'a str)> {
    let (a, b) = text.split_once("..")?;
    let or_head = |side: &'a str| if side.is_empty() { "HEAD" } else { side };
    Some((or_head(a), or_head(b)))
}

impl Names<'_> {
    /// Returns the commit that a revision names.
    pub fn resolve(&self, text: &str) -> Result<ObjectId, Error> {
        if text.contains("..") {
            return Err(syntax(
                text,
                "it is two versions, and here one is asked for",
            ));
        }
        let steps_at = text.find(['~', '^']).unwrap_or(text.len());
        let (name, mut steps) = text.split_at(steps_at);
        let mut commit = self.name(if name.is_empty() { "HEAD" } else { name }, text)?;
        while let Some(sign) = steps.chars().next() {
            let rest = &steps[sign.len_utf8()..];
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let number = match &rest[..end] {
                "" => 1,
                digits => digits
                    .parse()
                    .map_err(|_| syntax(text, "the number is too large"))?,
            };
            commit = match sign {
                '~' => (0..number).try_fold(commit, |at, _| self.parent(&at, 1, text))?,
                '^' if number == 0 => commit,
                '^' => self.parent(&commit, number, text)?,
                _ => return Err(syntax(text, "after a name come only ~N and ^N")),
            };
            steps = &rest[end..];
        }
        Ok(commit)
    }

    fn parent(&self, commit: &ObjectId, number: usize, text: &str) -> Result<ObjectId, Error> {
        let parents = object::get::<Commit>(self.source, commit)?.parents;
        parents
            .get(number - 1)
            .copied()
            .ok_or_else(|| Error::NoParent {
                text: text.to_owned(),
                commit: *commit,
                number,
            })
    }

    /// Returns the commit at which a worktree's HEAD stands; `None` on an unborn branch.
    pub fn head(&self) -> Option<ObjectId> {
        head_of(self.current, self.worktree)
    }

    fn name(&self, name: &str, text: &str) -> Result<ObjectId, Error> {
        if name == "HEAD" || name == "@" {
            return self.head().ok_or_else(|| self.unborn());
        }
        if let Some(number) = name
            .strip_prefix("@{")
            .and_then(|rest| rest.strip_suffix('}'))
        {
            let number = number
                .parse()
                .map_err(|_| syntax(text, "@{N} takes a number of operations"))?;
            return self.operations_ago(number, text);
        }
        let refs = &self.current.refs;
        if let Some(id) = refs.branch(name).or_else(|| refs.tag(name)) {
            return Ok(id);
        }
        if let Some(id) = self.tracked(name)? {
            return Ok(id);
        }
        if let Ok(id) = name.parse::<ObjectId>()
            && self.source.contains(&id)?
        {
            // Only a commit is a revision: another object's id must not read as one.
            object::get::<Commit>(self.source, &id)?;
            return Ok(id);
        }
        let is_hex = name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if name.len() >= 4 && is_hex {
            match (self.by_prefix)(name).as_slice() {
                [] => {}
                [id] => return Ok(*id),
                many => {
                    return Err(Error::Ambiguous {
                        text: name.to_owned(),
                        count: many.len(),
                    });
                }
            }
        }
        Err(Error::Unknown {
            text: name.to_owned(),
            nearest: nearest(refs, name),
        })
    }

    /// Returns the commit at which a branch of a remote was last seen: `remotes/NAME/BRANCH`, or
    /// `NAME/BRANCH` where no branch or tag is called that.
    fn tracked(&self, name: &str) -> Result<Option<ObjectId>, Error> {
        let name = name.strip_prefix("remotes/").unwrap_or(name);
        let Some((remote, branch)) = name.split_once('/') else {
            return Ok(None);
        };
        let Some(tree) = self.current.view.remotes.get(remote) else {
            return Ok(None);
        };
        Ok(Refs::read(self.source, tree)?.branch(branch))
    }

    fn unborn(&self) -> Error {
        let head = self
            .current
            .view
            .worktrees
            .get(self.worktree)
            .map(|state| &state.head);
        match head {
            Some(Head::Branch(branch)) => Error::Unborn {
                branch: branch.clone(),
            },
            _ => Error::Unborn {
                branch: self.worktree.to_owned(),
            },
        }
    }

    fn operations_ago(&self, number: usize, text: &str) -> Result<ObjectId, Error> {
        let mut left = number;
        for operation in Chain::from(self.source, self.current.id) {
            let (id, operation) = operation?;
            if left == 0 {
                if self.current.operation.has_expired(operation.seq) {
                    return Err(Error::Expired {
                        text: text.to_owned(),
                        seq: operation.seq,
                    });
                }
                let then = Current::read(self.source, id)?;
                return head_of(&then, self.worktree).ok_or_else(|| self.unborn());
            }
            if !operation.hidden {
                left -= 1;
            }
        }
        Err(syntax(text, "there are not that many operations"))
    }
}

fn head_of(current: &Current, worktree: &str) -> Option<ObjectId> {
    match &current.view.worktrees.get(worktree)?.head {
        Head::Branch(name) => current.refs.branch(name),
        Head::Commit(id) => Some(*id),
    }
}

fn syntax(text: &str, reason: &'static str) -> Error {
    Error::Syntax {
        text: text.to_owned(),
        reason,
    }
}

/// Returns names that share a beginning with `name` or differ in one place.
fn nearest(refs: &Refs, name: &str) -> Vec<String> {
    let close = |candidate: &&str| {
        let shared = candidate
            .chars()
            .zip(name.chars())
            .take_while(|(a, b)| a == b)
            .count();
        shared * 2 >= name.chars().count().max(2)
    };
    let names = refs
        .0
        .keys()
        .filter_map(|key| key.split_once('/').map(|(_, name)| name));
    names.filter(close).take(3).map(str::to_owned).collect()
}
