//! A world whose time stands still until a test moves it, and whose chance repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use andon_core::Millis;
use andon_store::World;

/// Time by hand, chance by seed.
#[derive(Debug)]
pub struct ManualWorld {
    now: AtomicI64,
    chance: AtomicU64,
}

impl ManualWorld {
    /// A world that starts at 1,700,000,000,000 ms, with the chance of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(1_700_000_000_000), chance: AtomicU64::new(seed) })
    }

    /// Lets time pass, or run backwards.
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, now: Millis) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    /// The time that it says.
    #[must_use]
    pub fn time(&self) -> Millis {
        Millis(self.now.load(Ordering::SeqCst))
    }
}

impl World for ManualWorld {
    fn now(&self) -> Millis {
        self.time()
    }

    fn sole_clock(&self) -> bool {
        true
    }

    /// The next number of a SplitMix64 sequence.
    fn bits(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.chance.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}
