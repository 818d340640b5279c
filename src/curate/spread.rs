//! Numbers far from the others of their group: robust z scores and fences of quartiles.

/// What is far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Spread {
    /// 0.6745 (x - median) / MAD, absolutely above the bound (Iglewicz and Hoaglin 1993: 3.5).
    RobustZ(f64),
    /// Below Q1 - bound * IQR or above Q3 + bound * IQR (Tukey 1977: 1.5).
    Iqr(f64),
}

/// A number that is far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Strayed {
    /// Its place among the numbers.
    pub at: usize,
    /// How far, with its sign: the robust z score, or IQRs beyond the nearer quartile.
    pub score: f64,
    /// The middle of its group.
    pub median: f64,
}

/// Returns the quantile by linear interpolation between the sorted numbers.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    match (sorted.get(low), sorted.get(low + 1)) {
        (Some(a), Some(b)) if part > 0.0 => a + part * (b - a),
        (Some(a), _) => *a,
        _ => f64::NAN,
    }
}

/// Returns the numbers of one group that are far. Where half of them are equal there is no spread
/// to measure by, and none is.
pub fn stray(numbers: &[f64], spread: Spread) -> Vec<Strayed> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = quantile(&sorted, 0.5);
    let score: Box<dyn Fn(f64) -> Option<f64>> = match spread {
        Spread::RobustZ(bound) => {
            let mut far: Vec<f64> = numbers.iter().map(|x| (x - median).abs()).collect();
            far.sort_by(f64::total_cmp);
            let mad = quantile(&far, 0.5);
            Box::new(move |x| {
                let z = 0.6745 * (x - median) / mad;
                (mad > 0.0 && z.abs() > bound).then_some(z)
            })
        }
        Spread::Iqr(bound) => {
            let (low, high) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
            let range = high - low;
            Box::new(move |x| {
                let beyond = if x > high {
                    x - high
                } else {
                    (x - low).min(0.0)
                } / range;
                (range > 0.0 && beyond.abs() > bound).then_some(beyond)
            })
        }
    };
    let far = |(at, x): (usize, &f64)| {
        let score = score(*x)?;
        Some(Strayed { at, score, median })
    };
    numbers.iter().enumerate().filter_map(far).collect()
}
