//! `find outliers`: numbers far from the middle of their group; texts and lists of numbers far from
//! their nearest neighbours.

use std::collections::BTreeMap;

use crate::curate::{Spread, far, stray};
use crate::learn::{Encoding, FeatureMap};

use super::super::error::Error;
use super::features::map_of;
use super::reading::View;
use super::{Answer, Hit, NOT_LOOKED_AT, Note, OutlierOptions};

/// Neighbours are looked for among so many records: time grows with their square.
const MOST: u64 = 50_000;
/// So many neighbours are asked for at most: all of them are held at once.
const MOST_NEIGHBOURS: usize = 1000;

/// A record with the value that its group is named by, and the values of the fields.
type Read = (u64, Option<String>, Vec<Option<String>>);

pub(super) fn find(view: &View<'_>, options: &OutlierOptions) -> Result<Answer, Error> {
    let bound = options.bound.unwrap_or(0.0);
    if !(bound >= 0.0 && bound.is_finite()) {
        return Err(Error::Usage("--bound is 0 or more".to_owned()));
    }
    if !(1..=MOST_NEIGHBOURS).contains(&options.neighbours) {
        return Err(Error::Usage(format!(
            "--neighbours is from 1 to {MOST_NEIGHBOURS}"
        )));
    }
    if let Some(by) = &options.by
        && !view.facts.fields.iter().any(|fact| *fact.name == **by)
    {
        return Err(view.not_to_be_found(format!("it has no field `{by}`")));
    }
    let mut notes = Vec::new();
    let only = Some(options.fields.as_slice()).filter(|fields| !fields.is_empty());
    let map = map_of(view, only)?;
    let judged = |encoding: &Encoding| !matches!(encoding, Encoding::Category);
    let fields: Vec<(String, Encoding)> = map
        .fields()
        .iter()
        .filter(|(_, encoding)| judged(encoding))
        .cloned()
        .collect();
    if fields.is_empty() {
        return Err(view.not_to_be_found(
            "it has no numbers, texts or lists of numbers among its content fields",
        ));
    }
    let unknown = |field: &&String| !fields.iter().any(|(name, _)| name == *field);
    if let Some(field) = options.fields.iter().find(unknown) {
        return Err(view.not_to_be_found(format!(
            "`{field}` is no content field of numbers, texts or lists of numbers"
        )));
    }
    let all = view.looked_at()?;
    let is_number = |encoding: &Encoding| matches!(encoding, Encoding::Number(_));
    let (fields, skipped): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|(_, encoding)| is_number(encoding) || all <= MOST);
    if !skipped.is_empty() {
        let names: Vec<&str> = skipped.iter().map(|(name, _)| name.as_str()).collect();
        let reason = format!(
            "{}: neighbours are looked for among at most {MOST} records, and these are {all}: choose \
             some with --where",
            names.join(", ")
        );
        if fields.is_empty() {
            return Err(view.not_to_be_found(reason));
        }
        notes.push(format!("{NOT_LOOKED_AT}{reason}"));
    }
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    notes.insert(0, format!("fields: {}", names.join(", ")));
    let runs = view.scan(|batch, records| {
        let places = batch.places(names.iter().copied());
        let by = options.by.as_ref().map(|by| (by, batch.field(by)));
        let read = |(at, record): (u64, crate::record::RecordRef<'_>)| -> Read {
            let text = |place: usize| Some(record.cell(place)?.text.to_owned());
            let by = by.and_then(|(field, place)| Some(view.spelled(field, record.cell(place?)?)));
            let values = places.iter().map(|place| place.and_then(text)).collect();
            (at, by, values)
        };
        records.map(read).collect::<Vec<_>>()
    })?;
    let records: Vec<Read> = runs.into_iter().flatten().collect();
    let mut hits = Vec::new();
    let mut methods: Vec<String> = Vec::new();
    for (at, (name, encoding)) in fields.iter().enumerate() {
        let method = match encoding {
            Encoding::Number(_) => method(options),
            _ => near(options),
        };
        match encoding {
            Encoding::Number(_) => numbers(&records, at, name, options, &mut hits),
            _ => {
                let map = FeatureMap::new(vec![(name.clone(), encoding.clone())]);
                neighbours(&records, at, &map, options, &mut hits);
            }
        }
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    // Scores of fields and methods do not compare: each is ranked by itself, in the order of fields.
    let rank = |hit: &Hit| {
        names
            .iter()
            .position(|name| hit.field.as_deref() == Some(name))
            .unwrap_or(0)
    };
    for hit in &mut hits {
        hit.rank = rank(hit) as u64;
    }
    Ok(Answer {
        counts: BTreeMap::new(),
        method: methods.join("; "),
        hits,
        notes,
        looked_at: records.len() as u64,
    })
}

fn spread(options: &OutlierOptions) -> Spread {
    match options.iqr {
        true => Spread::Iqr(options.bound.unwrap_or(1.5)),
        false => Spread::RobustZ(options.bound.unwrap_or(3.5)),
    }
}

fn method(options: &OutlierOptions) -> String {
    let by = options
        .by
        .as_ref()
        .map(|by| format!(", by {by}"))
        .unwrap_or_default();
    match spread(options) {
        Spread::Iqr(bound) => format!("iqr(bound {bound}{by})"),
        Spread::RobustZ(bound) => format!("robust-z(bound {bound}{by})"),
    }
}

fn numbers(records: &[Read], at: usize, name: &str, options: &OutlierOptions, hits: &mut Vec<Hit>) {
    let mut groups: BTreeMap<Option<&str>, Vec<(u64, f64)>> = BTreeMap::new();
    for (record, by, values) in records {
        let number = values[at]
            .as_ref()
            .and_then(|text| text.trim().parse::<f64>().ok());
        if let Some(number) = number.filter(|number| number.is_finite()) {
            groups
                .entry(by.as_deref())
                .or_default()
                .push((*record, number));
        }
    }
    for (by, members) in groups {
        let all: Vec<f64> = members.iter().map(|(_, number)| *number).collect();
        let of = by
            .zip(options.by.as_ref())
            .map(|(value, by)| format!(" where {by} is {value}"))
            .unwrap_or_default();
        for one in stray(&all, spread(options)) {
            hits.push(Hit {
                record: members[one.at].0,
                score: one.score,
                rank: 0,
                severity: one.score.abs(),
                field: Some(name.into()),
                method: method(options).into(),
                suggested: None,
                note: Note::Text(
                    format!("the median of {} numbers{of} is {}", all.len(), one.median).into(),
                ),
            });
        }
    }
}

/// Names how texts and lists of numbers are judged.
fn near(options: &OutlierOptions) -> String {
    format!("neighbours({}, q3 + 1.7 iqr)", options.neighbours)
}

fn neighbours(
    records: &[Read],
    at: usize,
    map: &FeatureMap,
    options: &OutlierOptions,
    hits: &mut Vec<Hit>,
) {
    let most = options.neighbours;
    let mut rows = map.rows();
    let mut places = Vec::new();
    for (record, _, values) in records {
        if let Some(value) = &values[at] {
            map.push(&[Some(value)], &mut rows);
            places.push(*record);
        }
    }
    for one in far(&rows, most) {
        hits.push(Hit {
            record: places[one.at],
            score: one.score,
            rank: 0,
            severity: -one.score,
            field: map.fields().first().map(|(name, _)| name.as_str().into()),
            method: near(options).into(),
            suggested: None,
            note: Note::Text(
                format!("mean distance {:.3} to its {most} nearest", one.distance).into(),
            ),
        });
    }
}
