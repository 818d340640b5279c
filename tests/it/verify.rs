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
