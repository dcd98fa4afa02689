//! Carrying out what the model calls.

use andon_core::nearest::nearest;
use andon_core::run::Failure;
use andon_core::text::first_line;
use serde_json::Value;

use super::desk::{Desk, Say};
use super::{Finished, budget_metadata};
use crate::looping::Verdict;
use crate::model::{Call, CallResult, Turn};

impl Desk<'_> {
    /// Carries out what the model calls, one after the other.
    pub(super) async fn act(&mut self, calls: &[Call], say: Say<'_>) -> Option<Finished> {
        self.nudges = 0;
        let mut results = Vec::new();
        for call in calls {
            let (mut content, ended) = self.carry_out(call).await;
            let headline = first_line(&content, 120);
            say(&format!("andon agent: {} {} → {headline}", call.name, shortened(&call.arguments)));
            let verdict = self.calls.note(&call.name, &call.arguments, &content);
            match verdict {
                Verdict::Fine | Verdict::Loops(_) => {}
                Verdict::Repeats(times) => content.push_str(&format!(
                    "\n[Note of the board: this is the same call with the same result for the {times}th time of late. Do something \
                     else, or block with what keeps you; at the fifth time the run is ended.]"
                )),
            }
            self.transcript.write("result", &content, Some(&call.name), Value::Null);
            if ended {
                results.push(CallResult { id: call.id.clone(), name: call.name.clone(), content });
                self.leave_off(calls, results);
                return Some(Finished::Ended(format!("the run was ended with {}", call.name)));
            }
            if let Verdict::Loops(times) = verdict {
                let text = format!(
                    "the model made the same call {times} times with the same result and was ended: {} {}",
                    call.name,
                    shortened(&call.arguments)
                );
                let metadata = budget_metadata(self.turns, self.settings.max_turns);
                return Some(self.give_up(Failure::TimedOut, text, metadata).await);
            }
            results.push(CallResult { id: call.id.clone(), name: call.name.clone(), content });
            self.beat().await;
        }
        self.conversation.push(Turn::Results(results));
        None
    }

    /// Completes the conversation: calls behind the one that ended the run were not carried out.
    fn leave_off(&mut self, calls: &[Call], mut results: Vec<CallResult>) {
        let rest = calls.iter().skip(results.len()).map(|call| CallResult {
            id: call.id.clone(),
            name: call.name.clone(),
            content: "(not carried out: the run had ended)".to_owned(),
        });
        let rest: Vec<CallResult> = rest.collect();
        results.extend(rest);
        self.conversation.push(Turn::Results(results));
        self.good = true;
    }

    /// What a call gives, and whether the run has ended by it.
    async fn carry_out(&mut self, call: &Call) -> (String, bool) {
        if let Some(content) = self.tools.call(&call.name, &call.arguments).await {
            return (content, false);
        }
        if let Value::String(text) = &call.arguments {
            let shown = andon_core::text::cap_chars(text, 200);
            return (format!("error: the arguments of `{}` are no JSON object: {shown}", call.name), false);
        }
        if let Some(answer) = self.board.call(&call.name, &call.arguments).await {
            let content = match answer.content {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let content = if answer.is_error { format!("error: {content}") } else { content };
            return (crate::tools::cut(&content, self.settings.output_limit), answer.ended_run);
        }
        let names: Vec<&str> = self.offers.iter().map(|offer| offer.name.as_str()).collect();
        let meant =
            nearest(&call.name, names.iter().copied()).first().map(|name| format!(" Did you mean `{name}`?"));
        let text = format!(
            "error: there is no tool `{}`.{} There are: {}",
            call.name,
            meant.unwrap_or_default(),
            names.join(", ")
        );
        (text, false)
    }
}

fn shortened(arguments: &Value) -> String {
    first_line(&arguments.to_string(), 160)
}
