//! The one place that writes: data to standard output, talk to standard error, or both to somebody who asked from elsewhere.
//!
//! A reader who has gone is no error: what is left to say is dropped.

use std::io::{self, Write as _};
use std::sync::Arc;

use andon_api::VerbFrame;
use andon_server::http::Audience;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

/// Where a verb writes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Out {
    /// To the standard output and error of this process.
    #[default]
    Standard,
    /// To whoever asked for the verb from elsewhere.
    Told(Arc<dyn Audience>),
}

impl Out {
    /// Writes text for people; colours only where a terminal shows them.
    pub(crate) fn print(&self, text: &str) {
        match self {
            Self::Standard => {
                let mut stream = anstream::AutoStream::auto(io::stdout().lock());
                let _ = stream.write_all(text.as_bytes());
            }
            Self::Told(to) => to.tell(VerbFrame::Out { text: text.to_owned() }),
        }
    }

    /// Writes JSON as it is: 2 spaces, non-ASCII kept.
    pub(crate) fn print_json<T: Serialize + ?Sized>(&self, value: &T) {
        if let Ok(mut text) = serde_json::to_string_pretty(value) {
            text.push('\n');
            let _ = self.raw(text.as_bytes());
        }
    }

    /// Writes JSON on one line, for streams.
    pub(crate) fn print_json_line<T: Serialize + ?Sized>(&self, value: &T) {
        if let Ok(mut text) = serde_json::to_string(value) {
            text.push('\n');
            let _ = self.raw(text.as_bytes());
        }
    }

    /// Writes bytes as they are, to the last.
    ///
    /// # Errors
    /// A reader who has gone, or a file that is full.
    pub(crate) fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Standard => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)
            }
            Self::Told(to) if to.listens() => {
                to.tell(VerbFrame::Raw { bytes: bytes.to_vec() });
                Ok(())
            }
            Self::Told(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Hands on what was printed; whether somebody still reads.
    pub(crate) fn flush(&self) -> bool {
        match self {
            Self::Standard => {
                let mut stdout = io::stdout().lock();
                stdout.flush().is_ok() && !hung_up(&stdout)
            }
            Self::Told(to) => to.listens(),
        }
    }

    /// Writes a line of talk.
    pub(crate) fn say(&self, text: &str) {
        match self {
            Self::Standard => {
                let mut stream = anstream::AutoStream::auto(io::stderr().lock());
                let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(b"\n"));
            }
            Self::Told(to) => to.tell(VerbFrame::Err { text: text.to_owned() }),
        }
    }

    /// Writes a file that the command line names: here, or where the command was typed.
    ///
    /// # Errors
    /// Where it cannot be written here.
    pub(crate) fn file(&self, path: &std::path::Path, content: &[u8]) -> io::Result<()> {
        match self {
            Self::Standard => std::fs::write(path, content),
            Self::Told(to) => {
                let name = path.to_string_lossy().into_owned();
                to.tell(VerbFrame::File { name, content: content.to_vec() });
                Ok(())
            }
        }
    }
}

/// A pipe whose reader has gone says so without being written to.
fn hung_up(stdout: &io::StdoutLock<'_>) -> bool {
    let mut descriptors = [PollFd::new(stdout, PollFlags::empty())];
    poll(&mut descriptors, Some(&Timespec::default())).is_ok()
        && descriptors[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
