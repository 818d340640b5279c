//! Measuring by the change: with the cache, without it, or with a damaged one, the same is sealed.

use std::fs;

use crate::harness::Scratch;

/// A small generator of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        (self.0 >> 33) % most
    }
}

/// Id, text, who, label, split, user and document.
type Record = [String; 7];

/// What is measured of them: all that there is.
const DECLARED: &str = r#"
[dataset.labels]
path = "labels.csv"
key = "id"
label = "label"
text = "text"
annotator = "who"
split = "split"
group = "user"
item = "doc"
classes = { values = ["dog", "bird", "cat"], ordered = true }

[dataset.labels.fields.id]
type = "integer"

[dataset.labels.fields.text]
unique = true
pattern = ".*[0-9]"
max_length = 14

[dataset.labels.fields.label]
required = true
enum = ["cat", "cow"]

[dataset.labels.fields.user]
references = { dataset = "users", field = "user" }

[dataset.users]
path = "users.csv"
key = "user"

[dataset.votes]
path = "votes.csv"
key = "id"
label = ["ann", "bob", "eve"]
classes = { values = [3, 1, 2], scale = "interval" }
"#;

/// The ratings of a wide table, some of which are missing or written otherwise. What is read as
/// text in one version is a number in the next.
fn votes(count: u64, random: &mut Random, step: u64) -> String {
    let mut out = "id,ann,bob,eve\n".to_owned();
    let spelled = ["1", "2", "3", "1.0", "2.00", "4", ""];
    for id in 0..count {
        // Most records are as they were: a generator of their own decides.
        let mut own = Random(id);
        let mut vote = || spelled[own.below(7) as usize];
        let mut votes = [vote(), vote(), vote()];
        if random.below(40) == 0 {
            votes[random.below(3) as usize] = spelled[random.below(7) as usize];
        }
        if step == 2 && id == 9 {
            votes[1] = "unsure";
        }
        out.push_str(&format!("{id},{}\n", votes.join(",")));
    }
    out
}

fn csv(records: &[Record]) -> String {
    let lines = records.iter().map(|record| record.join(",") + "\n");
    "id,text,who,label,split,user,doc\n".to_owned() + &lines.collect::<String>()
}

/// Edits records as people do: labels, texts, whole records, doubles, and now and then a type.
fn edit(records: &mut Vec<Record>, random: &mut Random, step: u64) {
    for _ in 0..40 {
        let at = random.below(records.len() as u64) as usize;
        match random.below(6) {
            0 | 1 => records[at][3] = ["cat", "dog", ""][random.below(3) as usize].to_owned(),
            2 => {
                records[at][1] = match random.below(4) {
                    0 => format!("글 {} a@b.example", random.below(50)),
                    _ => format!("text {}", random.below(50)),
                };
                records[at][4] = ["train", "test", ""][random.below(3) as usize].to_owned();
                records[at][5] = format!("u{}", random.below(40));
            }
            3 => {
                records.remove(at);
            }
            4 => {
                let copy = records[at].clone();
                records.insert(at / 2, copy);
            }
            _ => records[at][0] = format!("{}", 1_000_000 + random.below(1000)),
        }
    }
    if step == 2 {
        records[7][0] = "no number".to_owned();
    }
}

/// What a commit seals.
fn sealed(scratch: &Scratch) -> String {
    let commit = scratch.json(&["log"]).remove(0);
    ["snapshot", "changes", "scorecard"]
        .map(|member| commit[member].to_string())
        .concat()
}

fn forget(scratch: &Scratch, random: &mut Random) {
    let cache = scratch.path(".dver/cache");
    match random.below(5) {
        0 => fs::remove_dir_all(cache).unwrap(),
        4 => scratch.remove(".dver/index.sqlite"),
        1 => {
            // Every file loses its end, or a bit flips.
            for dir in ["profiles", "tables"] {
                let files = fs::read_dir(cache.join(dir)).into_iter().flatten();
                for file in files.flatten() {
                    let mut bytes = fs::read(file.path()).unwrap();
                    match random.below(2) {
                        0 => bytes.truncate(bytes.len() / 2),
                        _ => {
                            let at = random.below(bytes.len() as u64) as usize;
                            bytes[at] ^= 4;
                        }
                    }
                    fs::write(file.path(), bytes).unwrap();
                }
            }
        }
        _ => {}
    }
}

fn follows(count: u64, steps: u64) {
    let mut random = Random(count);
    let mut records: Vec<Record> = (0..count)
        .map(|id| {
            let who = ["ann", "bob"][random.below(2) as usize].to_owned();
            let label = ["cat", "dog"][random.below(2) as usize].to_owned();
            let text = format!("some text {}", random.below(count));
            let split = ["train", "test"][random.below(2) as usize].to_owned();
            let user = format!("u{}", random.below(count / 4));
            let doc = random.below(count / 3).to_string();
            [id.to_string(), text, who, label, split, user, doc]
        })
        .collect();
    let start = records.clone();
    let (with, without) = (Scratch::new(), Scratch::new());
    let users = |most: u64| {
        let users = (0..most).map(|user| format!("u{user}\n"));
        "user\n".to_owned() + &users.collect::<String>()
    };
    for scratch in [&with, &without] {
        scratch.write("dver.toml", DECLARED);
    }
    for step in 0..steps {
        if step == 4 {
            records.clone_from(&start); // all is taken back
        }
        let rated = votes(count, &mut random, step);
        for scratch in [&with, &without] {
            match step {
                1 => drop(scratch.dver(&["switch", "-c", "side"]).ok()),
                5 => drop(scratch.dver(&["switch", "main"]).ok()),
                _ => {}
            }
            scratch.write("users.csv", users(count / 4 - step % 3));
            scratch.write("votes.csv", &rated);
            scratch.write("labels.csv", csv(&records));
            scratch.dver(&["add", "."]).ok();
            if step > 0 && random.below(2) == 0 {
                scratch.dver(&["status"]).ok();
            }
        }
        forget(&with, &mut random);
        let _ = fs::remove_dir_all(without.path(".dver/cache"));
        with.advance(&without);
        let message = step.to_string();
        with.dver(&["commit", "-m", &message]).ok();
        without.dver(&["commit", "-m", &message]).ok();
        assert_eq!(sealed(&with), sealed(&without), "step {step}");
        edit(&mut records, &mut random, step);
        // Working files against HEAD: followed and measured say the same.
        for scratch in [&with, &without] {
            scratch.write("labels.csv", csv(&records));
        }
        let diff = |scratch: &Scratch| scratch.dver(&["diff", "--json"]).ok();
        let quality = |scratch: &Scratch| scratch.dver(&["quality", "--json"]).ok();
        assert_eq!(diff(&with), diff(&without), "step {step}");
        let _ = fs::remove_dir_all(without.path(".dver/cache"));
        assert_eq!(quality(&with), quality(&without), "step {step}");
    }
}

#[test]
fn a_lost_or_damaged_cache_changes_nothing_that_is_sealed() {
    follows(6_000, 7);
}

#[test]
fn tables_that_are_kept_change_nothing_that_is_sealed() {
    follows(66_000, 3);
}

#[test]
fn tables_of_another_branch_are_never_taken_for_this_one() {
    // As many records as have tables that are kept.
    let table = |salt: usize, edits: usize| -> String {
        let record = |id: usize| {
            let label = ["cat", "dog", "cow"][(id + salt + usize::from(id < edits)) % 3];
            format!("{id},text {},{label}\n", (id * (salt + 1)) % 60_000)
        };
        "id,text,label\n".to_owned() + &(0..66_000).map(record).collect::<String>()
    };
    let scratch = Scratch::new();
    let commit = |text: String, message: &str| {
        scratch.write("labels.csv", text);
        scratch.dver(&["add", "."]).ok();
        scratch.dver(&["commit", "-m", message]).ok();
    };
    commit(table(0, 0), "main");
    scratch.dver(&["switch", "-c", "side"]).ok();
    commit(table(1, 0), "side");
    commit(table(1, 10), "side again");
    scratch.dver(&["switch", "main"]).ok();
    for n in 1..=10 {
        commit(table(0, 20 * n), &n.to_string());
    }
    let followed = sealed(&scratch);
    fs::remove_dir_all(scratch.path(".dver/cache")).unwrap();
    scratch.dver(&["commit", "--amend", "-m", "10"]).ok();
    assert_eq!(sealed(&scratch), followed);
}
