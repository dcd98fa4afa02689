//! Tokens, and who a caller is.

use andon_core::{BoardSlug, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::names::{BoardSlugText, RunIdText};
use crate::time::Time;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The name under which the caller acts.
    pub name: String,
    /// `session`, `admin`, `read`, `board:<slug>` or `run`.
    pub scope: String,
    /// The one board that is open to the caller; none for all.
    #[schema(value_type = Option<BoardSlugText>)]
    pub board: Option<BoardSlug>,
    /// The run that the caller works for.
    #[schema(value_type = Option<RunIdText>)]
    pub run_id: Option<RunId>,
    /// The version of Andon.
    pub version: String,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// The name under which its holder acts.
    pub name: String,
    /// `read`, `board:<slug>`, `admin` or `session`.
    pub scope: String,
    /// When it was made.
    pub created_at: Time,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
}

/// The tokens of the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// The oldest first.
    pub tokens: Vec<Token>,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The name under which its holder acts.
    pub name: String,
    /// `read`, `board:<slug>` or `admin`.
    pub scope: String,
    /// Days until it ends by itself; never where it is left out.
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
}

/// A token that was made: the only time that its secret is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// The secret, for `Authorization: Bearer …`.
    pub token: String,
    /// What it opens.
    pub info: Token,
}
