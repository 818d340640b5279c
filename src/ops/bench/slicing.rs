//! `bench slicing`: how well found slices meet true ones, which a field names.

use std::collections::BTreeMap;

use crate::repo::Repo;

use super::super::error::Error;
use super::super::find::{SliceOptions, SlicesReport, slices};

/// Values of the truth field that say that a record is in no true slice.
const NONE: [&str; 4] = ["", "0", "false", "none"];

/// What is scored.
#[derive(Clone, Debug)]
pub struct SlicingOptions {
    /// How slices are found; the truth field plays no part in it.
    pub slices: SliceOptions,
    /// The field whose values name the true slices.
    pub truth: String,
    /// How many records of a slice are looked at.
    pub at: Vec<usize>,
}

/// How many of the first records of a slice are of the true one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Precision {
    /// How many are looked at at most.
    pub at: usize,
    /// The found slice that has most, counted from 1.
    pub slice: usize,
    /// How many of those are of the true slice.
    pub num: u64,
    /// How many were looked at: fewer where the slice has fewer.
    pub den: u64,
}

/// How well one true slice was met.
#[derive(Clone, PartialEq, Debug)]
pub struct TruthSlice {
    /// Its name.
    pub value: String,
    /// How many test records are in it.
    pub records: u64,
    /// How many of them were predicted wrong.
    pub errors: u64,
    /// The precision for each number of records; empty where no slice was found.
    pub precisions: Vec<Precision>,
    /// The found slice that has the highest F1 with it, counted from 1, with the records of both,
    /// of the found one and of the true one.
    pub overlap: Option<(usize, u64, u64, u64)>,
}

/// The answer.
#[derive(Debug)]
pub struct SlicingReport {
    /// The slices that were found.
    pub found: SlicesReport,
    /// The field that names the true ones.
    pub truth: String,
    /// Each true slice, by name.
    pub truths: Vec<TruthSlice>,
    /// For each number of records the mean of the precisions.
    pub means: Vec<(usize, Option<f64>)>,
}

/// Scores the slices that are found.
pub fn slicing(repo: &Repo, options: &SlicingOptions) -> Result<SlicingReport, Error> {
    if options.at.is_empty() || options.at.contains(&0) {
        return Err(Error::Usage("--at is 1 or more".to_owned()));
    }
    let mut asked = options.slices.clone();
    asked.without.push(options.truth.clone());
    let found = slices(repo, &asked)?;
    let place = found
        .read
        .fields
        .iter()
        .position(|field| *field == options.truth);
    let records = &found.read.said.records;
    let value = |at: usize| {
        let value = records[at].values.get(place?)?.as_deref()?;
        let is_none = NONE
            .iter()
            .any(|none| none.eq_ignore_ascii_case(value.trim()));
        (!is_none).then_some(value)
    };
    let mut truths: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for at in 0..records.len() {
        if let Some(value) = value(at) {
            truths
                .entry(value)
                .or_insert_with(|| vec![false; records.len()])[at] = true;
        }
    }
    // Those that were predicted wrong come first, then by key: as a work list has them.
    let ordered: Vec<Vec<usize>> = found
        .members
        .iter()
        .map(|members| {
            let mut members = members.clone();
            members.sort_by_key(|at| (!found.read.wrong[*at], *at));
            members
        })
        .collect();
    let told = truths.iter().map(|(value, is_in)| {
        let inside = |members: &[usize]| members.iter().filter(|at| is_in[**at]).count() as u64;
        let records = is_in.iter().filter(|is_in| **is_in).count() as u64;
        let both = is_in.iter().zip(&found.read.wrong);
        let precisions = options.at.iter().filter_map(|&k| {
            let of_slice = |(slice, members): (usize, &Vec<usize>)| {
                let first = &members[..k.min(members.len())];
                Precision {
                    at: k,
                    slice: slice + 1,
                    num: inside(first),
                    den: first.len() as u64,
                }
            };
            let all = ordered.iter().enumerate().map(of_slice);
            // The highest share, of equals the better slice: a / b > c / d where a d > c b.
            all.reduce(|best, one| match one.num * best.den > best.num * one.den {
                true => one,
                false => best,
            })
        });
        let overlaps =
            found.members.iter().enumerate().map(|(slice, members)| {
                (slice + 1, inside(members), members.len() as u64, records)
            });
        // F1 is 2 both / (found + true).
        let overlap = overlaps.reduce(|best, one| {
            match one.1 * (best.2 + best.3) > best.1 * (one.2 + one.3) {
                true => one,
                false => best,
            }
        });
        TruthSlice {
            value: (*value).to_owned(),
            records,
            errors: both.filter(|(is_in, wrong)| **is_in && **wrong).count() as u64,
            precisions: precisions.collect(),
            overlap,
        }
    });
    let told: Vec<TruthSlice> = told.collect();
    let means = options.at.iter().enumerate().map(|(which, at)| {
        let shares = told.iter().map(|truth| match truth.precisions.get(which) {
            Some(one) => one.num as f64 / one.den.max(1) as f64,
            None => 0.0,
        });
        let mean = shares.sum::<f64>() / told.len() as f64;
        (*at, (!told.is_empty()).then_some(mean))
    });
    Ok(SlicingReport {
        means: means.collect(),
        truth: options.truth.clone(),
        truths: told,
        found,
    })
}
