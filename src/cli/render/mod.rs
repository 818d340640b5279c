//! Words: how reports and events look. Renderers compute nothing that an engine could.

pub(crate) mod commit;
pub(crate) mod diff;
pub(crate) mod diff_json;
pub(crate) mod diff_text;
pub(crate) mod diff_words;
pub(crate) mod inference;
pub(crate) mod metrics;
pub(crate) mod partial;
pub(crate) mod progress;
