//! Where the work of a profile begins in its queue.
//!
//! A claimed task leaves a dead entry in the index of what is ready, until a vacuum takes it away, which may be late: while
//! anybody holds a snapshot the server keeps them all, and every claim would wade through all that was claimed before.
//! What a claim has found first is therefore where the next one begins. A look at the whole queue comes every now and then,
//! and whenever there is nothing else: older work that came back late waits for that at most.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use andon_core::ProfileName;

use crate::tx::Floor;

/// A queue of which less was claimed is looked at as a whole: it costs little.
const MANY: u64 = 1_000;
/// How long a floor is believed: so long that looking at the whole queue takes a twentieth of the time.
const BELIEVED: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);
const SHARE: u32 = 20;
/// Tasks may become visible later than others that are younger by so many milliseconds.
const SLACK: i64 = 250;

/// The floors of one board, as one process knows them.
#[derive(Debug, Default)]
pub(super) struct Floors {
    known: Mutex<HashMap<ProfileName, Known>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    floor: Floor,
    claimed: u64,
    /// When the whole queue was looked at.
    whole: Instant,
    believed: Duration,
    /// Since when somebody looks at the whole queue.
    looking: Option<Instant>,
}

impl Known {
    fn floor(&self) -> Option<Floor> {
        let far = self.claimed >= MANY && self.whole.elapsed() < self.believed;
        far.then(|| Floor { created_at: self.floor.created_at.plus(-SLACK), ..self.floor })
    }
}

impl Floors {
    /// Where a claim may begin.
    pub(super) fn of(&self, profile: &ProfileName) -> Option<Floor> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let one = known.get_mut(profile)?;
        let floor = one.floor();
        if floor.is_none() {
            one.looking.get_or_insert_with(Instant::now);
        }
        floor
    }

    /// What a claim has found.
    pub(super) fn found(&self, profile: &ProfileName, floor: Floor, claimed: u32) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let one = known.entry(profile.clone()).or_insert(Known {
            floor,
            claimed: 0,
            whole: now,
            believed: BELIEVED,
            looking: None,
        });
        if one.floor().is_none() {
            one.whole = now;
            let took = one.looking.take().map(|since| since.elapsed()).unwrap_or_default();
            one.believed = (took * SHARE).clamp(BELIEVED, LONGEST);
        }
        one.floor = floor;
        one.claimed = one.claimed.saturating_add(u64::from(claimed));
    }
}

#[cfg(test)]
mod tests {
    use andon_core::Millis;

    use super::*;

    #[test]
    fn the_dearer_a_look_at_the_whole_queue_is_the_rarer_it_is() {
        let floors = Floors::default();
        let profile: ProfileName = "coder".parse().unwrap();
        let floor = Floor { priority: 0, created_at: Millis(1) };
        let believed = |took: Duration| {
            let since = Instant::now().checked_sub(took).unwrap();
            let mut known = floors.known.lock().unwrap();
            let one = known.get_mut(&profile).unwrap();
            (one.whole, one.looking) = (Instant::now().checked_sub(LONGEST * 2).unwrap(), Some(since));
            drop(known);
            floors.found(&profile, floor, 0);
            floors.known.lock().unwrap()[&profile].believed
        };
        floors.found(&profile, floor, 5_000);
        assert_eq!(believed(Duration::ZERO), BELIEVED);
        assert!(believed(Duration::from_millis(400)) >= Duration::from_secs(8));
        assert_eq!(believed(Duration::from_secs(60)), LONGEST);
    }

    #[test]
    fn a_floor_is_believed_for_a_while_where_much_was_claimed() {
        let floors = Floors::default();
        let profile: ProfileName = "coder".parse().unwrap();
        let at = |created_at| Floor { priority: 3, created_at: Millis(created_at) };
        floors.found(&profile, at(1_000), 999);
        assert_eq!(floors.of(&profile), None);
        floors.found(&profile, at(2_000), 1);
        assert_eq!(floors.of(&profile), Some(at(2_000 - SLACK)));
        floors.found(&profile, at(3_000), 1);
        assert_eq!(floors.of(&profile), Some(at(3_000 - SLACK)));
        let long_ago = Instant::now().checked_sub(LONGEST).unwrap();
        floors.known.lock().unwrap().get_mut(&profile).unwrap().whole = long_ago;
        assert_eq!(floors.of(&profile), None, "the whole queue is looked at again");
        floors.found(&profile, at(500), 1);
        assert_eq!(floors.of(&profile), Some(at(500 - SLACK)));
        assert_eq!(floors.of(&"other".parse().unwrap()), None);
    }
}
