//! The one place that writes: data to standard output, talk to standard error.
//!
//! A reader who has gone is no error: what is left to say is dropped.

use std::io::{self, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

/// Writes text for people to standard output; colours only where a terminal shows them.
pub(crate) fn print(text: &str) {
    let mut stream = anstream::AutoStream::auto(io::stdout().lock());
    let _ = stream.write_all(text.as_bytes());
}

/// Writes JSON to standard output as it is: 2 spaces, non-ASCII kept.
pub(crate) fn print_json<T: Serialize + ?Sized>(value: &T) {
    if let Ok(mut text) = serde_json::to_string_pretty(value) {
        text.push('\n');
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Writes JSON on one line, for streams.
pub(crate) fn print_json_line<T: Serialize + ?Sized>(value: &T) {
    if let Ok(mut text) = serde_json::to_string(value) {
        text.push('\n');
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Hands on what was printed; whether somebody still reads.
pub(crate) fn flush() -> bool {
    let mut stdout = io::stdout().lock();
    stdout.flush().is_ok() && !hung_up(&stdout)
}

/// A pipe whose reader has gone says so without being written to.
fn hung_up(stdout: &io::StdoutLock<'_>) -> bool {
    let mut descriptors = [PollFd::new(stdout, PollFlags::empty())];
    poll(&mut descriptors, Some(&Timespec::default())).is_ok()
        && descriptors[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Writes a line of talk to standard error.
pub(crate) fn say(text: &str) {
    let mut stream = anstream::AutoStream::auto(io::stderr().lock());
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(b"\n"));
}
