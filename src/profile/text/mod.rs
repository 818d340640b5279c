//! Texts: in which script records are written, what is wrong with their text, and which kinds of
//! personal data it holds, counted by records.
//!
//! Values never leave this box, only counts by kind: a quality record must not leak what it warns
//! of. Rules for one script are never asked of another. Definitions: docs/quality.md, "Texts".

mod defects;
mod pii;
mod script;

use crate::record::Batch;

pub use defects::Defect;
pub use pii::Pii;
pub use script::Script;

const SCRIPTS: usize = Script::ALL.len();
const DEFECTS: usize = Defect::ALL.len();

/// How many numbers are counted of a field of texts.
pub(super) const NUMBERS: usize = SCRIPTS + DEFECTS + Pii::ALL.len();

/// What is counted of one field of texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TextCounts(pub(super) [i64; NUMBERS]);

impl Default for TextCounts {
    fn default() -> Self {
        Self([0; NUMBERS])
    }
}

impl TextCounts {
    /// Adds `sign` for what each text of a field of a batch is and has.
    pub(super) fn apply(&mut self, batch: &Batch, place: usize, sign: i64) {
        for record in batch.records() {
            let Some(cell) = record.cell(place) else {
                continue;
            };
            let shape = script::Shape::of(cell.text);
            self.0[shape.script() as usize] += sign;
            let (counts, pii) = self.0[SCRIPTS..].split_at_mut(DEFECTS);
            defects::each(cell.text, &shape, |defect| counts[defect as usize] += sign);
            pii::each(cell.text, &shape, |kind| pii[kind as usize] += sign);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Returns the records by script.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (&'static str, i64)> {
        named(Script::ALL.map(Script::name), &self.0[..SCRIPTS])
    }

    /// Returns the records by defect.
    pub(super) fn defects(&self) -> impl Iterator<Item = (&'static str, i64)> {
        named(Defect::ALL.map(Defect::name), &self.0[SCRIPTS..])
    }

    /// Returns the records by kind of personal data.
    pub(super) fn pii(&self) -> impl Iterator<Item = (&'static str, i64)> {
        named(Pii::ALL.map(Pii::name), &self.0[SCRIPTS + DEFECTS..])
    }
}

fn named<const N: usize>(
    names: [&'static str; N],
    counts: &[i64],
) -> impl Iterator<Item = (&'static str, i64)> {
    names.into_iter().zip(counts.iter().copied())
}

/// What a text is and has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// The script of most of its letters.
    pub script: Script,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
    /// The kinds of personal data in it.
    pub pii: Vec<Pii>,
}

/// Looks at one text, as profiles do.
pub fn look_at(text: &str) -> Look {
    let shape = script::Shape::of(text);
    let (mut found, mut kinds) = (Vec::new(), Vec::new());
    defects::each(text, &shape, |defect| found.push(defect));
    pii::each(text, &shape, |kind| kinds.push(kind));
    Look {
        script: shape.script(),
        defects: found,
        pii: kinds,
    }
}

#[cfg(test)]
mod tests;
