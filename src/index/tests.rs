//! Tests of the index.

// Tests damage files on purpose.
#![allow(clippy::disallowed_methods)]

use std::fs;

use crate::base::{ObjectId, RepoPath, Timestamp};
use crate::object::changes::{Cause, LabelChange, Row, RowChange, RowKey, SchemaChange};
use crate::object::{Commit, EntryKind, Int, MetricResult};

use super::*;

fn id(text: &str) -> ObjectId {
    ObjectId::of(text.as_bytes())
}

fn commit(message: &str, parents: &[ObjectId], seconds: i64) -> Commit {
    Commit {
        parents: parents.to_vec(),
        author: "Ann <ann@example.org>".into(),
        time: Timestamp::from_seconds(seconds).unwrap(),
        environment: Vec::new(),
        message: message.into(),
        snapshot: id("snapshot"),
        changes: vec![id("changes")],
        scorecard: id("scorecard"),
        reason: Some("typo".into()),
        source: None,
        gates: Vec::new(),
        gate_override: None,
    }
}

fn relabel(key: RowKey, from: &str, to: &str) -> Row {
    let label = LabelChange {
        field: "label".into(),
        from: Some(from.into()),
        to: Some(to.into()),
        cause: Cause::Relabel,
        annotator_before: None,
        annotator: Some("a7".into()),
        source: None,
        reason: None,
        guideline: None,
    };
    Row::new(
        "pets",
        (key, 5),
        Some("train".into()),
        RowChange::Label(label),
    )
}

fn keyed(key: &str) -> RowKey {
    RowKey::Key(vec![Some(key.into())])
}

fn rows() -> Vec<Row> {
    vec![
        relabel(keyed("17"), "cat", "dog"),
        relabel(RowKey::Content(id("record"), 5), "dog", "cat"),
        Row::new("pets", (keyed("18"), 9), None, RowChange::Added),
        Row::new("pets", (keyed("19"), 10), None, RowChange::Removed),
    ]
}

/// Fills an index with two commits, in the order given.
fn fill(index: &mut Index, order: [usize; 2]) {
    let first = commit("first", &[], 100);
    let second = commit("second", &[id("c1")], 200);
    let commits = [(id("c1"), first, 1), (id("c2"), second, 2)];
    let transaction = index.transaction().unwrap();
    for at in order {
        let (commit_id, commit, generation) = &commits[at];
        transaction
            .put_commit(commit_id, commit, *generation)
            .unwrap();
        let dataset = DatasetRow {
            dataset: "pets".into(),
            records: 10,
            ..DatasetRow::default()
        };
        transaction.put_dataset(commit_id, &dataset).unwrap();
    }
    let count = transaction
        .put_changes(&id("c2"), 1, rows().into_iter().map(Ok::<_, Error>))
        .unwrap();
    assert_eq!(count, 4);
    transaction
        .put_change_set(&ChangeSetRow {
            commit: id("c2"),
            parent: 1,
            id: id("changes"),
            body: None,
            complete: true,
        })
        .unwrap();
    transaction
        .put_schema_changes(&id("c2"), 1, "pets", &[schema_change()])
        .unwrap();
    transaction
        .put_metrics(&id("c2"), "pets", &[metric()])
        .unwrap();
    transaction.set_operation(&id("operation")).unwrap();
    transaction.commit().unwrap();
}

fn schema_change() -> SchemaChange {
    SchemaChange {
        change: "class_added".into(),
        field: Some("label".into()),
        from: serde_json::Value::Null,
        to: "bird".into(),
        count: Some(3),
        evidence: None,
        verdict: "compatible".into(),
    }
}

fn metric() -> MetricResult {
    MetricResult {
        name: "records".into(),
        field: None,
        class: None,
        num: Some(Int(i128::from(i64::MAX) + 1)),
        den: Int(1),
        version: 1,
        note: None,
    }
}

#[test]
fn rows_come_back_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    fill(&mut Index::open(&path).unwrap(), [0, 1]);
    let index = Index::open(&path).unwrap();
    assert_eq!(index.storage(), Storage::File);
    assert_eq!(index.operation().unwrap(), Some(id("operation")));

    let row = index.commit(&id("c2")).unwrap().unwrap();
    assert_eq!((row.generation, row.parents), (2, vec![id("c1")]));
    assert_eq!(row.reason.as_deref(), Some("typo"));
    assert_eq!(index.commit(&id("none")).unwrap(), None);
    let order: Vec<ObjectId> = index.commits().unwrap().iter().map(|c| c.id).collect();
    assert_eq!(order, [id("c2"), id("c1")]);
    assert_eq!(index.children(&id("c1")).unwrap(), [id("c2")]);
    assert_eq!(index.datasets(&id("c2")).unwrap()[0].records, 10);
    let metrics = index.metrics(&id("c2")).unwrap();
    assert_eq!(metrics[0].result, metric());
    let schema = index.schema_changes(Some(&id("c2"))).unwrap();
    assert_eq!(schema[0].change, schema_change());
    assert_eq!(index.schema_changes(None).unwrap(), schema);
    assert!(index.change_sets(None).unwrap()[0].complete);
}

#[test]
fn a_commit_is_found_by_a_prefix_of_its_id() {
    let mut index = Index::in_memory().unwrap();
    fill(&mut index, [0, 1]);
    let text = id("c2").to_string();
    assert_eq!(
        index.commits_with_prefix(&text[..8], 5).unwrap(),
        [id("c2")]
    );
    assert_eq!(index.commits_with_prefix("", 5).unwrap().len(), 2);
    assert_eq!(index.commits_with_prefix("", 1).unwrap().len(), 1);
    assert!(index.commits_with_prefix("HEAD%", 5).unwrap().is_empty());
}

#[test]
fn label_changes_are_found_by_record_class_and_annotator() {
    let mut index = Index::in_memory().unwrap();
    fill(&mut index, [0, 1]);
    let all = index.changes(&ChangeFilter::default()).unwrap();
    let found: Vec<Row> = all.into_iter().map(|change| change.row).collect();
    assert_eq!(found, rows());
    let check = |filter: ChangeFilter, expected: &[usize]| {
        let found = index.changes(&filter).unwrap();
        let found: Vec<Row> = found.into_iter().map(|change| change.row).collect();
        let expected: Vec<Row> = expected.iter().map(|&at| rows()[at].clone()).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let none = ChangeFilter::default;
    let key = |key| ChangeFilter {
        key: Some(key),
        dataset: Some("pets".into()),
        ..none()
    };
    check(key(keyed("17")), &[0]);
    check(key(RowKey::Content(id("record"), 5)), &[1]);
    let to = Some("cat".to_owned());
    check(ChangeFilter { to, ..none() }, &[1]);
    let annotator = Some("a7".to_owned());
    check(
        ChangeFilter {
            annotator,
            ..none()
        },
        &[0, 1],
    );
    let labels_only = true;
    check(
        ChangeFilter {
            labels_only,
            ..none()
        },
        &[0, 1],
    );
    let commit = Some(id("c1"));
    check(ChangeFilter { commit, ..none() }, &[]);
    let from = Some("cat".to_owned());
    let filter = ChangeFilter { from, ..none() };
    assert_eq!(index.commits_changing(&filter).unwrap(), [id("c2")]);
}

#[test]
fn the_order_in_which_commits_came_does_not_show() {
    let [mut one, mut other] = [Index::in_memory().unwrap(), Index::in_memory().unwrap()];
    fill(&mut one, [0, 1]);
    fill(&mut other, [1, 0]);
    assert_eq!(one.dump().unwrap(), other.dump().unwrap());
    let transaction = other.transaction().unwrap();
    transaction.clear().unwrap();
    transaction.commit().unwrap();
    assert_ne!(one.dump().unwrap(), other.dump().unwrap());
    fill(&mut other, [0, 1]);
    assert_eq!(one.dump().unwrap(), other.dump().unwrap());
}

#[test]
fn a_transaction_that_is_dropped_leaves_nothing() {
    let mut index = Index::in_memory().unwrap();
    let transaction = index.transaction().unwrap();
    transaction.set_operation(&id("operation")).unwrap();
    drop(transaction);
    assert_eq!(index.operation().unwrap(), None);
}

#[test]
fn stat_rows_come_back_in_order_of_paths() {
    let mut index = Index::in_memory().unwrap();
    let stat = StatRow {
        kind: EntryKind::Executable,
        size: 5,
        mtime_ns: 1,
        ctime_ns: 2,
        inode: u64::MAX,
        mode: 0o755,
        content: id("content"),
        cached_at: 3,
    };
    let [b, a] = [&b"b\xff"[..], b"a\nb"].map(|path| RepoPath::new(path).unwrap());
    let transaction = index.transaction().unwrap();
    transaction.put_stat(&b, &stat).unwrap();
    transaction.put_stat(&a, &stat).unwrap();
    transaction.put_stat(&a, &stat).unwrap();
    transaction.commit().unwrap();
    assert_eq!(
        index.stats().unwrap(),
        [(a.clone(), stat), (b.clone(), stat)]
    );
    let transaction = index.transaction().unwrap();
    transaction.remove_stat(&a).unwrap();
    transaction.commit().unwrap();
    assert_eq!(index.stats().unwrap(), [(b, stat)]);
}

#[test]
fn a_file_that_is_no_index_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    let foreign = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
    };
    let garbage = || fs::write(&path, b"not a database, but long enough to look at").unwrap();
    let half = || {
        fill(&mut Index::open(&path).unwrap(), [0, 1]);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        drop(connection);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..50]).unwrap();
    };
    let makers: [&dyn Fn(); 3] = [&foreign, &garbage, &half];
    for make in makers {
        make();
        let index = Index::open(&path).unwrap();
        assert_eq!(index.storage(), Storage::File);
        assert_eq!(index.operation().unwrap(), None);
        assert!(index.replaced().unwrap().exists());
        drop(index);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    let mut index = Index::open(&path).unwrap();
    fill(&mut index, [0, 1]);
    index
        .connection
        .pragma_update(None, "user_version", 999)
        .unwrap();
    drop(index);
    let index = Index::open(&path).unwrap();
    assert_eq!(index.operation().unwrap(), None);
    assert_eq!(index.replaced(), None);
}

#[test]
fn recreating_starts_with_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    let mut index = Index::open(&path).unwrap();
    fill(&mut index, [0, 1]);
    let index = index.recreate().unwrap();
    assert_eq!(index.operation().unwrap(), None);
    assert_eq!(index.storage(), Storage::File);
}

#[cfg(unix)]
#[test]
fn where_nothing_can_be_written_the_rows_are_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("no directory").join("index.sqlite");
    let index = Index::open(&missing).unwrap();
    assert_eq!(index.storage(), Storage::Memory);

    let path = dir.path().join("index.sqlite");
    fill(&mut Index::open(&path).unwrap(), [0, 1]);
    let mut copy = Index::in_memory().unwrap();
    fill(&mut copy, [0, 1]);
    // What opening does once the file turns out not to be writable; root may write everything,
    // so the permission itself cannot be tested everywhere.
    let memory = Index::copied(&path).unwrap();
    assert_eq!(memory.dump().unwrap(), copy.dump().unwrap());
}

#[test]
fn queries_can_only_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.sqlite");
    let mut file = Index::open(&path).unwrap();
    fill(&mut file, [0, 1]);
    let mut memory = Index::in_memory().unwrap();
    fill(&mut memory, [0, 1]);
    for index in [&file, &memory] {
        let answer = index
            .read_only_sql("-- all\n SELECT message, 1.5, NULL, x'00' FROM commits ORDER BY time;")
            .unwrap();
        assert_eq!(answer.columns[0], "message");
        assert_eq!(
            answer.rows[1],
            [
                SqlValue::Text("second".into()),
                SqlValue::Real(1.5),
                SqlValue::Null,
                SqlValue::Blob(vec![0])
            ]
        );
        let other = dir.path().join("other.sqlite");
        let attach = format!("ATTACH '{}' AS other", other.display());
        let vacuum = format!("VACUUM INTO '{}'", other.display());
        for refused in [
            "DELETE FROM meta",
            "WITH x AS (SELECT 1) DELETE FROM meta",
            "SELECT 1; DELETE FROM meta",
            "SELECT 1; SELECT 2",
            "PRAGMA query_only = 0",
            "PRAGMA writable_schema = 1",
            "BEGIN",
            "",
            "/* SELECT",
            &attach,
            &vacuum,
        ] {
            let error = index.read_only_sql(refused).unwrap_err();
            assert!(matches!(error, Error::NotReadOnly), "{refused}: {error:?}");
        }
        for failing in ["SELECT nothing", "SELECT", "SELECT load_extension('x')"] {
            let error = index.read_only_sql(failing).unwrap_err();
            assert!(matches!(error, Error::Query { .. }), "{failing}: {error:?}");
        }
        assert!(!other.exists());
        assert_eq!(index.operation().unwrap(), Some(id("operation")));
    }
    // The memory index must be writable again after a query.
    let transaction = memory.transaction().unwrap();
    transaction.set_operation(&id("next")).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn the_document_names_every_table_and_column() {
    let document = include_str!("../../docs/index.md");
    let index = Index::in_memory().unwrap();
    for table in schema::DERIVED.iter().chain(&["stat_cache"]) {
        assert!(document.contains(&format!("`{table}`")), "{table}");
        let answer = index
            .read_only_sql(&format!("SELECT * FROM {table} LIMIT 0"))
            .unwrap();
        for column in answer.columns {
            assert!(
                document.contains(&format!("| `{column}` |")),
                "{table}.{column}"
            );
        }
    }
}
