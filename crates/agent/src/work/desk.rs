//! The loop: ask, act, until the run has ended.

use std::time::Duration;

use andon_core::run::{Failure, Guard};
use andon_tools::Pulse;
use serde_json::{Value, json};

use super::port::RunPort;
use super::{Finished, budget_metadata};
use crate::board::BoardTools;
use crate::compression::{compress, is_full};
use crate::conversation::Conversation;
use crate::goal::{Goal, Next};
use crate::judge::{Question, judge};
use crate::looping::Calls;
use crate::model::{Answer, Model, ModelError, Offer, Patience, Reply, Request, Turn, patiently};
use crate::settings::AgentSettings;
use crate::tools::WorkspaceTools;
use crate::transcript::Transcript;
use crate::usage::Meter;
use crate::{Secret, Stop, guidance, session};

/// Answers without a tool that are let pass with a reminder.
const NUDGES: u32 = 2;
/// Longest pause between two attempts of ours, unless the provider asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the model is told first.
pub(super) struct Brief {
    pub(super) model: String,
    pub(super) system: String,
    /// What was said in an earlier run that this one goes on with.
    pub(super) earlier: Vec<Turn>,
    pub(super) first: Turn,
    /// The goal and its turns, in goal mode.
    pub(super) goal: Option<(String, u32)>,
}

/// A run at work.
pub(super) struct Desk<'a> {
    pub(super) model: &'a dyn Model,
    pub(super) port: &'a dyn RunPort,
    pub(super) board: &'a dyn BoardTools,
    pub(super) tools: WorkspaceTools,
    pub(super) settings: AgentSettings,
    pub(super) system: String,
    pub(super) offers: Vec<Offer>,
    pub(super) conversation: Conversation,
    pub(super) goal: Option<Goal>,
    pub(super) transcript: Transcript,
    pub(super) meter: Meter,
    pub(super) calls: Calls,
    pub(super) turns: u32,
    pub(super) nudges: u32,
    pub(super) pulse: Pulse,
    /// At this length compressing failed or did not help: the next attempt waits until it is longer.
    pub(super) compress_from: u64,
    /// A later run does well to go on with this conversation.
    pub(super) good: bool,
}

/// What a run hears of its log.
pub(super) type Say<'a> = &'a mut dyn FnMut(&str);

impl<'a> Desk<'a> {
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own that a desk has once")]
    pub(super) fn new(
        brief: Brief,
        settings: AgentSettings,
        model: &'a dyn Model,
        port: &'a dyn RunPort,
        board: &'a dyn BoardTools,
        tools: WorkspaceTools,
        mut transcript: Transcript,
        meter: Meter,
    ) -> Self {
        let mut offers = board.offers();
        offers.extend(tools.offers());
        let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        transcript.write("system", &brief.system, None, json!({ "model": brief.model, "tools": names }));
        if let Turn::Told(parts) = &brief.first {
            for part in parts {
                match part {
                    crate::model::Part::Text(text) => transcript.write("told", text, None, Value::Null),
                    crate::model::Part::Image { kind, .. } => {
                        transcript.write("told", &format!("(an image, {kind})"), None, Value::Null);
                    }
                }
            }
        }
        let mut conversation = Conversation::default();
        brief.earlier.into_iter().for_each(|turn| conversation.push(turn));
        conversation.push(brief.first);
        let goal = brief.goal.and_then(|(text, turns)| Goal::new(text, turns));
        Self {
            model,
            port,
            board,
            tools,
            settings,
            system: brief.system,
            offers,
            conversation,
            goal,
            transcript,
            meter,
            calls: Calls::default(),
            turns: 0,
            nudges: 0,
            pulse: Pulse::default(),
            compress_from: 0,
            good: false,
        }
    }

    /// Works until the run has ended, or until the wish to end is heard: then everything that is under way is given up.
    pub(super) async fn run(&mut self, stop: &Stop, say: Say<'_>) -> Finished {
        let finished = tokio::select! {
            biased;
            () = stop.wait() => Finished::Stopped,
            finished = self.keep_on(say) => finished,
        };
        self.good |= matches!(finished, Finished::Stopped | Finished::Busy(_));
        let data = json!({ "exit": finished.code(), "turns": self.turns });
        self.transcript.write("end", finished.sentence(), None, data);
        finished
    }

    /// Whether a later run does well to go on with this conversation: it was blocked, stopped or out of budget, not lost.
    pub(super) const fn is_worth_keeping(&self) -> bool {
        self.good
    }

    /// Keeps the conversation for a later run.
    pub(super) fn keep(&mut self, path: &std::path::Path, run: &str, key: Option<&Secret>) {
        match session::save(path, self.conversation.turns(), key) {
            Ok(()) => self.meter.resumable(run),
            Err(error) => tracing::warn!(path = %path.display(), %error, "the conversation is not kept"),
        }
    }

    /// Stops what tools started.
    pub(super) async fn clear(&mut self) {
        self.tools.stop().await;
    }

    async fn keep_on(&mut self, say: Say<'_>) -> Finished {
        loop {
            if let Some(finished) = self.turn(say).await {
                return finished;
            }
        }
    }

    /// One answer and what follows from it.
    async fn turn(&mut self, say: Say<'_>) -> Option<Finished> {
        if self.turns >= self.settings.max_turns {
            let text = format!(
                "the budget of {} answers is used up and the run was not ended",
                self.settings.max_turns
            );
            let metadata = budget_metadata(self.turns, self.settings.max_turns);
            self.good = true;
            return Some(self.give_up(Failure::TimedOut, text, metadata).await);
        }
        if let Some(finished) = self.still_open().await {
            return Some(finished);
        }
        self.tell_notices();
        self.make_room(say).await;
        let reply = match self.ask(say).await {
            Ok(reply) => reply,
            Err(error) => return Some(self.without_answer(error).await),
        };
        self.turns += 1;
        let Reply { answer, tokens, cut } = reply;
        self.meter.add(tokens);
        self.note_answer(&answer, tokens, say);
        self.conversation.answered(answer.clone(), tokens);
        self.beat().await;
        if answer.calls.is_empty() {
            self.words_alone(&answer, cut, say).await
        } else {
            self.act(&answer.calls, say).await
        }
    }

    /// A run that was ended meanwhile pays for no further answer.
    async fn still_open(&self) -> Option<Finished> {
        match self.port.may_work().await {
            Ok(Guard::Go) => None,
            Ok(Guard::StandDown(why)) => Some(Finished::Ended(format!("the run has ended: {why}"))),
            // A board that is out of reach for a moment stops nobody: the supervisor holds the lease.
            Err(error) => {
                tracing::warn!(%error, "the board cannot be asked; the work goes on");
                None
            }
        }
    }

    /// Something was done.
    pub(super) async fn beat(&mut self) {
        if self.pulse.due() {
            self.port.progress().await;
        }
    }

    fn tell_notices(&mut self) {
        for notice in self.tools.notices() {
            self.tell(notice);
        }
        let left = self.settings.max_turns - self.turns;
        let early = (self.settings.max_turns / 10).clamp(2, 10);
        if self.turns > 0 && (left == early || left == 1) {
            self.tell(guidance::budget(left));
        }
    }

    /// Tells the model something of ours.
    fn tell(&mut self, text: String) {
        self.transcript.write("note", &text, None, Value::Null);
        self.conversation.push(Turn::told(text));
    }

    async fn make_room(&mut self, say: Say<'_>) {
        let fixed =
            self.system.len() + self.offers.iter().map(|offer| offer.schema.to_string().len()).sum::<usize>();
        let tokens = self.conversation.tokens(fixed);
        if is_full(tokens, self.settings.context_window) && tokens >= self.compress_from {
            self.compress(tokens, say).await;
        }
    }

    /// Whether the conversation became shorter.
    async fn compress(&mut self, tokens: u64, say: Say<'_>) -> bool {
        match compress(self.model, &mut self.conversation, self.settings.context_window).await {
            Ok((true, cost)) => {
                self.meter.add(cost);
                say(&format!("andon agent: the conversation of about {tokens} tokens was summarised"));
                self.transcript.write(
                    "note",
                    "the conversation was summarised",
                    None,
                    json!({ "tokens": tokens }),
                );
                self.compress_from = 0;
                true
            }
            Ok((false, cost)) => {
                self.meter.add(cost);
                self.compress_from = tokens + self.settings.context_window / 20;
                false
            }
            Err(error) => {
                say(&format!("andon agent: no summary, the conversation stays as it is: {error}"));
                self.transcript.write("note", &format!("no summary: {error}"), None, Value::Null);
                self.compress_from = tokens + self.settings.context_window / 20;
                false
            }
        }
    }

    async fn ask(&mut self, say: Say<'_>) -> Result<Reply, ModelError> {
        match self.ask_patiently(say).await {
            Err(ModelError::TooLong { reason }) => {
                let tokens = self.conversation.tokens(0);
                if self.compress(tokens, say).await {
                    self.ask_patiently(say).await
                } else {
                    Err(ModelError::TooLong { reason })
                }
            }
            // Not every model can look at images, and not every image can be looked at.
            Err(error @ ModelError::Misconfigured { .. }) if self.conversation.leave_out_images() => {
                say(&format!("andon agent: {error}; asking again without images"));
                self.transcript.write("note", &format!("without images: {error}"), None, Value::Null);
                self.ask_patiently(say).await
            }
            answered => answered,
        }
    }

    async fn ask_patiently(&mut self, say: Say<'_>) -> Result<Reply, ModelError> {
        let settings = &self.settings;
        let patience = Patience {
            limit: settings.retry_limit,
            base: settings.retry_base,
            cap: LONGEST_PAUSE.max(settings.retry_base),
            total: settings.retry_total,
        };
        let request = Request {
            model: "",
            system: &self.system,
            turns: self.conversation.turns(),
            tools: &self.offers,
            temperature: settings.temperature,
            max_output_tokens: settings.max_output_tokens,
        };
        patiently(self.model, &request, &patience, |error, pause| {
            say(&format!("andon agent: {error}; asking again in {:.1} s", pause.as_secs_f32()));
        })
        .await
    }

    /// What it means that there is no answer.
    async fn without_answer(&mut self, error: ModelError) -> Finished {
        let text = error.to_string();
        let failure = match error {
            // The supervisor has the profile rest for as long as this line says. A time that this run could have waited itself
            // says nothing of when it gets better.
            ModelError::RateLimited { retry_after: Some(after), .. }
            | ModelError::Unavailable { retry_after: Some(after), .. }
                if after > self.settings.retry_total =>
            {
                return Finished::Busy(format!("{text}; try again in {} s", after.as_secs().max(1)));
            }
            ModelError::RateLimited { .. } | ModelError::Unavailable { .. } => return Finished::Busy(text),
            ModelError::Refused { .. } => Failure::AuthenticationFailed,
            ModelError::Misconfigured { .. } => Failure::SpawnFailed { missing: true },
            ModelError::Malformed { .. } | ModelError::TooLong { .. } => Failure::Crashed,
        };
        self.give_up(failure, text, Value::Null).await
    }

    pub(super) async fn give_up(&mut self, failure: Failure, text: String, metadata: Value) -> Finished {
        match self.port.give_up(failure, text.clone(), metadata).await {
            Ok(()) => Finished::Ended(text),
            Err(text) => Finished::Failed(text),
        }
    }

    fn note_answer(&mut self, answer: &Answer, tokens: crate::model::Tokens, say: Say<'_>) {
        let data = json!({ "turn": self.turns, "tokens": tokens });
        self.transcript.write("answer", &answer.text, None, data);
        if !answer.text.trim().is_empty() {
            say(answer.text.trim());
        }
        for call in &answer.calls {
            self.transcript.write("call", "", Some(&call.name), call.arguments.clone());
        }
    }

    /// Words alone end nothing: in goal mode a judge says what follows, else there are reminders.
    async fn words_alone(&mut self, answer: &Answer, cut: bool, say: Say<'_>) -> Option<Finished> {
        if let Some(goal) = &mut self.goal {
            let question =
                Question { goal: goal.text.clone(), response: answer.text.clone(), now: self.port.now() };
            let name = self.settings.judge_model.as_deref().unwrap_or("");
            let (verdict, cost) = judge(self.model, name, &question).await;
            self.meter.add(cost);
            say(&format!("andon agent: the judge: {}", verdict.reason()));
            self.transcript.write("note", "the judge", None, json!(verdict));
            return match goal.next(&verdict) {
                Next::GoOn(text) => {
                    self.tell(text);
                    None
                }
                Next::Block(kind, reason) => {
                    self.good = true;
                    Some(match self.port.block(kind, reason.clone()).await {
                        Ok(()) => Finished::Ended(reason),
                        Err(text) => Finished::Failed(text),
                    })
                }
            };
        }
        if self.nudges < NUDGES {
            self.nudges += 1;
            self.tell(guidance::nudge(self.nudges, cut));
            return None;
        }
        let words = if answer.text.trim().is_empty() { "(it said nothing)" } else { answer.text.trim() };
        let words = andon_core::text::cap_chars(words, 1_500);
        let text = format!(
            "the model stopped without ending the run, after {NUDGES} reminders; its last words: {words}"
        );
        Some(self.give_up(Failure::ProtocolViolation, text, Value::Null).await)
    }
}
