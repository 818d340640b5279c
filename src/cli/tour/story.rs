//! The story of the tour: support tickets in five versions, and what to look at in each.
//!
//! The files are those of fixtures/tour, built into the program, so that it plays anywhere.

/// One act of the story.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// A heading.
    Scene(&'static str),
    /// What to notice.
    Say(&'static str),
    /// A command of this program.
    Run(&'static [&'static str]),
    /// The next version of the file arrives: its folder below `story`.
    Take(&'static str),
    /// A file is printed.
    Print(&'static str),
    /// Two files are compared byte for byte.
    Compare(&'static str, &'static str),
}

/// The name of the file that the story is about.
pub(super) const FILE: &str = "tickets.csv";

/// Each version of the file: its folder and its bytes.
pub(super) const VERSIONS: [(&str, &[u8]); 5] = [
    (
        "1-first",
        include_bytes!("../../../fixtures/tour/1-first/tickets.csv"),
    ),
    (
        "2-label-fixes",
        include_bytes!("../../../fixtures/tour/2-label-fixes/tickets.csv"),
    ),
    (
        "3-more-records",
        include_bytes!("../../../fixtures/tour/3-more-records/tickets.csv"),
    ),
    (
        "4-new-column",
        include_bytes!("../../../fixtures/tour/4-new-column/tickets.csv"),
    ),
    (
        "5-renamed-class",
        include_bytes!("../../../fixtures/tour/5-renamed-class/tickets.csv"),
    ),
];

use Act::{Compare, Print, Run, Say, Scene, Take};

/// The acts in their order.
pub(super) const ACTS: &[Act] = &[
    Scene("A first version"),
    Say(
        "Eighty support tickets with one label each. Nothing is set up: dver finds the key, the \
         label and the rest by itself, and shows what makes it think so.",
    ),
    Run(&["init"]),
    Take("1-first"),
    Run(&["add", "tickets.csv"]),
    Say("What it found stands in dver.toml. Correct it there, or with `dver dataset add`."),
    Print("dver.toml"),
    Run(&["commit", "-m", "First 80 tickets"]),
    Say(
        "Every commit seals a scorecard of the data. Look at label_conflicts: six records have \
         the same text as another record and a different label.",
    ),
    Run(&["quality", "HEAD"]),
    Scene("Label fixes"),
    Say(
        "Ada went through Joon's billing and refund tickets. dver does not speak of seven changed \
         lines: it says which labels moved where, and who the data say moved them.",
    ),
    Take("2-label-fixes"),
    Run(&["status"]),
    Run(&["diff"]),
    Run(&[
        "commit",
        "-a",
        "-m",
        "Ada reviews billing and refund",
        "--reason",
        "review",
    ]),
    Say("The commit says what it was good for: the six conflicts are gone."),
    Scene("More records"),
    Take("3-more-records"),
    Run(&["diff", "--stat"]),
    Run(&["commit", "-a", "-m", "20 more tickets"]),
    Say(
        "Only additions: a minor step, old results can be compared. Twelve of the new tickets \
         repeat a text that is there already (duplicates_content).",
    ),
    Scene("A new column"),
    Take("4-new-column"),
    Run(&["diff"]),
    Run(&["commit", "-a", "-m", "Where tickets came in"]),
    Say(
        "Every line of the file is different, but no record was edited: it is one schema change, \
         and it breaks nothing.",
    ),
    Scene("A class gets another name"),
    Take("5-renamed-class"),
    Run(&["diff", "--stat"]),
    Run(&["commit", "-a", "-m", "praise is called compliment"]),
    Say(
        "23 labels read differently, and nobody changed their mind: all of one class went to one \
         new name. It is a renamed class, and counts as no relabelling.",
    ),
    Scene("Looking back"),
    Say("Metrics along the history: label conflicts, and the entropy of the label in bits."),
    Run(&[
        "log",
        "--oneline",
        "--metric",
        "label_conflicts",
        "--metric",
        "entropy.label",
    ]),
    Say("The life of one label: who changed it, when, why."),
    Run(&["blame", "tickets", "--key", "1029"]),
    Say("What happened to the schema since the tickets were complete."),
    Run(&["schema", "diff", "HEAD~2", "HEAD"]),
    Scene("Nothing gets lost"),
    Say("Back to the first version, files included, and then back again: undo takes that back."),
    Run(&["checkout", "HEAD~4"]),
    Run(&["undo"]),
    Run(&["status"]),
    Say("The same goes for work that is in no version yet: this restore overwrites it ..."),
    Take("2-label-fixes"),
    Run(&["restore", "tickets.csv"]),
    Say("... but dver stored it first, and brings it back."),
    Run(&["undo"]),
    Compare("tickets.csv", "../story/2-label-fixes/tickets.csv"),
    Run(&["restore", "tickets.csv"]),
    Scene("Proof"),
    Say("Bytes come back as they went in."),
    Run(&["cat", "HEAD~4:tickets.csv", "-o", "../first.csv"]),
    Compare("../first.csv", "../story/1-first/tickets.csv"),
    Say("Every byte of the history is read and hashed again. No network, no server."),
    Run(&["fsck", "--full"]),
    Say(
        "A commit is one line of text that names all the rest by the hash of its bytes. Its own \
         id is the hash of that line: pipe it into b3sum and see.",
    ),
    Run(&["cat-object", "HEAD"]),
];
