//! Majority: the class with most ratings, and two answers to ties.

use super::votes::{Verdict, Votes};

/// What most ratings of an item say.
#[derive(Clone, PartialEq, Debug)]
pub struct Majority {
    /// The classes with most ratings, in their order: several where they tie.
    pub tied: Vec<u32>,
    /// How many of the ratings each of them has.
    pub votes: u64,
    /// How many ratings there are.
    pub of: u64,
}

impl Majority {
    /// Returns the verdict that leaves ties undecided.
    pub fn verdict(&self) -> Verdict {
        Verdict {
            class: self.first().filter(|_| self.tied.len() == 1),
            score: self.votes as f64 / self.of as f64,
        }
    }

    /// Returns the first of the tied classes: the rule that is known as argmax.
    pub fn first(&self) -> Option<u32> {
        self.tied.first().copied()
    }

    /// Returns the credit of a class where `t` tied classes share it: 1 / t. The mean credit of
    /// the true classes is the accuracy that does not hang on the order of classes.
    pub fn credit(&self, class: u32) -> f64 {
        match self.tied.contains(&class) {
            true => 1.0 / self.tied.len() as f64,
            false => 0.0,
        }
    }
}

/// Counts the votes of each item, in the order of the items.
pub fn majority(votes: &Votes) -> Vec<Majority> {
    votes.by_item().map(of_item).collect()
}

fn of_item(ratings: &[(u32, u32)]) -> Majority {
    let mut classes: Vec<u32> = ratings.iter().map(|(_, class)| *class).collect();
    classes.sort_unstable();
    let runs = || classes.chunk_by(|a, b| a == b);
    let most = runs().map(<[u32]>::len).max().unwrap_or(0);
    let best = runs().filter(|run| run.len() == most);
    Majority {
        tied: best.filter_map(|run| run.first().copied()).collect(),
        votes: most as u64,
        of: ratings.len() as u64,
    }
}
