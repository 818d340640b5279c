//! Fields: their roles, and how their names are written.

use std::collections::BTreeMap;

/// What a field is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Role {
    /// Identifies a record across versions.
    Key,
    /// The label, or one of several.
    Label,
    /// An input of a model; also every field without a role.
    Feature,
    /// The text that is labelled.
    Text,
    /// The image that is labelled.
    Image,
    /// Who labelled the record.
    Annotator,
    /// What several annotators labelled, in tables with one record per annotator.
    Item,
    /// Records that belong together.
    Group,
    /// Train, test ...
    Split,
    /// How much the record counts.
    Weight,
    /// When it was labelled.
    Time,
    /// What made the label: a human, a model, a rule.
    Source,
    /// Why the label changed.
    Reason,
    /// Under which guideline.
    Guideline,
    /// Nothing that quality or models look at.
    Metadata,
}

impl Role {
    /// All roles, in the order in which schemas list them.
    pub const ALL: [Self; 15] = [
        Self::Key,
        Self::Label,
        Self::Feature,
        Self::Text,
        Self::Image,
        Self::Annotator,
        Self::Item,
        Self::Group,
        Self::Split,
        Self::Weight,
        Self::Time,
        Self::Source,
        Self::Reason,
        Self::Guideline,
        Self::Metadata,
    ];

    /// Returns the name that dver.toml and schemas use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Label => "label",
            Self::Feature => "feature",
            Self::Text => "text",
            Self::Image => "image",
            Self::Annotator => "annotator",
            Self::Item => "item",
            Self::Group => "group",
            Self::Split => "split",
            Self::Weight => "weight",
            Self::Time => "time",
            Self::Source => "source",
            Self::Reason => "reason",
            Self::Guideline => "guideline",
            Self::Metadata => "metadata",
        }
    }

    /// Returns the role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns whether the field is part of a record's content: what is labelled, not what is
    /// said about it.
    pub fn is_content(self) -> bool {
        matches!(self, Self::Feature | Self::Text | Self::Image)
    }
}

/// Which fields of a data set have which roles.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roles(BTreeMap<Role, Vec<String>>);

impl Roles {
    /// Returns roles of no field.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a field a role; the order of calls is the order of [`Roles::fields`].
    pub fn add(&mut self, role: Role, field: impl Into<String>) {
        let (fields, field) = (self.0.entry(role).or_default(), field.into());
        if !fields.contains(&field) {
            fields.push(field);
        }
    }

    /// Takes a role from all fields.
    pub fn clear(&mut self, role: Role) {
        self.0.remove(&role);
    }

    /// Returns the fields with a role, in declared order.
    pub fn fields(&self, role: Role) -> &[String] {
        self.0.get(&role).map_or(&[], Vec::as_slice)
    }

    /// Returns the fields of the key; empty where identity is by content.
    pub fn key(&self) -> &[String] {
        self.fields(Role::Key)
    }

    /// Returns the label fields.
    pub fn labels(&self) -> &[String] {
        self.fields(Role::Label)
    }

    /// Returns the roles of a field, in the order of [`Role::ALL`].
    pub fn of(&self, field: &str) -> Vec<Role> {
        let has = |fields: &&Vec<String>| fields.iter().any(|f| f == field);
        self.0
            .iter()
            .filter(|(_, fields)| has(fields))
            .map(|(role, _)| *role)
            .collect()
    }

    /// Returns whether a field is part of the records' content: its feature, text and image
    /// fields. A field without a role is a feature.
    pub fn is_content(&self, field: &str) -> bool {
        self.of(field).into_iter().all(Role::is_content)
    }
}

/// Writes a name as a part of a dotted path (`meta.lang`, `missing.label`): quoted where it holds
/// a dot, a space or a quote.
pub fn quote_name(name: &str) -> String {
    if !name.is_empty() && !name.contains(['.', ' ', '"', '\\']) {
        return name.to_owned();
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Splits a dotted path into its names, taking quotes off; `None` where a quote stays open.
pub fn split_name(path: &str) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut chars = path.chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let last = names.last_mut()?;
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => last.push(chars.next()?),
            '.' if !quoted => names.push(String::new()),
            _ => last.push(c),
        }
    }
    (!quoted).then_some(names)
}
