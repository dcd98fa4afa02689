//! Why not, as RFC 9457 has it: one type for every error of the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What precedes the code in `type`: an address of the server, where the code's page is.
pub const PROBLEM_TYPE: &str = "/errors/";

/// What the API itself refuses, before or beside the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request cannot be read.
    Malformed,
    /// A place that no page or stream gave.
    BadCursor,
    /// Who calls is not known.
    Unauthenticated,
    /// A page of another origin asks.
    ForeignOrigin,
    /// No such token.
    UnknownToken,
    /// A run that has written nothing.
    NoLog,
    /// A task without a worktree.
    NoWorktree,
    /// Not by this method.
    MethodNotAllowed,
    /// It took too long.
    TooSlow,
    /// It has changed since it was read.
    Changed,
    /// The body is too large.
    BodyTooLarge,
    /// The body is of another type.
    UnsupportedMediaType,
    /// No such part of a file.
    RangeNotSatisfiable,
    /// The name of this server is another.
    ForeignHost,
    /// One key for two requests.
    IdempotencyReused,
    /// The first request with the key is still worked on.
    IdempotencyInFlight,
    /// Too many streams are open.
    TooManyStreams,
    /// Too many wrong credentials.
    TooManyRequests,
    /// A verb that runs where the boards are.
    VerbElsewhere,
    /// Another server than the one that is meant.
    OtherServer,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::Malformed,
        Self::BadCursor,
        Self::Unauthenticated,
        Self::ForeignOrigin,
        Self::UnknownToken,
        Self::NoLog,
        Self::NoWorktree,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Changed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::RangeNotSatisfiable,
        Self::ForeignHost,
        Self::IdempotencyReused,
        Self::IdempotencyInFlight,
        Self::TooManyStreams,
        Self::TooManyRequests,
        Self::VerbElsewhere,
        Self::OtherServer,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadCursor => "bad_cursor",
            Self::Unauthenticated => "unauthenticated",
            Self::ForeignOrigin => "foreign_origin",
            Self::UnknownToken => "unknown_token",
            Self::NoLog => "no_log",
            Self::NoWorktree => "no_worktree",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooSlow => "too_slow",
            Self::Changed => "changed",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::ForeignHost => "foreign_host",
            Self::IdempotencyReused => "idempotency_reused",
            Self::IdempotencyInFlight => "idempotency_in_flight",
            Self::TooManyStreams => "too_many_streams",
            Self::TooManyRequests => "too_many_requests",
            Self::VerbElsewhere => "verb_elsewhere",
            Self::OtherServer => "other_server",
        }
    }
}

/// A problem (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/errors/` and the code: the page that says what it means, on the server that answered.
    pub r#type: String,
    /// What the status means, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, naming the offending value.
    pub detail: String,
    /// The stable code: of the board, of the database, or of the API itself.
    pub code: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of a known code; its status follows from the code.
    #[must_use]
    pub fn new(code: &str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self::with_status(status_of(code), code, detail, hint)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(status: u16, code: &str, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            r#type: format!("{PROBLEM_TYPE}{code}"),
            title: title(status).to_owned(),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            hint,
        }
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Malformed request",
        401 => "Not authenticated",
        403 => "Not allowed",
        404 => "Not found",
        405 => "Method not allowed",
        408 => "Too slow",
        409 => "Refused by the board",
        412 => "Changed in between",
        413 => "Too large",
        415 => "Unsupported media type",
        416 => "Range not satisfiable",
        421 => "Not this host",
        422 => "Invalid value",
        429 => "Too many requests",
        503 => "Busy",
        507 => "No room",
        _ => "Internal error",
    }
}

/// The HTTP status of a code: the one mapping.
#[must_use]
pub fn status_of(code: &str) -> u16 {
    match code {
        "malformed" | "bad_cursor" | "bad_range" => 400,
        "unauthenticated" => 401,
        "forbidden" | "wrong_board" | "foreign_origin" => 403,
        "unknown_task" | "unknown_run" | "unknown_board" | "unknown_attachment" | "unknown_channel"
        | "not_subscribed" | "unknown_token" | "not_found" | "no_log" | "no_worktree" => 404,
        "method_not_allowed" => 405,
        "too_slow" => 408,
        "changed" => 412,
        "too_large" | "body_too_large" => 413,
        "unsupported_media_type" => 415,
        "range_not_satisfiable" => 416,
        "foreign_host" => 421,
        "unknown_parents"
        | "unknown_profile"
        | "unknown_skill"
        | "profile_broken"
        | "self_link"
        | "cycle"
        | "invalid_value"
        | "nothing_to_wait_for"
        | "phantom_cards"
        | "bad_plan"
        | "verb_elsewhere"
        | "idempotency_reused" => 422,
        "too_many_streams" | "too_many_requests" => 429,
        "host_name_taken"
        | "board_exists"
        | "wrong_status"
        | "stale_run"
        | "open_parents"
        | "paused"
        | "capped"
        | "not_eligible"
        | "unreaped"
        | "cooling_down"
        | "being_planned"
        | "plan_lapsed"
        | "not_linked"
        | "waiting_children"
        | "too_many_children"
        | "too_deep"
        | "nothing_to_claim"
        | "conflict"
        | "board_in_use"
        | "other_server"
        | "idempotency_in_flight" => 409,
        "busy" | "closed" | "database_unreachable" | "database_crowded" | "outcome_unknown" => 503,
        "disk_full" => 507,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use andon_core::task::Refusal;

    use super::*;

    #[test]
    fn no_refusal_of_the_board_is_an_internal_error() {
        for code in Refusal::ALL_CODES {
            let status = status_of(code);
            assert!((400..500).contains(&status), "{code}: {status}");
        }
        for fault in Fault::ALL {
            assert!((400..500).contains(&status_of(fault.code())), "{}", fault.code());
        }
    }
}
