//! `/mcp`: the tools over the Model Context Protocol's streamable HTTP, for workers and persons, by the same tokens as the API.
//!
//! Every request stands for itself, in both versions of the protocol, so that a restart of the server breaks nothing. The
//! guard has looked at `Host` and `Origin` before, and the table of access at the token.

use std::sync::Arc;

use andon_core::BoardSlug;
use andon_engine::profile::Toolset as Offered;
use andon_store::query::LinkedTask;
use andon_tools::{Bounds, Identity, Toolbox, Toolset, Worker};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};

use super::access::{Known, Who};
use super::failure::Failure;
use super::state::Api;
use super::tokens::Scope;
use crate::HomeRules;
use crate::mcp::{McpService, over_http};

/// Answers one request.
pub(crate) async fn mcp(State(api): State<Api>, who: Who, request: Request) -> Response {
    match toolbox(&api, who).await {
        Ok(toolbox) => {
            let service = McpService::among_others(toolbox, Arc::clone(&api.pulses));
            let ending = api.ending.child_token();
            over_http(service, api.limits.body, ending, request).await.map(Body::new)
        }
        Err(failure) => failure.into_response(),
    }
}

/// The tools of a caller, on the boards that this process serves.
async fn toolbox(api: &Api, who: Who) -> Result<Toolbox, Failure> {
    let serving = Bounds { serving: true, ..Bounds::default() };
    let (identity, toolset, bounds) = match who.known {
        Known::Token(Scope::Board(slug)) => {
            let bounds = Bounds { one_board: true, apart: true, ..serving };
            (Identity::person(slug, who.name), Toolset::Board, bounds)
        }
        Known::Token(Scope::Read) => {
            let bounds = Bounds { read_only: true, apart: true, ..serving };
            (Identity::person(meant(api)?, who.name), Toolset::Board, bounds)
        }
        Known::Token(Scope::Admin | Scope::Session | Scope::Login) => {
            (Identity::person(meant(api)?, who.name), Toolset::Board, serving)
        }
        Known::Run { board, run, token, task, profile, workspace } => {
            let open = api.board(&board, false)?;
            let (of, _, _) = api.ask(&open, LinkedTask { task: task.clone() }).await?;
            let (_, profiles) = api.house()?;
            let own = profile.as_ref().and_then(|name| profiles.get(name.as_str()));
            let routes = own.is_some_and(|own| own.settings.toolset.contains(&Offered::Board));
            let (tenant, session) = (of.tenant, of.session_id);
            let worker = Worker { run, token, task, profile, workspace, tenant, session };
            let toolset = if routes { Toolset::Board } else { Toolset::Task };
            (Identity::worker(board, worker), toolset, serving)
        }
    };
    let rules = Arc::new(HomeRules::new(api.home.clone()));
    Ok(Toolbox::within(api.home.clone(), identity, toolset, rules, bounds))
}

/// The board that is meant where none is named.
fn meant(api: &Api) -> Result<BoardSlug, Failure> {
    match api.home.current() {
        Some(current) => Ok(current),
        None => Ok("default".parse()?),
    }
}
