//! Time and chance, as a port: tests bring a clock that they move and numbers that they know.

use std::fmt::Debug;
use std::sync::Arc;

use andon_core::{Millis, RunId};

/// Where the store gets time and chance from.
pub trait World: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Millis;

    /// 64 random bits.
    fn bits(&self) -> u64;

    /// Whether its clock is the only one: a database server's is then not asked.
    fn sole_clock(&self) -> bool {
        false
    }
}

/// The world of this process.
#[derive(Debug, Default)]
pub struct Ambient;

impl World for Ambient {
    fn now(&self) -> Millis {
        Millis(jiff::Timestamp::now().as_millisecond())
    }

    fn bits(&self) -> u64 {
        rand::random()
    }
}

/// A new run id at this moment: sorts by time, then by chance.
pub(crate) fn run_id(world: &dyn World) -> RunId {
    run_id_at(world.now(), world)
}

/// A new run id at that moment.
pub(crate) fn run_id_at(now: Millis, world: &dyn World) -> RunId {
    let at = u64::try_from(now.0).unwrap_or(0);
    let chance = (u128::from(world.bits()) << 64) | u128::from(world.bits());
    let text = ulid::Ulid::from_parts(at, chance).to_string();
    match text.parse() {
        Ok(id) => id,
        Err(_) => unreachable!("a ULID is a run id"),
    }
}

/// The ambient world, shared.
#[must_use]
pub fn ambient() -> Arc<dyn World> {
    Arc::new(Ambient)
}
