//! Test records of which nearest neighbours say something else now, and why.

use super::engine::{Engine as _, Local};
use super::error::Error;
use super::versions::{Game, Together, Versions};
use crate::learn::Nearest;

/// More changed neighbours than this are not gone through for the smallest set.
const MOST: usize = 16;

/// A changed training record near a test record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its place among the records.
    pub record: u32,
    /// Its rank by distance among the records of both versions, from 1.
    pub rank: u32,
    /// Its class before; `None` where it was not there, or had other features.
    pub from: Option<u32>,
    /// Its class after.
    pub to: Option<u32>,
}

/// A test record of both versions of which something else is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flip {
    /// Its place among the records.
    pub record: u32,
    /// Its class in the older and in the newer version.
    pub truth: [u32; 2],
    /// What is said of it.
    pub said: [u32; 2],
    /// The changed records among its neighbours, nearest first; where its own features changed, the
    /// neighbours of its newer place.
    pub changed: Vec<Seen>,
    /// A smallest set of changed training records that alone makes it be said something else, by
    /// their place among the records: of several the one with the nearest records. Empty where
    /// its own features changed, or where there are more than 16 changed records.
    pub smallest: Vec<u32>,
}

/// Returns the test records of both versions of which something else is said, in the order of their ids.
pub fn flips(versions: &Versions, learner: Nearest) -> Result<Vec<Flip>, Error> {
    let game = Game::new(versions, Together::Record)?;
    if !Local::is_short(&game, learner) {
        return Err(Error::TooMuchChanged);
    }
    let local = Local::new(&game, learner);
    let mut out = Vec::new();
    for (entry, asked) in game.test.iter().zip(&game.asked) {
        let (Some(from), Some(to), [Some(old), Some(new)]) = (entry.from, entry.to, *asked) else {
            continue;
        };
        let said = [local.answer(old, &|_| false), local.answer(new, &|_| true)];
        if said[0] == said[1] {
            continue;
        }
        let changed = (1u32..).zip(local.list(new));
        let changed = changed.filter(|(_, near)| near.from != near.to);
        let changed: Vec<(u32, Seen)> = changed
            .filter_map(|(rank, near)| {
                let seen = Seen {
                    record: game.train[near.entry as usize].record,
                    rank,
                    from: near.from,
                    to: near.to,
                };
                Some((near.player?, seen))
            })
            .collect();
        let smallest = match old == new {
            true => smallest(&changed, &|applied| local.answer(new, applied) != said[0]),
            false => Vec::new(),
        };
        out.push(Flip {
            record: entry.record,
            truth: [from.0, to.0],
            said,
            changed: changed.into_iter().map(|(_, seen)| seen).collect(),
            smallest,
        });
    }
    Ok(out)
}

/// Says whether a coalition, given by which players are in it, flips an answer.
type Flips<'f> = dyn Fn(&dyn Fn(u32) -> bool) -> bool + 'f;

/// Returns the records of a smallest set of players that flips an answer.
fn smallest(changed: &[(u32, Seen)], flips: &Flips<'_>) -> Vec<u32> {
    // A record with other features stands at two places, and is one player.
    let mut players: Vec<(u32, u32)> = Vec::new();
    for (player, seen) in changed {
        if !players.iter().any(|(known, _)| known == player) {
            players.push((*player, seen.record));
        }
    }
    if players.len() > MOST {
        return Vec::new();
    }
    let mut sets: Vec<u32> = (0..1u32 << players.len()).collect();
    sets.sort_by_key(|set| (set.count_ones(), *set));
    let inside = |set: u32| {
        let all = players.iter().enumerate();
        all.filter(move |(at, _)| set & (1 << at) != 0)
            .map(|(_, player)| *player)
    };
    let found = sets
        .into_iter()
        .find(|set| flips(&|player| inside(*set).any(|(other, _)| other == player)));
    found.map_or(Vec::new(), |set| {
        inside(set).map(|(_, record)| record).collect()
    })
}
