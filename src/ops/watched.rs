//! How far engines have come that know of no progress: what they read tells it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::ObjectId;
use crate::base::progress::Progress;
use crate::diff::{self, Event, EventSink};
use crate::object::{Error, ObjectSource};

/// A source over another that tells of the bytes that are read.
pub(super) struct Watched<'a> {
    source: &'a dyn ObjectSource,
    progress: &'a dyn Progress,
}

impl<'a> Watched<'a> {
    /// Returns a source of the same objects.
    pub(super) fn new(source: &'a dyn ObjectSource, progress: &'a dyn Progress) -> Self {
        Self { source, progress }
    }
}

impl ObjectSource for Watched<'_> {
    fn get(&self, id: &ObjectId) -> Result<Vec<u8>, Error> {
        let bytes = self.source.get(id)?;
        self.progress.advance(bytes.len() as u64);
        Ok(bytes)
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, Error> {
        self.source.contains(id)
    }

    fn manifest_of(&self, content: &ObjectId) -> Result<Option<ObjectId>, Error> {
        self.source.manifest_of(content)
    }
}

/// Progress until there is something to read: nothing is drawn into an answer.
pub(super) struct UntilTold<'a> {
    progress: &'a dyn Progress,
    told: AtomicBool,
}

impl<'a> UntilTold<'a> {
    /// Passes on to another progress.
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            told: AtomicBool::new(false),
        }
    }

    fn silent(&self) -> bool {
        !self.told.load(Ordering::Relaxed)
    }
}

impl Progress for UntilTold<'_> {
    fn begin(&self, what: &str, total: Option<u64>) {
        if self.silent() {
            self.progress.begin(what, total);
        }
    }

    fn begin_counting(&self, what: &str, things: &'static str, total: Option<u64>) {
        if self.silent() {
            self.progress.begin_counting(what, things, total);
        }
    }

    fn advance(&self, done: u64) {
        if self.silent() {
            self.progress.advance(done);
        }
    }

    fn end(&self) {
        self.progress.end();
    }
}

/// Passes events on; with the first one, the progress ends.
pub(super) struct Telling<'a>(pub &'a mut dyn EventSink, pub &'a UntilTold<'a>);

impl EventSink for Telling<'_> {
    fn event(&mut self, event: Event) -> Result<(), diff::Error> {
        let Self(sink, until) = self;
        if !until.told.swap(true, Ordering::Relaxed) {
            until.progress.end();
        }
        sink.event(event)
    }
}
