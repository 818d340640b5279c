//! `gc`: lets go of what nothing names any more, and packs the rest better.
//!
//! Invariant: what the current state, the states of `gc.keep` days and of the last operations, a
//! tag, or a git commit's lock reach, stays. A plan is made first and can be shown; where anything that is to stay is
//! missing or damaged there is no plan. New packs are durable before the operation that lets older
//! ones expire is, and that before a pack goes: whatever stops it, the next gc finishes.

use crate::base::progress::Progress;
use crate::base::{ObjectId, Timestamp};
use crate::githost::{self, Git, Reach};
use crate::history::reach::{self, Closure, Need, Role};
use crate::object::Operation;
use crate::quality::Memory;
use crate::refs::{self, Chain, Change, Current, HeadFile};
use crate::repo::Repo;
use crate::store::{Amount, Live, RepackPlan};

use super::beside_git;
use super::error::Error;
use super::transaction;
use super::watched::Watched;

/// How many visible operations `undo` and `@{N}` can always go back over.
const KEPT_OPERATIONS: usize = 20;
const DAY: i64 = 86_400;

/// How to collect.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcOptions {
    /// For how many days the states of old operations stay, instead of the repository's setting.
    pub keep_days: Option<u32>,
    /// Whether packs that are packed well already are packed anew too.
    pub all: bool,
}

/// What gc will do.
#[derive(Debug)]
pub struct GcPlan {
    /// How many operations expire: they stay in the log, their states go.
    pub expiring: u64,
    /// The oldest operation whose state stays.
    pub oldest: Timestamp,
    /// The last operation that expires, where states go that were kept so far.
    expired: Option<u64>,
    all: bool,
    closure: Closure,
    repack: RepackPlan,
}

impl GcPlan {
    /// Returns what stays.
    pub fn keep(&self) -> Amount {
        self.repack.keep
    }

    /// Returns what goes.
    pub fn delete(&self) -> Amount {
        self.repack.delete
    }

    /// Returns how many packs there are, and how many there will be.
    pub fn packs(&self) -> (usize, usize) {
        (self.repack.packs_before, self.repack.packs_after)
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.repack.is_empty() && self.expired.is_none()
    }
}

/// What gc did.
#[derive(Debug)]
pub struct Collected {
    /// The plan that was carried out.
    pub plan: GcPlan,
    /// How many packs there are now.
    pub packs: usize,
    /// What the packs took on disk before, and take now, in bytes.
    pub disk: (u64, u64),
}

/// Finds out what gc would do, and changes nothing.
pub fn plan(repo: &Repo, options: GcOptions, progress: &dyn Progress) -> Result<GcPlan, Error> {
    progress.begin("looking at what is needed", None);
    let operations: Vec<(ObjectId, Operation)> =
        Chain::from(&repo.store, repo.current.id).collect::<Result<_, _>>()?;
    let days = options.keep_days.unwrap_or(repo.local.gc_keep_days);
    let first = first_kept(&operations, &repo.current.operation, days, repo.actor.now());
    let kept = |(_, operation): &&(ObjectId, Operation)| operation.seq >= first;
    let roots = operations.iter().filter(kept);
    let roots = roots.flat_map(|(_, o)| reach::of_operation(o.view, o.wrote.as_ref()));
    let mut closure = Closure::default();
    closure.extend(&Watched::new(&repo.store, progress), roots.collect())?;
    keep_locked(repo, &mut closure, progress)?;
    // Operations are needed by none of their kind: the log is kept for its own sake.
    operations.iter().for_each(|(id, _)| closure.add(*id));
    let goes = |operation: &Operation| {
        let wrote = operation.wrote.iter().flat_map(|w| [w.before, w.after]);
        let mut names = wrote.chain([operation.view]);
        operation.seq < first
            && !repo.current.operation.has_expired(operation.seq)
            && names.any(|id| !closure.objects.contains(&id))
    };
    let expiring = operations.iter().filter(|(_, o)| goes(o)).count() as u64;
    let oldest = operations.iter().rfind(|(_, o)| o.seq >= first);
    let live = live(&closure, options.all);
    let repack = repo.store.plan_repack(live)?;
    progress.end();
    Ok(GcPlan {
        expiring,
        oldest: oldest.map_or(repo.current.operation.time, |(_, o)| o.time),
        expired: (expiring > 0).then_some(first - 1),
        all: options.all,
        closure,
        repack,
    })
}

/// Adds the versions that git commits name, as long as git keeps those: whoever goes back there
/// must find the data.
fn keep_locked(repo: &Repo, closure: &mut Closure, progress: &dyn Progress) -> Result<(), Error> {
    if beside_git::place(repo).is_none() {
        return Ok(());
    }
    let Some(git) = repo.git()? else {
        // Without an answer all that only git names would go.
        return match Git::is_installed() {
            true => Ok(()),
            false => Err(Error::Git(githost::Error::Start {
                error: std::io::ErrorKind::NotFound.into(),
            })),
        };
    };
    let Some(path) = git.lock_path(&repo.root) else {
        return Ok(());
    };
    for locked in git.locked(&path, Reach::Everything)? {
        let id = locked.data;
        if closure.objects.contains(&id) || !repo.has(&id)? {
            continue;
        }
        let mut version = Closure::default();
        let root = vec![Need::new(Role::Commit, id)];
        // One that is not whole is what a stopped fetch left: the next fetch brings it.
        if version
            .extend(&Watched::new(&repo.store, progress), root)
            .is_ok()
        {
            closure.objects.extend(version.objects);
            closure.manifests.extend(version.manifests);
        }
    }
    Ok(())
}

/// Makes a plan and carries it out.
pub fn gc(
    repo: &mut Repo,
    options: GcOptions,
    progress: &dyn Progress,
    waiting: &mut dyn FnMut(&str),
) -> Result<Collected, Error> {
    let locked = transaction::lock(repo, "gc", waiting)?;
    repo.store.rescan()?;
    let before = size(repo);
    let plan = plan(repo, options, progress)?;
    if !plan.is_empty() {
        carry_out(repo, &locked, &plan, progress)?;
    }
    Ok(Collected {
        plan,
        packs: repo.store.list_packs().len(),
        disk: (before, size(repo)),
    })
}

fn carry_out(
    repo: &mut Repo,
    _locked: &transaction::Locked,
    plan: &GcPlan,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let live = live(&plan.closure, plan.all);
    let tmp = repo.dir.join("tmp");
    let mut writer = repo.store.repack(&plan.repack, live, &tmp, progress)?;
    let mut latest = None;
    if let Some(expired) = plan.expired {
        let change = Change {
            verb: "gc".to_owned(),
            revisions: Vec::new(),
            hidden: true,
            wrote: None,
            user: repo.actor.name().to_owned(),
            time: repo.actor.now(),
            expired: Some(expired),
        };
        let current = &repo.current;
        let view = current.view.clone();
        latest = Some(refs::record(&mut writer, Some(current), view, &current.refs, change)?.0);
    }
    let written = writer.commit()?;
    repo.store
        .check_repacked(&plan.repack, &written, progress)?;
    // From here on the older states have expired, whether or not their objects are gone yet.
    if let Some(latest) = latest {
        HeadFile::new(&repo.dir).write(&latest)?;
        repo.current = Current::read(&repo.store, latest)?;
    }
    repo.store.remove_replaced(&plan.repack, &written)?;
    let memory = Memory::new(&repo.dir.join("cache"), &tmp);
    memory.keep_only(&|id| plan.closure.objects.contains(id));
    repo.catch_up()?;
    Ok(())
}

fn live(closure: &Closure, all_packs: bool) -> Live<'_> {
    Live {
        all_packs,
        objects: &closure.objects,
        manifests: &closure.manifests,
    }
}

fn size(repo: &Repo) -> u64 {
    repo.store.list_packs().iter().map(|pack| pack.size).sum()
}

/// Returns the number of the oldest operation whose state stays: it and all after it do.
///
/// `operations` are in order, the latest first.
fn first_kept(
    operations: &[(ObjectId, Operation)],
    latest: &Operation,
    days: u32,
    now: Timestamp,
) -> u64 {
    let oldest = now.seconds() - i64::from(days) * DAY;
    // Operations whose clock was ahead count as young: what is kept too long does no harm. Without
    // days, clocks play no part.
    let is_young = |operation: &Operation| days > 0 && operation.time.seconds() > oldest;
    let mut first = latest.seq;
    let mut visible = 0;
    for (_, operation) in operations {
        if latest.has_expired(operation.seq) {
            break;
        }
        // The state before the last one that counts is that after the visible one before it.
        if visible <= KEPT_OPERATIONS || is_young(operation) {
            first = operation.seq;
        }
        visible += usize::from(!operation.hidden);
    }
    first
}
