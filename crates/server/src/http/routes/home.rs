//! The home: who calls, profiles, settings, tokens, and whether the server is well.

use andon_api::{
    BrokenProfile, DashboardDefaults, Me, NewToken, Profile, ProfileChanges, Profiles, Settings,
    SettingsChanges, Time, Token, TokenMade, Tokens,
};
use andon_core::task::{Actor, Refusal};
use andon_core::{Millis, ProfileName};
use andon_engine::config::{self, ConfigValue, Reviewer};
use andon_engine::planner::model_name;
use andon_engine::profile::{self, Changes};
use andon_engine::roster::roster;
use andon_store::Ring;
use andon_store::files::ATTACHMENT_LIMIT;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::super::access::{Known, Who};
use super::super::body::{Answer, Body, Named};
use super::super::context::{tagged, unchanged};
use super::super::failure::Failure;
use super::super::openapi;
use super::super::session;
use super::super::state::Api;
use super::super::tokens::{Entry, Scope};
use super::{Problems, cord};

/// The part of an address that names something of the home.
pub(crate) struct Name(Named);

impl Name {
    /// The profile's name.
    pub(crate) fn profile(&self) -> &str {
        self.0.text("profile")
    }
}

impl axum::extract::FromRequestParts<Api> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &Api) -> Result<Self, Failure> {
        Ok(Self(Named::of(parts).await?))
    }
}

/// Who calls.
#[utoipa::path(get, path = "/me", tag = "home",
    responses((status = 200, body = Me, description = "The caller"), Problems))]
pub(crate) async fn me(who: Who) -> Answer<Me> {
    let (scope, run_id) = match &who.known {
        Known::Token(scope) => (scope.to_string(), None),
        Known::Run { run, .. } => ("run".to_owned(), Some(run.clone())),
    };
    let board = who.known.board().cloned();
    Answer(Me { name: who.name, scope, board, run_id, version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// Log the browser out.
#[utoipa::path(post, path = "/logout", tag = "home",
    responses((status = 204, description = "The session is over"), Problems))]
pub(crate) async fn logout(State(api): State<Api>, who: Who) -> Result<Response, Failure> {
    if who.browser {
        api.tokens.revoke(&who.id, api.now())?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, session::keep(None));
    Ok(response)
}

fn shaped(profile: &profile::Profile) -> Profile {
    let settings = &profile.settings;
    Profile {
        name: profile.name.clone(),
        description: settings.description.clone(),
        description_auto: settings.description_auto,
        runner: settings.runner.as_ref().map(ToString::to_string),
        lane: !profile.is_spawned(),
        model: settings.model.clone(),
        max_running: settings.max_running,
        max_runtime: settings.max_runtime.map(andon_engine::config::Duration::as_millis),
        reviewer: settings.reviewer.as_ref().map(ToString::to_string),
        skills: profile.skills.clone(),
        ends_by: profile.ends_by().to_string(),
        may_pause: settings.may_pause,
    }
}

/// The profiles of the home.
#[utoipa::path(get, path = "/profiles", tag = "home",
    responses((status = 200, body = Profiles, description = "By name"), Problems))]
pub(crate) async fn profiles(State(api): State<Api>) -> Result<Answer<Profiles>, Failure> {
    let (_, profiles) = api.house()?;
    let broken = profiles.broken.iter();
    Ok(Answer(Profiles {
        profiles: profiles.valid.values().map(shaped).collect(),
        broken: broken
            .map(|(name, error)| BrokenProfile { name: name.to_string(), problem: error.to_string() })
            .collect(),
    }))
}

/// One profile.
#[utoipa::path(get, path = "/profiles/{profile}", tag = "home", params(("profile" = String, Path)),
    responses((status = 200, body = Profile, description = "The profile"), Problems))]
pub(crate) async fn profile(State(api): State<Api>, name: Name) -> Result<Response, Failure> {
    let (_, profiles) = api.house()?;
    Ok(tagged(&shaped(profiles.require(name.0.text("profile"))?)))
}

/// Change a profile.
#[utoipa::path(patch, path = "/profiles/{profile}", tag = "home", request_body = ProfileChanges,
    params(("profile" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Profile, description = "The profile afterwards"), Problems))]
pub(crate) async fn patch_profile(
    State(api): State<Api>,
    name: Name,
    headers: HeaderMap,
    Body(body): Body<ProfileChanges>,
) -> Result<Response, Failure> {
    let _turn = api.edits.lock().await;
    unchanged(&headers, &shaped(api.house()?.1.require(name.0.text("profile"))?))?;
    let mut changes = Changes::new();
    for (key, given) in [("description", body.description), ("model", body.model)] {
        changes = match given.map(|text| text.filter(|text| !text.trim().is_empty())) {
            Some(Some(text)) => changes.set(key, text),
            Some(None) => changes.unset(key),
            None => changes,
        };
    }
    changes = match body.max_running {
        Some(Some(count)) => changes.set("max_running", i64::from(count)),
        Some(None) => changes.unset("max_running"),
        None => changes,
    };
    let (home, name) = (api.home.root().to_owned(), name.0.text("profile").to_owned());
    let edited = api.blocking(move || profile::edit(&home, &name, &changes)).await??;
    Ok(tagged(&shaped(&edited)))
}

async fn configured(api: &Api) -> Result<Settings, Failure> {
    let (config, profiles) = api.house()?;
    let roster = roster(&profiles, &config, None);
    let asked = api.clone();
    let paused_everything = api.blocking(move || asked.home.paused_everything()).await?;
    Ok(Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        default_assignee: config.default_assignee.clone(),
        resolved_orchestrator: roster.orchestrator(&Actor::System),
        planner_model: model_name(&config, &profiles, &roster),
        orchestrator: config.orchestrator.clone(),
        auto_decompose: config.auto_decompose,
        auto_promote_children: config.auto_promote_children,
        reviewer: config.reviewer.as_ref().unwrap_or(&Reviewer::Person).to_string(),
        max_running: config.max_running,
        max_running_per_profile: config.max_running_per_profile,
        max_running_per_host: config.max_running_per_host,
        failure_limit: config.failure_limit,
        blocked_stale_after: config.diagnostics.blocked_stale_after.as_millis(),
        stranded_after: config.diagnostics.stranded_after.as_millis(),
        engine: if api.home.database_url().is_some() { "postgres" } else { "sqlite" }.to_owned(),
        attachment_limit: ATTACHMENT_LIMIT,
        paused_everything,
        dashboard: DashboardDefaults {
            default_tenant: config.dashboard.default_tenant.clone(),
            lane_by_profile: config.dashboard.lane_by_profile,
            include_archived: config.dashboard.include_archived,
            render_markdown: config.dashboard.render_markdown,
        },
    })
}

/// What is configured; its ETag is for a change that must not undo another's.
#[utoipa::path(get, path = "/settings", tag = "home",
    responses((status = 200, body = Settings, description = "What holds"), Problems))]
pub(crate) async fn settings(State(api): State<Api>) -> Result<Response, Failure> {
    Ok(tagged(&configured(&api).await?))
}

/// Change what is configured, in `config.toml` of the home; dispatchers take it up at once. A variable of the server's
/// environment stays stronger.
#[utoipa::path(patch, path = "/settings", tag = "home", request_body = SettingsChanges,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Settings, description = "What holds afterwards"), Problems))]
pub(crate) async fn patch_settings(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<SettingsChanges>,
) -> Result<Response, Failure> {
    let _turn = api.edits.lock().await;
    unchanged(&headers, &configured(&api).await?)?;
    let (_, profiles) = api.house()?;
    let person = Some("person");
    let named = [
        body.default_assignee.as_ref().map(|name| name.as_ref().map(ToString::to_string)),
        body.orchestrator.as_ref().map(|name| name.as_ref().map(ToString::to_string)),
        body.reviewer.clone().map(|name| name.filter(|name| Some(name.as_str()) != person)),
    ];
    for name in named.into_iter().flatten().flatten() {
        profiles.require(&name)?;
    }
    let text = |given: Option<Option<String>>| given.map(|text| text.map(ConfigValue::from));
    let number = |given: Option<Option<u32>>| {
        given.map(|number| number.map(|number| ConfigValue::from(i64::from(number))))
    };
    let flag = |given: Option<Option<bool>>| given.map(|flag| flag.map(ConfigValue::from));
    let named = |given: Option<Option<ProfileName>>| given.map(|name| name.map(|name| name.to_string()));
    let changes = [
        ("default_assignee", text(named(body.default_assignee))),
        ("orchestrator", text(named(body.orchestrator))),
        ("auto_decompose", flag(body.auto_decompose)),
        ("auto_promote_children", flag(body.auto_promote_children)),
        ("reviewer", text(body.reviewer)),
        ("max_running", number(body.max_running)),
        ("max_running_per_profile", number(body.max_running_per_profile)),
        ("max_running_per_host", number(body.max_running_per_host)),
        ("failure_limit", number(body.failure_limit)),
    ];
    let changes: Vec<_> = changes.into_iter().filter_map(|(key, given)| Some((key, given?))).collect();
    let home = api.home.root().to_owned();
    api.blocking(move || config::edit(&home, &changes)).await??;
    let boards = cord::boards(&api).await?;
    api.blocking(move || boards.iter().for_each(|board| board.doorbell().ring(&[Ring::Board]))).await?;
    Ok(tagged(&configured(&api).await?))
}

fn token(entry: &Entry) -> Token {
    Token {
        id: entry.id.clone(),
        name: entry.name.clone(),
        scope: entry.scope.to_string(),
        created_at: Time::from(Millis(entry.created_at)),
        expires_at: entry.expires_at.map(|at| Time::from(Millis(at))),
    }
}

/// The tokens of the home.
#[utoipa::path(get, path = "/tokens", tag = "home",
    responses((status = 200, body = Tokens, description = "The oldest first"), Problems))]
pub(crate) async fn tokens(State(api): State<Api>) -> Result<Answer<Tokens>, Failure> {
    let known = api.tokens.list(api.now())?;
    let shown = known.iter().filter(|entry| entry.scope != Scope::Login);
    Ok(Answer(Tokens { tokens: shown.map(token).collect() }))
}

/// Make a token.
#[utoipa::path(post, path = "/tokens", tag = "home", request_body = NewToken,
    responses((status = 201, body = TokenMade, description = "Its secret, shown this once"), Problems))]
pub(crate) async fn make_token(
    State(api): State<Api>,
    Body(body): Body<NewToken>,
) -> Result<Response, Failure> {
    let scope: Scope = body.scope.parse()?;
    if matches!(scope, Scope::Session | Scope::Login) {
        return Err(Refusal::invalid("scope", &body.scope, "say read, board:<board> or admin").into());
    }
    let days = match body.expires_in_days {
        Some(days @ 1..=3_650) => Some(i64::from(days) * 86_400_000),
        Some(days) => {
            return Err(Refusal::invalid("expires_in_days", &days.to_string(), "it is 1 to 3650").into());
        }
        None => None,
    };
    let (secret, entry) = api.tokens.make(&body.name, scope, days, api.now())?;
    Ok((StatusCode::CREATED, axum::Json(TokenMade { token: secret, info: token(&entry) })).into_response())
}

/// End a token.
#[utoipa::path(delete, path = "/tokens/{token}", tag = "home", params(("token" = String, Path)),
    responses((status = 204, description = "It opens nothing any more"), Problems))]
pub(crate) async fn end_token(State(api): State<Api>, name: Name) -> Result<StatusCode, Failure> {
    api.tokens.revoke(name.0.text("token"), api.now())?;
    Ok(StatusCode::NO_CONTENT)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "home",
    responses((status = 200, body = serde_json::Value, description = "OpenAPI 3.1"), Problems))]
pub(crate) async fn document() -> Response {
    axum::Json(openapi::document()).into_response()
}

/// The process is there.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Every board can be read.
pub(crate) async fn readyz(State(api): State<Api>) -> Result<&'static str, Failure> {
    let asked = api.clone();
    let look = move || {
        asked.house()?;
        asked.home.try_boards().map_err(Failure::from)
    };
    match api.blocking(look).await? {
        Ok(_) if api.ending.is_cancelled() => {
            Err(Failure::with_status(503, "closed", "the server is stopping"))
        }
        Ok(_) => Ok("ok\n"),
        Err(failure) => Err(Failure::with_status(503, &failure.0.code, failure.0.detail)),
    }
}
