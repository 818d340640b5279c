//! Tests of metrics, scoring, reading and selectors.

// Tests write files on purpose.
#![allow(clippy::disallowed_methods)]

use std::sync::Arc;

use proptest::prelude::*;

use super::measure::{Units, measure_profiled};
use super::*;
use crate::base::elementary::{exp2, log2};
use crate::base::{ObjectId, RepoPath};
use crate::dataset::{Declaration, Table};
use crate::object::{
    self, DatasetScore, EntryKind, FileEntry, MemoryStore, ObjectSink as _, ObjectSource as _,
    Scorecard, State, Values,
};
use crate::profile::{Facts, Profile, Survey};
use crate::record::{Batch, CellKind, Problem, Role, Roles};

type Record = Vec<Option<String>>;

const FIELDS: [&str; 5] = ["id", "text", "label", "split", "who"];

fn roles() -> Roles {
    let mut roles = Roles::new();
    roles.add(Role::Key, "id");
    roles.add(Role::Label, "label");
    roles.add(Role::Split, "split");
    roles.add(Role::Annotator, "who");
    roles
}

fn fill(batch: &mut Batch, fields: &[Arc<str>], records: &[Record]) {
    batch.reset(fields);
    for record in records {
        batch.begin();
        for (field, value) in record.iter().enumerate() {
            batch.set(field, CellKind::Text, value.as_deref());
        }
        let ragged = record.len() < fields.len();
        batch.end((0, 0), ragged.then_some(Problem::Ragged));
    }
}

fn measured_with(roles: &Roles, fields: &[&str], records: &[Record], unit: usize) -> Measured {
    let survey = Survey::of_roles(roles);
    let fields: Vec<Arc<str>> = fields.iter().map(|name| (*name).into()).collect();
    let units: Vec<&[Record]> = records.chunks(unit).collect();
    let read = |unit: usize, batch: &mut Batch| {
        fill(batch, &fields, units[unit]);
        Ok::<_, std::convert::Infallible>(())
    };
    let (profile, duplicates, _) = Units {
        count: units.len(),
        read: &read,
        fields: &fields,
        survey: &survey,
    }
    .measure(None)
    .unwrap();
    Measured {
        name: "animals".into(),
        format: "csv".into(),
        survey: survey.clone(),
        dangling: Vec::new(),
        classes: None,
        separators: Default::default(),
        fields: profile.all_fields(&fields),
        files: Vec::new(),
        profile,
        duplicates,
        tables: None,
    }
}

fn measured(records: &[Record]) -> Measured {
    measured_with(&roles(), &FIELDS, records, 2)
}

fn rows(texts: &[[&str; 5]]) -> Vec<Record> {
    let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    texts
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect()
}

fn metrics(measured: &Measured) -> Vec<Metric> {
    let mut store = MemoryStore::new();
    let score = measured.score(&mut store).unwrap();
    dataset_metrics(&store, &score).unwrap()
}

/// Returns value and note of the metric that a selector names.
fn metric(metrics: &[Metric], path: &str) -> (Option<f64>, Option<String>) {
    let metric = Selector::parse(path)
        .unwrap()
        .resolve(metrics)
        .unwrap()
        .clone();
    (metric.value, metric.note)
}

fn value(metrics: &[Metric], path: &str) -> f64 {
    metric(metrics, path).0.unwrap()
}

fn note(metrics: &[Metric], path: &str) -> String {
    let (value, note) = metric(metrics, path);
    assert_eq!(value, None, "{path}");
    note.unwrap()
}

/// The worked example of docs/quality.md.
fn example() -> Measured {
    let mut measured = measured(&rows(&[
        ["1", "meow", "cat", "train", "ann"],
        ["2", "meow", "dog", "train", "ann"],
        ["2.0", "woof", "dog", "test", "ann"],
        ["3", "woof", "dog", "test", "bob"],
        ["", "tweet", "", "test", "bob"],
        ["5", "", "dog", "train", "bob"],
        ["5", "", "dog", "train", "bob"],
        ["6", "purr", "cat", "train", "bob"],
    ]));
    measured.classes = Some(crate::config::ClassesConfig {
        values: vec!["bird".into(), "cat".into(), "dog".into()],
        ..Default::default()
    });
    measured
}

#[test]
fn the_worked_example_of_the_documentation() {
    let metrics = metrics(&example());
    for (path, expected) in [
        ("records", 8.0),
        ("unparsable", 0.0),
        ("null_keys", 1.0),
        ("duplicates_key", 2.0),
        ("duplicates_record", 1.0),
        ("duplicates_content", 2.0),
        ("label_conflicts", 2.0),
        ("missing.text", 0.25),
        ("missing.label", 0.125),
        ("distinct.id", 5.0),
        ("distinct.text", 4.0),
        ("classes.label", 2.0),
        ("classes_empty.label", 1.0),
        ("class_share.label.dog", 5.0 / 7.0),
        ("class_share.label.bird", 0.0),
    ] {
        assert_eq!(value(&metrics, path), expected, "{path}");
    }
    assert!((value(&metrics, "entropy.label") - 0.863_120_568_566_631).abs() < 1e-15);
    assert!((value(&metrics, "effective_classes") - 1.818_968_511_653_173_3).abs() < 1e-14);
    assert_eq!(
        note(&metrics, "imbalance_ratio"),
        "a declared class has no records"
    );
}

#[test]
fn the_second_worked_example_of_the_documentation() {
    let text = concat!(
        "[dataset.reviews]\npath = \"a.csv\"\nkey = \"id\"\nlabel = \"label\"\ntext = \"text\"\n",
        "split = \"split\"\n[dataset.reviews.fields.text]\nrequired = true\nunique = true\n",
        "[dataset.reviews.fields.stars]\ntype = \"integer\"\nmin = 1\nmax = 5\n",
    );
    let csv = "id,text,label,split,stars\n1,good food,good,train,5\n2,mail me: x@y.example,bad,train,7\n\
               3,good food,good,test,5\n4,,bad,test,\n5,배송이 빨라서 좋아요,good,test,2.0\n";
    let mut store = MemoryStore::new();
    let table = declared_table(&mut store, text, &[("a.csv", csv)]);
    let measured = measure(&store, &table).unwrap();
    let metrics = metrics(&measured);
    for (path, expected) in [
        ("leakage.split.\"test<-train\"", 1.0),
        ("leakage.split.\"train<-test\"", 1.0),
        ("schema_violations", 3.0),
        ("schema_violations.stars.max", 1.0),
        ("schema_violations.stars.min", 0.0),
        ("schema_violations.stars.type", 0.0),
        ("schema_violations.text.required", 1.0),
        ("schema_violations.text.unique", 1.0),
        ("minimum.stars", 2.0),
        ("median.stars", 5.0),
        ("maximum.stars", 7.0),
        ("text_script.text.latin", 3.0),
        ("text_script.text.hangul", 1.0),
        ("pii.text.email", 1.0),
    ] {
        assert_eq!(value(&metrics, path), expected, "{path}");
    }
    let close = |path: &str, expected: f64| {
        assert!((value(&metrics, path) - expected).abs() < 1e-12, "{path}");
    };
    close(
        "drift_psi.label.\"test<-train\"",
        std::f64::consts::LN_2 / 6.0,
    );
    close("drift_js.label.\"test<-train\"", 0.143_947_350_180_224_6);
    let psi = metrics.iter().find(|m| m.name == "drift_psi").unwrap();
    assert!((psi.p_value.unwrap() - 0.709_647_357_655_138_1).abs() < 1e-9);
}

#[test]
fn the_documentation_describes_every_metric() {
    let page = include_str!("../../docs/quality.md");
    for definition in REGISTRY {
        assert!(
            page.contains(&format!("### {}\n", definition.name)),
            "{}",
            definition.name
        );
        let formula = definition.formula.replace("  ", " ");
        assert!(page.contains(&format!("Formula: {formula}.")), "{formula}");
        assert!(
            page.contains(&format!("Unit: {}.", definition.unit)),
            "{}",
            definition.unit
        );
    }
}

#[test]
fn shares_and_ratios_of_classes() {
    let metrics = metrics(&measured(&rows(&[
        ["1", "a", "x", "", ""],
        ["2", "b", "y", "", ""],
        ["3", "c", "x", "", ""],
        ["4", "d", "x", "", ""],
        ["5", "e", "y.z", "", ""],
        ["6", "f", "y", "", ""],
    ])));
    assert_eq!(value(&metrics, "imbalance_ratio.label"), 3.0);
    assert_eq!(value(&metrics, "class_share.label.\"y.z\""), 1.0 / 6.0);
    let share = metrics
        .iter()
        .find(|m| m.class.as_deref() == Some("y.z"))
        .unwrap();
    assert_eq!(share.path(), "class_share.label.\"y.z\"");
    assert_eq!(
        serde_json::to_string(share).unwrap(),
        concat!(
            r#"{"name":"class_share","field":"label","class":"y.z","value":0.16666666666666666,"#,
            r#""num":1,"den":6,"exact":true,"unit":"share","version":2}"#
        )
    );
}

#[test]
fn entropy_of_equal_classes_is_a_whole_number_of_bits() {
    for (classes, bits) in [(1, 0.0), (2, 1.0), (4, 2.0), (8, 3.0)] {
        let records: Vec<Record> = (0..8)
            .map(|n| vec![Some(n.to_string()), None, Some(format!("c{}", n % classes))])
            .collect();
        let metrics = metrics(&measured(&records));
        assert_eq!(value(&metrics, "entropy"), bits);
        assert_eq!(value(&metrics, "effective_classes"), f64::from(classes));
        assert_eq!(value(&metrics, "imbalance_ratio"), 1.0);
    }
}

#[test]
fn what_is_undefined_is_null_and_says_why() {
    let empty = metrics(&measured(&[]));
    assert_eq!(value(&empty, "records"), 0.0);
    assert_eq!(value(&empty, "duplicates_content"), 0.0);
    assert_eq!(note(&empty, "missing.text"), "no records");
    assert_eq!(note(&empty, "entropy.label"), "no labels");
    assert_eq!(note(&empty, "effective_classes.label"), "no labels");
    assert_eq!(note(&empty, "imbalance_ratio.label"), "no labels");
    assert_eq!(value(&empty, "classes.label"), 0.0);

    let records = rows(&[["1", "a", "x", "", ""], ["1", "a", "y", "", ""]]);
    let mut bare = Roles::new();
    let plain = metrics(&measured_with(&bare, &FIELDS, &records, 1));
    assert_eq!(note(&plain, "duplicates_key"), "no key");
    assert_eq!(note(&plain, "null_keys"), "no key");
    assert_eq!(note(&plain, "label_conflicts"), "no label fields");
    assert!(plain.iter().all(|metric| metric.name != "entropy"));

    for field in FIELDS {
        bare.add(Role::Metadata, field);
    }
    bare.add(Role::Label, "label");
    let described = metrics(&measured_with(&bare, &FIELDS, &records, 1));
    assert_eq!(note(&described, "duplicates_content"), "no content fields");
    assert_eq!(note(&described, "label_conflicts"), "no content fields");
}

#[test]
fn a_key_and_a_single_content_field_have_exact_distinct_values() {
    let record = |n: u32| {
        let cells = [
            n.to_string(),
            format!("t{}", n / 2),
            "x".into(),
            format!("{n}s"),
            "w".into(),
        ];
        cells.map(Some).to_vec()
    };
    let records: Vec<Record> = (0..70_000).map(record).collect();
    let metrics = metrics(&measured_with(&roles(), &FIELDS, &records, 4096));
    assert_eq!(value(&metrics, "distinct.id"), 70_000.0);
    assert_eq!(value(&metrics, "distinct.text"), 35_000.0);
    // Neither of the two: estimated.
    let split = metrics.iter().find(|m| m.path() == "distinct.split");
    let split = split.unwrap();
    let (low, high) = (split.low.unwrap(), split.high.unwrap());
    assert!(low <= 70_000.0 && 70_000.0 <= high, "{split:?}");
    assert!(high - low < 8_000.0 && !split.exact, "{split:?}");
}

#[test]
fn a_wrong_guess_of_types_is_made_good() {
    // The sample sees numbers only; the one word makes a string field, where 1 is not 1.0.
    let mut records: Vec<Record> = (0..200).map(|_| vec![Some("1".to_owned())]).collect();
    records.push(vec![Some("1.0".to_owned())]);
    let numbers = measured_with(&roles(), &["id"], &records, 5);
    assert_eq!(numbers.duplicates.key, Some(200));
    records.insert(101, vec![Some("word".to_owned())]);
    let words = measured_with(&roles(), &["id"], &records, 5);
    assert_eq!(words.duplicates.key, Some(199));
}

#[test]
fn a_score_is_sorted_integers_and_reads_back_as_the_same_facts() {
    let measured = example();
    let mut store = MemoryStore::new();
    let score: DatasetScore = measured.score(&mut store).unwrap();
    let names: Vec<&str> = score.results.iter().map(|result| &*result.name).collect();
    assert!(names.is_sorted());
    assert_eq!(Facts::read(&store, &score).unwrap(), measured.facts());
    let card = Scorecard {
        snapshot: ObjectId::of(b"s"),
        declaration: None,
        datasets: vec![score.clone()],
    };
    let bytes = object::encode(&card);
    let id = ObjectId::of(&bytes);
    assert_eq!(object::decode::<Scorecard>(&id, &bytes).unwrap(), card);
    assert!(!metrics_of(&store, &card, "animals").unwrap().is_empty());
    assert!(matches!(
        metrics_of(&store, &card, "plants"),
        Err(Error::UnknownDataset { .. })
    ));
    let schema: object::Schema = object::get(&store, &score.schema).unwrap();
    let classes = schema.fields[2].classes.as_ref().unwrap();
    assert_eq!(classes, &["bird", "cat", "dog"].map(Into::into));
    assert_eq!(schema.fields[0].kind, "integer");
    assert!(schema.fields[0].nullable && schema.fields[1].roles.is_empty());
}

#[test]
fn many_values_are_sealed_only_where_they_are_classes() {
    let record = |n: u32| [n, n, n, 0, n].map(|n| Some(format!("v{n}"))).to_vec();
    let records: Vec<Record> = (0..1025).map(record).collect();
    let mut store = MemoryStore::new();
    let score = measured(&records).score(&mut store).unwrap();
    let state: State = object::get(&store, &score.state).unwrap();
    let sealed: Vec<bool> = state.fields.iter().map(|f| f.values.is_some()).collect();
    assert_eq!(sealed, [false, false, true, true, true]);
    let labels: Values = object::get(&store, &state.fields[2].values.unwrap()).unwrap();
    assert_eq!(labels.values.len(), 1025);
    assert_eq!(state.joint.len(), 2);
}

#[test]
fn changes_show_the_most_telling_first() {
    let before = metrics(&example());
    let mut records = rows(&[
        ["7", "moo", "cow", "train", "ann"],
        ["8", "", "cow", "", ""],
    ]);
    records.extend(rows(&[["1", "meow", "cat", "train", "ann"]]));
    let mut after = metrics(&measured(&records));
    with_previous(&mut after, &before);
    assert_eq!(after[0].previous, Some(8.0));
    let changes = changed(&before, &after, 8);
    assert_eq!(changes.len(), 8);
    assert_eq!(changes[0].metric.path(), "records");
    assert_eq!(changes[0].difference(), Some(-5.0));
    assert!(changed(&before, &before, 8).is_empty());
    let all = changed(&before, &after, 1000);
    let gone = all
        .iter()
        .find(|c| c.metric.path() == "class_share.label.dog")
        .unwrap();
    assert_eq!((gone.before.is_some(), gone.after), (true, None));
}

#[test]
fn selectors_name_metrics_as_people_do() {
    let metrics = metrics(&example());
    let parse = |text: &str| Selector::parse(text);
    assert_eq!(parse("missing.label.delta").unwrap().aspect, Aspect::Delta);
    assert_eq!(parse("records.change").unwrap().aspect, Aspect::Change);
    assert_eq!(
        parse("missing.\"delta\"").unwrap().field.as_deref(),
        Some("delta")
    );
    assert_eq!(
        parse("missing.\"a.b\"").unwrap().field.as_deref(),
        Some("a.b")
    );
    assert!(parse("missing").unwrap().find(&metrics).is_none());
    assert_eq!(
        parse("entropy").unwrap().find(&metrics).unwrap().path(),
        "entropy.label"
    );
    match parse("entrpy.label") {
        Err(Error::UnknownMetric { nearest, .. }) => {
            assert_eq!(nearest.as_deref(), Some("entropy"))
        }
        other => panic!("{other:?}"),
    }
    match parse("missing.labl").unwrap().resolve(&metrics) {
        Err(Error::UnknownMetric { nearest, .. }) => {
            assert_eq!(nearest.as_deref(), Some("missing.label"));
        }
        other => panic!("{other:?}"),
    }
    for odd in ["", ".", "\"", "records.a.b.c", "records\""] {
        assert!(parse(odd).is_err(), "{odd}");
    }
}

#[test]
fn logarithms_are_exact_at_powers_of_two_and_close_elsewhere() {
    for exponent in -60..=60 {
        assert_eq!(log2(2f64.powi(exponent)), f64::from(exponent));
        assert_eq!(exp2(f64::from(exponent)), 2f64.powi(exponent));
    }
    assert!((log2(10.0) - std::f64::consts::LOG2_10).abs() < 1e-15);
    assert!((log2(0.1) + std::f64::consts::LOG2_10).abs() < 1e-15);
    assert!((exp2(0.5) - std::f64::consts::SQRT_2).abs() < 1e-15);
    assert_eq!(log2(3.0).to_bits(), 0x3ff9_5c01_a39f_bd69);
    assert!(log2(0.0).is_nan() && log2(-1.0).is_nan() && exp2(f64::NAN).is_nan());
}

fn table(store: &mut MemoryStore, files: &[(&str, &str)]) -> Table {
    let text = concat!(
        "[dataset.animals]\npath = \"data/{split}.csv\"\nkey = \"id\"\nlabel = \"label\"\n",
        "classes = { values = [\"cat\", \"eel\"] }\n"
    );
    declared_table(store, text, files)
}

fn declared_table(store: &mut MemoryStore, text: &str, files: &[(&str, &str)]) -> Table {
    let entry = |store: &mut MemoryStore, (path, text): &(&str, &str)| FileEntry {
        path: RepoPath::new(*path).unwrap(),
        kind: EntryKind::File,
        size: text.len() as u64,
        content: store.put(text.as_bytes()).unwrap(),
    };
    let entries: Vec<FileEntry> = files.iter().map(|file| entry(store, file)).collect();
    let config = crate::config::Declarations::parse(text).unwrap();
    let declaration = Declaration::from_config(&config.datasets[0]).unwrap();
    Table::open(store, &entries, &declaration).unwrap()
}

#[test]
fn a_table_is_measured_and_brought_up_to_date() {
    let mut store = MemoryStore::new();
    let test = ("data/test.csv", "id,text,label\n1,meow,cat\n2,woof,dog\n");
    let train = ("data/train.csv", "id,text,label\n3,purr,cat\n3,purr,\n");
    let before = table(&mut store, &[test, train]);
    let old = measure(&store, &before).unwrap();
    assert_eq!(old.duplicates.key, Some(1));
    let names: Vec<&str> = old.fields.iter().map(|name| &**name).collect();
    assert_eq!(names, ["id", "text", "label", "split"]);
    assert_eq!(old.files[0].dialect["encoding"], "utf-8");
    let all = metrics(&old);
    assert_eq!(value(&all, "classes_empty"), 1.0);
    assert_eq!(value(&all, "missing.label"), 0.25);

    let after = table(
        &mut store,
        &[
            test,
            ("data/train.csv", "id,text,label\n3,purr,cat\n4.0,moo,cow\n"),
        ],
    );
    let mut delta = Profile::new(&before.declaration.survey());
    let mut batch = Batch::default();
    before.read_unit(&store, 1, 0, &mut batch).unwrap();
    delta.remove(&batch);
    after.read_unit(&store, 1, 0, &mut batch).unwrap();
    delta.add(&batch);
    let mut profile = old.profile.clone();
    profile.merge(&delta);
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::new(directory.path(), directory.path());
    let updated = measure_profiled(&store, &after, profile, &memory).unwrap();
    let anew = measure(&store, &after).unwrap();
    let score = anew.score(&mut store).unwrap();
    assert_eq!(updated.score(&mut store).unwrap(), score);
    assert_eq!(Facts::read(&store, &score).unwrap(), updated.facts());
}

/// A data set whose tables are kept, and its memory in a directory.
struct Remembered {
    store: MemoryStore,
    directory: tempfile::TempDir,
    memory: Memory,
}

impl Remembered {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: MemoryStore::new(),
            memory: Memory::new(&directory.path().join("cache"), directory.path()),
            directory,
        }
    }

    /// Measures records that are enough for tables, in an order, and keeps it as that of a state.
    fn keep(&mut self, first: usize, backwards: bool) -> (ObjectId, State) {
        let file = |part: usize| {
            let records = (0..1 << 11).map(|n| first + (part << 11) + n);
            let mut lines: Vec<String> = records.map(|n| format!("{n},t{n},cat\n")).collect();
            if backwards {
                lines.reverse();
            }
            let text = format!("id,text,label\n{}", lines.concat());
            (format!("data/{part:02}.csv"), text)
        };
        let files: Vec<(String, String)> = (0..1 << 5).map(file).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (&**p, &**t)).collect();
        let table = table(&mut self.store, &files);
        let measured = measure_and_keep(&self.store, &table, &self.memory).unwrap();
        let state = measured.score(&mut self.store).unwrap().state;
        self.memory.keep(&state, &measured);
        (state, object::get(&self.store, &state).unwrap())
    }

    fn files(&self, of: &str) -> Vec<std::path::PathBuf> {
        let found = std::fs::read_dir(self.directory.path().join("cache").join(of)).unwrap();
        found.map(|entry| entry.unwrap().path()).collect()
    }

    fn remembers_tables(&self, (id, state): &(ObjectId, State)) -> bool {
        let known = self.memory.recall(id, state);
        known.is_some_and(|known| known.tables.is_some())
    }
}

#[test]
fn a_table_that_no_state_names_is_forgotten_and_one_that_is_named_stays() {
    let mut kept = Remembered::new();
    let state = kept.keep(0, false);
    let base = kept.files("tables");
    // What the measurement of the same records in another order leaves, whatever its name.
    std::fs::write(base[0].with_file_name("0".repeat(32)), "other").unwrap();
    assert_eq!(kept.keep(0, true), state);
    assert_eq!(kept.files("tables").len(), 1);
    assert!(kept.remembers_tables(&state));
    // A state of the data set with a base of its own takes the place of the one before, which is
    // measured anew when it is needed.
    let other = kept.keep(1, false);
    assert_eq!(kept.files("tables").len(), 1);
    assert!(kept.remembers_tables(&other) && !kept.remembers_tables(&state));
    assert_eq!(kept.keep(0, false), state);
    assert!(kept.remembers_tables(&state));
}

#[test]
fn what_is_damaged_in_the_memory_is_written_anew() {
    let mut kept = Remembered::new();
    let state = kept.keep(0, false);
    let profile = kept.files("profiles").remove(0);
    let mut bytes = std::fs::read(&profile).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&profile, bytes).unwrap();
    assert!(!kept.remembers_tables(&state));
    kept.keep(0, true);
    assert!(kept.remembers_tables(&state));
    std::fs::remove_file(kept.files("tables").remove(0)).unwrap();
    assert!(!kept.remembers_tables(&state));
    kept.keep(0, true);
    assert!(kept.remembers_tables(&state));
    assert_eq!(kept.files("tables").len(), 1);
}

fn any_record() -> impl Strategy<Value = Record> {
    let id = proptest::option::of("[0-9](\\.0)?|x");
    let text = proptest::option::of("[ab]{0,2}");
    let label = proptest::option::of("cat|dog|1|1\\.0");
    let split = proptest::option::of("train|test");
    (
        id,
        text,
        label,
        split,
        proptest::option::of("x|y"),
        1usize..=5,
    )
        .prop_map(|(id, text, label, split, who, width)| {
            let mut record = vec![id, text, label, split, who];
            record.truncate(if width < 2 { 3 } else { 5 });
            record
        })
}

proptest! {
    #[test]
    fn logarithm_and_power_agree_with_the_platform(value in 1e-9f64..1e9) {
        let reference = value.log2();
        prop_assert!((log2(value) - reference).abs() <= 4e-16 * reference.abs().max(1.0));
        let back = exp2(log2(value));
        prop_assert!((back - value).abs() <= 2e-14 * value);
    }

    #[test]
    fn a_measurement_does_not_depend_on_units_and_threads(
        records in proptest::collection::vec(any_record(), 0..40),
        unit in 1usize..9,
        threads in 1usize..5,
    ) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut one = MemoryStore::new();
        let mut many = MemoryStore::new();
        let whole = measured_with(&roles(), &FIELDS, &records, 1000);
        let split = pool.install(|| measured_with(&roles(), &FIELDS, &records, unit));
        let score = whole.score(&mut one).unwrap();
        prop_assert_eq!(&score, &split.score(&mut many).unwrap());
        prop_assert!(many.contains(&score.state).unwrap());
        prop_assert_eq!(Facts::read(&one, &score).unwrap(), split.facts());
        prop_assert_eq!(
            serde_json::to_string(&dataset_metrics(&one, &score).unwrap()).unwrap(),
            serde_json::to_string(&dataset_metrics(&many, &score).unwrap()).unwrap()
        );
    }
}

proptest! {
    #[test]
    fn sealed_sums_tell_the_state_of_agreement(
        items in proptest::collection::vec(proptest::collection::btree_map(0u32..4, 1u32..4, 1..4), 0..12),
    ) {
        let mut state = agreement::Coincidences::default();
        let mut sums = std::collections::BTreeMap::new();
        for item in &items {
            let counts: Vec<(u32, u32)> = item.iter().map(|(k, n)| (*k, *n)).collect();
            state.add_item(&counts);
            let m: u32 = item.values().sum();
            for (&k, &of_k) in item {
                for (&l, &of_l) in item.range(k..) {
                    let same = if k == l { of_k } else { 0 };
                    let sum = if m == 1 { of_k } else { of_k * of_l - same };
                    *sums.entry((m, k as u16, l as u16)).or_insert(0) += u64::from(sum);
                }
            }
        }
        let sums: Vec<_> = sums.into_iter().map(|((m, k, l), sum)| (m, k, l, sum)).collect();
        prop_assert_eq!(agreement::Coincidences::from_sums(&sums), state);
    }
}
