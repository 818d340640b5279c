//! Image folders: one record a file, its label the class directory.
//!
//! A record of an image is written as one JSON line that names the image's path below its class
//! directory, the fields of its path and its content id. So readers of JSON Lines read it, and an
//! image that moves between class directories is a record whose label changed.

use crate::base::{ObjectId, RepoPath};
use crate::object::FileEntry;
use crate::object::tree::cut_hash;

use super::declaration::Declaration;
use super::pattern::{PathPattern, text_of};

/// The field with the path below the class directory.
pub const PATH: &str = "path";
/// The field with the content id of the image.
pub const IMAGE: &str = "image";

const EXTENSIONS: [&str; 14] = [
    "jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "avif", "heic",
    "jp2",
];

/// Units end after an image whose path hashes to a multiple of this.
const UNIT: u64 = 128;
/// The most images of a unit.
const MAX_UNIT: usize = 1024;

/// Returns whether files of this extension (lower case, without the dot) are images.
pub fn is_extension(extension: &str) -> bool {
    EXTENSIONS.contains(&extension)
}

/// Returns whether the path is an image by its extension, or by the extension that its pattern
/// asks for.
pub(super) fn fits(pattern: &PathPattern, path: &RepoPath) -> bool {
    pattern.extension().is_some() || path.extension().is_some_and(|e| is_extension(&e))
}

/// A run of images as JSON lines.
pub(super) struct ImageUnit {
    pub(super) lines: Vec<u8>,
    pub(super) records: u64,
}

/// Returns the images among the entries as units whose ends depend on the paths alone.
pub(super) fn units(declaration: &Declaration, entries: &[FileEntry]) -> Vec<ImageUnit> {
    let mut units = Vec::new();
    let empty = || ImageUnit {
        lines: Vec::new(),
        records: 0,
    };
    let mut unit = empty();
    for entry in entries {
        let Some(pattern) = declaration.pattern_for(&entry.path) else {
            continue;
        };
        line(pattern, &entry.path, &entry.content, &mut unit.lines);
        unit.records += 1;
        if cut_hash(entry.path.as_bytes()).is_multiple_of(UNIT) || unit.records >= MAX_UNIT as u64 {
            units.push(std::mem::replace(&mut unit, empty()));
        }
    }
    if unit.records > 0 {
        units.push(unit);
    }
    units
}

fn line(pattern: &PathPattern, path: &RepoPath, content: &ObjectId, out: &mut Vec<u8>) {
    let bytes = path.as_bytes();
    let below = ["label", "class"]
        .into_iter()
        .find_map(|field| pattern.below(path, field))
        .unwrap_or(pattern.directory().len());
    let mut members = serde_json::Map::new();
    let mut put = |name: &str, text: String| {
        members.insert(name.to_owned(), serde_json::Value::String(text));
    };
    for (field, value) in pattern.matches(path).unwrap_or_default() {
        put(&field, value);
    }
    put(PATH, text_of(&bytes[below..]));
    put(IMAGE, content.to_string());
    out.extend_from_slice(serde_json::Value::Object(members).to_string().as_bytes());
    out.push(b'\n');
}
