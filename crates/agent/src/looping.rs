//! A model that makes the same call again and again with the same result: it is told, and then stopped.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

/// Told at this many alike.
pub(crate) const TOLD: usize = 3;
/// Stopped at this many.
pub(crate) const ENDED: usize = 5;
/// Among so many calls.
const WINDOW: usize = 10;

/// What a call adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to say.
    Fine,
    /// It has been made this often: the model is told.
    Repeats(usize),
    /// It is stopped.
    Loops(usize),
}

/// The last calls with their results.
#[derive(Debug, Default)]
pub(crate) struct Calls(VecDeque<u64>);

impl Calls {
    /// Notes a call and its result.
    pub(crate) fn note(&mut self, name: &str, arguments: &Value, result: &str) -> Verdict {
        // Signs of life are alike by nature.
        if name == "kanban_heartbeat" {
            return Verdict::Fine;
        }
        let mut hasher = DefaultHasher::new();
        (name, arguments.to_string(), result).hash(&mut hasher);
        let sign = hasher.finish();
        self.0.push_back(sign);
        if self.0.len() > WINDOW {
            self.0.pop_front();
        }
        match self.0.iter().filter(|known| **known == sign).count() {
            alike if alike >= ENDED => Verdict::Loops(alike),
            alike if alike >= TOLD => Verdict::Repeats(alike),
            _ => Verdict::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_repeated_call_is_told_and_then_ended() {
        let mut calls = Calls::default();
        let verdicts: Vec<Verdict> =
            (0..5).map(|_| calls.note("read", &json!({ "path": "a" }), "x")).collect();
        use Verdict::{Fine, Loops, Repeats};
        assert_eq!(verdicts, [Fine, Fine, Repeats(3), Repeats(4), Loops(5)]);
    }

    #[test]
    fn two_calls_that_take_turns_are_a_loop_too() {
        let mut calls = Calls::default();
        let last = (0..10).map(|number| calls.note(["a", "b"][number % 2], &json!({}), "x")).last();
        assert_eq!(last, Some(Verdict::Loops(5)));
    }

    #[test]
    fn calls_that_find_something_new_are_no_loop() {
        let mut calls = Calls::default();
        assert!((0..20).all(|number| calls.note("shell", &json!({}), &number.to_string()) == Verdict::Fine));
        assert!((0..20).all(|_| calls.note("kanban_heartbeat", &json!({}), "ok") == Verdict::Fine));
    }
}
