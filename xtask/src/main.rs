//! The chores of the house: `cargo xtask <chore>`.
//!
//! Each chore is one file. The ones that check something are also tests, so that nothing fails only in CI.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "xtask is a developer's terminal program: it prints, reads its environment and starts cargo"
)]

mod bench;
mod chaos;
mod ci;
mod demo;
mod demo_agents;
mod docs;
mod failure;
mod fuzz;
mod line;
mod long;
mod needs;
mod node;
mod python;
mod shell;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

use failure::Failure;

const HELP: &str = "\
Usage: cargo xtask <chore> [arguments]

  test [arguments]           install what the tests need, then run all of them; arguments go to the test runner
  check                      formatting, lints, documentation, licences, generated files, tidy
  ci                         test, then check
  tidy                       the rules of the house that no compiler knows
  demo [arguments]           build Andon and run its main job
  demo-agents [arguments]    build Andon and run a fleet of its agents on a model that answers by a script
  bench [name…]              what Andon costs, measured with a release build
  chaos [arguments]          the crash tests in their long form
  soak [arguments]           the endurance tests in their long form
  fuzz [target] [seconds]    fuzz one target, or all of them in turn (default 60 seconds each)
  web [--check] [--browser [words]] [--pictures]
                             build the dashboard; check its types and tests; run its journeys in a browser;
                             take the pictures of the README
  docs [--check]             write the generated files; --check fails when one of them is out of date
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), Failure> {
    let (chore, rest) = args.split_first().map_or(("help", args), |(chore, rest)| (chore.as_str(), rest));
    match chore {
        "test" => test::run(rest),
        "check" => ci::check(),
        "ci" => ci::run(),
        "tidy" => tidy::run(),
        "demo" => demo::run(rest),
        "demo-agents" => demo_agents::run(rest),
        "bench" => bench::run(rest),
        "chaos" => chaos::run(rest),
        "soak" => long::run("ANDON_SOAK", rest),
        "fuzz" => fuzz::run(rest),
        "docs" => docs::run(rest),
        "web" => web::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(Failure::Usage(format!("no chore is called `{unknown}`\n\n{HELP}"))),
    }
}
