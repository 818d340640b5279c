//! Shapley values: their weights, games small enough for a table, random orders.

use crate::base::draws::draw;

/// With what the other causes are taken when the effect of one is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Given {
    /// The mean over all coalitions, as Shapley weighs them: parts add up to the change.
    #[default]
    All,
    /// As they are in the older version: what the change alone would have done.
    From,
    /// As they are in the newer version: what would be missing without the change.
    To,
}

impl Given {
    /// Returns the weight of each size of a coalition of the `players - 1` others.
    pub(super) fn weights(self, players: usize) -> Vec<f64> {
        let others = players.saturating_sub(1);
        let mut out = vec![0.0; others + 1];
        match self {
            Self::From => out[0] = 1.0,
            Self::To => out[others] = 1.0,
            Self::All => {
                // k! (n - 1 - k)! / n! = 1 / (n binomial(n - 1, k))
                let mut choices = 1.0;
                for (size, weight) in out.iter_mut().enumerate() {
                    *weight = 1.0 / (players.max(1) as f64 * choices);
                    choices = choices * (others - size) as f64 / (size + 1) as f64;
                }
            }
        }
        out
    }
}

/// Returns the Shapley values of a game of `players` given by the value of each coalition; bit i
/// of a place stands for player i.
pub(super) fn of_table(values: &[f64], players: usize) -> Vec<f64> {
    let weights = Given::All.weights(players);
    let mut out = vec![0.0; players];
    for (coalition, value) in values.iter().enumerate() {
        for (player, sum) in out.iter_mut().enumerate() {
            if coalition & (1 << player) == 0 {
                let size = coalition.count_ones() as usize;
                *sum += weights[size] * (values[coalition | 1 << player] - value);
            }
        }
    }
    out
}

/// Draws that look random, one after the other.
pub(super) struct Random {
    seed: u64,
    stream: u64,
    number: u64,
}

impl Random {
    /// Starts a sequence of its own for each pair of numbers.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self {
            seed,
            stream,
            number: 0,
        }
    }

    /// Returns a number below a bound, which is above 0.
    fn below(&mut self, bound: usize) -> usize {
        self.number += 1;
        draw(self.seed, self.stream, self.number, bound)
    }

    /// Returns the numbers below `count` in a random order.
    pub(super) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut out: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            let other = self.below(at + 1);
            out.swap(at, other);
        }
        out
    }
}

/// Returns nodes and weights of the Gauss-Legendre rule on [0, 1], which is exact for polynomials
/// up to the degree 2 `count` - 1. Roots are found by bisection between those of the polynomial
/// before, so that they are the same numbers everywhere.
pub(super) fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    // P_n(x), P_(n-1)(x)
    let legendre = |n: usize, x: f64| {
        let (mut before, mut this) = (1.0, x);
        for k in 2..=n {
            let k = k as f64;
            let next = ((2.0 * k - 1.0) * x * this - (k - 1.0) * before) / k;
            (before, this) = (this, next);
        }
        (this, before)
    };
    let mut roots = vec![0.0];
    for n in 2..=count.max(1) {
        let edges: Vec<f64> = [-1.0].into_iter().chain(roots).chain([1.0]).collect();
        let between = |pair: &[f64]| {
            let (mut low, mut high) = (pair[0], pair[1]);
            let rises = legendre(n, low).0 < 0.0;
            for _ in 0..64 {
                let middle = 0.5 * (low + high);
                if (legendre(n, middle).0 < 0.0) == rises {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            0.5 * (low + high)
        };
        roots = edges.windows(2).map(between).collect();
    }
    let n = roots.len();
    let node = |x: f64| {
        let (this, before) = legendre(n, x);
        // (1 - x^2) P_n' = n (P_(n-1) - x P_n)
        let slope = n as f64 * (before - x * this) / (1.0 - x * x);
        (0.5 * (x + 1.0), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    roots.into_iter().map(node).collect()
}
