//! `andon mcp`: the board as tools for agents, over the Model Context Protocol.

use andon_core::ProfileName;
use andon_engine::dispatcher::DispatchError;
use andon_engine::profile::{self, Profiles};
use andon_server::HomeRules;
use andon_server::mcp::{McpService, StdioError, serve_stdio};
use andon_tools::{Identity, Toolbox, Toolset};
use clap::{Args, ValueEnum};
use std::sync::Arc;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Which tools are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Offered {
    /// Those by which a worker works on its task
    Task,
    /// Those that list and route the tasks of others too
    Board,
}

/// Serve the board as tools to an agent, on standard input and output
///
/// For MCP clients, which start it: `andon mcp` is the whole command. In a run it acts for that run and its task alone.
#[derive(Args, Clone, Debug)]
pub(crate) struct McpArgs {
    /// Act under the name of this profile, with its tools
    #[arg(long, value_name = "PROFILE")]
    profile: Option<ProfileName>,
    /// Which tools are offered [else: what the profile says, and all of them to a person]
    #[arg(long, value_enum, value_name = "WHICH")]
    toolset: Option<Offered>,
}

/// Serves until the client goes. Nothing is opened before the first call.
pub(crate) fn run(app: &App, args: McpArgs) -> Result<ExitCode, Failure> {
    app.log(None);
    let identity = app.identity(args.profile.as_ref())?;
    let toolset = match args.toolset {
        Some(Offered::Task) => Toolset::Task,
        Some(Offered::Board) => Toolset::Board,
        None => toolset(app, &identity, args.profile.as_ref())?,
    };
    let rules = Arc::new(HomeRules::new(app.home().clone()));
    let toolbox = Toolbox::new(app.home().clone(), identity, toolset, rules);
    serve_stdio(&McpService::new(toolbox)).map_err(|StdioError::Start(error)| {
        Failure::Dispatch(DispatchError::Io { what: "MCP on standard input and output", error })
    })?;
    Ok(ExitCode::Done)
}

/// A person is offered everything. A worker has what its profile says; where that cannot be read, those of its task.
fn toolset(app: &App, identity: &Identity, named: Option<&ProfileName>) -> Result<Toolset, Failure> {
    let own = identity.as_worker().and_then(|worker| worker.profile.as_ref());
    let profile = match (identity.is_person(), named.or(own)) {
        (true, None) => return Ok(Toolset::Board),
        (true, Some(name)) => Some(Profiles::load_one(app.home().root(), name.as_str())?),
        (false, name) => name.and_then(|name| Profiles::load_one(app.home().root(), name.as_str()).ok()),
    };
    let board = profile.is_some_and(|found| found.settings.toolset.contains(&profile::Toolset::Board));
    Ok(if board { Toolset::Board } else { Toolset::Task })
}
