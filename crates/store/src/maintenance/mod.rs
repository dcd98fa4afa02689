//! What keeps a board whole: backups, restoring, the doctor, quarantine, recovery, import from the reference, filling a
//! board for measurements. All of it reads live databases through SQLite alone.

mod aftermath;
mod backup;
mod defect;
mod doctor;
mod error;
mod examine;
mod fill;
mod import;
mod mend;
mod quarantine;
mod recover;
mod restore;
mod snapshot;
mod usage;

pub use backup::{Backup, BackupOptions, backup};
pub use defect::Defect;
pub use doctor::{Finding, Report, examine, is_damage, repair};
pub use error::MaintenanceError;
pub(crate) use error::io;
pub use fill::{FILL_SLICE, Fill};
pub use import::{Changed, ImportOptions, Imported, import};
pub use quarantine::{Copier, Quarantine, copy_file, lift, quarantine, quarantined};
pub use recover::{Saved, recover};
pub use restore::{RestoreOptions, Restored, restore};
pub(crate) use snapshot::beside;
