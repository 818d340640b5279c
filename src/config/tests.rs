//! Tests of reading and editing `dver.toml` and `.dver/config.toml`.

use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = r#"[dataset.reviews]
path      = "data/{split}.csv"       # globs; {field} makes a field of a path part
format    = "csv"                    # with delimiter, encoding, header, missing = [""]
key       = ["id"]
label     = "label"                  # or several: ["topic", "sentiment"]
text      = "text"
annotator = "annotator"
item      = "doc"                    # long tables: several annotators of one item
group     = "user"                   # records that belong together (leakage, intervals)
metadata  = ["updated_at"]
guideline = "docs/labelling-guide.md"
classes   = { values = ["bad", "ok", "good"], ordered = true }
rename    = { feline = "cat" }       # a declared rename of classes

[dataset.reviews.fields.stars]       # constraints
type = "integer"
min = 1
max = 5

[gate.reviews]
"label_conflicts"         = "<= 0"
"missing.label"           = "<= 0.01"
"baseline:accuracy.delta" = { bound = ">= -0.005", confidence = 0.95, required = true }

[eval.baseline]
dataset = "reviews"
model   = "ridge"                    # knn | ridge | naive-bayes | logistic | majority
train   = "split = 'train'"
test    = "split = 'test'"           # or holdout(0.2)
when    = "commit"                   # or "request"
metrics = ["accuracy", "macro_f1"]   # micro_f1 may name a null_class = "no_relation"
"#;

#[test]
fn every_key_of_the_designed_example_is_read() {
    let all = Declarations::parse(EXAMPLE).unwrap();
    let reviews = all.dataset("reviews").unwrap();
    assert_eq!(reviews.paths, ["data/{split}.csv"]);
    assert_eq!(reviews.key, ["id"]);
    let roles: Vec<&str> = reviews
        .roles
        .iter()
        .map(|(role, _)| role.as_str())
        .collect();
    let expected = ["label", "text", "annotator", "item", "group", "metadata"];
    assert_eq!(roles, expected);
    assert_eq!(
        reviews.guideline.as_deref(),
        Some("docs/labelling-guide.md")
    );
    assert!(reviews.classes.as_ref().unwrap().ordered);
    assert_eq!(reviews.rename["feline"], "cat");
    let (field, stars) = &reviews.fields[0];
    assert_eq!((field.as_str(), stars.min.as_deref()), ("stars", Some("1")));
    assert_eq!(all.gates.len(), 3);
    let delta = &all.gates[2];
    assert_eq!(delta.metric, "baseline:accuracy.delta");
    let line = EXAMPLE
        .lines()
        .position(|line| line.contains("accuracy.delta"));
    assert!(delta.required && Some(delta.line) == line.map(|at| at + 1));
    assert_eq!(delta.bound.limit, Limit::Number(-0.005));
    assert!(delta.bound.comparison.holds(-0.005, -0.005));
    assert!(!delta.bound.comparison.holds(-0.006, -0.005));
    assert!(all.evaluations[0].at_commit);
    assert_eq!(all.evaluations[0].metrics, ["accuracy", "macro_f1"]);
}

#[test]
fn errors_name_the_line_and_what_was_meant() {
    for (text, message) in [
        (
            "[dataset.a]\npath = \"a.csv\"\nlabl = \"x\"\n",
            "dver.toml, line 3: unknown key `labl` in [dataset.a]; did you mean `label`?",
        ),
        (
            "[datasets.a]\npath = \"a.csv\"\n",
            "dver.toml, line 1: unknown key `datasets` in the top level; did you mean `dataset`?",
        ),
        (
            "\n[dataset.\"a b\"]\nkey = [\"id\"]\n",
            "dver.toml, line 2: [dataset.\"a b\"] has no `path`",
        ),
        (
            "[dataset.a]\npath = \"a.csv\"\nkey = 3\n",
            "dver.toml, line 3: `key` wants a string or a list of strings, not integer",
        ),
        (
            "[dataset.a]\npath = \"a\"\nformat = \"jsonlines\"\n",
            "dver.toml, line 3: `format` wants csv, jsonl or images, not `jsonlines`",
        ),
        (
            "[dataset.a]\npath = \"a\"\ndelimiter = \"||\"\n",
            "dver.toml, line 3: `delimiter` wants one ASCII character, not `||`",
        ),
        (
            "[gate.a]\nrecords = \"around 5\"\n",
            "dver.toml, line 2: `records` wants a bound such as \"<= 0.01\" or \"<= base\", not \
             `around 5`",
        ),
        (
            "[gate.a]\n\"records.delta\" = \">= base\"\n",
            "dver.toml, line 2: `records.delta` wants a number: a change is taken against the \
             base already, not `>= base`",
        ),
        (
            "[gate.a]\nrecords = { ratchet = \"uo\" }\n",
            "dver.toml, line 2: `ratchet` wants up or down, not `uo`; did you mean `up`?",
        ),
        (
            "[eval.a]\ndataset = \"a\"\nmodel = \"rigde\"\n",
            "dver.toml, line 3: `model` wants the name of a model, not `rigde`; did you mean \
             `ridge`?",
        ),
        (
            "[dataset.a.fields.b]\ntype = \"int\"\n[dataset.a]\npath = \"x\"\n",
            "dver.toml, line 2: `type` wants the name of a type, not `int`",
        ),
    ] {
        assert_eq!(Declarations::parse(text).unwrap_err().to_string(), message);
    }
    let broken = Declarations::parse("[dataset.a]\npath = \n").unwrap_err();
    assert!(
        broken.to_string().starts_with("dver.toml, line 2: "),
        "{broken}"
    );
}

#[test]
fn a_ratchet_is_a_bound_by_the_base() {
    let text = "[gate.a]\nx = \"<= base\"\ny = { ratchet = \"down\" }\nz = { ratchet = \"up\" }\n";
    let gates = Declarations::parse(text).unwrap().gates;
    assert_eq!(gates[0].bound, gates[1].bound);
    assert_eq!(gates[0].bound.limit, Limit::Base);
    assert_eq!(gates[2].bound.text, ">= base");
    let both = "[gate.a]\ny = { ratchet = \"down\", bound = \"<= 1\" }\n";
    assert!(Declarations::parse(both).is_err());
}

#[test]
fn a_data_set_is_written_as_people_write_it() {
    let config = DatasetConfig {
        name: "given".into(),
        paths: vec!["given.csv".into()],
        format: Some("csv".into()),
        key: vec!["id".into()],
        roles: vec![("label".into(), vec!["label".into()])],
        ..DatasetConfig::default()
    };
    let text = add_dataset_to("", &config);
    assert_eq!(
        text,
        "[dataset.given]\npath = \"given.csv\"\nformat = \"csv\"\nkey = [\"id\"]\nlabel = \"label\"\n"
    );
    assert_eq!(
        edit::add_dataset(&text, &config),
        Err(Error::Exists("given".into()))
    );
}

fn add_dataset_to(text: &str, config: &DatasetConfig) -> String {
    edit::add_dataset(text, config).unwrap()
}

#[test]
fn adding_and_removing_keeps_comments_and_layout() {
    let config = DatasetConfig {
        name: "two words".into(),
        paths: vec!["a/*.csv".into(), "b/*.csv".into()],
        delimiter: Some(b'\t'),
        fields: vec![(
            "stars".into(),
            FieldConfig {
                min: Some("1".into()),
                ..FieldConfig::default()
            },
        )],
        ..DatasetConfig::default()
    };
    let text = add_dataset_to(EXAMPLE, &config);
    for line in EXAMPLE.lines() {
        assert!(text.contains(line), "{line}");
    }
    assert!(text.contains("[dataset.\"two words\"]\npath = [\"a/*.csv\", \"b/*.csv\"]\n"));
    assert_eq!(edit::remove_dataset(&text, "two words").unwrap(), EXAMPLE);
    let error = edit::remove_dataset(EXAMPLE, "review").unwrap_err();
    assert!(
        error.to_string().contains("did you mean `reviews`"),
        "{error}"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let mut config = Declarations::parse(&text).unwrap().datasets[0].clone();
    assert_eq!(edit::put_dataset(&text, &config).unwrap(), text);
    config.name = "other".into();
    let more = edit::put_dataset(&text, &config).unwrap();
    assert!(
        more.contains("path = \"data/{split}.csv\"\r\nformat = \"csv\"\r\n"),
        "{more}"
    );
    assert_eq!(edit::remove_dataset(&more, "other").unwrap(), text);
}

#[test]
fn changing_one_key_keeps_the_rest_and_its_comment() {
    let mut config = Declarations::parse(EXAMPLE).unwrap().datasets[0].clone();
    config.format = Some("jsonl".into());
    let text = edit::put_dataset(EXAMPLE, &config).unwrap();
    assert_eq!(text, EXAMPLE.replace("= \"csv\" ", "= \"jsonl\" "));
}

#[test]
fn an_update_keeps_what_it_is_silent_about() {
    let mut config = Declarations::parse(EXAMPLE).unwrap().datasets[0].clone();
    let before = config.clone();
    config.update(&before);
    assert_eq!(config, before);
    let newer = DatasetConfig {
        paths: vec!["all.csv".into()],
        roles: vec![
            ("label".into(), vec!["gold".into()]),
            ("time".into(), vec!["at".into()]),
        ],
        ..DatasetConfig::default()
    };
    config.update(&newer);
    let text = edit::put_dataset(EXAMPLE, &config).unwrap();
    assert!(
        text.contains("path      = \"all.csv\"       # globs"),
        "{text}"
    );
    assert!(
        text.contains("label     = \"gold\"                  # or several"),
        "{text}"
    );
    assert!(
        text.contains("time = \"at\"") && text.contains("text      = \"text\""),
        "{text}"
    );
}

#[test]
fn a_data_set_is_added_to_inline_tables_too() {
    let config = DatasetConfig {
        name: "b".into(),
        paths: vec!["b.csv".into()],
        ..DatasetConfig::default()
    };
    let text = add_dataset_to("dataset = { a = { path = \"a.csv\" } }\n", &config);
    assert_eq!(Declarations::parse(&text).unwrap().datasets.len(), 2);
}

#[test]
fn local_settings_are_read() {
    let local = Local::parse(
        "[user]\nname = \"A\"\nemail = \"a@b\"\n[gc]\nkeep = \"2 weeks\"\n[remote.o]\nurl = \"/x\"\n",
    )
    .unwrap();
    assert_eq!(local.user_name.as_deref(), Some("A"));
    assert_eq!(
        (local.gc_keep_days, local.remotes["o"].as_str()),
        (14, "/x")
    );
    assert_eq!(Local::parse("").unwrap().gc_keep_days, 30);
    let error = Local::parse("[user]\nmail = \"a@b\"\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        ".dver/config.toml, line 2: unknown key `mail` in [user]; did you mean `email`?"
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        name in "[a-z가 .\"-]{1,8}",
        paths in proptest::collection::vec("[a-z/*{}\\\\\"]{1,9}", 1..3),
        key in proptest::collection::vec(".{0,6}", 0..3),
        label in proptest::collection::vec(".{0,6}", 1..3),
        missing in proptest::option::of(proptest::collection::vec(".{0,3}", 0..3)),
        rename in proptest::collection::btree_map(".{1,4}", ".{0,4}", 0..3),
        header in proptest::option::of(any::<bool>()),
        label_kind in proptest::collection::btree_map(
            ".{1,4}", proptest::sample::select(vec![
                LabelKindConfig { kind: "score".to_owned(), separator: None },
                LabelKindConfig { kind: "multi-label".to_owned(), separator: Some(";".to_owned()) },
            ]), 0..3),
    ) {
        let config = DatasetConfig {
            name, paths, key, missing, rename, header, label_kind,
            roles: vec![("label".to_owned(), label)],
            ..DatasetConfig::default()
        };
        for before in ["", EXAMPLE] {
            let text = edit::put_dataset(before, &config).unwrap();
            let read = Declarations::parse(&text).unwrap();
            prop_assert_eq!(read.dataset(&config.name), Some(&config));
        }
    }

    #[test]
    fn random_text_never_panics(text in "[\\[\\]a-z.= \"\n{}#,0-9]{0,60}") {
        let _ = Declarations::parse(&text);
        let _ = Local::parse(&text);
    }
}
