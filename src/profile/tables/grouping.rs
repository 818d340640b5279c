//! Groupings: which values make two records equal by key, by content, by annotator and label.
//!
//! Values compare in the one spelling of their field's type, in Unicode normalization form C.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::base::{ObjectId, varint};
use crate::record::{
    Batch, Cell, CellKind, RecordRef, Role, Roles, Type, UNPARSABLE, canonical, normalized,
};

use super::super::counter::Short;
use super::super::records::Profile;
use super::super::survey::Survey;
use super::ordinals::{Numbering, Ordinals};
use super::tally::{Duplicates, Pair, Ratings};
use super::{KeyRow, Kind, RECORD, Row, SPLIT_BITS};

/// How records of a data set are told apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grouping {
    roles: Roles,
    spellings: BTreeMap<Arc<str>, Spelling>,
    /// The fields that are declared unique.
    unique: Vec<String>,
    /// The splits; `None` where there are none or too many.
    splits: Option<Ordinals>,
    /// The classes that items are rated with; `None` without items or with too many classes.
    classes: Option<Ordinals>,
    /// Whether only keys matter: [`Survey::facts_only`].
    keys_only: bool,
}

/// The most splits between which leakage is counted.
const MOST_SPLITS: usize = 16;
/// The most classes of ratings whose agreement is counted.
const MOST_CLASSES: usize = 128;

/// What of a type decides how values are spelled; booleans and the rest stand for themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::profile) enum Spelling {
    Verbatim,
    Boolean,
    Number,
    Date,
    Datetime,
}

impl Spelling {
    fn of(kind: Type) -> Self {
        match kind {
            Type::Boolean => Self::Boolean,
            // Integers are spelled alike in both.
            Type::Integer | Type::Float => Self::Number,
            Type::Date => Self::Date,
            Type::Datetime => Self::Datetime,
            Type::Null | Type::String | Type::List | Type::Object => Self::Verbatim,
        }
    }

    fn kind(self) -> Type {
        match self {
            Self::Verbatim => Type::String,
            Self::Boolean => Type::Boolean,
            Self::Number => Type::Float,
            Self::Date => Type::Date,
            Self::Datetime => Type::Datetime,
        }
    }
}

impl Grouping {
    /// Returns the grouping of a data set with this survey and the types and values that a profile
    /// found.
    pub fn new(survey: &Survey, profile: &Profile) -> Self {
        let roles = &survey.roles;
        let unique: Vec<String> = survey.unique().map(str::to_owned).collect();
        let matters = |name: &str| matters(roles, name) || unique.iter().any(|field| field == name);
        let spellings = profile
            .fields
            .iter()
            .map(|(name, field)| (name.clone(), Spelling::of(field.totals().kind())))
            .filter(|(name, spelling)| *spelling != Spelling::Verbatim && matters(name))
            .collect();
        let first = |role| roles.fields(role).first();
        let ordinals = |field: Option<&String>, most| Ordinals::of(profile, field?, most);
        let item = first(Role::Item);
        Self {
            roles: roles.clone(),
            spellings,
            splits: ordinals(first(Role::Split), MOST_SPLITS),
            classes: ordinals(item.and(first(Role::Label)), MOST_CLASSES),
            unique,
            keys_only: survey.facts_only,
        }
    }

    /// Returns the tables, by their numbers.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        if self.keys_only {
            return vec![Kind::Key];
        }
        let mut kinds = vec![Kind::Key, Kind::Content];
        if self.splits.is_some() && !self.roles.fields(Role::Group).is_empty() {
            kinds.push(Kind::Group);
        }
        if self.classes.is_some() {
            kinds.push(Kind::Item);
        }
        // There are fewer fields than numbers: each takes a byte of dver.toml, which has a limit.
        kinds.extend((0..self.unique.len()).map(|at| Kind::Unique(at as u16)));
        kinds
    }

    /// Returns a hash of all that decides the rows of records.
    pub(super) fn print(&self) -> u128 {
        let mut bytes = b"rows 4\n".to_vec();
        bytes.extend(self.keys_only.then_some(b'k'));
        for role in Role::ALL {
            let fields = self.roles.fields(role);
            varint::write(&mut bytes, fields.len() as u64);
            let names = fields.iter().map(String::as_bytes);
            names.for_each(|name| varint::write_bytes(&mut bytes, name));
        }
        for (name, spelling) in &self.spellings {
            varint::write_bytes(&mut bytes, name.as_bytes());
            bytes.push(*spelling as u8);
        }
        let mut list = |names: &mut dyn Iterator<Item = &String>| {
            bytes.push(b'\n');
            names.for_each(|name| varint::write_bytes(&mut bytes, name.as_bytes()));
        };
        list(&mut self.unique.iter());
        for ordinals in [&self.splits, &self.classes] {
            list(&mut ordinals.iter().map(|ordinals| &ordinals.field));
            list(&mut ordinals.iter().flat_map(Ordinals::names));
        }
        xxh3_128(&bytes)
    }

    /// Returns whether records of one key are not told apart.
    pub(super) fn keys_only(&self) -> bool {
        self.keys_only
    }

    /// Returns whether records are grouped by a key.
    pub fn has_key(&self) -> bool {
        !self.roles.key().is_empty()
    }

    /// Returns whether one of the fields is content.
    pub fn has_content(&self, fields: &[Arc<str>]) -> bool {
        fields.iter().any(|name| is_content(&self.roles, name))
    }

    /// Returns whether there are labels that could contradict each other.
    pub fn has_labels(&self) -> bool {
        !self.roles.labels().is_empty()
    }

    /// Fills in what the pairs of a tally tell: leakage, values that are not unique, ratings.
    pub(super) fn tell(&self, pairs: &BTreeMap<Pair, u64>, duplicates: &mut Duplicates) {
        let has_content = duplicates.content.is_some();
        let (leakage, unique) = (&mut duplicates.leakage, &mut duplicates.unique);
        for (table, kind) in self.kinds().into_iter().enumerate() {
            let count = |m: u32, a: u16, b: u16| {
                let count = pairs.get(&(table as u8, m, a, b));
                count.copied().unwrap_or(0)
            };
            let group = self.roles.fields(Role::Group).first();
            match (kind, &self.splits, &self.classes, group) {
                (Kind::Content, Some(splits), ..) if has_content => {
                    let found = splits.pairs(&splits.field, &|a, b| count(0, a, b));
                    leakage.get_or_insert_with(Vec::new).extend(found);
                }
                (Kind::Group, Some(splits), _, Some(group)) => {
                    let found = splits.pairs(group, &|a, b| count(0, a, b));
                    leakage.get_or_insert_with(Vec::new).extend(found);
                }
                (Kind::Item, _, Some(classes), _) => {
                    let own = pairs
                        .iter()
                        .filter(|(pair, _)| usize::from(pair.0) == table);
                    let sums = own.map(|((_, m, k, l), sum)| (*m, k - 1, l - 1, *sum));
                    duplicates.ratings = Some(Ratings {
                        field: classes.field.clone(),
                        classes: classes.names().cloned().collect(),
                        sums: sums.collect(),
                    });
                }
                (Kind::Unique(at), ..) => {
                    let field = self.unique.get(usize::from(at)).cloned();
                    unique.extend(field.map(|field| (field, count(0, 0, 0))));
                }
                _ => {}
            }
        }
    }

    fn spelling(&self, field: &str) -> Spelling {
        let known = self.spellings.get(field);
        known.copied().unwrap_or(Spelling::Verbatim)
    }

    /// Returns where the fields of a batch stand that make up the groups.
    pub(super) fn places(&self, batch: &Batch) -> Places {
        let with = |role| {
            let fields = self.roles.fields(role).iter();
            self.part(batch, fields.filter_map(|name| batch.field(name)))
        };
        let fields = batch.fields();
        let content = (0..fields.len()).filter(|&place| is_content(&self.roles, &fields[place]));
        let mut who = with(Role::Item);
        who.extend(with(Role::Annotator));
        let numbering = |ordinals: &Option<Ordinals>| {
            let ordinals = ordinals.clone()?;
            let place = batch.field(&ordinals.field);
            Some(Numbering::new(ordinals, place))
        };
        let unique = self.unique.iter();
        Places {
            group: with(Role::Group),
            item: with(Role::Item),
            annotator: with(Role::Annotator),
            unique: unique
                .map(|name| self.part(batch, batch.field(name).into_iter()))
                .collect(),
            split: numbering(&self.splits),
            rating: numbering(&self.classes),
            fields: fields.to_vec(),
            memo: Memo::new(),
            key: with(Role::Key),
            whole_key: self.roles.key().len(),
            whole_item: self.roles.fields(Role::Item).len(),
            content: self.part(batch, content),
            who,
            label: with(Role::Label),
        }
    }

    fn part(&self, batch: &Batch, places: impl Iterator<Item = usize>) -> Vec<Member> {
        let mut places: Vec<usize> = places.collect();
        let fields = batch.fields();
        places.sort_by(|a, b| fields[*a].cmp(&fields[*b]));
        let member = |place: usize| {
            let mut head = Vec::new();
            varint::write_bytes(&mut head, fields[place].as_bytes());
            Member {
                place,
                spelling: self.spelling(&fields[place]),
                head,
            }
        };
        places.into_iter().map(member).collect()
    }
}

fn is_content(roles: &Roles, field: &str) -> bool {
    field != UNPARSABLE && roles.is_content(field)
}

fn matters(roles: &Roles, field: &str) -> bool {
    let special = [
        Role::Key,
        Role::Item,
        Role::Annotator,
        Role::Label,
        Role::Group,
    ];
    let has = |role: &Role| roles.fields(*role).iter().any(|name| name == field);
    special.iter().any(has) || is_content(roles, field)
}

/// Where the fields of one batch stand that make up the groups, sorted by name.
pub(super) struct Places {
    fields: Vec<Arc<str>>,
    memo: Memo,
    key: Vec<Member>,
    whole_key: usize,
    whole_item: usize,
    content: Vec<Member>,
    who: Vec<Member>,
    label: Vec<Member>,
    group: Vec<Member>,
    item: Vec<Member>,
    annotator: Vec<Member>,
    unique: Vec<Vec<Member>>,
    split: Option<Numbering>,
    rating: Option<Numbering>,
}

/// A field that is part of groups.
struct Member {
    place: usize,
    spelling: Spelling,
    /// Its name with its length.
    head: Vec<u8>,
}

impl Places {
    /// Returns whether these are the places of a batch.
    pub(super) fn fit(&self, batch: &Batch) -> bool {
        self.fields == batch.fields()
    }

    /// Returns the row of a record in the table by key; `hash` is that of its frame.
    pub(super) fn by_key(
        &self,
        record: RecordRef<'_>,
        hash: &ObjectId,
        scratch: &mut Vec<u8>,
    ) -> KeyRow {
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        let word = |index: usize| u64::from_le_bytes(words[index]);
        scratch.clear();
        if self.whole_key > 0 && write_part(record, &self.key, scratch) == self.whole_key {
            let record = word(0) >> (64 - RECORD);
            return KeyRow::new(xxh3_128(scratch), record);
        }
        KeyRow::null(u128::from(word(1)) << 64 | u128::from(word(2)))
    }

    /// Returns the row of a record in a table other than that by key; `None` where it has none.
    pub(super) fn row(
        &mut self,
        kind: Kind,
        record: RecordRef<'_>,
        scratch: &mut Vec<u8>,
    ) -> Option<Row> {
        let (part, sub, value) = match kind {
            Kind::Key => return None,
            Kind::Content => return self.by_content(record, scratch),
            Kind::Group => {
                let split = self.split.as_mut().map_or(0, |split| split.number(record));
                (&self.group, 0, u64::from(split))
            }
            Kind::Item => {
                let class = self.rating.as_mut()?.number(record);
                let who = hash_part(record, &self.annotator, scratch).unwrap_or(0);
                (&self.item, who >> 16, u64::from(class))
            }
            Kind::Unique(at) => (self.unique.get(usize::from(at))?, 0, 0),
        };
        if kind == Kind::Item && value == 0 {
            return None; // no label is no rating
        }
        scratch.clear();
        let present = write_part(record, part, scratch);
        // A record that does not name its item whole rates none.
        if present == 0 || (kind == Kind::Item && present < self.whole_item) {
            return None;
        }
        let hash = xxh3_128(scratch);
        let group = (hash as u64 >> 48) << 48;
        Some([(hash >> 64) as u64, group | sub, value])
    }

    /// Returns the row of a record in the table by content; `None` where it has no content.
    fn by_content(&mut self, record: RecordRef<'_>, scratch: &mut Vec<u8>) -> Option<Row> {
        let memo = &mut self.memo;
        scratch.clear();
        if write_part(record, &self.content, scratch) == 0 {
            return None;
        }
        let hash = xxh3_128(scratch);
        let who = match memo.hash_part(record, &self.who, scratch) {
            None => 0,
            Some(who) => who >> 16,
        };
        // 0 is no label.
        let label = memo.hash_part(record, &self.label, scratch);
        let label = label.map_or(0, |label| (label >> SPLIT_BITS).max(1));
        let split = self.split.as_mut().map_or(0, |split| split.number(record));
        let label = label << SPLIT_BITS | u64::from(split);
        let group = (hash as u64 >> 48) << 48;
        Some([(hash >> 64) as u64, group | who, label])
    }
}

/// The hashes of values met last: annotators and labels are few.
struct Memo(Vec<(usize, Short, u64)>);

/// How many hashes are remembered.
const MEMO: usize = 256;

impl Memo {
    fn new() -> Self {
        Self(vec![(usize::MAX, Short::default(), 0); MEMO])
    }

    /// Returns the hash of a part; `None` where no field of it has a value.
    #[inline]
    fn hash_part(
        &mut self,
        record: RecordRef<'_>,
        part: &[Member],
        scratch: &mut Vec<u8>,
    ) -> Option<u64> {
        if let [only] = part {
            let span = record.span(only.place)?;
            let text = record.batch().bytes_of(span);
            if let Some(short) = Short::of_cell(span.kind as u8, text) {
                let known = &mut self.0[short.spread() % MEMO];
                if (known.0, known.1) != (only.place, short) {
                    *known = (only.place, short, hash_part(record, part, scratch)?);
                }
                return Some(known.2);
            }
        }
        hash_part(record, part, scratch)
    }
}

fn hash_part(record: RecordRef<'_>, part: &[Member], scratch: &mut Vec<u8>) -> Option<u64> {
    scratch.clear();
    let present = write_part(record, part, scratch);
    (present > 0).then(|| xxh3_128(scratch) as u64)
}

/// Appends name and value of each field that has one; returns how many have.
#[inline]
fn write_part(record: RecordRef<'_>, part: &[Member], out: &mut Vec<u8>) -> usize {
    let batch = record.batch();
    let mut present = 0;
    for member in part {
        let Some(span) = record.span(member.place) else {
            continue;
        };
        present += 1;
        out.extend_from_slice(&member.head);
        let text = batch.bytes_of(span);
        // Most values are spelled as they stand.
        if span.kind == CellKind::Text && is_spelled(text, member.spelling) {
            out.push(span.kind as u8);
            varint::write(out, text.len() as u64);
            batch.append_to(out, span);
        } else if let Some(cell) = record.cell(member.place) {
            write_value(cell, member.spelling, out);
        }
    }
    present
}

/// Returns whether [`write_value`] certainly writes a scalar as it stands.
#[inline]
pub(super) fn is_spelled(text: &[u8], spelling: Spelling) -> bool {
    match spelling {
        Spelling::Verbatim => text.is_ascii(),
        Spelling::Number => is_plain_number(text),
        Spelling::Boolean | Spelling::Date | Spelling::Datetime => false,
    }
}

/// Returns whether a text of at most 15 bytes is digits, not beginning with 0 save before the
/// point, and a fraction that does not end with 0; perhaps a minus before.
#[inline]
fn is_plain_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut point = None;
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if point.is_none() => point = Some(at),
            _ => return false,
        }
    }
    let whole = point.unwrap_or(digits.len());
    let zero = digits.first() == Some(&b'0');
    let ends = match point {
        Some(at) => at + 1 < digits.len() && digits.last() != Some(&b'0'),
        // -0 is 0.
        None => !zero || digits.len() == text.len(),
    };
    text.len() <= 15 && whole > 0 && !(zero && whole > 1) && ends
}

/// Appends the one spelling of a value, framed.
///
/// Two values of a field are spelled alike exactly where their canonical texts are equal.
pub(in crate::profile) fn write_value(cell: Cell<'_>, spelling: Spelling, out: &mut Vec<u8>) {
    out.push(cell.kind as u8);
    if cell.kind == CellKind::Text && spelling == Spelling::Number {
        if write_plain_number(cell.text.as_bytes(), out) {
            return;
        }
        // Numbers of more digits or with an exponent are spelled as plain ones of their value: up
        // to 15 digits the shortest spelling of a float is the number that was written.
        if let Ok(value) = cell.text.parse::<f64>()
            && Type::of(cell) == Type::Float
            && value.fract() != 0.0
        {
            return varint::write_bytes(out, value.to_string().as_bytes());
        }
    }
    let text = match (cell.kind, spelling) {
        (CellKind::Text, Spelling::Verbatim) => Cow::Borrowed(cell.text),
        _ => canonical(spelling.kind(), cell),
    };
    varint::write_bytes(out, normalized(&text).as_bytes());
}

/// Appends a number of at most 15 digits without an exponent: no zeros at the end of the fraction,
/// one before the point, no minus before zero. Returns false where the text is no such number.
fn write_plain_number(text: &[u8], out: &mut Vec<u8>) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (whole, tail) = rest.split_at(digits(rest));
    let fraction = match tail.split_first() {
        None => tail,
        Some((b'.', fraction)) if digits(fraction) == fraction.len() => fraction,
        Some(_) => return false,
    };
    let count = whole.len() + fraction.len();
    let code = whole.len() > 1 && whole[0] == b'0';
    if count == 0 || count > 15 || code {
        return false;
    }
    let zeros = fraction.iter().rev().take_while(|b| **b == b'0').count();
    let fraction = &fraction[..fraction.len() - zeros];
    let whole: &[u8] = if whole.is_empty() { b"0" } else { whole };
    let negative = rest.len() < text.len() && (whole != b"0" || !fraction.is_empty());
    let point = usize::from(!fraction.is_empty());
    out.push((usize::from(negative) + whole.len() + point + fraction.len()) as u8); // at most 18
    out.extend_from_slice(&b"-"[..usize::from(negative)]);
    out.extend_from_slice(whole);
    out.extend_from_slice(&b"."[..point]);
    out.extend_from_slice(fraction);
    true
}
