//! The conversation so far, and how long it is.

use crate::model::{Answer, Part, Tokens, Turn};

/// What was said, oldest first, with an estimate of its tokens.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    turns: Vec<Turn>,
    /// Tokens of the last request, as the provider counted them, and how many turns it had.
    measured: Option<(u64, usize)>,
}

/// A token has about so many bytes.
const BYTES_OF_A_TOKEN: u64 = 4;
/// What an image counts, whatever its size.
const TOKENS_OF_AN_IMAGE: u64 = 1_200;

impl Conversation {
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    pub(crate) fn push(&mut self, turn: Turn) {
        // Providers want told and answered turns to take turns: what is told in a row is one turn.
        if let (Some(Turn::Told(parts)), Turn::Told(further)) = (self.turns.last_mut(), &turn) {
            parts.extend(further.iter().cloned());
            return;
        }
        self.turns.push(turn);
    }

    pub(crate) fn answered(&mut self, answer: Answer, tokens: Tokens) {
        if tokens.input > 0 {
            self.measured = Some((tokens.input, self.turns.len()));
        }
        self.turns.push(Turn::Answered(answer));
    }

    /// Puts words in the place of images; whether there were any.
    pub(crate) fn leave_out_images(&mut self) -> bool {
        let mut any = false;
        for turn in &mut self.turns {
            let Turn::Told(parts) = turn else { continue };
            for part in parts.iter_mut().filter(|part| matches!(part, Part::Image { .. })) {
                *part = Part::Text("(an image was here, which you cannot look at)".to_owned());
                any = true;
            }
        }
        self.measured = self.measured.filter(|_| !any);
        any
    }

    /// Puts other turns in place of all.
    pub(crate) fn replace(&mut self, turns: Vec<Turn>) {
        self.turns = turns;
        self.measured = None;
    }

    /// About so many tokens the next request has, `fixed` bytes being said in each.
    pub(crate) fn tokens(&self, fixed: usize) -> u64 {
        match self.measured {
            Some((tokens, turns)) => tokens + self.turns.iter().skip(turns).map(tokens_of).sum::<u64>(),
            None => fixed as u64 / BYTES_OF_A_TOKEN + self.turns.iter().map(tokens_of).sum::<u64>(),
        }
    }
}

/// About so many tokens a turn has.
pub(crate) fn tokens_of(turn: &Turn) -> u64 {
    let bytes = match turn {
        Turn::Told(parts) => return parts.iter().map(tokens_of_part).sum(),
        Turn::Answered(answer) => {
            let calls =
                answer.calls.iter().map(|call| call.name.len() + call.arguments.to_string().len() + 16);
            answer.text.len() + calls.sum::<usize>()
        }
        Turn::Results(results) => results.iter().map(|result| result.content.len() + 16).sum(),
    };
    bytes as u64 / BYTES_OF_A_TOKEN + 4
}

fn tokens_of_part(part: &Part) -> u64 {
    match part {
        Part::Text(text) => text.len() as u64 / BYTES_OF_A_TOKEN + 4,
        Part::Image { .. } => TOKENS_OF_AN_IMAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_counted_holds_and_the_rest_is_estimated() {
        let mut conversation = Conversation::default();
        conversation.push(Turn::told("x".repeat(4_000)));
        assert!(conversation.tokens(400) >= 1_100);
        conversation.answered(Answer::default(), Tokens { input: 5_000, output: 1, cached: 0 });
        conversation.push(Turn::told("x".repeat(400)));
        assert!((5_100..5_120).contains(&conversation.tokens(400)));
    }

    #[test]
    fn told_turns_in_a_row_are_one() {
        let mut conversation = Conversation::default();
        conversation.push(Turn::told("a"));
        conversation.push(Turn::told("b"));
        assert_eq!(conversation.turns().len(), 1);
    }
}
