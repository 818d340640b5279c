//! Chooses how a diff looks, and notices whether there is one.

use super::super::error::Failure;
use super::super::ui::Ui;
use super::diff_csv::DiffCsv;
use super::diff_html::Html;
use super::diff_json::{DiffJson, Show};
use super::diff_markdown::Markdown;
use super::diff_tables::Gather;
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

/// How a diff is written.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    Csv,
    Md,
    Html,
}

/// Runs a diff with the renderer that the options ask for; returns what it came to.
pub(crate) fn print<T>(
    ui: &mut Ui,
    format: Format,
    show: Show,
    run: impl FnOnce(&mut dyn EventSink) -> Result<T, ops::Error>,
) -> Result<Told, Failure> {
    let terminal = ui.is_terminal();
    let (out, paint) = ui.streams();
    match format {
        Format::Text => watch(&mut DiffText::new(out, &paint, show), run),
        Format::Json => watch(&mut DiffJson::new(out, show), run),
        Format::Csv => {
            let mut sink = DiffCsv::new(out, show, terminal);
            let told = watch(&mut sink, run)?;
            sink.finish()?;
            Ok(told)
        }
        Format::Md => {
            let mut sink = Gather::new(Markdown(out), show);
            let told = watch(&mut sink, run)?;
            sink.finish()?;
            Ok(told)
        }
        Format::Html => {
            let mut sink = Gather::new(Html::new(out), show);
            let told = watch(&mut sink, run)?;
            sink.finish()?;
            Ok(told)
        }
    }
}

fn watch<T>(
    sink: &mut dyn EventSink,
    run: impl FnOnce(&mut dyn EventSink) -> Result<T, ops::Error>,
) -> Result<Told, Failure> {
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
