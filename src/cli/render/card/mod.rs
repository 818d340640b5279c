//! Data cards: one set of facts as Markdown and as Croissant's JSON-LD.

pub(crate) mod croissant;
pub(crate) mod markdown;
mod stages;

use crate::ops::card::CardReport;

/// Returns the title: what people wrote, else the names of the data sets.
fn title(report: &CardReport) -> String {
    match &report.words.title {
        Some(title) => title.clone(),
        None => {
            let names: Vec<&str> = report
                .datasets
                .iter()
                .map(|d| d.score.name.as_str())
                .collect();
            names.join(", ")
        }
    }
}
