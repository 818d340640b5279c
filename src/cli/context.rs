//! What every command starts from: where it stands, what it writes to, how it opens things.

use std::path::PathBuf;

use anstream::ColorChoice;

use crate::base::progress::{Progress, Quiet};
use crate::base::{IoError, RepoPath};
use crate::config::Local;
use crate::ops;
use crate::repo::{self, Actor, Home, Repo};
use crate::worktree::{Finding, Problem};

use super::Answer;
use super::args::{Color, Global, OutputArgs};
use super::env;
use super::error::Failure;
use super::ui::{self, Ui};

/// The surroundings of a command.
pub(crate) struct Context {
    /// Where results go.
    pub ui: Ui,
    /// The directory that relative paths start from.
    pub directory: PathBuf,
}

impl Context {
    /// Resolves the global options.
    pub(super) fn new(global: &Global) -> Result<Self, Failure> {
        let here = env::current_directory().map_err(|e| IoError::new("enter", ".".as_ref(), e))?;
        let directory = match &global.directory {
            None => here,
            Some(dir) => {
                let path = here.join(dir);
                std::fs::canonicalize(&path).map_err(|e| IoError::new("enter", &path, e))?
            }
        };
        let mut ui = Ui::stdout(match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        });
        ui.json = global.json;
        ui.quiet = global.quiet;
        ui.verbose = global.verbose;
        ui.progress = !global.no_progress;
        ui.paging = !global.no_pager;
        Ok(Self { ui, directory })
    }

    /// Finds and opens the repository around the directory.
    pub(super) fn repo(&self) -> Result<Repo, Failure> {
        let home = repo::discover(&self.directory)?;
        self.repo_at(&home)
    }

    /// Opens the repository of a worktree.
    pub(super) fn repo_at(&self, home: &Home) -> Result<Repo, Failure> {
        let local = repo::settings(&home.root)?;
        let actor = env::actor(identity(&local), &home.root);
        Ok(Repo::open_at(home, actor)?)
    }

    /// Opens the repository of a worktree without asking git who acts: enough to look at it.
    pub(super) fn repo_to_look_at(&self, home: &Home) -> Result<Repo, Failure> {
        let (_, actor) = self.onlooker(home)?;
        Ok(Repo::open_at(home, actor)?)
    }

    /// Reads the settings of a worktree's repository, and who looks at it.
    pub(super) fn onlooker(&self, home: &Home) -> Result<(Local, Actor), Failure> {
        let local = repo::settings(&home.root)?;
        let actor = env::onlooker(identity(&local));
        Ok((local, actor))
    }

    /// Finds out who acts in a repository that was opened to be looked at.
    pub(super) fn act(&self, repo: &mut Repo) {
        repo.actor = env::actor(identity(&repo.local), &repo.root);
    }

    /// Sends results to the file that the options name.
    pub(super) fn redirect(&mut self, output: &OutputArgs) -> Result<(), Failure> {
        if let Some(path) = &output.output {
            let path = self.directory.join(path);
            self.ui
                .redirect(&path)
                .map_err(|e| IoError::new("create", &path, e))?;
        }
        Ok(())
    }

    /// Sends results to the file that the options name, else through a pager on a terminal.
    pub(super) fn redirect_or_page(&mut self, output: &OutputArgs) -> Result<(), Failure> {
        self.redirect(output)?;
        self.ui.page();
        Ok(())
    }

    /// Returns the worktree paths that people gave; none where one of them is the whole worktree.
    pub(crate) fn within(&self, repo: &Repo, given: &[PathBuf]) -> Result<Vec<RepoPath>, Failure> {
        let mut paths = Vec::new();
        for path in given {
            match ops::paths::inside(&repo.root, &self.directory, path)? {
                Some(path) => paths.push(path),
                None => return Ok(Vec::new()),
            }
        }
        Ok(paths)
    }

    /// Tells what could not be taken. Paths that were asked for and not taken are a failure, told
    /// after everything else was done.
    pub(crate) fn findings(
        &mut self,
        findings: &[Finding],
        within: &[RepoPath],
    ) -> Result<Answer, Failure> {
        let mut failed = Vec::new();
        for finding in findings {
            let named = within.contains(&finding.path);
            match (&finding.problem, finding.problem.is_note()) {
                // Pipes and sockets lie about in directories; only a named one is an error.
                (Problem::Special(_), _) if !named => {
                    self.ui
                        .note(&format!("note: {}: {}", finding.path, finding.problem));
                }
                (problem, true) => self.ui.note(&format!("note: {}: {problem}", finding.path)),
                (problem, false) => failed.push((finding.path.clone(), told(problem))),
            }
        }
        if failed.is_empty() {
            return Ok(Answer::Done);
        }
        for (path, why) in &failed {
            ui::complain(&format!("{path}: {why}"));
        }
        Err(ops::Error::Unstaged { paths: failed }.into())
    }

    /// Returns what hears of long work.
    pub(super) fn progress(&self) -> Box<dyn Progress> {
        if self.ui.draws_progress() {
            Box::new(super::render::progress::Bar::default())
        } else if self.ui.tells_progress() {
            Box::new(super::render::progress::Lines::new(ui::complain))
        } else {
            Box::new(Quiet)
        }
    }
}

/// Says whom a writer waits for.
pub(crate) fn waiting(holder: &str) {
    let holder = if holder.is_empty() {
        "another dver"
    } else {
        holder
    };
    ui::complain(&format!("waiting for {holder} to finish"));
}

/// Returns the identity that the repository's settings give.
fn identity(local: &Local) -> Option<String> {
    let mail = local.user_email.as_deref().unwrap_or_default();
    local
        .user_name
        .as_ref()
        .map(|name| format!("{name} <{mail}>"))
}

/// Returns what is the matter with a path, with the system's words.
fn told(problem: &Problem) -> String {
    match std::error::Error::source(problem) {
        Some(source) => format!("{problem}: {source}"),
        None => problem.to_string(),
    }
}
