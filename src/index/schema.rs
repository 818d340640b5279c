//! The tables as SQL. What each column means stands in docs/index.md.
//!
//! If you change anything here: raise [`SCHEMA_VERSION`] (an index of another version is made
//! anew), list a new table in [`DERIVED`], and say it in docs/index.md.

/// The version of the tables, kept in `user_version`.
pub const SCHEMA_VERSION: i32 = 3;

/// `dver` in ASCII: tells an index from any other SQLite file.
pub(super) const APPLICATION_ID: i32 = 0x6476_6572;

/// The tables and views that a rebuild must bring back exactly.
pub(super) const DERIVED: [&str; 10] = [
    "meta",
    "commits",
    "parents",
    "commit_datasets",
    "change_sets",
    "label_changes",
    "schema_changes",
    "metrics",
    "evaluations",
    "scores",
];

pub(super) const TABLES: &str = "
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stat_cache (
    path BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    content BLOB NOT NULL,
    cached_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `number` only joins tables of this file: it depends on the order in which commits came in.
CREATE TABLE commit_rows (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    author TEXT NOT NULL,
    time TEXT NOT NULL,
    message TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    scorecard TEXT NOT NULL,
    reason TEXT,
    source TEXT
) STRICT;
CREATE VIEW commits AS
    SELECT id, generation, author, time, message, snapshot, scorecard, reason, source
    FROM commit_rows;

CREATE TABLE parents (
    commit_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (commit_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX parents_parent ON parents (parent);

CREATE TABLE commit_datasets (
    commit_id TEXT NOT NULL,
    dataset TEXT NOT NULL,
    records INTEGER NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    relabelled INTEGER NOT NULL,
    renamed INTEGER NOT NULL,
    schema_changes INTEGER NOT NULL,
    PRIMARY KEY (commit_id, dataset)
) STRICT, WITHOUT ROWID;

CREATE TABLE change_sets (
    commit_id TEXT NOT NULL,
    parent INTEGER NOT NULL,
    id TEXT NOT NULL,
    body TEXT,
    complete INTEGER NOT NULL,
    PRIMARY KEY (commit_id, parent)
) STRICT, WITHOUT ROWID;

CREATE TABLE label_change_rows (
    commit_number INTEGER NOT NULL REFERENCES commit_rows (number),
    parent INTEGER NOT NULL,
    number INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT,
    place INTEGER NOT NULL,
    split TEXT,
    change TEXT NOT NULL,
    field TEXT,
    from_value TEXT,
    to_value TEXT,
    cause TEXT,
    annotator_before TEXT,
    annotator TEXT,
    source TEXT,
    reason TEXT,
    guideline TEXT,
    PRIMARY KEY (commit_number, parent, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_change_rows_key ON label_change_rows (dataset, key);
CREATE VIEW label_changes AS
    SELECT commit_rows.id AS commit_id, parent, label_change_rows.number AS number, dataset, key,
        record, place, split, change, field, from_value, to_value, cause, annotator_before, annotator,
        label_change_rows.source AS source, label_change_rows.reason AS reason, guideline
    FROM label_change_rows JOIN commit_rows ON commit_rows.number = commit_number;

CREATE TABLE schema_changes (
    commit_id TEXT NOT NULL,
    parent INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    change TEXT NOT NULL,
    field TEXT,
    from_value TEXT NOT NULL,
    to_value TEXT NOT NULL,
    count INTEGER,
    evidence TEXT,
    verdict TEXT NOT NULL,
    PRIMARY KEY (commit_id, parent, dataset, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
    commit_id TEXT NOT NULL,
    dataset TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    field TEXT,
    class TEXT,
    num ANY,
    den ANY NOT NULL,
    version INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY (commit_id, dataset, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX metrics_name ON metrics (name, dataset);

CREATE TABLE evaluations (
    id TEXT NOT NULL PRIMARY KEY,
    commit_id TEXT NOT NULL,
    name TEXT NOT NULL,
    dataset TEXT NOT NULL,
    field TEXT NOT NULL,
    definition TEXT NOT NULL,
    train_records INTEGER NOT NULL,
    test_records INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluations_commit ON evaluations (commit_id);

CREATE TABLE scores (
    evaluation TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    class TEXT,
    num ANY NOT NULL,
    den ANY NOT NULL,
    PRIMARY KEY (evaluation, number)
) STRICT, WITHOUT ROWID;
";
