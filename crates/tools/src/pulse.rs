//! Activity is progress (WK-05): whatever a worker does tells the board that its run is at work, and renews a lease that was
//! taken by hand, at most once in a while, without a word.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use andon_core::RunId;
use tokio::time::Instant;

/// The least time between two tellings of one process.
const EVERY: Duration = Duration::from_secs(60);

/// When the board was last told. A run that begins has just been claimed: that is progress enough for a while.
#[derive(Debug)]
pub struct Pulse {
    told: Instant,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { told: Instant::now() }
    }
}

impl Pulse {
    /// Whether the board should be told now of an activity; it is taken as told.
    #[must_use]
    pub fn due(&mut self) -> bool {
        let due = self.told.elapsed() >= EVERY;
        if due {
            self.told = Instant::now();
        }
        due
    }
}

/// The same where one process serves many runs, and each request stands for itself.
#[derive(Debug, Default)]
pub struct Pulses {
    /// Runs that were told of within the last [`EVERY`]; whoever is not among them is due.
    told: Mutex<HashMap<RunId, Instant>>,
}

impl Pulses {
    /// Whether the board should be told now of an activity of this run; it is taken as told.
    #[must_use]
    pub fn due(&self, run: &RunId) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| at.elapsed() < EVERY);
        if told.contains_key(run) {
            return false;
        }
        told.insert(run.clone(), Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_run_that_a_server_serves_is_told_of_once_a_minute_and_then_forgotten() {
        let runs: [RunId; 2] =
            ["01J00000000000000000000000", "01J00000000000000000000001"].map(|id| id.parse().unwrap());
        let pulses = Pulses::default();
        let mut told = [0, 0];
        for round in 0..60 {
            for (run, told) in runs.iter().zip(&mut told).take(if round < 30 { 2 } else { 1 }) {
                *told += u32::from(pulses.due(run));
            }
            tokio::time::advance(Duration::from_secs(4)).await;
        }
        assert_eq!(told, [4, 2]);
        assert_eq!(pulses.told.lock().unwrap().len(), 1, "who says nothing any more costs nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_agent_tells_of_itself_once_a_minute() {
        let mut pulse = Pulse::default();
        let mut told = 0;
        for _ in 0..150 {
            told += u32::from(pulse.due());
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        assert_eq!(told, 4);
    }
}
