//! The respawn guard (DI-50..53): work that a worker has already handed to people outside is not started again by itself.
//! Cool-downs are the claim's own matter, and a refused login is a block (`capability`), so that one rule is left: a recent
//! pull request by a worker of the task. What a person did since is newer evidence, and lets it start (mends Q-09).

use andon_core::TaskId;
use andon_store::operation::GuardRespawn;
use andon_store::query::WorkersWords;
use andon_store::{Board, OpError};

/// How long a pull request holds its task back, milliseconds.
const WINDOW: i64 = 86_400_000;

/// Whether a text names a pull or merge request.
#[must_use]
pub(super) fn names_pull_request(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '\'')).any(|word| {
        let rest = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
        rest.is_some_and(|rest| {
            ["/pull/", "/merge_requests/", "/pulls/"].iter().any(|part| {
                rest.split_once(part)
                    .is_some_and(|(_, number)| number.starts_with(|c: char| c.is_ascii_digit()))
            })
        })
    })
}

/// The ready tasks that are held back now; each is recorded once.
pub(super) async fn held_back(board: &Board) -> Result<Vec<TaskId>, OpError> {
    let since = board.world().now().plus(-WINDOW);
    let mut held = Vec::new();
    for (task, comment) in board.run(WorkersWords { since, limit: 200 }).await? {
        if !names_pull_request(&comment.body) || held.contains(&task) {
            continue;
        }
        let reason = format!("active_pr: comment {} names a pull request of this task", comment.id);
        board.run(GuardRespawn { task: task.clone(), reason }).await?;
        held.push(task);
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::names_pull_request;

    #[test]
    fn only_links_to_pull_requests_count() {
        assert!(names_pull_request("opened (https://github.com/o/r/pull/12)"));
        assert!(names_pull_request("see https://git.example.org/g/p/-/merge_requests/3."));
        assert!(!names_pull_request("the pull/12 of the rope"));
        assert!(!names_pull_request("https://github.com/o/r/pull/new"));
    }
}
