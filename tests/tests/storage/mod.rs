//! What the database goes through: many processes, crashes, full disks, damage, old schemas.

mod board;
mod claims;
mod crash_points;
mod damage;
mod full_disk;
mod kills;
mod locks;
mod places;
mod reference;
mod schemas;
mod stale;
