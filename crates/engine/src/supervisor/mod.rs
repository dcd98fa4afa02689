//! The process that owns one run: it takes the run, prepares the workspace, starts the worker, renews the lease, and ends
//! the run; whatever happens to the dispatcher that started it.
//!
//! An agent is listened to while it works, for its session, tokens and limits; a run may have several processes, where a goal
//! is worked on in turns.
//!
//! Its start: take by compare-and-set, guard, prepare, guard again, exec. Its life: one loop over what can happen. Its end:
//! tree gone, exit record on disk, outcome on the board, record removed. A SIGKILL between any two steps leaves a state
//! that [`crate::reconcile`] brings to its end. Its guard, which it is a fork of, stops its tree at once when it is killed, and
//! in time when it is frozen, whether a dispatcher lives or not.

mod consumed;
mod ending;
mod guarding;
mod launch;
mod life;
mod lifeline;
mod record;
mod session;
mod standby;
mod turns;
mod watch;

pub(crate) use consumed::hand_in as hand_in_usage;
pub use life::{Assignment, supervise};
pub use record::ExitRecord;
pub(crate) use standby::{NO_RUN, words};
pub use standby::{STANDBY, stand_by};
