//! Why a request has no answer, or not the one that was hoped for.

use thiserror::Error;

use crate::problem::Problem;

/// Why.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The URL is none that this client can use.
    #[error("{url:?} is no URL of a server: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// Why not.
        reason: String,
    },
    /// Nobody answers there. Nothing was sent.
    #[error("{to} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        to: String,
        /// Why not.
        reason: String,
    },
    /// The connection was lost. What was sent may have been done.
    #[error("the connection to {to} was lost: {reason}")]
    Lost {
        /// Where.
        to: String,
        /// How.
        reason: String,
    },
    /// The server says no.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// What answers is no server of Andon, or one of another age.
    #[error("{to} answers what this client does not understand: {reason}")]
    Foreign {
        /// Where.
        to: String,
        /// What.
        reason: String,
    },
}

impl ClientError {
    /// The problem, where the server said no.
    #[must_use]
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            Self::Url { .. } | Self::Unreachable { .. } | Self::Lost { .. } | Self::Foreign { .. } => None,
        }
    }

    /// Whether the request is certainly without effect: it never reached the server, or the server refused it.
    #[must_use]
    pub fn is_without_effect(&self) -> bool {
        match self {
            Self::Url { .. } | Self::Unreachable { .. } => true,
            // A failure inside may have come after the change.
            Self::Refused(problem) => problem.status < 500 || problem.code == "busy",
            Self::Lost { .. } | Self::Foreign { .. } => false,
        }
    }
}
