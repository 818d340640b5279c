//! `init`: makes a repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::base::{ObjectId, fsio};
use crate::githost::{Git, Place};
use crate::object::{Head, Refs, View, WorktreeState};
use crate::refs::{self, Change, HeadFile, MAIN_WORKTREE};
use crate::repo::{self, Actor, Home};
use crate::store::Store;

use super::error::Error;

/// The branch that a repository begins with.
pub(super) const FIRST_BRANCH: &str = "main";

/// Makes `.dver` in `root` with an empty branch `main`, and returns its path.
///
/// VERSION is written last, so that a crash leaves something that is no repository yet and that
/// another `init` finishes.
pub fn init(root: &Path, actor: &Actor) -> Result<PathBuf, Error> {
    if root.join(repo::DIRECTORY).join("VERSION").exists() || Home::at(root).is_some() {
        return Err(Error::AlreadyARepository {
            path: root.to_owned(),
        });
    }
    let dir = repo::create_layout(root)?;
    let store = Store::open(&dir.join("packs"))?;
    let mut writer = store.begin(&dir.join("tmp"))?;
    let head = Head::Branch(FIRST_BRANCH.to_owned());
    let main = WorktreeState {
        head,
        stage: None,
        pending: None,
    };
    let view = View {
        refs: ObjectId::of(b""), // replaced by `record`
        worktrees: BTreeMap::from([(MAIN_WORKTREE.to_owned(), main)]),
        remotes: BTreeMap::new(),
        attachments: None,
    };
    let change = Change {
        verb: "init".to_owned(),
        revisions: Vec::new(),
        hidden: false,
        wrote: None,
        user: actor.name().to_owned(),
        time: actor.now(),
        expired: None,
    };
    let (operation, _) = refs::record(&mut writer, None, view, &Refs::default(), change)?;
    writer.commit()?;
    HeadFile::new(&dir).write(&operation)?;
    // Where git ignores the whole directory, a lock in it would tell git nothing.
    if Place::around(root).is_some()
        && let Ok(Some(git)) = Git::find(root)
        && git.ignores(root)?
    {
        fsio::write_durable(&dir.join("config.toml"), b"[git]\nlock = false\n")?;
    }
    repo::seal_layout(&dir)?;
    Ok(dir)
}
