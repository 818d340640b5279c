//! What a part moved: the sum of its shares of single test records, and how sure that sum is.

use crate::evaluate::interval_of_shares;

/// Below this a share is rounding.
const NOTHING: f64 = 1e-12;

/// A sum of shares.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Tally {
    /// How much the score moved.
    pub contribution: f64,
    /// The test records that moved it up.
    pub won: u64,
    /// The test records that moved it down.
    pub lost: u64,
    squares: f64,
}

impl Tally {
    pub(super) fn add(&mut self, share: f64) {
        self.contribution += share;
        self.squares += share * share;
        self.won += u64::from(share > NOTHING);
        self.lost += u64::from(share < -NOTHING);
    }

    pub(super) fn of(shares: &[f64]) -> Self {
        let mut out = Self::default();
        shares.iter().for_each(|share| out.add(*share));
        out
    }

    /// Returns the interval of 95 % of the contribution, had other test records of the same kind
    /// been drawn; `records` is how many test records there are in either version.
    pub fn interval(&self, records: u64) -> (f64, f64) {
        let n = records as f64;
        interval_of_shares(self.contribution * n, self.squares * n * n, records)
    }
}
