//! What keeps a board whole: backups, restoring, the doctor, quarantine, recovery, import from the reference, filling a
//! board for measurements, moving it from one engine to another. Files of databases are read through SQLite alone.

mod aftermath;
mod arrive;
mod backup;
mod copy;
mod defect;
mod doctor;
mod error;
mod examine;
mod fill;
mod import;
mod mend;
mod portable;
mod quarantine;
mod recover;
mod restore;
pub(crate) mod seal;
mod snapshot;
mod transfer;
mod usage;

pub use backup::{Backup, BackupOptions, backup};
pub(crate) use copy::settle;
pub use copy::{Copied, CopyOptions, copy, destination};
pub use defect::Defect;
pub use doctor::{Finding, Report, examine, is_damage, repair};
pub use error::MaintenanceError;
pub(crate) use error::io;
pub use fill::{FILL_SLICE, Fill};
pub use import::{Changed, ImportOptions, Imported, import};
pub use quarantine::{Copier, Quarantine, copy_file, lift, quarantine, quarantined};
pub use recover::{Saved, recover};
pub use restore::{RestoreOptions, Restored, restore};
pub(crate) use snapshot::{Label, beside};
pub(crate) use transfer::{Table, WriteAll};
