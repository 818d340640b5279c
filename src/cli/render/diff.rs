//! Chooses how a diff looks, and notices whether there is one.

use super::super::error::Failure;
use super::super::ui::Ui;
use super::diff_json::{DiffJson, Show};
use super::diff_text::DiffText;
use crate::diff::{self, Event, EventSink};
use crate::ops;

/// Runs a diff with the renderer that the options ask for; returns whether anything differs.
pub(crate) fn print<T>(
    ui: &mut Ui,
    show: Show,
    run: impl FnOnce(&mut dyn EventSink) -> Result<T, ops::Error>,
) -> Result<bool, Failure> {
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
        differs: false,
    };
    run(&mut watch)?;
    Ok(watch.differs)
}

/// Passes events on.
struct Watch<'a> {
    sink: &'a mut dyn EventSink,
    differs: bool,
}

impl EventSink for Watch<'_> {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        self.differs |= matches!(
            event,
            Event::File(_) | Event::Schema(_) | Event::Label(_) | Event::Record(_)
        );
        self.sink.event(event)
    }
}
