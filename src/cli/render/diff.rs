//! How a diff looks: the sink between the engine and the screen.

use std::io;

use super::super::error::Failure;
use super::super::ui::Ui;
use crate::diff::{self, Event, EventSink};
use crate::ops;

/// Which part of a diff to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiffView {
    /// Everything.
    All,
    /// Counts.
    Stat,
    /// Label changes.
    Labels,
    /// Schema changes.
    Schema,
}

impl DiffView {
    fn shows(self, event: &Event) -> bool {
        match self {
            Self::All => true,
            Self::Stat => {
                matches!(event, Event::File(_) | Event::Schema(_) | Event::Summary(_))
            }
            Self::Labels => matches!(event, Event::Label(_) | Event::Summary(_)),
            Self::Schema => matches!(event, Event::Schema(_)),
        }
    }
}

/// Prints events as they come.
pub(crate) struct Printer<'a> {
    ui: &'a mut Ui,
    view: DiffView,
    differs: bool,
    failed: Option<io::Error>,
}

impl<'a> Printer<'a> {
    /// Returns a printer that has printed nothing.
    pub(crate) fn new(ui: &'a mut Ui, view: DiffView) -> Self {
        Self {
            ui,
            view,
            differs: false,
            failed: None,
        }
    }

    /// Ends the diff; returns whether anything differed.
    pub(crate) fn finish(mut self, result: Result<(), ops::Error>) -> Result<bool, Failure> {
        if let Some(e) = self.failed.take() {
            return Err(Failure::Output(e));
        }
        result?;
        Ok(self.differs)
    }
}

impl EventSink for Printer<'_> {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        self.differs |= matches!(
            event,
            Event::File(_) | Event::Schema(_) | Event::Label(_) | Event::Record(_)
        );
        if !self.view.shows(&event) {
            return Ok(());
        }
        if let Err(e) = self.ui.json_line(&event) {
            let stopped = io::Error::from(e.kind());
            self.failed = Some(e);
            return Err(diff::Error::Sink(Box::new(stopped)));
        }
        Ok(())
    }
}
