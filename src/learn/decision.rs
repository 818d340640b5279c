//! Decisions: from scores to a class.

/// Margins below this are rounding: the lower class index wins.
pub const CLOSE: f64 = 1e-9;

/// What a model says of one row.
#[derive(Clone, PartialEq, Debug)]
pub struct Prediction {
    /// The class.
    pub class: u32,
    /// By how much its score is above that of the next class.
    pub margin: f64,
    /// Whether another class had as good a score, so that a rule decided and not the scores.
    pub close: bool,
    /// The probabilities of all classes, of learners that have them.
    pub probabilities: Option<Vec<f64>>,
}

/// Returns the class of the highest score: of those within [`CLOSE`] of it, the first.
pub fn decide(scores: &[f64], probabilities: Option<Vec<f64>>) -> Prediction {
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let near = |score: &f64| *score == best || best - score < CLOSE;
    let class = scores.iter().position(near).unwrap_or(0);
    let others = scores.iter().enumerate().filter(|(at, _)| *at != class);
    let next = others
        .map(|(_, score)| *score)
        .fold(f64::NEG_INFINITY, f64::max);
    let margin = match scores.get(class) {
        Some(score) if score.is_finite() => (score - next).max(0.0),
        _ => 0.0,
    };
    Prediction {
        class: class as u32,
        margin,
        close: margin < CLOSE && scores.len() > 1,
        probabilities,
    }
}
