//! Which ready tasks to claim, under which caps. The store looks up candidates per profile; this chooses among them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::id::{ProfileName, TaskId};
use crate::time::Millis;

/// A task that could be claimed now, of a profile that this host can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The task.
    pub task: TaskId,
    /// Who would run it: its assignee, or its reviewer.
    pub profile: ProfileName,
    /// Higher goes first.
    pub priority: i64,
    /// Then the older.
    pub created_at: Millis,
}

/// How many more may run. `None` is unlimited. Runs count until they are reaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// On the board.
    pub board: Option<u32>,
    /// On this host.
    pub host: Option<u32>,
    /// Asked for by the caller.
    pub batch: Option<u32>,
    /// Per profile; a profile that is missing is unlimited.
    pub profiles: BTreeMap<ProfileName, u32>,
}

impl Room {
    /// How many claims fit at all, whoever makes them.
    #[must_use]
    pub fn total(&self) -> u32 {
        [self.board, self.host, self.batch].into_iter().flatten().min().unwrap_or(u32::MAX)
    }

    /// How many of one profile fit.
    #[must_use]
    pub fn of(&self, profile: &ProfileName) -> u32 {
        self.profiles.get(profile).copied().unwrap_or(u32::MAX).min(self.total())
    }
}

/// What is left of a cap.
#[must_use]
pub fn room(cap: Option<u32>, running: u32) -> Option<u32> {
    cap.map(|cap| cap.saturating_sub(running))
}

/// Chooses what to claim: by priority, then age, then id, as far as each cap goes. One budget for all caps (mends Q-07);
/// a capped profile costs nobody else anything.
#[must_use]
pub fn choose(mut candidates: Vec<Candidate>, room: &Room) -> Vec<Candidate> {
    candidates.sort_by(|a, b| {
        (Reverse(a.priority), a.created_at, &a.task).cmp(&(Reverse(b.priority), b.created_at, &b.task))
    });
    let mut left = room.profiles.clone();
    let mut total = room.total();
    let mut chosen = Vec::new();
    for candidate in candidates {
        if total == 0 {
            break;
        }
        match left.get_mut(&candidate.profile) {
            Some(0) => continue,
            Some(own) => *own -= 1,
            None => {}
        }
        total -= 1;
        chosen.push(candidate);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(n: u64, profile: &str, priority: i64) -> Candidate {
        Candidate {
            task: TaskId::from_bits(n),
            profile: profile.parse().unwrap(),
            priority,
            created_at: Millis(n.cast_signed()),
        }
    }

    #[test]
    fn priority_then_age_as_far_as_the_caps_go() {
        let all =
            vec![candidate(1, "a", 0), candidate(2, "a", 5), candidate(3, "b", 0), candidate(4, "a", 1)];
        let room = Room { profiles: BTreeMap::from([("a".parse().unwrap(), 2)]), ..Room::default() };
        let chosen: Vec<String> = choose(all.clone(), &room).iter().map(|c| c.task.to_string()).collect();
        assert_eq!(chosen, ["t_00000002", "t_00000004", "t_00000003"]);
        let one = Room { board: Some(3), host: Some(1), ..Room::default() };
        assert_eq!(choose(all.clone(), &one).len(), 1);
        assert_eq!(choose(all, &Room { batch: Some(0), ..Room::default() }), []);
    }
}
