//! Nearest neighbours without searching again: a question sees only the records among its
//! nearest, so a coalition is told by walking a short list.
//!
//! The list of a question holds, nearest first, the records that are there in every coalition, up
//! to the k-th, and those between them that are there in some. Of the records that one player
//! brings or takes away together, those behind the k-th can never be seen.

use rayon::prelude::*;

use super::super::cause::Cause;
use super::super::versions::{Entry, Game};
use super::Engine;
use super::refit::asked;
use crate::learn::{Nearest, Neighbours, vote};

/// A record near a question.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::attribute) struct Near {
    /// The training record: its place in the game.
    pub(in crate::attribute) entry: u32,
    pub(in crate::attribute) player: Option<u32>,
    /// Its class before the player's change; `None` where it is not there then.
    pub(in crate::attribute) from: Option<u32>,
    /// Its class after it.
    pub(in crate::attribute) to: Option<u32>,
}

impl Near {
    fn class(&self, applied: &dyn Fn(u32) -> bool) -> Option<u32> {
        match self.player.is_some_and(applied) {
            true => self.to,
            false => self.from,
        }
    }
}

/// The neighbours of all questions.
pub(in crate::attribute) struct Local {
    most: usize,
    lists: Vec<Vec<Near>>,
    movers: Vec<Vec<u32>>,
    /// The answers where no change is made.
    before: Vec<u32>,
}

/// A training record that is not there, or has not these features, in every coalition.
struct Variant {
    near: Near,
    row: usize,
}

/// How many changed records a question may see on average.
const MOST_SEEN: usize = 48;

impl Local {
    /// Returns whether lists are short: where most training records come and go each by itself,
    /// there is no end to them.
    pub(in crate::attribute) fn is_short(game: &Game<'_>, learner: Nearest) -> bool {
        let always = |entry: &Entry| match (entry.from, entry.to) {
            (Some(from), Some(to)) => from.1 == to.1,
            _ => false,
        };
        let fixed = game.train.iter().filter(|entry| always(entry)).count();
        let mut alone = vec![0usize; game.players.len()];
        for entry in game.train.iter().filter(|entry| !always(entry)) {
            if let Some(player) = entry.player {
                alone[player as usize] += 1;
            }
        }
        let most = learner.neighbours.max(1);
        // Of what one player brings or takes away together, no more than the nearest are seen.
        let players = alone.iter().filter(|count| **count > 0).count();
        let seen = alone.iter().sum::<usize>().saturating_mul(most) / fixed.max(1);
        players <= MOST_SEEN || fixed >= most && seen <= MOST_SEEN
    }

    pub(in crate::attribute) fn new(game: &Game<'_>, learner: Nearest) -> Self {
        let most = learner.neighbours.max(1);
        let questions = asked(game);
        let (mut always, mut rows, mut variants) = (Vec::new(), Vec::new(), Vec::new());
        for (at, entry) in game.train.iter().enumerate() {
            let near = |from, to| Near {
                entry: at as u32,
                player: entry.player,
                from,
                to,
            };
            match (entry.from, entry.to) {
                (Some((old, row)), Some((new, same))) if row == same => {
                    always.push(near(Some(old), Some(new)));
                    rows.push(row as usize);
                }
                (from, to) => {
                    variants.extend(from.map(|(class, row)| Variant {
                        near: near(Some(class), None),
                        row: row as usize,
                    }));
                    variants.extend(to.map(|(class, row)| Variant {
                        near: near(None, Some(class)),
                        row: row as usize,
                    }));
                }
            }
        }
        let fixed = Neighbours::new(&game.versions.rows.select(&rows));
        let found = fixed.of_all(&questions, most);
        let limits: Vec<f64> = (found.iter())
            .map(|near| near.get(most - 1).map_or(f64::INFINITY, |(far, _)| *far))
            .collect();
        // Records that come and go together are searched together, so that no list holds more of
        // them than can be seen.
        let mut groups: Vec<Vec<&Variant>> = Vec::new();
        variants.sort_by_key(|v| (v.near.player, v.near.from.is_some(), v.near.entry));
        for variant in &variants {
            let key = |v: &Variant| (v.near.player, v.near.from.is_some());
            match groups.last_mut() {
                Some(last) if last.first().is_some_and(|one| key(one) == key(variant)) => {
                    last.push(variant);
                }
                _ => groups.push(vec![variant]),
            }
        }
        let (large, small): (Vec<_>, Vec<_>) =
            (groups.into_iter()).partition(|group| group.len() > 4 * most);
        let mut small: Vec<&Variant> = small.into_iter().flatten().collect();
        small.sort_by_key(|v| v.near.entry);
        let select = |group: &[&Variant]| {
            let rows: Vec<usize> = group.iter().map(|v| v.row).collect();
            Neighbours::new(&game.versions.rows.select(&rows))
        };
        type Lists = Vec<Vec<(f64, Near)>>;
        let mut lists: Lists = (found.into_par_iter())
            .map(|list| {
                let near = list.into_iter();
                near.map(|(far, at)| (far, always[at as usize])).collect()
            })
            .collect();
        let mut add = |group: &[&Variant], found: Vec<Vec<(f64, u32)>>| {
            let pairs = lists.par_iter_mut().zip(found);
            pairs.zip(&limits).for_each(|((list, found), limit)| {
                let near = found.into_iter().filter(|(far, _)| far <= limit);
                list.extend(near.map(|(far, at)| (far, group[at as usize].near)));
            });
        };
        for group in &large {
            add(group, select(group).of_all(&questions, most));
        }
        if !small.is_empty() {
            add(&small, select(&small).within(&questions, &limits));
        }
        let lists: Vec<Vec<Near>> = (lists.into_par_iter())
            .map(|list| ordered(list, most))
            .collect();
        let movers = lists.iter().map(|list| {
            let mut players: Vec<u32> = list
                .iter()
                .filter(|near| near.from != near.to)
                .filter_map(|near| near.player)
                .collect();
            players.sort_unstable();
            players.dedup();
            players
        });
        let mut out = Self {
            movers: movers.collect(),
            lists,
            most,
            before: Vec::new(),
        };
        let questions = 0..out.lists.len() as u32;
        out.before = (questions.into_par_iter())
            .map(|question| out.answer(question, &|_| false))
            .collect();
        out
    }

    /// Returns the neighbours of a question.
    pub(in crate::attribute) fn list(&self, question: u32) -> &[Near] {
        &self.lists[question as usize]
    }

    /// Returns the classes that vote, nearest first.
    fn voters<'a>(
        &'a self,
        question: u32,
        applied: &'a dyn Fn(u32) -> bool,
    ) -> impl Iterator<Item = u32> + Clone + 'a {
        let near = self.list(question).iter();
        near.filter_map(|near| near.class(applied)).take(self.most)
    }
}

/// Puts a list in order, up to the k-th record that is always there.
fn ordered(mut list: Vec<(f64, Near)>, most: usize) -> Vec<Near> {
    // Entries stand in the order of their ids, which is the order of equals.
    list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.entry.cmp(&b.1.entry)));
    let mut always = 0;
    let mut out = Vec::new();
    for (_, near) in list {
        if always == most {
            break;
        }
        let same = |other: &&Near| {
            (other.player, other.from.is_some(), other.to.is_some())
                == (near.player, near.from.is_some(), near.to.is_some())
        };
        match near.from.is_some() && near.to.is_some() {
            true => always += 1,
            false if out.iter().filter(same).count() >= most => continue,
            false => {}
        }
        out.push(near);
    }
    out
}

impl Engine for Local {
    fn answers(&self, applied: &[bool]) -> Vec<u32> {
        let is_applied = |player: u32| applied[player as usize];
        let mut out = self.before.clone();
        out.par_iter_mut().enumerate().for_each(|(at, answer)| {
            if self.movers[at].iter().any(|player| is_applied(*player)) {
                *answer = self.answer(at as u32, &is_applied);
            }
        });
        out
    }

    fn movers(&self, question: u32) -> Option<&[u32]> {
        Some(&self.movers[question as usize])
    }

    fn answer(&self, question: u32, applied: &dyn Fn(u32) -> bool) -> u32 {
        vote(self.voters(question, applied))
    }

    fn thrift(&self, _cause: Cause) -> u64 {
        64
    }
}
