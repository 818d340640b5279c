//! dver's part in a repository's hooks: put in beside whatever runs there, and taken out again.
//!
//! Invariant: taking out brings back every byte, mode and link that was there before. A script of
//! the shell keeps its place and gets a block; what is no such script moves into `dver-before`
//! beside it, under its own name, and is run from there.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::{IoError, fsio};

use super::quoting::{self, System};
use super::script::{BEFORE, Form, NAMES, NOTES, PROGRAM, Program, own, part, place_in};
use super::{Error, Git, asking, block};

/// No script of a hook is larger.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// How the pre-commit framework calls a hook whose place it has taken.
const LEGACY: &str = ".legacy";
/// How the names of hooks end that others have put aside, and of none.
const ASIDE: [&str; 3] = ["", LEGACY, ".old"];
/// How the names of scripts end that are being written.
const NEW: &str = ".dver-new";
/// The file in the repository that names the directories whose data the hooks look after.
const ROOTS: &str = "dver-roots";

/// Whose the directory of hooks is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The repository's own.
    Repository,
    /// Files of the worktree, which git may track: other clones have them too.
    Worktree,
    /// Somewhere else: other repositories may use it too.
    Elsewhere,
}

/// A program that manages hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    /// husky.
    Husky,
    /// lefthook.
    Lefthook,
    /// The pre-commit framework.
    PreCommit,
    /// git-lfs.
    GitLfs,
    /// None that is known: a script of somebody's.
    Script,
}

impl Manager {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Husky => "husky",
            Self::Lefthook => "lefthook",
            Self::PreCommit => "pre-commit",
            Self::GitLfs => "git-lfs",
            Self::Script => "a script",
        }
    }
}

/// The state of one hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookState {
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub path: PathBuf,
    /// Whether dver takes part in it.
    pub installed: bool,
    /// What else runs there.
    pub beside: Option<Manager>,
}

/// The hooks of a repository.
#[derive(Clone, Debug)]
pub struct Hooks {
    directory: PathBuf,
    common: PathBuf,
    owner: Owner,
    husky: bool,
}

/// What stands at the place of a hook.
enum Standing {
    Nothing,
    /// dver's own script.
    Own,
    /// A plain file, with its bytes.
    File(Vec<u8>, Metadata),
    /// A symbolic link, with its target.
    Link(PathBuf),
}

impl Hooks {
    /// Asks git where the hooks are.
    pub fn find(git: &Git) -> Result<Self, Error> {
        let told = git.run(&["rev-parse", "--git-path", "hooks"])?;
        let directory = git.top().join(asking::path_of(&told)?);
        // A link may lead from the repository to scripts that others use too.
        let real = real(&directory);
        let owner = match () {
            () if real.starts_with(self::real(git.common())) => Owner::Repository,
            () if real.starts_with(self::real(git.top())) => Owner::Worktree,
            () => Owner::Elsewhere,
        };
        // husky 9 points git at `.husky/_`, whose files it makes anew, and runs `.husky/NAME`.
        let husky = directory.ends_with(".husky/_");
        let directory = match directory.parent() {
            Some(above) if husky => above.to_owned(),
            _ => directory,
        };
        Ok(Self {
            directory,
            common: git.common().to_owned(),
            owner,
            husky,
        })
    }

    /// The directory of the scripts.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whose the directory is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Returns the state of each hook that dver takes part in.
    pub fn states(&self) -> Result<Vec<HookState>, Error> {
        NAMES.iter().map(|name| self.state(name)).collect()
    }

    fn state(&self, name: &'static str) -> Result<HookState, Error> {
        let path = self.directory.join(name);
        let (installed, beside) = match self.standing(&path)? {
            Standing::Nothing => (false, None),
            Standing::Own => (true, self.manager_of(&self.before(name))?),
            Standing::File(bytes, _) => {
                let has = block::find(&bytes).is_some() || self.runs_through(name)?;
                (has, self.manager_of(&path)?)
            }
            Standing::Link(_) => (false, self.manager_of(&path)?),
        };
        Ok(HookState {
            name,
            path,
            installed,
            beside,
        })
    }

    /// Returns whether the pre-commit framework has taken the place of a hook with dver's part, which
    /// it runs first.
    fn runs_through(&self, name: &str) -> Result<bool, Error> {
        let path = self.directory.join(name);
        if self.manager_of(&path)? != Some(Manager::PreCommit) {
            return Ok(false);
        }
        Ok(
            match self.standing(&self.directory.join(format!("{name}{LEGACY}")))? {
                Standing::Own => true,
                Standing::File(bytes, _) => block::find(&bytes).is_some(),
                Standing::Nothing | Standing::Link(_) => false,
            },
        )
    }

    fn before(&self, name: &str) -> PathBuf {
        self.directory.join(BEFORE).join(name)
    }

    fn manager_of(&self, path: &Path) -> Result<Option<Manager>, Error> {
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let bytes = fsio::read_bounded(path, MOST_BYTES).unwrap_or_default();
        let bytes = block::without(&bytes).unwrap_or_default();
        if bytes.trim_ascii().is_empty() && !self.husky {
            return Ok(None);
        }
        let names = |text: &str| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
        Ok(Some(match () {
            () if self.husky => Manager::Husky,
            () if names("pre-commit.com") || names("pre_commit") => Manager::PreCommit,
            () if names("lefthook") || names("LEFTHOOK") => Manager::Lefthook,
            () if names("git-lfs") || names("git lfs") => Manager::GitLfs,
            () => Manager::Script,
        }))
    }

    fn standing(&self, path: &Path) -> Result<Standing, Error> {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            // Where the directory of hooks is no directory, such as /dev/null, hooks are off.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Standing::Nothing);
            }
            Err(e) => return Err(IoError::new("look at", path, e).into()),
        };
        if metadata.is_symlink() {
            let target = fs::read_link(path).map_err(|e| IoError::new("read", path, e))?;
            return Ok(Standing::Link(target));
        }
        if !metadata.is_file() {
            return Err(Error::HookInTheWay {
                path: path.to_owned(),
            });
        }
        let bytes = fsio::read_bounded(path, MOST_BYTES)?;
        let left = block::without(&bytes);
        // A script of theirs may have no more than a first line; only dver's own looks for others.
        let is_own = left.as_deref() == Some(b"#!/bin/sh\n")
            && memchr::memmem::find(&bytes, b"\ndver_before=").is_some();
        Ok(match is_own {
            true => Standing::Own,
            false => Standing::File(bytes, metadata),
        })
    }

    /// Fails where git runs no hooks because their directory is none.
    pub fn check(&self) -> Result<(), Error> {
        match self.directory.exists() && !self.directory.is_dir() {
            true => Err(Error::HooksOff {
                path: self.directory.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Puts dver's part into every hook, or renews it. `program` is an absolute path.
    pub fn install(&self, program: &Path) -> Result<(), Error> {
        self.check()?;
        fsio::create_dir_all(&self.directory)?;
        let word = quoting::program(program, System::HERE)?;
        let found = match self.owner {
            Owner::Repository => Program::At(&word),
            Owner::Worktree | Owner::Elsewhere => {
                let text = program.to_str().ok_or(Error::NotText)?;
                let text = format!("{}\n", quoting::slashed(text, System::HERE));
                fsio::write_durable(&self.common.join(PROGRAM), text.as_bytes())?;
                Program::OfClone
            }
        };
        for name in NAMES {
            if !self.runs_through(name)? {
                self.put(name, found)?;
            }
        }
        Ok(())
    }

    fn put(&self, name: &str, program: Program<'_>) -> Result<(), Error> {
        let path = self.directory.join(name);
        let standing = self.standing(&path)?;
        let (bytes, metadata) = match standing {
            Standing::File(bytes, metadata) => (bytes, metadata),
            Standing::Nothing if self.husky && self.before(name).symlink_metadata().is_err() => {
                let part = part(name, Form::WithinHusky, program);
                let text = block::with(None, &part);
                return Ok(fsio::write_script(&path, &text, Some(&plain(self)?))?);
            }
            Standing::Nothing | Standing::Own => return self.write_own(name, program),
            Standing::Link(target) => {
                self.move_link(name, &target)?;
                return self.write_own(name, program);
            }
        };
        let form = match self.husky {
            true => Form::WithinHusky,
            false => Form::Within,
        };
        let part = part(name, form, program);
        let without = block::without(&bytes);
        if self.husky && without.is_none() {
            let text = block::with(None, &part);
            if text != bytes {
                fsio::write_script(&path, &text, Some(&metadata))?;
            }
            return Ok(());
        }
        let without = without.unwrap_or_default();
        // A script that git does not run must not run because dver does.
        let runs = self.husky || runs(&metadata);
        match place_in(&without, !self.husky && cfg!(unix)).filter(|_| runs) {
            Some(at) => {
                let (head, tail) = without.split_at_checked(at).unwrap_or((&without, &[]));
                let text = [head, part.as_bytes(), tail].concat();
                if text != bytes {
                    fsio::write_script(&path, &text, Some(&metadata))?;
                }
                Ok(())
            }
            None => {
                let before = self.before(name);
                if before.symlink_metadata().is_ok() {
                    return Err(Error::HookInTheWay { path: before });
                }
                fsio::create_dir_all(&self.directory.join(BEFORE))?;
                fsio::rename(&path, &before)?;
                self.write_own(name, program)
            }
        }
    }

    fn write_own(&self, name: &str, program: Program<'_>) -> Result<(), Error> {
        let path = self.directory.join(name);
        let text = own(name, program);
        if fsio::read_if_exists(&path)?.as_deref() != Some(text.as_bytes()) {
            fsio::write_script(&path, text.as_bytes(), None)?;
        }
        Ok(())
    }

    /// A relative link reads from where it stands: one directory further down it goes one up first.
    fn move_link(&self, name: &str, target: &Path) -> Result<(), Error> {
        let before = self.before(name);
        let target = from_below(target);
        // What was stopped in between has made the link already.
        if before.symlink_metadata().is_ok() && fs::read_link(&before).ok() != Some(target.clone())
        {
            return Err(Error::HookInTheWay { path: before });
        }
        fsio::create_dir_all(&self.directory.join(BEFORE))?;
        fsio::symlink(target.as_os_str().as_encoded_bytes(), &before)?;
        Ok(fsio::remove(&self.directory.join(name))?)
    }

    /// Takes dver's part out of every hook. Returns whether there was any.
    pub fn uninstall(&self) -> Result<bool, Error> {
        let mut any = self.take_all_out()?;
        // Where `core.hooksPath` came later, the part is still in the hooks of before.
        let own = Self {
            directory: self.common.join("hooks"),
            husky: false,
            ..self.clone()
        };
        if self.owner != Owner::Repository {
            any |= own.take_all_out()?;
        }
        for file in [PROGRAM, ROOTS] {
            for file in [file.to_owned(), format!("{file}.new")] {
                let file = self.common.join(file);
                if !file.exists() {
                    continue;
                }
                fsio::remove(&file)?;
            }
        }
        // What hooks left for each other, in each worktree's own repository.
        let linked = fs::read_dir(self.common.join("worktrees"));
        let linked = linked.into_iter().flatten().flatten();
        let own = std::iter::once(self.common.clone());
        for directory in own.chain(linked.map(|entry| entry.path())) {
            for note in NOTES {
                fsio::remove_passing(&directory.join(note))?;
            }
        }
        Ok(any)
    }

    fn take_all_out(&self) -> Result<bool, Error> {
        let mut any = false;
        for name in NAMES {
            for aside in ASIDE {
                any |= self.take_out(name, &self.directory.join(format!("{name}{aside}")))?;
            }
        }
        // What was stopped in between leaves files that have no name yet.
        for name in NAMES {
            let new = self.directory.join(format!("{name}{NEW}"));
            if new.is_file() {
                fsio::remove(&new)?;
            }
        }
        let before = self.directory.join(BEFORE);
        if before.is_dir() {
            fsio::remove_dir_if_empty(&before)?;
        }
        Ok(any)
    }

    /// Returns the scripts that were put aside for dver's and whose places others have taken since.
    pub fn stranded(&self) -> Vec<PathBuf> {
        let paths = NAMES.iter().map(|name| self.before(name));
        paths
            .filter(|path| path.symlink_metadata().is_ok())
            .collect()
    }

    fn take_out(&self, name: &str, path: &Path) -> Result<bool, Error> {
        let before = self.before(name);
        let is_place = path.file_name().is_some_and(|file| file == name);
        match self.standing(path)? {
            standing @ (Standing::Own | Standing::Nothing)
                if before.symlink_metadata().is_ok()
                    && (is_place || matches!(standing, Standing::Own)) =>
            {
                match fs::read_link(&before) {
                    Ok(target) if target.is_relative() => {
                        let target = target.strip_prefix("..").unwrap_or(&target);
                        if path.symlink_metadata().is_ok() {
                            fsio::remove(path)?;
                        }
                        fsio::symlink(target.as_os_str().as_encoded_bytes(), path)?;
                        fsio::remove(&before)?;
                    }
                    _ => fsio::rename(&before, path)?,
                }
                Ok(true)
            }
            Standing::Own => {
                fsio::remove(path)?;
                Ok(true)
            }
            Standing::Link(target) => {
                if is_place && fs::read_link(&before).ok() == Some(from_below(&target)) {
                    fsio::remove(&before)?;
                }
                Ok(false)
            }
            Standing::Nothing => Ok(false),
            Standing::File(bytes, metadata) => {
                if block::find(&bytes).is_none() {
                    return Ok(false);
                }
                match block::without(&bytes) {
                    None => fsio::remove(path)?,
                    Some(without) => fsio::write_script(path, &without, Some(&metadata))?,
                }
                Ok(true)
            }
        }
    }

    /// Returns the directories whose data the hooks look after, relative to the worktree's root.
    pub fn roots(common: &Path) -> Vec<PathBuf> {
        let text = fsio::read_if_exists(&common.join(ROOTS)).ok().flatten();
        let text = String::from_utf8(text.unwrap_or_default()).unwrap_or_default();
        text.lines().map(PathBuf::from).collect()
    }

    /// Notes a directory whose data the hooks look after.
    pub fn add_root(&self, root: &Path) -> Result<(), Error> {
        let mut roots = Self::roots(&self.common);
        if roots.iter().any(|known| known == root) {
            return Ok(());
        }
        roots.push(root.to_owned());
        self.write_roots(&roots)
    }

    /// Forgets such directories; returns those that are left.
    pub fn remove_roots(&self, gone: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Error> {
        let mut roots = Self::roots(&self.common);
        let known = roots.len();
        roots.retain(|known| !gone(known));
        if !roots.is_empty() && roots.len() < known {
            self.write_roots(&roots)?;
        }
        Ok(roots)
    }

    fn write_roots(&self, roots: &[PathBuf]) -> Result<(), Error> {
        let mut text = String::new();
        for root in roots {
            let plain = root.to_str().filter(|root| !root.contains('\n'));
            text.push_str(plain.ok_or_else(|| Error::Unsaid { path: root.clone() })?);
            text.push('\n');
        }
        Ok(fsio::write_durable(
            &self.common.join(ROOTS),
            text.as_bytes(),
        )?)
    }
}

/// Returns a path without links; where it is not there, as far as it is.
fn real(path: &Path) -> PathBuf {
    let there = path
        .ancestors()
        .find_map(|above| Some((above, above.canonicalize().ok()?)));
    match there {
        Some((above, plain)) => match path.strip_prefix(above) {
            Ok(rest) if rest.as_os_str().is_empty() => plain,
            Ok(rest) => plain.join(rest),
            Err(_) => plain,
        },
        None => path.to_owned(),
    }
}

/// Returns the target of a link as it reads one directory further down.
fn from_below(target: &Path) -> PathBuf {
    match target.is_relative() {
        true => Path::new("..").join(target),
        false => target.to_owned(),
    }
}

/// Permissions for a new script of husky's.
fn plain(hooks: &Hooks) -> Result<Metadata, Error> {
    let above = &hooks.directory;
    let like = above.join("_").join("h");
    let metadata = fs::metadata(&like).map_err(|e| IoError::new("look at", &like, e))?;
    Ok(metadata)
}

#[cfg(unix)]
fn runs(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn runs(_metadata: &Metadata) -> bool {
    true
}
