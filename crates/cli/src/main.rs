//! `andon`: the board on the command line.
//!
//! No rule of the domain lives here. A verb reads its arguments, runs operations of the store, and shows what they gave:
//! data on standard output, talk on standard error, an exit code that a script can rely on ([`exit`]).

#![expect(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "the comments on arguments are the help texts, where brackets and angles mean themselves"
)]

mod app;
mod args;
mod bulk;
mod commands;
mod environment;
mod error;
mod exit;
mod follow;
mod help;
mod input;
mod insight;
mod json;
mod output;
mod remains;
mod remote;
mod time;

use std::ffi::OsString;

use crate::args::parse;
use crate::environment::Environment;

fn main() -> std::process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    run(&arguments)
}

/// A supervisor is this same binary: it is looked for before anything of the command line is built.
fn run(arguments: &[OsString]) -> std::process::ExitCode {
    let environment = Environment::of_process();
    if let [_, word, rest @ ..] = arguments
        && word == "__supervise"
    {
        return commands::supervise::run(rest, &environment);
    }
    if let [_, word, rest @ ..] = arguments
        && word == "agent"
    {
        return commands::agent::run(rest, environment);
    }
    if let [_, word, from, to] = arguments
        && word == commands::copy::WORD
    {
        return commands::copy::run(from, to);
    }
    let code = match parse(arguments) {
        Ok(parsed) => parsed.run(arguments, environment),
        Err(error) => output::usage(&output::Out::Standard, arguments, &error),
    };
    code.into()
}
