//! What a dispatcher tells a supervisor whose lease it has renewed: a datagram to the run's own bell.

use std::fmt;

use andon_core::Millis;
use rustix::time::{ClockId, clock_gettime};

/// A plain ring: look yourself.
pub(crate) const RING: &[u8] = &[1];

/// Milliseconds since the host was started, sleep and all.
pub(crate) fn boot_now() -> i64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.saturating_mul(1_000).saturating_add(now.tv_nsec / 1_000_000)
}

/// A renewal that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// When it was sent, by [`boot_now`].
    pub(crate) sent: i64,
    /// For how long from then, milliseconds.
    pub(crate) ttl: i64,
    /// When the worker last made progress, by the board's clock.
    pub(crate) progress_at: Option<Millis>,
}

/// The longest note, bytes.
pub(crate) const LONGEST: usize = 96;

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "renewed {} {}", self.sent, self.ttl)?;
        self.progress_at.map_or(Ok(()), |at| write!(f, " {}", at.0))
    }
}

impl Note {
    /// Reads one. None: a plain ring.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.split(' ');
        if words.next() != Some("renewed") {
            return None;
        }
        let (sent, ttl) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let progress_at = words.next().map(str::parse).transpose().ok()?.map(Millis);
        Some(Self { sent, ttl, progress_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_and_a_ring_is_no_note() {
        for progress_at in [None, Some(Millis(1_790_000_000_000))] {
            let note = Note { sent: 12_345, ttl: 60_000, progress_at };
            assert!(note.to_string().len() <= LONGEST);
            assert_eq!(Note::read(note.to_string().as_bytes()), Some(note));
        }
        for other in [&[1_u8][..], b"", b"renewed", b"renewed 1", b"renewed x 2", b"renewed 1 2 x", &[0xff]] {
            assert_eq!(Note::read(other), None, "{other:?}");
        }
    }
}
