//! A call that takes long says so: its client is told again and again that it is still at work, where it asked for that.
//!
//! Clients give up on a call that says nothing, often after a minute. A change may wait for the database longer than it takes
//! to be made; what is told meanwhile has a client wait on. The SDK sends it on the way of the call's own answer: as a frame
//! before it on pipes, as an event before it over HTTP.

use std::pin::pin;
use std::time::Duration;

use rmcp::model::ProgressNotificationParam;
use rmcp::service::{RequestContext, RoleServer};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How long a call says nothing.
const SILENCE: Duration = Duration::from_secs(3);

/// Waits for a call's work, and tells its client of it meanwhile.
pub(super) async fn tell_while<R>(
    work: impl Future<Output = R>,
    name: &str,
    context: &RequestContext<RoleServer>,
) -> R {
    let Some(token) = context.meta.get_progress_token() else { return work.await };
    let tell = |times: u32| {
        let told = ProgressNotificationParam::new(token.clone(), f64::from(times))
            .with_message(format!("{name} is at work, or waits for the board"));
        async move {
            // Whoever does not hear it hears the answer, or has gone.
            let _ = context.peer.notify_progress(told).await;
        }
    };
    telling(work, tell).await
}

/// Waits for `work`; after each [`SILENCE`] the number of silences so far is told.
async fn telling<R, T: Future<Output = ()>>(work: impl Future<Output = R>, tell: impl Fn(u32) -> T) -> R {
    let mut work = pin!(work);
    let mut silences = interval_at(Instant::now() + SILENCE, SILENCE);
    silences.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = 0;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = silences.tick() => {
                times += 1;
                tell(times).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_call_says_again_and_again_that_it_is_at_work_and_a_short_one_nothing() {
        for (milliseconds, silences) in [(100, 0), (2_999, 0), (10_000, 3)] {
            let told = RefCell::new(Vec::new());
            let work = async {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                "done"
            };
            let tell = |times| {
                told.borrow_mut().push(times);
                std::future::ready(())
            };
            assert_eq!(telling(work, tell).await, "done");
            assert_eq!(*told.borrow(), (1..=silences).collect::<Vec<u32>>(), "{milliseconds} ms");
        }
    }
}
