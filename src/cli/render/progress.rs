//! Progress on stderr: bytes, rate and remaining time, as a bar on a terminal and as lines elsewhere.

use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::base::progress::Progress;

use super::super::ui::{count, size};

/// How often a bar is drawn.
const DRAWN: Duration = Duration::from_millis(200);
/// How often a line is told.
const TOLD: Duration = Duration::from_secs(10);

/// Takes what a lock holds. Drawing that panicked elsewhere must not stop the work.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws one bar at a time.
#[derive(Default)]
pub(crate) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    fn start(&self, what: &str, total: Option<u64>, (known, unknown): (&str, &str)) {
        self.end();
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), known),
            None => (ProgressBar::new_spinner(), unknown),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec()); // a bar without it is one, too
            };
            bar.set_style(style.with_key("rate", rate));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(DRAWN);
        *held(&self.0) = Some(bar);
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: Option<u64>) {
        let known =
            "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
        self.start(
            what,
            total,
            (
                known,
                "{spinner} {msg} {decimal_bytes} {decimal_bytes_per_sec}",
            ),
        );
    }

    fn begin_counting(&self, what: &str, _things: &'static str, total: Option<u64>) {
        let known = "{msg} {wide_bar} {human_pos}/{human_len} {rate} {eta}";
        self.start(what, total, (known, "{spinner} {msg} {human_pos} {rate}"));
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = &*held(&self.0) {
            // What is read twice is no more than all.
            let left = bar
                .length()
                .map(|length| length.saturating_sub(bar.position()));
            bar.inc(left.map_or(done, |left| done.min(left)));
        }
    }

    fn end(&self) {
        if let Some(bar) = held(&self.0).take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.end(); // of a stage that failed
    }
}

/// Tells a line now and then.
pub(crate) struct Lines {
    shared: Arc<(Mutex<Told>, Condvar)>,
    start: Instant,
    teller: Option<JoinHandle<()>>,
}

/// What is being done, by a clock that begins with the command.
#[derive(Default)]
struct Told {
    stage: Option<Stage>,
    /// When a line is due again.
    due: Duration,
    over: bool,
}

struct Stage {
    what: String,
    /// What is counted; `None` for bytes.
    things: Option<&'static str>,
    total: Option<u64>,
    done: u64,
    began: Duration,
}

impl Told {
    fn begin(
        &mut self,
        now: Duration,
        what: &str,
        things: Option<&'static str>,
        total: Option<u64>,
    ) {
        self.stage = Some(Stage {
            what: what.to_owned(),
            things,
            total,
            done: 0,
            began: now,
        });
    }

    /// Returns the line to tell now, where one is due.
    fn line(&mut self, now: Duration) -> Option<String> {
        let line = self.stage.as_ref().filter(|_| now >= self.due)?.line(now);
        self.due = now + TOLD;
        Some(line)
    }
}

impl Stage {
    fn amount(&self, amount: u64) -> String {
        match self.things {
            None => size(amount),
            Some(_) => count(amount),
        }
    }

    fn line(&self, now: Duration) -> String {
        let done = self.total.map_or(self.done, |total| self.done.min(total));
        let mut line = format!("{}: {}", self.what, self.amount(done));
        if let Some(total) = self.total {
            line += &format!(" of {}", self.amount(total));
        }
        if let Some(things) = self.things {
            line += &format!(" {things}");
        }
        let milliseconds = now.saturating_sub(self.began).as_millis().max(1);
        let rate = u128::from(done) * 1000 / milliseconds;
        line += &format!(
            ", {}/s",
            self.amount(u64::try_from(rate).unwrap_or(u64::MAX))
        );
        if let (Some(total), true) = (self.total, done > 0) {
            let left = u128::from(total - done) * milliseconds / u128::from(done);
            line += &format!(", {} left", time(left.div_ceil(1000)));
        }
        line
    }
}

/// Writes a time in its two largest units.
fn time(seconds: u128) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

impl Lines {
    /// Begins to tell: nothing in the first ten seconds.
    pub(crate) fn new(tell: fn(&str)) -> Self {
        let told = Told {
            due: TOLD,
            ..Told::default()
        };
        let shared = Arc::new((Mutex::new(told), Condvar::new()));
        let (start, heard) = (Instant::now(), Arc::clone(&shared));
        let run = move || {
            let (told, changed) = &*heard;
            let mut told = held(told);
            while !told.over {
                let now = start.elapsed();
                if let Some(line) = told.line(now) {
                    tell(&line);
                }
                // Without a stage, one that begins is told of a second later at most.
                let wait = told.due.saturating_sub(now).max(Duration::from_secs(1));
                let waited = changed.wait_timeout(told, wait);
                told = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        // Without a thread nothing is told, and the work is done all the same.
        let teller = std::thread::Builder::new().spawn(run).ok();
        Self {
            shared,
            start,
            teller,
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        held(&self.shared.0)
    }
}

impl Progress for Lines {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.told().begin(self.start.elapsed(), what, None, total);
    }

    fn begin_counting(&self, what: &str, things: &'static str, total: Option<u64>) {
        let now = self.start.elapsed();
        self.told().begin(now, what, Some(things), total);
    }

    fn advance(&self, done: u64) {
        if let Some(stage) = &mut self.told().stage {
            stage.done = stage.done.saturating_add(done);
        }
    }

    fn end(&self) {
        self.told().stage = None;
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.told().over = true;
        self.shared.1.notify_all();
        if let Some(teller) = self.teller.take() {
            let _ = teller.join(); // it only told what is over
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn told() -> Told {
        Told {
            due: TOLD,
            ..Told::default()
        }
    }

    #[test]
    fn a_line_comes_every_ten_seconds_with_amount_rate_and_time_left() {
        let mut told = told();
        told.begin(SECOND * 2, "reading files", None, Some(587_000_000));
        told.stage.as_mut().unwrap().done = 100_000_000;
        assert_eq!(told.line(SECOND * 9), None);
        assert_eq!(
            told.line(SECOND * 10).unwrap(),
            "reading files: 100.0 MB of 587.0 MB, 12.5 MB/s, 39 s left"
        );
        assert_eq!(told.line(SECOND * 19), None);
        told.stage.as_mut().unwrap().done = 600_000_000;
        assert_eq!(
            told.line(SECOND * 22).unwrap(),
            "reading files: 587.0 MB of 587.0 MB, 29.3 MB/s, 0 s left"
        );
    }

    #[test]
    fn a_stage_without_total_has_no_time_left_and_things_are_counted() {
        let mut told = told();
        told.begin(
            Duration::ZERO,
            "following the history",
            Some("objects"),
            None,
        );
        told.stage.as_mut().unwrap().done = 36_000;
        assert_eq!(
            told.line(SECOND * 10).unwrap(),
            "following the history: 36,000 objects, 3,600/s"
        );
        told.begin(
            SECOND * 10,
            "checking objects",
            Some("objects"),
            Some(90_000),
        );
        assert_eq!(
            told.line(SECOND * 20).unwrap(),
            "checking objects: 0 of 90,000 objects, 0/s"
        );
        told.stage.as_mut().unwrap().done = 10;
        assert_eq!(
            told.line(SECOND * 30).unwrap(),
            "checking objects: 10 of 90,000 objects, 0/s, 49 h 59 min left"
        );
        told.stage = None;
        assert_eq!(told.line(SECOND * 60), None);
    }

    #[test]
    fn lines_end_with_the_work_and_bars_never_pass_their_end() {
        let lines = Lines::new(|_| {});
        lines.begin("writing files", Some(10));
        lines.advance(4);
        assert_eq!(lines.told().stage.as_ref().unwrap().done, 4);
        drop(lines);
        let bar = Bar::default();
        bar.begin("writing files", Some(10));
        bar.advance(7);
        bar.advance(7);
        assert_eq!(held(&bar.0).as_ref().unwrap().position(), 10);
        bar.begin_counting("checking objects", "objects", None);
        bar.advance(7);
        assert_eq!(held(&bar.0).as_ref().unwrap().position(), 7);
        bar.end();
        bar.advance(1);
        assert!(held(&bar.0).is_none());
    }
}
