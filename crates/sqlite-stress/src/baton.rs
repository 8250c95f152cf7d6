//! Who is at it: passed over a pipe, between threads and processes alike.

use std::io::{BufRead, BufReader, Write};
use std::process::Child;

/// A line that a test harness around the other process does not print.
const PASSED: &str = "the baton is passed";

/// Passed to and fro.
pub(crate) struct Baton {
    to: Box<dyn Write + Send>,
    from: Box<dyn BufRead + Send>,
}

/// The two ends between two threads.
pub(crate) fn pair() -> (Baton, Baton) {
    let pipe = || std::io::pipe().expect("the system has pipes");
    let ((from_there, to_here), (from_here, to_there)) = (pipe(), pipe());
    (Baton::over(to_there, from_there), Baton::over(to_here, from_here))
}

impl Baton {
    /// Between this process and the one that started it.
    pub(crate) fn of_this_process() -> Self {
        Self::over(std::io::stdout(), std::io::stdin())
    }

    /// Between this process and one that it started with pipes.
    pub(crate) fn of_child(child: &mut Child) -> Self {
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.expect("it was started with pipes");
        Self::over(to, from)
    }

    fn over(to: impl Write + Send + 'static, from: impl std::io::Read + Send + 'static) -> Self {
        Self { to: Box::new(to), from: Box::new(BufReader::new(from)) }
    }

    pub(crate) fn give(&mut self) {
        writeln!(self.to, "{PASSED}").and_then(|()| self.to.flush()).expect("the other is still there");
    }

    /// Reads what the other still says, so that it ends as it would: a test binary that cannot print fails.
    pub(crate) fn hear_out(&mut self) {
        std::io::copy(&mut self.from, &mut std::io::sink()).expect("the other can be read");
    }

    /// Waits until the other gives it.
    pub(crate) fn take(&mut self) {
        let mut line = String::new();
        while !line.trim_end().ends_with(PASSED) {
            line.clear();
            let read = self.from.read_line(&mut line).expect("the other sends text");
            assert!(read > 0, "the other has ended, and should not have");
        }
    }
}
