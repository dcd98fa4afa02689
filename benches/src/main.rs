//! What Andon costs: `cargo run --release -p andon-benches -- [name…]`. Each row says how it measures, and compares within
//! one run where there is something to compare with. Nothing here passes or fails by a time.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement prints, reads the clock, starts processes, and stops where it cannot go on"
)]

mod board;
mod host;
mod rows;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("process", role)) = arguments.first().and_then(|first| first.split_once(':')) {
        rows::play(role, &arguments[1..]);
        return ExitCode::SUCCESS;
    }
    let known = rows::ALL;
    if let Some(unknown) = arguments.iter().find(|name| !known.iter().any(|row| row.name == name.as_str())) {
        let names: Vec<&str> = known.iter().map(|row| row.name).collect();
        println!("there is no benchmark {unknown:?}; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    for row in
        known.iter().filter(|row| arguments.is_empty() || arguments.iter().any(|name| name == row.name))
    {
        table::print(row, &(row.run)());
    }
    ExitCode::SUCCESS
}
