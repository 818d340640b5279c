//! Croissant 1.1: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
//!
//! Only what is known is said: properties that only people know come from `[card]`, and those that
//! Croissant requires and nobody wrote are told by [`missing`].

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::title;
use crate::object::FieldSchema;
use crate::ops::card::{CardFile, CardReport, DatasetCard};
use crate::record::{Format, Role, UNPARSABLE};

/// The version of the format.
const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.1";
/// What Croissant requires of a data set.
const REQUIRED: [&str; 6] = [
    "description",
    "license",
    "name",
    "url",
    "creator",
    "datePublished",
];

/// The context that the specification's appendix 1 recommends.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "arrayShape": "cr:arrayShape",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "containedIn": "cr:containedIn",
        "cr": "http://mlcommons.org/croissant/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "description": {"@container": "@language"},
        "equivalentProperty": "cr:equivalentProperty",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileObject": "cr:fileObject",
        "fileProperty": "cr:fileProperty",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isArray": "cr:isArray",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "name": {"@container": "@language"},
        "parentField": "cr:parentField",
        "path": "cr:path",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}

/// Returns the JSON-LD of a version.
pub(crate) fn document(report: &CardReport) -> Value {
    let words = &report.words;
    let mut card = Map::new();
    card.insert("@context".to_owned(), context());
    card.insert("@type".to_owned(), json!("sc:Dataset"));
    card.insert("conformsTo".to_owned(), json!(CONFORMS_TO));
    card.insert("name".to_owned(), json!(title(report)));
    let mut say = |name: &str, value: Option<Value>| {
        value.map(|value| card.insert(name.to_owned(), value));
    };
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let list = |list: &Vec<String>| match list.as_slice() {
        [] => None,
        [only] => Some(json!(only)),
        all => Some(json!(all)),
    };
    say("description", text(&words.description));
    say("license", list(&words.license));
    say("url", text(&words.homepage));
    let person = |name: &String| json!({"@type": "sc:Organization", "name": name});
    let creators: Vec<Value> = words.creators.iter().map(person).collect();
    say(
        "creator",
        Some(json!(creators)).filter(|_| !creators.is_empty()),
    );
    say("publisher", words.publisher.as_ref().map(person));
    say("datePublished", text(&words.published));
    say("dateModified", Some(json!(report.commit.time.to_string())));
    say("version", Some(json!(report.version.to_string())));
    say("identifier", Some(json!(format!("dver:{}", report.id))));
    say("keywords", list(&words.keywords));
    say("inLanguage", list(&words.languages));
    say("citeAs", text(&words.citation));
    say("rai:dataCollection", text(&words.collection));
    say("rai:dataAnnotationProtocol", text(&words.annotation));
    say("rai:personalSensitiveInformation", text(&words.sensitive));
    say("rai:dataBiases", text(&words.biases));
    say("rai:dataLimitations", text(&words.limitations));
    say("rai:dataUseCases", text(&words.uses));
    say("rai:dataReleaseMaintenancePlan", text(&words.maintenance));
    let distribution: Vec<Value> = report.datasets.iter().flat_map(distribution).collect();
    say("distribution", Some(json!(distribution)));
    let records: Vec<Value> = report.datasets.iter().map(record_set).collect();
    say("recordSet", Some(json!(records)));
    Value::Object(card)
}

/// Returns what Croissant requires and the document lacks.
pub(crate) fn missing(card: &Value) -> Vec<&'static str> {
    let lacks = |name: &&str| card.get(*name).is_none();
    let mut missing: Vec<&str> = REQUIRED.into_iter().filter(lacks).collect();
    // In the words of [card].
    for name in &mut missing {
        *name = match *name {
            "url" => "homepage",
            "creator" => "creators",
            "datePublished" => "published",
            other => other,
        };
    }
    missing
}

/// Returns the media types of a data set's files.
fn encoding(dataset: &DatasetCard) -> Value {
    match dataset.declaration.format {
        Format::Csv => json!("text/csv"),
        Format::Jsonl => json!("application/jsonlines"),
        Format::Images => {
            let kinds = dataset.files.iter().map(image_type);
            let kinds: BTreeSet<String> = kinds.collect();
            match kinds.len() {
                1 => json!(kinds.first()),
                _ => json!(kinds),
            }
        }
    }
}

/// Returns the media type of an image by its extension, most of which are its name.
fn image_type(file: &CardFile) -> String {
    let path = file.path.to_string().to_lowercase();
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let kind = match extension {
        "jpg" | "jpeg" => "jpeg",
        "tif" | "tiff" => "tiff",
        "" => "*",
        other => other,
    };
    format!("image/{kind}")
}

/// Returns the files of a data set; of several, and of images, also the set that they are.
fn distribution(dataset: &DatasetCard) -> Vec<Value> {
    let format = encoding(dataset);
    let object = |file: &CardFile| {
        let path = file.path.to_string();
        json!({
            "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path,
            "contentSize": format!("{} B", file.size), "encodingFormat": format,
            "sha256": file.sha256,
        })
    };
    let hashed = dataset.files.iter().filter(|file| file.sha256.is_some());
    let mut files: Vec<Value> = hashed.map(object).collect();
    if files.len() != 1 {
        let patterns = dataset.declaration.patterns.iter();
        let globs: Vec<String> = patterns.map(|pattern| glob(pattern.as_str())).collect();
        files.push(json!({
            "@type": "cr:FileSet", "@id": files_of(dataset), "name": files_of(dataset),
            "encodingFormat": format, "includes": globs,
        }));
    }
    files
}

/// Returns the id of the set of a data set's files.
fn files_of(dataset: &DatasetCard) -> String {
    format!("{}-files", dataset.score.name)
}

/// Writes a pattern of paths as a glob: what a field stands for is any text within a part.
fn glob(pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

/// Writes a pattern of paths as a regular expression whose group is one of its fields.
fn regex(pattern: &str, field: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' => {
                let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
                rest = after;
                out.push_str(if name == field { "([^/]+)" } else { "[^/]+" });
            }
            '*' => {
                let parts = rest.starts_with('*');
                rest = rest.trim_start_matches('*');
                out.push_str(if parts { ".*" } else { "[^/]*" });
            }
            '?' => out.push_str("[^/]"),
            '.' | '+' | '(' | ')' | '|' | '^' | '$' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out + "$"
}

fn record_set(dataset: &DatasetCard) -> Value {
    let name = &dataset.score.name;
    let id = |field: &str| json!({"@id": format!("{name}/{field}")});
    let mut set = Map::new();
    set.insert("@type".to_owned(), json!("cr:RecordSet"));
    set.insert("@id".to_owned(), json!(name));
    set.insert("name".to_owned(), json!(name));
    let described = format!("{} records of the data set {name}.", dataset.score.records);
    set.insert("description".to_owned(), json!(described));
    match dataset.schema.key.as_slice() {
        [] => {}
        [only] => drop(set.insert("key".to_owned(), id(only))),
        all => {
            let all: Vec<Value> = all.iter().map(|field| id(field)).collect();
            set.insert("key".to_owned(), json!(all));
        }
    }
    let fields = dataset
        .schema
        .fields
        .iter()
        .filter(|field| field.name != UNPARSABLE);
    let fields: Vec<Value> = fields.map(|field| self::field(dataset, field)).collect();
    set.insert("field".to_owned(), json!(fields));
    Value::Object(set)
}

fn field(dataset: &DatasetCard, field: &FieldSchema) -> Value {
    let name = &field.name;
    let mut kinds = vec![match field.kind.as_str() {
        "boolean" => "sc:Boolean",
        "integer" => "sc:Integer",
        "float" => "sc:Float",
        "date" => "sc:Date",
        "datetime" => "sc:DateTime",
        _ => "sc:Text",
    }];
    let has = |role: Role| field.roles.iter().any(|own| own == role.name());
    if has(Role::Image) {
        kinds = vec!["sc:ImageObject"];
    }
    if has(Role::Label) {
        kinds.push("cr:Label");
    }
    if has(Role::Split) {
        kinds.push("cr:Split");
    }
    let roles = match field.roles.as_slice() {
        [] => "feature".to_owned(),
        roles => roles.join(", "),
    };
    let mut described = format!("Role: {roles}.");
    if let Some(classes) = field.classes.as_ref().filter(|classes| classes.len() <= 64) {
        let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
        described.push_str(&format!(" Classes: {}.", classes.join(", ")));
    }
    let kinds = match kinds.as_slice() {
        [only] => json!(only),
        all => json!(all),
    };
    json!({
        "@type": "cr:Field", "@id": format!("{}/{name}", dataset.score.name), "name": name,
        "description": described, "dataType": kinds, "source": source(dataset, name, has(Role::Image)),
    })
}

/// Says where the values of a field come from: a column, or the path of the file.
fn source(dataset: &DatasetCard, field: &str, image: bool) -> Value {
    let hashed: Vec<&CardFile> = dataset
        .files
        .iter()
        .filter(|f| f.sha256.is_some())
        .collect();
    let (holder, at) = match hashed.as_slice() {
        [only] => ("fileObject", only.path.to_string()),
        _ => ("fileSet", files_of(dataset)),
    };
    let mut source = Map::new();
    source.insert(holder.to_owned(), json!({"@id": at}));
    let patterns = &dataset.declaration.patterns;
    let of_path = patterns
        .iter()
        .find(|pattern| pattern.fields().any(|name| **name == *field));
    let extract = match (of_path, dataset.declaration.format) {
        (Some(pattern), _) => {
            let regex = regex(pattern.as_str(), field);
            source.insert("transform".to_owned(), json!({"regex": regex}));
            json!({"fileProperty": "fullpath"})
        }
        (None, Format::Images) if image => json!({"fileProperty": "content"}),
        (None, Format::Images) => json!({"fileProperty": "fullpath"}),
        (None, Format::Csv | Format::Jsonl) => json!({"column": field}),
    };
    source.insert("extract".to_owned(), extract);
    Value::Object(source)
}

#[cfg(test)]
mod tests {
    use super::{glob, regex};

    #[test]
    fn patterns_become_globs_and_expressions() {
        assert_eq!(glob("img/{split}/{label}/*.png"), "img/*/*/*.png");
        assert_eq!(glob("data.csv"), "data.csv");
        assert_eq!(
            regex("img/{split}/{label}/*.png", "label"),
            "img/[^/]+/([^/]+)/[^/]*\\.png$"
        );
        assert_eq!(regex("a/**/{split}.csv", "split"), "a/.*/([^/]+)\\.csv$");
    }
}
