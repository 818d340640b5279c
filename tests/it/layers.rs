//! The floors of the house, held by a scan of the sources: docs/architecture.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const RULE: &str = "A box imports only from floors below it; boxes on one floor never import each \
     other. main.rs names only cli. Each third-party crate has one owner box. Every file opens \
     with a `//!` head and stays under 600 lines (docs/architecture.md, \"The house\").";

/// Each box with its floor.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("object", 1),
    ("record", 1),
    ("chunk", 1),
    ("config", 1),
    ("store", 2),
    ("index", 2),
    ("profile", 2),
    ("refs", 3),
    ("dataset", 3),
    ("worktree", 4),
    ("diff", 4),
    ("quality", 4),
    ("history", 4),
    ("learn", 4),
    ("remote", 4),
    ("githost", 4),
    ("repo", 5),
    ("evaluate", 5),
    ("curate", 6),
    ("attribute", 6),
    ("ops", 7),
    ("cli", 8),
];

/// Each third-party crate with the boxes that may name it; crates that everybody may name (serde,
/// serde_json, memchr, thiserror, rayon, rustc_hash) are absent.
const OWNERS: &[(&str, &[&str])] = &[
    ("anstream", &["cli"]),
    ("base64", &["base"]),
    ("blake3", &["base"]),
    ("chardetng", &["record"]),
    ("console", &["cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("encoding_rs", &["record"]),
    ("fastcdc", &["chunk"]),
    ("ignore", &["worktree"]),
    ("indicatif", &["cli"]),
    ("jiff", &["base"]),
    ("memmap2", &["base"]),
    ("owo_colors", &["cli"]),
    ("rusqlite", &["index"]),
    ("rustix", &["base"]),
    ("sha2", &["base"]),
    ("similar", &["diff", "cli"]),
    ("tempfile", &["base", "cli"]),
    ("toml_edit", &["config"]),
    ("unicode_normalization", &["record"]),
    ("unicode_width", &["cli"]),
    ("walkdir", &["worktree"]),
    ("regex", &["profile"]),
    (
        "xxhash_rust",
        &[
            "object", "profile", "record", "chunk", "quality", "learn", "curate",
        ],
    ),
    ("zstd", &["store"]),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// Returns the words after each `marker` that stands at the start of a path in code.
fn named<'a>(line: &'a str, marker: &str) -> Vec<&'a str> {
    line.match_indices(marker)
        .filter(|(at, _)| {
            !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
        })
        .map(|(at, _)| {
            let rest = &line[at + marker.len()..];
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

#[test]
fn boxes_import_only_from_floors_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for path in &files {
        let relative = path.strip_prefix(&root).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().count();
        let place = relative.display();
        if !text.starts_with("//!") {
            wrong.push(format!("{place}: no `//!` head"));
        }
        if lines > 600 && !is_test(relative) {
            wrong.push(format!("{place}: {lines} lines"));
        }
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let is_root = relative.components().count() == 1;
        if !is_root && !floors.contains_key(own) {
            wrong.push(format!("{place}: the box `{own}` stands on no floor"));
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let place = format!("{place}:{}", number + 1);
            if own == "main.rs" {
                let other = named(code, "dver::")
                    .into_iter()
                    .find(|name| *name != "cli");
                wrong.extend(other.map(|name| format!("{place}: main.rs names `{name}`")));
                continue;
            }
            if is_root {
                continue;
            }
            for name in named(code, "crate::") {
                match floors.get(name) {
                    _ if name == own => {}
                    Some(floor) if *floor < floors[own] => {}
                    Some(_) => wrong.push(format!("{place}: `{own}` imports `{name}`")),
                    None if name.is_empty() => {
                        wrong.push(format!("{place}: name the box after `crate::` on one line"));
                    }
                    None => wrong.push(format!("{place}: `crate::{name}` is no box")),
                }
            }
            for (name, owners) in OWNERS {
                let used = code.contains(&format!("{name}::"))
                    && code.match_indices(&format!("{name}::")).any(|(at, _)| {
                        !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                    });
                if used && !owners.contains(&own) && !is_test(relative) {
                    wrong.push(format!(
                        "{place}: `{name}` belongs to {owners:?}, not to `{own}`"
                    ));
                }
            }
        }
    }
    assert!(files.len() > 10, "the scan found the sources");
    assert!(wrong.is_empty(), "{RULE}\n\n{}", wrong.join("\n"));
}

/// What stands at the top of the repository; what git ignores may lie there too.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "docs",
    "fixtures",
    "src",
    "tests",
    "target",
    "proptest-regressions",
];

#[test]
fn the_top_of_the_repository_holds_what_it_names_and_dotfiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let strange: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .collect();
    assert!(
        strange.is_empty(),
        "no place at the top for {strange:?}; it holds {TOP:?} and dotfiles"
    );
}

#[test]
fn every_test_file_is_part_of_the_test_binary() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(dir.join("main.rs")).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            name == "main" || main.contains(&format!("mod {name};")),
            "tests/it/main.rs does not list `{name}`"
        );
    }
}

#[test]
fn dependencies_have_an_owner_and_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let reasons = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let section = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let names: Vec<&str> = section
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect();
    assert!(names.len() <= 32, "{} direct dependencies", names.len());
    for name in names {
        assert!(
            reasons.contains(&format!("`{name}`")),
            "docs/architecture.md does not say why `{name}` is needed"
        );
    }
}
