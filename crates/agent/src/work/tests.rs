//! The loop with a model that answers from a list and a board that remembers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use andon_core::run::StandDown;
use andon_core::task::BlockKind;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tempfile::TempDir;

use super::desk::{Brief, Desk};
use super::*;
use crate::board::BoardAnswer;
use crate::model::fake::{FakeModel, calls, says};
use crate::model::{Offer, Reply, Request};
use crate::processes::{Running, Start};
use crate::settings::AgentSettings;

#[derive(Default)]
struct FakePort {
    gave_up: Mutex<Vec<(Failure, String, Value)>>,
    blocked: Mutex<Vec<String>>,
    progress: std::sync::atomic::AtomicU32,
    /// Further questions before the run is somebody else's; none: never.
    open_for: Mutex<Option<u32>>,
}

impl RunPort for FakePort {
    fn may_work(&self) -> BoxFuture<'_, Result<Guard, OpError>> {
        let mut left = self.open_for.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match left.as_mut() {
            Some(0) => Guard::StandDown(StandDown::RunEnded),
            Some(left) => {
                *left -= 1;
                Guard::Go
            }
            None => Guard::Go,
        };
        std::future::ready(Ok(answer)).boxed()
    }

    fn progress(&self) -> BoxFuture<'_, ()> {
        self.progress.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        std::future::ready(()).boxed()
    }

    fn give_up(&self, failure: Failure, error: String, metadata: Value) -> BoxFuture<'_, Result<(), String>> {
        self.gave_up.lock().unwrap_or_else(PoisonError::into_inner).push((failure, error, metadata));
        std::future::ready(Ok(())).boxed()
    }

    fn block(&self, _: BlockKind, reason: String) -> BoxFuture<'_, Result<(), String>> {
        self.blocked.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
        std::future::ready(Ok(())).boxed()
    }

    fn now(&self) -> String {
        "2026-01-01T00:00:00Z".to_owned()
    }
}

/// `kanban_complete` ends the run, `kanban_show` answers, `kanban_refuse` refuses.
struct FakeTools;

impl BoardTools for FakeTools {
    fn offers(&self) -> Vec<Offer> {
        ["kanban_complete", "kanban_show", "kanban_refuse"]
            .map(|name| Offer { name: name.to_owned(), description: String::new(), schema: json!({}) })
            .to_vec()
    }

    fn call<'a>(&'a self, name: &'a str, _: &'a Value) -> BoxFuture<'a, Option<BoardAnswer>> {
        let answer = |content: Value, is_error, ended_run| Some(BoardAnswer { content, is_error, ended_run });
        let answer = match name {
            "kanban_complete" => answer(json!({ "ok": true }), false, true),
            "kanban_show" => answer(json!({ "big": "x".repeat(100_000) }), false, false),
            "kanban_refuse" => answer(json!({ "error": { "code": "closed" } }), true, false),
            _ => None,
        };
        std::future::ready(answer).boxed()
    }
}

struct NoProcesses;

impl Processes for NoProcesses {
    fn start(&self, _: &Start<'_>) -> Result<Box<dyn Running>, String> {
        Err("no processes here".to_owned())
    }
}

struct Scene {
    folder: TempDir,
    settings: AgentSettings,
    goal: Option<(String, u32)>,
    earlier: Vec<Turn>,
    kept: Option<Vec<Turn>>,
    port: FakePort,
    said: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let settings = AgentSettings { max_turns: 20, ..AgentSettings::default() };
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            settings,
            goal: None,
            earlier: Vec::new(),
            kept: None,
            port: FakePort::default(),
            said: Vec::new(),
        }
    }

    async fn run(&mut self, model: &FakeModel) -> Finished {
        let (_sender, stop) = Stop::new();
        self.run_until(model, &stop).await
    }

    async fn run_until(&mut self, model: &dyn Model, stop: &Stop) -> Finished {
        let brief = Brief {
            model: "m".to_owned(),
            system: "be good".to_owned(),
            earlier: self.earlier.clone(),
            first: Turn::told("# Kanban task t_0123abcd: x"),
            goal: self.goal.clone(),
        };
        let path = self.folder.path().join("transcript.jsonl");
        let transcript = Transcript::open(Some(&path), andon_store::ambient(), None);
        let meter = Meter::new(Some(self.folder.path().join("usage.json")), "m", &self.settings);
        let workspace = self.folder.path().to_owned();
        let tools = WorkspaceTools::new(workspace, Vec::new(), Arc::new(NoProcesses), self.settings.clone());
        let settings = self.settings.clone();
        let mut desk = Desk::new(brief, settings, model, &self.port, &FakeTools, tools, transcript, meter);
        let finished = desk.run(stop, &mut |line| self.said.push(line.to_owned())).await;
        desk.clear().await;
        let kept = self.folder.path().join("session.json");
        if desk.is_worth_keeping() {
            desk.keep(&kept, "r1", None);
        }
        self.kept = crate::session::load(&kept);
        finished
    }

    fn gave_up(&self) -> (Failure, String, Value) {
        self.port.gave_up.lock().unwrap().last().cloned().expect("it gave up")
    }

    fn transcript(&self) -> Vec<crate::transcript::Entry> {
        let text = std::fs::read_to_string(self.folder.path().join("transcript.jsonl")).unwrap();
        crate::transcript::entries(&text).collect()
    }

    fn usage(&self) -> crate::usage::Usage {
        read_json(&self.folder.path().join("usage.json"))
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn tools_are_carried_out_until_one_ends_the_run() {
    let mut scene = Scene::new();
    let model = FakeModel::new([
        calls("write", json!({ "path": "a", "content": "x" })),
        calls("kanban_complete", json!({ "summary": "done" })),
        says("never asked"),
    ]);
    assert_eq!(scene.run(&model).await, Finished::Ended("the run was ended with kanban_complete".to_owned()));
    assert_eq!(model.calls(), 2);
    assert!(scene.folder.path().join("a").exists());
    assert_eq!(scene.usage().input_tokens, 20);
    let kinds: Vec<String> = scene.transcript().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["system", "told", "answer", "call", "result", "answer", "call", "result", "end"]);
}

/// A model that thinks for long.
struct Thinking(FakeModel);

impl Model for Thinking {
    fn complete<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(40)).await;
            self.0.complete(request).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_agent_does_is_progress_of_its_run() {
    let mut scene = Scene::new();
    let shows = (0..5).map(|number| calls("kanban_show", json!({ "task_id": number })));
    let model = Thinking(FakeModel::new(shows.chain([calls("kanban_complete", json!({}))])));
    let (_sender, stop) = Stop::new();
    assert!(matches!(scene.run_until(&model, &stop).await, Finished::Ended(_)));
    // Six answers of 40 s each: told of at 80 s, 160 s and 240 s.
    assert_eq!(scene.port.progress.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[tokio::test]
async fn words_alone_are_nudged_twice_and_then_kept_as_the_error() {
    let mut scene = Scene::new();
    let model = FakeModel::new([says("I am done"), says("really"), says("the answer is 42")]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert_eq!(model.calls(), 3);
    assert!(model.last_asked().contains("last reminder"));
    let (failure, error, _) = scene.gave_up();
    assert_eq!(failure, Failure::ProtocolViolation);
    assert!(error.contains("the answer is 42"), "{error}");
}

#[tokio::test]
async fn a_tool_between_two_texts_makes_the_reminders_start_anew() {
    let mut scene = Scene::new();
    let model = FakeModel::new([
        says("a"),
        says("b"),
        calls("glob", json!({ "pattern": "*" })),
        says("c"),
        says("d"),
        calls("kanban_complete", json!({})),
    ]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert!(scene.port.gave_up.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_budget_ends_the_run_as_timed_out_after_a_notice() {
    let mut scene = Scene::new();
    scene.settings.max_turns = 5;
    let model = FakeModel::new((0..9).map(|number| calls("read", json!({ "path": format!("f{number}") }))));
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert_eq!(model.calls(), 5);
    let (failure, error, metadata) = scene.gave_up();
    assert_eq!(failure, Failure::TimedOut);
    assert!(error.contains("budget of 5 answers"), "{error}");
    assert_eq!(metadata, json!({ "budget_used": 5, "budget_max": 5 }));
    let asked = model.last_asked();
    assert_eq!(
        (asked.matches("2 answers are left").count(), asked.matches("one answer is left").count()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_loop_is_told_and_then_ended() {
    let mut scene = Scene::new();
    let model = FakeModel::new((0..9).map(|_| calls("read", json!({ "path": "nothing" }))));
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert_eq!(model.calls(), 5);
    assert!(model.last_asked().contains("for the 3th time") || model.last_asked().contains("time of late"));
    let (failure, error, _) = scene.gave_up();
    assert_eq!(failure, Failure::TimedOut);
    assert!(error.contains("5 times") && error.contains("read"), "{error}");
}

#[tokio::test]
async fn unknown_tools_and_refusals_are_answers() {
    let mut scene = Scene::new();
    let model = FakeModel::new([
        calls("kanban_compleet", json!({})),
        calls("kanban_refuse", json!({})),
        calls("kanban_show", Value::String("{broken".to_owned())),
        calls("kanban_show", json!({})),
        calls("kanban_complete", json!({})),
    ]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    let asked = model.last_asked();
    assert!(asked.contains("Did you mean `kanban_complete`?"));
    assert!(asked.contains("closed") && asked.contains("no JSON object"));
    assert!(asked.contains("bytes left out") && asked.len() < 60_000);
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_a_typed_end() {
    let busy = || Err(ModelError::RateLimited { reason: "slow down".to_owned(), retry_after: None });
    let mut scene = Scene::new();
    let finished = scene.run(&FakeModel::new((0..20).map(|_| busy()))).await;
    assert_eq!((finished.code(), matches!(finished, Finished::Busy(_))), (75, true));
    assert!(scene.port.gave_up.lock().unwrap().is_empty());
    assert!(scene.said.iter().any(|line| line.contains("asking again")));
    // How long the provider asked for is handed on: the profile rests for so long.
    let hour = Some(std::time::Duration::from_secs(3_600));
    let long = Err(ModelError::RateLimited { reason: "slow down".to_owned(), retry_after: hour });
    let finished = Scene::new().run(&FakeModel::new([long])).await;
    assert!(finished.sentence().ends_with("try again in 3600 s"), "{}", finished.sentence());
    let expected = [
        (ModelError::Refused { status: 401, reason: "no".to_owned() }, Failure::AuthenticationFailed),
        (
            ModelError::Misconfigured { reason: "no such model".to_owned() },
            Failure::SpawnFailed { missing: true },
        ),
        (ModelError::Malformed { reason: "no JSON".to_owned() }, Failure::Crashed),
        (ModelError::TooLong { reason: "too long".to_owned() }, Failure::Crashed),
    ];
    for (error, failure) in expected {
        let mut scene = Scene::new();
        let model = FakeModel::new((0..9).map(|_| Err(error.clone())));
        assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
        let (given, text, _) = scene.gave_up();
        assert_eq!((given, text), (failure, error.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_cannot_look_at_images_is_asked_again_without_them() {
    let blind =
        || Err(ModelError::Misconfigured { reason: "this model does not support image input".to_owned() });
    let image = crate::model::Part::Image { kind: "image/png".to_owned(), data: "iVBOR".into() };
    let mut scene = Scene::new();
    scene.earlier = vec![Turn::Told(vec![image])];
    let model = FakeModel::new([blind(), calls("kanban_complete", json!({ "summary": "x" }))]);
    assert_eq!(scene.run(&model).await.code(), 0);
    let asked = model.last_asked();
    assert!(!asked.contains("iVBOR") && asked.contains("an image was here"), "{asked}");
    // Without images there is nothing to leave out.
    let mut scene = Scene::new();
    let _ = scene.run(&FakeModel::new([blind(), blind()])).await;
    assert_eq!(scene.port.gave_up.lock().unwrap()[0].0, Failure::SpawnFailed { missing: true });
}

#[tokio::test]
async fn a_run_that_was_ended_by_others_pays_for_no_further_answer() {
    let mut scene = Scene::new();
    scene.port.open_for = Mutex::new(Some(1));
    let model = FakeModel::new((0..9).map(|number| calls("read", json!({ "path": format!("f{number}") }))));
    assert_eq!(scene.run(&model).await, Finished::Ended("the run has ended: run_ended".to_owned()));
    assert_eq!(model.calls(), 1);
    assert!(scene.port.gave_up.lock().unwrap().is_empty());
}

/// Answers never.
struct Silent;

impl Model for Silent {
    fn complete<'a>(&'a self, _: &'a crate::model::Request<'a>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn the_wish_to_end_stops_a_call_of_the_model() {
    let mut scene = Scene::new();
    let (sender, stop) = Stop::new();
    sender.send_replace(true);
    let finished = scene.run_until(&Silent, &stop).await;
    assert_eq!((finished.clone(), finished.code()), (Finished::Stopped, 143));
    assert_eq!(scene.transcript().last().unwrap().kind, "end");
}

fn verdict(word: &str, reason: &str) -> Result<Reply, ModelError> {
    says(&json!({ "verdict": word, "reason": reason }).to_string())
}

#[tokio::test]
async fn in_goal_mode_a_judge_says_whether_it_goes_on() {
    let mut scene = Scene::new();
    scene.goal = Some(("Count".to_owned(), 5));
    let model = FakeModel::new([
        says("half"),
        verdict("continue", "the other half"),
        says("all"),
        verdict("done", "both halves"),
        calls("kanban_complete", json!({})),
    ]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    let asked = model.last_asked();
    assert!(asked.contains("turn 2 of 5") && asked.contains("finds the goal reached"));
    assert_eq!(scene.usage().output_tokens, 25);
}

#[tokio::test]
async fn an_unreachable_goal_blocks_with_the_judge_s_reason() {
    let mut scene = Scene::new();
    scene.goal = Some(("Count".to_owned(), 5));
    let model = FakeModel::new([says("I have no key"), verdict("unachievable", "only a person has the key")]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert!(scene.port.blocked.lock().unwrap()[0].contains("only a person has the key"));
}

#[tokio::test]
async fn a_full_window_is_summarised_and_a_failed_summary_changes_nothing() {
    for (summary, kept) in [(says("read many files"), false), (says(""), true)] {
        let mut scene = Scene::new();
        scene.settings.context_window = 4_000;
        scene.settings.output_limit = 4_096;
        scene.settings.tools = Some(vec!["read".to_owned()]);
        let mut answers = Vec::new();
        for number in 0..6 {
            std::fs::write(
                scene.folder.path().join(format!("f{number}")),
                format!("{0}{0}{0}{0}\n", number).repeat(700),
            )
            .unwrap();
            answers.push(calls("read", json!({ "path": format!("f{number}") })));
        }
        let end = answers.split_off(4);
        answers.push(summary.clone());
        answers.extend(end);
        // Whoever is asked for a further summary says nothing.
        answers.extend((0..3).map(|_| says("")));
        let answers: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.map(|reply| Reply { tokens: Default::default(), ..reply }))
            .collect();
        let model = FakeModel::new(answers);
        scene.settings.max_turns = 5;
        let _ = scene.run(&model).await;
        let asked = model.last_asked();
        assert_eq!(asked.contains("0000"), kept, "{kept}");
        let notes: BTreeMap<bool, usize> = scene
            .transcript()
            .iter()
            .filter(|entry| entry.kind == "note")
            .fold(BTreeMap::new(), |mut notes, entry| {
                *notes.entry(entry.text.contains("summar")).or_default() += 1;
                notes
            });
        assert!(notes.get(&true).is_some_and(|told| *told > 0), "{notes:?}");
    }
}

#[tokio::test]
async fn a_later_run_goes_on_where_this_one_stopped() {
    let mut scene = Scene::new();
    let mut two = calls("kanban_complete", json!({})).unwrap();
    let mut second = two.answer.calls[0].clone();
    second.id = "c2".to_owned();
    two.answer.calls.push(second);
    let model = FakeModel::new([calls("read", json!({ "path": "." })), Ok(two)]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert_eq!(scene.usage().session.as_deref(), Some("r1"));
    scene.earlier = scene.kept.take().expect("it is kept");
    let model = FakeModel::new([calls("kanban_complete", json!({}))]);
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    let asked = model.last_asked();
    assert!(asked.contains("not carried out") && asked.matches("# Kanban task").count() == 2, "{asked}");
}

#[tokio::test]
async fn a_conversation_that_was_lost_is_not_gone_on_with() {
    let mut scene = Scene::new();
    let model = FakeModel::new((0..9).map(|_| calls("read", json!({ "path": "nothing" }))));
    assert!(matches!(scene.run(&model).await, Finished::Ended(_)));
    assert!(scene.kept.is_none() && scene.usage().session.is_none());
}
