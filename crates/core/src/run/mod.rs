//! A run: its lease, how it ends, what an ending counts and when the next one may start.

mod breaker;
mod cut;
mod exit;
mod lease;
mod outcome;

pub use breaker::{Next, Verdict, backoff, cooldown, judge};
pub use cut::Cut;
pub use exit::{Ending, EndsBy, ExitFacts, classify, fingerprint, is_authentication_failure};
pub use lease::{Expiry, Guard, LeaseFacts, Renewal, RunFacts, StandDown, expiry, guard, renewal};
pub use outcome::{Failure, Outcome};
