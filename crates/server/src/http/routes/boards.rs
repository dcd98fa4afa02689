//! Boards: which there are, and what they say of themselves.

use std::collections::BTreeMap;
use std::path::Path;

use andon_api::{Board, BoardChanges, Boards, NewBoard};
use andon_core::BoardSlug;
use andon_core::roster::Roster;
use andon_core::task::Refusal;
use andon_store::query::StatsOf;
use andon_store::{BoardFile, HomeError};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::executor::block_on;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::access::Who;
use super::super::body::{Answer, Asked, Body, Named};
use super::super::context::{OnBoard, tagged, unchanged};
use super::super::failure::Failure;
use super::super::state::Api;
use super::Problems;

/// The name of the board in an address, there or not.
pub(crate) struct Slug(BoardSlug);

impl axum::extract::FromRequestParts<Api> for Slug {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &Api) -> Result<Self, Failure> {
        Ok(Self(Named::of(parts).await?.board()?))
    }
}

/// A board, with its counts where it can be read.
fn shaped(api: &Api, slug: &BoardSlug, current: Option<&BoardSlug>) -> Result<Board, Failure> {
    let file = api.home.describe(slug)?;
    let (stats, problem) = match api.board(slug, false).map(|board| block_on(board.run(StatsOf))) {
        Ok(Ok(stats)) => (Some(stats), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(failure) => (None, Some(failure.0.detail)),
    };
    let counts: BTreeMap<String, u32> = stats
        .iter()
        .flat_map(|stats| &stats.by_status)
        .map(|(status, count)| (status.to_string(), *count))
        .collect();
    Ok(Board {
        slug: slug.clone(),
        name: file.name,
        description: file.description,
        icon: file.icon,
        color: file.color,
        default_workdir: file.default_workdir,
        reviewer: file.reviewer,
        created_at: file.created_at,
        is_current: current == Some(slug),
        total: counts.values().sum(),
        counts,
        problem,
    })
}

async fn one(api: &Api, slug: BoardSlug) -> Result<Board, Failure> {
    let asked = api.clone();
    api.blocking(move || shaped(&asked, &slug, asked.home.current().as_ref())).await?
}

/// The boards of the home.
#[utoipa::path(get, path = "/boards", tag = "boards",
    responses((status = 200, body = Boards, description = "`default` first"), Problems))]
pub(crate) async fn list(State(api): State<Api>, who: Who) -> Result<Answer<Boards>, Failure> {
    let asked = api.clone();
    let read = move || {
        let current = asked.home.current();
        let mut boards = Vec::new();
        for slug in asked.home.try_boards()? {
            if who.known.board().is_none_or(|own| *own == slug) {
                match shaped(&asked, &slug, current.as_ref()) {
                    Ok(board) => boards.push(board),
                    // It went while the list was made.
                    Err(failure) if failure.0.status == 404 => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok::<_, Failure>(Boards { boards, current })
    };
    Ok(Answer(api.blocking(read).await??))
}

/// Create a board; one that is there stays as it is.
#[utoipa::path(post, path = "/boards", tag = "boards", request_body = NewBoard,
    responses((status = 201, body = Board, description = "A new board"),
        (status = 200, body = Board, description = "It was there"), Problems))]
pub(crate) async fn create(State(api): State<Api>, Body(body): Body<NewBoard>) -> Result<Response, Failure> {
    let changes = BoardChanges {
        name: Some(body.name),
        description: Some(body.description),
        icon: Some(body.icon),
        color: Some(body.color),
        default_workdir: Some(body.default_workdir),
        reviewer: Some(body.reviewer),
    };
    let (asked, slug) = (api.clone(), body.slug);
    let make = move || {
        let mut file = BoardFile::default();
        describe(&asked, changes)?(&mut file);
        let new = asked.home.create(&slug, &file)?;
        if body.switch {
            asked.home.switch(&slug)?;
        }
        Ok::<_, Failure>((new, shaped(&asked, &slug, asked.home.current().as_ref())?))
    };
    let (new, board) = api.blocking(make).await??;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(board)).into_response())
}

/// Checks what was given, and gives the change that makes it so.
fn describe(api: &Api, changes: BoardChanges) -> Result<impl FnOnce(&mut BoardFile), Failure> {
    let blank =
        |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(path) = changes.default_workdir.clone().and_then(blank)
        && !Path::new(&path).is_absolute()
    {
        return Err(Refusal::invalid("default_workdir", &path, "it is an absolute path").into());
    }
    if let Some(name) = changes.reviewer.clone().and_then(blank)
        && name != "person"
    {
        let (config, profiles) = api.house()?;
        let roster: Roster = andon_engine::roster::roster(&profiles, &config, None);
        roster.get(&name.parse().map_err(|error: andon_core::id::InvalidId| {
            Refusal::invalid("reviewer", &error.text, error.rule)
        })?)?;
    }
    let all = [&changes.name, &changes.description, &changes.icon, &changes.color];
    if let Some(long) = all.into_iter().flatten().flatten().find(|text| text.chars().count() > 2_000) {
        return Err(Refusal::invalid("text", long, "it has at most 2000 characters").into());
    }
    Ok(move |file: &mut BoardFile| {
        let set = |field: &mut Option<String>, given: Option<Option<String>>| {
            if let Some(text) = given {
                *field = blank(text);
            }
        };
        set(&mut file.name, changes.name);
        set(&mut file.description, changes.description);
        set(&mut file.icon, changes.icon);
        set(&mut file.color, changes.color);
        set(&mut file.default_workdir, changes.default_workdir);
        set(&mut file.reviewer, changes.reviewer);
    })
}

/// One board.
#[utoipa::path(get, path = "/boards/{board}", tag = "boards", params(("board" = String, Path)),
    responses((status = 200, body = Board, description = "The board"), Problems))]
pub(crate) async fn show(State(api): State<Api>, slug: Slug) -> Result<Response, Failure> {
    Ok(shown(&one(&api, slug.0).await?))
}

/// A board with the tag of what it says of itself: its tasks come and go.
fn shown(board: &Board) -> Response {
    let mut response = tagged(&said(board));
    let tag = response.headers_mut().remove(header::ETAG);
    let mut response = axum::Json(board).into_response();
    response.headers_mut().extend(tag.map(|tag| (header::ETAG, tag)));
    response
}

fn said(board: &Board) -> Board {
    Board { counts: BTreeMap::new(), total: 0, is_current: false, problem: None, ..board.clone() }
}

/// Change what a board says of itself.
#[utoipa::path(patch, path = "/boards/{board}", tag = "boards", request_body = BoardChanges,
    params(("board" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Board, description = "The board afterwards"), Problems))]
pub(crate) async fn patch(
    at: OnBoard,
    headers: HeaderMap,
    Body(changes): Body<BoardChanges>,
) -> Result<Response, Failure> {
    let _turn = at.api.edits.lock().await;
    if headers.contains_key(header::IF_MATCH) {
        unchanged(&headers, &said(&one(&at.api, at.board.slug().clone()).await?))?;
    }
    let (asked, slug) = (at.api.clone(), at.board.slug().clone());
    let change = move || {
        let change = describe(&asked, changes)?;
        asked.home.edit(&slug, change)?;
        shaped(&asked, &slug, asked.home.current().as_ref())
    };
    Ok(shown(&at.api.blocking(change).await??))
}

/// How a board goes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    /// Deleted with everything in it, not put away.
    #[serde(default)]
    delete: bool,
    /// Although runs of it are alive.
    #[serde(default)]
    force: bool,
}

/// Put a board away, or delete it with everything in it.
#[utoipa::path(delete, path = "/boards/{board}", tag = "boards", params(("board" = String, Path), Removal),
    responses((status = 204, description = "It is gone"), Problems))]
pub(crate) async fn remove(
    State(api): State<Api>,
    slug: Slug,
    Asked(how): Asked<Removal>,
) -> Result<StatusCode, Failure> {
    let asked = api.clone();
    let remove = move || {
        asked.home.require(&slug.0)?;
        let live = asked.board(&slug.0, false).ok().and_then(|board| block_on(board.run(StatsOf)).ok());
        let live = live.map_or(0, |stats| stats.live.total());
        if live > 0 && !how.force {
            let hint = "stop them first, or say `force=true`";
            return Err(Failure::new("board_in_use", format!("{live} run(s) of it are alive"), Some(hint)));
        }
        asked.forget(&slug.0);
        let gone: Result<(), HomeError> = match how.delete {
            true => asked.home.delete(&slug.0),
            false => asked.home.archive(&slug.0).map(drop),
        };
        Ok(gone?)
    };
    api.blocking(remove).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Choose the board that is meant where none is named.
#[utoipa::path(post, path = "/boards/{board}/switch", tag = "boards", params(("board" = String, Path)),
    responses((status = 200, body = Board, description = "The board"), Problems))]
pub(crate) async fn switch(State(api): State<Api>, slug: Slug) -> Result<Answer<Board>, Failure> {
    let (asked, chosen) = (api.clone(), slug.0.clone());
    api.blocking(move || asked.home.switch(&chosen)).await??;
    Ok(Answer(one(&api, slug.0).await?))
}
