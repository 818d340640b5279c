//! From tallies of ratings to coefficients with their intervals.

use crate::quality::agreement::{
    Coincidences, Distance, Interval, Named, PairTable, Ratings, Shape, Stratum, Tally, Undefined,
    coefficients, intervals, pair_coefficients, pair_intervals,
};
use crate::quality::{Metric, Value, derived};

use super::super::error::Error;
use super::scale::Scale;
use super::{AgreeReport, Agreement, By, Under};

/// Of more pairs of annotators, intervals would take minutes: they have none.
const MOST_PAIRS: usize = 100;
/// Classes beyond so many are not looked at one by one.
const MOST_CLASSES: usize = 1024;

/// Adds the coefficients of what was tallied to the report.
pub(super) fn tell(
    tally: &Tally,
    names: &Ratings,
    scale: &Scale,
    (shape, by): (Shape<'_>, By),
    report: &mut AgreeReport,
) -> Result<(), Error> {
    let field = match shape {
        Shape::Long(label) => Some(label.to_owned()),
        Shape::Wide => None,
    };
    if by == By::Class && names.classes.len() > MOST_CLASSES {
        let many = format!("{} classes are too many to tell each", names.classes.len());
        return Err(Error::Usage(many));
    }
    let none = Stratum::default();
    let mut strata: Vec<_> = tally
        .strata
        .iter()
        .map(|(number, s)| (Some(*number), s))
        .collect();
    if strata.is_empty() {
        strata.push((None, &none));
    }
    for (number, stratum) in strata {
        let subject = Subject {
            stratum,
            names,
            scale,
            field: field.clone(),
            under: (by == By::Guideline).then(|| Under {
                name: number.and_then(|at| names.strata.get(at as usize).cloned()),
                path: None,
                content: None,
                commit: None,
                at: None,
            }),
        };
        match by {
            By::Whole | By::Guideline => report.agreements.extend(subject.whole()),
            By::Class => report.agreements.extend(subject.by_class()),
            By::Pair => report.agreements.extend(subject.by_pair()),
        }
    }
    let all = tally.strata.values();
    let (repeated, anonymous) = all.fold((0, 0), |(r, a), s| (r + s.repeated, a + s.anonymous));
    let mut note = |count: u64, one: &str, many: &str| match count {
        0 => {}
        1 => report.notes.push(format!("1 record {one}")),
        count => report.notes.push(format!("{count} records {many}")),
    };
    let left_out = "without an item left out";
    note(names.without_item, left_out, left_out);
    let again = "an item again for the same annotator: each counts as a rating";
    note(
        repeated,
        &format!("rates {again}"),
        &format!("rate {again}"),
    );
    let nobody = "no annotator, so that no pair counts";
    note(
        anonymous,
        &format!("names {nobody} it"),
        &format!("name {nobody} them"),
    );
    Ok(())
}

struct Subject<'a> {
    stratum: &'a Stratum,
    names: &'a Ratings,
    scale: &'a Scale,
    field: Option<String>,
    under: Option<Under>,
}

impl Subject<'_> {
    fn classes(&self) -> u32 {
        u32::try_from(self.names.classes.len()).unwrap_or(u32::MAX)
    }

    fn whole(&self) -> Vec<Agreement> {
        let units: Vec<&Coincidences> = self.stratum.units.values().collect();
        let state = self.stratum.state();
        let compute = |state: &Coincidences| self.of_state(state, self.scale.distance());
        let found = intervals(&units, compute);
        let mut out = self.counts(&state, None);
        out.extend(self.all(compute(&state), &found, None, None));
        if self.names.annotators.len() == 2 {
            let table = self.stratum.pair((0, 1));
            out.extend(self.of_pair((0, 1), &table, pair_coefficients, None));
        } else {
            let named = vec![("agreement_cohen", Err(Undefined::NotTwoAnnotators))];
            out.extend(self.all(named, &[], None, None));
        }
        out
    }

    fn of_state(&self, state: &Coincidences, distance: Distance<'_>) -> Vec<Named> {
        coefficients(state, self.classes(), distance)
    }

    fn by_class(&self) -> Vec<Agreement> {
        let state = self.stratum.state();
        let mut out = Vec::new();
        for (class, name) in (0..).zip(&self.names.classes) {
            let compute = |state: &Coincidences| coefficients(state, 2, Distance::Nominal);
            let units = self
                .stratum
                .units
                .values()
                .map(|unit| unit.against_rest(class));
            let units: Vec<Coincidences> = units.collect();
            let found = intervals(&units.iter().collect::<Vec<_>>(), compute);
            let named = compute(&state.against_rest(class));
            out.extend(self.all(named, &found, Some(name), None));
        }
        out
    }

    fn by_pair(&self) -> Vec<Agreement> {
        let mut out = Vec::new();
        for &pair in self.stratum.pairs.keys() {
            let name = |at: u32| {
                self.names
                    .annotators
                    .get(at as usize)
                    .cloned()
                    .unwrap_or_default()
            };
            let names = (name(pair.0), name(pair.1));
            let table = self.stratum.pair(pair);
            out.extend(self.counts(&table.coincidences(), Some(&names)));
            let compute = |table: &PairTable, ordered| {
                let mut named = self.of_state(&table.coincidences(), self.scale.distance());
                // Of two ratings each, Fleiss' kappa is Scott's pi.
                named.retain(|(name, _)| *name != "agreement_fleiss");
                named.extend(pair_coefficients(table, ordered));
                named
            };
            out.extend(self.of_pair(pair, &table, compute, Some(&names)));
        }
        out
    }

    fn of_pair(
        &self,
        pair: (u32, u32),
        table: &PairTable,
        compute: impl Fn(&PairTable, bool) -> Vec<Named> + Sync,
        names: Option<&(String, String)>,
    ) -> Vec<Agreement> {
        let ordered = self.scale.is_ordered();
        let units = self
            .stratum
            .pairs
            .get(&pair)
            .into_iter()
            .flat_map(|units| units.values());
        let found = match self.stratum.pairs.len() {
            0..=MOST_PAIRS => pair_intervals(&units.collect::<Vec<_>>(), |t| compute(t, ordered)),
            _ => Vec::new(),
        };
        self.all(compute(table, ordered), &found, None, names)
    }

    fn counts(&self, state: &Coincidences, pair: Option<&(String, String)>) -> Vec<Agreement> {
        let count = |name, unit, count| {
            self.agreement(derived(name, unit, 1, Value::count(count)), None, pair)
        };
        vec![
            count("agreement_items", "items", state.compared()),
            count("agreement_ratings", "ratings", state.total()),
        ]
    }

    fn all(
        &self,
        named: Vec<Named>,
        found: &[Option<Interval>],
        class: Option<&str>,
        pair: Option<&(String, String)>,
    ) -> Vec<Agreement> {
        let one = |(at, (name, value)): (usize, Named)| {
            let value = match value {
                Ok(value) => Value::real(value),
                Err(why) => Value::undefined(&why.to_string()),
            };
            let mut metric = derived(name, "ratio", 1, value);
            let interval = found
                .get(at)
                .copied()
                .flatten()
                .filter(|_| metric.value.is_some());
            metric.low = interval.map(|(low, _)| low);
            metric.high = interval.map(|(_, high)| high);
            self.agreement(metric, class, pair)
        };
        named.into_iter().enumerate().map(one).collect()
    }

    fn agreement(
        &self,
        mut metric: Metric,
        class: Option<&str>,
        pair: Option<&(String, String)>,
    ) -> Agreement {
        metric.field.clone_from(&self.field);
        metric.class = class.map(str::to_owned);
        Agreement {
            metric,
            pair: pair.cloned(),
            guideline: self.under.clone(),
        }
    }
}
