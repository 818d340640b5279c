//! The Shapley values of a ratio of two counters to which each player adds its own integers.
//!
//! The value of player g is the integral over t from 0 to 1 of the mean of f(X + g) - f(X), where
//! each other player is in X with the chance t. The mean is a polynomial in t, which Gauss and
//! Legendre's rule integrates; that of players with no denominators of their own is a quotient.

use super::shapley::gauss_legendre;

/// The most nodes of the rule. Means are so smooth that fewer nodes than half the players give all
/// digits; the sum of the parts, which is checked, would show otherwise.
const NODES: usize = 48;
/// The most products that a game may cost.
const MOST: u64 = 20_000_000_000;

/// What a record that adds `num` and `den` has of a player's value: num * `per_num` - den *
/// `per_den`. The shares of a player's records add up to its value.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Rate {
    pub(super) per_num: f64,
    pub(super) per_den: f64,
}

/// Why there are no rates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Without {
    /// The denominator of some coalition is 0.
    Undefined,
    /// There are too many players.
    TooLarge,
}

/// Players that add the same.
struct Kind {
    num: i64,
    den: i64,
    count: u64,
}

/// The chance of each denominator, and the mean numerator weighed with it.
#[derive(Clone)]
struct Spread {
    chances: Vec<f64>,
    sums: Vec<f64>,
}

impl Spread {
    /// Lets one more player be in with the chance `t`; `from` is the least denominator of all.
    fn with(&mut self, t: f64, num: i64, den: i64) {
        let size = self.chances.len();
        let (chances, sums) = (self.chances.clone(), self.sums.clone());
        for at in 0..size {
            let before = at as i64 - den;
            let (mut chance, mut sum) = ((1.0 - t) * chances[at], (1.0 - t) * sums[at]);
            if (0..size as i64).contains(&before) {
                let before = before as usize;
                chance += t * chances[before];
                sum += t * (sums[before] + num as f64 * chances[before]);
            }
            (self.chances[at], self.sums[at]) = (chance, sum);
        }
    }
}

/// Returns for each player its rate; `base` are the counters without any of them.
pub(super) fn rates(base: (i64, i64), players: &[(i64, i64)]) -> Result<Vec<Rate>, Without> {
    let least = base.1 + players.iter().map(|p| p.1.min(0)).sum::<i64>();
    if least <= 0 {
        return Err(Without::Undefined);
    }
    let mut kinds: Vec<(i64, i64)> = players.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let count = |kind: &(i64, i64)| players.iter().filter(|p| *p == kind).count() as u64;
    let place = |player: &(i64, i64)| kinds.binary_search(player).unwrap_or(0);
    let mut counts = vec![0; kinds.len()];
    if kinds.len() <= 64 {
        counts = kinds.iter().map(count).collect();
    } else {
        players.iter().for_each(|player| counts[place(player)] += 1);
    }
    let kinds_of: Vec<Kind> = (kinds.iter().zip(&counts))
        .map(|(&(num, den), &count)| Kind { num, den, count })
        .collect();
    let dens: Vec<i64> = kinds.iter().map(|kind| kind.1).collect();
    let of_kinds = match dens.iter().all(|den| *den == dens[0]) {
        _ if dens.is_empty() => Vec::new(),
        true if dens[0] == 0 => vec![
            Rate {
                per_num: 1.0 / base.1 as f64,
                per_den: 0.0,
            };
            kinds.len()
        ],
        true => by_size(base, &kinds_of, dens[0]),
        false => by_spread(base, &kinds_of, least)?,
    };
    Ok(players.iter().map(|p| of_kinds[place(p)]).collect())
}

/// Where all add the same to the denominator, it follows from how many are in.
fn by_size((num, den): (i64, i64), kinds: &[Kind], step: i64) -> Vec<Rate> {
    let players: u64 = kinds.iter().map(|kind| kind.count).sum();
    let total: i64 = kinds.iter().map(|kind| kind.num * kind.count as i64).sum();
    let rate = |kind: &Kind| {
        let others = (players - 1).max(1) as f64;
        let mean = (total - kind.num) as f64 / others;
        let mut out = Rate::default();
        for size in 0..players {
            let before = (den + step * size as i64) as f64;
            let after = before + step as f64;
            let sum = num as f64 + mean * size as f64;
            out.per_num += 0.5 * (1.0 / after + 1.0 / before);
            out.per_den += 0.5 * (2.0 * sum + kind.num as f64) / (before * after);
        }
        out.per_num /= players as f64;
        out.per_den /= players as f64;
        out
    };
    kinds.iter().map(rate).collect()
}

fn by_spread(base: (i64, i64), kinds: &[Kind], least: i64) -> Result<Vec<Rate>, Without> {
    let range: i64 = (kinds.iter().map(|k| k.den.abs() * k.count as i64)).sum();
    let players: u64 = kinds.iter().map(|kind| kind.count).sum();
    let nodes = NODES.min(players.div_ceil(2) as usize);
    let halvings = u64::from(kinds.len().next_power_of_two().trailing_zeros()) + 1;
    let cost = [players, range.unsigned_abs() + 1, nodes as u64, halvings];
    let cost = cost.into_iter().fold(1u64, u64::saturating_mul);
    if cost > MOST {
        return Err(Without::TooLarge);
    }
    let mut out = vec![Rate::default(); kinds.len()];
    for (t, weight) in gauss_legendre(nodes) {
        let size = range as usize + 1;
        let mut spread = Spread {
            chances: vec![0.0; size],
            sums: vec![0.0; size],
        };
        // Place 0 is the least denominator that there can be.
        spread.chances[(base.1 - least) as usize] = 1.0;
        without_each(&spread, t, kinds, 0, &mut |at, spread| {
            let kind = &kinds[at];
            let mut spread = spread.clone();
            (1..kind.count).for_each(|_| spread.with(t, kind.num, kind.den));
            for (offset, (chance, sum)) in spread.chances.iter().zip(&spread.sums).enumerate() {
                let before = (least + offset as i64) as f64;
                let after = before + kind.den as f64;
                if *chance == 0.0 {
                    continue;
                }
                let twice = 2.0 * (chance * base.0 as f64 + sum) + chance * kind.num as f64;
                out[at].per_num += weight * 0.5 * chance * (1.0 / after + 1.0 / before);
                out[at].per_den += weight * 0.5 * twice / (before * after);
            }
        });
    }
    Ok(out)
}

/// Calls `each` for every kind with the spread of all other kinds.
fn without_each(
    spread: &Spread,
    t: f64,
    kinds: &[Kind],
    first: usize,
    each: &mut dyn FnMut(usize, &Spread),
) {
    if let [_] = kinds {
        return each(first, spread);
    }
    let (left, right) = kinds.split_at(kinds.len() / 2);
    for (inside, outside, at) in [(left, right, first), (right, left, first + left.len())] {
        let mut spread = spread.clone();
        for kind in outside {
            (0..kind.count).for_each(|_| spread.with(t, kind.num, kind.den));
        }
        without_each(&spread, t, inside, at, each);
    }
}
