//! Why not, as RFC 9457 has it: one type for every error of the API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What precedes the code in `type`.
pub const PROBLEM_TYPE: &str = "urn:andon:problem:";

/// A problem (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:andon:problem:` and the code.
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
        "unknown_task" | "unknown_run" | "unknown_board" | "unknown_attachment" | "unknown_token"
        | "not_found" | "no_log" => 404,
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
        | "not_linked"
        | "waiting_children"
        | "too_many_children"
        | "too_deep"
        | "nothing_to_claim"
        | "conflict"
        | "board_in_use"
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
    }
}
