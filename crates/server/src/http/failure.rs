//! Why a request failed, as a problem; every error of the house below becomes one here.

use andon_api::Problem;
use andon_core::id::InvalidId;
use andon_core::task::Refusal;
use andon_engine::config::EditError;
use andon_engine::profile::ProfileError;
use andon_engine::settings::SettingsError;
use andon_store::maintenance::MaintenanceError;
use andon_store::{BoardFileError, HomeError, OpError};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::tokens::TokenError;

/// A refusal of the API.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Box<Problem>);

impl Failure {
    /// A problem of a known code.
    pub(crate) fn new(code: &str, detail: impl Into<String>, hint: Option<&str>) -> Self {
        Self(Box::new(Problem::new(code, detail, hint.map(str::to_owned))))
    }

    /// The same with another status than the code's usual one.
    pub(crate) fn with_status(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::with_status(status, code, detail, None)))
    }

    /// A request that cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new("malformed", detail, None)
    }

    /// Something of Andon's own that went wrong: told to the log, and in few words to the caller.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed inside");
        Self::new("internal", "the server failed at this request; its log says more", None)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_vec(&*self.0).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(Problem::new(refusal.code(), refusal.to_string(), refusal.hint())))
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        if let OpError::Db(error) = &error {
            tracing::warn!(%error, "the database refused a request");
        }
        Self(Box::new(Problem::new(error.code(), error.to_string(), error.hint())))
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Refused(refusal) => refusal.into(),
            HomeError::Db(error) => OpError::Db(error).into(),
            HomeError::File(error) => error.into(),
            HomeError::Io { .. } => Self::internal(&error),
        }
    }
}

impl From<BoardFileError> for Failure {
    fn from(error: BoardFileError) -> Self {
        let code = match &error {
            BoardFileError::Io { .. } => "board_file_io",
            BoardFileError::Malformed { .. } => "board_file_malformed",
        };
        Self::new(code, error.to_string(), Some("a person has to mend the file; nothing was changed"))
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let code = match &error {
            SettingsError::Config(error) => error.code(),
            SettingsError::Board(BoardFileError::Io { .. }) => "board_file_io",
            SettingsError::Board(BoardFileError::Malformed { .. }) | SettingsError::Limits(_) => {
                "board_file_malformed"
            }
        };
        Self::new(code, error.to_string(), Some("a person has to mend the file; nothing was changed"))
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match &error {
            EditError::Config(config) => Self::with_status(422, config.code(), error.to_string()),
            EditError::Write { .. } => Self::internal(&error),
        }
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        let status = match &error {
            ProfileError::Unknown { .. } => 404,
            ProfileError::File(_) | ProfileError::Io { .. } => return Self::internal(&error),
            ProfileError::BadName { .. }
            | ProfileError::Broken { .. }
            | ProfileError::Exists { .. }
            | ProfileError::Unfinished { .. }
            | ProfileError::BadFolder { .. }
            | ProfileError::Invalid(_)
            | ProfileError::MissingSkill { .. }
            | ProfileError::BadPackage { .. } => 422,
        };
        Self::with_status(status, error.code(), error.to_string())
    }
}

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::Op(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match &error {
            TokenError::Unknown(_) => Self::new("unknown_token", error.to_string(), None),
            TokenError::Invalid(_) => Self::new("invalid_value", error.to_string(), None),
            TokenError::Io { .. } | TokenError::Malformed { .. } => Self::internal(&error),
        }
    }
}

impl From<InvalidId> for Failure {
    fn from(error: InvalidId) -> Self {
        Self::malformed(error.to_string())
    }
}
