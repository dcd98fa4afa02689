//! A host that is cut off from its board has stopped its worker before another host may start one: every order of
//! sending, arriving, answering, losing and cutting, in discrete time, over the core's own rules.
//!
//! The host counts from the *sending* of its last good renewal, which is before the board's clock says when it was made. Its
//! supervisor may be frozen or killed at any moment: then its guard acts. A host that is frozen as a whole is not in this
//! model: it can be fenced, not killed.

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
const GUARDED: &str = "another host takes over from a supervisor that its guard has killed";

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
    /// When the guard of a supervisor acts, after the last good renewal was sent. None: there is no guard.
    guard_after: Option<i64>,
    /// Whether supervisors are frozen and killed.
    fails: bool,
}

/// The process that is to stop the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Supervisor {
    Acts,
    Frozen,
    Killed,
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
    /// It is being killed, by its supervisor or by the guard.
    Dies {
        by: i64,
        guard: bool,
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
    supervisor: Supervisor,
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
    Freeze,
    Thaw,
    KillSupervisor,
    /// The guard kills the supervisor and then the worker.
    Guard,
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
    /// What must have happened before time goes on: whoever is not frozen acts in time.
    fn overdue(&self, state: &State) -> bool {
        let dying = matches!(state.worker, Worker::Dies { by, guard: true } if state.now >= by);
        dying || self.is_supervisors(state) || self.is_guards(state)
    }

    /// Whether it is the supervisor's turn to act.
    fn is_supervisors(&self, state: &State) -> bool {
        state.supervisor == Supervisor::Acts
            && match state.worker {
                Worker::Works => state.now >= state.renewed + self.cut.stop_after,
                Worker::Leaves { since } => state.now >= since + self.cut.grace,
                Worker::Dies { by, guard } => !guard && state.now >= by,
                Worker::Gone => false,
            }
    }

    /// Whether it is the guard's: the supervisor is dead, or its moment has come.
    fn is_guards(&self, state: &State) -> bool {
        let left = !matches!(state.worker, Worker::Dies { guard: true, .. } | Worker::Gone);
        self.guard_after.is_some_and(|after| {
            left && (state.supervisor == Supervisor::Killed || state.now >= state.renewed + after)
        })
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
            supervisor: Supervisor::Acts,
            worker: Worker::Works,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if !self.overdue(state) && state.now < END {
            actions.push(Action::Tick);
        }
        if !self.fails {
            // With the failures of supervisors there are orders enough, and losing each message is a cut as well.
            actions.push(if state.cut_off { Action::Join } else { Action::CutOff });
        }
        let acts = state.supervisor == Supervisor::Acts;
        match state.mail {
            Mail::None if acts && state.worker == Worker::Works => actions.push(Action::Send),
            Mail::None => {}
            Mail::Going { .. } => actions.extend([Action::Arrive, Action::Lose]),
            Mail::Coming { .. } if acts => actions.extend([Action::Answer, Action::Lose]),
            Mail::Coming { .. } => actions.push(Action::Lose),
        }
        match state.worker {
            Worker::Works if self.is_supervisors(state) => actions.push(Action::Stop),
            Worker::Leaves { .. } => {
                // It may leave by itself at any time.
                actions.push(Action::Die);
                if self.is_supervisors(state) {
                    actions.push(Action::Kill);
                }
            }
            Worker::Dies { .. } => actions.push(Action::Die),
            Worker::Works | Worker::Gone => {}
        }
        match state.supervisor {
            Supervisor::Acts if self.fails => actions.extend([Action::Freeze, Action::KillSupervisor]),
            Supervisor::Frozen => actions.extend([Action::Thaw, Action::KillSupervisor]),
            Supervisor::Acts | Supervisor::Killed => {}
        }
        if self.is_guards(state) {
            actions.push(Action::Guard);
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
            (Action::Kill, _) => state.worker = Worker::Dies { by: now + self.cut.killing, guard: false },
            (Action::Freeze, _) => state.supervisor = Supervisor::Frozen,
            (Action::Thaw, _) => state.supervisor = Supervisor::Acts,
            (Action::KillSupervisor, _) => state.supervisor = Supervisor::Killed,
            (Action::Guard, _) => {
                state.supervisor = Supervisor::Killed;
                state.worker = Worker::Dies { by: now + self.cut.guard_killing(), guard: true };
            }
            (Action::Die, _) => state.worker = Worker::Gone,
            (Action::TakeOver, _) => (state.ended, state.elsewhere) = (true, true),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(APART, |_, state: &State| !(state.elsewhere && state.worker != Worker::Gone)),
            Property::sometimes(AWAY, |_, state: &State| state.elsewhere),
            Property::sometimes(GUARDED, |host: &Self, state: &State| {
                // Nobody to be guarded from is no failure of the rule.
                !host.fails || state.elsewhere && state.supervisor == Supervisor::Killed
            }),
            Property::sometimes(KEPT, |_, state: &State| state.renewals > 1 && state.now > TTL),
        ]
    }
}

fn overlaps(host: Host) -> String {
    let when = HasDiscoveries::AllOf(std::collections::BTreeSet::from([APART]));
    let path = host.checker().finish_when(when).spawn_bfs().join().assert_any_discovery(APART);
    path.into_actions().iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(" ")
}

/// The rule as it is.
fn rule() -> Host {
    let cut = Cut::of(TTL, GRACE);
    Host { cut, since: Since::Sending, guard_after: Some(cut.guard_after()), fails: true }
}

/// The rule without guards, where nobody needs one.
fn unguarded(cut: Cut, since: Since) -> Host {
    Host { cut, since, guard_after: None, fails: false }
}

fn holds(host: Host) -> usize {
    let checker = host.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checker.assert_no_discovery(APART);
    for reached in [AWAY, KEPT, GUARDED] {
        checker.assert_any_discovery(reached);
    }
    checker.unique_state_count()
}

#[test]
fn a_host_that_is_cut_off_has_stopped_before_another_may_start() {
    let states = holds(unguarded(Cut::of(TTL, GRACE), Since::Sending));
    println!("a host that is cut off: {states} states");
}

#[test]
fn so_has_one_whose_supervisor_is_frozen_or_killed() {
    println!("a host that is cut off, and its supervisor frozen or killed: {} states", holds(rule()));
}

#[test]
fn without_a_guard_a_frozen_supervisor_stops_too_late() {
    println!("{}", overlaps(Host { guard_after: None, ..rule() }));
}

#[test]
fn a_guard_that_waits_for_the_end_of_the_lease_stops_too_late() {
    println!("{}", overlaps(Host { guard_after: Some(TTL), ..rule() }));
}

#[test]
fn counting_from_the_answer_stops_too_late() {
    println!("{}", overlaps(unguarded(Cut::of(TTL, GRACE), Since::Answer)));
}

#[test]
fn stopping_when_the_lease_has_run_out_stops_too_late() {
    let cut = Cut { stop_after: TTL, ..Cut::of(TTL, GRACE) };
    println!("{}", overlaps(unguarded(cut, Since::Sending)));
}

#[test]
fn a_grace_that_is_not_reckoned_with_stops_too_late() {
    let cut = Cut { stop_after: TTL - Cut::of(TTL, GRACE).killing, ..Cut::of(TTL, GRACE) };
    println!("{}", overlaps(unguarded(cut, Since::Sending)));
}
