//! Goal mode of the built-in agent (GM-01..05): after each turn that ends with words, a judge says whether it goes on.

use andon_core::task::BlockKind;
use andon_core::text::cap_chars;

use crate::judge::Verdict;

/// Where a run in goal mode stands.
#[derive(Debug)]
pub(crate) struct Goal {
    /// The goal in words.
    pub(crate) text: String,
    budget: u32,
    used: u32,
    finalise_asked: bool,
    /// The judge could not be asked the last time, and will not be.
    unasked: bool,
}

/// What follows from a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The model goes on with these words.
    GoOn(String),
    /// The task is blocked for a person, so and with this reason.
    Block(BlockKind, String),
}

impl Goal {
    /// A goal with a budget of turns; the first turn counts. None where there is no goal in words.
    pub(crate) fn new(text: String, turns: u32) -> Option<Self> {
        let budget = if turns == 0 { 20 } else { turns };
        (!text.trim().is_empty()).then_some(Self {
            text,
            budget,
            used: 1,
            finalise_asked: false,
            unasked: false,
        })
    }

    /// What follows.
    pub(crate) fn next(&mut self, verdict: &Verdict) -> Next {
        let reason = verdict.reason();
        let ask = |reason| Next::Block(BlockKind::NeedsInput, reason);
        match verdict {
            Verdict::Unachievable(_) => return ask(format!("The goal cannot be reached: {reason}")),
            // In doubt the work goes on, but not turn after turn that somebody pays for.
            Verdict::Unasked(_) if self.unasked => {
                let reason = format!("The goal cannot be judged: {reason}");
                return Next::Block(BlockKind::Capability, reason);
            }
            Verdict::Done(_) if self.finalise_asked => {
                return ask(format!(
                    "The goal seems reached ({reason}), but the worker never said so to the board: complete the task, or unblock it."
                ));
            }
            Verdict::Unasked(_) => self.unasked = true,
            Verdict::Done(_) | Verdict::Continue(_) => self.unasked = false,
        }
        if self.used >= self.budget {
            let reason = cap_chars(reason, 300);
            return ask(format!(
                "The budget of {} turns is used up. The judge's last word: {reason}",
                self.budget
            ));
        }
        self.used += 1;
        let (used, budget) = (self.used, self.budget);
        Next::GoOn(match verdict {
            Verdict::Done(_) => {
                self.finalise_asked = true;
                format!(
                    "The judge finds the goal reached: {reason} End the run now with `kanban_complete`, or with `kanban_block`."
                )
            }
            Verdict::Continue(_) | Verdict::Unachievable(_) | Verdict::Unasked(_) => format!(
                "The goal is not reached yet (turn {used} of {budget}). The judge says: {reason} Go on; when it is reached, end the run \
                 with `kanban_complete`, and with `kanban_block` if it cannot be."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(turns: u32) -> Goal {
        Goal::new("count".to_owned(), turns).unwrap()
    }

    fn go_on() -> Verdict {
        Verdict::Continue("one file is missing".to_owned())
    }

    #[test]
    fn the_work_goes_on_until_the_budget_is_used_up() {
        let mut goal = goal(3);
        assert!(
            matches!(goal.next(&go_on()), Next::GoOn(text) if text.contains("turn 2 of 3") && text.contains("one file"))
        );
        assert!(matches!(goal.next(&go_on()), Next::GoOn(_)));
        assert!(
            matches!(goal.next(&go_on()), Next::Block(_, text) if text.contains("3 turns") && text.contains("one file"))
        );
    }

    #[test]
    fn a_goal_that_is_reached_is_asked_for_once() {
        let mut goal = goal(9);
        let done = Verdict::Done("it is there".to_owned());
        assert!(matches!(goal.next(&done), Next::GoOn(text) if text.contains("kanban_complete")));
        assert!(matches!(goal.next(&done), Next::Block(_, text) if text.contains("never said so")));
    }

    #[test]
    fn what_cannot_be_reached_is_blocked_with_the_judge_s_reason() {
        let next = goal(9).next(&Verdict::Unachievable("nobody has the key".to_owned()));
        assert!(
            matches!(next, Next::Block(BlockKind::NeedsInput, text) if text.contains("nobody has the key"))
        );
    }

    #[test]
    fn a_judge_that_nobody_can_ask_costs_one_turn_and_no_further_one() {
        let mut goal = goal(9);
        let unasked = Verdict::Unasked("no such model".to_owned());
        assert!(matches!(goal.next(&unasked), Next::GoOn(text) if text.contains("no such model")));
        let next = goal.next(&unasked);
        assert!(matches!(next, Next::Block(BlockKind::Capability, text) if text.contains("no such model")));
    }

    #[test]
    fn no_goal_is_no_goal_mode_and_no_budget_is_twenty() {
        assert!(Goal::new("  ".to_owned(), 5).is_none());
        assert_eq!(goal(0).budget, 20);
    }
}
