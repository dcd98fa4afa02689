//! Verbs over several tasks: each is reported, one that fails keeps no other back, the worst decides the exit code.

use andon_core::TaskId;
use andon_server::shape;
use andon_store::sql::tasks::Task;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// The ids that were given, each once; in a worker none means its own task.
///
/// # Errors
/// Usage where there are none.
pub(crate) fn ids(app: &App, given: &[String]) -> Result<Vec<String>, Failure> {
    if given.is_empty() {
        return Ok(vec![app.own_task()?.to_string()]);
    }
    let mut ids: Vec<String> = Vec::new();
    for id in given {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    Ok(ids)
}

/// Acts on each task and reports `<done> <id>  (<where it stands>)`.
///
/// # Errors
/// The failure of a single task; those of several are reported one by one.
pub(crate) fn tasks(
    app: &App,
    ids: &[String],
    done: &str,
    mut act: impl FnMut(TaskId) -> Result<Task, Failure>,
) -> Result<ExitCode, Failure> {
    each(app, ids, |id| {
        let task = act(id)?;
        let json = if app.json { Some(task_json(app, &task.id)?) } else { None };
        let text = format!("{done} {}  ({})", task.id, output::placed(&task, app.now()));
        Ok((text, json))
    })
}

/// Acts on each id and reports a line of text, or JSON: one object for one id, else an array of
/// `{task_id, ok, task, error}`.
///
/// # Errors
/// The failure of a single id; those of several are reported one by one.
pub(crate) fn each<J: Serialize>(
    app: &App,
    ids: &[String],
    mut act: impl FnMut(TaskId) -> Result<(String, Option<J>), Failure>,
) -> Result<ExitCode, Failure> {
    let mut one = |id: &String| -> Result<(String, Option<J>), Failure> { act(id.parse()?) };
    if let [id] = ids {
        let (text, json) = one(id)?;
        match (app.json, json) {
            (true, json) => app.out.print_json(&json),
            (false, _) => app.out.print(&format!("{text}\n")),
        }
        return Ok(ExitCode::Done);
    }
    let mut worst = ExitCode::Done;
    let mut rows = Vec::new();
    for id in ids {
        match one(id) {
            Ok((_, json)) if app.json => {
                rows.push(json!({ "task_id": id, "ok": true, "task": json, "error": null }));
            }
            Ok((text, _)) => app.out.print(&format!("{text}\n")),
            Err(failure) => {
                worst = worst.worst(failure.exit());
                if app.json {
                    let error = json!({
                        "code": failure.code(), "message": failure.to_string(), "hint": failure.hint(),
                    });
                    rows.push(json!({ "task_id": id, "ok": false, "task": null, "error": error }));
                } else {
                    app.out.say(&format!(
                        "andon: {}: {}",
                        output::line(id),
                        output::line(&failure.to_string())
                    ));
                }
            }
        }
    }
    if app.json {
        app.out.print_json(&rows);
    }
    Ok(worst)
}

/// A task with its links.
///
/// # Errors
/// `unknown_task`, or the database's.
pub(crate) fn task_json(app: &App, id: &TaskId) -> Result<andon_api::Task, Failure> {
    let shown = app.shown(id, 0)?;
    Ok(shape::task(&shown.task, &shown.parents, &shown.children))
}
