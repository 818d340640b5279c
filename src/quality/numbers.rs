//! The numbers of a field: sealed one by one where they are few, by bins where they are many.

use std::collections::BTreeMap;

use crate::object::{self, FieldSchema, FieldState, ObjectSource, Schema, State, Values};
use crate::profile::Bin;
use crate::record::{Role, Type};

use super::metric::Value;

/// Into how many groups of about equal size the numbers of the older version are put for drift.
const GROUPS: u64 = 10;

/// The numbers of one field.
pub(super) enum Numbers {
    /// Each number with its count, in order.
    Each(Vec<(f64, u64)>),
    /// The count of each bin, in order.
    Binned(BTreeMap<Bin, u64>),
}

/// Returns the bins of a sealed object.
pub(super) fn binned(
    source: &dyn ObjectSource,
    id: &crate::base::ObjectId,
) -> Result<BTreeMap<Bin, u64>, object::Error> {
    let numbers: object::Numbers = object::get(source, id)?;
    let bin = |(digits, exponent, count): (i64, i64, u64)| {
        let bin = Bin::new(digits, exponent);
        bin.map(|bin| (bin, count))
            .ok_or_else(|| object::Error::corrupt(*id, "a bin of numbers"))
    };
    numbers.bins.into_iter().map(bin).collect()
}

/// Reads the numbers of all fields of numbers but those of keys and texts.
pub(super) fn of_fields(
    source: &dyn ObjectSource,
    schema: &Schema,
    state: &State,
) -> Result<Vec<(String, Numbers)>, object::Error> {
    let mut all = Vec::new();
    for (schema, state) in schema.fields.iter().zip(&state.fields) {
        if let Some(numbers) = of_field(source, schema, state)? {
            all.push((schema.name.clone(), numbers));
        }
    }
    Ok(all)
}

fn of_field(
    source: &dyn ObjectSource,
    schema: &FieldSchema,
    state: &FieldState,
) -> Result<Option<Numbers>, object::Error> {
    let numeric = [Type::Integer, Type::Float].map(Type::name);
    let is = |role: Role| schema.roles.iter().any(|name| name == role.name());
    if !numeric.contains(&schema.kind.as_str()) || is(Role::Key) || is(Role::Text) {
        return Ok(None);
    }
    if let Some(id) = &state.numbers {
        return binned(source, id).map(|bins| Some(Numbers::Binned(bins)));
    }
    let Some(id) = &state.values else {
        return Ok(None);
    };
    let values: Values = object::get(source, id)?;
    let number = |(value, count): (crate::base::Text, u64)| {
        let number: f64 = value.to_string().parse().ok()?;
        Some((number, count))
    };
    let mut numbers: Vec<(f64, u64)> = values.values.into_iter().filter_map(number).collect();
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Some(Numbers::Each(numbers)))
}

impl Numbers {
    /// Returns the least number that so large a share of the numbers does not exceed.
    pub(super) fn quantile(&self, share: f64) -> Value {
        let rows: Vec<((f64, f64), u64)> = match self {
            Self::Each(numbers) => numbers
                .iter()
                .map(|(n, count)| ((*n, *n), *count))
                .collect(),
            Self::Binned(bins) => bins.iter().map(|(b, count)| (b.bounds(), *count)).collect(),
        };
        let total: u64 = rows.iter().map(|(_, count)| count).sum();
        // At least the first, at most the last.
        let wanted = ((share * total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let found = rows.iter().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        match found {
            None => Value::undefined("no numbers"),
            Some(((low, high), _)) if low == high => Value::real(*low),
            Some(((low, high), _)) => Value::real((low + high) / 2.0).within(*low, *high),
        }
    }
}

/// Puts the numbers of two versions into groups that hold about a tenth of the older ones each:
/// counts by the number of the group.
pub(super) fn in_groups(
    reference: &BTreeMap<Bin, u64>,
    other: &BTreeMap<Bin, u64>,
) -> [BTreeMap<String, u64>; 2] {
    let total: u64 = reference.values().sum();
    // The last bin of each group but the last one.
    let tenths = |seen: u64| u128::from(seen) * u128::from(GROUPS) / u128::from(total.max(1));
    let mut ends = Vec::new();
    let mut seen = 0;
    for (bin, count) in reference {
        let before = tenths(seen);
        seen += count;
        if tenths(seen) > before {
            ends.push(*bin);
        }
    }
    ends.pop(); // the last group has no end
    [reference, other].map(|bins| {
        let mut groups = BTreeMap::new();
        for (bin, count) in bins {
            let group = ends.partition_point(|end| end < bin);
            *groups.entry(format!("{group:02}")).or_insert(0) += count;
        }
        groups
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::metric::Number;

    fn bins(numbers: impl Iterator<Item = u32>) -> BTreeMap<Bin, u64> {
        let mut bins = BTreeMap::new();
        for number in numbers {
            let bin = Bin::of_number(&number.to_string()).unwrap();
            *bins.entry(bin).or_insert(0) += 1;
        }
        bins
    }

    #[test]
    fn quantiles_lie_between_the_bounds_that_are_told() {
        let numbers = Numbers::Binned(bins(1..=9_999));
        for (share, exact) in [(0.0, 1.0), (0.5, 5_000.0), (0.25, 2_500.0), (1.0, 9_999.0)] {
            let value = numbers.quantile(share);
            let (low, high) = value.interval.unwrap();
            assert!(low <= exact && exact <= high, "{share}: {value:?}");
            assert!(high - low <= low / 10.0 + 1e-9, "{share}: {value:?}");
        }
        let each = Numbers::Each(vec![(-1.5, 2), (0.0, 1), (7.0, 1)]);
        assert_eq!(each.quantile(0.5).number, Number::Real(-1.5));
        assert_eq!(each.quantile(1.0).number, Number::Real(7.0));
        assert_eq!(
            Numbers::Each(Vec::new()).quantile(0.5).number,
            Number::Undefined
        );
    }

    #[test]
    fn groups_hold_a_tenth_of_the_older_numbers_each() {
        let older = bins(1_000..2_000);
        let [mine, same] = in_groups(&older, &older);
        assert_eq!(mine, same);
        assert_eq!(mine.len(), 10);
        assert!(mine.values().all(|count| *count == 100), "{mine:?}");
        // Half of the numbers are one: that group is large, the others stay tenths.
        let lumpy = bins((0..500).map(|_| 5).chain(1_000..1_500));
        let [groups, _] = in_groups(&lumpy, &older);
        assert_eq!(groups.values().max(), Some(&500));
        assert_eq!(groups.len(), 6);
        // What lies beyond all older numbers falls into the last group.
        let [_, beyond] = in_groups(&older, &bins(5_000..5_010));
        assert_eq!(beyond, BTreeMap::from([("09".to_owned(), 10)]));
    }
}
