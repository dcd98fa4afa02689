//! Why there is no plan: each reason with a stable code, a sentence, and what becomes of it.

use std::time::Duration;

use andon_core::task::Refusal;
use andon_store::OpError;
use thiserror::Error;

use crate::model::ModelError;

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanFailure {
    /// Nobody has said which model plans.
    #[error("no model plans: {0}")]
    NoModel(String),
    /// The model could not be asked, or its answer is none.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It took too long.
    #[error("the model did not answer within {} s", .0.as_secs_f32())]
    Slow(Duration),
    /// It said nothing.
    #[error("the model's answer is empty")]
    Empty,
    /// What it said is no plan.
    #[error("the model's answer is no plan: {0}")]
    Unreadable(String),
    /// What it said is a plan that cannot be.
    #[error("the model's plan cannot be: {0}")]
    BadPlan(String),
    /// What is written for this assignee is run as it stands, which is for persons to decide.
    #[error(
        "its assignee {0} takes work from persons alone: specify it by hand, or give it to somebody else"
    )]
    ForPersons(String),
    /// A person has described the profile.
    #[error("a person has described {0}: `--overwrite` replaces that")]
    Described(String),
    /// Whoever asked was stopped.
    #[error("whoever asked the model was stopped; it is asked again")]
    Interrupted,
    /// The board says no: there is no such idea, it is none any more, somebody else has it.
    #[error(transparent)]
    Board(#[from] OpError),
}

impl PlanFailure {
    /// Every reason that is not a code of the board, in the order of the variants.
    pub const REASONS: &'static [&'static str] = &[
        "model_missing",
        "model_rate_limited",
        "model_unavailable",
        "model_malformed",
        "model_key_refused",
        "model_too_long",
        "model_misconfigured",
        "model_too_slow",
        "answer_empty",
        "answer_unreadable",
        "bad_plan",
        "assignee_for_persons",
        "profile_described",
        "planning_interrupted",
        "not_in_triage",
    ];

    /// The stable reason; what the board refused keeps the board's code, but for an idea that is none any more.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoModel(_) => "model_missing",
            Self::Model(ModelError::RateLimited { .. }) => "model_rate_limited",
            Self::Model(ModelError::Unavailable { .. }) => "model_unavailable",
            Self::Model(ModelError::Malformed { .. }) => "model_malformed",
            Self::Model(ModelError::Refused { .. }) => "model_key_refused",
            Self::Model(ModelError::TooLong { .. }) => "model_too_long",
            Self::Model(ModelError::Misconfigured { .. }) => "model_misconfigured",
            Self::Slow(_) => "model_too_slow",
            Self::Empty => "answer_empty",
            Self::Unreadable(_) => "answer_unreadable",
            Self::BadPlan(_) => "bad_plan",
            Self::ForPersons(_) => "assignee_for_persons",
            Self::Described(_) => "profile_described",
            Self::Interrupted => "planning_interrupted",
            Self::Board(error) => match error.code() {
                "wrong_status" => "not_in_triage",
                code => code,
            },
        }
    }

    /// When the provider wants to be asked again.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Model(
                ModelError::RateLimited { retry_after, .. } | ModelError::Unavailable { retry_after, .. },
            ) => *retry_after,
            Self::Model(_)
            | Self::NoModel(_)
            | Self::Slow(_)
            | Self::Empty
            | Self::Unreadable(_)
            | Self::BadPlan(_)
            | Self::ForPersons(_)
            | Self::Described(_)
            | Self::Interrupted
            | Self::Board(_) => None,
        }
    }

    /// Whether asking again by itself can help nobody, whatever time passes.
    #[must_use]
    pub const fn is_hopeless(&self) -> bool {
        matches!(self, Self::ForPersons(_))
    }

    /// What the whole of it cannot be, where the board refuses a plan.
    pub(crate) fn of_plan(error: OpError) -> Self {
        match error {
            OpError::Refused { refusal, .. } => match *refusal {
                Refusal::BadPlan(reason) => Self::BadPlan(reason),
                refusal @ Refusal::InvalidValue { .. } => Self::BadPlan(refusal.to_string()),
                refusal => Self::Board(refusal.into()),
            },
            error => Self::Board(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_a_reason_of_the_list_and_a_sentence() {
        let why = || "x".to_owned();
        let failures = [
            PlanFailure::NoModel(why()),
            ModelError::RateLimited { reason: why(), retry_after: Some(Duration::from_secs(7)) }.into(),
            ModelError::Unavailable { reason: why(), retry_after: None }.into(),
            ModelError::Malformed { reason: why() }.into(),
            ModelError::Refused { status: 401, reason: why() }.into(),
            ModelError::TooLong { reason: why() }.into(),
            ModelError::Misconfigured { reason: why() }.into(),
            PlanFailure::Slow(Duration::from_secs(1)),
            PlanFailure::Empty,
            PlanFailure::Unreadable(why()),
            PlanFailure::BadPlan(why()),
            PlanFailure::ForPersons(why()),
            PlanFailure::Described(why()),
            PlanFailure::Interrupted,
        ];
        let reasons: Vec<&str> = failures.iter().map(PlanFailure::code).collect();
        assert_eq!(reasons, PlanFailure::REASONS[..14]);
        assert!(failures.iter().all(|failure| !failure.to_string().is_empty()));
        assert_eq!(failures[1].retry_after(), Some(Duration::from_secs(7)));
        let moved = Refusal::WrongStatus { verb: "x", status: andon_core::task::Status::Done, way_out: "" };
        assert_eq!(PlanFailure::of_plan(moved.into()).code(), "not_in_triage");
        assert_eq!(PlanFailure::of_plan(Refusal::PlanLapsed.into()).code(), "plan_lapsed");
    }
}
