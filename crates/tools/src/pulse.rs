//! Activity is progress (WK-05): whatever a worker does tells the board that its run is at work, and renews a lease that was
//! taken by hand, at most once in a while, without a word.

use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;

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
