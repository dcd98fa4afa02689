//! Who may do what: one table of routes. A route that is not in it is answered to nobody.

use std::path::PathBuf;

use andon_core::{BoardSlug, ProfileName, RunId, TaskId};
use andon_store::query::RunOf;
use andon_store::{Caller, token_hash};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::failure::Failure;
use super::limits::FAILURES;
use super::routes::cord::boards;
use super::routes::verb;
use super::session;
use super::state::Api;
use super::tokens::{Scope, same};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// To be known; board tokens and workers see what is theirs.
    Known,
    /// To read every board.
    HomeRead,
    /// To administer the home.
    HomeWrite,
    /// To read this board.
    BoardRead,
    /// To work on this board; workers may, and the board itself says on what.
    BoardWork,
    /// To change this board as a person.
    BoardWrite,
}

macro_rules! table {
    ($($access:ident: $($method:literal $path:literal),+ ;)+) => {
        /// Every route with what it asks. `GET` stands for `HEAD` too.
        pub const ACCESS: &[(&str, &str, Access)] = &[$($(($method, $path, Access::$access),)+)+];
    };
}

table! {
    Public: "GET" "/livez", "GET" "/readyz", "GET" "/login", "GET" "/errors/{code}", "GET" "/", "GET" "/{*file}";
    Known: "GET" "/api/v1/me", "POST" "/api/v1/logout", "GET" "/api/v1/boards", "GET" "/api/v1/profiles",
        "GET" "/api/v1/profiles/{profile}", "GET" "/api/v1/settings", "GET" "/api/v1/openapi.json",
        "GET" "/api/v1/attention", "GET" "/api/v1/verbs", "POST" "/api/v1/verbs",
        "POST" "/mcp";
    HomeRead: "GET" "/metrics", "GET" "/api/v1/channels";
    HomeWrite: "POST" "/api/v1/boards", "DELETE" "/api/v1/boards/{board}", "POST" "/api/v1/boards/{board}/switch",
        "PATCH" "/api/v1/profiles/{profile}", "POST" "/api/v1/profiles/{profile}/describe", "PATCH" "/api/v1/settings", "POST" "/api/v1/pause", "POST" "/api/v1/resume",
        "GET" "/api/v1/tokens", "POST" "/api/v1/tokens", "DELETE" "/api/v1/tokens/{token}";
    BoardRead: "GET" "/api/v1/boards/{board}", "GET" "/api/v1/boards/{board}/columns",
        "GET" "/api/v1/boards/{board}/cards", "GET" "/api/v1/boards/{board}/tasks",
        "GET" "/api/v1/boards/{board}/tasks/{task}", "GET" "/api/v1/boards/{board}/tasks/{task}/comments",
        "GET" "/api/v1/boards/{board}/tasks/{task}/why", "GET" "/api/v1/boards/{board}/tasks/{task}/diagnostics",
        "GET" "/api/v1/boards/{board}/tasks/{task}/runs", "GET" "/api/v1/boards/{board}/tasks/{task}/events",
        "GET" "/api/v1/boards/{board}/tasks/{task}/context",
        "GET" "/api/v1/boards/{board}/tasks/{task}/attachments",
        "GET" "/api/v1/boards/{board}/tasks/{task}/attachments/{attachment}",
        "GET" "/api/v1/boards/{board}/tasks/{task}/diff", "GET" "/api/v1/boards/{board}/attention",
        "GET" "/api/v1/boards/{board}/graph", "GET" "/api/v1/boards/{board}/runs",
        "GET" "/api/v1/boards/{board}/runs/{run}", "GET" "/api/v1/boards/{board}/runs/{run}/processes",
        "GET" "/api/v1/boards/{board}/runs/{run}/log",
        "GET" "/api/v1/boards/{board}/runs/{run}/log/stream", "GET" "/api/v1/boards/{board}/workers",
        "GET" "/api/v1/boards/{board}/hosts", "GET" "/api/v1/boards/{board}/stats",
        "GET" "/api/v1/boards/{board}/usage", "GET" "/api/v1/boards/{board}/assignees",
        "GET" "/api/v1/boards/{board}/diagnostics", "GET" "/api/v1/boards/{board}/history",
        "GET" "/api/v1/boards/{board}/events", "GET" "/api/v1/boards/{board}/subscriptions",
        "GET" "/api/v1/boards/{board}/tasks/{task}/subscriptions";
    BoardWork: "POST" "/api/v1/boards/{board}/tasks", "POST" "/api/v1/boards/{board}/tasks/{task}/comments",
        "POST" "/api/v1/boards/{board}/tasks/{task}/attachments",
        "POST" "/api/v1/boards/{board}/tasks/{task}/complete", "POST" "/api/v1/boards/{board}/tasks/{task}/block",
        "POST" "/api/v1/boards/{board}/tasks/{task}/heartbeat",
        "POST" "/api/v1/boards/{board}/tasks/{task}/request-review",
        "POST" "/api/v1/boards/{board}/tasks/{task}/approve",
        "POST" "/api/v1/boards/{board}/tasks/{task}/request-changes",
        "POST" "/api/v1/boards/{board}/tasks/{task}/unblock", "POST" "/api/v1/boards/{board}/tasks/{task}/assign",
        "POST" "/api/v1/boards/{board}/links", "DELETE" "/api/v1/boards/{board}/links",
        "POST" "/api/v1/boards/{board}/pause";
    BoardWrite: "PATCH" "/api/v1/boards/{board}", "PATCH" "/api/v1/boards/{board}/tasks/{task}",
        "DELETE" "/api/v1/boards/{board}/tasks/{task}", "POST" "/api/v1/boards/{board}/tasks/bulk",
        "POST" "/api/v1/boards/{board}/tasks/{task}/specify",
        "POST" "/api/v1/boards/{board}/tasks/{task}/decompose",
        "POST" "/api/v1/boards/{board}/tasks/{task}/specify/auto",
        "POST" "/api/v1/boards/{board}/tasks/{task}/decompose/auto",
        "POST" "/api/v1/boards/{board}/tasks/{task}/claim", "POST" "/api/v1/boards/{board}/claim",
        "POST" "/api/v1/boards/{board}/recompute",
        "POST" "/api/v1/boards/{board}/tasks/{task}/promote", "POST" "/api/v1/boards/{board}/tasks/{task}/hold",
        "POST" "/api/v1/boards/{board}/tasks/{task}/triage",
        "POST" "/api/v1/boards/{board}/tasks/{task}/archive", "POST" "/api/v1/boards/{board}/tasks/{task}/reopen",
        "POST" "/api/v1/boards/{board}/tasks/{task}/stop", "POST" "/api/v1/boards/{board}/tasks/{task}/reclaim",
        "POST" "/api/v1/boards/{board}/tasks/{task}/schedule",
        "POST" "/api/v1/boards/{board}/tasks/{task}/reset-failures",
        "DELETE" "/api/v1/boards/{board}/tasks/{task}/attachments/{attachment}",
        "POST" "/api/v1/boards/{board}/runs/{run}/terminate",
        "POST" "/api/v1/boards/{board}/resume", "POST" "/api/v1/boards/{board}/nudge",
        "PUT" "/api/v1/boards/{board}/subscriptions/{channel}",
        "DELETE" "/api/v1/boards/{board}/subscriptions/{channel}",
        "POST" "/api/v1/boards/{board}/subscriptions/{channel}/retry",
        "PUT" "/api/v1/boards/{board}/tasks/{task}/subscriptions/{channel}",
        "DELETE" "/api/v1/boards/{board}/tasks/{task}/subscriptions/{channel}",
        "POST" "/api/v1/boards/{board}/tasks/{task}/subscriptions/{channel}/retry";
}

/// What a route asks; none where the table does not have it.
pub(crate) fn access(method: &Method, path: &str) -> Option<Access> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    ACCESS.iter().find(|(known, route, _)| *known == method && *route == path).map(|(_, _, access)| *access)
}

/// By what a caller is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// A token or a browser's session.
    Token(Scope),
    /// The worker of a run.
    Run {
        /// Its board.
        board: BoardSlug,
        /// Its run.
        run: RunId,
        /// The run's secret.
        token: String,
        /// Its task.
        task: TaskId,
        /// Its profile.
        profile: Option<ProfileName>,
        /// The directory that it works in.
        workspace: Option<PathBuf>,
    },
}

impl Known {
    /// Whether it may use a route of this kind, on this board if it is a board's.
    pub(crate) fn may(&self, access: Access, board: Option<&str>) -> bool {
        let own = |slug: &BoardSlug| board == Some(slug.as_str());
        match (access, self) {
            (Access::Public | Access::Known, _) => true,
            (_, Self::Token(Scope::Login)) => false,
            (_, Self::Token(Scope::Admin | Scope::Session)) => true,
            (Access::HomeRead | Access::BoardRead, Self::Token(Scope::Read)) => true,
            (Access::HomeWrite | Access::BoardWork | Access::BoardWrite, Self::Token(Scope::Read)) => false,
            (Access::BoardRead | Access::BoardWork | Access::BoardWrite, Self::Token(Scope::Board(slug))) => {
                own(slug)
            }
            (Access::BoardRead | Access::BoardWork, Self::Run { board: slug, .. }) => own(slug),
            (Access::HomeRead | Access::HomeWrite, Self::Token(Scope::Board(_)) | Self::Run { .. })
            | (Access::BoardWrite, Self::Run { .. }) => false,
        }
    }

    /// The one board that is open to it.
    pub(crate) const fn board(&self) -> Option<&BoardSlug> {
        match self {
            Self::Token(Scope::Board(board)) | Self::Run { board, .. } => Some(board),
            Self::Token(Scope::Read | Scope::Admin | Scope::Session | Scope::Login) => None,
        }
    }
}

/// The caller of a request.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// The name under which it acts.
    pub(crate) name: String,
    /// The id of its token, or its run.
    pub(crate) id: String,
    /// By what it is known.
    pub(crate) known: Known,
    /// It is a browser that has logged in, whatever it may do.
    pub(crate) browser: bool,
}

impl Who {
    /// The caller, as the store knows it.
    pub(crate) fn caller(&self) -> Caller {
        match &self.known {
            Known::Token(_) => Caller::person(self.name.clone()),
            Known::Run { run, token, profile, .. } => {
                Caller::worker(run.clone(), profile.clone(), token.clone())
            }
        }
    }

    /// Whether its credentials still hold.
    pub(crate) fn stands(&self, api: &Api) -> bool {
        match &self.known {
            Known::Token(_) => api.tokens.stands(&self.id, api.now()),
            // The end of its run is an event, which its streams see.
            Known::Run { .. } => true,
        }
    }
}

/// Lets a request pass to its handler when its caller may.
pub(crate) async fn check(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    let Some(access) = access(request.method(), &path) else { return not_allowed(&path) };
    if access == Access::Public {
        return next.run(request).await;
    }
    if let Some(who) = verb::itself(&request, &path) {
        request.extensions_mut().insert(who);
        return next.run(request).await;
    }
    let asked = Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
    };
    match identify(&api, &asked, access).await {
        Ok(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

fn not_allowed(path: &str) -> Response {
    let methods: Vec<&str> =
        ACCESS.iter().filter(|(_, route, _)| *route == path).map(|(method, _, _)| *method).collect();
    let methods = methods.join(", ");
    let detail = format!("this address takes {methods}");
    let mut response = Failure::new("method_not_allowed", detail, None).into_response();
    if let Ok(value) = HeaderValue::from_str(&methods) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// What of a request says who calls: a request itself cannot be looked at across a wait.
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
}

async fn identify(api: &Api, request: &Asked, access: Access) -> Result<Who, Failure> {
    let board = board_of(&request.path);
    let who = match credentials(api, request, board).await {
        Ok(Some(who)) => who,
        Ok(None) => {
            strike(api)?;
            let hint = "send `Authorization: Bearer <token>` (`andon token create` makes one), or log in by the URL \
                        that `andon token url` prints";
            return Err(Failure::new("unauthenticated", "who calls is not known", Some(hint)));
        }
        Err(failure) => return Err(failure),
    };
    if who.known.may(access, board) {
        return Ok(who);
    }
    let detail = match &who.known {
        Known::Token(scope) => format!("a token of scope {scope} does not open this"),
        Known::Run { board, .. } => format!("the worker of a run on board {board} may not do this"),
    };
    Err(Failure::new("forbidden", detail, None))
}

/// The board that an address names, as it is written there.
fn board_of(path: &str) -> Option<&str> {
    path.strip_prefix("/api/v1/boards/")?.split('/').next().filter(|slug| !slug.is_empty())
}

/// Who calls; nobody where nothing, or something wrong, is shown.
async fn credentials(api: &Api, request: &Asked, board: Option<&str>) -> Result<Option<Who>, Failure> {
    let bearer = request.headers.get(header::AUTHORIZATION).map(|value| {
        let text = value.to_str().unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { token.trim().to_owned() } else { String::new() }
    });
    let (secret, cookie) = match bearer {
        Some(secret) => (secret, false),
        None => match session::cookie(&request.headers) {
            Some(secret) => (secret, true),
            None => return Ok(None),
        },
    };
    if let (false, Some((run, token))) = (cookie, secret.split_once('.')) {
        return worker(api, board, run, token).await;
    }
    let Some(entry) = api.tokens.find(&secret, api.now())? else { return Ok(None) };
    if entry.scope == Scope::Login || (entry.scope == Scope::Session) != cookie {
        return Ok(None);
    }
    if cookie && !request.method.is_safe() && !request.headers.contains_key(header::ORIGIN) {
        let detail = "a browser says where a change comes from; this request has no Origin";
        return Err(Failure::new("foreign_origin", detail, None));
    }
    let known = Known::Token(entry.opens());
    Ok(Some(Who { name: entry.name, id: entry.id, known, browser: cookie }))
}

/// The worker of a run, whose secret is right, and of which something may still live. Where the address names no board, the
/// run is looked for on all of them.
async fn worker(api: &Api, board: Option<&str>, run: &str, token: &str) -> Result<Option<Who>, Failure> {
    let Ok(run) = run.parse::<RunId>() else { return Ok(None) };
    let named = board.is_some();
    let open = match board.map(str::parse::<BoardSlug>) {
        Some(Ok(slug)) => api.board(&slug, false).into_iter().collect(),
        Some(Err(_)) => return Ok(None),
        None => boards(api).await?,
    };
    for board in open {
        let found = match api.ask(&board, RunOf { run: run.clone() }).await {
            Ok(found) => found,
            Err(failure) if named => return Err(failure),
            // A board that cannot be read keeps nobody from the others.
            Err(_) => None,
        };
        let Some(found) = found else { continue };
        let genuine = !found.token_hash.is_empty() && same(&found.token_hash, &token_hash(token));
        if !genuine || found.reaped_at.is_some() {
            return Ok(None);
        }
        let name = found.profile.as_ref().map_or_else(|| "worker".to_owned(), ToString::to_string);
        let known = Known::Run {
            board: board.slug().clone(),
            run: run.clone(),
            token: token.to_owned(),
            task: found.task,
            profile: found.profile,
            workspace: found.workspace_path.map(PathBuf::from),
        };
        return Ok(Some(Who { name, id: run.to_string(), known, browser: false }));
    }
    Ok(None)
}

/// Counts one failure; too many of them, and everybody without the right credentials waits.
fn strike(api: &Api) -> Result<(), Failure> {
    let window = api.now().0 / 10_000;
    let mut failures = api.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if failures.0 != window {
        *failures = (window, 0);
    }
    failures.1 = failures.1.saturating_add(1);
    if failures.1 > FAILURES {
        return Err(Failure::new("too_many_requests", "too many wrong credentials in ten seconds", None));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_a_rule_and_every_rule_a_route() {
        let document = super::super::openapi::document();
        let mut routes = Vec::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
            ] {
                if operation.is_some() {
                    routes.push((method, path.as_str()));
                }
            }
        }
        for (method, path) in &routes {
            assert!(
                ACCESS.iter().any(|(known, route, _)| known == method && route == path),
                "{method} {path} has no rule"
            );
        }
        for (method, path, access) in ACCESS {
            let described = routes.contains(&(*method, *path));
            // What is no JSON stands beside the document.
            let beside = *access == Access::Public || ["/metrics", "/mcp"].contains(path);
            assert!(described || beside, "{method} {path} is no route");
        }
    }

    #[test]
    fn a_route_without_a_rule_is_answered_to_nobody() {
        let home = tempfile::tempdir().unwrap();
        let limits = crate::http::limits::Limits::of(&andon_engine::config::Config::default());
        let api = Api::new(andon_store::Home::new(home.path()), limits, Vec::new(), None);
        let own = api.tokens.own("ada", api.now()).unwrap();
        let known = axum::routing::get(|| async { "an answer" });
        let router = axum::Router::new()
            .route("/api/v1/forgotten", known.clone())
            .route("/api/v1/me", known)
            .layer(axum::middleware::from_fn_with_state(api.clone(), check))
            .with_state(api);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ask = |path: &str| {
            let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {own}"));
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = tower::ServiceExt::oneshot(router.clone(), request);
            runtime.block_on(answer).unwrap().status().as_u16()
        };
        assert_eq!((ask("/api/v1/me"), ask("/api/v1/forgotten")), (200, 405));
    }

    #[test]
    fn each_kind_of_caller_may_what_its_scope_says() {
        let board = || Some("web");
        let run = Known::Run {
            board: "web".parse().unwrap(),
            run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            token: String::new(),
            task: TaskId::from_bits(1),
            profile: None,
            workspace: None,
        };
        let token = |scope: &str| Known::Token(scope.parse().unwrap());
        for (_, path, access) in ACCESS {
            use Access::{BoardRead, BoardWork, BoardWrite, HomeRead, HomeWrite, Known as Anyone, Public};
            let expected = match access {
                Public | Anyone => [true; 6],
                HomeRead => [true, true, true, false, false, false],
                HomeWrite => [true, true, false, false, false, false],
                BoardRead => [true, true, true, true, false, true],
                BoardWork => [true, true, false, true, false, true],
                BoardWrite => [true, true, false, true, false, false],
            };
            let callers = [
                token("admin"),
                token("session"),
                token("read"),
                token("board:web"),
                token("board:other"),
                run.clone(),
            ];
            let may = callers.each_ref().map(|known| known.may(*access, board()));
            assert_eq!(may, expected, "{path}");
            assert_eq!(token("login").may(*access, board()), matches!(access, Public | Anyone), "{path}");
        }
    }
}
