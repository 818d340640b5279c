//! `diff --json`: one event a line, as docs/diff.md lays them out.

use std::io::Write;

use crate::diff::{Error, Event, EventSink};

/// Which events are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Show {
    /// File events.
    pub files: bool,
    /// Schema events.
    pub schema: bool,
    /// Label events.
    pub labels: bool,
    /// Record events.
    pub records: bool,
    /// Cell events.
    pub cells: bool,
    /// Problem events.
    pub problems: bool,
}

impl Show {
    /// What `diff` shows without options: all but cells.
    pub(crate) const DEFAULT: Self = Self {
        files: true,
        schema: true,
        labels: true,
        records: true,
        cells: false,
        problems: true,
    };
    /// `--stat`.
    pub(crate) const STAT: Self = Self {
        labels: false,
        records: false,
        problems: false,
        ..Self::DEFAULT
    };
    /// Nothing but summaries; `--labels`, `--schema` and `--cells` add to it.
    pub(crate) const SUMMARY: Self = Self {
        files: false,
        schema: false,
        labels: false,
        records: false,
        cells: false,
        problems: false,
    };

    /// Returns whether an event is shown; summaries always are.
    pub(crate) fn keeps(&self, event: &Event) -> bool {
        match event {
            Event::File(_) => self.files,
            Event::Schema(_) => self.schema,
            Event::Label(_) => self.labels,
            Event::Record(_) => self.records,
            Event::Cell(_) => self.cells,
            Event::Problem(_) => self.problems,
            Event::Summary(_) => true,
        }
    }
}

/// Writes events as lines of JSON.
pub(crate) struct DiffJson<'a> {
    out: &'a mut dyn Write,
    show: Show,
}

impl<'a> DiffJson<'a> {
    /// Returns a renderer that writes to `out`.
    pub(crate) fn new(out: &'a mut dyn Write, show: Show) -> Self {
        Self { out, show }
    }
}

impl EventSink for DiffJson<'_> {
    fn event(&mut self, event: Event) -> Result<(), Error> {
        if !self.show.keeps(&event) {
            return Ok(());
        }
        let failed = |e: std::io::Error| Error::Sink(e.into());
        serde_json::to_writer(&mut self.out, &event).map_err(|e| failed(e.into()))?;
        self.out.write_all(b"\n").map_err(failed)
    }
}
