//! The pager: long answers on a terminal go through `PAGER`, or through less where it is unset.
//!
//! It is started by the first byte, so that progress can be drawn until there is something to
//! read; a pager that does not start is done without.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::env;

/// A stream into a pager.
#[derive(Default)]
pub(super) struct Pager {
    child: Option<Child>,
    input: Option<ChildStdin>,
    begun: bool,
}

impl Pager {
    fn begin(&mut self) {
        self.begun = true;
        let wanted = env::variable("PAGER").unwrap_or_else(|| "less".into());
        let mut words = wanted.split_whitespace();
        let Some(program) = words.next().filter(|program| *program != "cat") else {
            return;
        };
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped());
        if env::variable("LESS").is_none() {
            // Short answers stay on the screen, colours pass, and Ctrl-C ends less with dver.
            command.env("LESS", "FRXK");
        }
        if let Ok(mut child) = command.spawn() {
            self.input = child.stdin.take();
            self.child = Some(child);
        }
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun {
            self.begin();
        }
        match &mut self.input {
            Some(input) => input.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.input {
            Some(input) => input.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Drop for Pager {
    /// Waits until the reader is done: the shell must not get the terminal back before.
    fn drop(&mut self) {
        drop(self.input.take());
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}
