//! Which paths a walk leaves out: `.dverignore` files, then names that nobody means to version.
//!
//! The deepest `.dverignore` that says something about a path decides, as in git. Its `!` lines
//! also overrule the built-in names, but never `.dver` and `.git`.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The name of the files with patterns, in gitignore's syntax.
pub(super) const FILE_NAME: &str = ".dverignore";

/// How temporary files begin that are written beside their target.
pub(super) const TEMPORARY: &str = ".dver-tmp-";

/// Names that are left out unless a `.dverignore` says otherwise.
const NAMES: [&str; 16] = [
    "dver.lock", // git's: it names a version, so none can hold it
    ".hg",
    ".svn",
    "CVS",
    "__pycache__",
    ".ipynb_checkpoints",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".venv",
    ".DS_Store",
    ".Spotlight-V100",
    ".Trashes",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
];

/// Returns whether the name is dver's or git's own, which no rule can bring in.
///
/// In any case of letters: where the file system ignores case, `.DVER` is `.dver`.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b".dver")
        || name.eq_ignore_ascii_case(b".git")
        || name.starts_with(TEMPORARY.as_bytes())
}

/// Returns whether the name is one of those that programs leave behind.
fn is_litter(name: &[u8]) -> bool {
    NAMES.iter().any(|litter| litter.as_bytes() == name)
        || name.starts_with(b".nfs") && name.len() > 12
        || name.starts_with(b".Trash-")
        || name.starts_with(b"._")
        || name.starts_with(b"~$") // a spreadsheet that is open in Excel
        || name.starts_with(b".~lock.") && name.ends_with(b"#") // ... in LibreOffice
        || name.starts_with(b".") && name.ends_with(b".swp")
}

/// The rules in force in one directory of a walk: its own, and those of the directories above.
#[derive(Clone, Default)]
pub(super) struct Rules(Option<Arc<Level>>);

struct Level {
    own: Gitignore,
    above: Rules,
}

impl Rules {
    /// Returns the rules inside a directory that stands where these are in force, and what of its
    /// `.dverignore` does not read.
    pub(super) fn enter(&self, directory: &Path) -> (Self, Option<String>) {
        let file = directory.join(FILE_NAME);
        // Most directories have none; asking first is cheaper than building a matcher.
        if !file.is_file() {
            return (self.clone(), None);
        }
        let mut builder = GitignoreBuilder::new(directory);
        let complaint = builder.add(file);
        match builder.build() {
            Ok(own) => {
                let above = self.clone();
                let rules = Self(Some(Arc::new(Level { own, above })));
                (rules, complaint.map(|e| e.to_string()))
            }
            Err(e) => (self.clone(), Some(e.to_string())),
        }
    }

    /// Returns whether a path, whose directories are not left out, is.
    pub(super) fn leaves_out(&self, path: &Path, name: &[u8], is_directory: bool) -> bool {
        if is_reserved(name) {
            return true;
        }
        let mut rules = self;
        while let Some(level) = &rules.0 {
            match level.own.matched(path, is_directory) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => rules = &level.above,
            }
        }
        is_litter(name)
    }
}
