//! Asking again: back-off with jitter, `Retry-After` honoured, bounded in number and in time.

use std::time::Duration;

use super::{Model, ModelError, Reply, Request};

/// How patient the agent is with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Further attempts.
    pub limit: u32,
    /// The first pause; each is twice as long.
    pub base: Duration,
    /// The longest pause, unless the provider asks for a longer one.
    pub cap: Duration,
    /// All pauses together.
    pub total: Duration,
}

/// An answer that cannot be read is asked for again this often: it is rarely a passing thing.
const MALFORMED: u32 = 2;

impl Patience {
    /// The pause before attempt `number` (1 is the first further one), `waited` having been waited already; none: give up.
    /// `chance` is between 0 and 1.
    #[must_use]
    pub fn pause(&self, error: &ModelError, number: u32, waited: Duration, chance: f64) -> Option<Duration> {
        let asked = error.retry()?;
        let limit = match error {
            ModelError::Malformed { .. } => self.limit.min(MALFORMED),
            _ => self.limit,
        };
        if number > limit {
            return None;
        }
        let doubled =
            self.base.saturating_mul(1_u32.checked_shl(number.saturating_sub(1)).unwrap_or(u32::MAX));
        let own = doubled.min(self.cap).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        let pause = asked.map_or(own, |asked| asked.max(own));
        (waited.saturating_add(pause) <= self.total).then_some(pause)
    }
}

/// Asks until there is an answer or patience ends; the last failure then. `told` hears of each pause.
///
/// # Errors
/// [`ModelError`].
pub async fn patiently(
    model: &dyn Model,
    request: &Request<'_>,
    patience: &Patience,
    mut told: impl FnMut(&ModelError, Duration),
) -> Result<Reply, ModelError> {
    let mut waited = Duration::ZERO;
    let mut number = 0;
    loop {
        let error = match model.complete(request).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        number += 1;
        let Some(pause) = patience.pause(&error, number, waited, rand::random()) else { return Err(error) };
        told(&error, pause);
        tokio::time::sleep(pause).await;
        waited = waited.saturating_add(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{FakeModel, says};
    use super::*;

    const PATIENCE: Patience = Patience {
        limit: 4,
        base: Duration::from_secs(1),
        cap: Duration::from_secs(30),
        total: Duration::from_secs(60),
    };

    fn busy(seconds: Option<u64>) -> ModelError {
        ModelError::RateLimited {
            reason: "slow down".to_owned(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_grow_within_their_bounds() {
        let pause = |number, chance| PATIENCE.pause(&busy(None), number, Duration::ZERO, chance);
        assert_eq!(pause(1, 1.0), Some(Duration::from_secs(1)));
        assert_eq!(pause(3, 1.0), Some(Duration::from_secs(4)));
        assert_eq!(pause(3, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(pause(5, 1.0), None);
    }

    #[test]
    fn the_provider_s_own_time_holds_and_too_long_a_time_ends_it() {
        let pause =
            |seconds, waited| PATIENCE.pause(&busy(Some(seconds)), 1, Duration::from_secs(waited), 0.5);
        assert_eq!(pause(20, 0), Some(Duration::from_secs(20)));
        assert_eq!(pause(20, 50), None);
        assert_eq!(pause(3_600, 0), None);
    }

    #[test]
    fn what_cannot_get_better_is_not_tried_again() {
        let refused = ModelError::Refused { status: 401, reason: String::new() };
        assert_eq!(PATIENCE.pause(&refused, 1, Duration::ZERO, 0.5), None);
        let malformed = ModelError::Malformed { reason: String::new() };
        assert!(PATIENCE.pause(&malformed, 2, Duration::ZERO, 0.5).is_some());
        assert_eq!(PATIENCE.pause(&malformed, 3, Duration::ZERO, 0.5), None);
    }

    fn request() -> Request<'static> {
        Request { model: "", system: "", turns: &[], tools: &[], temperature: None, max_output_tokens: None }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_after_failures_is_an_answer() {
        let model = FakeModel::new([Err(busy(None)), Err(busy(Some(7))), says("hi")]);
        let mut pauses = Vec::new();
        let reply = patiently(&model, &request(), &PATIENCE, |_, pause| pauses.push(pause)).await.unwrap();
        assert_eq!(reply.answer.text, "hi");
        assert_eq!(pauses.len(), 2);
        assert_eq!(pauses[1], Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_told_when_patience_ends() {
        let model = FakeModel::new((0..10).map(|_| Err(busy(None))));
        let error = patiently(&model, &request(), &PATIENCE, |_, _| {}).await.unwrap_err();
        assert!(matches!(error, ModelError::RateLimited { .. }));
        assert_eq!(model.calls(), 5);
    }
}
