//! Calibration: whether a model is as often right as it is sure.

use crate::object::CalibrationBin;

/// How many bins of equal width there are.
const BINS: usize = 15;
/// What a confidence of 1 is written as.
const ONE: u64 = 1_000_000;

/// Fifteen bins of confidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calibration(Vec<CalibrationBin>);

impl Default for Calibration {
    fn default() -> Self {
        Self(vec![CalibrationBin::default(); BINS])
    }
}

impl Calibration {
    /// Takes the bins of an evaluation.
    pub fn from_object(bins: &[CalibrationBin]) -> Self {
        Self(bins.to_vec())
    }

    /// Returns the bins.
    pub fn bins(&self) -> &[CalibrationBin] {
        &self.0
    }

    /// Counts a record by its confidence in millionths. A bin takes its upper end, and not its
    /// lower one.
    pub fn add(&mut self, confidence: u32, correct: bool) {
        let confidence = u64::from(confidence).min(ONE);
        let above = (confidence * BINS as u64).div_ceil(ONE);
        let bin = &mut self.0[(above as usize).saturating_sub(1)];
        bin.records += 1;
        bin.confidence += confidence;
        bin.correct += u64::from(correct);
    }

    /// Returns the expected calibration error in millionths of records, and how many records there
    /// are: the sum over the bins of the distance between confidence and right predictions.
    pub fn error(&self) -> (u64, u64) {
        let off = |bin: &CalibrationBin| bin.confidence.abs_diff(bin.correct.saturating_mul(ONE));
        let off = self.0.iter().map(off).fold(0, u64::saturating_add);
        (off, self.0.iter().map(|bin| bin.records).sum())
    }
}
