//! A host that is cut off from its board has stopped its worker before another host may start one: every order of
//! sending, arriving, answering, losing and cutting, in discrete time, over the core's own rules.
//!
//! The host counts from the *sending* of its last good renewal, which is before the board's clock says when it was made. A
//! host that is frozen is not in this model: it can be fenced, not killed.

use andon_core::run::{Cut, Expiry, LeaseFacts, Renewal, RunFacts, expiry, renewal};
use andon_core::{Millis, Policy};
use stateright::{Checker, HasDiscoveries, Model, Property};

use super::world::run_id;

/// A lease, in ticks; long enough that the grace and the killing have their share.
const TTL: i64 = 12;
const GRACE: i64 = 3;
/// Time enough for three leases, one after the other.
const END: i64 = 3 * TTL + 4;

const APART: &str = "no two hosts run the task at once";
const AWAY: &str = "another host takes over";
const KEPT: &str = "a lease is kept over more than one renewal";

/// Since when a host counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Sending,
    Answer,
}

/// The rule under test.
struct Host {
    cut: Cut,
    since: Since,
}

/// A renewal on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mail {
    None,
    /// Sent, and not yet made.
    Going {
        sent: i64,
    },
    /// Made; the answer is on its way.
    Coming {
        sent: i64,
        answer: Renewal,
    },
}

/// The worker on the host that may be cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Works,
    /// It was told to leave.
    Leaves {
        since: i64,
    },
    /// It is being killed.
    Dies {
        since: i64,
    },
    Gone,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    now: i64,
    cut_off: bool,
    /// The board's row.
    expires_at: i64,
    ended: bool,
    /// Another host's worker runs.
    elsewhere: bool,
    /// What the supervisor counts from.
    renewed: i64,
    renewals: u8,
    mail: Mail,
    worker: Worker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Tick,
    CutOff,
    Join,
    Send,
    Arrive,
    Lose,
    Answer,
    Stop,
    Kill,
    Die,
    /// Another host finds that the lease has run out, ends the run, and starts the task.
    TakeOver,
}

impl State {
    fn facts(&self) -> RunFacts {
        let ended_at = self.ended.then_some(Millis(self.now));
        RunFacts { run: run_id(1), ended_at, ended_by_self: false, reaped_at: None }
    }
}

impl Host {
    /// What must have happened before time goes on: a supervisor that is not frozen acts in time.
    fn overdue(&self, state: &State) -> bool {
        match state.worker {
            Worker::Works => state.now >= state.renewed + self.cut.stop_after,
            Worker::Leaves { since } => state.now >= since + self.cut.grace,
            Worker::Dies { since } => state.now >= since + self.cut.killing,
            Worker::Gone => false,
        }
    }

    fn take_over(state: &State) -> bool {
        let lease = LeaseFacts { expires_at: Millis(state.expires_at), ttl: TTL, extended: false };
        !state.ended && expiry(&lease, None, Millis(state.now)) == Expiry::Lost
    }
}

impl Model for Host {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        // Taken by a message that was sent, made and answered at this moment.
        vec![State {
            now: 0,
            cut_off: false,
            expires_at: TTL,
            ended: false,
            elsewhere: false,
            renewed: 0,
            renewals: 0,
            mail: Mail::None,
            worker: Worker::Works,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.overdue(state) && state.now < END {
            actions.push(Action::Tick);
        }
        actions.push(if state.cut_off { Action::Join } else { Action::CutOff });
        match state.mail {
            Mail::None if state.worker == Worker::Works => actions.push(Action::Send),
            Mail::None => {}
            Mail::Going { .. } => actions.extend([Action::Arrive, Action::Lose]),
            Mail::Coming { .. } => actions.extend([Action::Answer, Action::Lose]),
        }
        match state.worker {
            Worker::Works if self.overdue(state) => actions.push(Action::Stop),
            Worker::Leaves { .. } => {
                // It may leave by itself at any time.
                actions.push(Action::Die);
                if self.overdue(state) {
                    actions.push(Action::Kill);
                }
            }
            Worker::Dies { .. } => actions.push(Action::Die),
            Worker::Works | Worker::Gone => {}
        }
        if Self::take_over(state) {
            actions.push(Action::TakeOver);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let now = state.now;
        match (action, state.mail) {
            (Action::Tick, _) => state.now += 1,
            (Action::CutOff, _) => state.cut_off = true,
            (Action::Join, _) => state.cut_off = false,
            (Action::Send, _) => state.mail = Mail::Going { sent: now },
            (Action::Arrive, Mail::Going { sent }) if !state.cut_off => {
                let answer = renewal(Some(&state.facts()), &Policy::default(), Millis(now));
                if answer == Renewal::Ok {
                    state.expires_at = now + TTL;
                }
                state.mail = Mail::Coming { sent, answer };
            }
            (Action::Lose, _) => state.mail = Mail::None,
            (Action::Answer, Mail::Coming { sent, answer }) if !state.cut_off => {
                state.mail = Mail::None;
                if state.worker == Worker::Works {
                    if answer == Renewal::Ok {
                        state.renewed = if self.since == Since::Sending { sent } else { now };
                        state.renewals = (state.renewals + 1).min(2);
                    } else {
                        state.worker = Worker::Leaves { since: now };
                    }
                }
            }
            (Action::Arrive | Action::Answer, _) => return None,
            (Action::Stop, _) => state.worker = Worker::Leaves { since: now },
            (Action::Kill, _) => state.worker = Worker::Dies { since: now },
            (Action::Die, _) => state.worker = Worker::Gone,
            (Action::TakeOver, _) => (state.ended, state.elsewhere) = (true, true),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(APART, |_, state: &State| !(state.elsewhere && state.worker != Worker::Gone)),
            Property::sometimes(AWAY, |_, state: &State| state.elsewhere),
            Property::sometimes(KEPT, |_, state: &State| state.renewals > 1 && state.now > TTL),
        ]
    }
}

fn overlaps(host: Host) -> String {
    let when = HasDiscoveries::AllOf(std::collections::BTreeSet::from([APART]));
    let path = host.checker().finish_when(when).spawn_bfs().join().assert_any_discovery(APART);
    path.into_actions().iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_host_that_is_cut_off_has_stopped_before_another_may_start() {
    let host = Host { cut: Cut::of(TTL, GRACE), since: Since::Sending };
    let checker = host.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checker.assert_no_discovery(APART);
    checker.assert_any_discovery(AWAY);
    checker.assert_any_discovery(KEPT);
    println!("a host that is cut off: {} states", checker.unique_state_count());
}

#[test]
fn counting_from_the_answer_stops_too_late() {
    println!("{}", overlaps(Host { cut: Cut::of(TTL, GRACE), since: Since::Answer }));
}

#[test]
fn stopping_when_the_lease_has_run_out_stops_too_late() {
    let cut = Cut { stop_after: TTL, ..Cut::of(TTL, GRACE) };
    println!("{}", overlaps(Host { cut, since: Since::Sending }));
}

#[test]
fn a_grace_that_is_not_reckoned_with_stops_too_late() {
    let cut = Cut { stop_after: TTL - Cut::of(TTL, GRACE).killing, ..Cut::of(TTL, GRACE) };
    println!("{}", overlaps(Host { cut, since: Since::Sending }));
}
