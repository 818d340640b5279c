//! What can go wrong with a verb: the error that programs using the library see.

use std::path::PathBuf;

use crate::attribute;
use crate::base::{IoError, ObjectId, RepoPath, Timestamp};
use crate::config;
use crate::dataset;
use crate::diff;
use crate::githost;
use crate::history;
use crate::index;
use crate::object;
use crate::quality;
use crate::refs;
use crate::remote;
use crate::repo;
use crate::worktree;

/// A verb that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `init` where there is a repository.
    #[error("{} holds a dver repository already", path.display())]
    AlreadyARepository {
        /// The worktree.
        path: PathBuf,
    },
    /// A checkout began and did not end.
    #[error("a {verb} began and did not end: files may be of two versions")]
    Pending {
        /// The command that began it.
        verb: String,
    },
    /// There is no such checkout.
    #[error("there is no unfinished checkout")]
    NothingPending,
    /// Files have changes that a checkout would overwrite.
    #[error("{} in the way: {}", in_the_way(paths.len()), list(paths))]
    InTheWay {
        /// The files.
        paths: Vec<RepoPath>,
    },
    /// A move to paths that versioned files have.
    #[error("there is a file already: {}", list(paths))]
    Taken {
        /// The files.
        paths: Vec<RepoPath>,
    },
    /// No file of the worktree, the stage or HEAD has that path.
    #[error("`{path}` matches no file")]
    NoSuchPath {
        /// As it was given.
        path: String,
    },
    /// A path outside the worktree.
    #[error("{} is not inside the worktree {}", path.display(), root.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// The worktree's root.
        root: PathBuf,
    },
    /// No pack holds an object of that id.
    #[error("there is no object {id}")]
    NoSuchObject {
        /// As it was given.
        id: ObjectId,
    },
    /// Nothing to commit.
    #[error("nothing is staged")]
    NothingStaged {
        /// Files that changed but are not staged.
        unstaged: usize,
        /// Files that are not versioned.
        untracked: usize,
    },
    /// What is staged changed again and again while it was evaluated.
    #[error("what is staged keeps changing while it is evaluated")]
    StageMoves,
    /// Nobody to name as the author.
    #[error("nobody is named as the author")]
    NoIdentity,
    /// A branch, a tag, or the file that another shall become, exists.
    #[error("the {kind} `{name}` exists already")]
    Exists {
        /// `branch`, `tag` or `file`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A branch or tag that does not exist.
    #[error("there is no {kind} `{name}`")]
    NoSuchRef {
        /// `branch` or `tag`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A branch that cannot go because HEAD stands on it.
    #[error("HEAD stands on the branch `{name}`")]
    CurrentBranch {
        /// Its name.
        name: String,
    },
    /// A branch whose commits no other name reaches.
    #[error("the branch `{name}` has commits that no other branch or tag reaches")]
    NotMerged {
        /// Its name.
        name: String,
        /// Its commit.
        tip: ObjectId,
    },
    /// No remote of that name, or none at all.
    #[error("{}", no_remote(name))]
    NoSuchRemote {
        /// As it was given, where it was.
        name: Option<String>,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A branch of the remote has commits that the pushed one does not.
    #[error("the branch `{branch}` of {remote} has commits that yours does not")]
    NotFastForward {
        /// Its name.
        branch: String,
        /// The remote.
        remote: String,
        /// Whether this clone has those commits.
        known: bool,
    },
    /// The current branch and the remote's have each gone on by themselves.
    #[error("`{branch}` and {theirs} have diverged: yours has {ours} commits that it lacks")]
    Diverged {
        /// The branch.
        branch: String,
        /// The remote's.
        theirs: String,
        /// How many commits of ours it lacks.
        ours: usize,
    },
    /// The remote's head was moved during a push.
    #[error("the remote {remote} was changed by someone else meanwhile")]
    RemoteMoved {
        /// The remote.
        remote: String,
    },
    /// The remote has no such branch.
    #[error("the remote {remote} has no branch `{branch}`")]
    NoRemoteBranch {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// Between a clone and a remote something is needed and cannot be had.
    #[error("nothing was changed: what is needed is not all there")]
    NotCarried(#[source] Box<history::reach::Incomplete>),
    /// What a remote gives is damaged there.
    #[error("the remote {address} is damaged; nothing was changed here")]
    DamagedThere {
        /// Its address.
        address: String,
        /// What is damaged.
        source: Box<object::Error>,
    },
    /// HEAD stands on no branch.
    #[error("HEAD stands on no branch")]
    NoBranch,
    /// A directory that a clone cannot become.
    #[error("{} exists and is not empty", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// No data set of that name.
    #[error("there is no data set `{name}`")]
    NoSuchDataset {
        /// As it was given.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A data set that lacks what `find` looks for.
    #[error("nothing can be found in `{dataset}`: {reason}")]
    NotToBeFound {
        /// The data set.
        dataset: String,
        /// What it lacks.
        reason: String,
    },
    /// A file of probabilities that does not read, or not as those of the data set.
    #[error("{}: {reason}", path.display())]
    BadProbabilities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// About what is attached.
    #[error(transparent)]
    Analysis(#[from] super::analysis::Unclear),
    /// No record with that key in the history.
    #[error("no version of `{dataset}` has a record with the key {}", key.join(", "))]
    NoSuchRecord {
        /// The data set.
        dataset: String,
        /// The key.
        key: Vec<String>,
    },
    /// No data set, or not this one, holds several ratings of an item.
    #[error("{} several ratings of an item", no_ratings(.dataset))]
    NoRatings {
        /// The data set that was asked for.
        dataset: Option<String>,
    },
    /// Label fields that are no annotators of one question.
    #[error("the label fields `{}` and `{}` of `{dataset}` have no class in common", fields.0, fields.1)]
    DifferentQuestions {
        /// The data set.
        dataset: String,
        /// Two of its label fields.
        fields: (String, String),
    },
    /// A model over more classes and annotators than memory shall hold.
    #[error("{classes} classes and {annotators} annotators are too many for Dawid-Skene")]
    TooManyClasses {
        /// How many classes there are.
        classes: usize,
        /// How many annotators there are.
        annotators: usize,
    },
    /// A data set without a guideline.
    #[error("`{dataset}` declares no guideline")]
    NoGuideline {
        /// The data set.
        dataset: String,
    },
    /// A scale of numbers over labels that are none.
    #[error("the label `{field}` has the value `{value}`: a scale of kind {scale} needs numbers")]
    ScaleNeedsNumbers {
        /// The scale.
        scale: &'static str,
        /// The label field.
        field: String,
        /// A value that is no number.
        value: String,
    },
    /// An ordinal scale over classes whose order is not known.
    #[error("the classes of `{field}` have no order")]
    ScaleNeedsOrder {
        /// The label field.
        field: String,
    },
    /// A combination of options that means nothing.
    #[error("{0}")]
    Usage(String),
    /// A condition that does not parse, or names what is not there.
    #[error(transparent)]
    Where(#[from] Box<dataset::WhereError>),
    /// A change that cannot be carried over to the other version's file.
    #[error("record {key} of `{path}`: {reason}")]
    NotCarriedOver {
        /// The file.
        path: RepoPath,
        /// The record.
        key: String,
        /// Why not.
        reason: String,
    },
    /// A file that would read otherwise with some of the changes.
    #[error("`{path}` would read otherwise with these changes alone")]
    ReadsOtherwise {
        /// The file.
        path: RepoPath,
    },
    /// Paths without records, where a condition on records was given.
    #[error("no data set has records in {}", list(paths))]
    NoRecords {
        /// The paths.
        paths: Vec<RepoPath>,
    },
    /// A work list that does not read.
    #[error("`{name}` does not read as a work list: {}{reason}", place_of(*place))]
    WorkList {
        /// What the list is called.
        name: String,
        /// Which record or line of it, counted from 1; 0 for the whole.
        place: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file of predictions that does not read.
    #[error("`{name}` does not read as predictions: {}{reason}", place_of(*place))]
    PredictionList {
        /// What the file is called.
        name: String,
        /// Which record of it, counted from 1; 0 for the whole.
        place: u64,
        /// What is wrong.
        reason: String,
    },
    /// Test records that a model said nothing of.
    #[error("{missed} test records have no prediction, the first with the key {}", key.join(", "))]
    NoPrediction {
        /// How many there are.
        missed: u64,
        /// The key of the first.
        key: Vec<String>,
    },
    /// An evaluation without test records.
    #[error("no record with a label is a test record of `{name}`")]
    NoTestRecords {
        /// The evaluation.
        name: String,
    },
    /// A command of an evaluation that failed.
    #[error("the command of `{name}` failed: {how}{}", printed_words(.printed))]
    CommandFailed {
        /// The evaluation.
        name: String,
        /// How it ended.
        how: String,
        /// The end of what it printed.
        printed: String,
        /// Where all that it printed is.
        log: PathBuf,
    },
    /// A score that there is not.
    #[error("there is no score `{name}`")]
    NoSuchScore {
        /// As it was given.
        name: String,
        /// The nearest one that there is.
        nearest: Option<String>,
    },
    /// No evaluation is declared that could be run.
    #[error("{}", nothing_to_run(.known))]
    NothingToRun {
        /// Those that are declared, all of model `import`.
        known: Vec<String>,
    },
    /// An evaluation that cannot be made of a version.
    #[error("`{name}` cannot be evaluated: {reason}")]
    NotEvaluated {
        /// The evaluation.
        name: String,
        /// What the version lacks.
        reason: String,
    },
    /// A score whose change cannot be split.
    #[error("the change of `{name}` cannot be traced")]
    NotTraced {
        /// The evaluation and the score.
        name: String,
        /// Why.
        #[source]
        source: attribute::Error,
    },
    /// An evaluation that is not declared, or not named where there are several.
    #[error("{}", no_evaluation(.name))]
    NoSuchEvaluation {
        /// As it was given.
        name: Option<String>,
        /// Those that are declared.
        known: Vec<String>,
    },
    /// A version without the stored evaluation that is asked for, or with several.
    #[error("{}", not_evaluated_yet(.name, known.len()))]
    NotEvaluatedYet {
        /// As it was given.
        name: Option<String>,
        /// Those that are attached.
        known: Vec<String>,
    },
    /// Nothing that could be undone.
    #[error("there is nothing to undo")]
    NothingToUndo,
    /// An operation whose state gc has let go of.
    #[error("operation {seq} has expired: gc has let go of the state after it")]
    Expired {
        /// Its number.
        seq: u64,
    },
    /// gc met something that is needed and cannot be had.
    #[error("nothing was deleted: what is needed is not all there")]
    Incomplete(#[from] Box<history::reach::Incomplete>),
    /// Several operations may have been the latest.
    #[error("{} operations may have been the latest", candidates.len())]
    AmbiguousHead {
        /// They, with their numbers, times and verbs.
        candidates: Vec<HeadCandidate>,
    },
    /// An operation that was chosen cannot become the latest.
    #[error("operation {} cannot be the latest: {reason}", id.short())]
    NoHead {
        /// The operation.
        id: ObjectId,
        /// Why not.
        reason: &'static str,
    },
    /// Some files could not be staged; the others were.
    #[error("{} could not be staged", list(&paths.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()))]
    Unstaged {
        /// The files, each with the reason.
        paths: Vec<(RepoPath, String)>,
    },
    /// Some files could not be kept or written.
    #[error("{} could not be written", list(&paths.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()))]
    NotWritten {
        /// The files, each with the reason.
        paths: Vec<(RepoPath, String)>,
    },
    /// A repository that cannot be opened or read.
    #[error(transparent)]
    Repo(#[from] repo::Error),
    /// State that cannot be read or written.
    #[error(transparent)]
    Refs(#[from] refs::Error),
    /// A remote that cannot be read or written.
    #[error(transparent)]
    Remote(#[from] remote::Error),
    /// A revision that names nothing.
    #[error(transparent)]
    History(#[from] history::Error),
    /// An object that is missing or damaged.
    #[error(transparent)]
    Object(#[from] object::Error),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// dver.toml or config.toml does not parse.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// The worktree cannot be read or written.
    #[error(transparent)]
    Worktree(#[from] worktree::Error),
    /// A diff failed.
    #[error(transparent)]
    Diff(#[from] diff::Error),
    /// A metric is not known.
    #[error(transparent)]
    Quality(#[from] quality::Error),
    /// A version that a lock file names is not in this repository.
    #[error("version {} is not here", id.short())]
    NotHere {
        /// The dver commit.
        id: ObjectId,
    },
    /// The lock names a version that is not in this clone.
    #[error("dver.lock names {}, which is not here{}", commit.short(), at_remote(remote))]
    LockedElsewhere {
        /// The version.
        commit: ObjectId,
        /// The remote that was asked, if any.
        remote: Option<String>,
    },
    /// git's hooks lie where other repositories may use them.
    #[error("git's hooks are in {}, which other repositories may use", directory.display())]
    SharedHooks {
        /// The directory.
        directory: PathBuf,
    },
    /// A branch that another worktree stands on.
    #[error("another worktree stands on the branch `{name}`")]
    BranchTaken {
        /// The branch.
        name: String,
    },
    /// The last operation was another worktree's.
    #[error("the last operation, `{verb}`, is of another worktree")]
    OfAnotherWorktree {
        /// What it was.
        verb: String,
    },
    /// The verb is done, but `dver.lock` or .gitignore does not say so.
    #[error("it is done, but git does not know of it")]
    NotKept {
        /// Why not.
        source: IoError,
    },
    /// The directory is in no git worktree.
    #[error("{} is not inside a git repository", path.display())]
    NoGit {
        /// The directory.
        path: PathBuf,
    },
    /// git failed, or what it keeps cannot be read.
    #[error(transparent)]
    Git(#[from] githost::Error),
    /// The machine failed.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl From<dataset::WhereError> for Error {
    fn from(error: dataset::WhereError) -> Self {
        Self::Where(Box::new(error))
    }
}

/// An operation that may have been the latest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeadCandidate {
    /// Its id.
    pub id: ObjectId,
    /// Its number.
    pub seq: u64,
    /// When it was.
    pub time: Timestamp,
    /// What it was.
    pub verb: String,
}

fn at_remote(remote: &Option<String>) -> String {
    match remote {
        Some(name) => format!(", nor at the remote `{name}`"),
        None => String::new(),
    }
}

fn no_remote(name: &Option<String>) -> String {
    match name {
        Some(name) => format!("there is no remote `{name}`"),
        None => "no remote is chosen".to_owned(),
    }
}

fn no_ratings(dataset: &Option<String>) -> String {
    match dataset {
        Some(name) => format!("`{name}` does not hold"),
        None => "no data set holds".to_owned(),
    }
}

fn no_evaluation(name: &Option<String>) -> String {
    match name {
        Some(name) => format!("the version declares no evaluation `{name}`"),
        None => "the version does not declare exactly one evaluation".to_owned(),
    }
}

fn nothing_to_run(known: &[String]) -> String {
    match known {
        [] => "dver.toml declares no evaluation".to_owned(),
        _ => "dver.toml declares only evaluations of model `import`".to_owned(),
    }
}

fn printed_words(printed: &str) -> String {
    match printed {
        "" => String::new(),
        text => format!("; it printed last:\n{text}"),
    }
}

fn not_evaluated_yet(name: &Option<String>, known: usize) -> String {
    match (name, known) {
        (Some(name), _) => format!("no evaluation `{name}` is attached to the version"),
        (None, 0) => "no evaluation is attached to the version".to_owned(),
        (None, _) => "several evaluations are attached to the version".to_owned(),
    }
}

fn place_of(place: u64) -> String {
    match place {
        0 => String::new(),
        place => format!("record {place}: "),
    }
}

fn in_the_way(count: usize) -> String {
    match count {
        1 => "1 file with uncommitted changes is".to_owned(),
        n => format!("{n} files with uncommitted changes are"),
    }
}

fn list(paths: &[RepoPath]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .take(5)
        .map(|path| format!("`{path}`"))
        .collect();
    let more = paths.len().saturating_sub(5);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}
