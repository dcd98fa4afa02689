//! `andon`: the board on the command line.
//!
//! No rule of the domain lives here. A verb reads its arguments, runs operations of the store, and shows what they gave:
//! data on standard output, talk on standard error, an exit code that a script can rely on ([`exit`]).

mod app;
mod args;
mod bulk;
mod commands;
mod environment;
mod error;
mod exit;
mod follow;
mod input;
mod json;
mod output;
mod time;

use std::ffi::OsString;

use crate::args::parse;
use crate::environment::Environment;
use crate::exit::ExitCode;

fn main() -> std::process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    run(&arguments).into()
}

fn run(arguments: &[OsString]) -> ExitCode {
    let environment = Environment::of_process();
    match parse(arguments) {
        Ok(cli) => cli.run(environment),
        Err(error) => output::usage(arguments, &error),
    }
}
