//! Linear algebra with one order of sums.

/// Returns the inner product, summed in eight lanes and then from the first to the last: an order
/// that vector units of any width can keep.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest = a_rest
        .iter()
        .zip(b_rest)
        .fold(0.0, |sum, (a, b)| sum + a * b);
    lanes.iter().sum::<f64>() + rest
}

/// Returns the squared Euclidean distance, summed like [`dot`].
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a_chunks, a_rest) = a.as_chunks::<8>();
    let (b_chunks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..8 {
            let difference = a[lane] - b[lane];
            lanes[lane] += difference * difference;
        }
    }
    let square = |(a, b): (&f64, &f64)| (a - b) * (a - b);
    let rest = a_rest.iter().zip(b_rest).map(square).sum::<f64>();
    lanes.iter().sum::<f64>() + rest
}

/// Replaces the lower triangle of a symmetric positive definite matrix of `size` rows by its
/// Cholesky factor.
pub(super) fn factorise(matrix: &mut [f64], size: usize) {
    for row in 0..size {
        let (before, rest) = matrix.split_at_mut(row * size);
        let this = &mut rest[..size];
        for column in 0..row {
            let other = &before[column * size..column * size + column + 1];
            let sum = dot(&this[..column], &other[..column]);
            this[column] = (this[column] - sum) / other[column];
        }
        let sum = dot(&this[..row], &this[..row]);
        // Regularised matrices are positive definite; rounding must not make a NaN of it.
        this[row] = (this[row] - sum).max(f64::MIN_POSITIVE).sqrt();
    }
}

/// Solves for `width` right sides at once (one column each), given the factor.
pub(super) fn substitute(factor: &[f64], size: usize, right: &mut [f64], width: usize) {
    for row in 0..size {
        let (before, rest) = right.split_at_mut(row * width);
        let this = &mut rest[..width];
        for (column, other) in before.chunks_exact(width).enumerate() {
            let weight = factor[row * size + column];
            this.iter_mut()
                .zip(other)
                .for_each(|(a, b)| *a -= weight * b);
        }
        this.iter_mut().for_each(|a| *a /= factor[row * size + row]);
    }
    for row in (0..size).rev() {
        let (before, after) = right.split_at_mut((row + 1) * width);
        let this = &mut before[row * width..];
        for (below, other) in after.chunks_exact(width).enumerate() {
            let weight = factor[(row + 1 + below) * size + row];
            this.iter_mut()
                .zip(other)
                .for_each(|(a, b)| *a -= weight * b);
        }
        this.iter_mut().for_each(|a| *a /= factor[row * size + row]);
    }
}

/// How small the residual becomes, beside the right side.
const RESIDUAL: f64 = 1e-11;
/// Where rounding keeps it larger, this many steps are enough.
const MOST_STEPS: usize = 2000;

/// Solves a symmetric positive definite system for `width` right sides by conjugate gradients;
/// `apply` multiplies with the matrix.
pub(super) fn conjugate_gradients(
    apply: &dyn Fn(&[f64]) -> Vec<f64>,
    right: &[f64],
    width: usize,
) -> Vec<f64> {
    let inner = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let mut sums = vec![0.0; width];
        for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        sums
    };
    let add = |to: &mut [f64], factors: &[f64], more: &[f64]| {
        for (to, more) in to.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
            for ((to, factor), more) in to.iter_mut().zip(factors).zip(more) {
                *to += factor * more;
            }
        }
    };
    let mut solution = vec![0.0; right.len()];
    let mut residual = right.to_vec();
    let mut direction = right.to_vec();
    let mut squares = inner(&residual, &residual);
    let goals: Vec<f64> = squares.iter().map(|s| s * RESIDUAL * RESIDUAL).collect();
    for _ in 0..MOST_STEPS {
        if squares
            .iter()
            .zip(&goals)
            .all(|(square, goal)| square <= goal)
        {
            break;
        }
        let applied = apply(&direction);
        let curvature = inner(&direction, &applied);
        // A side that is solved takes no more steps.
        let step: Vec<f64> = (0..width)
            .map(|at| match squares[at] > goals[at] && curvature[at] > 0.0 {
                true => squares[at] / curvature[at],
                false => 0.0,
            })
            .collect();
        add(&mut solution, &step, &direction);
        let back: Vec<f64> = step.iter().map(|step| -step).collect();
        add(&mut residual, &back, &applied);
        let next = inner(&residual, &residual);
        let turn: Vec<f64> = (0..width)
            .map(|at| match squares[at] > 0.0 {
                true => next[at] / squares[at],
                false => 0.0,
            })
            .collect();
        let mut next_direction = residual.clone();
        add(&mut next_direction, &turn, &direction);
        direction = next_direction;
        squares = next;
    }
    solution
}
