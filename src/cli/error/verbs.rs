//! Words for the errors of verbs.

use super::engines::{
    compared, condition, damage, declared, git, index, measured, reference, remote, repository,
    revision, worktree,
};
use super::{DAMAGE, USAGE, USER, Words, hint};
use crate::attribute;
use crate::object;
use crate::ops;
use crate::ops::analysis::Unclear;

pub(super) fn verb(error: &ops::Error) -> Words {
    use ops::Error as E;
    match error {
        E::AlreadyARepository { .. } => (
            "already_a_repository",
            USER,
            hint("Run `dver status` to see what it versions."),
        ),
        E::Pending { .. } => (
            "pending",
            USER,
            hint(
                "Run `dver checkout --continue` to finish it, or `dver checkout --abort` to go \
                 back.",
            ),
        ),
        E::NothingPending => ("nothing_pending", USER, None),
        E::InTheWay { .. } => (
            "dirty_worktree",
            USER,
            hint(
                "Run `dver commit -a -m MESSAGE` to keep the changes, or `dver restore PATH` to \
                 drop them (`dver undo` brings dropped files back).",
            ),
        ),
        E::Taken { .. } => (
            "exists",
            USER,
            hint("Run `dver rm PATH` first if it may go."),
        ),
        E::NoSuchPath { .. } => (
            "no_such_path",
            USER,
            hint("Run `dver status` or `dver ls REV` to see the paths."),
        ),
        E::Outside { .. } => ("outside", USER, None),
        E::NothingStaged {
            unstaged,
            untracked,
        } => (
            "nothing_staged",
            USER,
            match (unstaged, untracked) {
                (0, 0) => None,
                (0, _) => hint("Run `dver add PATH` to stage the new files."),
                _ => hint("Run `dver commit -a -m MESSAGE` to commit the changed files too."),
            },
        ),
        E::StageMoves => (
            "stage_moves",
            USER,
            hint("Let the other commands end, then commit again."),
        ),
        E::NoIdentity => (
            "no_identity",
            USER,
            hint(
                "Set DVER_AUTHOR='Name <mail>', or run `git config --global user.name NAME` and \
                 `git config --global user.email MAIL`.",
            ),
        ),
        E::Exists { kind: "file", .. } => (
            "exists",
            USER,
            hint("Choose another name, or `dver rm` it first."),
        ),
        E::Exists { .. } => ("exists", USER, hint("Add --force to move it.")),
        E::NoSuchObject { .. } => (
            "no_such_object",
            USER,
            hint("`dver log`, `dver show --json` and `dver ls --json` tell ids of objects."),
        ),
        E::NoSuchRef { kind, .. } => (
            "no_such_ref",
            USER,
            Some(format!("Run `dver {kind}` to list them.")),
        ),
        E::CurrentBranch { .. } => (
            "current_branch",
            USER,
            hint("Run `dver switch BRANCH` to leave it first."),
        ),
        E::NotMerged { name, .. } => (
            "not_merged",
            USER,
            Some(format!(
                "Run `dver branch -D {name}` if its commits may go."
            )),
        ),
        E::NoSuchRemote { known, .. } => (
            "no_such_remote",
            USER,
            if known.is_empty() {
                hint("Run `dver remote add origin DIR` to name one.")
            } else {
                Some(format!("There are: {}.", known.join(", ")))
            },
        ),
        E::NotFastForward { .. } | E::RemoteMoved { .. } => (
            "not_fast_forward",
            USER,
            hint("Run `dver pull` to take them, then push again."),
        ),
        E::Diverged { theirs, .. } => (
            "diverged",
            USER,
            Some(format!(
                "Run `dver diff {theirs}` to compare; `dver switch -c NAME {theirs}` goes to \
                 theirs and keeps yours."
            )),
        ),
        E::NoRemoteBranch { .. } => (
            "no_such_ref",
            USER,
            hint("Run `dver push` to give it this branch."),
        ),
        E::NotCarried(e) => match &e.source {
            object::Error::Io(_) => ("io", USER, None),
            _ => (
                "damaged_remote",
                DAMAGE,
                hint("Nothing was changed. Run `dver fsck` to see whether the damage is here."),
            ),
        },
        E::DamagedThere { .. } => (
            "damaged_remote",
            DAMAGE,
            hint(
                "A clone that has all commits makes a sound one: `dver remote add NAME DIR` with a new \
                 directory, then `dver push NAME`.",
            ),
        ),
        E::NoBranch => (
            "no_branch",
            USER,
            hint("Run `dver switch BRANCH`, or `dver switch -c NAME` to make one here."),
        ),
        E::NotEmpty { .. } => (
            "exists",
            USER,
            hint(
                "Name another directory. If it is a clone that was stopped, run `dver pull` in it.",
            ),
        ),
        E::NoSuchDataset { known, .. } => (
            "no_such_dataset",
            USER,
            if known.is_empty() {
                hint("Run `dver dataset add PATH --key FIELD --label FIELD` to declare one.")
            } else {
                Some(format!("Declared are: {}.", known.join(", ")))
            },
        ),
        E::NotToBeFound { .. } => (
            "not_to_be_found",
            USER,
            hint("docs/find.md says what each kind of `dver find` needs."),
        ),
        E::BadProbabilities { .. } => (
            "bad_probabilities",
            USER,
            hint("docs/find.md, \"Probabilities\", has the formats."),
        ),
        E::Analysis(Unclear::NotOne { found, known }) => (
            "not_one_analysis",
            USER,
            match (found.as_slice(), known.as_slice()) {
                ([], []) => hint("`dver find KIND REV --attach` attaches one."),
                ([], all) | (all, _) => {
                    let all = all
                        .iter()
                        .map(|(kind, id)| format!("{kind} ({})", id.short()));
                    let all = all.collect::<Vec<_>>().join(", ");
                    Some(format!(
                        "Attached are {all}: choose one with --kind, --dataset or --analysis."
                    ))
                }
            },
        ),
        E::Analysis(Unclear::NoSuchCount { known, .. }) => (
            "no_such_count",
            USER,
            match known.is_empty() {
                true => hint("`dver find KIND REV --attach` attaches an analysis."),
                false => Some(format!("There are: {}.", known.join(", "))),
            },
        ),
        E::NoSuchRecord { .. } => ("no_such_record", USER, None),
        E::NoRatings { .. } => (
            "no_ratings",
            USER,
            hint(
                "Declare what several records rate (`item = [\"FIELD\"]`, `annotator = \"FIELD\"`), \
                 or each annotator's column as a label field.",
            ),
        ),
        E::DifferentQuestions { .. } => (
            "no_ratings",
            USER,
            hint(
                "Several label fields are read as several annotators: declare an item field where they are several questions.",
            ),
        ),
        E::TooManyClasses { .. } => ("too_many_classes", USER, hint("Use --consensus majority.")),
        E::NoGuideline { .. } => (
            "no_guideline",
            USER,
            hint(
                "Write `guideline = \"PATH\"` or `guideline = { field = \"FIELD\" }` into its table in dver.toml.",
            ),
        ),
        E::ScaleNeedsNumbers { .. } => (
            "scale",
            USER,
            hint("Use --scale nominal, or ordinal where the declared classes are ordered."),
        ),
        E::ScaleNeedsOrder { .. } => (
            "scale",
            USER,
            hint(
                "Write `classes = { values = [\"low\", \"high\"], ordered = true }` into its table in dver.toml.",
            ),
        ),
        E::Usage(_) => ("usage", USAGE, None),
        E::Where(e) => condition(e),
        E::NotCarriedOver { .. } => (
            "not_carried_over",
            USER,
            hint("Narrow the condition, or leave --where out to take the file as a whole."),
        ),
        E::ReadsOtherwise { .. } => (
            "reads_otherwise",
            USER,
            hint("Leave --where out to take the file as a whole."),
        ),
        E::NoRecords { .. } => (
            "no_records",
            USER,
            hint(
                "--where is about records: `dver dataset list` shows the data sets. Leave it out to take whole files.",
            ),
        ),
        E::WorkList { .. } => (
            "bad_work_list",
            USER,
            hint("docs/apply.md shows lists; `dver find ... --format csv` makes one."),
        ),
        E::PredictionList { .. } => (
            "bad_predictions",
            USER,
            hint("docs/evaluation.md shows such a file; --column names the predicted class."),
        ),
        E::NoPrediction { .. } => (
            "no_prediction",
            USER,
            hint("Predict these too, or leave them out with `test = \"CONDITION\"`."),
        ),
        E::NoTestRecords { .. } => (
            "no_test_records",
            USER,
            hint("Look at `test` in its [eval] table and at the labels."),
        ),
        E::CommandFailed { log, .. } => (
            "command_failed",
            USER,
            Some(format!("All that it printed is in {}.", log.display())),
        ),
        E::NoSuchScore { nearest, .. } => (
            "no_such_score",
            USER,
            match nearest {
                Some(name) => Some(format!("Is it `{name}`? docs/evaluation.md has all names.")),
                None => hint("docs/evaluation.md has all names."),
            },
        ),
        E::NothingToRun { known } => (
            "nothing_to_run",
            USER,
            match known.is_empty() {
                true => hint("An `[eval.NAME]` table declares one; docs/evaluation.md shows it."),
                false => hint("Run `dver eval import FILE` to score predictions."),
            },
        ),
        E::NotEvaluated { .. } => (
            "not_evaluated",
            USER,
            hint("docs/evaluation.md says what learners need."),
        ),
        E::NotTraced { source, .. } => not_traced(source),
        E::NoSuchEvaluation { known, .. } => (
            "no_such_evaluation",
            USER,
            match known.as_slice() {
                [] => hint("An `[eval.NAME]` table in dver.toml declares an evaluation."),
                names => Some(format!("Choose with --name: {}.", names.join(", "))),
            },
        ),
        E::NotEvaluatedYet { known, .. } => (
            "not_evaluated",
            USER,
            match known.as_slice() {
                [] => hint("`dver eval import FILE` attaches one."),
                names => Some(format!("Choose with --name: {}.", names.join(", "))),
            },
        ),
        E::NothingToUndo => ("nothing_to_undo", USER, None),
        E::Expired { .. } => (
            "expired",
            USER,
            hint("`dver op log` marks what has expired; `dver log` shows the versions there are."),
        ),
        E::Incomplete(e) => match damage(&e.source) {
            (kind, DAMAGE, _) => (
                kind,
                DAMAGE,
                hint("Run `dver fsck` to see what is damaged, who needs it and what repairs it."),
            ),
            words => words,
        },
        E::AmbiguousHead { candidates } => (
            "ambiguous_head",
            DAMAGE,
            Some(format!(
                "Run `dver fsck --restore-head=ID` with one of: {}.",
                listed(candidates)
            )),
        ),
        E::NoHead { .. } => (
            "no_head",
            USER,
            hint("Run `dver fsck --restore-head` to find the latest complete operation."),
        ),
        E::Unstaged { .. } => (
            "unstaged",
            USER,
            hint("Run the command again for these files."),
        ),
        E::NotWritten { .. } => (
            "not_written",
            USER,
            hint("They changed meanwhile. `dver status` says whether a checkout is unfinished."),
        ),
        E::Repo(e) => repository(e),
        E::Refs(e) => reference(e),
        E::Remote(e) => remote(e),
        E::History(e) => revision(e),
        E::Object(e) => damage(e),
        E::Index(e) => index(e),
        E::Config(_) => (
            "config",
            USER,
            hint("docs/cli.md lists what dver.toml may hold."),
        ),
        E::Dataset(e) => declared(e),
        E::Worktree(e) => worktree(e),
        E::Diff(e) => compared(e),
        E::Quality(e) => measured(e),
        E::NotHere { .. } => (
            "data_not_here",
            USER,
            hint(
                "Run `dver fetch` to bring it from the remote; whoever made it gives it there with \
                 `dver push`.",
            ),
        ),
        E::LockedElsewhere { remote, .. } => (
            "locked_elsewhere",
            USER,
            match remote {
                None => hint(
                    "Run `dver remote add origin DIR` with the directory that your team pushes \
                     data to, then `dver checkout --lock`.",
                ),
                Some(_) => hint(
                    "Whoever made that git commit has it: their `dver push` gives it to the remote.",
                ),
            },
        ),
        E::SharedHooks { .. } => (
            "shared_hooks",
            USER,
            hint(
                "`dver hook install --shared` installs there all the same (it does nothing where \
                 there is no data); `git config core.hooksPath .git/hooks` gives this repository \
                 hooks of its own.",
            ),
        ),
        E::BranchTaken { .. } => (
            "branch_taken",
            USER,
            hint("Work in that worktree, or `dver switch -c NAME` to make another branch here."),
        ),
        E::OfAnotherWorktree { .. } => ("other_worktree", USER, hint("Run `dver undo` there.")),
        E::NotKept { .. } => (
            "lock",
            USER,
            hint("Run `dver reset` when the file can be written: it writes dver.lock for HEAD."),
        ),
        E::NoGit { .. } => (
            "no_git",
            USER,
            hint("Run it in the directory of a git repository, or `git init` one."),
        ),
        E::Git(e) => git(e),
        E::Io(_) => ("io", USER, None),
    }
}

fn listed(candidates: &[ops::HeadCandidate]) -> String {
    let one = |c: &ops::HeadCandidate| format!("{} ({} {} of {})", c.id, c.seq, c.verb, c.time);
    candidates.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn not_traced(error: &attribute::Error) -> Words {
    use attribute::Error as E;
    match error {
        E::NoCommonTest => (
            "no_common_test",
            USER,
            hint("A change is split over versions that share test records: name two nearer ones."),
        ),
        E::Undefined => (
            "undefined",
            USER,
            hint("Trace accuracy instead: it has a value wherever there are test records."),
        ),
        E::TooManyGroups { .. } => (
            "too_many_groups",
            USER,
            hint(
                "Split by fewer groups (--by transition), or allow more models (--evaluations N).",
            ),
        ),
        E::TooMuchChanged => (
            "too_much_changed",
            USER,
            hint("Leave --explain out, or trace a shorter range of commits."),
        ),
        E::Inconsistent { .. } | E::DoesNotAddUp { .. } => (
            "internal",
            DAMAGE,
            hint(
                "This is a defect of dver: no answer is better than a wrong one. Please report it.",
            ),
        ),
    }
}
