//! `verify`: what holds is proved again from the data, and what does not hold is named.

use crate::harness::Scratch;

const PETS: &str = "id,text,label,split\n1,meow,cat,train\n2,woof,dog,train\n3,purr,cat,test\n";

fn pets() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("pets.csv", PETS);
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    scratch.write("pets.csv", PETS.replace("woof,dog", "woof,wolf"));
    scratch.dver(&["commit", "-a", "-m", "two"]).ok();
    scratch
}

#[test]
fn every_number_of_a_version_is_recomputed() {
    let scratch = pets();
    for revision in ["HEAD", "HEAD~1"] {
        let verified = scratch.json(&["verify", revision, "--recompute"]).remove(0);
        assert_eq!(verified["chain"], "consistent");
        assert_eq!(verified["index"], "equal");
        assert_eq!(verified["refuted"].as_array().unwrap().len(), 0);
        assert_eq!(verified["numbers"]["unprovable"], 0);
        let metrics = scratch.json(&["quality", revision]).remove(0);
        let own = |metric: &&serde_json::Value| {
            // Drift since the version before is no claim of this version.
            let drift = metric["name"].as_str().unwrap().starts_with("drift_");
            !drift || metric["class"].is_string()
        };
        let all = metrics["metrics"].as_array().unwrap();
        // All metrics, and one change set.
        let count = all.iter().filter(own).count() + 1;
        assert_eq!(verified["numbers"]["recomputed"], count);
    }
    let told = scratch.dver(&["verify"]).ok();
    assert!(
        told.contains("2 commits") && told.contains("--recompute"),
        "{told}"
    );
}

#[test]
fn an_expected_id_anchors_the_chain_or_refutes_it() {
    let scratch = pets();
    let id = scratch.json(&["log"]).remove(0)["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let verified = scratch.json(&["verify", "--expect", &id]).remove(0);
    assert_eq!(verified["chain"], "anchored");
    let other = id.chars().rev().collect::<String>();
    let told = scratch.dver(&["verify", "--expect", &other]);
    assert_eq!(told.code, Some(1));
    assert!(told.out.contains("refuted  commit"), "{}", told.out);
}

#[test]
fn an_index_that_says_something_else_is_found() {
    let scratch = pets();
    let connection = rusqlite::Connection::open(scratch.path(".dver/index.sqlite")).unwrap();
    connection
        .execute("UPDATE commit_rows SET message = 'three'", ())
        .unwrap();
    drop(connection);
    let told = scratch.dver(&["verify", "--json"]);
    assert_eq!(told.code, Some(1));
    assert!(told.out.contains(r#""index":"differs""#), "{}", told.out);
    scratch.dver(&["reindex"]).ok();
    scratch.dver(&["verify"]).ok();
}

#[test]
fn a_scorecard_that_lies_is_refuted_number_by_number() {
    let scratch = pets();
    let head = scratch.json(&["log"]).remove(0);
    let id = |member: &str| head[member].as_str().unwrap().to_owned();
    let object = |id: &str| String::from_utf8(scratch.dver(&["cat-object", id]).bytes).unwrap();
    // Files of those bytes make objects of those ids.
    let truth = object(&id("scorecard"));
    let lie = truth.replace(
        "\"name\":\"duplicates_key\",\"num\":0",
        "\"name\":\"duplicates_key\",\"num\":7",
    );
    assert_ne!(truth, lie);
    scratch.write("scorecard", &lie);
    let commit = object(&id("commit"));
    let lie = dver::base::ObjectId::of(lie.as_bytes()).to_string();
    let forged = commit.replace(&id("scorecard"), &lie);
    scratch.write("commit", &forged);
    scratch.dver(&["add", "scorecard", "commit"]).ok();
    let forged = dver::base::ObjectId::of(forged.as_bytes()).to_string();
    scratch.dver(&["verify", &forged]).ok();
    let told = scratch.dver(&["verify", &forged, "--recompute", "--json"]);
    assert_eq!(told.code, Some(1));
    let verified: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let refuted = verified["refuted"].as_array().unwrap();
    assert_eq!(refuted.len(), 1, "{refuted:?}");
    assert_eq!(refuted[0]["name"], "pets: duplicates_key");
    assert_eq!(
        (&refuted[0]["sealed"], &refuted[0]["found"]),
        (&"7".into(), &"0".into())
    );
}

/// A version with two evaluations: predictions of another program, and a learner's.
fn evaluated() -> Scratch {
    let scratch = Scratch::new();
    let mut csv = "id,text,label,split\n".to_owned();
    for id in 0..40 {
        let label = ["cat", "dog"][id % 2];
        let split = ["train", "test"][usize::from(id >= 30)];
        csv += &format!("{id},{label} number {},{label},{split}\n", id % 7);
    }
    scratch.write("pets.csv", csv);
    let eval = |name: &str, model: &str| {
        format!(
            "[eval.{name}]\ndataset = \"pets\"\nmodel = \"{model}\"\n\
             train = \"split = 'train'\"\ntest = \"split = 'test'\"\n"
        )
    };
    let declared =
        "[dataset.pets]\npath = \"pets.csv\"\nkey = \"id\"\nlabel = \"label\"\nsplit = \"split\"\n";
    scratch.write(
        "dver.toml",
        format!(
            "{declared}{}{}",
            eval("theirs", "import"),
            eval("ours", "ridge")
        ),
    );
    scratch.dver(&["add", "-A"]).ok();
    scratch.dver(&["commit", "-m", "one"]).ok();
    let guess = |id: usize| {
        format!(
            "{id},{},0.8\n",
            ["cat", "dog"][usize::from(id.is_multiple_of(3))]
        )
    };
    let list: String = (30..40).map(guess).collect();
    scratch.write(
        ".dver/tmp/p.csv",
        format!("id,prediction,confidence\n{list}"),
    );
    let import = ["eval", "import", ".dver/tmp/p.csv", "--name", "theirs"];
    scratch.dver(&import).ok();
    scratch
        .dver(&["eval", "run", "HEAD", "--name", "ours"])
        .ok();
    scratch
}

#[test]
fn predictions_are_scored_again() {
    let scratch = evaluated();
    let verified = scratch.json(&["verify", "--recompute"]).remove(0);
    assert_eq!(verified["refuted"], serde_json::json!([]));
    assert_eq!(verified["numbers"]["unprovable"], 0);
    let shown = scratch.json(&["eval", "show"]);
    assert_eq!(shown.len(), 2);
    let ratios = |one: &serde_json::Value| {
        let scores = one["scores"].as_array().unwrap().iter();
        scores.filter(|score| score.get("num").is_some()).count()
    };
    let count: usize = shown.iter().map(ratios).sum();
    assert!(count >= 10, "{count}");
    assert_eq!(verified["numbers"]["rescored"], count);
    let told = scratch.dver(&["verify", "--recompute"]).ok();
    assert!(
        told.contains(&format!("{count} scores scored again")),
        "{told}"
    );
}

#[test]
fn an_evaluation_that_lies_is_refuted_score_by_score() {
    use dver::object::{self, Evaluation};
    use dver::ops::verify::{self, VerifyOptions};

    let scratch = evaluated();
    let actor = dver::repo::Actor {
        identity: None,
        fallback: "a reader".into(),
        clock: dver::base::Clock::System,
        environment: Vec::new(),
        notice: |e| panic!("{e}"),
    };
    let repo = dver::repo::Repo::open(scratch.root(), actor).unwrap();
    let shown = scratch
        .json(&["eval", "show", "--name", "theirs"])
        .remove(0);
    let id: dver::base::ObjectId = shown["evaluation"].as_str().unwrap().parse().unwrap();
    let mut lie: Evaluation = object::get(&repo.store, &id).unwrap();
    let score = lie
        .scores
        .iter_mut()
        .find(|one| one.name == "accuracy")
        .unwrap();
    let sealed = format!("{}/{}", score.num.0 + 1, score.den.0);
    let found = format!("{}/{}", score.num.0, score.den.0);
    score.num.0 += 1;
    lie.test.labels = "0".repeat(64);
    let options = VerifyOptions {
        revision: "HEAD".to_owned(),
        ..VerifyOptions::default()
    };
    let mut verified = verify::verify(&repo, &options, &dver::base::progress::Quiet).unwrap();
    assert!(verified.holds());
    verify::rescore(&repo, id, &lie, &mut verified).unwrap();
    let told: Vec<_> = verified
        .refuted
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(told, ["theirs:accuracy", "theirs:labels"]);
    assert_eq!(
        (&verified.refuted[0].sealed, &verified.refuted[0].found),
        (&sealed, &found)
    );
}
