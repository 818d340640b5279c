//! `dver.lock`: the file by which git knows which version of the data belongs to its commit.

use crate::base::ObjectId;

use super::Error;

/// The file, beside `dver.toml`.
pub const LOCK: &str = "dver.lock";

/// What the file says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lock {
    /// The dver commit.
    pub commit: ObjectId,
}

impl Lock {
    /// Returns the bytes of the file: one line of TOML.
    pub fn to_text(self) -> String {
        format!("commit = \"{}\"\n", self.commit)
    }

    /// Reads the file. Marks of a conflict are an error of their own: two versions stand in it.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(text).map_err(|_| Error::Lock {
            why: "it is not UTF-8",
        })?;
        if Conflict::parse(text.as_bytes()).is_some() {
            return Err(Error::Lock {
                why: "git left a conflict in it",
            });
        }
        let mut lines = text.lines().filter(|line| is_said(line));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(Error::Lock {
                why: "it must have one line, `commit = \"ID\"`",
            });
        };
        id_in(line)
            .map(|commit| Self { commit })
            .ok_or(Error::Lock {
                why: "it must have one line, `commit = \"ID\"`",
            })
    }
}

/// Returns whether a line is more than space and a comment.
fn is_said(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// Returns the dver commit that a line names.
fn id_in(line: &str) -> Option<ObjectId> {
    line.trim()
        .strip_prefix("commit")
        .and_then(|rest| rest.trim_start().strip_prefix('='))
        .and_then(|rest| rest.trim().strip_prefix('"')?.strip_suffix('"'))
        .and_then(|hex| hex.parse().ok())
}

/// The dver commits between which a lock file with marks of a conflict is torn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Conflict {
    /// Where both sides come from; `None` where the file does not say.
    pub base: Option<ObjectId>,
    /// Our side; `None` where it has no lock.
    pub ours: Option<ObjectId>,
    /// Their side; `None` where it has no lock.
    pub theirs: Option<ObjectId>,
}

impl Conflict {
    /// Finds the sides of a conflict in a lock file; `None` where git left no marks of one.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut found = Self::default();
        let mut marked = false;
        let mut side: Option<fn(&mut Self) -> &mut Option<ObjectId>> = None;
        for line in text.lines() {
            if line.starts_with("<<<<<<<") {
                marked = true;
                side = Some(|found| &mut found.ours);
            } else if line.starts_with("|||||||") {
                side = Some(|found| &mut found.base);
            } else if line.starts_with("=======") {
                side = Some(|found| &mut found.theirs);
            } else if line.starts_with(">>>>>>>") {
                side = None;
            } else if let (Some(side), Some(id)) = (side, id_in(line)) {
                *side(&mut found) = Some(id);
            }
        }
        marked.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> ObjectId {
        ObjectId::of(text.as_bytes())
    }

    fn line(text: &str) -> String {
        Lock { commit: id(text) }.to_text()
    }

    #[test]
    fn comments_stand_beside_the_line() {
        let text = format!("# from a merge\n\n{}# and after\n", line("x"));
        let lock = Lock { commit: id("x") };
        assert_eq!(Lock::parse(text.as_bytes()).unwrap(), lock);
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(Lock::parse(crlf.as_bytes()).unwrap(), lock);
        assert!(Lock::parse(b"# nothing else\n").is_err());
    }

    #[test]
    fn the_sides_of_a_conflict_are_found() {
        let (a, b, o) = (line("a"), line("b"), line("o"));
        let full = format!(
            "# commit = \"no side\"\n<<<<<<< HEAD\n{a}||||||| base\n{o}=======\n{b}>>>>>>> other\n"
        );
        let found = Conflict::parse(full.as_bytes()).unwrap();
        assert_eq!(
            found,
            Conflict {
                base: Some(id("o")),
                ours: Some(id("a")),
                theirs: Some(id("b")),
            }
        );
        let short = full.replace(&format!("||||||| base\n{o}"), "");
        let found = Conflict::parse(short.as_bytes()).unwrap();
        assert_eq!((found.base, found.ours), (None, Some(id("a"))));
        let longer = full.replace("<<<<<<<", "<<<<<<<<<<");
        assert!(Conflict::parse(longer.as_bytes()).is_some());
        assert_eq!(Conflict::parse(a.as_bytes()), None);
        // One side gave the lock up.
        let gone = full.replace(&b, "");
        assert_eq!(Conflict::parse(gone.as_bytes()).unwrap().theirs, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_lock_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Lock::parse(&bytes);
            let _ = Conflict::parse(&bytes);
            let marked = [b"<<<<<<< a\n".as_slice(), &bytes].concat();
            let _ = Conflict::parse(&marked);
        }
    }
}
