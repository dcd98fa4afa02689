//! The rows of the store as they cross the wire, and as the command line prints them: the one mapping.

use std::collections::BTreeMap;

use andon_api::{
    Action, Assignee, Attachment, Card, Clear, Comment, Consumed, Consumption, Cooldown, Diagnostic,
    Dispatcher, Event, Host, Hosts, Lease, Pause, Process, Reason, Run, Running, Stats, Task, TaskFindings,
    TaskRef, Time, UsageDay,
};
use andon_core::{Millis, TaskId};
use andon_engine::inspect::ProcessFacts;
use andon_store::query::{Brief, DayOfUse};
use andon_store::sql::runs::Usage;
use andon_store::{query, sql};

fn at(at: Option<Millis>) -> Option<Time> {
    at.map(Time::from)
}

/// Millionths of a dollar as dollars.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "no bill has sixteen digits")]
pub fn dollars(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// A task with its links.
#[must_use]
pub fn task(task: &sql::tasks::Task, parents: &[TaskId], children: &[TaskId]) -> Task {
    let state = &task.state;
    let counters = &state.counters;
    Task {
        id: task.id.clone(),
        title: task.title.clone(),
        body: task.body.clone(),
        status: state.status,
        phase: state.phase,
        assignee: task.assignee.clone(),
        reviewer: task.reviewer.clone(),
        priority: task.priority,
        tenant: task.tenant.clone(),
        parents: parents.to_vec(),
        children: children.to_vec(),
        block_kind: state.block.as_ref().map(|block| block.kind),
        block_reason: state.block.as_ref().map(|block| block.reason.clone()),
        blocked_at: at(state.block.as_ref().map(|block| block.at)),
        eligible_at: at(state.eligible.as_ref().map(|eligible| eligible.at)),
        eligible_reason: state.eligible.as_ref().map(|eligible| eligible.reason.clone()),
        scheduled_at: at(state.scheduled_at),
        held: state.held,
        parents_waived: state.parents_waived,
        consecutive_failures: counters.failures,
        reclaims: counters.reclaims,
        rate_limits: counters.rate_limits,
        interruptions: counters.interruptions,
        blocks: counters.blocks,
        review_rounds: counters.review_rounds,
        last_failure_error: state.last_failure_error.clone(),
        current_run_id: state.current_run.clone(),
        workspace_kind: task.workspace_kind,
        workspace_path: task.workspace_path.clone(),
        branch: task.branch.clone(),
        model: task.model.clone(),
        skills: task.skills.clone(),
        requires: task.requires.clone(),
        max_runtime: task.max_runtime,
        max_retries: task.max_retries,
        goal_mode: task.goal_mode,
        goal_max_turns: task.goal_max_turns,
        idempotency_key: task.idempotency_key.clone(),
        session_id: task.session_id.clone(),
        workflow_template_id: task.workflow_template_id.clone(),
        step_key: task.step_key.clone(),
        generation: task.generation,
        result: task.result.clone(),
        created_by: task.created_by.clone(),
        created_by_run: task.created_by_run.clone(),
        created_at: task.created_at.into(),
        updated_at: task.updated_at.into(),
        started_at: at(state.started_at),
        completed_at: at(state.completed_at),
    }
}

/// A card.
#[must_use]
pub fn card(card: query::Card) -> Card {
    Card {
        id: card.id,
        title: card.title,
        status: card.status,
        phase: card.phase,
        assignee: card.assignee,
        reviewer: card.reviewer,
        priority: card.priority,
        tenant: card.tenant,
        block_kind: card.block_kind,
        block_reason: card.block_reason,
        blocked_at: at(card.blocked_at),
        eligible_at: at(card.eligible_at),
        eligible_reason: card.eligible_reason,
        scheduled_at: at(card.scheduled_at),
        held: card.held,
        consecutive_failures: card.consecutive_failures,
        current_run_id: card.current_run,
        run_started_at: at(card.run_started_at),
        progress_at: at(card.progress_at),
        progress_note: card.progress_note,
        parents: card.parents,
        open_parents: card.open_parents,
        children: card.children,
        children_done: card.children_done,
        comments: card.comments,
        attachments: card.attachments,
        runs: card.runs,
        cost_usd: card.cost_micros.map(dollars),
        latest_summary: card.latest_summary,
        last_failure_error: card.last_failure_error,
        workspace_kind: card.workspace_kind,
        created_by: card.created_by,
        created_at: card.created_at.into(),
        updated_at: card.updated_at.into(),
        started_at: at(card.started_at),
        completed_at: at(card.completed_at),
    }
}

/// A task in a few words.
#[must_use]
pub fn brief(brief: &Brief) -> TaskRef {
    TaskRef { id: brief.id.clone(), title: brief.title.clone(), status: brief.status }
}

/// A comment.
#[must_use]
pub fn comment(comment: &sql::comments::Comment) -> Comment {
    Comment {
        id: comment.id,
        author: comment.author.clone(),
        author_kind: comment.author_kind.clone(),
        run_id: comment.run.clone(),
        body: comment.body.clone(),
        created_at: comment.created_at.into(),
    }
}

/// An event.
#[must_use]
pub fn event(event: &sql::events::Event) -> Event {
    Event {
        number: event.number,
        task_id: event.task.clone(),
        run_id: event.run.clone(),
        kind: event.kind.clone(),
        actor: event.actor.clone(),
        payload: event.data.clone(),
        created_at: event.at.into(),
    }
}

/// A run.
#[must_use]
pub fn run(run: &sql::runs::Run) -> Run {
    Run {
        id: run.id.clone(),
        task_id: run.task.clone(),
        attempt: run.attempt,
        kind: run.kind,
        outcome: run.outcome,
        profile: run.profile.clone(),
        host: run.host.clone(),
        by_hand: run.by_hand,
        started_at: run.started_at.into(),
        spawned_at: at(run.spawned_at),
        ended_at: at(run.ended_at),
        reaped_at: at(run.reaped_at),
        exit_code: run.exit_code,
        signal: run.signal,
        summary: run.summary.clone(),
        metadata: run.metadata.clone(),
        error: run.error.clone(),
        workspace_path: run.workspace_path.clone(),
        session: run.usage.session_ref.clone(),
        model: run.usage.model.clone(),
        consumption: consumption(&run.usage),
    }
}

/// What was consumed.
fn consumption(usage: &Usage) -> Consumption {
    Consumption {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cached_tokens: usage.cached_tokens,
        cost_usd: usage.cost_micros.map(dollars),
    }
}

/// A process of a run, as it is now.
#[must_use]
pub fn process(of: ProcessFacts, now: Millis) -> Process {
    let age = i64::try_from(of.age).unwrap_or(i64::MAX);
    Process {
        pid: of.pid,
        parent: of.parent,
        name: of.name,
        state: of.state.to_string(),
        started_at: Millis(now.0.saturating_sub(age)).into(),
        threads: of.threads,
        memory_bytes: of.memory_bytes,
        virtual_bytes: of.virtual_bytes,
        descriptors: of.descriptors,
        cpu_millis: of.cpu_millis,
    }
}

/// A lease.
#[must_use]
pub fn lease(lease: &sql::leases::Lease) -> Lease {
    Lease {
        run_id: lease.run.clone(),
        expires_at: lease.facts.expires_at.into(),
        host: lease.holder.as_ref().map(|holder| holder.host.clone()),
        pid: lease.holder.as_ref().map(|holder| holder.pid),
        progress_at: at(lease.progress_at),
        progress_note: lease.progress_note.clone(),
    }
}

/// An attachment.
#[must_use]
pub fn attachment(attachment: &sql::attachments::Attachment) -> Attachment {
    Attachment {
        id: attachment.id,
        name: attachment.name.clone(),
        content_type: attachment.content_type.clone(),
        size: attachment.size,
        sha256: attachment.sha256.clone(),
        run_id: attachment.run.clone(),
        added_by: attachment.added_by.clone(),
        created_at: attachment.created_at.into(),
    }
}

/// A reason.
#[must_use]
pub fn reason(reason: andon_core::why::Reason) -> Reason {
    Reason {
        code: reason.code.to_owned(),
        message: reason.message,
        until: at(reason.until),
        clear: reason.clear.map(|clear| Clear { command: clear.command }),
    }
}

/// A finding.
#[must_use]
pub fn diagnostic(found: &andon_core::diagnose::Diagnostic) -> Diagnostic {
    let actions = found.actions.iter().map(|action| Action {
        kind: action.kind,
        label: action.label.clone(),
        command: action.command.clone(),
        suggested: action.suggested,
    });
    Diagnostic {
        kind: found.kind,
        severity: found.severity,
        title: found.title.clone(),
        detail: found.detail.clone(),
        actions: actions.collect(),
        first_seen_at: found.first_seen_at.into(),
        last_seen_at: found.last_seen_at.into(),
        count: found.count,
        run_id: found.run_id.clone(),
        data: found.data.clone(),
    }
}

/// The findings of a task.
#[must_use]
pub fn findings(task: &andon_core::diagnose::TaskDiagnostics) -> TaskFindings {
    TaskFindings {
        task_id: task.task_id.clone(),
        title: task.title.clone(),
        status: task.status,
        assignee: task.assignee.clone(),
        diagnostics: task.diagnostics.iter().map(diagnostic).collect(),
    }
}

/// A pulled cord.
#[must_use]
pub fn pause(pause: &sql::boards::Pause) -> Pause {
    Pause {
        scope: pause.scope.clone(),
        by: pause.by.clone(),
        reason: pause.reason.clone(),
        at: pause.at.into(),
    }
}

/// Who has tasks, and who could.
#[must_use]
pub fn assignees(counts: Vec<(String, u32)>, profiles: &andon_engine::profile::Profiles) -> Vec<Assignee> {
    let mut tasks: BTreeMap<String, u32> = profiles.names().map(|name| (name.to_owned(), 0)).collect();
    tasks.extend(counts);
    let assignee = |(name, tasks): (String, u32)| {
        let on_disk = profiles.exists(&name);
        Assignee { name, tasks, on_disk }
    };
    tasks.into_iter().map(assignee).collect()
}

/// The counts of a board.
#[must_use]
pub fn stats(stats: &query::Stats) -> Stats {
    let mut by_assignee: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for (assignee, status, count) in &stats.by_assignee {
        let assignee = assignee.clone().unwrap_or_else(|| "(unassigned)".to_owned());
        by_assignee.entry(assignee).or_default().insert(status.to_string(), *count);
    }
    Stats {
        by_status: stats.by_status.iter().map(|(status, count)| (status.to_string(), *count)).collect(),
        by_assignee,
        oldest_ready_age_seconds: stats.oldest_ready.map(|oldest| stats.now.since(oldest).max(0) / 1_000),
        runs_by_outcome: stats.by_outcome.iter().cloned().collect(),
        consumed: stats
            .consumed
            .iter()
            .map(|(profile, runs, usage)| consumed(profile, *runs, usage))
            .collect(),
        running: stats
            .live
            .profiles
            .iter()
            .map(|(profile, count)| Running { profile: profile.clone(), count: *count })
            .collect(),
        paused: stats.pauses.iter().map(pause).collect(),
        cooling_down: stats
            .cooldowns
            .iter()
            .map(|cooldown| Cooldown {
                profile: cooldown.profile.clone(),
                until: cooldown.until.into(),
                step: cooldown.step,
            })
            .collect(),
        dispatchers: stats
            .hosts
            .iter()
            .map(|host| Dispatcher {
                host: host.facts.name.clone(),
                pid: host.facts.pid,
                last_seen: host.last_seen.into(),
            })
            .collect(),
        now: stats.now.into(),
    }
}

fn consumed(profile: &Option<andon_core::ProfileName>, runs: u32, usage: &Usage) -> Consumed {
    Consumed { profile: profile.clone(), runs, consumption: consumption(usage) }
}

/// The hosts of a board.
#[must_use]
pub fn hosts(stats: &query::Stats) -> Hosts {
    let host = |host: &sql::boards::Host| Host {
        name: host.facts.name.clone(),
        live: host.is_live(stats.now),
        last_seen: host.last_seen.into(),
        labels: host.facts.labels.clone(),
        profiles: host.facts.profiles.clone(),
        capacity: host.facts.capacity,
        running: stats.live.on(&host.facts.name),
        pid: host.facts.pid,
    };
    Hosts { hosts: stats.hosts.iter().map(host).collect() }
}

/// A day of use.
#[must_use]
pub fn day(day: &DayOfUse) -> UsageDay {
    let text = Time::from(day.day).as_str().chars().take(10).collect();
    UsageDay { day: text, profile: day.profile.clone(), runs: day.runs, consumption: consumption(&day.usage) }
}
