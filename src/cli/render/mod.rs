//! Words: how reports and events look. Renderers compute nothing that an engine could.

pub(crate) mod agree;
pub(crate) mod analysis;
pub(crate) mod apply;
pub(crate) mod bench;
pub(crate) mod bisect;
pub(crate) mod card;
pub(crate) mod check;
pub(crate) mod commit;
pub(crate) mod diff;
mod diff_csv;
mod diff_html;
pub(crate) mod diff_json;
mod diff_markdown;
mod diff_tables;
pub(crate) mod diff_text;
pub(crate) mod diff_words;
pub(crate) mod eval;
pub(crate) mod find;

pub(crate) mod gates;
pub(crate) mod inference;
pub(crate) mod lock;
pub(crate) mod locked;
pub(crate) mod metrics;
pub(crate) mod partial;
pub(crate) mod plot;
pub(crate) mod progress;
pub(crate) mod slices;
pub(crate) mod trace;
