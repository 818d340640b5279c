//! Scores for gates: of a version that is being judged, and of what changed since its base on the
//! test records that are equal in both.

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::config::{GateConfig, Limit};
use crate::evaluate::{Counts, Score, bootstrap, paired_interval, wilson_at};
use crate::object::ObjectSource;
use crate::quality::{Amount, Aspect, ScoreOf, Scored};
use crate::repo::Repo;

use super::super::assess::Version;
use super::super::error::Error;
use super::intervals::{MOST_UNITS, outcomes, units};
use super::made::Made;
use super::make::Maker;
use super::paired::{self, Side, common};
use super::{along, attached, definition, tell};

/// An evaluation of the version that is judged.
pub(in crate::ops) struct Now {
    definition: ObjectId,
    null_class: Option<String>,
    scores: Vec<Score>,
    side: Side,
}

/// An evaluation by its name, or why there is none.
pub(in crate::ops) type Named = (String, Result<Now, String>);

impl Now {
    /// Takes one that was just made.
    pub(in crate::ops) fn of(made: &Made) -> Result<Self, Error> {
        Ok(Self {
            definition: definition::id_of(&made.definition)?,
            null_class: made.definition.null_class.clone(),
            scores: made.scores.clone(),
            side: Side::of(made),
        })
    }
}

/// Makes evaluations of a version; one that cannot be made is one less, with a reason.
pub(in crate::ops) fn make_all(
    makers: &[Maker],
    source: &dyn ObjectSource,
    version: &Version,
    progress: &dyn Progress,
) -> Vec<(String, Result<Made, Error>)> {
    let make = |maker: &Maker| {
        let made = maker.make(source, version, progress);
        (maker.config.name.clone(), made)
    };
    makers.iter().map(make).collect()
}

/// Returns what gates need of evaluations that were made.
pub(in crate::ops) fn all_of(made: &[(String, Result<Made, Error>)]) -> Result<Vec<Named>, Error> {
    let named = |(name, made): &(String, Result<Made, Error>)| {
        let now = match made {
            Ok(made) => Ok(Now::of(made)?),
            Err(why) => Err(why.to_string()),
        };
        Ok((name.clone(), now))
    };
    made.iter().map(named).collect()
}

/// Returns what gates need of the evaluations that are attached to a commit: of several of one name
/// the first.
pub(in crate::ops) fn stored(
    repo: &Repo,
    commit: &ObjectId,
    wanted: &[String],
) -> Result<Vec<Named>, Error> {
    let mut out: Vec<Named> = Vec::new();
    for (id, evaluation) in attached(repo, commit)? {
        let is_known = out.iter().any(|(name, _)| *name == evaluation.name);
        if is_known || !wanted.contains(&evaluation.name) {
            continue;
        }
        let Some(side) = paired::side(repo, &evaluation)? else {
            continue;
        };
        let told = tell(repo, id, evaluation)?;
        let now = Now {
            definition: told.evaluation.definition,
            null_class: told.null_class,
            scores: told.scores,
            side,
        };
        out.push((told.evaluation.name, Ok(now)));
    }
    Ok(out)
}

/// Returns the score that a gate is about; `base` is the commit that its change is taken against.
pub(in crate::ops) fn scored(
    repo: &Repo,
    all: &[Named],
    (gate, asked): (&GateConfig, &ScoreOf),
    base: Result<ObjectId, &str>,
) -> Result<Scored, Error> {
    let found = all.iter().find(|(name, _)| *name == asked.evaluation);
    let now = match found {
        None => return Ok(Scored::none("no evaluation")),
        Some((_, Err(why))) => return Ok(Scored::none(why)),
        Some((_, Ok(now))) => now,
    };
    let is_asked = |score: &&Score| score.name == asked.score && score.class == asked.class;
    let Some(own) = now.scores.iter().find(is_asked) else {
        return Ok(Scored::none("the evaluation has no such score"));
    };
    let level = gate.confidence;
    if asked.aspect == Aspect::Value && gate.bound.limit != Limit::Base {
        let value = Amount::of(&along::metric(own, None));
        let note = own.note.as_deref().unwrap_or("it is undefined");
        let Some(value) = value else {
            return Ok(Scored::none(note));
        };
        return Ok(Scored {
            value: Some(value),
            compared: Some(value),
            interval: level.and_then(|level| interval(now, asked, own, level)),
            ..Scored::none("")
        });
    }
    let base = match base {
        Ok(base) => base,
        Err(why) => return Ok(Scored::none(why)),
    };
    let older = attached(repo, &base)?.into_iter();
    let older = older
        .map(|(_, older)| older)
        .find(|older| older.definition == now.definition);
    let Some(older) = older else {
        let why = format!(
            "{} has no evaluation of this definition: `dver eval run {}` makes one",
            base.short(),
            base.short()
        );
        return Ok(Scored {
            base: Some(base),
            ..Scored::none(&why)
        });
    };
    let change = match paired::side(repo, &older)? {
        None => None,
        Some(old) => change(&old, now, asked, level),
    };
    let Some(change) = change else {
        return Ok(Scored {
            base: Some(base),
            ..Scored::none("it is undefined on the test records that are equal in both")
        });
    };
    Ok(Scored {
        base: Some(base),
        ..change.scored(gate, asked)
    })
}

/// What a score does between two evaluations, on the records that are equal in both.
struct Change {
    before: Amount,
    after: Amount,
    change: Amount,
    interval: Option<(f64, f64)>,
}

impl Change {
    fn scored(self, gate: &GateConfig, asked: &ScoreOf) -> Scored {
        let (compared, scale) = match asked.aspect {
            Aspect::Change => match self.change.over(self.before) {
                Some(share) => (share, 1.0 / self.before.value()),
                None if self.change.value() == 0.0 => (self.change, 1.0),
                None => return Scored::none("its value in the base is 0"),
            },
            _ => (self.change, 1.0),
        };
        Scored {
            value: Some(match gate.bound.limit {
                Limit::Base => self.after,
                Limit::Number(_) => compared,
            }),
            base_value: Some(self.before),
            compared: Some(compared),
            interval: self.interval.map(|(low, high)| (low * scale, high * scale)),
            ..Scored::none("")
        }
    }
}

fn change(old: &Side, now: &Now, asked: &ScoreOf, level: Option<f64>) -> Option<Change> {
    let pairs = common(old, &now.side);
    let mut classes: Vec<&str> = Vec::new();
    for side in [old, &now.side] {
        classes.extend(side.records.iter().map(|record| record.label.as_str()));
        classes.extend(side.said.iter().flatten().map(String::as_str));
    }
    classes.sort_unstable();
    classes.dedup();
    let place = |class: &str| classes.binary_search(&class).ok();
    let (before, after) = (outcomes(old, &place)?, outcomes(&now.side, &place)?);
    let null = now.null_class.as_deref().and_then(place);
    let class = match &asked.class {
        Some(class) => Some(place(class)?),
        None => None,
    };
    if asked.score == "accuracy" {
        let right = |(truth, said): (u32, u32)| truth == said;
        let (mut won, mut lost, mut both) = (0, 0, 0);
        for (a, b) in &pairs {
            match (right(before[*a]), right(after[*b])) {
                (false, true) => won += 1,
                (true, false) => lost += 1,
                (true, true) => both += 1,
                (false, false) => {}
            }
        }
        let of = |count: i128| Amount::ratio(count, pairs.len() as i128);
        let count = |count: u64| i128::from(count);
        return Some(Change {
            before: of(count(both + lost))?,
            after: of(count(both + won))?,
            change: of(count(won) - count(lost))?,
            interval: level.and_then(|level| paired_interval(won, lost, pairs.len() as u64, level)),
        });
    }
    let score = |places: &mut dyn Iterator<Item = usize>| -> Option<(f64, f64)> {
        let (mut a, mut b) = (Counts::new(classes.len()), Counts::new(classes.len()));
        for at in places {
            let (old, new) = pairs[at];
            a.add(before[old].0, before[old].1);
            b.add(after[new].0, after[new].1);
        }
        let score = |counts: &Counts| counts.score(&asked.score, class, null);
        Some((score(&a)?, score(&b)?))
    };
    let (a, b) = score(&mut (0..pairs.len()))?;
    // Records are drawn by their places in the newer side, where their groups stand.
    let mut at = vec![usize::MAX; now.side.records.len()];
    for (number, (_, new)) in pairs.iter().enumerate() {
        at[*new] = number;
    }
    let units = units(&now.side, pairs.iter().map(|(_, new)| *new));
    let drawn = level
        .filter(|_| units.len() <= MOST_UNITS)
        .and_then(|level| {
            let found = bootstrap(units.len(), level, |drawn| {
                let places = drawn.iter().flat_map(|unit| &units[*unit as usize]);
                vec![score(&mut places.map(|new| at[*new])).map(|(a, b)| b - a)]
            });
            found.into_iter().next().flatten()
        });
    Some(Change {
        before: Amount::Real(a),
        after: Amount::Real(b),
        change: Amount::Real(b - a),
        interval: drawn,
    })
}

/// Returns the interval of a score of one evaluation.
fn interval(now: &Now, asked: &ScoreOf, own: &Score, level: f64) -> Option<(f64, f64)> {
    if let (Some(_), Some((num, den)), false) = (
        own.interval,
        own.ratio,
        super::intervals::is_drawn(own.name),
    ) {
        return wilson_at(num, den, level);
    }
    let side = &now.side;
    let mut classes: Vec<&str> = side.records.iter().map(|one| one.label.as_str()).collect();
    classes.extend(side.said.iter().flatten().map(String::as_str));
    classes.sort_unstable();
    classes.dedup();
    let place = |class: &str| classes.binary_search(&class).ok();
    let outcomes = outcomes(side, &place)?;
    let null = now.null_class.as_deref().and_then(place);
    let class = asked.class.as_deref().and_then(place);
    let units = units(side, 0..side.records.len());
    if units.len() > MOST_UNITS || own.name == "ece" {
        return None;
    }
    let found = bootstrap(units.len(), level, |drawn| {
        let mut counts = Counts::new(classes.len());
        for record in drawn.iter().flat_map(|unit| &units[*unit as usize]) {
            counts.add(outcomes[*record].0, outcomes[*record].1);
        }
        vec![counts.score(&asked.score, class, null)]
    });
    found.into_iter().next().flatten()
}
