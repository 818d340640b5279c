//! Which files belong together: files of one header in one directory, splits of one name.
//!
//! Invariant: a proposed pattern covers the files of its group and no other table that is known.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::RepoPath;
use crate::object::FileEntry;
use crate::record::{Format, Layout};

use super::super::pattern::{PathPattern, escape};
use super::names;

/// A file that holds records.
pub(super) struct TableFile<'a> {
    pub(super) entry: &'a FileEntry,
    pub(super) layout: Layout,
}

/// Files that may be one data set.
pub(super) struct Group<'a> {
    pub(super) files: Vec<&'a TableFile<'a>>,
    pub(super) patterns: Vec<String>,
    /// What the data set would be called.
    pub(super) name: String,
    /// Whether the files are parts of one table only if its key says so.
    pub(super) loose: bool,
}

impl<'a> Group<'a> {
    /// Returns the group of one file.
    pub(super) fn single(file: &'a TableFile<'a>) -> Option<Self> {
        Some(Self {
            patterns: vec![escape(file.entry.path.as_str()?)],
            name: sane(&stem(&file.entry.path)),
            files: vec![file],
            loose: false,
        })
    }

    /// Returns the group of files that were named together.
    pub(super) fn listed(files: Vec<&'a TableFile<'a>>) -> Option<Self> {
        let paths = files
            .iter()
            .map(|file| file.entry.path.as_str().map(escape));
        let first = files.first()?;
        Some(Self {
            patterns: paths.collect::<Option<_>>()?,
            name: sane(&stem(&first.entry.path)),
            loose: false,
            files,
        })
    }
}

/// What must be equal for files to hold one table.
fn alike(a: &Layout, b: &Layout) -> bool {
    if a.format != b.format {
        return false;
    }
    match a.format {
        Format::Csv => {
            let names = |layout: &Layout| {
                let mut names: Vec<Arc<str>> = layout.fields.clone();
                names.sort_unstable();
                names
            };
            (a.dialect.header, a.dialect.delimiter) == (b.dialect.header, b.dialect.delimiter)
                && names(a) == names(b)
        }
        // Fields that are absent from a file's first records are usual in JSON Lines.
        Format::Jsonl | Format::Images => {
            let common = a
                .fields
                .iter()
                .filter(|field| b.fields.contains(field))
                .count();
            4 * common >= 3 * a.fields.len().max(b.fields.len())
        }
    }
}

/// Groups files; `known` are all tables of the version, which no pattern may cover by chance.
pub(super) fn of<'a>(files: &'a [TableFile<'a>], known: &[&RepoPath]) -> Vec<Group<'a>> {
    // A group's first file stands for it, so the order of paths decides and nothing else does.
    let mut groups: BTreeMap<String, Vec<Vec<&TableFile<'_>>>> = BTreeMap::new();
    for file in files {
        let Some(path) = file.entry.path.as_str() else {
            continue;
        };
        let place = split_pattern(path).unwrap_or_else(|| format!("{}/*", parent(path)));
        let same = groups.entry(place).or_default();
        match same
            .iter_mut()
            .find(|group| alike(&group[0].layout, &file.layout))
        {
            Some(group) => group.push(file),
            None => same.push(vec![file]),
        }
    }
    let mut found = Vec::new();
    for (place, same) in groups {
        for files in same {
            let group = match place.contains("{split}") {
                true => splits(&place, files, known),
                false => parts(files, known),
            };
            found.extend(group);
        }
    }
    found.sort_by(|a, b| a.files[0].entry.path.cmp(&b.files[0].entry.path));
    found
}

/// Returns the pattern of a path that names a split in its file name or directory.
fn split_pattern(path: &str) -> Option<String> {
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if let Some(word) = names::split_word(stem) {
        let name = format!(
            "{}{{split}}{}",
            escape(&file[..word.start]),
            escape(&file[word.end..])
        );
        return Some(match directory {
            "" => name,
            _ => format!("{}/{name}", escape(directory)),
        });
    }
    let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
    names::is_split(last).then(|| match above {
        "" => format!("{{split}}/{}", escape(file)),
        _ => format!("{}/{{split}}/{}", escape(above), escape(file)),
    })
}

fn splits<'a>(
    pattern: &str,
    files: Vec<&'a TableFile<'a>>,
    known: &[&RepoPath],
) -> Option<Group<'a>> {
    if files[0]
        .layout
        .fields
        .iter()
        .any(|field| &**field == "split")
        || covers_more(pattern, &files, known)
    {
        return match files[..] {
            [one] => Group::single(one),
            _ => parts(files, known),
        };
    }
    let path = pattern.replace("{split}", "\0");
    let name = path.rsplit('/').next().unwrap_or(&path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let rest = stem.replace('\0', "");
    let above = path.rsplit('/').skip(1).find(|part| *part != "\0");
    let name = match trim(&rest) {
        "" => above.map_or("data", trim),
        rest => rest,
    };
    Some(Group {
        name: sane(name),
        patterns: vec![pattern.to_owned()],
        files,
        loose: false,
    })
}

/// Groups files of one directory and header under a glob.
fn parts<'a>(files: Vec<&'a TableFile<'a>>, known: &[&RepoPath]) -> Option<Group<'a>> {
    if let [one] = files[..] {
        return Group::single(one);
    }
    let names: Vec<&str> = files
        .iter()
        .filter_map(|file| file.entry.path.as_str())
        .collect();
    let directory = parent(names.first()?);
    let mut prefix = names.first()?.to_string();
    let mut suffix = prefix.clone();
    for name in &names {
        let common = prefix
            .char_indices()
            .zip(name.chars())
            .find(|((_, a), b)| a != b);
        prefix.truncate(common.map_or(prefix.len().min(name.len()), |((at, _), _)| at));
        let common = suffix.chars().rev().zip(name.chars().rev());
        let same: usize = common
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        suffix = suffix.split_off(suffix.len() - same);
    }
    let extension = match suffix.rfind('.') {
        Some(dot) => suffix[dot..].to_owned(),
        None => String::new(),
    };
    let lead = match directory {
        "" => String::new(),
        _ => format!("{directory}/"),
    };
    let wide = format!("{}*{}", escape(&lead), escape(&extension));
    let narrow = format!("{}*{}", escape(&prefix), escape(&extension));
    let stem = prefix.strip_prefix(&lead).unwrap_or("");
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let above = directory.rsplit('/').next().unwrap_or("");
    let name = [trim(stem), trim(above), "data"]
        .into_iter()
        .find(|name| !name.is_empty())?;
    let pattern = [wide, narrow]
        .into_iter()
        .find(|pattern| !extension.is_empty() && !covers_more(pattern, &files, known));
    let mut group = Group::listed(files)?;
    if let Some(pattern) = pattern {
        group.patterns = vec![pattern];
    }
    group.name = sane(name);
    group.loose = true;
    Some(group)
}

fn covers_more(pattern: &str, files: &[&TableFile<'_>], known: &[&RepoPath]) -> bool {
    let Ok(pattern) = PathPattern::parse(pattern) else {
        return true;
    };
    let own: HashSet<&RepoPath> = files.iter().map(|file| &file.entry.path).collect();
    known
        .par_iter()
        .any(|path| pattern.matches(path).is_some() && !own.contains(path))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn stem(path: &RepoPath) -> String {
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name,
    }
}

/// Takes separators off a piece of a name.
fn trim(name: &str) -> &str {
    name.trim_matches(['_', '-', '.', ' '])
}

/// Returns what a data set of a pattern would be called.
pub(super) fn name_of(pattern: &PathPattern) -> String {
    let directory = pattern.directory();
    let directory = String::from_utf8_lossy(directory).into_owned();
    let name = pattern.last_part();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = stem.split(['*', '?', '[', '{']).next().unwrap_or("");
    let plain = if plain == stem { plain } else { trim(plain) };
    let above = directory
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or("");
    sane(if plain.is_empty() { above } else { plain })
}

/// Makes a name that needs no quotes in dver.toml and metrics, as far as letters allow.
pub(super) fn sane(name: &str) -> String {
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let name: String = name
        .chars()
        .map(|c| if keep(c) { c } else { '-' })
        .collect();
    match name.trim_matches('-') {
        "" => "data".to_owned(),
        name => name.to_owned(),
    }
}
