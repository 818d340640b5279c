//! What sealed change sets tell of two versions is what comparing the data tells.

use crate::harness::Scratch;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }
}

const LABELS: [&str; 4] = ["cat", "dog", "bird", ""];

/// A record: key, text, annotator, two labels and split.
type Record = [String; 6];

fn record(id: usize, dice: &mut Dice) -> Record {
    let label = |dice: &mut Dice| LABELS[dice.roll(3)].to_owned();
    [
        format!("r{id}"),
        format!("text {}", dice.roll(1000)),
        format!("a{}", dice.roll(4)),
        label(dice),
        label(dice),
        ["train", "test", ""][dice.roll(3)].to_owned(),
    ]
}

fn csv(records: &[Record]) -> String {
    let mut text = "id,text,annotator,topic,tone,split\n".to_owned();
    for record in records {
        text += &(record.join(",") + "\n");
    }
    text
}

fn jsonl(records: &[Record]) -> String {
    let mut text = String::new();
    for [id, words, annotator, topic, tone, split] in records {
        text += &format!(
            "{{\"id\":\"{id}\",\"text\":\"{words}\",\"annotator\":\"{annotator}\",\"topic\":\"{topic}\",\"tone\":\"{tone}\",\"split\":\"{split}\"}}\n"
        );
    }
    text
}

/// Changes some labels, now and then with the annotator, and adds and removes records.
fn curate(records: &mut Vec<Record>, next: &mut usize, dice: &mut Dice) {
    for _ in 0..1 + dice.roll(4) {
        let at = dice.roll(records.len());
        records[at][3 + dice.roll(2)] = LABELS[dice.roll(4)].to_owned();
        if dice.roll(2) == 0 {
            records[at][2] = format!("a{}", dice.roll(4));
        }
        if dice.roll(9) == 0 {
            records[at][5] = "dev".to_owned();
        }
    }
    for _ in 0..dice.roll(3) {
        records.remove(dice.roll(records.len()));
    }
    for _ in 0..dice.roll(3) {
        let at = dice.roll(records.len() + 1);
        records.insert(at, record(*next, dice));
        *next += 1;
    }
}

/// Changes that rows do not tell, or that no range composes.
fn disturb(records: &mut Vec<Record>, kind: usize, dice: &mut Dice) {
    let at = dice.roll(records.len());
    match kind {
        0 => records[at][1] = "other words".to_owned(),
        1 => {
            let moved = records.remove(at);
            records.push(moved);
        }
        2 => records.push(records[at].clone()),
        3 => {
            for record in records.iter_mut().filter(|r| r[3] == "cat") {
                record[3] = "feline".to_owned();
            }
        }
        _ => records[at][0].clear(),
    }
}

fn check(format: &str, write: fn(&[Record]) -> String, seed: u64) {
    let mut dice = Dice(seed);
    let mut next = 60;
    let mut records: Vec<Record> = (0..next).map(|id| record(id, &mut dice)).collect();
    let file = format!("talk.{format}");
    let scratch = Scratch::new();
    scratch.write(&file, write(&records));
    scratch.dver(&["add", &file, "--no-declare"]).ok();
    let declare = ["--key", "id", "--label", "topic", "--label", "tone"];
    let declare = [
        &declare[..],
        &["--text", "text", "--annotator", "annotator"],
        &["--split", "split"],
    ]
    .concat();
    scratch
        .dver(&[&["dataset", "add", &file], &declare[..]].concat())
        .ok();
    scratch.dver(&["commit", "-m", "0"]).ok();
    let steps = 9;
    for step in 1..=steps {
        // Quiet weeks, one disturbance, and quiet weeks again.
        match step {
            5 => disturb(&mut records, seed as usize % 5, &mut dice),
            _ => curate(&mut records, &mut next, &mut dice),
        }
        scratch.write(&file, write(&records));
        scratch.dver(&["commit", "-qam", &step.to_string()]).ok();
    }
    for older in 1..=steps {
        for newer in 0..older {
            let ends = [format!("HEAD~{older}"), format!("HEAD~{newer}")];
            let ends = [ends[0].as_str(), ends[1].as_str()];
            let shown = [&["diff", "--json"][..], &["diff", "--json", "--stat"]][newer % 2];
            let sealed = scratch.dver(&[shown, &ends[..]].concat()).ok();
            let data = [shown, &["--from-data"], &ends[..]].concat();
            assert_eq!(
                sealed,
                scratch.dver(&data).ok(),
                "{format}, seed {seed}, {ends:?}"
            );
        }
    }
}

#[test]
fn ranges_of_a_table_tell_what_its_ends_tell() {
    (0..5).for_each(|seed| check("csv", csv, seed));
}

#[test]
fn ranges_of_json_lines_tell_what_their_ends_tell() {
    (5..7).for_each(|seed| check("jsonl", jsonl, seed));
}

#[test]
fn labels_that_change_and_change_back_are_churn() {
    let scratch = Scratch::new();
    let table = |labels: [&str; 4]| {
        let rows = labels.iter().zip(1..).map(|(l, id)| format!("{id},{l}\n"));
        format!("id,label\n{}", rows.collect::<String>())
    };
    for (at, labels) in [
        ["cat", "dog", "cat", "dog"],
        ["dog", "dog", "dog", "dog"],
        ["cat", "cat", "dog", "dog"],
    ]
    .into_iter()
    .enumerate()
    {
        scratch.write("pets.csv", table(labels));
        scratch.dver(&["add", "-A"]).ok();
        scratch.dver(&["commit", "-qm", &at.to_string()]).ok();
    }
    let churn = |args: &[&str]| {
        let events = scratch.json(&[&["diff", "--stat"], args].concat());
        events.last().unwrap()["labels"]["churn"].clone()
    };
    // The first record came back, the second and third changed once.
    assert_eq!(churn(&["HEAD~2", "HEAD"]), 1);
    assert_eq!(churn(&["HEAD~2", "HEAD", "--from-data"]), 1);
    assert!(churn(&["HEAD~1", "HEAD"]).is_null());
    let text = scratch.dver(&["diff", "HEAD~2", "HEAD"]).ok();
    assert!(
        text.contains("churn: 1 label changed and changed back"),
        "{text}"
    );
}

#[test]
fn a_record_that_comes_within_a_range_is_no_churn() {
    let scratch = Scratch::new();
    for (at, rows) in [
        "1,cat\n2,dog\n",
        "1,cat\n2,dog\n3,cat\n",
        "1,cat\n2,dog\n3,dog\n",
        "1,dog\n2,dog\n3,cat\n",
    ]
    .into_iter()
    .enumerate()
    {
        scratch.write("pets.csv", format!("id,label\n{rows}"));
        scratch.dver(&["add", "pets.csv", "--no-declare"]).ok();
        if at == 0 {
            let declare = [
                "dataset", "add", "pets.csv", "--key", "id", "--label", "label",
            ];
            scratch.dver(&declare).ok();
        }
        scratch.dver(&["commit", "-qm", &at.to_string()]).ok();
    }
    let churn = |older: &str| {
        let events = scratch.json(&["diff", "--stat", older, "HEAD"]);
        events.last().unwrap()["labels"]["churn"].clone()
    };
    assert_eq!(churn("HEAD~3"), 0);
    assert_eq!(churn("HEAD~2"), 1);
}

#[test]
fn show_tells_how_classes_annotators_and_splits_fared() {
    let scratch = Scratch::new();
    let declared = "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\nannotator = \"who\"\nsplit = \"split\"\n";
    scratch.write("dver.toml", declared);
    let first = "id,label,who,split\n1,cat,ada,train\n2,cat,joon,train\n3,dog,ada,test\n";
    scratch.write("pets.csv", first);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    let second = first.replace("2,cat", "2,dog") + "4,cat,joon,test\n5,cat,joon,test\n";
    scratch.write("pets.csv", second);
    scratch.dver(&["commit", "-am", "second"]).ok();
    let told = scratch.dver(&["show"]).ok();
    for line in [
        "  label, records: cat 2 -> 3 (+1), dog 1 -> 2 (+1)\n",
        "  by annotator: joon 1\n",
        "  by split: test 2 added; train 1 relabelled\n",
    ] {
        assert!(told.contains(line), "{told}");
    }
}
