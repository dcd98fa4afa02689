//! `andon serve`: the dispatcher of all boards of the home with the API beside it, for a service manager to run.

use andon_engine::dispatcher::{DispatchError, Options, Until};
use andon_server::http::{Listen, ServeOptions, Server, start};
use clap::Args;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;

/// Serve every board of the home until told to stop; runs go on without it
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    /// Where the API answers: an address, or `off` [env: ANDON_LISTEN; else 127.0.0.1:7700 where it is free]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Dispatch only
    #[arg(long, conflicts_with = "listen")]
    no_api: bool,
}

/// Serves.
pub(crate) fn run(app: &App, args: ServeArgs) -> Result<ExitCode, Failure> {
    output::say(&format!("andon: serving the boards of {}", app.home().root().display()));
    app.log();
    let api = if args.no_api { None } else { api(app, args.listen.as_deref())? };
    let home = app.home().root().to_owned();
    let options = Options { home, board: None, until: Until::Stopped, dry_run: false, max: None };
    super::dispatch::work(app, options, true)?;
    if let Some(server) = api {
        server.stop();
    }
    output::say("andon: stopped; runs go on");
    Ok(ExitCode::Done)
}

/// Starts the API, and says where it is.
fn api(app: &App, listen: Option<&str>) -> Result<Option<Server>, Failure> {
    let config = app.config()?;
    let listen = Listen::of(listen.or(config.listen.as_deref()));
    let options = ServeOptions { home: app.home().clone(), config, person: app.person(), listen };
    let server = start(&options).map_err(|error| {
        let error = std::io::Error::other(error.to_string());
        Failure::Dispatch(DispatchError::Io { what: "the API", error })
    })?;
    if let Some(server) = &server {
        for note in &server.notes {
            output::say(&format!("andon: {}", output::line(note)));
        }
        if let Some(login) = &server.login {
            output::say(&format!("andon: open {login}"));
        }
    }
    Ok(server)
}
