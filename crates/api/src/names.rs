//! Names and ids in the OpenAPI document: their values come from the core, so that each name exists once.

use std::borrow::Cow;

use andon_core::diagnose::{ActionKind, DiagnosticKind, Severity};
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Phase, Status, WorkspaceKind};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident as $shown:literal = $of:ty;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(<$of>::ALL.iter().map(|value| value.as_str())))
                    .description(Some([$($doc),+].join(" ").trim()))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($shown)
            }
        }
    )+};
}

names! {
    /// Where a task stands.
    StatusName as "Status" = Status;
    /// Whether it is worked on or reviewed.
    PhaseName as "Phase" = Phase;
    /// Why a task is blocked.
    BlockKindName as "BlockKind" = BlockKind;
    /// How a run ended.
    OutcomeName as "Outcome" = Outcome;
    /// What kind of directory runs work in.
    WorkspaceKindName as "WorkspaceKind" = WorkspaceKind;
    /// How bad a finding is, ascending.
    SeverityName as "Severity" = Severity;
    /// What is wrong.
    DiagnosticKindName as "DiagnosticKind" = DiagnosticKind;
    /// What an action is, for a program that offers it as a button.
    ActionKindName as "ActionKind" = ActionKind;
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident as $shown:literal = $pattern:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .description(Some([$($doc),+].join(" ").trim()))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($shown)
            }
        }
    )+};
}

texts! {
    /// A task's id.
    TaskIdText as "TaskId" = "^t_[0-9a-hjkmnp-tv-z]{8}$";
    /// A run's id: a ULID.
    RunIdText as "RunId" = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$";
    /// A board's name in paths.
    BoardSlugText as "BoardSlug" = "^[a-z0-9][a-z0-9_-]{0,63}$";
    /// A profile's name.
    ProfileNameText as "ProfileName" = "^[a-z0-9][a-z0-9_-]{0,63}$";
}

/// How a task is to be blocked: until somebody lets it go on, or behind a parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockRequest {
    /// A person has to answer.
    NeedsInput,
    /// Something is missing that somebody has to provide.
    Capability,
    /// Something outside has to pass.
    Transient,
    /// A person stopped it.
    #[default]
    Operator,
    /// It waits for a parent, and goes on by itself.
    Dependency,
}

impl BlockRequest {
    /// The kind of block; none for a wait behind a parent.
    #[must_use]
    pub const fn kind(self) -> Option<BlockKind> {
        match self {
            Self::NeedsInput => Some(BlockKind::NeedsInput),
            Self::Capability => Some(BlockKind::Capability),
            Self::Transient => Some(BlockKind::Transient),
            Self::Operator => Some(BlockKind::Operator),
            Self::Dependency => None,
        }
    }
}
