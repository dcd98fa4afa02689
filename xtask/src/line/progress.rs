//! Where each task of the demo stands, made from the changes that the feed tells. Times are since the start.

use std::time::Duration;

use super::feed::Change;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Ready,
    Running,
    Retrying,
    InReview,
    Reviewing,
    SentBack,
    Blocked,
    Answered,
    Failed,
    Done,
}

impl State {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Retrying => "retry",
            Self::InReview | Self::Reviewing => "review",
            Self::SentBack => "changes",
            Self::Blocked => "blocked",
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }

    /// Whether a process works on it, or soon will without anybody's help.
    pub(crate) const fn moves(self) -> bool {
        match self {
            Self::Ready
            | Self::Running
            | Self::Retrying
            | Self::InReview
            | Self::Reviewing
            | Self::SentBack
            | Self::Answered => true,
            Self::Waiting | Self::Blocked | Self::Failed | Self::Done => false,
        }
    }
}

/// A task on its way.
#[derive(Clone, Debug)]
pub(crate) struct Station {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) state: State,
    /// Who works or worked on it.
    pub(crate) who: String,
    /// What was said last.
    pub(crate) note: String,
    /// When it first started.
    started: Option<Duration>,
    ended: Option<Duration>,
    pub(crate) kept: Vec<String>,
}

impl Station {
    pub(crate) fn new(key: &str, id: &str, who: &str, parents: &[String]) -> Self {
        let (state, note) = match parents {
            [] => (State::Ready, String::new()),
            some => (State::Waiting, format!("for {}", some.join(", "))),
        };
        Self {
            key: key.to_owned(),
            id: id.to_owned(),
            state,
            who: who.to_owned(),
            note,
            started: None,
            ended: None,
            kept: Vec::new(),
        }
    }

    /// How long it has been worked on, from its first start to its end.
    pub(crate) fn took(&self, now: Duration) -> Option<Duration> {
        self.started.map(|started| self.ended.unwrap_or(now).saturating_sub(started))
    }

    /// Its question has been answered.
    pub(crate) fn answer(&mut self, text: &str) {
        (self.state, self.note) = (State::Answered, text.to_owned());
    }

    /// Takes a change in; whether it is worth a line of its own.
    pub(crate) fn apply(&mut self, change: Change, now: Duration) -> bool {
        let (state, note) = match change {
            Change::Ready => (State::Ready, String::new()),
            Change::Started { profile, attempt, review } => {
                self.who = profile;
                self.started.get_or_insert(now);
                let state = if review { State::Reviewing } else { State::Running };
                let again = attempt > 1 && !review;
                (state, if again { format!("attempt {attempt}") } else { String::new() })
            }
            Change::Retrying { error } => (State::Retrying, error),
            Change::InReview => (State::InReview, String::new()),
            Change::SentBack { reason } => (State::SentBack, reason),
            Change::Blocked { reason } => (State::Blocked, reason),
            // The demo has said so when it answered, and the board may tell it only after the next start.
            Change::Unblocked => return false,
            Change::GivenUp { error } => (State::Failed, error),
            Change::Done { summary } => {
                self.ended = Some(now);
                (State::Done, summary)
            }
            Change::Kept { file } => {
                self.kept.push(file);
                return false;
            }
        };
        (self.state, self.note) = (state, note);
        !matches!(state, State::Ready | State::InReview)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_failed_once_and_then_succeeded_is_done_and_took_all_of_its_time() {
        let mut station = Station::new("a", "t_1", "x", &[]);
        let second = Duration::from_secs;
        let start = |attempt| Change::Started { profile: "x".to_owned(), attempt, review: false };
        assert!(station.apply(start(1), second(1)));
        assert!(station.apply(Change::Retrying { error: "no".to_owned() }, second(2)));
        assert!(station.state.moves());
        assert!(station.apply(start(2), second(3)));
        assert_eq!(station.note, "attempt 2");
        assert!(station.apply(Change::Done { summary: "yes".to_owned() }, second(5)));
        assert_eq!((station.state, station.took(second(9))), (State::Done, Some(second(4))));
    }

    #[test]
    fn a_task_that_waits_for_others_says_for_whom() {
        let station = Station::new("c", "t_3", "x", &["a".to_owned(), "b".to_owned()]);
        assert_eq!((station.state, station.note.as_str()), (State::Waiting, "for a, b"));
        assert!(!station.state.moves());
    }
}
