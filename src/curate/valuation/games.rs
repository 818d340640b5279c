//! Values of training records for one test record, in closed form.
//!
//! `matches` says of each training record, the nearest first, whether it has the test record's
//! class. m_i is 1 where it has and 0 otherwise, N how many there are, C the number of classes.
//! All but leave-one-out are Shapley values: they add up to U(all) - U(none).

use crate::learn::vote;

/// Returns 1 of a match.
fn one(matches: bool) -> f64 {
    f64::from(u8::from(matches))
}

/// Jia et al. 2019: U(S) is 1/K of the matches among the K nearest of S, U(none) = 0.
///
/// s_N = m_N min(K, N) / (K N); s_i = s_(i+1) + (m_i - m_(i+1)) / K * min(K, i) / i.
/// (With 1/N for min(K, N) / (K N), as the formula is often printed, values are wrong where N < K.)
pub fn knn_shapley(matches: &[bool], neighbours: usize) -> Vec<f64> {
    let (count, k) = (matches.len(), neighbours.max(1));
    let mut out = vec![0.0; count];
    let Some(last) = matches.last() else {
        return out;
    };
    let mut value = one(*last) * k.min(count) as f64 / (k as f64 * count as f64);
    out[count - 1] = value;
    for i in (1..count).rev() {
        let step = one(matches[i - 1]) - one(matches[i]);
        if step != 0.0 {
            value += step / k as f64 * (k.min(i) as f64 / i as f64);
        }
        out[i - 1] = value;
    }
    out
}

/// Wang and Jia 2023: U(S) is the share of matches among the K nearest of S, U(none) = 1/C.
///
/// s_N = (m_N - mean of the others) / N * sum over j < K of 1/(j + 1) + (m_N - 1/C) / N;
/// s_i = s_(i+1) + (m_i - m_(i+1)) / (N - 1) * (sum over j <= K of 1/j + (min(i, K) (N - 1) / i - K) / K),
/// with min(K, N) for K: where there are fewer than K, all are neighbours.
pub fn soft_knn_shapley(matches: &[bool], neighbours: usize, classes: usize) -> Vec<f64> {
    let count = matches.len();
    let k = neighbours.max(1).min(count);
    let chance = 1.0 / classes.max(1) as f64;
    let mut out = vec![0.0; count];
    let Some(last) = matches.last() else {
        return out;
    };
    if count == 1 {
        out[0] = one(*last) - chance;
        return out;
    }
    let n = count as f64;
    let harmonic: f64 = harmonic(k);
    let others = matches[..count - 1].iter().filter(|m| **m).count() as f64 / (n - 1.0);
    let mut value = (one(*last) - others) / n * (harmonic - 1.0) + (one(*last) - chance) / n;
    out[count - 1] = value;
    for i in (1..count).rev() {
        let step = one(matches[i - 1]) - one(matches[i]);
        if step != 0.0 {
            let reach = k.min(i) as f64 * (n - 1.0) / i as f64 - k as f64;
            value += step / (n - 1.0) * (harmonic + reach / k as f64);
        }
        out[i - 1] = value;
    }
    out
}

/// Wang et al. 2023: the players are the c records within a distance, U(S) is the share of matches
/// among those of S, U(none) = 1/C. Returns the value of a match and that of any other record.
///
/// (m - p) / c * (H_c - 1) + (m - 1/C) / c, with p the share of matches among the others and H_c
/// the harmonic number; of c = 1 it is m - 1/C.
pub fn threshold_knn_shapley(within: usize, matching: usize, classes: usize) -> (f64, f64) {
    let chance = 1.0 / classes.max(1) as f64;
    let value = |m: f64| match within {
        0 => 0.0,
        1 => m - chance,
        _ => {
            let c = within as f64;
            let p = (matching as f64 - m) / (c - 1.0);
            (m - p) / c * (harmonic(within) - 1.0) + (m - chance) / c
        }
    };
    (value(1.0), value(0.0))
}

/// Returns 1 + 1/2 + ... + 1/n.
fn harmonic(n: usize) -> f64 {
    (1..=n).map(|j| 1.0 / j as f64).sum()
}

/// What leaving out each of the `neighbours` nearest would cost: 1 where the vote is right only
/// with it, -1 where it is right only without it. `classes` are those of the nearest records, one
/// more than vote; farther ones have no part in the vote and the value 0.
pub fn leave_one_out(classes: &[u32], truth: u32, neighbours: usize) -> Vec<i8> {
    let k = neighbours.max(1);
    // Where nobody votes nothing is said, which is not right.
    let right =
        |voters: &[u32]| i8::from(!voters.is_empty() && vote(voters.iter().copied()) == truth);
    let with = right(&classes[..k.min(classes.len())]);
    let mut voters = Vec::with_capacity(k);
    let without = (0..k.min(classes.len())).map(|left_out| {
        voters.clear();
        let others = classes.iter().enumerate().filter(|(at, _)| *at != left_out);
        voters.extend(others.map(|(_, class)| *class).take(k));
        with - right(&voters)
    });
    without.collect()
}
