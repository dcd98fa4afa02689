//! `cargo xtask chaos`: the crash tests in the long form that CI has no time for, and the table of what a fleet went through.

use crate::failure::Failure;
use crate::{long, shell};

/// Runs the long form; `args` go to the test runner. Prints the chaos table where its tests ran.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let table = shell::target().join("chaos-table.txt");
    drop(std::fs::remove_file(&table));
    let outcome = long::run_with("ANDON_CHAOS", args, &[("ANDON_CHAOS_TABLE", table.as_os_str())]);
    if let Ok(rows) = std::fs::read_to_string(&table) {
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.sort_unstable();
        println!(
            "\n{:<44} {:>4} {:>4} {:>9} {:>10} {:>6} {:>6}",
            "after", "hit", "open", "goes on", "finished", "tasks", "runs"
        );
        for row in rows {
            println!("{row}");
        }
    }
    outcome
}
