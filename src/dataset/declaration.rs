//! Declarations: `dver.toml` with its meaning.
//!
//! Invariant: two equal `dver.toml` texts give equal declarations, whatever the files hold; what
//! depends on the files is a table's layout.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{ObjectId, RepoPath};
use crate::config::{
    self, CardConfig, ClassesConfig, DatasetConfig, EvaluationConfig, GateConfig, LabelKindConfig,
};
use crate::object::{Content, FileEntry, ObjectSource, Snapshot};
use crate::profile::{Rules, Survey};
use crate::record::{DeclaredDialect, Encoding, Format, Role, Roles, normalized, sniff_format};

use super::error::Error;
use super::images;
use super::pattern::PathPattern;

/// The declaration of one data set.
#[derive(Clone, PartialEq, Debug)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Which files it covers; the first pattern that matches a path makes the path's fields.
    pub patterns: Vec<PathPattern>,
    /// The format of its files.
    pub format: Format,
    /// What is declared about how they are written.
    pub dialect: DeclaredDialect,
    /// The roles of its fields, defaults of the format and of path fields included.
    pub roles: Roles,
    /// Renamed classes: old name -> new name.
    pub rename: BTreeMap<String, String>,
    /// What the values of label fields are, by field.
    pub label_kind: BTreeMap<String, LabelKindConfig>,
    /// The declared classes of the label.
    pub classes: Option<ClassesConfig>,
    /// The labelling guideline.
    pub guideline: Option<RepoPath>,
    /// What the values of fields are held to.
    pub rules: Arc<Rules>,
}

impl Declaration {
    /// Gives a data set of `dver.toml` its meaning.
    pub fn from_config(config: &DatasetConfig) -> Result<Self, Error> {
        let dataset = || config.name.clone();
        let patterns: Vec<PathPattern> = config
            .paths
            .iter()
            .map(|path| {
                let wrong = |source| Error::Pattern {
                    dataset: dataset(),
                    source,
                };
                PathPattern::parse(path).map_err(wrong)
            })
            .collect::<Result<_, _>>()?;
        let format = match &config.format {
            Some(name) => Format::from_name(name),
            None => format_of(&patterns),
        }
        .ok_or_else(|| Error::NoFormat { dataset: dataset() })?;
        let encoding = config
            .encoding
            .as_ref()
            .map(|name| {
                let unknown = || Error::UnknownEncoding {
                    dataset: dataset(),
                    encoding: name.clone(),
                };
                Encoding::from_name(name).ok_or_else(unknown)
            })
            .transpose()?;
        let guideline = config
            .guideline
            .as_ref()
            .map(|path| {
                let plain = path.strip_prefix("./").unwrap_or(path);
                RepoPath::new(plain).map_err(|_| Error::BadGuideline {
                    dataset: dataset(),
                    path: path.clone(),
                })
            })
            .transpose()?;
        let rules = Rules::new(&config.fields).map_err(|source| Error::Rule {
            dataset: dataset(),
            source,
        })?;
        Ok(Self {
            name: dataset(),
            roles: roles(config, &patterns, format),
            patterns,
            format,
            dialect: DeclaredDialect {
                encoding,
                delimiter: config.delimiter,
                quote: config.quote,
                header: config.header,
                missing: config.missing.clone(),
            },
            rename: config.rename.clone(),
            label_kind: config.label_kind.clone(),
            classes: config.classes.clone(),
            guideline,
            rules: Arc::new(rules),
        })
    }

    /// Returns what is counted of its records.
    pub fn survey(&self) -> Survey {
        Survey::new(&self.roles, self.rules.clone())
    }

    /// Returns what is declared to stand between the classes of a label field's sets.
    pub fn separator(&self, field: &str) -> Option<&str> {
        self.label_kind.get(field)?.separator.as_deref()
    }

    /// Returns what is declared to stand between the classes of sets, by label field.
    pub fn separators(&self) -> BTreeMap<String, String> {
        let kinds = self.label_kind.iter();
        let declared = kinds.map(|(field, kind)| Some((field.clone(), kind.separator.clone()?)));
        declared.flatten().collect()
    }

    /// Returns the fields that the path gives its records, where the data set covers the path.
    ///
    /// Hidden files are covered only by a pattern that names the dot, and an image folder holds
    /// only files that are images by their extension.
    pub fn covers(&self, path: &RepoPath) -> Option<Vec<(Arc<str>, String)>> {
        self.pattern_for(path)?.matches(path)
    }

    /// Returns the first pattern that covers the path.
    pub fn pattern_for(&self, path: &RepoPath) -> Option<&PathPattern> {
        self.patterns.iter().find(|pattern| {
            let names_dot = pattern.last_part().starts_with('.');
            (names_dot || !path.file_name().starts_with(b"."))
                && path.as_bytes() != config::Declarations::FILE.as_bytes()
                && (self.format != Format::Images || images::fits(pattern, path))
                && pattern.covers(path)
        })
    }

    /// Returns the fields that paths give to records, in the order of the patterns.
    pub fn path_fields(&self) -> Vec<Arc<str>> {
        let mut fields: Vec<Arc<str>> = Vec::new();
        for field in self.patterns.iter().flat_map(PathPattern::fields) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        fields
    }

    /// Returns the declaration with which an older version is read that has these fields.
    ///
    /// It finds its files and reads them as `older` says, where that is declared. A role goes to
    /// the fields that have it in the newer version, where the older one has them, possibly under
    /// the older name that `renamed` gives (newer -> older); otherwise to those that `older`
    /// names. A key is taken whole or not at all.
    pub fn adapted_to(
        &self,
        older: Option<&Self>,
        fields: &[Arc<str>],
        renamed: &BTreeMap<String, String>,
    ) -> Self {
        let base = older.unwrap_or(self);
        let has = |field: &str| fields.iter().any(|f| &**f == field);
        let find = |field: &String| {
            let other = renamed.get(field).filter(|old| has(old));
            other.or(Some(field).filter(|field| has(field))).cloned()
        };
        let mut roles = Roles::new();
        for role in Role::ALL {
            let newer = self.roles.fields(role);
            let found: Vec<String> = newer.iter().filter_map(find).collect();
            let enough = match role {
                Role::Key => found.len() == newer.len(),
                _ => newer.is_empty() || !found.is_empty(),
            };
            let own = older.map_or(&[][..], |older| older.roles.fields(role));
            let chosen = if enough { &found[..] } else { own };
            for field in chosen {
                roles.add(role, field.as_str());
            }
        }
        Self {
            name: self.name.clone(),
            patterns: base.patterns.clone(),
            format: base.format,
            dialect: base.dialect.clone(),
            roles,
            rename: self.rename.clone(),
            label_kind: self.label_kind.clone(),
            classes: self.classes.clone(),
            guideline: base.guideline.clone(),
            rules: self.rules.clone(),
        }
    }
}

/// Returns the format that the paths' extensions name, where they name one.
fn format_of(patterns: &[PathPattern]) -> Option<Format> {
    let mut formats = patterns.iter().map(|pattern| {
        let extension = pattern.extension()?;
        if images::is_extension(&extension) {
            return Some(Format::Images);
        }
        sniff_format(Some(&extension), b"")
    });
    let first = formats.next()??;
    formats.all(|format| format == Some(first)).then_some(first)
}

fn roles(config: &DatasetConfig, patterns: &[PathPattern], format: Format) -> Roles {
    let mut roles = Roles::new();
    let mut add = |role: Role, fields: &[String]| {
        for field in fields {
            roles.add(role, normalized(field).into_owned());
        }
    };
    add(Role::Key, &config.key);
    for (name, fields) in &config.roles {
        // The names that config accepts are the names of roles, held by a test.
        if let Some(role) = Role::from_name(name) {
            add(role, fields);
        }
    }
    add(Role::Guideline, config.guideline_field.as_slice());
    let default = |roles: &mut Roles, role: Role, field: &str| {
        if roles.fields(role).is_empty() && roles.of(field).is_empty() {
            roles.add(role, field);
        }
    };
    if format == Format::Images {
        default(&mut roles, Role::Key, images::PATH);
        default(&mut roles, Role::Image, images::IMAGE);
    }
    for field in patterns.iter().flat_map(PathPattern::fields) {
        match Role::from_name(field) {
            None | Some(Role::Key | Role::Feature | Role::Text | Role::Image) => {}
            Some(role) => default(&mut roles, role, field),
        }
    }
    if format == Format::Images && !roles.key().iter().any(|field| field == images::PATH) {
        // Where it is no key, the place of an image says nothing of what is on it.
        if roles.of(images::PATH).is_empty() {
            roles.add(Role::Metadata, images::PATH);
        }
    }
    roles
}

/// All declarations of one version.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Declarations {
    /// The data sets, in the order of `dver.toml`.
    pub datasets: Vec<Declaration>,
    /// The gates.
    pub gates: Vec<GateConfig>,
    /// The evaluations.
    pub evaluations: Vec<EvaluationConfig>,
    /// What people say of the data.
    pub card: Option<CardConfig>,
}

/// The longest `dver.toml` that is read.
const MAX_FILE: u64 = 1 << 20;

impl Declarations {
    /// Reads the bytes of `dver.toml`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::NotText)?;
        let all = config::Declarations::parse(text)?;
        Ok(Self {
            datasets: all
                .datasets
                .iter()
                .map(Declaration::from_config)
                .collect::<Result<_, _>>()?,
            gates: all.gates,
            evaluations: all.evaluations,
            card: all.card,
        })
    }

    /// Reads the declarations of a version by its entries; none where there is no `dver.toml`.
    pub fn read(source: &dyn ObjectSource, entries: &[FileEntry]) -> Result<Self, Error> {
        let file = config::Declarations::FILE.as_bytes();
        match entries.iter().find(|entry| entry.path.as_bytes() == file) {
            Some(entry) => Self::of_entry(source, entry),
            None => Ok(Self::default()),
        }
    }

    /// Reads the declarations of a snapshot.
    pub fn of_snapshot(source: &dyn ObjectSource, snapshot: &ObjectId) -> Result<Self, Error> {
        let Ok(path) = RepoPath::new(config::Declarations::FILE) else {
            return Ok(Self::default());
        };
        match Snapshot::find(source, snapshot, &path)? {
            Some(entry) => Self::of_entry(source, &entry),
            None => Ok(Self::default()),
        }
    }

    fn of_entry(source: &dyn ObjectSource, entry: &FileEntry) -> Result<Self, Error> {
        let content = Content::open(source, &entry.content, entry.size)?;
        match content.read(source, MAX_FILE)? {
            Some(bytes) => Self::parse(&bytes),
            None => Err(Error::NotText),
        }
    }

    /// Returns the data set of that name.
    pub fn get(&self, name: &str) -> Option<&Declaration> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// Returns the first data set that covers the path.
    pub fn covering(&self, path: &RepoPath) -> Option<&Declaration> {
        let covers = |dataset: &&Declaration| dataset.pattern_for(path).is_some();
        self.datasets.iter().find(covers)
    }

    /// Returns the patterns of all data sets.
    pub fn patterns(&self) -> impl Iterator<Item = &PathPattern> {
        self.datasets.iter().flat_map(|dataset| &dataset.patterns)
    }

    /// Returns the names of the data sets, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.datasets.iter().map(|dataset| dataset.name.as_str())
    }
}
