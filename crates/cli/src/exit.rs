//! Exit codes: a contract with scripts.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExitCode {
    /// All of it was done.
    Done,
    /// The board refused; nothing has changed.
    Refused,
    /// The command line makes no sense.
    Usage,
    /// Something is left unfinished.
    Unfinished,
    /// A task, run, profile, board or attachment that is not there.
    UnknownId,
    /// The database, a file or the configuration cannot be used.
    Database,
    /// Others hold the board.
    Busy,
}

impl ExitCode {
    /// The number that the shell sees.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unfinished => 3,
            Self::UnknownId => 4,
            Self::Database => 5,
            Self::Busy => 6,
        }
    }

    /// The code of this number, as another process of ours gave it.
    pub(crate) const fn of_number(number: u8) -> Self {
        match number {
            0 => Self::Done,
            1 => Self::Refused,
            2 => Self::Usage,
            3 => Self::Unfinished,
            4 => Self::UnknownId,
            6 => Self::Busy,
            _ => Self::Database,
        }
    }

    /// Of several endings the one that the command reports: the later in the list of codes.
    pub(crate) fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

/// The codes, for people.
pub(crate) const TABLE: &str = "\
Exit codes:
  0  done
  1  refused by the board; nothing has changed
  2  wrong usage: the command line makes no sense
  3  something is left unfinished (`dispatch --until-idle`)
  4  unknown id: a task, run, profile, skill, board or attachment that is not there
  5  the database, a file or the configuration cannot be used
  6  busy: others hold the board; try again. Or the server was lost (`outcome_unknown`): look before you try again

A verb that takes several ids reports each, goes on, and exits with the highest code.";
