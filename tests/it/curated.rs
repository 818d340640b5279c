//! A table of short texts for tests of curation: of the records of one source, half of the words are
//! of another class, so that models err there.

use std::collections::BTreeMap;

use crate::harness::Scratch;

pub(crate) const CLASSES: [&str; 3] = ["sport", "food", "money"];
const WORDS: [[&str; 8]; 3] = [
    [
        "goal", "team", "match", "coach", "league", "score", "player", "win",
    ],
    [
        "bread", "soup", "spicy", "kitchen", "taste", "dish", "sweet", "cook",
    ],
    [
        "bank", "loan", "stock", "price", "market", "tax", "profit", "fund",
    ],
];
const SOURCES: [&str; 3] = ["web", "mail", "app"];

/// Numbers that look random and are not.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % most) as usize
    }
}

/// A record.
#[derive(Clone)]
pub(crate) struct Text {
    pub(crate) id: usize,
    pub(crate) text: String,
    /// What its label should be.
    pub(crate) truth: usize,
    pub(crate) source: &'static str,
    pub(crate) length: usize,
    pub(crate) split: &'static str,
}

/// Makes records, of which a third test.
pub(crate) fn texts(count: usize) -> Vec<Text> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let one = |id: usize| {
        let truth = id % 3;
        let source = SOURCES[dice.below(3)];
        let words: Vec<&str> = (0..6)
            .map(|_| match source == "mail" && dice.below(100) < 55 {
                true => WORDS[(truth + 1) % 3][dice.below(8)],
                false => WORDS[truth][dice.below(8)],
            })
            .collect();
        Text {
            id,
            text: words.join(" "),
            truth,
            source,
            length: dice.below(400),
            split: if dice.below(3) == 0 { "test" } else { "train" },
        }
    };
    (0..count).map(one).collect()
}

/// Writes records as a table; `label` may say another one than the truth, or none.
pub(crate) fn table(texts: &[Text], label: impl Fn(&Text) -> Option<&'static str>) -> String {
    let mut out = "id,text,label,source,length,split\n".to_owned();
    for one in texts {
        let label = label(one).unwrap_or_default();
        let Text {
            id,
            text,
            source,
            length,
            split,
            ..
        } = one;
        out.push_str(&format!("{id},{text},{label},{source},{length},{split}\n"));
    }
    out
}

/// The label that a record should have.
pub(crate) fn truth(one: &Text) -> Option<&'static str> {
    Some(CLASSES[one.truth])
}

/// The truth, save for three in ten training records.
pub(crate) fn noisy(one: &Text) -> Option<&'static str> {
    let wrong = one.split == "train" && is_wrong(one.id);
    Some(CLASSES[(one.truth + usize::from(wrong)) % 3])
}

/// Whether `noisy` gives a training record another label.
pub(crate) fn is_wrong(id: usize) -> bool {
    id * 7919 % 10 < 3
}

pub(crate) const DATASET: &str = "[dataset.news]\npath = \"news.csv\"\nkey = \"id\"\n\
    label = \"label\"\ntext = \"text\"\nsplit = \"split\"\n";

/// The declaration with an evaluation of a model.
pub(crate) fn declared(model: &str) -> String {
    format!(
        "{DATASET}\n[eval.m]\ndataset = \"news\"\nmodel = \"{model}\"\nfeatures = [\"text\"]\n\
         train = \"split = 'train'\"\ntest = \"split = 'test'\"\n"
    )
}

/// A repository with a table and a declaration, committed.
pub(crate) fn repository(toml: &str, table: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("dver.toml", toml).write("news.csv", table);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "first"]).ok();
    scratch
}

/// Returns accuracy, right predictions and test records of the working files.
pub(crate) fn accuracy(scratch: &Scratch) -> (u64, u64) {
    let told = scratch.json(&["eval", "run", "--name", "m"]).remove(0);
    let scores = told["scores"].as_array().unwrap().iter();
    let mut named = scores.filter(|score| score["name"] == "accuracy");
    let score = named.next().unwrap();
    (
        score["num"].as_u64().unwrap(),
        score["den"].as_u64().unwrap(),
    )
}

/// Returns the keys of answers, in order.
pub(crate) fn keys(lines: &[serde_json::Value]) -> Vec<usize> {
    let key = |line: &serde_json::Value| line["key"][0].as_str().unwrap().parse().unwrap();
    lines.iter().map(key).collect()
}

/// Returns records by id.
pub(crate) fn by_id(texts: &[Text]) -> BTreeMap<usize, &Text> {
    texts.iter().map(|one| (one.id, one)).collect()
}
