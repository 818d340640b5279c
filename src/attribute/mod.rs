//! Attribution: which changes between two versions moved a score, and by how much.
//!
//! Invariant: the parts add up. Those of a cause to the cause, causes to the change, to 1e-9; this
//! is checked before anything is answered. With no change made the game is the older version, with
//! all of them the newer one, and a way back has the same parts with the other sign. Knows no
//! files. Formulas and examples: docs/trace.md.

mod cause;
mod causes;
mod counters;
mod engine;
mod error;
mod flips;
mod groups;
mod metric;
mod play;
mod shapley;
mod tally;
#[cfg(test)]
mod tests;
mod versions;

pub use cause::Cause;
pub use error::Error;
pub use flips::{Flip, Seen, flips};
pub use groups::Method;
pub use metric::Metric;
pub use shapley::Given;
pub use tally::Tally;
pub use versions::{Place, Record, Versions};

use crate::learn::{Learner, NaiveBayes, Nearest, Ridge};
use causes::Causes;
use engine::{Counted, Engine, Fixed, Linear, Local, Refit};
use play::Play;
use versions::{Game, Together};

/// How far a sum of parts may be from what it adds up to.
const EXACT: f64 = 1e-9;

/// What says the classes.
#[derive(Clone, Copy)]
pub enum Model<'a> {
    /// Answers that are known, by record: in the older and in the newer version.
    Fixed {
        /// In the older version.
        from: &'a [Option<u32>],
        /// In the newer version.
        to: &'a [Option<u32>],
    },
    /// Nearest neighbours.
    Nearest(Nearest),
    /// The ridge classifier.
    Ridge(Ridge),
    /// Naive Bayes.
    NaiveBayes,
    /// Any learner, fitted for each coalition.
    Other(&'a dyn Learner),
}

/// How a change is split.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether causes are split over the groups of their records.
    pub grouped: bool,
    /// With what the other causes are taken.
    pub given: Given,
    /// How many models may be fitted for one cause.
    pub most: u64,
}

/// A part of a change.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Part {
    /// The cause.
    pub cause: Cause,
    /// The group within the cause; `None` where the cause is told whole.
    pub group: Option<u32>,
    /// How many records changed so.
    pub records: u64,
    /// What it moved.
    pub tally: Tally,
    /// The standard error of the contribution; 0 where nothing was sampled.
    pub stderr: f64,
}

/// A change of a score, split.
#[derive(Clone, PartialEq, Debug)]
pub struct Attribution {
    /// Numerator and denominator in the older version.
    pub from: (i64, i64),
    /// The same in the newer version.
    pub to: (i64, i64),
    /// What all changes together moved.
    pub whole: Tally,
    /// The causes, in order.
    pub causes: Vec<Part>,
    /// The parts, by cause and group.
    pub parts: Vec<Part>,
    /// How the parts were found: of several ways the least exact.
    pub method: Method,
    /// How many coalitions the model was asked about.
    pub evaluations: u64,
    /// The test records of either version.
    pub test_records: u64,
    /// What was said of each record in the older and in the newer version, where it tested.
    pub said: Vec<[Option<u32>; 2]>,
}

impl Attribution {
    /// Returns by how much the score changed.
    pub fn change(&self) -> f64 {
        self.to.0 as f64 / self.to.1 as f64 - self.from.0 as f64 / self.from.1 as f64
    }
}

/// Splits the change of a score over what changed.
pub fn attribute(
    versions: &Versions,
    model: Model<'_>,
    metric: Metric,
    options: &Options,
) -> Result<Attribution, Error> {
    let together = match options.grouped {
        true => Together::Group,
        false => Together::Cause,
    };
    let game = Game::new(versions, together)?;
    let engine = engine(&game, &model);
    let play = Play::new(&game, metric, engine.as_ref());
    let causes = Causes::new(&play, options.given)?;
    let tallies = causes.tallies(&play);
    let records = |range: &std::ops::Range<usize>| {
        let players = &game.players[range.clone()];
        players.iter().map(|player| player.records).sum::<u64>()
    };
    let whole: Vec<Part> = (causes.all.iter().zip(&tallies))
        .map(|((cause, range), tally)| Part {
            cause: *cause,
            group: None,
            records: records(range),
            tally: *tally,
            stderr: 0.0,
        })
        .collect();
    let (mut parts, mut method) = (Vec::new(), Method::Exact);
    for (at, part) in whole.iter().enumerate() {
        let players = &game.players[causes.all[at].1.clone()];
        let split = match players {
            _ if !options.grouped || part.cause == Cause::SplitMoved => {
                parts.push(*part);
                continue;
            }
            [_] => groups::Parts {
                tallies: vec![(part.tally, 0.0)],
                method: Method::Exact,
            },
            _ => groups::split(&play, &causes, at, options.most)?,
        };
        let found: Vec<Part> = (players.iter().zip(split.tallies))
            .map(|(player, (tally, variance))| Part {
                cause: player.cause,
                group: Some(player.group),
                records: player.records,
                tally,
                stderr: variance.sqrt(),
            })
            .collect();
        adds_up(&found, part.tally.contribution)?;
        method = method.max(split.method);
        parts.extend(found);
    }
    let ends = |sheet: Option<&play::Sheet>| sheet.map_or((0, 1), |sheet| (sheet.num, sheet.den));
    let out = Attribution {
        from: ends(causes.sheets.first()),
        to: ends(causes.sheets.last()),
        whole: causes.whole(&play),
        causes: whole,
        parts,
        method,
        evaluations: play.runs(),
        test_records: game.test.len() as u64,
        said: said(&play),
    };
    if options.given == Given::All {
        adds_up(&out.causes, out.change())?;
    }
    Ok(out)
}

/// Returns the answers at both ends, by record.
fn said(play: &Play<'_>) -> Vec<[Option<u32>; 2]> {
    let game = play.game;
    let mut out = vec![[None; 2]; game.versions.records.len()];
    for newer in [false, true] {
        let applied = vec![newer; game.players.len()];
        let answers = play.answers(&applied);
        for (entry, asked) in game.test.iter().zip(&game.asked) {
            let there = entry.state(&applied).is_some();
            let asked = asked[usize::from(entry.applied(&applied))].filter(|_| there);
            out[entry.record as usize][usize::from(newer)] =
                asked.map(|question| answers[question as usize]);
        }
    }
    out
}

fn adds_up(parts: &[Part], whole: f64) -> Result<(), Error> {
    let sum: f64 = parts.iter().map(|part| part.tally.contribution).sum();
    let residual = (sum - whole).abs();
    match residual <= EXACT {
        true => Ok(()),
        false => Err(Error::DoesNotAddUp { residual }),
    }
}

fn engine<'g>(game: &'g Game<'g>, model: &'g Model<'g>) -> Box<dyn Engine + 'g> {
    match model {
        Model::Fixed { from, to } => Box::new(Fixed::new(game, from, to)),
        Model::Nearest(learner) if Local::is_short(game, *learner) => {
            Box::new(Local::new(game, *learner))
        }
        Model::Nearest(learner) => Box::new(Refit::new(game, learner)),
        Model::Ridge(learner) => match Linear::new(game, *learner) {
            Some(linear) => Box::new(linear),
            None => Box::new(Refit::new(game, learner)),
        },
        Model::NaiveBayes => match Counted::new(game) {
            Some(counted) => Box::new(counted),
            None => Box::new(Refit::new(game, &NaiveBayes)),
        },
        Model::Other(learner) => Box::new(Refit::new(game, *learner)),
    }
}

/// Returns the first cause of each record that changed.
pub fn causes_of(versions: &Versions) -> Result<Vec<Option<Cause>>, Error> {
    let game = Game::new(versions, Together::Cause)?;
    let mut out: Vec<Option<Cause>> = vec![None; versions.records.len()];
    for entry in game.train.iter().chain(&game.test) {
        let player = entry.player.and_then(|at| game.players.get(at as usize));
        let found = &mut out[entry.record as usize];
        if let Some(player) = player {
            *found = Some(found.map_or(player.cause, |known| known.min(player.cause)));
        }
    }
    Ok(out)
}

/// Returns the score where only some changes are made: `made` says of each record whether its are.
/// A record that moved between the sides counts among those whose changes are asked for.
pub fn score_with(
    versions: &Versions,
    model: Model<'_>,
    metric: Metric,
    made: &dyn Fn(usize) -> bool,
) -> Result<(i64, i64), Error> {
    let mut versions = versions.clone();
    for (at, record) in versions.records.iter_mut().enumerate() {
        if !made(at) {
            record.to = record.from;
        }
    }
    let game = Game::new(&versions, Together::Cause)?;
    let engine = engine(&game, &model);
    let play = Play::new(&game, metric, engine.as_ref());
    let sheet = play.sheet(&vec![true; game.players.len()])?;
    Ok((sheet.num, sheet.den))
}
