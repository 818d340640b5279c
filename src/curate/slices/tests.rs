//! The best slices against all conjunctions.

use proptest::prelude::*;

use super::*;

/// All slices up to some predicates, by counting each conjunction.
fn brute(coded: Coded<'_>, wanted: Wanted) -> Vec<Slice> {
    let count = |predicates: &[(usize, u32)]| {
        let mut counts = Counts::default();
        for (at, error) in coded.errors.iter().enumerate() {
            if predicates
                .iter()
                .all(|(field, code)| coded.fields[*field][at] == *code)
            {
                counts.records += 1;
                counts.errors += u64::from(*error);
            }
        }
        counts
    };
    let all = count(&[]);
    if all.errors == 0 {
        return Vec::new();
    }
    let scale = Scale {
        records: all.records,
        mean: all.errors as f64 / all.records as f64,
        alpha: wanted.alpha,
        least: wanted.least,
    };
    let mut level: Vec<Vec<(usize, u32)>> = vec![Vec::new()];
    let mut out = Vec::new();
    for _ in 0..wanted.predicates {
        let mut next = Vec::new();
        for shorter in &level {
            let from = shorter.last().map_or(0, |(field, _)| field + 1);
            for (field, codes) in coded.fields.iter().enumerate().skip(from) {
                let mut codes: Vec<u32> = codes.iter().copied().filter(|c| *c != NONE).collect();
                codes.sort_unstable();
                codes.dedup();
                next.extend(codes.into_iter().map(|code| {
                    let mut longer = shorter.clone();
                    longer.push((field, code));
                    longer
                }));
            }
        }
        for predicates in &next {
            let counts = count(predicates);
            let is_new = (0..predicates.len()).all(|left_out| {
                let mut shorter = predicates.clone();
                shorter.remove(left_out);
                count(&shorter).records > counts.records
            });
            let score = scale.score(counts);
            if counts.records >= wanted.least.max(1) && counts.errors > 0 && is_new && score > 0.0 {
                out.push(Slice {
                    predicates: predicates.clone(),
                    records: counts.records,
                    errors: counts.errors,
                    score,
                });
            }
        }
        level = next;
    }
    out.sort_by(ranked);
    out.truncate(wanted.most);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_best_slices_are_those_of_all_conjunctions(
        records in prop::collection::vec((prop::collection::vec(0u32..4, 4), 0u32..3), 1..60),
        alpha in 0.3f64..1.0, least in 1u64..6, most in 1usize..12, predicates in 1usize..4, larger in any::<bool>(),
    ) {
        let code = |code: u32| if code == 3 { NONE } else { code };
        let field = |at: usize| records.iter().map(|(codes, _)| code(codes[at])).collect();
        let fields: Vec<Vec<u32>> = (0..4).map(field).collect();
        let error = |error: u32| if larger { error * error } else { error / 2 };
        let errors: Vec<u32> = records.iter().map(|(_, e)| error(*e)).collect();
        let coded = Coded { fields: &fields, errors: &errors };
        let wanted = Wanted { alpha, least, predicates, most };
        prop_assert_eq!(find_slices(coded, wanted).slices, brute(coded, wanted));
    }

    #[test]
    fn a_bound_is_never_below_the_score_of_what_it_bounds(
        n in 1u64..200, more in (0u64..200, 0u32..5), own in (1u64..200, 0u64..400), alpha in 0.0f64..=1.0, least in 1u64..20,
    ) {
        let (records, errors) = own;
        let largest = 3;
        let errors = errors.min(records * u64::from(largest));
        let counts = Counts { records, errors, largest };
        let scale = Scale { records: n + records, mean: 0.3, alpha, least };
        prop_assume!(records >= least);
        let above = Counts {
            records: records + more.0,
            errors: errors + more.0,
            largest: largest + more.1,
        };
        prop_assert!(scale.bound(above) >= scale.score(counts) - 1e-9);
    }
}

#[test]
fn the_worked_example_of_the_page() {
    // 40 records, 8 errors; a = 1 has 10 records with 6 of them.
    let a: Vec<u32> = (0..40).map(|at| u32::from(at < 10)).collect();
    let b: Vec<u32> = (0..40).map(|at| at % 2).collect();
    let errors: Vec<u32> = (0..40).map(|at| u32::from(at < 6 || at >= 38)).collect();
    let fields = [a, b];
    let wanted = Wanted {
        alpha: 0.95,
        least: 5,
        predicates: 2,
        most: 3,
    };
    let found = find_slices(
        Coded {
            fields: &fields,
            errors: &errors,
        },
        wanted,
    );
    // .95 (.6 / .2 - 1) - .05 (40 / 10 - 1) = 1.75
    assert_eq!(found.slices[0].predicates, [(0, 1)]);
    assert!((found.slices[0].score - 1.75).abs() < 1e-12);
}

#[test]
fn many_records_are_no_matter_and_bounds_save_counting() {
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let count = 20_000;
    let fields: Vec<Vec<u32>> = (0..12)
        .map(|_| (0..count).map(|_| random(8) as u32).collect())
        .collect();
    let errors: Vec<u32> = (0..count)
        .map(|at| {
            let planted = fields[3][at] == 2 && fields[7][at] == 5;
            u32::from(random(100) < if planted { 100 } else { 3 })
        })
        .collect();
    let wanted = Wanted {
        alpha: 0.95,
        least: 100,
        predicates: 3,
        most: 1,
    };
    let coded = Coded {
        fields: &fields,
        errors: &errors,
    };
    let found = find_slices(coded, wanted);
    assert_eq!(found.slices[0].predicates, [(3, 2), (7, 5)]);
    assert!(found.pruned[1] > found.counted[1], "{found:?}");
}
