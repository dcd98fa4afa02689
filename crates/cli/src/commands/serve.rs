//! `andon serve`: the dispatcher of all boards of the home with the API beside it, for a service manager to run.

use std::sync::Arc;

use andon_engine::dispatcher::{DispatchError, Options, Until};
use andon_engine::planner::PlannerService;
use andon_notify::Notifier;
use andon_server::channels;
use andon_server::http::{Listen, ServeOptions, Server, start};
use andon_store::Home;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::dispatch::LogFormat;
use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output;
use crate::remote::CommandLine;

/// Serve every board of the home until told to stop; runs go on without it
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    /// Where the API answers: an address, or `off` [env: ANDON_LISTEN; else 127.0.0.1:7700 where it is free]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Dispatch only
    #[arg(long, conflicts_with = "listen")]
    no_api: bool,
    /// How lines of the log are written [env: ANDON_LOG_FORMAT; else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// Serves.
pub(crate) fn run(app: &App, args: ServeArgs) -> Result<ExitCode, Failure> {
    app.out.say(&format!("andon: serving the boards of {}", app.home().root().display()));
    app.log(args.log_format);
    let home = app.home().clone();
    let notifier =
        Notifying::start(home.clone()).map_err(|error| DispatchError::Io { what: "the notifier", error })?;
    let options = Options { home, board: None, until: Until::Stopped, dry_run: false, max: None };
    let planner = PlannerService::start(app.home().clone())
        .map_err(|error| DispatchError::Io { what: "the planner", error })?;
    planner.nudge();
    let mut server = None;
    // Whoever reads where it is may stop it at once.
    let started = || {
        if !args.no_api {
            server = api(app, args.listen.as_deref())?;
        }
        Ok(())
    };
    let worked = super::dispatch::work(app, options, true, started, || planner.nudge());
    planner.stop();
    notifier.stop();
    worked?;
    if let Some(server) = server {
        server.stop();
    }
    app.out.say("andon: stopped; runs go on");
    Ok(ExitCode::Done)
}

/// The notifier on a thread with an event loop of its own: a receiver that dawdles, or a name that is looked up for long,
/// holds up neither the dispatcher nor the API.
struct Notifying {
    stop: CancellationToken,
    thread: std::thread::JoinHandle<()>,
}

impl Notifying {
    fn start(home: Home) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let ending = stop.clone();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(8).build()?;
        let thread = std::thread::Builder::new().name("notify".to_owned()).spawn(move || {
            let configured = channels::changes(home.root());
            runtime.block_on(Notifier::new(home).run(configured, ending));
            // A name that is still being looked up is waited for by nobody.
            runtime.shutdown_background();
        })?;
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        self.stop.cancel();
        let _ = self.thread.join();
    }
}

/// Starts the API, and says where it is.
fn api(app: &App, listen: Option<&str>) -> Result<Option<Server>, Failure> {
    let config = app.config()?;
    let listen = Listen::of(listen.or(config.listen.as_deref()));
    let verbs = CommandLine::new(app.home().clone(), app.environment().clone());
    let options = ServeOptions {
        home: app.home().clone(),
        config,
        person: app.person(),
        listen,
        verbs: Some(Arc::new(verbs)),
    };
    let server = start(&options).map_err(|error| {
        let error = std::io::Error::other(error.to_string());
        Failure::Dispatch(DispatchError::Io { what: "the API", error })
    })?;
    if let Some(server) = &server {
        for note in &server.notes {
            app.out.say(&format!("andon: {}", output::line(note)));
        }
        if let Some(login) = &server.login {
            app.out.say(&format!("andon: open {login}"));
        }
    }
    Ok(server)
}
