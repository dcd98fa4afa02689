//! `andon swarm`: a goal for several workers, one who checks and one who puts it together (CL-21).

use andon_core::task::{Refusal, Status};
use andon_core::{ProfileName, TaskId};
use andon_store::operation::{Complete, Create, NewTask};
use andon_store::sql::tasks::Task;
use clap::Args;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::input;

/// Give a goal to several workers at once, then to one who checks and one who puts it together
#[derive(Args, Clone, Debug)]
pub(crate) struct SwarmArgs {
    /// What is to be reached
    goal: String,
    /// A worker: PROFILE:TITLE or PROFILE:TITLE:SKILL,SKILL; may be said several times
    #[arg(long = "worker", value_name = "WORKER", value_parser = worker, required_unless_present = "profiles")]
    workers: Vec<Worker>,
    /// Workers for the goal itself: profiles, separated by commas
    #[arg(long = "workers", value_name = "PROFILES", value_parser = profile, value_delimiter = ',')]
    profiles: Vec<ProfileName>,
    /// Who checks what all of them did
    #[arg(long, value_name = "PROFILE")]
    verifier: ProfileName,
    /// Who puts the checked results together
    #[arg(long, value_name = "PROFILE")]
    synthesizer: ProfileName,
    /// A name space inside the board
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Higher goes first
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_name = "N")]
    priority: i64,
    /// Swarms with the same key are one swarm
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// One worker of a swarm.
#[derive(Clone, Debug)]
struct Worker {
    profile: ProfileName,
    title: String,
    skills: Vec<String>,
}

fn profile(text: &str) -> Result<ProfileName, String> {
    text.parse().map_err(|error: andon_core::id::InvalidId| error.to_string())
}

fn worker(text: &str) -> Result<Worker, String> {
    let mut parts = text.splitn(3, ':');
    let (name, title) = (parts.next().unwrap_or_default(), parts.next().map(str::trim).unwrap_or_default());
    if title.is_empty() {
        return Err("a worker is PROFILE:TITLE or PROFILE:TITLE:SKILL,SKILL".to_owned());
    }
    let skills = parts.next().map(input::names).unwrap_or_default();
    Ok(Worker { profile: profile(name)?, title: title.to_owned(), skills })
}

/// Makes the whole graph before its root is finished: nothing of it starts until it stands. With a key, a call that was
/// cut short is taken up where it ended.
pub(crate) fn run(app: &App, args: SwarmArgs) -> Result<ExitCode, Failure> {
    if app.in_worker() {
        let actor = app.caller()?.actor.to_string();
        let why = "only a person starts a swarm; `andon create --parent` makes tasks one by one";
        return Err(Refusal::Forbidden { actor, verb: "start a swarm from", why }.into());
    }
    let workers = args.all_workers();
    check(app, &args, &workers)?;
    let root = NewTask { held: true, body: Some(args.goal.clone()), ..args.part(&args.goal, "") };
    let root = create(app, root)?;
    let part = |title: &str, body: &str, suffix: &str, profile: &ProfileName, parents: Vec<TaskId>| NewTask {
        body: Some(format!("{body}\n\n{}", protocol(&root.id))),
        assignee: Some(profile.clone()),
        parents,
        ..args.part(title, suffix)
    };
    let mut ids = Vec::new();
    for (index, worker) in workers.iter().enumerate() {
        let (title, suffix) = (&worker.title, format!(":worker:{index}"));
        let task = part(title, title, &suffix, &worker.profile, vec![root.id.clone()]);
        ids.push(create(app, NewTask { skills: worker.skills.clone(), ..task })?.id);
    }
    let title = format!("Check: {}", args.goal);
    let verifier = create(app, part(&title, CHECK, ":verifier", &args.verifier, ids.clone()))?;
    let title = format!("Put together: {}", args.goal);
    let parents = vec![verifier.id.clone()];
    let synthesizer = create(
        app,
        part(
            &title,
            "Put the checked results together into one.",
            ":synthesizer",
            &args.synthesizer,
            parents,
        ),
    )?;
    if root.state.status != Status::Done {
        finish(app, &root.id, &args.goal, workers.len())?;
    }
    report(app, &root.id, &ids, &verifier.id, &synthesizer.id);
    Ok(ExitCode::Done)
}

const CHECK: &str = "Check what the parents handed over against the goal. Complete with metadata {\"gate\": \"pass\"}, or block.";

/// Everybody is known before anything is made.
fn check(app: &App, args: &SwarmArgs, workers: &[Worker]) -> Result<(), Failure> {
    let roster = app.roster()?;
    for worker in workers {
        roster.get(&worker.profile)?;
        roster.check_skills(&worker.profile, &worker.skills)?;
    }
    roster.get(&args.verifier)?;
    roster.get(&args.synthesizer)?;
    Ok(())
}

impl SwarmArgs {
    fn all_workers(&self) -> Vec<Worker> {
        let own = self.profiles.iter().map(|profile| Worker {
            profile: profile.clone(),
            title: self.goal.clone(),
            skills: Vec::new(),
        });
        self.workers.iter().cloned().chain(own).collect()
    }

    /// A task of the swarm, under its part of the key.
    fn part(&self, title: &str, suffix: &str) -> NewTask {
        NewTask {
            title: title.to_owned(),
            tenant: self.tenant.clone(),
            priority: self.priority,
            idempotency_key: self.idempotency_key.as_ref().map(|key| format!("{key}{suffix}")),
            ..NewTask::default()
        }
    }
}

fn protocol(root: &TaskId) -> String {
    format!("This is a part of the swarm {root}. What the others should know goes into comments on {root}.")
}

fn create(app: &App, mut task: NewTask) -> Result<Task, Failure> {
    // The goal may be longer than a title.
    task.title = andon_core::text::first_line(&task.title, andon_core::text::TITLE_LIMIT);
    let created = app.run(Create {
        task,
        caller: app.caller()?,
        roster: app.roster()?,
        default_workdir: None,
        policy: app.policy()?,
    })?;
    Ok(created.task)
}

/// The root is finished at once: its workers may start.
fn finish(app: &App, root: &TaskId, goal: &str, workers: usize) -> Result<(), Failure> {
    app.run(Complete {
        task: root.clone(),
        caller: app.caller()?,
        result: Some(format!("a swarm of {workers} workers")),
        summary: None,
        metadata: json!({ "kind": "swarm", "goal": goal, "worker_count": workers }),
        created_cards: Vec::new(),
        kept: Vec::new(),
        policy: app.policy()?,
    })?;
    app.settle()
}

fn report(app: &App, root: &TaskId, workers: &[TaskId], verifier: &TaskId, synthesizer: &TaskId) {
    if app.json {
        let value: Value = json!({
            "root_id": root, "worker_ids": workers, "verifier_id": verifier, "synthesizer_id": synthesizer,
        });
        return app.out.print_json(&value);
    }
    let workers: Vec<&str> = workers.iter().map(TaskId::as_str).collect();
    app.out.print(&format!(
        "root         {root}\nworkers      {}\nverifier     {verifier}\nsynthesizer  {synthesizer}\n",
        workers.join(" ")
    ));
}
