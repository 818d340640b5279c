//! Embeddings that stand in a .npy file beside the records.

use std::fmt::Write as _;

use serde_json::Value;

use crate::harness::Scratch;

/// A record: id, label, split, vector.
type Row = (u32, &'static str, &'static str, [f64; 3]);

/// Sixty records of three classes; each fourth one tests, and one label in seven is wrong.
fn rows() -> Vec<Row> {
    let row = |id: u32| {
        let class = (id * 7 % 3) as usize;
        let noise = |n: u32| f64::from((id * 37 + n * 11) % 17) / 8.0 - 1.0;
        let mut vector = [noise(1), noise(2), noise(3)];
        vector[class] += 1.25;
        let label = ["ash", "elm", "oak"][(class + usize::from(id % 7 == 5)) % 3];
        let split = if id % 4 == 3 { "test" } else { "train" };
        (id, label, split, vector)
    };
    (0..60).map(row).collect()
}

fn header(descr: &str, shape: &str) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out
}

fn npy(rows: &[Row]) -> Vec<u8> {
    let mut out = header("<f8", &format!("({}, 3)", rows.len()));
    for number in rows.iter().flat_map(|row| row.3) {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out
}

fn csv(rows: &[Row], with_vector: bool) -> String {
    let mut out = "id,label,split".to_owned();
    out.push_str(if with_vector { ",vector\n" } else { "\n" });
    for (id, label, split, vector) in rows {
        write!(out, "{id},{label},{split}").unwrap();
        match with_vector {
            true => writeln!(out, ",\"{vector:?}\"").unwrap(),
            false => out.push('\n'),
        }
    }
    out
}

const MODELS: [&str; 4] = ["knn", "ridge", "logistic", "naive-bayes"];

fn declared(path: &str, features: &str) -> String {
    let mut out = format!(
        "[dataset.trees]\npath = {path}\nkey = \"id\"\nlabel = \"label\"\nsplit = \"split\"\n"
    );
    for model in MODELS {
        write!(
            out,
            "[eval.{model}]\ndataset = \"trees\"\nmodel = \"{model}\"\ntrain = \"split = 'train'\"\n\
             test = \"split = 'test'\"\n{features}\n"
        )
        .unwrap();
    }
    out
}

const BESIDE: &str = "embedding = { file = \"vectors.npy\" }";

fn commit(scratch: &Scratch, rows: &[Row], with_vector: bool) {
    scratch.write("trees.csv", csv(rows, with_vector));
    if !with_vector {
        scratch.write("vectors.npy", npy(rows));
    }
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "next"]).ok();
}

/// Two repositories of the same versions: with the numbers in a file, and in a field.
fn both(versions: &[Vec<Row>]) -> [Scratch; 2] {
    [false, true].map(|with_vector| {
        let scratch = Scratch::new();
        let features = if with_vector { "" } else { BESIDE };
        scratch.write("dver.toml", declared("\"trees.csv\"", features));
        for rows in versions {
            commit(&scratch, rows, with_vector);
        }
        scratch
    })
}

/// What a trace says, without what names commits and definitions.
fn traced(scratch: &Scratch, args: &[&str]) -> Value {
    let mut all = vec!["trace"];
    all.extend(args);
    let mut found = scratch.json(&all).remove(0);
    let object = found.as_object_mut().unwrap();
    object.remove("definition");
    for end in ["from", "to"] {
        object[end].as_object_mut().unwrap().remove("commit");
    }
    found
}

fn relabelled(rows: &[Row]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for row in rows.iter_mut().filter(|row| row.0 % 7 == 5 && row.0 < 40) {
        row.1 = match row.1 {
            "ash" => "oak",
            "elm" => "ash",
            _ => "elm",
        };
    }
    rows
}

/// Some records gone, some new ones between the others, two vectors changed, one relabelled.
fn rewritten(rows: &[Row]) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.to_vec();
    rows.retain(|row| row.0 % 11 != 2);
    for (at, id) in [(0, 100), (9, 101), (20, 102), (31, 103)] {
        let split = if id == 103 { "test" } else { "train" };
        rows.insert(at, (id, "elm", split, [0.5, 1.0, f64::from(id) / 128.0]));
    }
    for row in &mut rows {
        match row.0 {
            6 | 7 => row.3[0] += 2.0,
            12 | 15 => row.1 = "oak",
            _ => {}
        }
    }
    rows
}

#[test]
fn a_file_says_what_the_same_numbers_in_a_field_say() {
    let first = rows();
    let second = relabelled(&first);
    let third = rewritten(&second);
    let all = both(&[first, second, third]);
    for model in MODELS {
        let scores = all.each_ref().map(|scratch| {
            let range = ["eval", "run", "--name", model, "HEAD~2", "HEAD~1", "HEAD"];
            let told = scratch.json(&range);
            let scores: Vec<Value> = told.iter().map(|one| one["scores"].clone()).collect();
            assert_eq!(scores.len(), 3);
            assert_eq!(
                told[1]["comparable_to_previous"], "labels_changed",
                "{}",
                told[1]
            );
            assert_eq!(told[2]["comparable_to_previous"], "different_test");
            scores
        });
        assert_eq!(scores[0], scores[1], "{model}");
        let metric = format!("{model}:accuracy");
        for args in [
            &[&*metric, "HEAD~2", "HEAD~1", "--by", "record"][..],
            &[&metric, "HEAD~1", "HEAD"],
            &[&metric, "HEAD~2", "HEAD", "--by", "transition"],
        ] {
            let [beside, inside] = all.each_ref().map(|scratch| traced(scratch, args));
            assert_eq!(beside, inside, "{model} {args:?}");
            assert_eq!(beside["from"]["sealed"], true);
        }
    }
    let causes = traced(&all[0], &["knn:accuracy", "HEAD~1", "HEAD"]);
    let causes: Vec<&str> = causes["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["cause"].as_str().unwrap())
        .collect();
    for cause in [
        "train_added",
        "train_removed",
        "train_features",
        "test_added",
        "test_features",
    ] {
        assert!(causes.contains(&cause), "{cause}: {causes:?}");
    }
    // Predictions are scored again with the rows of their own version.
    let verified = all[0].dver(&["verify", "--recompute"]).ok();
    assert!(verified.contains("scored again"), "{verified}");
}

#[test]
fn a_changed_side_file_changes_what_can_be_compared() {
    let first = rows();
    let scratch = Scratch::new();
    scratch.write("dver.toml", declared("\"trees.csv\"", BESIDE));
    commit(&scratch, &first, false);
    let run = |scratch: &Scratch| {
        scratch
            .json(&["eval", "run", "HEAD", "--name", "ridge"])
            .remove(0)
    };
    let before = run(&scratch);
    assert!(
        before["notes"]
            .to_string()
            .contains("vectors.npy (3 numbers)"),
        "{before}"
    );
    // The vector of a training record: the same test.
    let mut second = first.clone();
    second[4].3[2] += 1.0;
    commit(&scratch, &second, false);
    let after = run(&scratch);
    assert_eq!(after["comparable_to_previous"], "yes");
    assert_ne!(after["train"]["digest"], before["train"]["digest"]);
    assert_eq!(after["test"]["inputs"], before["test"]["inputs"]);
    // That of a test record: another test.
    second[3].3[2] += 1.0;
    commit(&scratch, &second, false);
    let last = run(&scratch);
    assert_eq!(last["comparable_to_previous"], "different_test");
    assert_eq!(last["train"]["digest"], after["train"]["digest"]);
    // The same numbers in another precision and byte order are the same content.
    let mut bytes = header(">f4", "(60, 3)");
    let numbers = second.iter().flat_map(|row| row.3);
    numbers.for_each(|number| bytes.extend_from_slice(&(number as f32).to_be_bytes()));
    scratch.write("vectors.npy", bytes);
    scratch.dver(&["commit", "-a", "-m", "smaller"]).ok();
    assert_eq!(run(&scratch)["comparable_to_previous"], "yes");
}

#[test]
fn a_list_in_a_cell_is_an_embedding_and_one_that_is_missing_is_told() {
    let mut all = rows();
    let scratch = Scratch::new();
    scratch.write("dver.toml", declared("\"trees.csv\"", ""));
    commit(&scratch, &all, true);
    let run = || scratch.json(&["eval", "run", "--name", "knn"]).remove(0)["notes"].to_string();
    assert!(run().contains("vector (3 numbers)"), "{}", run());
    assert!(!run().contains("zeros"), "{}", run());
    // Of another length, and none at all, among the test records: nothing is cut off or made up
    // without a word.
    let text = csv(&all, true).replace("\n3,", "\n\n3,");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let shorter = |line: &String| match line.split_once(",\"[") {
        Some((start, _)) if line.starts_with("3,") => format!("{start},\"[1.5]\""),
        Some((start, _)) if line.starts_with("7,") => format!("{start},"),
        _ => line.clone(),
    };
    let lines: Vec<String> = lines.iter().map(shorter).collect();
    scratch.write("trees.csv", lines.join("\n"));
    let notes = run();
    assert!(notes.contains("vector (3 numbers)"), "{notes}");
    assert!(notes.contains("2 records have no embedding"), "{notes}");
    // Where training records have lists of other lengths they are no embedding.
    all[0].1 = "ash";
    scratch.write("trees.csv", csv(&all, true).replacen('[', "[0.5, ", 1));
    assert!(run().contains("vector (text)"), "{}", run());
}

#[test]
fn rows_run_through_the_files_in_the_order_of_their_paths() {
    let all = rows();
    let (alone, parted) = (Scratch::new(), Scratch::new());
    alone.write("dver.toml", declared("\"trees.csv\"", BESIDE));
    parted.write("dver.toml", declared("\"parts/*.csv\"", BESIDE));
    for (scratch, changed) in [
        (&alone, false),
        (&parted, false),
        (&alone, true),
        (&parted, true),
    ] {
        let rows = if changed {
            rewritten(&all)
        } else {
            all.clone()
        };
        let is_parted = std::ptr::eq(scratch, &parted);
        if is_parted {
            scratch.write("parts/a.csv", csv(&rows[..17], false));
            scratch.write("parts/b.csv", csv(&rows[17..], false));
            scratch.write("vectors.npy", npy(&rows));
            scratch.dver(&["add", "-A"]).ok();
            scratch.dver(&["commit", "-m", "next"]).ok();
        } else {
            commit(scratch, &rows, false);
        }
    }
    for model in MODELS {
        let metric = format!("{model}:accuracy");
        let of = |scratch| traced(scratch, &[&metric, "HEAD~1", "HEAD"]);
        assert_eq!(of(&alone), of(&parted), "{model}");
    }
}

#[test]
fn fields_that_are_named_stand_beside_the_numbers() {
    let scratch = Scratch::new();
    let features = format!("{BESIDE}\nfeatures = [\"split\"]");
    scratch.write("dver.toml", declared("\"trees.csv\"", &features));
    commit(&scratch, &rows(), false);
    let told = scratch.json(&["eval", "run", "--name", "knn"]).remove(0);
    let notes = told["notes"].to_string();
    assert!(
        notes.contains("split (category), vectors.npy (3 numbers)"),
        "{notes}"
    );
    // Values and benches read the same rows.
    let told = scratch
        .dver(&["value", "--name", "knn", "--limit", "2"])
        .ok();
    assert!(told.contains("vectors.npy (3 numbers)"), "{told}");
    scratch.write("list.csv", "id\n0\n1\n2\n4\n");
    let args = [
        "bench",
        "selection",
        "--name",
        "ridge",
        "--list",
        "list.csv",
    ];
    let told = scratch.dver(&args).ok();
    assert!(told.contains("vectors.npy (3 numbers)"), "{told}");
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_its_reason() {
    let scratch = Scratch::new();
    let all = rows();
    scratch.write("dver.toml", declared("\"trees.csv\"", BESIDE));
    commit(&scratch, &all, false);
    let run = || scratch.dver(&["eval", "run", "--name", "knn"]);
    run().ok();
    let mut nan = all.clone();
    nan[17].3[2] = f64::NAN;
    let mut flat = header("<f8", "(180,)");
    flat.resize(flat.len() + 1440, 0);
    let whole = npy(&all);
    for (bytes, words) in [
        (npy(&all[1..]), "has 59 rows, and `trees` has 60 records"),
        (npy(&nan), "`vectors.npy`[17, 2] is NaN"),
        (whole[..whole.len() - 1].to_vec(), "cut off"),
        (flat, "shape is (180)"),
        (b"0.5,0.25\n".to_vec(), "no .npy file"),
    ] {
        scratch.write("vectors.npy", bytes);
        let failed = run().fails(3);
        assert!(
            failed.contains("`knn` cannot be evaluated") && failed.contains(words),
            "{failed}"
        );
    }
    // Of several versions the others are evaluated all the same.
    scratch.write("vectors.npy", npy(&all[1..]));
    scratch.dver(&["commit", "-a", "-m", "short"]).ok();
    scratch.write("vectors.npy", npy(&all));
    scratch.dver(&["commit", "-a", "-m", "whole"]).ok();
    let output = scratch.dver(&["eval", "run", "HEAD~1", "HEAD", "--name", "knn"]);
    assert_eq!(output.code, Some(1));
    assert!(output.out.contains("59 rows"), "{}", output.out);
    assert_eq!(scratch.json(&["eval", "list"]).len(), 1);
    // A trace says which version it is.
    let short = scratch
        .dver(&["trace", "knn:accuracy", "HEAD~1", "HEAD"])
        .fails(3);
    assert!(short.contains("59 rows"), "{short}");
    let mut wide = header("<f8", "(60, 2)");
    wide.resize(wide.len() + 960, 0);
    scratch.write("vectors.npy", wide);
    scratch.dver(&["commit", "-a", "-m", "narrow"]).ok();
    let narrow = scratch
        .dver(&["trace", "ridge:accuracy", "HEAD~1", "HEAD"])
        .fails(3);
    assert!(
        narrow.contains("3 numbers in one version and 2 in the other"),
        "{narrow}"
    );
    // Not there: untracked is not enough, for it is no file of the version.
    scratch.dver(&["rm", "vectors.npy", "--cached"]).ok();
    let gone = run().fails(3);
    assert!(gone.contains("no file `vectors.npy`"), "{gone}");
}

#[test]
fn image_folders_have_no_rows() {
    let scratch = Scratch::new();
    let images = "[dataset.trees]\npath = \"im/{label}/*.png\"\nformat = \"images\"\nkey = \"path\"\n\
         label = \"label\"\n[eval.m]\ndataset = \"trees\"\nmodel = \"knn\"\nholdout = 0.5\n";
    scratch.write("dver.toml", format!("{images}{BESIDE}\n"));
    for (at, class) in ["elm", "oak"].iter().cycle().take(20).enumerate() {
        scratch.write(&format!("im/{class}/{at}.png"), [at as u8; 9]);
    }
    scratch.write("vectors.npy", npy(&rows()[..20]));
    scratch.dver(&["add", "-A"]).ok();
    let failed = scratch.dver(&["eval", "run"]).fails(3);
    assert!(failed.contains("is an image folder"), "{failed}");
}

#[test]
fn declarations_of_a_file_are_checked() {
    let scratch = Scratch::new();
    commit(&scratch, &rows(), false);
    for (features, words) in [
        ("embedding = \"vectors.npy\"", "a table"),
        ("embedding = { }", "file"),
        (
            "embedding = { file = \"../vectors.npy\" }",
            "a path from the root",
        ),
        ("embedding = { file = \"vectors.csv\" }", "a .npy file"),
        (
            "embedding = { file = \"v.npy\", key = \"id\" }",
            "unknown key `key`",
        ),
    ] {
        scratch.write("dver.toml", declared("\"trees.csv\"", features));
        let output = scratch.dver(&["eval", "run"]);
        assert_eq!(output.code, Some(3), "{features}");
        assert!(output.err.contains(words), "{words}: {}", output.err);
    }
    let majority = declared("\"trees.csv\"", BESIDE).replace("\"knn\"", "\"majority\"");
    scratch.write("dver.toml", majority);
    let failed = scratch.dver(&["eval", "run"]).fails(3);
    assert!(failed.contains("unknown key `embedding`"), "{failed}");
}
