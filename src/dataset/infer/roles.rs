//! What the fields of a table are for: by name first, then by values, verified over all records.

use crate::object::ObjectSource;
use crate::record::{Role, Type};

use super::super::declaration::Declaration;
use super::super::error::Error;
use super::super::table::Table;
use super::exact::{self, FieldCount, KeyCount};
use super::names::{self, Likeness};
use super::sample::{FieldSample, Sample};
use super::{Basis, Evidence, Given};

/// How many possible keys are counted over all records before none is taken.
const MAX_TRIES: usize = 4;
/// In fewer records than this a field is unique by chance.
const MIN_RECORDS: u64 = 20;
/// The longest value of a key that is found by its values alone.
const MAX_KEY: usize = 64;

/// The roles that are found by name beside key and label, in the order in which they are written.
const BY_NAME: [Role; 11] = [
    Role::Text,
    Role::Image,
    Role::Annotator,
    Role::Item,
    Role::Group,
    Role::Split,
    Role::Weight,
    Role::Time,
    Role::Source,
    Role::Reason,
    Role::Metadata,
];

/// The roles that were chosen, and why.
pub(super) struct Chosen {
    pub(super) key: Vec<String>,
    pub(super) roles: Vec<(String, Vec<String>)>,
    pub(super) evidence: Vec<Evidence>,
}

/// Chooses roles for the fields of a table; what is given is never questioned.
pub(super) fn choose(
    source: &dyn ObjectSource,
    table: &Table,
    given: &Given,
) -> Result<Chosen, Error> {
    let sample = Sample::take(source, table)?;
    let labels = match given.fields(Role::Label) {
        fields if fields.is_empty() => likely_labels(&sample, given),
        fields => fields
            .into_iter()
            .map(|field| (field, Basis::Given))
            .collect(),
    };
    let names: Vec<String> = labels.iter().map(|(field, _)| field.clone()).collect();
    let tries = match given.fields(Role::Key) {
        fields if fields.is_empty() => likely_keys(table, &sample, given, &names),
        fields => vec![(fields, Basis::Given)],
    };
    let (key, counts) = match tries.first().filter(|_| given.presumed) {
        Some(likeliest) => presume(table, &sample, likeliest, &names),
        None => count(source, table, tries, &names)?,
    };
    let mut chosen = Chosen {
        key: Vec::new(),
        roles: Vec::new(),
        evidence: Vec::new(),
    };
    if let Some((fields, basis, count)) = key {
        chosen.add_key(fields, basis, count);
    }
    chosen.add_labels(labels, &counts, table.records());
    chosen.add_others(&sample, given, &table.declaration);
    Ok(chosen)
}

type CountedKey = (Vec<String>, Basis, KeyCount);

/// Counts possible keys until one is unique; the labels are counted along with the first.
fn count(
    source: &dyn ObjectSource,
    table: &Table,
    tries: Vec<(Vec<String>, Basis)>,
    labels: &[String],
) -> Result<(Option<CountedKey>, Vec<FieldCount>), Error> {
    if tries.is_empty() {
        return Ok((None, exact::count(source, table, &[], labels)?.fields));
    }
    let mut best: Option<CountedKey> = None;
    let mut fields = Vec::new();
    for (at, (key, basis)) in tries.into_iter().take(MAX_TRIES).enumerate() {
        let wanted = if at == 0 { labels } else { &[] };
        let counts = exact::count(source, table, &key, wanted)?;
        if at == 0 {
            fields = counts.fields;
        }
        let unique = counts.key.is_unique();
        if best.is_none() || unique {
            best = Some((key, basis, counts.key));
        }
        if unique {
            break;
        }
    }
    Ok((best, fields))
}

/// Takes for granted what the sample shows.
fn presume(
    table: &Table,
    sample: &Sample,
    (key, basis): &(Vec<String>, Basis),
    labels: &[String],
) -> (Option<CountedKey>, Vec<FieldCount>) {
    let unique = KeyCount {
        records: table.records(),
        nulls: 0,
        distinct: table.records(),
    };
    let seen = |name: &String| {
        let field = sample.fields.iter().find(|field| *field.name == **name);
        FieldCount {
            nulls: 0,
            distinct: field.map(|field| field.distinct),
        }
    };
    let counts = labels.iter().map(seen).collect();
    (Some((key.clone(), *basis, unique)), counts)
}

/// Returns the fields that are labels by their names.
fn likely_labels(sample: &Sample, given: &Given) -> Vec<(String, Basis)> {
    let likeness = |field: &FieldSample| {
        let other = given
            .roles
            .iter()
            .any(|(_, fields)| fields.iter().any(|name| **name == *field.name));
        let fits = !matches!(field.kind, Type::Date | Type::Datetime) && !other;
        fits.then(|| names::label(&field.name)).flatten()
    };
    let likely: Vec<(Likeness, &FieldSample)> = sample
        .fields
        .iter()
        .filter_map(|field| Some((likeness(field)?, field)))
        .collect();
    let Some((best, _)) = likely.iter().min_by_key(|(likeness, _)| *likeness) else {
        return Vec::new();
    };
    likely
        .iter()
        .filter(|(likeness, field)| match likeness {
            // Beside a `label`, `label_text` says the same in words and `fine_label` says more.
            Likeness::Compound if *best == Likeness::Certain => {
                !names::describes_label(&field.name)
            }
            Likeness::Maybe(_) => likeness == best && field.kind != Type::Float,
            Likeness::Certain | Likeness::Compound => true,
        })
        .map(|(_, field)| (field.name.to_string(), Basis::Name))
        .collect()
}

/// Returns possible keys, the likeliest first. The last resort is a key by name that the sample
/// shows not to be unique: its count tells why there is none.
fn likely_keys(
    table: &Table,
    sample: &Sample,
    given: &Given,
    labels: &[String],
) -> Vec<(Vec<String>, Basis)> {
    let of_path = table.declaration.path_fields();
    let mut taken: Vec<String> = labels.to_vec();
    taken.extend(given.roles.iter().flat_map(|(role, _)| given.fields(*role)));
    let free = |field: &&FieldSample| {
        !taken.contains(&field.name.to_string()) && !of_path.contains(&field.name)
    };
    let simple = |field: &FieldSample| {
        matches!(
            field.kind,
            Type::Integer | Type::String | Type::Date | Type::Datetime
        )
    };
    let fields: Vec<&FieldSample> = sample
        .fields
        .iter()
        .filter(free)
        .filter(|f| simple(f))
        .collect();
    let mut named: Vec<(usize, &FieldSample)> = fields
        .iter()
        .filter_map(|field| Some((names::key(&field.name)?, *field)))
        .collect();
    named.sort_by_key(|(rank, _)| *rank);
    let one = |field: &FieldSample| vec![field.name.to_string()];
    let mut keys: Vec<(Vec<String>, Basis)> = Vec::new();
    let unique = named.iter().filter(|(_, field)| sample.is_unique(field));
    keys.extend(unique.map(|(_, field)| (one(field), Basis::Name)));
    // Long tables have a record per item and annotator; ids may begin anew in each split.
    let or_given = |role| match given.fields(role) {
        fields if fields.is_empty() => by_name(sample, role, labels),
        fields => fields,
    };
    let partners = [or_given(Role::Annotator), or_given(Role::Split)].concat();
    let partners = of_path
        .iter()
        .map(|field| field.to_string())
        .chain(partners);
    for partner in partners {
        for (rank, field) in &named {
            let whole = field.nulls == 0 && *field.name != *partner;
            if whole && *rank < names::WEAK_KEY && !sample.is_unique(field) {
                keys.push((vec![field.name.to_string(), partner.clone()], Basis::Name));
            }
        }
    }
    for (at, field) in fields.iter().enumerate() {
        let code = field.spaced == 0 && field.longest <= MAX_KEY;
        let first = at == 0 || field.kind == Type::String;
        let text = names::role(Role::Text, &field.name).is_some();
        if code && first && !text && sample.records >= MIN_RECORDS && sample.is_unique(field) {
            keys.push((one(field), Basis::Values));
        }
    }
    if let Some((_, field)) = named.first().filter(|(rank, _)| *rank < names::WEAK_KEY) {
        keys.push((one(field), Basis::Name));
    }
    let mut seen: Vec<Vec<String>> = Vec::new();
    keys.retain(|(key, _)| {
        let new = !seen.contains(key);
        seen.push(key.clone());
        new
    });
    keys
}

/// Returns the fields that have a role by their names and do not contradict it by their values.
fn by_name(sample: &Sample, role: Role, taken: &[String]) -> Vec<String> {
    let fits = |field: &&FieldSample| {
        !taken.iter().any(|name| **name == *field.name)
            && match role {
                Role::Text | Role::Image => field.kind == Type::String,
                Role::Annotator | Role::Group => {
                    !sample.is_unique(field) || sample.records < MIN_RECORDS
                }
                Role::Split => field.distinct <= 20 && field.kind != Type::Float,
                Role::Weight => matches!(field.kind, Type::Integer | Type::Float),
                Role::Time => matches!(field.kind, Type::Date | Type::Datetime | Type::Integer),
                _ => true,
            }
    };
    let mut found: Vec<(usize, String)> = sample
        .fields
        .iter()
        .filter(fits)
        .filter_map(|field| Some((names::role(role, &field.name)?, field.name.to_string())))
        .collect();
    if !matches!(role, Role::Text | Role::Metadata) {
        found.sort_by_key(|(rank, _)| *rank);
        found.truncate(1);
    }
    found.into_iter().map(|(_, name)| name).collect()
}

/// Returns how many classes a label that was found by its name may have.
pub(super) fn most_classes(field: &str, records: u64) -> u64 {
    let few = records.isqrt().max(20);
    match names::label(field) {
        Some(Likeness::Certain) => few.max(records / 4),
        _ => few,
    }
}

impl Chosen {
    fn add_key(&mut self, fields: Vec<String>, basis: Basis, count: KeyCount) {
        self.evidence.push(Evidence::Key {
            fields: fields.clone(),
            basis,
            records: count.records,
            distinct: count.distinct,
            nulls: count.nulls,
        });
        if basis == Basis::Given || count.is_unique() {
            self.key = fields;
        }
    }

    /// Adds the labels, but none by name that has too many classes to be one.
    fn add_labels(&mut self, labels: Vec<(String, Basis)>, counts: &[FieldCount], records: u64) {
        let mut kept = Vec::new();
        for ((field, basis), count) in labels.into_iter().zip(counts) {
            let most = most_classes(&field, records);
            if basis == Basis::Given || count.distinct.is_some_and(|classes| classes <= most) {
                self.evidence.push(Evidence::Label {
                    field: field.clone(),
                    basis,
                    classes: count.distinct,
                    nulls: count.nulls,
                });
                kept.push(field);
            }
        }
        self.put(Role::Label, kept);
    }

    /// Adds every other role, given or by name.
    fn add_others(&mut self, sample: &Sample, given: &Given, declaration: &Declaration) {
        let mut taken: Vec<String> = self.roles.iter().flat_map(|(_, f)| f).cloned().collect();
        // A field of the path that is named like a role has it without a word in dver.toml.
        for field in declaration.path_fields() {
            for role in declaration.roles.of(&field) {
                if BY_NAME.contains(&role) && given.fields(role).is_empty() {
                    self.evidence.push(Evidence::Role {
                        role,
                        field: field.to_string(),
                        basis: Basis::Path,
                    });
                }
            }
            taken.push(field.to_string());
        }
        taken.extend(given.roles.iter().flat_map(|(role, _)| given.fields(*role)));
        let mut has_annotator = false;
        for role in BY_NAME {
            // Each part of a key of several may have a role of its own; a whole key has none.
            let part = self.key.len() > 1 && matches!(role, Role::Annotator | Role::Item);
            let mut busy = taken.clone();
            if !part {
                busy.extend(self.key.iter().cloned());
            }
            let (mut fields, basis) = match given.fields(role) {
                fields if fields.is_empty() => (by_name(sample, role, &busy), Basis::Name),
                fields => (fields, Basis::Given),
            };
            match role {
                Role::Annotator => has_annotator = !fields.is_empty(),
                // An item is what several annotators label.
                Role::Item if basis == Basis::Name && !has_annotator => fields.clear(),
                Role::Metadata if basis == Basis::Name => {
                    let words = sample.fields.iter().filter(|field| {
                        names::describes_label(&field.name)
                            && !busy.iter().any(|name| **name == *field.name)
                    });
                    fields.extend(words.map(|field| field.name.to_string()));
                }
                _ => {}
            }
            for field in &fields {
                self.evidence.push(Evidence::Role {
                    role,
                    field: field.clone(),
                    basis,
                });
            }
            taken.extend(fields.iter().cloned());
            self.put(role, fields);
        }
        self.put(Role::Feature, given.fields(Role::Feature));
    }

    fn put(&mut self, role: Role, fields: Vec<String>) {
        if !fields.is_empty() {
            self.roles.push((role.name().to_owned(), fields));
        }
    }
}
