//! The agreement that a scorecard seals: integers, from which coefficients are derived when read.
//!
//! Invariant: what is sealed of a table is what `agree` counts in it, class by class, so both tell
//! the same numbers.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Text;
use crate::config::ClassesConfig;
use crate::object::RatingState;
use crate::profile::{Rated, Ratings};
use crate::record::Type;

use super::coefficient::{Coefficient, Named, coefficients, pair_coefficients};
use super::pairs::PairTable;
use super::scale::Scale;
use super::state::Coincidences;
use super::vocabulary::in_order;

/// Of more classes no agreement is sealed.
const MOST_CLASSES: usize = 128;

/// Returns what is sealed of a long table. `kind` is the type of its ratings, `declared` what is
/// declared of their classes.
pub fn seal_long(ratings: &Ratings, kind: Type, declared: Option<&ClassesConfig>) -> RatingState {
    let scale = sealed_scale(declared);
    let mut state = RatingState {
        field: Some(ratings.field.clone()),
        classes: texts(&ratings.classes),
        sums: ratings.sums.clone(),
        annotators: Vec::new(),
        pairs: Vec::new(),
        scale,
    };
    let found: BTreeSet<String> = ratings.classes.iter().cloned().collect();
    let classes = in_order(kind, declared, found);
    // Only where classes have an order does it matter which ones lie between.
    if state.scale.is_some() && classes.len() <= usize::from(u16::MAX) {
        let places = Places::of(&classes);
        let moved: Vec<u16> = ratings
            .classes
            .iter()
            .map(|name| places.of_name(name))
            .collect();
        let place = |at: u16| moved.get(usize::from(at)).copied().unwrap_or(at);
        let moved = ratings.sums.iter().map(|&(m, k, l, sum)| {
            let (k, l) = (place(k), place(l));
            (m, k.min(l), k.max(l), sum)
        });
        state.sums = moved.collect();
        state.sums.sort_unstable();
        state.classes = texts(&classes);
    }
    state
}

/// Returns what is sealed of a wide table; `None` where its label fields are different questions,
/// because two of them have no class in common, and where there are too many classes.
pub fn seal_wide(rated: &Rated, declared: Option<&ClassesConfig>) -> Option<RatingState> {
    let mut said: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); rated.annotators.len()];
    for cell in &rated.cells {
        let (a, b) = (&cell.classes.0, &cell.classes.1);
        said.get_mut(usize::from(cell.annotators.0))?.insert(a);
        if let Some(b) = b {
            said.get_mut(usize::from(cell.annotators.1))?.insert(b);
        }
    }
    let rated_any = || said.iter().filter(|classes| !classes.is_empty());
    let strangers = |(at, a): (usize, &BTreeSet<&str>)| {
        let mut others = rated_any().skip(at + 1);
        others.any(|b| a.is_disjoint(b))
    };
    if rated_any().enumerate().any(strangers) {
        return None;
    }
    let found: BTreeSet<String> = said.iter().flatten().map(|&name| name.to_owned()).collect();
    if found.len() > MOST_CLASSES {
        return None;
    }
    let classes = in_order(rated.kind, declared, found);
    if classes.len() > usize::from(u16::MAX) {
        return None;
    }
    let places = Places::of(&classes);
    let mut sums: BTreeMap<(u32, u16, u16), u64> = BTreeMap::new();
    let mut pairs: BTreeMap<(u16, u16, u16, u16), u64> = BTreeMap::new();
    for cell in &rated.cells {
        let k = places.of_name(&cell.classes.0);
        let Some(second) = &cell.classes.1 else {
            *sums.entry((cell.ratings, k, k)).or_insert(0) += cell.records;
            continue;
        };
        let l = places.of_name(second);
        // Two ratings of one class are two ordered pairs.
        let ordered = if k == l { 2 } else { 1 };
        *sums.entry((cell.ratings, k.min(l), k.max(l))).or_insert(0) += ordered * cell.records;
        let (a, b) = cell.annotators;
        *pairs.entry((a, b, k, l)).or_insert(0) += cell.records;
    }
    Some(RatingState {
        field: None,
        scale: sealed_scale(declared),
        classes: texts(&classes),
        sums: sums
            .into_iter()
            .map(|((m, k, l), n)| (m, k, l, n))
            .collect(),
        annotators: rated.annotators.clone(),
        pairs: pairs
            .into_iter()
            .map(|((a, b, k, l), n)| (a, b, k, l, n))
            .collect(),
    })
}

fn sealed_scale(declared: Option<&ClassesConfig>) -> Option<String> {
    let scale = declared.map(ClassesConfig::scale);
    scale
        .filter(|scale| *scale != Scale::Nominal.name())
        .map(str::to_owned)
}

fn texts(names: &[String]) -> Vec<Text> {
    names.iter().map(|name| name.as_str().into()).collect()
}

struct Places<'a>(BTreeMap<&'a str, u16>);

impl<'a> Places<'a> {
    fn of(classes: &'a [String]) -> Self {
        Self(classes.iter().map(String::as_str).zip(0..).collect())
    }

    fn of_name(&self, name: &str) -> u16 {
        self.0.get(name).copied().unwrap_or(u16::MAX)
    }
}

/// What a scorecard sealed, ready to be asked.
pub struct Sealed<'a> {
    state: &'a RatingState,
    scale: Scale,
    values: Vec<f64>,
    classes: u32,
}

impl<'a> Sealed<'a> {
    /// Reads a sealed state. `classes` is how many classes there are to choose from where the state
    /// does not list them all. Fails with the reason why nothing can be told.
    pub fn read(state: &'a RatingState, classes: Option<usize>) -> Result<Self, String> {
        let name = state.scale.as_deref().unwrap_or(Scale::Nominal.name());
        let scale = Scale::named(name).ok_or_else(|| format!("the scale `{name}` is not known"))?;
        let names: Vec<String> = state.classes.iter().map(Text::to_string).collect();
        let values = scale.values(&names).map_err(|class| {
            format!("on the {name} scale classes are numbers, and `{class}` is none")
        })?;
        let listed = state.classes.len();
        let classes = classes.map_or(listed, |classes| classes.max(listed));
        Ok(Self {
            state,
            scale,
            values,
            classes: u32::try_from(classes).unwrap_or(u32::MAX),
        })
    }

    /// Returns a coefficient of all annotators; `None` where there is none of that name.
    pub fn coefficient(&self, name: &str) -> Option<Coefficient> {
        let state = Coincidences::from_sums(&self.state.sums);
        let all = coefficients(&state, self.classes, self.scale.distance(&self.values));
        named(all, name)
    }

    /// Returns a coefficient of each two annotators of a wide table; weighted ones where classes
    /// have an order.
    pub fn of_pairs(&self, name: &str) -> Vec<((&'a str, &'a str), Coefficient)> {
        let annotators = &self.state.annotators;
        let mut tables: BTreeMap<(u16, u16), PairTable> = BTreeMap::new();
        let count = u16::try_from(annotators.len()).unwrap_or(u16::MAX);
        for a in 0..count {
            tables.extend((a + 1..count).map(|b| ((a, b), PairTable::default())));
        }
        for &(a, b, k, l, n) in &self.state.pairs {
            let table = tables.entry((a, b)).or_default();
            table.add(u32::from(k), u32::from(l), n);
        }
        let annotator = |at: u16| annotators.get(usize::from(at)).map_or("", String::as_str);
        let of = |((a, b), table): ((u16, u16), PairTable)| {
            let found = named(pair_coefficients(&table, self.scale.is_ordered()), name)?;
            Some(((annotator(a), annotator(b)), found))
        };
        tables.into_iter().filter_map(of).collect()
    }
}

fn named(all: Vec<Named>, name: &str) -> Option<Coefficient> {
    let found = all.into_iter().find(|(other, _)| *other == name);
    found.map(|(_, coefficient)| coefficient)
}
