//! Two versions as a game: their records, what changed, and who plays.
//!
//! Invariant: whether a change is made is one bit of one player. With no player applied the game
//! is the older version, with all of them the newer one, and in between no record is on both sides
//! because it moved.

use super::cause::Cause;
use super::error::Error;
use crate::learn::Rows;

/// What a record is in one version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Whether it is a training record.
    pub trains: bool,
    /// Whether it is a test record.
    pub tests: bool,
    /// Its class, by the names of the newer version.
    pub label: u32,
    /// Its features: the place of a row. Where features are the same, the row is the same.
    pub row: u32,
}

/// A record of either version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// What identifies it, in both versions; no two records have the same.
    pub id: u128,
    /// What it is in the older version; `None` where it is neither training nor test record.
    pub from: Option<Place>,
    /// What it is in the newer version.
    pub to: Option<Place>,
    /// Whether its label is another one because a class was split or merged.
    pub vocabulary: bool,
    /// The group that it is told with, within its cause.
    pub group: u32,
}

/// The records of two versions.
#[derive(Clone, Debug)]
pub struct Versions {
    /// All rows of features.
    pub rows: Rows,
    /// How many classes there are.
    pub classes: usize,
    /// The records.
    pub records: Vec<Record>,
}

/// A training or test record, and who decides which of its two states it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) record: u32,
    /// Class and row.
    pub(super) from: Option<(u32, u32)>,
    pub(super) to: Option<(u32, u32)>,
    /// `None` where both states are the same.
    pub(super) player: Option<u32>,
}

impl Entry {
    /// Returns whether its change is made.
    pub(super) fn applied(&self, applied: &[bool]) -> bool {
        self.player.is_some_and(|player| applied[player as usize])
    }

    /// Returns class and row; `None` where it is absent.
    pub(super) fn state(&self, applied: &[bool]) -> Option<(u32, u32)> {
        match self.applied(applied) {
            true => self.to,
            false => self.from,
        }
    }
}

/// A group of changes of one cause, which are made together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Player {
    pub(super) cause: Cause,
    pub(super) group: u32,
    pub(super) records: u64,
}

/// A row that the model is asked about: that of a test record in one of its states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Question {
    pub(super) record: u32,
    pub(super) row: u32,
    /// Whether the record stands as in the newer version; where it does in both, `false`.
    pub(super) newer: bool,
}

/// Two versions, ready to be played.
pub(super) struct Game<'a> {
    pub(super) versions: &'a Versions,
    /// The training records in the order of their ids.
    pub(super) train: Vec<Entry>,
    /// The test records in the order of their ids.
    pub(super) test: Vec<Entry>,
    /// For each test record its questions in the older and in the newer state.
    pub(super) asked: Vec<[Option<u32>; 2]>,
    pub(super) questions: Vec<Question>,
    /// The players, by cause and group.
    pub(super) players: Vec<Player>,
}

/// Which changes are made together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Together {
    /// All of a cause.
    Cause,
    /// Those of a group of records, within a cause; all that moved between the sides.
    Group,
    /// Those of a record.
    Record,
}

impl<'a> Game<'a> {
    /// Finds the players.
    pub(super) fn new(versions: &'a Versions, together: Together) -> Result<Self, Error> {
        check(versions)?;
        let replaced = replaced(&versions.records);
        let mut order: Vec<usize> = (0..versions.records.len()).collect();
        order.sort_by_key(|&at| versions.records[at].id);
        let mut found: Vec<(Entry, bool, Option<Cause>)> = Vec::new();
        for &at in &order {
            let record = &versions.records[at];
            for trains in [true, false] {
                let side = |place: Option<Place>| {
                    let place = place.filter(|p| if trains { p.trains } else { p.tests })?;
                    Some((place.label, place.row))
                };
                let (from, to) = (side(record.from), side(record.to));
                if from.is_none() && to.is_none() {
                    continue;
                }
                let entry = Entry {
                    record: at as u32,
                    from,
                    to,
                    player: None,
                };
                let cause = (from != to).then(|| cause(record, trains, (from, to), replaced));
                found.push((entry, trains, cause));
            }
        }
        let who = |entry: &Entry, cause: Cause| {
            let group = match together {
                Together::Record => entry.record,
                Together::Group if cause != Cause::SplitMoved => {
                    versions.records[entry.record as usize].group
                }
                Together::Group | Together::Cause => 0,
            };
            (cause, group)
        };
        let mut players: Vec<Player> = Vec::new();
        let mut seen: Vec<(Cause, u32, u32)> = (found.iter())
            .filter_map(|(entry, _, cause)| {
                let (cause, group) = who(entry, (*cause)?);
                Some((cause, group, entry.record))
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        for (cause, group, _) in seen {
            match players.last_mut() {
                Some(last) if (last.cause, last.group) == (cause, group) => last.records += 1,
                _ => players.push(Player {
                    cause,
                    group,
                    records: 1,
                }),
            }
        }
        let place = |cause: Cause, group: u32| {
            let found = players.binary_search_by(|p| (p.cause, p.group).cmp(&(cause, group)));
            found.ok().map(|at| at as u32)
        };
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (mut entry, trains, cause) in found {
            if let Some(cause) = cause {
                let (cause, group) = who(&entry, cause);
                entry.player = place(cause, group);
            }
            if trains { &mut train } else { &mut test }.push(entry);
        }
        let (asked, questions) = questions(&test);
        Ok(Self {
            versions,
            train,
            test,
            asked,
            questions,
            players,
        })
    }

    /// Returns the live causes with their players.
    pub(super) fn causes(&self) -> Vec<(Cause, std::ops::Range<usize>)> {
        let mut out: Vec<(Cause, std::ops::Range<usize>)> = Vec::new();
        for (at, player) in self.players.iter().enumerate() {
            match out.last_mut() {
                Some((cause, range)) if *cause == player.cause => range.end = at + 1,
                _ => out.push((player.cause, at..at + 1)),
            }
        }
        out
    }
}

fn check(versions: &Versions) -> Result<(), Error> {
    let places = || {
        let records = versions.records.iter();
        records.flat_map(|record| record.from.iter().chain(&record.to))
    };
    let rows = versions.rows.len();
    if let Some(place) = places().find(|place| place.row as usize >= rows) {
        return Err(Error::Inconsistent {
            what: format!("there is no row {}", place.row),
        });
    }
    if let Some(place) = places().find(|place| place.label as usize >= versions.classes) {
        return Err(Error::Inconsistent {
            what: format!("there is no class {}", place.label),
        });
    }
    let mut ids: Vec<u128> = versions.records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    match ids.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(Error::Inconsistent {
            what: "two records have one id".to_owned(),
        }),
        false => Ok(()),
    }
}

/// Returns whether a record changed sides, and is on neither of them twice.
fn moved(record: &Record) -> bool {
    let (Some(from), Some(to)) = (record.from, record.to) else {
        return false;
    };
    let across =
        |old: (bool, bool), new: (bool, bool)| old == (true, false) && new == (false, true);
    across((from.trains, from.tests), (to.trains, to.tests))
        || across((from.tests, from.trains), (to.tests, to.trains))
}

/// Returns whether most of the older training records are gone, and new ones came.
fn replaced(records: &[Record]) -> bool {
    let (mut before, mut removed, mut added) = (0u64, 0u64, 0u64);
    for record in records {
        let trains = |place: Option<Place>| place.is_some_and(|place| place.trains);
        let (old, new) = (trains(record.from), trains(record.to));
        before += u64::from(old);
        if !moved(record) {
            removed += u64::from(old && !new);
            added += u64::from(new && !old);
        }
    }
    added > 0 && removed * 2 > before
}

/// A state of a record on one side: class and row.
type State = Option<(u32, u32)>;

fn cause(record: &Record, trains: bool, (from, to): (State, State), replaced: bool) -> Cause {
    let pick = |of_train, of_test| if trains { of_train } else { of_test };
    match (from, to) {
        _ if moved(record) => Cause::SplitMoved,
        (None, _) if trains && replaced => Cause::TrainReplaced,
        (_, None) if trains && replaced => Cause::TrainReplaced,
        (None, _) => pick(Cause::TrainAdded, Cause::TestAdded),
        (_, None) => pick(Cause::TrainRemoved, Cause::TestRemoved),
        (Some(from), Some(to)) if from.1 != to.1 => pick(Cause::TrainFeatures, Cause::TestFeatures),
        _ if record.vocabulary => Cause::Vocabulary,
        _ => pick(Cause::TrainRelabel, Cause::TestRelabel),
    }
}

fn questions(test: &[Entry]) -> (Vec<[Option<u32>; 2]>, Vec<Question>) {
    let mut questions: Vec<Question> = Vec::new();
    let mut ask = |record: u32, row: u32, newer: bool| {
        questions.push(Question { record, row, newer });
        Some(questions.len() as u32 - 1)
    };
    let asked = test.iter().map(|entry| match (entry.from, entry.to) {
        (Some((_, old)), Some((_, new))) if old == new => {
            let both = ask(entry.record, old, false);
            [both, both]
        }
        (from, to) => [
            from.and_then(|(_, row)| ask(entry.record, row, false)),
            to.and_then(|(_, row)| ask(entry.record, row, true)),
        ],
    });
    (asked.collect(), questions)
}
