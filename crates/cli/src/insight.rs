//! Why a task does not run, and what is wrong with tasks: what the board knows, completed by what this host sees.

use andon_core::TaskId;
use andon_core::diagnose::{TaskDiagnostics, Thresholds, diagnose};
use andon_core::why::{Reason, why};
use andon_engine::config::Duration;
use andon_engine::host;
use andon_store::query::{DiagnosticsOf, Surroundings, WhyOf};

use crate::app::App;
use crate::error::Failure;

/// Everything that keeps a task from running, in order.
///
/// # Errors
/// `unknown_task`, or what is wrong with the settings or the database.
pub(crate) fn reasons(app: &App, task: &TaskId) -> Result<Vec<Reason>, Failure> {
    let settings = app.settings()?;
    let surroundings = Surroundings {
        roster: Some(app.roster()?),
        max_running: settings.config.max_running,
        max_running_per_profile: settings.config.max_running_per_profile,
        caps: Vec::new(),
    };
    let facts = app.run(WhyOf { task: task.clone(), surroundings })?;
    Ok(why(&facts, &settings.policy, app.now()))
}

/// What is wrong with one task, or with all that are not archived; those with findings, the worst first.
///
/// # Errors
/// `unknown_task`, or what is wrong with the settings or the database.
pub(crate) fn diagnostics(app: &App, task: Option<&TaskId>) -> Result<Vec<TaskDiagnostics>, Failure> {
    let settings = app.settings()?;
    let own = &settings.config.diagnostics;
    let whole = |length: Duration, unit: u64| u32::try_from(length.as_secs() / unit).unwrap_or(u32::MAX);
    let thresholds = Thresholds {
        failure_threshold: Some(own.failure_threshold),
        crash_threshold: own.crash_threshold,
        blocked_stale_hours: whole(own.blocked_stale_after, 3_600),
        stranded_threshold_seconds: whole(own.stranded_after, 1),
        block_cycle_threshold: own.block_cycle_threshold,
        block_cycle_window_seconds: whole(own.block_cycle_window, 1),
    };
    let examined = app.run(DiagnosticsOf {
        task: task.cloned(),
        roster: Some(app.roster()?),
        thresholds: thresholds.clone(),
    })?;
    let facts = host::seen_from_here(examined);
    Ok(diagnose(&facts, &thresholds, &settings.policy, app.now()))
}
