//! What the database goes through: many processes, crashes, full disks, damage, old schemas.

#![expect(clippy::print_stdout, reason = "seeds, and tests that are skipped, are told")]

mod board;
mod claims;
mod crash_points;
mod damage;
mod disk;
mod full_disk;
mod kills;
mod locks;
mod places;
mod reference;
mod schemas;
mod stale;
