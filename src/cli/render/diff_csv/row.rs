//! One row of CSV, by the names of its columns.

/// One row; what is `None` is an empty cell.
#[derive(Default)]
pub(super) struct Row<'a> {
    pub(super) event: &'a str,
    pub(super) dataset: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) field: Option<&'a str>,
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
    pub(super) cause: &'a str,
    pub(super) annotators: (Option<&'a str>, Option<&'a str>),
    pub(super) count: Option<u64>,
    pub(super) note: Option<&'a str>,
}
