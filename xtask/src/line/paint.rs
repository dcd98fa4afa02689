//! The picture of the line: redrawn in place on a terminal, one line for each change in a pipe.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use super::progress::{State, Station};

/// Narrowest and widest picture, in columns.
const WIDTHS: (usize, usize) = (60, 100);

/// What the demo draws on.
pub(crate) struct Canvas {
    /// Its size where it is a terminal that can move its cursor and holds the picture.
    live: bool,
    colour: bool,
    /// Lines that were drawn last.
    drawn: usize,
    frame: usize,
}

impl Canvas {
    /// Standard output, for a picture of so many lines.
    pub(crate) fn stdout(lines: usize) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = std::io::stdout().is_terminal() && !dumb;
        let fits = size().is_some_and(|(columns, rows)| columns >= WIDTHS.0 && rows > lines + 2);
        Self { live: terminal && fits, colour: terminal && !set("NO_COLOR"), drawn: 0, frame: 0 }
    }

    /// Whether the picture is redrawn in place.
    pub(crate) const fn is_live(&self) -> bool {
        self.live
    }

    /// Draws the line anew, over the picture before.
    pub(crate) fn draw(&mut self, stations: &[Station], now: Duration) {
        if !self.live {
            return;
        }
        let width = size().map_or(80, |(columns, _)| columns.clamp(WIDTHS.0, WIDTHS.1)) - 1;
        let mut text = String::new();
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A\r", self.drawn));
        }
        let done = stations.iter().filter(|station| station.state == State::Done).count();
        let head = format!("{done} of {} done", stations.len());
        let clock = seconds(now);
        text.push_str(&format!("{head}{clock:>rest$}\x1b[K\n\x1b[K\n", rest = width - head.chars().count()));
        for station in stations {
            text.push_str(&self.station(station, now, width));
            text.push_str("\x1b[K\n");
        }
        self.drawn = stations.len() + 2;
        self.frame += 1;
        emit(&text);
    }

    /// In a pipe: one line for what has just happened.
    pub(crate) fn tell(&self, station: &Station, now: Duration) {
        if !self.live {
            let Station { key, state, who, note, .. } = station;
            let line = format!("{:>7}  {key:<9}{:<9}{who:<13}{note}", seconds(now), state.word());
            emit(&format!("{}\n", line.trim_end()));
        }
    }

    /// A heading.
    pub(crate) fn heading(&self, text: &str) {
        emit(&if self.colour { format!("\n\x1b[1m{text}\x1b[0m\n") } else { format!("\n{text}\n") });
    }

    fn station(&self, station: &Station, now: Duration, width: usize) -> String {
        const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
        let turning = SPINNER.get(self.frame % SPINNER.len()).copied().unwrap_or('●');
        let (icon, colour) = match station.state {
            State::Waiting => ('·', "2"),
            State::Ready | State::Answered => ('○', "0"),
            State::Running => (turning, "36"),
            State::Reviewing => (turning, "35"),
            State::InReview => ('◇', "35"),
            State::Retrying | State::SentBack => ('↻', "33"),
            State::Blocked => ('?', "33"),
            State::Failed => ('✗', "31"),
            State::Done => ('✓', "32"),
        };
        let took = station.took(now).map(seconds).unwrap_or_default();
        let fixed = format!("{:<8} {:<8} {:<12} {took:>7}  ", station.key, station.state.word(), station.who);
        let room = width.saturating_sub(fixed.chars().count() + 3);
        let rest = format!("{fixed}{}", cut(&station.note, room));
        match (self.colour, station.state) {
            (false, _) => format!(" {icon} {rest}"),
            (true, State::Waiting) => format!(" \x1b[2m{icon} {rest}\x1b[0m"),
            (true, _) => format!(" \x1b[{colour}m{icon}\x1b[0m {rest}"),
        }
    }
}

/// Writes text that nobody may be reading any more, which stops nothing.
pub(crate) fn emit(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A length of time, in seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// A text in at most `room` columns, without characters that a terminal obeys.
fn cut(text: &str, room: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= room {
        return clean;
    }
    clean.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// Columns and rows of the terminal.
fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_picture_fits() {
        let mut station = Station::new("currency", "t_1", "analyst", &[]);
        station.note = "a very long question ".repeat(9);
        let canvas = Canvas { live: true, colour: false, drawn: 0, frame: 3 };
        assert_eq!(canvas.station(&station, Duration::ZERO, 79).chars().count(), 79);
    }

    #[test]
    fn what_a_worker_wrote_cannot_move_the_cursor() {
        assert_eq!(cut("a\x1b[2Jb", 9), "a [2Jb");
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
