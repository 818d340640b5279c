//! Data cards: what a version says of itself, and nothing that nobody said.

use serde_json::{Value, json};

use crate::harness::Scratch;

fn story(card: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "data/train.csv",
        "id,text,label,stars,who\n1,meow,cat,4,ann\n2,woof,dog,5,bob\n",
    );
    scratch.write(
        "data/test.csv",
        "id,text,label,stars,who\n3,purr,cat,3,ann\n",
    );
    scratch.write("guide.md", "label what you see\n");
    scratch.write(
        "dver.toml",
        format!(
            "[dataset.pets]\npath = \"data/{{split}}.csv\"\nkey = [\"id\"]\nlabel = \"label\"\n\
             text = \"text\"\nannotator = \"who\"\nguideline = \"guide.md\"\n\n\
             [dataset.pets.fields.stars]\ntype = \"integer\"\nmin = 1\nmax = 5\n{card}"
        ),
    );
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

/// Everything that Croissant wants and only people know.
const WORDS: &str = "
[card]
title = \"Pets\"
description = \"What pets say.\"
license = \"https://creativecommons.org/licenses/by/4.0/\"
homepage = \"https://example.org/pets\"
creators = [\"Ada Lovelace\"]
published = \"2026-01-31\"
citation = \"Lovelace, Pets, 2026\"
biases = \"Loud pets | quiet ones.\"
";

fn croissant(scratch: &Scratch) -> Value {
    let out = scratch.dver(&["card", "--format", "croissant"]);
    assert_eq!(out.code, Some(0));
    serde_json::from_str(&out.out).unwrap()
}

#[test]
fn croissant_has_what_its_specification_requires() {
    let scratch = story(WORDS);
    let card = croissant(&scratch);
    assert_eq!(card["@type"], "sc:Dataset");
    assert_eq!(card["conformsTo"], "http://mlcommons.org/croissant/1.1");
    for required in [
        "@context",
        "description",
        "license",
        "name",
        "url",
        "creator",
        "datePublished",
    ] {
        assert!(!card[required].is_null(), "{required}");
    }
    assert_eq!(card["version"], "1.0.0");
    let files = card["distribution"].as_array().unwrap();
    let objects: Vec<&Value> = files
        .iter()
        .filter(|f| f["@type"] == "cr:FileObject")
        .collect();
    assert_eq!(objects.len(), 2);
    for object in &objects {
        for required in ["@id", "name", "contentUrl", "encodingFormat", "sha256"] {
            assert!(object[required].is_string(), "{required}");
        }
    }
    assert_eq!(objects[0]["contentUrl"], "data/test.csv");
    // sha256sum of the file.
    assert_eq!(objects[0]["sha256"].as_str().unwrap().len(), 64);
    let set = files.iter().find(|f| f["@type"] == "cr:FileSet").unwrap();
    assert_eq!(set["includes"], json!(["data/*.csv"]));
    let records = &card["recordSet"][0];
    assert_eq!(records["@type"], "cr:RecordSet");
    assert_eq!(records["key"], json!({"@id": "pets/id"}));
    let fields = records["field"].as_array().unwrap();
    let names: Vec<&Value> = fields.iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["id", "text", "label", "stars", "who", "split"]);
    for field in fields {
        for required in ["@id", "name", "dataType", "source"] {
            assert!(!field[required].is_null(), "{required}");
        }
        let id = field["@id"].as_str().unwrap();
        assert!(
            id.starts_with("pets/"),
            "ids of fields begin with that of their record set"
        );
        assert_eq!(field["source"]["fileSet"], json!({"@id": "pets-files"}));
    }
    assert_eq!(fields[2]["dataType"], json!(["sc:Text", "cr:Label"]));
    assert_eq!(fields[3]["dataType"], "sc:Integer");
    assert_eq!(fields[5]["dataType"], json!(["sc:Text", "cr:Split"]));
    assert_eq!(
        fields[5]["source"]["transform"]["regex"],
        "data/([^/]+)\\.csv$"
    );
}

#[test]
fn every_commit_is_a_step_of_croissants_kind() {
    let scratch = story("");
    let version = || croissant(&scratch)["version"].as_str().unwrap().to_owned();
    assert_eq!(version(), "1.0.0");
    let head = "id,text,label,stars,who\n";
    scratch.write(
        "data/test.csv",
        format!("{head}3,purr,cat,3,ann\n4,tweet,bird,2,bob\n"),
    );
    scratch.dver(&["commit", "-am", "more"]).ok();
    assert_eq!(version(), "1.1.0");
    scratch.write(
        "data/test.csv",
        format!("{head}3,purr,cat,3,ann\n4,tweet,bird,1,bob\n"),
    );
    scratch.dver(&["commit", "-am", "corrected"]).ok();
    assert_eq!(version(), "2.0.0");
    scratch.write(
        "data/test.csv",
        format!("{head}3,\"purr\",cat,3,ann\n4,tweet,bird,1,bob\n"),
    );
    scratch.dver(&["commit", "-am", "quoted"]).ok();
    assert_eq!(version(), "2.0.1");
    // An older version keeps its number.
    let old = scratch
        .dver(&["card", "HEAD~2", "--format", "croissant"])
        .out;
    assert_eq!(
        serde_json::from_str::<Value>(&old).unwrap()["version"],
        "1.1.0"
    );
}

#[test]
fn what_nobody_wrote_is_missing_and_is_said_to_be() {
    let scratch = story("");
    let out = scratch.dver(&["card", "--format", "croissant"]);
    let card: Value = serde_json::from_str(&out.out).unwrap();
    for absent in ["license", "description", "url", "creator", "datePublished"] {
        assert!(card[absent].is_null(), "{absent} is invented");
    }
    assert_eq!(
        out.err,
        "note: Croissant requires what nobody wrote: description, license, homepage, creators, \
         published. Write it into [card] in dver.toml.\n"
    );
    let card = scratch.dver(&["card"]).ok();
    assert!(
        card.contains("## Not documented\n\nNobody wrote `description`, `license`,"),
        "{card}"
    );
    scratch.write("dver.toml", "[card]\nlicence = \"MIT\"\n");
    let said = scratch.dver(&["add", "dver.toml"]).fails(3);
    assert!(
        said.contains("licence") && said.contains("license"),
        "{said}"
    );
}

#[test]
fn the_markdown_card_has_the_stages_as_sections() {
    let scratch = story(WORDS);
    scratch.dver(&["tag", "v1"]).ok();
    scratch.write(
        "data/train.csv",
        "id,text,label,stars,who\n1,meow,dog,4,ann\n2,woof,dog,5,bob\n",
    );
    scratch.write("guide.md", "label what is meant\n");
    scratch.dver(&["commit", "-am", "relabelled"]).ok();
    let card = scratch.dver(&["card"]).ok();
    let headings: Vec<&str> = card
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "## Schema",
            "## Collection",
            "## Annotation",
            "## Evaluation",
            "## Versioning",
            "## Not documented"
        ]
    );
    for line in [
        "# Pets",
        "| version | 2.0.0 |",
        "| license | https://creativecommons.org/licenses/by/4.0/ |",
        "| stars | integer | feature | no |  | type integer, at least 1, at most 5 |",
        "| label | test | train |",
        "| cat | 1 | 0 |",
        "| ann | 2 |",
        "**Biases.** Loud pets | quiet ones.",
        "| records | 3 | records |",
        "| pets | major | 0 | 0 | 1 | 1 | 0 |",
        "| label | cat | dog | 1 |",
        "| version of pets | 2.0.0 |",
    ] {
        assert!(card.lines().any(|own| own == line), "{line}\n\n{card}");
    }
    assert!(card.contains("Changes since v1 (`"), "{card}");
    assert_eq!(card.matches("| guide.md |").count(), 2);
    let id = scratch.json(&["log", "-n", "1"])[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(card.contains(&format!("| commit | `{id}` |")));
    // Into a file, the same bytes.
    scratch.dver(&["card", "-o", "CARD.md"]).ok();
    assert_eq!(String::from_utf8(scratch.read("CARD.md")).unwrap(), card);
}

#[test]
fn images_are_a_set_of_files_with_their_media_types() {
    let scratch = Scratch::new();
    scratch
        .write("img/cat/1.png", "\u{89}PNG 1")
        .write("img/dog/2.JPG", "\u{ff}\u{d8} 2");
    scratch.write(
        "dver.toml",
        "[dataset.img]\npath = \"img/{label}/*\"\nformat = \"images\"\n",
    );
    scratch.dver(&["add", "."]).ok();
    scratch.dver(&["commit", "-m", "images"]).ok();
    let card = croissant(&scratch);
    assert_eq!(
        card["distribution"],
        json!([{"@type": "cr:FileSet", "@id": "img-files", "name": "img-files",
            "encodingFormat": ["image/jpeg", "image/png"], "includes": ["img/*/*"]}])
    );
    let fields = card["recordSet"][0]["field"].as_array().unwrap();
    let image = fields
        .iter()
        .find(|field| field["name"] == "image")
        .unwrap();
    assert_eq!(image["dataType"], "sc:ImageObject");
    assert_eq!(
        image["source"]["extract"],
        json!({"fileProperty": "content"})
    );
}
