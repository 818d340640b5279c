//! Predictions for records by models that have not seen them.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::Learner;
use super::decision::Prediction;
use super::examples::Examples;
use super::rows::Rows;

/// Returns the fold of a record by what identifies it or its group: the same in every version.
pub fn fold_of(identity: &[u8], folds: u32) -> u32 {
    // The remainder of 64 bits by a few folds is even enough, and easy to compute elsewhere.
    (xxh3_64(identity) % u64::from(folds.max(1))) as u32
}

/// Returns where a hash puts a record between 0 and 1, by what identifies it or its group: the same
/// in every version, whatever other records there are. Below 1.
pub fn part_of(identity: &[u8]) -> f64 {
    // 53 bits are what a float holds without rounding.
    (xxh3_64(identity) >> 11) as f64 / (1u64 << 53) as f64
}

/// Returns the id of what identifies a record.
pub fn id_of(identity: &[u8]) -> u128 {
    xxh3_128(identity)
}

/// Predicts each row by a model fitted to the examples of the other folds. Rows of classes that
/// there are not are predicted but nothing is learnt from them.
pub fn out_of_fold(
    learner: &dyn Learner,
    (rows, labels, ids): (&Rows, &[u32], &[u128]),
    classes: usize,
    folds: &[u32],
) -> Vec<Prediction> {
    let mut out: Vec<Option<Prediction>> = vec![None; rows.len()];
    let mut names: Vec<u32> = folds.to_vec();
    names.sort_unstable();
    names.dedup();
    for fold in names {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for (row, of) in folds.iter().enumerate().take(rows.len()) {
            if *of == fold {
                &mut inside
            } else {
                &mut outside
            }
            .push(row);
        }
        let train = Examples::new(
            &rows.select(&outside),
            &outside.iter().map(|&row| labels[row]).collect::<Vec<_>>(),
            &outside.iter().map(|&row| ids[row]).collect::<Vec<_>>(),
            classes,
        );
        let model = learner.fit(&train);
        let predictions = model.predict_all(&rows.select(&inside));
        for (row, prediction) in inside.into_iter().zip(predictions) {
            out[row] = Some(prediction);
        }
    }
    let none = || super::decide(&vec![0.0; classes], None);
    out.into_iter()
        .map(|found| found.unwrap_or_else(none))
        .collect()
}
