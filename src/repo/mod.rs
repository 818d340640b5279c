//! A repository as its opened parts: store, current state, index, settings.
//!
//! Invariant: has no verbs. Opening reads, and brings the index up to `head` where it is behind.

mod error;
mod git;
mod indexing;
mod version;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use error::Error;
pub use git::{GIT_PREFIX, GitError, short as short_git_id};
pub use version::VersionError;

use crate::base::progress::{Progress, Quiet};
use crate::base::{Clock, ObjectId, Timestamp, fsio};
use crate::config::Local;
use crate::githost::{LOCK, Place};
use crate::history::Names;
use crate::index::Index;
use crate::object::{self, Attachments, Commit, Head, ObjectSource as _, Pending, WorktreeState};
use crate::refs::{self, Current, HeadFile, MAIN_WORKTREE};
use crate::store::Store;

/// The name of the repository's directory.
pub const DIRECTORY: &str = ".dver";

/// Who acts, and when.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `Name <mail>`, where one is known.
    pub identity: Option<String>,
    /// What operations name where no identity is known.
    pub fallback: String,
    /// The time source.
    pub clock: Clock,
    /// Which of `author` and `time` came from environment variables.
    pub environment: Vec<String>,
    /// Hears of trouble that stops nothing: only the index can make it.
    pub notice: fn(&dyn std::error::Error),
}

impl Actor {
    /// Returns whom operations name.
    pub fn name(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.fallback)
    }

    /// Returns the time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The opened parts of a repository.
pub struct Repo {
    /// The worktree's root.
    pub root: PathBuf,
    /// The repository's directory, `.dver`.
    pub dir: PathBuf,
    /// The name of this worktree in views.
    pub worktree: String,
    /// The objects.
    pub store: Store,
    /// The state that `head` names.
    pub current: Current,
    /// The derived tables.
    pub index: Index,
    /// This clone's settings.
    pub local: Local,
    /// Who acts.
    pub actor: Actor,
    /// The attachments, and the tree that they were read from.
    attachments: Mutex<Option<(ObjectId, Arc<Attachments>)>>,
}

/// A worktree and its repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// The worktree's root.
    pub root: PathBuf,
    /// The repository's directory, `.dver`.
    pub dir: PathBuf,
    /// The name of the worktree in views.
    pub worktree: String,
}

impl Home {
    /// Returns the worktree that a repository was made in.
    pub fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            dir: root.join(DIRECTORY),
            worktree: MAIN_WORKTREE.to_owned(),
        }
    }

    /// Returns the worktree at `root` itself: one with a repository, or the same directory of a
    /// linked git worktree whose main one has it.
    pub fn at(root: &Path) -> Option<Self> {
        if root.join(DIRECTORY).join("VERSION").is_file() {
            return Some(Self::of(root));
        }
        let place = Place::around(root)?;
        let (name, main) = place.linked()?;
        let dir = main
            .join(root.strip_prefix(&place.top).ok()?)
            .join(DIRECTORY);
        dir.join("VERSION").is_file().then(|| Self {
            root: root.to_owned(),
            dir,
            worktree: format!("{LINKED}{name}"),
        })
    }
}

/// How the names of linked git worktrees begin in views: git may call one of them `main`.
const LINKED: &str = "git:";

/// Returns the worktree that `start` lies in: the nearest directory that holds a repository, or, in
/// a linked git worktree, the nearest one whose counterpart in the main worktree holds it.
pub fn discover(start: &Path) -> Result<Home, Error> {
    start
        .ancestors()
        .find_map(Home::at)
        .ok_or_else(|| Error::NotARepository {
            lock: start
                .ancestors()
                .map(|dir| dir.join(LOCK))
                .find(|path| path.is_file()),
            start: start.to_owned(),
        })
}

/// Makes the directories and files of a new repository, all but its first operation.
pub fn create_layout(root: &Path) -> Result<PathBuf, Error> {
    let dir = root.join(DIRECTORY);
    for part in ["packs", "tmp", "cache"] {
        fsio::create_dir_all(&dir.join(part))?;
    }
    // The directory hides itself from git; what git tracks stands beside it.
    fsio::write_durable(&dir.join(".gitignore"), b"*\n")?;
    Ok(dir)
}

/// Writes VERSION: with it the directory is a repository.
pub fn seal_layout(dir: &Path) -> Result<(), Error> {
    Ok(version::write(dir)?)
}

/// Checks that this program can read the repository in `dir`.
pub fn check_version(dir: &Path) -> Result<(), Error> {
    Ok(version::check(dir)?)
}

/// Returns the repository's directory of the worktree `root`, whether it is there or not.
pub fn directory_of(root: &Path) -> PathBuf {
    Home::at(root).map_or_else(|| root.join(DIRECTORY), |home| home.dir)
}

/// Reads the settings of the repository of the worktree `root`, before it is opened.
pub fn settings(root: &Path) -> Result<Local, Error> {
    let path = directory_of(root).join("config.toml");
    match fsio::read_if_exists(&path)? {
        None => Ok(Local::default()),
        Some(bytes) => Ok(Local::parse(&String::from_utf8_lossy(&bytes))?),
    }
}

/// Reads the state that `head` names.
fn state_of(store: &Store, id: ObjectId) -> Result<Current, Error> {
    match Current::read(store, id) {
        Err(refs::Error::Object(
            source @ (object::Error::Missing(_)
            | object::Error::Corrupt { .. }
            | object::Error::WrongKind { .. }),
        )) => Err(Error::NoState { id, source }),
        other => Ok(other?),
    }
}

impl Repo {
    /// Opens the repository of the worktree `root`.
    pub fn open(root: &Path, actor: Actor) -> Result<Self, Error> {
        Self::open_at(&Home::at(root).unwrap_or_else(|| Home::of(root)), actor)
    }

    /// Opens the repository of a worktree.
    pub fn open_at(home: &Home, actor: Actor) -> Result<Self, Error> {
        let Home {
            root,
            dir,
            worktree,
        } = home.clone();
        version::check(&dir)?;
        let store = Store::open(&dir.join("packs"))?;
        let id = HeadFile::new(&dir).read()?;
        let current = state_of(&store, id)?;
        let mut repo = Self {
            local: settings(&root)?,
            root,
            worktree,
            index: Index::open(&dir.join("index.sqlite"))?,
            dir,
            store,
            current,
            actor,
            attachments: Mutex::default(),
        };
        repo.join_worktree();
        repo.catch_up()?;
        Ok(repo)
    }

    /// Makes `current` the state that an operation left.
    pub fn stand_on(&mut self, operation: ObjectId) -> Result<(), Error> {
        self.current = state_of(&self.store, operation)?;
        self.join_worktree();
        Ok(())
    }

    /// Gives a linked worktree that no operation knows yet a state of its own: on a branch without
    /// a commit, so that all files of the first version that it goes to are new there.
    fn join_worktree(&mut self) {
        self.leave_gone_worktrees();
        let name = &self.worktree;
        if !name.starts_with(LINKED) || self.current.view.worktrees.contains_key(name) {
            return;
        }
        let wanted = Place::around(&self.root).and_then(|place| place.branch());
        let wanted = wanted.filter(|branch| refs::check_branch_name(branch).is_ok());
        let mut branch = wanted.unwrap_or_else(|| "worktree".to_owned());
        while self.current.refs.branch(&branch).is_some() {
            branch.push_str("-worktree");
        }
        let state = WorktreeState {
            head: Head::Branch(branch),
            stage: None,
            pending: None,
        };
        self.current.view.worktrees.insert(name.clone(), state);
    }

    /// Forgets the states of linked worktrees that git has removed: nobody stands there any more.
    fn leave_gone_worktrees(&mut self) {
        let worktrees = &mut self.current.view.worktrees;
        if worktrees.len() < 2 {
            return;
        }
        let Some(place) = Place::around(&self.root) else {
            return;
        };
        let known = place.common.join("worktrees");
        let own = &self.worktree;
        worktrees.retain(|name, _| match name.strip_prefix(LINKED) {
            Some(linked) => name == own || known.join(linked).is_dir(),
            None => true,
        });
    }

    /// Reads `head` again, where another process may have moved it.
    pub fn refresh(&mut self) -> Result<(), Error> {
        if self.reread()? {
            self.catch_up()?;
        }
        Ok(())
    }

    /// Reads `head` and returns whether it names another operation now.
    fn reread(&mut self) -> Result<bool, Error> {
        let id = HeadFile::new(&self.dir).read()?;
        if id == self.current.id {
            return Ok(false);
        }
        self.store.rescan()?;
        self.stand_on(id)?;
        Ok(true)
    }

    /// Brings the index up to the current operation.
    ///
    /// The index is derived: one that fails stops nothing. A damaged file is replaced; where a
    /// file cannot be written or read, an index in memory serves this command.
    pub fn catch_up(&mut self) -> Result<(), Error> {
        self.catch_up_telling(&Quiet)
    }

    fn catch_up_telling(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let failure = match self.follow_head(progress) {
            Err(Error::Index(failure)) => failure,
            other => return other,
        };
        (self.actor.notice)(&failure);
        let spare = Index::in_memory()?;
        let failed = std::mem::replace(&mut self.index, spare);
        if failure.is_damaged()
            && let Ok(fresh) = failed.recreate()
        {
            self.index = fresh;
            if !matches!(self.follow_head(progress), Err(Error::Index(_))) {
                return Ok(());
            }
            self.index = Index::in_memory()?;
        }
        self.follow_head(progress)
    }

    fn follow_head(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        // An index that is ahead of what was read says that a writer moved `head` meanwhile: then
        // that is the current state. Only one that `head` itself does not lead to is foreign.
        let follow = |repo: &mut Self, rebuild| {
            indexing::catch_up(
                &repo.store,
                &repo.current,
                &mut repo.index,
                rebuild,
                progress,
            )
        };
        while !follow(self, false)? {
            if !self.reread()? {
                follow(self, true)?;
            }
        }
        Ok(())
    }

    /// Throws the index away and derives it again.
    pub fn rebuild_index(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let transaction = self.index.transaction()?;
        transaction.clear()?;
        transaction.commit()?;
        self.catch_up_telling(progress)
    }

    /// Returns whether the index holds what one derived anew from the objects would hold.
    pub fn index_equals_objects(&self, progress: &dyn Progress) -> Result<bool, Error> {
        let mut fresh = Index::in_memory()?;
        indexing::catch_up(&self.store, &self.current, &mut fresh, true, progress)?;
        Ok(fresh.dump()? == self.index.dump()?)
    }

    /// Returns what is attached to commits, read once for each state.
    pub fn attachments(&self) -> Result<Arc<Attachments>, Error> {
        let Some(tree) = self.current.view.attachments else {
            return Ok(Arc::default());
        };
        // Whoever panicked while holding it has read all or nothing.
        let mut kept = self.attachments.lock().unwrap_or_else(|e| e.into_inner());
        match &*kept {
            Some((of, known)) if *of == tree => Ok(known.clone()),
            _ => {
                let read = Arc::new(Attachments::read(&self.store, Some(&tree))?);
                *kept = Some((tree, read.clone()));
                Ok(read)
            }
        }
    }

    /// Returns this worktree's state.
    pub fn state(&self) -> Result<&WorktreeState, Error> {
        let states = &self.current.view.worktrees;
        states.get(&self.worktree).ok_or_else(|| Error::NoWorktree {
            name: self.worktree.clone(),
        })
    }

    /// Returns the checkout that has begun and not ended.
    pub fn pending(&self) -> Option<&Pending> {
        self.current
            .view
            .worktrees
            .get(&self.worktree)?
            .pending
            .as_ref()
    }

    /// Returns the commit at HEAD; `None` on a branch without a commit.
    pub fn head_commit(&self) -> Result<Option<(ObjectId, Commit)>, Error> {
        let id = match &self.state()?.head {
            Head::Branch(name) => self.current.refs.branch(name),
            Head::Commit(id) => Some(*id),
        };
        Ok(match id {
            None => None,
            Some(id) => Some((id, object::get(&self.store, &id)?)),
        })
    }

    /// Returns the name of the current branch.
    pub fn branch(&self) -> Result<Option<&str>, Error> {
        Ok(match &self.state()?.head {
            Head::Branch(name) => Some(name),
            Head::Commit(_) => None,
        })
    }

    /// Returns the snapshot at HEAD; `None` on a branch without a commit.
    pub fn head_snapshot(&self) -> Result<Option<ObjectId>, Error> {
        Ok(self.head_commit()?.map(|(_, commit)| commit.snapshot))
    }

    /// Returns the staged snapshot, which is HEAD's where nothing is staged.
    pub fn stage_snapshot(&self) -> Result<Option<ObjectId>, Error> {
        match self.state()?.stage {
            Some(id) => Ok(Some(id)),
            None => self.head_snapshot(),
        }
    }

    /// Returns the commit that a revision names; of `git:REV` the one that git's commit names in
    /// its lock file.
    pub fn resolve(&self, revision: &str) -> Result<ObjectId, Error> {
        if let Some(of_git) = revision.strip_prefix(GIT_PREFIX) {
            return self.locked_at(of_git);
        }
        // An index that fails to answer finds nothing: full ids and names still work.
        let by_prefix = |prefix: &str| {
            self.index
                .commits_with_prefix(prefix, 2)
                .unwrap_or_default()
        };
        let names = Names {
            source: &self.store,
            current: &self.current,
            worktree: &self.worktree,
            by_prefix: &by_prefix,
        };
        Ok(names.resolve(revision)?)
    }

    /// Returns the commit that a revision names, with its id.
    pub fn commit(&self, revision: &str) -> Result<(ObjectId, Commit), Error> {
        let id = self.resolve(revision)?;
        Ok((id, object::get(&self.store, &id)?))
    }

    /// Returns whether an object is in the store.
    pub fn has(&self, id: &ObjectId) -> Result<bool, Error> {
        Ok(self.store.contains(id)?)
    }
}
