//! Chooses how a diff looks, and notices whether there is one.

use super::super::error::Failure;
use super::super::ui::Ui;
use super::diff_json::{DiffJson, Show};
use super::diff_text::DiffText;
use crate::diff::{self, Event, EventSink};
use crate::ops;

/// What a diff came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    /// Whether anything differs.
    pub differs: bool,
    /// Whether any change passed the filter.
    pub passed: bool,
}

/// Runs a diff with the renderer that the options ask for; returns what it came to.
pub(crate) fn print<T>(
    ui: &mut Ui,
    show: Show,
    run: impl FnOnce(&mut dyn EventSink) -> Result<T, ops::Error>,
) -> Result<Told, Failure> {
    let json = ui.json;
    let (out, paint) = ui.streams();
    let mut text;
    let mut lines;
    let sink: &mut dyn EventSink = if json {
        lines = DiffJson::new(out, show);
        &mut lines
    } else {
        text = DiffText::new(out, &paint, show);
        &mut text
    };
    let mut watch = Watch {
        sink,
        told: Told::default(),
    };
    run(&mut watch)?;
    Ok(watch.told)
}

/// Passes events on.
struct Watch<'a> {
    sink: &'a mut dyn EventSink,
    told: Told,
}

impl EventSink for Watch<'_> {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        self.told.differs |= matches!(
            event,
            Event::File(_) | Event::Schema(_) | Event::Label(_) | Event::Record(_)
        );
        if let Event::Summary(summary) = &event {
            self.told.passed |= summary.filtered && summary.counts_anything();
        }
        self.sink.event(event)
    }
}
