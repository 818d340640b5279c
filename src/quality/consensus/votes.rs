//! Votes: ratings by item, and what is decided of each item.

use super::super::agreement::{Rating, Ratings};
use super::dawid_skene::DawidSkene;

/// How a consensus is found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Method {
    /// The class with most ratings.
    Majority,
    /// Dawid and Skene's maximum likelihood.
    DawidSkene(DawidSkene),
}

impl Method {
    /// Returns the name of the variant: all that decides its numbers.
    pub fn name(&self) -> String {
        match self {
            Self::Majority => "majority(ties=none)".to_owned(),
            Self::DawidSkene(variant) => variant.name(),
        }
    }
}

/// Ratings by item. Every rating counts, repeated ones of one annotator too.
#[derive(Clone, PartialEq, Debug)]
pub struct Votes {
    /// The items, sorted by their hashes.
    pub items: Vec<u64>,
    /// Where the ratings of each item begin; one more than items.
    pub starts: Vec<usize>,
    /// Annotator and class of each rating; ratings by nobody share one more annotator.
    pub ratings: Vec<(u32, u32)>,
    /// How many annotators there are.
    pub annotators: usize,
    /// How many classes there are.
    pub classes: usize,
}

impl Votes {
    /// Brings the ratings of each item together; strata are not told apart.
    pub fn of(all: &Ratings) -> Self {
        let nobody = all.annotators.len();
        let mut votes = Self {
            items: Vec::new(),
            starts: Vec::new(),
            ratings: Vec::with_capacity(all.ratings.len()),
            annotators: nobody + 1,
            classes: all.classes.len(),
        };
        let same = |a: &Rating, b: &Rating| a.item == b.item;
        for item in all.ratings.chunk_by(same) {
            votes.items.extend(item.first().map(|rating| rating.item));
            votes.starts.push(votes.ratings.len());
            let annotator = |rating: &Rating| (rating.annotator as usize).min(nobody) as u32;
            let rated = item.iter().map(|rating| (annotator(rating), rating.class));
            votes.ratings.extend(rated);
        }
        votes.starts.push(votes.ratings.len());
        votes
    }

    /// Returns the ratings of each item, in order.
    pub fn by_item(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        self.starts
            .windows(2)
            .map(|ends| &self.ratings[ends[0]..ends[1]])
    }
}

/// What is decided of an item.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Verdict {
    /// The class; `None` where several are equally likely.
    pub class: Option<u32>,
    /// How much speaks for it: its share of the ratings, or its probability.
    pub score: f64,
}
