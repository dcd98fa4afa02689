//! One board as a dispatcher serves it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use andon_core::roster::{ProfileFacts, Roster};
use andon_core::run::{Ending, Failure};
use andon_core::task::Status;
use andon_core::{BoardSlug, Millis, ProfileName, TaskId};
use andon_process::{Identity, SelfExe, Slot, boot_id};
use andon_store::operation::{BlockUnrunnable, Claim, Claimed, EndRun, FireDue, JudgeLease, Seen};
use andon_store::query::{Deadlines, Glance, Glimpse, LiveRuns, ReadyAssignees, ReadyOf, StatsOf};
use andon_store::sql::boards::HostFacts;
use andon_store::sql::leases::Lease;
use andon_store::sql::runs::{Run, Words};
use andon_store::{Board, Home, OpError, crash};
use tokio::time::Instant;

use super::keeper::{Keeper, Kept};
use super::report::{Report, Spawned};
use super::reserve::{HandedOver, Reserve};
use super::wake::Wake;
use super::{DispatchError, attention, guard, leftovers, start};
use crate::config::{Config, ConfigError};
use crate::profile::Profiles;
use crate::reconcile::{Patience, Reconciled, reconcile};
use crate::roster::roster;
use crate::settings::{self, BoardSettings};

/// Claims that one transaction makes.
const BATCH: u32 = 16;
/// A back-off that `--until-idle` waits for, milliseconds.
const WORTH_WAITING: i64 = 60_000;

/// Configuration and profiles of a home, as last read.
pub(super) struct Loaded {
    pub(super) config: Config,
    pub(super) profiles: Profiles,
}

impl Loaded {
    pub(super) fn read(home: &Path) -> Result<Self, ConfigError> {
        Ok(Self { config: settings::load_config(home)?, profiles: Profiles::load(home) })
    }
}

/// Where supervisors of a board write what they have to say.
pub(super) fn supervisors_log(board: &Path) -> PathBuf {
    board.join("logs").join("supervisors.log")
}

/// What a pass works with.
pub(super) struct Context<'a> {
    pub(super) home: &'a Home,
    pub(super) exe: &'a SelfExe,
    pub(super) reserve: &'a Mutex<Reserve>,
    pub(super) loaded: &'a Loaded,
    /// The slow sweep is due.
    pub(super) sweeping: bool,
    /// A supervisor may have gone.
    pub(super) reconciling: bool,
    pub(super) dry_run: bool,
    /// Starts that are left.
    pub(super) left: Option<u32>,
}

/// A board that is served.
pub(super) struct Served {
    slug: BoardSlug,
    board: Option<Board>,
    settings: Option<(BoardSettings, Roster)>,
    deadline: Option<Millis>,
    /// The supervisors that were at work at the last look.
    supervisors: Vec<Identity>,
    /// Not looked at before, after a failure.
    resting: Option<Instant>,
    rests: u32,
    /// Whether this host has told the board that it is there since it was opened.
    announced: bool,
    /// Renews the leases of this host, where other hosts use the board as well.
    keeper: Option<Keeper>,
    /// The newest event when the last pass began, unless a run of this host lived then.
    settled: Option<i64>,
}

/// Whether `--until-idle` goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    /// Nothing is left to do.
    No,
    /// Until something ends, or a back-off does.
    Waits,
    /// Something came up while the last pass was at work, and has not been looked at.
    Again,
}

impl Served {
    pub(super) fn new(slug: BoardSlug) -> Self {
        Self {
            slug,
            board: None,
            settings: None,
            deadline: None,
            supervisors: Vec::new(),
            resting: None,
            rests: 0,
            announced: false,
            keeper: None,
            settled: None,
        }
    }

    /// When a board that failed is tried again.
    pub(super) fn resting(&self) -> Option<Instant> {
        self.resting
    }

    /// When something is due by the clock.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.deadline
    }

    pub(super) fn forget_settings(&mut self) {
        self.settings = None;
    }

    /// Whether a supervisor has gone since the last look; those of an earlier dispatcher send no signal to this one.
    pub(super) fn lost_a_supervisor(&self) -> bool {
        self.supervisors.iter().any(|supervisor| !supervisor.is_alive())
    }

    /// Whether others have committed without a ring that was heard.
    pub(super) fn changed(&self) -> bool {
        self.board.as_ref().is_some_and(|board| board.changed().unwrap_or(true))
    }

    /// A board that failed rests, longer each time: 1 s to 5 min, or to 5 s where the failure may pass by itself. Its
    /// connections are closed.
    pub(super) fn rest(&mut self, may_pass: bool) {
        self.rests = self.rests.saturating_add(1);
        let longest = Duration::from_secs(if may_pass { 5 } else { 300 });
        let wait = Duration::from_secs(1_u64 << self.rests.min(9)).min(longest);
        self.resting = Some(Instant::now() + wait);
        self.board = None;
        self.deadline = None;
        self.announced = false;
        self.keeper = None;
        self.settled = None;
    }

    /// One pass, in this order: what has ended, what is due, what can start, what a person should know.
    pub(super) async fn pass(
        &mut self,
        context: &Context<'_>,
        wake: &mut Wake,
    ) -> Result<Report, DispatchError> {
        if self.resting.is_some_and(|until| Instant::now() < until) {
            return Ok(Report::default());
        }
        let board = self.open(context)?;
        wake.listen(&board);
        wake.drain(&self.slug);
        if self.settings.is_none() || context.sweeping {
            let settings = settings::of_board(context.home, &self.slug, &context.loaded.config)?;
            let roster =
                roster(&context.loaded.profiles, &settings.config, settings.file.reviewer.as_deref());
            self.settings = Some((settings, roster));
        }
        let Some((settings, roster)) = &self.settings else { return Ok(Report::default()) };
        let pass = Pass { board: &board, settings, roster, context };
        let mut report = Report::default();
        if context.dry_run {
            pass.preview(&mut report).await?;
            return Ok(report);
        }
        let host = pass.host();
        // First of all: two hosts of one name would take each other's runs for their own.
        if context.sweeping || !self.announced {
            board.run(Seen { host: host.clone() }).await?;
            self.announced = true;
        }
        let begun = board.run(Glance).await?;
        let mut look = Look { board: &board, glimpse: begun };
        let live = if begun.live > 0 { pass.end(&mut report, &mut look).await? } else { Live::default() };
        pass.due(&mut report, &mut look).await?;
        pass.start(&mut report, &mut look).await?;
        pass.tell().await?;
        self.deadline = next(&board, look.glimpse);
        self.settled = (!live.own).then_some(begun.head);
        self.supervisors = live.supervisors;
        if board.on_hosts() {
            let keeper = self.keeper.get_or_insert_with(|| Keeper::of(&board));
            keeper.keep(host, settings.policy.clone(), live.kept);
        }
        self.rests = 0;
        self.resting = None;
        Ok(report)
    }

    fn open(&mut self, context: &Context<'_>) -> Result<Board, DispatchError> {
        if let Some(board) = &self.board {
            return Ok(board.clone());
        }
        let board = context.home.join(&self.slug)?;
        self.board = Some(board.clone());
        self.announced = false;
        self.keeper = None;
        Ok(board)
    }

    /// Whether `--until-idle` still waits for this board. What has come up since the last pass began is for another pass:
    /// a run that lived then may have ended meanwhile, and given its task back.
    pub(super) async fn busy(&self, spent: bool) -> Result<Busy, DispatchError> {
        let Some(board) = &self.board else { return Ok(Busy::No) };
        let glimpse = board.run(Glance).await?;
        if glimpse.live > 0 && board.run(LiveRuns).await?.iter().any(|(run, lease)| own(run, lease.as_ref()))
        {
            return Ok(Busy::Waits);
        }
        if spent {
            return Ok(Busy::No);
        }
        let now = board.world().now();
        let undone = glimpse.claimable(now) || glimpse.deadlines.queued;
        if undone && self.settled != Some(glimpse.head) {
            return Ok(Busy::Again);
        }
        let soon = glimpse.deadlines.eligible.is_some_and(|at| at.since(now) <= WORTH_WAITING);
        Ok(if soon && !self.paused(board).await? { Busy::Waits } else { Busy::No })
    }

    async fn paused(&self, board: &Board) -> Result<bool, OpError> {
        let stats = board.run(StatsOf).await?;
        Ok(stats.pauses.iter().any(|pause| !pause.scope.starts_with("profile:")))
    }

    /// Tasks that are neither done nor archived.
    pub(super) async fn unfinished(&self) -> Result<u32, DispatchError> {
        let Some(board) = &self.board else { return Ok(0) };
        let stats = board.run(StatsOf).await?;
        let open = |status: Status| !status.is_terminal();
        Ok(stats.by_status.iter().filter(|(status, _)| open(*status)).map(|(_, count)| count).sum())
    }
}

/// When the clock brings something. A deadline that has passed and was not met waits for something else; the sweep looks
/// again.
fn next(board: &Board, glimpse: Glimpse) -> Option<Millis> {
    let Deadlines { eligible, scheduled, lease, cooldown, .. } = glimpse.deadlines;
    let now = board.world().now();
    [eligible, scheduled, lease, cooldown].into_iter().flatten().filter(|at| *at >= now).min()
}

/// Whether a run is this host's to bring to its end.
fn own(run: &Run, lease: Option<&Lease>) -> bool {
    let holder = lease.and_then(|lease| lease.holder.as_ref());
    !run.by_hand && holder.is_none_or(|holder| holder.host == crate::host::name())
}

/// What a pass knows of its board, and learns anew when it has changed something.
struct Look<'a> {
    board: &'a Board,
    glimpse: Glimpse,
}

impl Look<'_> {
    async fn again(&mut self) -> Result<(), OpError> {
        self.glimpse = self.board.run(Glance).await?;
        Ok(())
    }
}

/// The runs that go on.
#[derive(Default)]
struct Live {
    /// Their supervisors, where they are of this host.
    supervisors: Vec<Identity>,
    /// Whether a run of this host lived when the pass began.
    own: bool,
    /// The leases that this host renews.
    kept: Vec<Kept>,
}

struct Pass<'a> {
    board: &'a Board,
    settings: &'a BoardSettings,
    roster: &'a Roster,
    context: &'a Context<'a>,
}

impl Pass<'_> {
    /// Runs whose supervisors are gone: exit records are handed in, trees stopped, runs reaped.
    /// Gives what goes on.
    async fn end(&self, report: &mut Report, look: &mut Look<'_>) -> Result<Live, OpError> {
        let patience = Patience {
            stop: self.settings.config.stop_grace.as_millis() + self.settings.policy.lease_ttl / 3 + 5_000,
        };
        let now = self.board.world().now();
        let (mut live, mut looked) = (Live::default(), false);
        for (run, lease) in self.board.run(LiveRuns).await? {
            let holder = lease.as_ref().and_then(|lease| lease.holder.as_ref()).map(crate::host::identity);
            live.own |= own(&run, lease.as_ref());
            let expired = lease.as_ref().is_none_or(|lease| lease.facts.expires_at <= now);
            if self.context.reconciling || expired || run.ended_at.is_some() {
                looked = true;
                match reconcile(self.board, &run, lease.as_ref(), patience, &self.settings.policy).await? {
                    Reconciled::Reaped => {
                        report.reaped.push(run.id.to_string());
                        continue;
                    }
                    Reconciled::Extended => report.extended.push(run.id.to_string()),
                    // What cannot be stopped now is looked at by the sweep, not at every glance.
                    Reconciled::Waiting => continue,
                    Reconciled::Left => {}
                }
            }
            // Whoever claimed a run and has not started its supervisor is watched like one.
            let claimer =
                lease.as_ref().and_then(|lease| lease.claimer.as_ref()).filter(|_| holder.is_none());
            let claimer = claimer.filter(|claimer| claimer.host == crate::host::name());
            live.supervisors.extend(claimer.map(crate::host::identity).filter(Identity::is_alive));
            if let Some(supervisor) = holder.filter(Identity::is_alive) {
                live.supervisors.push(supervisor);
                live.kept.extend(lease.and_then(|lease| Kept::of(self.board, &run, lease)));
            }
        }
        if looked {
            look.again().await?;
        }
        Ok(live)
    }

    /// What this host says of itself.
    fn host(&self) -> HostFacts {
        let config = &self.settings.config;
        let runs = |(_, facts): &(&ProfileName, &ProfileFacts)| !facts.lane;
        HostFacts {
            name: crate::host::name(),
            machine: crate::host::machine(),
            boot_id: boot_id().unwrap_or_default(),
            pid: i64::from(std::process::id()),
            labels: config.host_labels.clone(),
            profiles: self.roster.profiles.iter().filter(runs).map(|(name, _)| name.to_string()).collect(),
            capacity: config.max_running_per_host,
        }
    }

    /// What the clock and the queue ask for.
    async fn due(&self, report: &mut Report, look: &mut Look<'_>) -> Result<(), OpError> {
        let policy = &self.settings.policy;
        let deadlines = look.glimpse.deadlines;
        let mut changed = false;
        if deadlines.scheduled.is_some_and(|at| at <= self.board.world().now()) {
            let fired = self.board.run(FireDue { policy: policy.clone() }).await?;
            report.fired.extend(fired.iter().map(TaskId::to_string));
            changed = true;
        }
        if deadlines.queued {
            self.board.settle_queued(policy).await?;
            changed = true;
        }
        if self.context.sweeping {
            leftovers::remove(self.board).await?;
            if look.glimpse.todo {
                let found = self.board.sweep(policy).await?;
                for task in &found {
                    tracing::error!(%task, "a task waited though nothing held it: please report this defect");
                }
                report.promoted_by_sweep.extend(found.iter().map(TaskId::to_string));
                changed |= !found.is_empty();
            }
        }
        if changed {
            look.again().await?;
        }
        if look.glimpse.ready { self.unrunnable(report).await } else { Ok(()) }
    }

    /// Tasks of profiles that are nowhere are blocked before any start; those of lanes and broken profiles wait.
    async fn unrunnable(&self, report: &mut Report) -> Result<(), OpError> {
        if let Some(error) = &self.context.loaded.profiles.unreadable {
            // Profiles that cannot be read now are not profiles that are gone.
            tracing::error!(%error, "the profiles cannot be read; their tasks wait");
            return Ok(());
        }
        if self.roster.default_assignee.is_none() {
            let unassigned = self.board.run(ReadyOf { assignee: None, limit: 100 }).await?;
            report.skipped_unassigned.extend(unassigned.iter().map(TaskId::to_string));
        }
        for name in self.board.run(ReadyAssignees).await? {
            let known = name.parse().ok().and_then(|name| self.roster.profiles.get(&name));
            let broken = self.roster.broken.get(&name);
            if known.is_some_and(|facts| !facts.lane) {
                continue;
            }
            let tasks = self.board.run(ReadyOf { assignee: Some(name.clone()), limit: 100 }).await?;
            let ids = tasks.iter().map(TaskId::to_string);
            match (known, broken) {
                (Some(_), _) => report.skipped_lane.extend(ids),
                (None, Some(_)) => report.skipped_unknown_profile.extend(ids),
                (None, None) => {
                    let reason = format!(
                        "there is no profile {name} in {}, which board {} gave it to",
                        self.context.home.root().join("profiles").display(),
                        self.board.slug()
                    );
                    let policy = self.settings.policy.clone();
                    let blocked = self
                        .board
                        .run(BlockUnrunnable { tasks, profile: name.clone(), reason, policy })
                        .await?;
                    report.blocked_unknown_profile.extend(blocked.iter().map(TaskId::to_string));
                }
            }
        }
        Ok(())
    }

    fn claim(&self, host_room: Option<u32>, batch: u32, skip: Vec<TaskId>) -> Claim {
        let config = &self.settings.config;
        Claim {
            host: crate::host::name(),
            claimer: crate::host::holder().ok(),
            roster: self.roster.clone(),
            max_running: config.max_running,
            max_running_per_profile: config.max_running_per_profile,
            host_room,
            max_running_per_host: config.max_running_per_host,
            labels: config.host_labels.clone(),
            batch,
            skip,
            policy: self.settings.policy.clone(),
        }
    }

    /// Claims as many tasks as the caps allow, and starts their supervisors.
    async fn start(&self, report: &mut Report, look: &mut Look<'_>) -> Result<(), OpError> {
        if !look.glimpse.claimable(self.board.world().now()) {
            return Ok(());
        }
        self.claim_all(report).await?;
        look.again().await
    }

    async fn claim_all(&self, report: &mut Report) -> Result<(), OpError> {
        let held = guard::held_back(self.board).await?;
        report.respawn_guarded.extend(held.iter().map(TaskId::to_string));
        let mut left = self.context.left;
        loop {
            let want = left.unwrap_or(BATCH).min(BATCH);
            let mut slots = self.slots(want);
            let room = slots.as_ref().map(|slots| u32::try_from(slots.len()).unwrap_or(u32::MAX));
            if want == 0 || room == Some(0) {
                return Ok(());
            }
            let claimed = self.board.run(self.claim(room, want, held.clone())).await?;
            crash::point("after_claim_commit");
            let count = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
            for claimed in claimed {
                let slot = slots.as_mut().and_then(Vec::pop);
                self.launch(&claimed, slot, report).await?;
                crash::point("after_launch");
            }
            left = left.map(|left| left.saturating_sub(count));
            if count < want {
                return Ok(());
            }
        }
    }

    /// Free places on this host, held from now on. None: the host has no cap.
    fn slots(&self, want: u32) -> Option<Vec<Slot>> {
        let cap = self.context.loaded.config.max_running_per_host?;
        let folder = self.context.home.root().join("slots");
        let mut slots = Vec::new();
        if let Err(error) = std::fs::create_dir_all(&folder) {
            tracing::error!(%error, "the host's slots cannot be kept: nothing starts");
            return Some(slots);
        }
        while slots.len() < want as usize {
            match Slot::acquire(&folder, cap) {
                Ok(Some(slot)) => slots.push(slot),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the host's slots cannot be counted: nothing more starts");
                    break;
                }
            }
        }
        Some(slots)
    }

    async fn launch(
        &self,
        claimed: &Claimed,
        slot: Option<Slot>,
        report: &mut Report,
    ) -> Result<(), OpError> {
        let home = self.context.home.root();
        let log = supervisors_log(self.board.folder());
        let profile = claimed.run.profile.as_ref().map_or("", ProfileName::as_str);
        let (task, run) = (claimed.task.id.as_str(), claimed.run.id.as_str());
        let mut handed = HandedOver::No;
        let started = tracing::info_span!("start", board = self.board.slug().as_str(), task, run, profile)
            .in_scope(|| {
                let mut reserve = self.context.reserve.lock().unwrap_or_else(PoisonError::into_inner);
                handed = reserve.hand_over(self.board.slug(), claimed, slot.as_ref());
                if handed == HandedOver::Yes {
                    return Ok(());
                }
                start::supervisor(self.context.exe, home, self.board.slug().as_str(), claimed, slot, &log)
            });
        if let Err(error) = started {
            tracing::error!(run = %claimed.run.id, %error, "no supervisor could be started");
            let (run, policy) = (claimed.run.id.clone(), self.settings.policy.clone());
            if handed == HandedOver::Perhaps {
                // Only unless the silent one has taken it after all.
                let judge = JudgeLease { run, holder_alive: None, rebooted: false, unstarted: true, policy };
                return self.board.run(judge).await.map(drop);
            }
            // Its own failure to start counts against no task.
            let end = EndRun {
                run,
                ending: Ending::Failed(Failure::Interrupted),
                error: format!("no supervisor could be started: {error}"),
                words: Words::default(),
                resets_at: None,
                reaped: true,
                policy,
            };
            return self.board.run(end).await;
        }
        report.spawned.push(Spawned {
            task_id: claimed.task.id.to_string(),
            run_id: claimed.run.id.to_string(),
            profile: claimed.run.profile.as_ref().map(ToString::to_string),
            board: self.board.slug().to_string(),
        });
        Ok(())
    }

    /// What would start now; nothing is written.
    async fn preview(&self, report: &mut Report) -> Result<(), OpError> {
        let want = self.context.left.unwrap_or(1_000);
        let claim = andon_store::operation::Preview::of(self.claim(None, want, Vec::new()));
        for claimed in claim.on(self.board).await? {
            report.spawned.push(Spawned {
                task_id: claimed.task.id.to_string(),
                run_id: String::new(),
                profile: claimed.run.profile.as_ref().map(ToString::to_string),
                board: self.board.slug().to_string(),
            });
        }
        Ok(())
    }

    async fn tell(&self) -> Result<(), OpError> {
        match &self.settings.config.on_attention {
            Some(command) => attention::tell(self.board, command.argv()).await,
            None => Ok(()),
        }
    }
}
