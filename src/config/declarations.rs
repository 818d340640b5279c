//! `dver.toml`: the data sets of a worktree, their gates and their evaluations, as written.

use std::collections::BTreeMap;

use super::card::CardConfig;
use super::error::Error;
use super::evaluation::EvaluationConfig;
use super::gate::GateConfig;
use super::reader::{self, Reader};

/// The roles that a field may have, by the keys that give them.
pub(super) const ROLES: [&str; 14] = [
    "key",
    "label",
    "feature",
    "text",
    "image",
    "annotator",
    "item",
    "group",
    "split",
    "weight",
    "time",
    "source",
    "reason",
    "metadata",
];
/// The formats that can be declared.
pub(super) const FORMATS: [&str; 3] = ["csv", "jsonl", "images"];
/// The types that a field can be held to.
pub(super) const TYPES: [&str; 8] = [
    "boolean", "integer", "float", "date", "datetime", "string", "list", "object",
];

/// What the values of a label field can be declared to be.
pub(super) const LABEL_KINDS: [&str; 4] = ["class", "multi-label", "score", "preference"];

/// All of `dver.toml`, in the order of the file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Declarations {
    /// The data sets.
    pub datasets: Vec<DatasetConfig>,
    /// The gates of all data sets.
    pub gates: Vec<GateConfig>,
    /// The evaluations.
    pub evaluations: Vec<EvaluationConfig>,
    /// What people say of the data.
    pub card: Option<CardConfig>,
}

/// One `[dataset.NAME]` table.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DatasetConfig {
    /// Its name.
    pub name: String,
    /// The patterns of the paths it covers.
    pub paths: Vec<String>,
    /// The format; found by the paths' extension where it is not written.
    pub format: Option<String>,
    /// The encoding of its text.
    pub encoding: Option<String>,
    /// The byte between two cells.
    pub delimiter: Option<u8>,
    /// The byte around quoted cells.
    pub quote: Option<u8>,
    /// Whether the first record names the fields.
    pub header: Option<bool>,
    /// The texts that stand for a missing value.
    pub missing: Option<Vec<String>>,
    /// The fields of the key, in order.
    pub key: Vec<String>,
    /// The other roles with their fields, in the order of the file.
    pub roles: Vec<(String, Vec<String>)>,
    /// The path of the labelling guideline.
    pub guideline: Option<String>,
    /// The field that names the guideline of each record.
    pub guideline_field: Option<String>,
    /// The declared classes of the label.
    pub classes: Option<ClassesConfig>,
    /// Renamed classes: old name -> new name.
    pub rename: BTreeMap<String, String>,
    /// What the values of label fields are, by field.
    pub label_kind: BTreeMap<String, LabelKindConfig>,
    /// Constraints, by field, in the order of the file.
    pub fields: Vec<(String, FieldConfig)>,
}

impl DatasetConfig {
    /// Takes over what `newer` says and keeps what it is silent about.
    pub fn update(&mut self, newer: &Self) {
        fn take<T: Clone>(own: &mut Option<T>, newer: &Option<T>) {
            if newer.is_some() {
                own.clone_from(newer);
            }
        }
        self.paths.clone_from(&newer.paths);
        take(&mut self.format, &newer.format);
        take(&mut self.encoding, &newer.encoding);
        take(&mut self.delimiter, &newer.delimiter);
        take(&mut self.quote, &newer.quote);
        take(&mut self.header, &newer.header);
        take(&mut self.missing, &newer.missing);
        take(&mut self.guideline, &newer.guideline);
        take(&mut self.guideline_field, &newer.guideline_field);
        take(&mut self.classes, &newer.classes);
        if !newer.key.is_empty() {
            self.key.clone_from(&newer.key);
        }
        for (role, fields) in &newer.roles {
            match self.roles.iter_mut().find(|(own, _)| own == role) {
                Some((_, own)) => own.clone_from(fields),
                None => self.roles.push((role.clone(), fields.clone())),
            }
        }
        self.rename.extend(newer.rename.clone());
        self.label_kind.extend(newer.label_kind.clone());
        let new =
            |(field, _): &&(String, FieldConfig)| !self.fields.iter().any(|(f, _)| f == field);
        let fields: Vec<_> = newer.fields.iter().filter(new).cloned().collect();
        self.fields.extend(fields);
    }
}

/// What the values of a label field are declared to be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelKindConfig {
    /// The name of the kind.
    pub kind: String,
    /// What stands between the classes of a set that is written as text.
    pub separator: Option<String>,
}

/// The scales of measurement, by name.
const SCALES: &[&str] = &["nominal", "ordinal", "interval", "ratio"];

/// The declared classes of a label.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClassesConfig {
    /// The classes.
    pub values: Vec<String>,
    /// Whether they are ordered from low to high.
    pub ordered: bool,
    /// The scale of measurement, one of [`SCALES`], where it is said.
    pub scale: Option<String>,
}

impl ClassesConfig {
    /// Returns the name of the scale: the one that is said, or else `ordinal` where classes are
    /// ordered, `nominal` where they are not.
    pub fn scale(&self) -> &str {
        match (&self.scale, self.ordered) {
            (Some(scale), _) => scale,
            (None, true) => "ordinal",
            (None, false) => "nominal",
        }
    }
}

/// One `[dataset.NAME.fields.FIELD]` table: what the values of a field are held to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FieldConfig {
    /// The name of its type.
    pub kind: Option<String>,
    /// Whether every record must have a value.
    pub required: Option<bool>,
    /// Whether no value may occur twice.
    pub unique: Option<bool>,
    /// The only values allowed.
    pub one_of: Option<Vec<String>>,
    /// The least value: a number or a date, as written.
    pub min: Option<String>,
    /// The greatest value.
    pub max: Option<String>,
    /// The regular expression that a whole value must match.
    pub pattern: Option<String>,
    /// The fewest characters a value may have.
    pub min_length: Option<u64>,
    /// The most characters a value may have.
    pub max_length: Option<u64>,
    /// The data set and the field of it that must have each value.
    pub references: Option<(String, String)>,
}

impl Declarations {
    /// The name of the file.
    pub const FILE: &'static str = "dver.toml";

    /// Reads the text of `dver.toml`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document = reader::parse(Self::FILE, text)?;
        let top = Reader::top(Self::FILE, &document);
        let mut declarations = Self::default();
        if let Some(tables) = top.table("dataset")? {
            for (name, table) in tables.tables()? {
                declarations.datasets.push(dataset(name, table)?);
            }
        }
        if let Some(tables) = top.table("gate")? {
            for (name, table) in tables.tables()? {
                GateConfig::read(&name, &table, &mut declarations.gates)?;
            }
        }
        if let Some(tables) = top.table("eval")? {
            for (name, table) in tables.tables()? {
                let evaluation = EvaluationConfig::read(name, table)?;
                declarations.evaluations.push(evaluation);
            }
        }
        let card = top.table("card")?;
        declarations.card = card.map(CardConfig::read).transpose()?;
        top.finish()?;
        Ok(declarations)
    }

    /// Returns the data set of that name.
    pub fn dataset(&self, name: &str) -> Option<&DatasetConfig> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}

fn dataset(name: String, table: Reader<'_>) -> Result<DatasetConfig, Error> {
    let paths = table
        .strings("path")?
        .filter(|paths| !paths.is_empty())
        .ok_or_else(|| table.missing("path"))?;
    let format = table.one_of("format", "csv, jsonl or images", &FORMATS)?;
    let mut roles = Vec::new();
    let mut key = Vec::new();
    for role in ROLES {
        match table.strings(role)? {
            Some(fields) if role == "key" => key = fields,
            Some(fields) => roles.push((role.to_owned(), fields)),
            None => {}
        }
    }
    // The order of the file, which editing and printing keep.
    let order = table.keys();
    roles.sort_by_key(|(role, _)| order.iter().position(|key| key == role));
    let (guideline, guideline_field) = guideline(&table)?;
    let mut fields = Vec::new();
    if let Some(tables) = table.table("fields")? {
        for (field, table) in tables.tables()? {
            fields.push((field, constraints(table)?));
        }
    }
    let config = DatasetConfig {
        name,
        paths,
        format,
        encoding: table.string("encoding")?,
        delimiter: single_byte(&table, "delimiter")?,
        quote: single_byte(&table, "quote")?,
        header: table.boolean("header")?,
        missing: table.strings("missing")?,
        key,
        roles,
        guideline,
        guideline_field,
        classes: classes(&table)?,
        rename: match table.table("rename")? {
            Some(table) => table.string_map()?.into_iter().collect(),
            None => BTreeMap::new(),
        },
        label_kind: label_kinds(&table)?,
        fields,
    };
    table.finish()?;
    Ok(config)
}

fn label_kinds(table: &Reader<'_>) -> Result<BTreeMap<String, LabelKindConfig>, Error> {
    let Some(table) = table.table("label_kind")? else {
        return Ok(BTreeMap::new());
    };
    let expected = "class, multi-label, score or preference";
    let mut kinds = BTreeMap::new();
    for field in table.keys() {
        let (kind, separator) = match table.text_at(&field) {
            Some(kind) => (kind, None),
            None => {
                let inner = table.table_at(&field)?;
                let kind = inner.required("kind")?;
                let separator = inner.string("separator")?;
                inner.finish()?;
                (kind, separator)
            }
        };
        if !LABEL_KINDS.contains(&kind.as_str()) {
            return Err(table.bad_value(&field, expected, &kind));
        }
        if let Some(separator) = &separator
            && (kind != "multi-label" || separator.trim().is_empty())
        {
            let expected = "a separator that is not empty, of a multi-label";
            return Err(table.bad_value(&field, expected, separator));
        }
        kinds.insert(field, LabelKindConfig { kind, separator });
    }
    Ok(kinds)
}

fn single_byte(table: &Reader<'_>, key: &'static str) -> Result<Option<u8>, Error> {
    let Some(text) = table.string(key)? else {
        return Ok(None);
    };
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(Some(*byte)),
        _ => Err(table.bad_value(key, "one ASCII character", &text)),
    }
}

fn guideline(table: &Reader<'_>) -> Result<(Option<String>, Option<String>), Error> {
    let Some(item) = table.item("guideline") else {
        return Ok((None, None));
    };
    if !item.is_table_like() {
        return Ok((table.string("guideline")?, None));
    }
    let Some(inner) = table.table("guideline")? else {
        return Ok((None, None));
    };
    let both = (inner.string("path")?, inner.string("field")?);
    inner.finish()?;
    Ok(both)
}

fn classes(table: &Reader<'_>) -> Result<Option<ClassesConfig>, Error> {
    let Some(item) = table.item("classes") else {
        return Ok(None);
    };
    if !item.is_table_like() {
        return Ok(table.scalars("classes")?.map(|values| ClassesConfig {
            values,
            ordered: false,
            scale: None,
        }));
    }
    let Some(inner) = table.table("classes")? else {
        return Ok(None);
    };
    let values = inner
        .scalars("values")?
        .ok_or_else(|| inner.missing("values"))?;
    let ordered = inner.boolean("ordered")?.unwrap_or(false);
    let scale = inner.one_of("scale", "a scale of measurement", SCALES)?;
    if let Some(scale) = scale
        .as_deref()
        .filter(|scale| ordered && *scale == "nominal")
    {
        return Err(inner.bad_value("scale", "a scale on which classes have an order", scale));
    }
    inner.finish()?;
    Ok(Some(ClassesConfig {
        values,
        ordered,
        scale,
    }))
}

/// Reads `references = { dataset = "products", field = "id" }`.
fn references(table: &Reader<'_>) -> Result<Option<(String, String)>, Error> {
    let Some(inner) = table.table("references")? else {
        return Ok(None);
    };
    let both = (inner.required("dataset")?, inner.required("field")?);
    inner.finish()?;
    Ok(Some(both))
}

fn constraints(table: Reader<'_>) -> Result<FieldConfig, Error> {
    let config = FieldConfig {
        kind: table.one_of("type", "the name of a type", &TYPES)?,
        required: table.boolean("required")?,
        unique: table.boolean("unique")?,
        one_of: table.scalars("enum")?,
        min: table.scalar("min")?,
        max: table.scalar("max")?,
        pattern: table.string("pattern")?,
        min_length: table.count("min_length")?,
        max_length: table.count("max_length")?,
        references: references(&table)?,
    };
    table.finish()?;
    Ok(config)
}
