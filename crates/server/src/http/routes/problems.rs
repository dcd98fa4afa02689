//! What every route may answer besides what it is asked for: for the document of the API.

use andon_api::Problem;
use utoipa::IntoResponses;

/// What every route may answer besides what it is asked for.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "they stand in the document; handlers answer with a failure")]
pub(in crate::http) enum Problems {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// Who calls is not known.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// The caller may not do that.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// Something that the address names is not there.
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(Problem),
    /// The request took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// The board refuses; nothing has changed.
    #[response(status = 409, content_type = "application/problem+json")]
    Refused(Problem),
    /// It has changed since it was read.
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(Problem),
    /// The request is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is of another type.
    #[response(status = 415, content_type = "application/problem+json")]
    Unsupported(Problem),
    /// The name of this server is another.
    #[response(status = 421, content_type = "application/problem+json")]
    ForeignHost(Problem),
    /// A value cannot be.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
    /// There are too many at once.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// Others hold the board; try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Problem),
}
