//! Names that say what a field is for, as people name fields.

use crate::record::Role;

/// Names of single identifiers.
const KEYS: [&str; 17] = [
    "id",
    "key",
    "uuid",
    "guid",
    "uid",
    "_id",
    "pk",
    "record_id",
    "row_id",
    "example_id",
    "sample_id",
    "instance_id",
    "index",
    "idx",
    "row",
    "unnamed: 0",
    "#1",
];
/// Names of fields whose values often identify what is labelled.
const PATHS: [&str; 9] = [
    "file",
    "filename",
    "file_name",
    "path",
    "file_path",
    "image_path",
    "image",
    "url",
    "code",
];
/// Names of fields whose values are labels, whatever else there is.
const LABELS: [&str; 7] = [
    "label",
    "labels",
    "gold_label",
    "gold_labels",
    "라벨",
    "레이블",
    "ラベル",
];
/// Names of fields whose values are labels, the likeliest first.
const MAYBE_LABELS: [&str; 21] = [
    "target",
    "class",
    "y",
    "gold",
    "sentiment",
    "category",
    "tag",
    "classes",
    "targets",
    "categories",
    "tags",
    "class_name",
    "stance",
    "emotion",
    "intent",
    "topic",
    "verdict",
    "relation",
    "toxicity",
    "species",
    "annotation",
];
const TEXTS: [&str; 37] = [
    "text",
    "sentence",
    "sentence1",
    "sentence2",
    "content",
    "review",
    "review_text",
    "question",
    "answer",
    "document",
    "body",
    "comment",
    "comment_text",
    "utterance",
    "premise",
    "hypothesis",
    "prompt",
    "response",
    "message",
    "tweet",
    "title",
    "headline",
    "abstract",
    "passage",
    "context",
    "paragraph",
    "query",
    "description",
    "summary",
    "post",
    "article",
    "chosen",
    "rejected",
    "source_text",
    "target_text",
    "본문",
    "문장",
];
const IMAGES: [&str; 8] = [
    "image",
    "image_path",
    "img",
    "img_path",
    "image_file",
    "image_url",
    "file_name",
    "filename",
];
const ANNOTATORS: [&str; 19] = [
    "annotator",
    "annotators",
    "annotator_id",
    "annotatorid",
    "rater",
    "rater_id",
    "worker",
    "worker_id",
    "workerid",
    "labeler",
    "labeler_id",
    "labeller",
    "labeled_by",
    "labelled_by",
    "annotated_by",
    "coder",
    "judge",
    "judge_id",
    "expert",
];
const ITEMS: [&str; 14] = [
    "item",
    "item_id",
    "itemid",
    "doc",
    "doc_id",
    "document_id",
    "text_id",
    "sentence_id",
    "example",
    "example_id",
    "sample_id",
    "question_id",
    "image_id",
    "task_id",
];
const GROUPS: [&str; 17] = [
    "group",
    "group_id",
    "user",
    "user_id",
    "userid",
    "patient",
    "patient_id",
    "subject",
    "subject_id",
    "speaker",
    "speaker_id",
    "session_id",
    "author_id",
    "doc_id",
    "document_id",
    "conversation_id",
    "thread_id",
];
const SPLITS: [&str; 7] = [
    "split",
    "fold",
    "subset",
    "partition",
    "data_split",
    "dataset_split",
    "phase",
];
const WEIGHTS: [&str; 4] = ["weight", "weights", "sample_weight", "example_weight"];
const TIMES: [&str; 14] = [
    "labeled_at",
    "labelled_at",
    "annotated_at",
    "label_time",
    "annotation_time",
    "timestamp",
    "time",
    "datetime",
    "updated_at",
    "modified_at",
    "last_modified",
    "created_at",
    "date",
    "created",
];
const SOURCES: [&str; 3] = ["label_source", "annotation_source", "labeled_with"];
const REASONS: [&str; 3] = ["label_reason", "change_reason", "relabel_reason"];
const GUIDELINES: [&str; 3] = ["guideline", "guideline_version", "guidelines"];
const METADATA: [&str; 9] = [
    "confidence",
    "label_confidence",
    "annotator_confidence",
    "notes",
    "note",
    "remarks",
    "updated_at",
    "modified_at",
    "created_at",
];

/// Words that name a split, in file and directory names.
const SPLIT_WORDS: [&str; 14] = [
    "train",
    "training",
    "trn",
    "valid",
    "validation",
    "val",
    "dev",
    "development",
    "test",
    "testing",
    "tst",
    "eval",
    "evaluation",
    "holdout",
];

/// Directory names that say what kind of file is inside, not what is on the images.
const KINDS: [&str; 21] = [
    "image",
    "images",
    "img",
    "imgs",
    "jpegimages",
    "photos",
    "pictures",
    "mask",
    "masks",
    "segmentation",
    "annotations",
    "annotation",
    "labels",
    "label",
    "thumbnails",
    "thumbs",
    "assets",
    "figures",
    "screenshots",
    "icons",
    "static",
];

/// Returns a name as the lists write it: `Review ID` and `reviewId` are `review_id`.
fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    let mut lower_before = false;
    for c in name.trim().chars() {
        if c.is_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = c.is_lowercase() || c.is_numeric();
        match c {
            ' ' | '-' if !out.ends_with([':', '_']) => out.push('_'),
            '-' => {}
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn rank(list: &[&str], name: &str) -> Option<usize> {
    let plain = plain(name);
    let squeezed = plain.replace('_', "");
    list.iter()
        .position(|known| *known == plain || known.replace('_', "") == squeezed)
}

/// Names that rank from here on name a key only where their values are unique.
pub(super) const WEAK_KEY: usize = 200;

/// Returns how well a name names a key: less is better.
pub(super) fn key(name: &str) -> Option<usize> {
    let plain = plain(name);
    if let Some(rank) = rank(&KEYS, name) {
        return Some(rank);
    }
    if ["_id", "_key", "_uuid", "_guid"]
        .iter()
        .any(|end| plain.ends_with(end))
    {
        return Some(100);
    }
    if let Some(rank) = rank(&PATHS, name) {
        return Some(200 + rank);
    }
    ["_file", "_path", "_name", "_code", "_url"]
        .iter()
        .any(|end| plain.ends_with(end))
        .then_some(300)
}

/// How surely a name names a label.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Likeness {
    /// It says so.
    Certain,
    /// It names labels of several kinds: `topic_label`, `label_a`.
    Compound,
    /// It may, and the number says how likely compared with others.
    Maybe(usize),
}

/// Returns how surely a name names a label.
pub(super) fn label(name: &str) -> Option<Likeness> {
    let plain = plain(name);
    if rank(&LABELS, name).is_some() {
        return Some(Likeness::Certain);
    }
    // Of a label's own fields, such as `label_source`, none is the label.
    let about = [&SOURCES[..], &REASONS, &TIMES, &METADATA, &ANNOTATORS];
    if about.iter().any(|list| rank(list, name).is_some()) {
        return None;
    }
    let ends = plain.ends_with("_label") || plain.ends_with("_labels");
    if ends || plain.starts_with("label_") {
        return Some(Likeness::Compound);
    }
    rank(&MAYBE_LABELS, name).map(Likeness::Maybe)
}

/// Returns whether a field says in other words what the label says: `label_text`.
pub(super) fn describes_label(name: &str) -> bool {
    plain(name).starts_with("label_") && label(name) == Some(Likeness::Compound)
}

/// Returns how well a name names a field of a role: less is better.
pub(super) fn role(role: Role, name: &str) -> Option<usize> {
    let list: &[&str] = match role {
        Role::Text => &TEXTS,
        Role::Image => &IMAGES,
        Role::Annotator => &ANNOTATORS,
        Role::Item => &ITEMS,
        Role::Group => &GROUPS,
        Role::Split => &SPLITS,
        Role::Weight => &WEIGHTS,
        Role::Time => &TIMES,
        Role::Source => &SOURCES,
        Role::Reason => &REASONS,
        Role::Guideline => &GUIDELINES,
        Role::Metadata => &METADATA,
        Role::Key | Role::Label | Role::Feature => return None,
    };
    rank(list, name)
}

/// Returns whether a word names a split.
pub(super) fn is_split(word: &str) -> bool {
    SPLIT_WORDS.contains(&word.to_ascii_lowercase().as_str())
}

/// Returns whether a directory's name says what kind of file is inside.
pub(super) fn is_kind(name: &str) -> bool {
    KINDS.contains(&name.to_lowercase().as_str())
}

/// Returns where the word stands in a name that names a split: `train` in `reviews-train.v2`.
pub(super) fn split_word(name: &str) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for word in name.split(|c: char| !c.is_alphabetic()) {
        // The words are found in place: each is a stretch of the name.
        let at = start + name[start..].find(word)?;
        if is_split(word) {
            return Some(at..at + word.len());
        }
        start = at + word.len();
    }
    None
}
