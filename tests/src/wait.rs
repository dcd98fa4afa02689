//! Waiting for a thing, not for a time.

use std::time::{Duration, Instant};

/// A test that waits longer hangs.
const LIMIT: Duration = Duration::from_secs(100);
/// What takes longer came by a sweep and not by a bell, most probably.
const LONG: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);

/// What `look` finds, as soon as it finds something.
///
/// # Panics
/// After a time in which everything should have happened; `what` says what did not.
#[track_caller]
#[expect(clippy::print_stderr, reason = "the report of the test keeps it")]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    let until = began + LIMIT;
    loop {
        if let Some(found) = look() {
            if began.elapsed() > LONG {
                eprintln!(
                    "waited {} s: {what}, at {}",
                    began.elapsed().as_secs(),
                    std::panic::Location::caller()
                );
            }
            return found;
        }
        assert!(Instant::now() < until, "waited in vain: {what}");
        pause();
    }
}

/// Waits until `holds`.
///
/// # Panics
/// As [`wait_for`].
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

#[expect(clippy::disallowed_methods, reason = "this is the polling that everybody else uses")]
fn pause() {
    std::thread::sleep(PAUSE);
}
