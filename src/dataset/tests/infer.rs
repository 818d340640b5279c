//! Tests of inference: what is declared unasked, what is not, and the evidence.

use crate::base::RepoPath;
use crate::object::{FileEntry, MemoryStore};
use crate::record::{Format, Role};

use super::super::infer::{self, Basis, Evidence, Given, Inference, Proposal};
use super::super::{Declarations, Error};
use super::{put, put_cut};

fn store_of(files: &[(&str, String)]) -> (MemoryStore, Vec<FileEntry>) {
    let mut store = MemoryStore::new();
    let mut entries: Vec<FileEntry> = files
        .iter()
        .map(|(name, text)| put_cut(&mut store, name, text.as_bytes()))
        .collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    (store, entries)
}

fn inferred(files: &[(&str, String)]) -> Inference {
    let (store, entries) = store_of(files);
    infer::infer(&store, &entries, &entries, &Declarations::default()).unwrap()
}

fn line(proposal: &Proposal) -> String {
    let config = &proposal.config;
    let mut line = format!("{} = {}", config.name, config.paths.join(" "));
    line.push_str(&format!(" key={}", config.key.join("+")));
    for (role, fields) in &config.roles {
        line.push_str(&format!(" {role}={}", fields.join("+")));
    }
    line
}

/// Checks the proposals, and the tables that are not declared, with `?` in front.
fn check(files: &[(&str, String)], expected: &[&str]) {
    let found = inferred(files);
    let mut lines: Vec<String> = found.proposals.iter().map(line).collect();
    lines.extend(found.undeclared.iter().map(|table| {
        let looks = [table.key.join("+"), table.labels.join("+")];
        format!(
            "? {} key={} label={}",
            table.paths.join(" "),
            looks[0],
            looks[1]
        )
    }));
    assert_eq!(lines, expected);
}

/// Returns a table with a header and `count` records.
fn table(header: &str, count: usize, record: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    for n in 0..count {
        text.push_str(&record(n));
        text.push('\n');
    }
    text
}

fn class(n: usize) -> &'static str {
    ["cat", "dog", "ship"][n * 7 % 3]
}

fn labels(from: usize, count: usize) -> String {
    table("id,label", count, |n| format!("{},{}", from + n, class(n)))
}

#[test]
fn ids_and_labels_are_found_by_name_and_verified() {
    let files = [("given.csv", labels(0, 10_000))];
    check(&files, &["given = given.csv key=id label=label"]);
    let proposal = inferred(&files).proposals.remove(0);
    assert_eq!((proposal.files, proposal.records), (1, 10_000));
    let Evidence::Format {
        format, records, ..
    } = &proposal.evidence[0]
    else {
        panic!("{:?}", proposal.evidence);
    };
    assert_eq!((*format, *records), (Format::Csv, 10_000));
    assert!(proposal.evidence[1].is_unique_key());
    let label = Evidence::Label {
        field: "label".into(),
        basis: Basis::Name,
        classes: Some(3),
        nulls: 0,
    };
    assert_eq!(proposal.evidence[2], label);
}

#[test]
fn a_key_that_repeats_once_among_many_is_no_key() {
    let mut text = labels(0, 20_000);
    text.push_str("17.0,cat\n");
    check(&[("a.csv", text)], &["? a.csv key= label=label"]);
    let mut text = labels(0, 20_000);
    text.push_str(",cat\n");
    check(&[("a.csv", text)], &["? a.csv key= label=label"]);
}

#[test]
fn equal_spellings_of_a_text_key_stay_apart() {
    // Among texts `17` and `17.0` are two keys; both spellings of the accent are one.
    let text = format!("{}x1,cat\n17.0,cat\n", labels(0, 30));
    check(&[("a.csv", text)], &["a = a.csv key=id label=label"]);
    let text = "id,label\ncaf\u{e9},a\ncafe\u{301},b\n".to_owned();
    check(&[("a.csv", text)], &["? a.csv key= label=label"]);
}

#[test]
fn a_table_without_names_is_not_declared_by_itself() {
    let iris = table("150,4,setosa,versicolor,virginica", 150, |n| {
        format!("{}.1,3.5,1.{},0.2,{}", n % 5, n % 7, n / 50)
    });
    check(&[("iris.csv", iris)], &["? iris.csv key= label="]);
    let plain = table("x,y", 50, |n| format!("{n},{}.5", n * 3));
    check(&[("plain.csv", plain)], &["? plain.csv key=x label="]);
    let bare: String = (0..50).map(|n| format!("{n},{}\n", class(n))).collect();
    let found = inferred(&[("bare.csv", bare)]);
    assert!(found.proposals.is_empty());
}

#[test]
fn other_roles_are_found_by_name() {
    let text = table(
        "review_id,text,stars,user_id,annotator,split,label,updated_at,confidence",
        60,
        |n| {
            let split = ["train", "test"][n % 2];
            format!(
                "r{n},\"a text, {n}\",{},u{},a{},{split},{},2026-01-{:02},0.{n}",
                n % 5,
                n / 3,
                n % 4,
                class(n),
                n % 28 + 1
            )
        },
    );
    check(
        &[("reviews.csv", text)],
        &[
            "reviews = reviews.csv key=review_id label=label text=text annotator=annotator \
           group=user_id split=split time=updated_at metadata=confidence",
        ],
    );
}

#[test]
fn a_long_table_has_a_key_of_item_and_annotator() {
    let text = table("item_id,worker,label", 90, |n| {
        format!("i{},w{},{}", n / 3, n % 3, class(n))
    });
    check(
        &[("votes.csv", text)],
        &["votes = votes.csv key=item_id+worker label=label annotator=worker item=item_id"],
    );
}

#[test]
fn json_lines_are_declared_too() {
    let text: String = (0..50)
        .map(|n| {
            format!(
                "{{\"id\":{n},\"text\":\"t {n}\",\"label\":\"{}\",\"meta\":{{\"lang\":\"ko\"}}}}\n",
                class(n)
            )
        })
        .collect();
    check(
        &[("a.jsonl", text)],
        &["a = a.jsonl key=id label=label text=text"],
    );
}

#[test]
fn labels_of_several_kinds_are_all_labels() {
    let text = table("id,topic_label,tone_label", 30, |n| {
        format!("{n},{},{}", class(n), n % 2)
    });
    check(
        &[("a.csv", text)],
        &["a = a.csv key=id label=topic_label+tone_label"],
    );
    let text = table("id,label,label_text,category", 30, |n| {
        format!("{n},{},{},{}", n % 3, class(n), n % 4)
    });
    check(
        &[("a.csv", text)],
        &["a = a.csv key=id label=label metadata=label_text"],
    );
    let text = table("id,target", 300, |n| format!("{n},{n}.5"));
    check(&[("a.csv", text)], &["? a.csv key=id label="]);
    let text = table("id,category", 300, |n| format!("{n},c{n}"));
    check(&[("a.csv", text)], &["? a.csv key=id label="]);
}

#[test]
fn splits_are_one_data_set() {
    let files = [
        ("data/dev.csv", labels(200, 30)),
        ("data/notes.md", "x".to_owned()),
        ("data/test.csv", labels(100, 30)),
        ("data/train.csv", labels(0, 60)),
    ];
    check(&files, &["data = data/{split}.csv key=id label=label"]);
    let proposal = inferred(&files).proposals.remove(0);
    assert_eq!(proposal.declaration.roles.fields(Role::Split), ["split"]);
    assert_eq!((proposal.files, proposal.records), (3, 120));
    check(
        &[
            ("d/cifar10/test/a.csv", labels(0, 30)),
            ("d/cifar10/train/a.csv", labels(0, 30)),
        ],
        &["a = d/cifar10/{split}/a.csv key=id+split label=label"],
    );
    check(
        &[
            ("reviews_train.csv", labels(0, 30)),
            ("reviews_valid.csv", labels(90, 30)),
        ],
        &["reviews = reviews_{split}.csv key=id label=label"],
    );
    check(
        &[("train.csv", labels(0, 30))],
        &["data = {split}.csv key=id label=label"],
    );
}

#[test]
fn a_split_pattern_takes_in_no_other_table() {
    let other = table("name,size", 30, |n| format!("n{n},{n}"));
    let files = [
        ("other.csv", other),
        ("test.csv", labels(90, 30)),
        ("train.csv", labels(0, 30)),
    ];
    check(
        &files,
        &[
            "t = t*.csv key=id label=label",
            "? other.csv key=name label=",
        ],
    );
}

#[test]
fn parts_of_one_header_are_one_data_set() {
    let files = [
        ("d/part-00.csv", labels(0, 30)),
        ("d/part-01.csv", labels(30, 30)),
    ];
    check(&files, &["part = d/*.csv key=id label=label"]);
    let other = table("name,size", 30, |n| format!("n{n},{n}"));
    let files = [
        ("d/a.csv", other),
        ("d/part-00.csv", labels(0, 30)),
        ("d/part-01.csv", labels(30, 30)),
    ];
    check(
        &files,
        &[
            "part = d/part-0*.csv key=id label=label",
            "? d/a.csv key=name label=",
        ],
    );
}

#[test]
fn versions_of_one_table_are_two_data_sets() {
    let files = [
        ("corrected.csv", labels(0, 30)),
        ("given.csv", labels(0, 30)),
    ];
    check(
        &files,
        &[
            "corrected = corrected.csv key=id label=label",
            "given = given.csv key=id label=label",
        ],
    );
}

#[test]
fn covered_files_are_left_alone() {
    let (store, entries) = store_of(&[("data/train.csv", labels(0, 30))]);
    let declared =
        Declarations::parse(b"[dataset.x]\npath = \"data/{split}.csv\"\nkey = \"id\"\n").unwrap();
    let found = infer::infer(&store, &entries, &entries, &declared).unwrap();
    assert!(found.proposals.is_empty() && found.undeclared.is_empty());
    let declared = Declarations::parse(b"[dataset.data]\npath = \"x.csv\"\n").unwrap();
    let found = infer::infer(&store, &entries, &entries, &declared).unwrap();
    assert_eq!(found.proposals[0].config.name, "data-2");
}

fn images(paths: &[&str]) -> Vec<String> {
    let mut store = MemoryStore::new();
    let entries: Vec<FileEntry> = paths
        .iter()
        .map(|path| put(&mut store, path, path.as_bytes(), 9))
        .collect();
    let found = infer::infer(&store, &entries, &entries, &Declarations::default()).unwrap();
    found.proposals.iter().map(line).collect()
}

#[test]
fn image_folders_are_found_by_their_class_directories() {
    assert_eq!(
        images(&["img/cat/1.png", "img/cat/2.png", "img/dog/3.jpg"]),
        ["img = img/{label}/* key=path label=label"]
    );
    assert_eq!(
        images(&[
            "d/test/cat/1.png",
            "d/test/dog/2.png",
            "d/train/cat/3.png",
            "d/train/dog/4.png"
        ]),
        ["d = d/{split}/{label}/* key=path label=label"]
    );
    // The same names in two classes: the image itself is the key.
    assert_eq!(
        images(&["img/cat/1.png", "img/cat/2.png", "img/dog/1.png"]),
        ["img = img/{label}/* key=image label=label"]
    );
    assert_eq!(
        images(&["cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png"]),
        ["images = {label}/* key=path label=label"]
    );
    for none in [
        &["img/1.png", "img/2.png"][..],
        &["img/cat/1.png", "img/cat/2.png"],
        &["d/images/1.png", "d/masks/1.png"],
        &["d/train/1.png", "d/test/2.png"],
        &["d/a/1.png", "d/a/x.md", "d/b/2.png", "d/b/y.md"],
        &["a/1.png", "b/2.png"],
    ] {
        assert_eq!(images(none), <[String; 0]>::default(), "{none:?}");
    }
}

fn declared(files: &[(&str, String)], paths: &[&str], given: &Given) -> Result<Proposal, Error> {
    let (store, entries) = store_of(files);
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    infer::declare(&store, &paths, &entries, &Declarations::default(), given)
}

#[test]
fn what_the_user_says_is_taken_and_counted() {
    let codes = table("code,name", 30, |n| match n {
        3 => ",none".to_owned(),
        4 => "c5,twice".to_owned(),
        _ => format!("c{n},n{n}"),
    });
    let files = [("codes.csv", codes), ("other.csv", labels(0, 30))];
    let given = Given {
        name: Some("codes of\ncountries".into()),
        roles: vec![(Role::Key, vec!["code".into()])],
        ..Given::default()
    };
    let proposal = declared(&files, &["./codes.csv"], &given).unwrap();
    assert_eq!(line(&proposal), "codes of\ncountries = codes.csv key=code");
    let key = Evidence::Key {
        fields: vec!["code".into()],
        basis: Basis::Given,
        records: 30,
        distinct: 28,
        nulls: 1,
    };
    assert_eq!(proposal.evidence[1], key);
    let label = Given {
        roles: vec![(Role::Label, vec!["nmae".into()])],
        ..Given::default()
    };
    let error = declared(&files, &["codes.csv"], &label).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no record of codes.csv has a field `nmae`; did you mean `name`?"
    );
}

#[test]
fn paths_may_be_files_directories_or_patterns() {
    let files = [
        ("d/a-1.csv", labels(0, 30)),
        ("d/a-2.csv", labels(0, 30)),
        ("d/b.csv", table("x", 9, |n| n.to_string())),
        ("e/noise", "no table".to_owned()),
    ];
    let check = |paths: &[&str], expected: &str| {
        let proposal = declared(&files, paths, &Given::default()).unwrap();
        assert_eq!(line(&proposal), expected);
    };
    check(&["d/{part}.csv"], "d = d/{part}.csv key= label=label");
    check(
        &["d/a-{part}.csv"],
        "a = d/a-{part}.csv key=id+part label=label",
    );
    check(&["d/a-1.csv"], "a-1 = d/a-1.csv key=id label=label");
    check(
        &["d/a-1.csv", "d/b.csv"],
        "a-1 = d/a-1.csv d/b.csv key= label=label",
    );
    assert!(matches!(
        declared(&files, &["e"], &Given::default()),
        Err(Error::NoTable { .. })
    ));
    assert!(matches!(
        declared(&files, &["absent.csv"], &Given::default()),
        Err(Error::NoTable { .. })
    ));
}

#[test]
fn a_data_set_that_is_declared_anew_keeps_its_name() {
    let (store, entries) = store_of(&[("a.csv", labels(0, 30))]);
    let declared = Declarations::parse(b"[dataset.x]\npath = \"a.csv\"\n").unwrap();
    let again = |path: &str, given: &Given| {
        let paths = [path.to_owned()];
        let found = infer::declare(&store, &paths, &entries, &declared, given).unwrap();
        found.config.name
    };
    assert_eq!(again("a.csv", &Given::default()), "x");
    let other = Given {
        name: Some("y".into()),
        ..Given::default()
    };
    assert_eq!(again("a.csv", &other), "y");
    assert_eq!(again("*.csv", &Given::default()), "data");
}

#[test]
fn the_dialect_is_written_down_where_it_is_unusual() {
    let text = labels(0, 30).replace(',', "\t");
    let proposal = inferred(&[("a.tsv", text)]).proposals.remove(0);
    assert_eq!(proposal.config.delimiter, Some(b'\t'));
    assert_eq!(proposal.config.encoding, None);
    let mut store = MemoryStore::new();
    let mut bytes = b"id,label\n".to_vec();
    for n in 0..30 {
        bytes.extend_from_slice(format!("{n},").as_bytes());
        bytes.extend_from_slice(
            [
                &b"\xb0\xed\xbe\xe7\xc0\xcc\n"[..],
                b"\xb0\xad\xbe\xc6\xc1\xf6\n",
            ][n % 2],
        );
    }
    let entries = [put(&mut store, "a.csv", &bytes, 9)];
    let found = infer::infer(&store, &entries, &entries, &Declarations::default()).unwrap();
    assert_eq!(found.proposals[0].config.encoding.as_deref(), Some("cp949"));
}

#[test]
fn odd_names_become_plain_patterns() {
    check(
        &[("a [1]/x{y} z.csv", labels(0, 30))],
        &["x-y--z = a [[]1]/x[{]y} z.csv key=id label=label"],
    );
    let mut store = MemoryStore::new();
    let mut entry = put(&mut store, "a.csv", labels(0, 30).as_bytes(), 9);
    entry.path = RepoPath::new(b"caf\xe9.csv".to_vec()).unwrap();
    let found = infer::infer(&store, &[entry.clone()], &[entry], &Declarations::default()).unwrap();
    assert!(found.proposals.is_empty());
}
