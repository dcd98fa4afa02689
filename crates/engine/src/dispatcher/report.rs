//! What a dispatcher did, by kind of what happened.

use serde::Serialize;

/// One start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spawned {
    /// The task.
    pub task_id: String,
    /// Its run.
    pub run_id: String,
    /// Who.
    pub profile: Option<String>,
    /// On which board.
    pub board: String,
}

/// Everything that a pass, or all passes together, did. Ids of tasks unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Started.
    pub spawned: Vec<Spawned>,
    /// Runs that had ended without a word, and whose trees are gone now.
    pub reaped: Vec<String>,
    /// Runs whose lease was extended, their supervisors being alive.
    pub extended: Vec<String>,
    /// Scheduled tasks whose time came.
    pub fired: Vec<String>,
    /// Tasks that the slow sweep promoted: a defect each.
    pub promoted_by_sweep: Vec<String>,
    /// Held back by the respawn guard.
    pub respawn_guarded: Vec<String>,
    /// Ready, and nobody's.
    pub skipped_unassigned: Vec<String>,
    /// Ready, for a lane: claimed by hand.
    pub skipped_lane: Vec<String>,
    /// Ready, for a profile that this host does not have.
    pub skipped_unknown_profile: Vec<String>,
    /// Blocked before any start: the profile is gone (SD1-04).
    pub blocked_unknown_profile: Vec<String>,
}

impl Report {
    /// Adds what another pass did.
    pub fn add(&mut self, other: Self) {
        self.spawned.extend(other.spawned);
        for (mine, theirs) in [
            (&mut self.reaped, other.reaped),
            (&mut self.extended, other.extended),
            (&mut self.fired, other.fired),
            (&mut self.promoted_by_sweep, other.promoted_by_sweep),
            (&mut self.respawn_guarded, other.respawn_guarded),
            (&mut self.skipped_unassigned, other.skipped_unassigned),
            (&mut self.skipped_lane, other.skipped_lane),
            (&mut self.skipped_unknown_profile, other.skipped_unknown_profile),
            (&mut self.blocked_unknown_profile, other.blocked_unknown_profile),
        ] {
            for id in theirs {
                if !mine.contains(&id) {
                    mine.push(id);
                }
            }
        }
    }

    /// Whether anything happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
