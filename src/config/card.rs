//! `[card]`: what only people can say of their data, for the data card.

use super::error::Error;
use super::reader::Reader;

/// The `[card]` table; what is not written is not said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CardConfig {
    /// The title.
    pub title: Option<String>,
    /// What the data are.
    pub description: Option<String>,
    /// Why they were made.
    pub motivation: Option<String>,
    /// Under which licences they may be used: URLs or SPDX names.
    pub license: Vec<String>,
    /// The page about them.
    pub homepage: Option<String>,
    /// How to cite them.
    pub citation: Option<String>,
    /// Who made them.
    pub creators: Vec<String>,
    /// Who published them.
    pub publisher: Option<String>,
    /// When they were published, as `2026-01-31`.
    pub published: Option<String>,
    /// Words to find them by.
    pub keywords: Vec<String>,
    /// The languages of their texts.
    pub languages: Vec<String>,
    /// How they were collected.
    pub collection: Option<String>,
    /// How they were labelled, and by whom.
    pub annotation: Option<String>,
    /// What is personal or sensitive in them.
    pub sensitive: Option<String>,
    /// Which biases are known.
    pub biases: Option<String>,
    /// What they cannot show.
    pub limitations: Option<String>,
    /// What they are for, and what not.
    pub uses: Option<String>,
    /// Who keeps them up, and how.
    pub maintenance: Option<String>,
}

impl CardConfig {
    pub(super) fn read(table: Reader<'_>) -> Result<Self, Error> {
        let list = |key| Ok::<_, Error>(table.strings(key)?.unwrap_or_default());
        let card = Self {
            title: table.string("title")?,
            description: table.string("description")?,
            motivation: table.string("motivation")?,
            license: list("license")?,
            homepage: table.string("homepage")?,
            citation: table.string("citation")?,
            creators: list("creators")?,
            publisher: table.string("publisher")?,
            published: table.string("published")?,
            keywords: list("keywords")?,
            languages: list("languages")?,
            collection: table.string("collection")?,
            annotation: table.string("annotation")?,
            sensitive: table.string("sensitive")?,
            biases: table.string("biases")?,
            limitations: table.string("limitations")?,
            uses: table.string("uses")?,
            maintenance: table.string("maintenance")?,
        };
        table.finish()?;
        Ok(card)
    }
}
