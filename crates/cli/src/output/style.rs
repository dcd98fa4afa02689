//! Colours. Whether they reach the terminal is decided where text is written.

use andon_core::run::Outcome;
use andon_core::task::Status;
use anstyle::{AnsiColor, Style};

/// What a text is, for the eye.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading.
    Heading,
    /// Beside the point.
    Dim,
    /// It went well.
    Good,
    /// It is at work.
    Live,
    /// It waits for somebody.
    Warning,
    /// It went wrong.
    Bad,
    /// A name to copy.
    Name,
}

impl Look {
    const fn style(self) -> Style {
        const fn colour(colour: AnsiColor) -> Style {
            Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
        }
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => colour(AnsiColor::Green),
            Self::Live => colour(AnsiColor::Cyan),
            Self::Warning => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red),
            Self::Name => Style::new().bold(),
        }
    }
}

/// A text as it looks.
pub(crate) fn paint(look: Look, text: &str) -> String {
    let style = look.style();
    if look == Look::Plain { text.to_owned() } else { format!("{style}{text}{style:#}") }
}

/// How a status looks.
pub(crate) const fn of_status(status: Status) -> Look {
    match status {
        Status::Triage | Status::Todo | Status::Scheduled => Look::Plain,
        Status::Ready => Look::Heading,
        Status::Running => Look::Live,
        Status::Review => Look::Warning,
        Status::Blocked => Look::Bad,
        Status::Done => Look::Good,
        Status::Archived => Look::Dim,
    }
}

/// How the end of a run looks.
pub(crate) const fn of_outcome(outcome: Option<Outcome>) -> Look {
    match outcome {
        None => Look::Live,
        Some(Outcome::Completed | Outcome::Approved) => Look::Good,
        Some(
            Outcome::ReviewRequested | Outcome::ChangesRequested | Outcome::Blocked | Outcome::Scheduled,
        ) => Look::Warning,
        Some(
            Outcome::SpawnFailed
            | Outcome::Crashed
            | Outcome::ProtocolViolation
            | Outcome::TimedOut
            | Outcome::RateLimited
            | Outcome::Lost
            | Outcome::Stale,
        ) => Look::Bad,
        Some(Outcome::Interrupted | Outcome::Reclaimed | Outcome::Cancelled | Outcome::StoodDown) => {
            Look::Dim
        }
    }
}
