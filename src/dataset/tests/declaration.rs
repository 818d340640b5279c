//! Tests of declarations.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::record::{Format, Role, Type};

use super::super::{Declaration, Declarations, Error};
use super::{declare, path};

#[test]
fn every_role_format_and_type_can_be_declared() {
    for role in Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Guideline)
    {
        let text = format!("[dataset.a]\npath = \"a.csv\"\n{} = [\"x\"]\n", role.name());
        assert_eq!(declare(&text).roles.fields(role), ["x"], "{role:?}");
    }
    let guideline = "[dataset.a]\npath = \"a.csv\"\nguideline = { path = \"g.md\", field = \"g\" }";
    let declared = declare(guideline);
    assert_eq!(declared.guideline, Some(path("g.md")));
    assert_eq!(declared.roles.fields(Role::Guideline), ["g"]);
    for format in Format::ALL {
        let text = format!(
            "[dataset.a]\npath = \"a\"\nformat = \"{}\"\n",
            format.name()
        );
        assert_eq!(declare(&text).format, format);
    }
    for kind in Type::ALL.into_iter().filter(|kind| *kind != Type::Null) {
        let name = kind.name();
        let text =
            format!("[dataset.a]\npath = \"a.csv\"\n[dataset.a.fields.x]\ntype = \"{name}\"\n");
        assert_eq!(
            declare(&text).rules.iter().next().map(|rule| rule.name()),
            Some("type")
        );
    }
}

#[test]
fn the_format_follows_from_the_paths() {
    for (paths, format) in [
        ("\"a.tsv\"", Some(Format::Csv)),
        ("\"a/*.jsonl\"", Some(Format::Jsonl)),
        ("\"img/{label}/*.png\"", Some(Format::Images)),
        ("[\"a.csv\", \"b.csv\"]", Some(Format::Csv)),
        ("[\"a.csv\", \"b.jsonl\"]", None),
        ("\"a\"", None),
    ] {
        let text = format!("[dataset.a]\npath = {paths}\n");
        match (Declarations::parse(text.as_bytes()), format) {
            (Ok(found), Some(format)) => assert_eq!(found.datasets[0].format, format),
            (Err(Error::NoFormat { .. }), None) => {}
            (other, _) => panic!("{paths}: {other:?}"),
        }
    }
}

#[test]
fn wrong_declarations_are_named() {
    for (text, message) in [
        (
            "[dataset.a]\npath = \"{a}{b}.csv\"\n",
            "in the data set `a`: `{a}{b}.csv` is no pattern of paths: nothing separates a field \
             from what stands beside it",
        ),
        (
            "[dataset.a]\npath = \"a.csv\"\nencoding = \"klingon\"\n",
            "the data set `a` declares the encoding `klingon`, which is not known",
        ),
        (
            "[dataset.a]\npath = \"a.csv\"\nguideline = \"../g.md\"\n",
            "the guideline `../g.md` of the data set `a` is no path in the worktree",
        ),
    ] {
        let error = Declarations::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert!(matches!(Declarations::parse(b"\xff"), Err(Error::NotText)));
}

#[test]
fn a_field_of_the_path_gets_the_role_that_it_is_named_after() {
    let plain = declare("[dataset.a]\npath = \"{split}/{part}.csv\"\nkey = \"id\"\n");
    assert_eq!(plain.roles.fields(Role::Split), ["split"]);
    assert!(plain.roles.of("part").is_empty());
    let own = declare("[dataset.a]\npath = \"{split}.csv\"\nsplit = \"fold\"\n");
    assert_eq!(own.roles.fields(Role::Split), ["fold"]);
    let other = declare("[dataset.a]\npath = \"{split}.csv\"\nmetadata = \"split\"\n");
    assert_eq!(other.roles.fields(Role::Split), <[String; 0]>::default());
}

#[test]
fn image_folders_have_roles_by_themselves() {
    let plain = declare("[dataset.a]\npath = \"img/{split}/{label}/*\"\nformat = \"images\"\n");
    assert_eq!(plain.roles.key(), ["path"]);
    assert_eq!(plain.roles.labels(), ["label"]);
    assert_eq!(plain.roles.fields(Role::Image), ["image"]);
    assert_eq!(plain.roles.fields(Role::Split), ["split"]);
}

#[test]
fn hidden_files_and_strangers_are_not_covered() {
    let images = declare("[dataset.a]\npath = \"img/{label}/*\"\nformat = \"images\"\n");
    assert!(images.covers(&path("img/cat/1.PNG")).is_some());
    assert!(images.covers(&path("img/cat/notes.txt")).is_none());
    assert!(images.covers(&path("img/cat/.1.png")).is_none());
    let all = declare("[dataset.a]\npath = \"**\"\nformat = \"csv\"\n");
    assert!(all.covers(&path("dver.toml")).is_none());
    assert!(all.covers(&path("a/b")).is_some());
}

fn adapted(newer: &str, older: Option<&str>, fields: &[&str]) -> Declaration {
    let fields: Vec<Arc<str>> = fields.iter().map(|&name| name.into()).collect();
    let older = older.map(declare);
    let renamed = BTreeMap::from([("new".to_owned(), "old".to_owned())]);
    declare(newer).adapted_to(older.as_ref(), &fields, &renamed)
}

#[test]
fn the_older_side_is_read_with_the_newer_roles_where_it_has_the_fields() {
    let newer = "[dataset.a]\npath = \"b.csv\"\nkey = [\"id\", \"new\"]\nlabel = \"class\"\n";
    let older = "[dataset.a]\npath = \"a.csv\"\nkey = \"id\"\nlabel = \"label\"\ntext = \"t\"\n";
    let both = adapted(newer, Some(older), &["id", "old", "class", "label"]);
    assert_eq!(both.roles.key(), ["id", "old"]);
    assert_eq!(both.roles.labels(), ["class"]);
    assert_eq!(both.roles.fields(Role::Text), <[String; 0]>::default());
    assert_eq!(both.patterns[0].as_str(), "a.csv");
    let own = adapted(newer, Some(older), &["id", "label"]);
    assert_eq!(own.roles.key(), ["id"]);
    assert_eq!(own.roles.labels(), ["label"]);
    let undeclared = adapted(newer, None, &["id", "class"]);
    assert_eq!(undeclared.roles.key(), <[String; 0]>::default());
    assert_eq!(undeclared.roles.labels(), ["class"]);
    assert_eq!(undeclared.patterns[0].as_str(), "b.csv");
}
