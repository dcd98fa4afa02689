//! The router with its document: what is served and what is described are one list.

use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Router, response::Response};
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access;
use super::assets;
use super::failure::Failure;
use super::guard;
use super::mcp;
use super::metrics;
use super::replay;
use super::routes::{
    attention, boards, cord, files, home, insight, notices, plan, planning, runs, tasks, verb, verbs,
};
use super::session;
use super::state::Api;

#[derive(OpenApi)]
#[openapi(
    info(title = "Andon", description = "A durable board for fleets of agents.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(schemas(andon_api::Event, andon_api::LogChunk, andon_api::LogEnd)),
    security(("bearer" = []), ("session" = [])),
    tags((name = "home", description = "The home"), (name = "boards", description = "Boards"),
        (name = "tasks", description = "Tasks"), (name = "verbs", description = "What can be done to a task"),
        (name = "files", description = "Files of tasks"), (name = "runs", description = "Runs and workers"),
        (name = "insight", description = "Why, what is wrong, what happened"), (name = "cord", description = "Pause and resume"),
        (name = "notices", description = "Who is told of what happens")),
)]
struct Doc;

fn routes() -> OpenApiRouter<Api> {
    let api = of_home().merge(of_tasks()).merge(of_verbs()).merge(of_insight());
    OpenApiRouter::with_openapi(Doc::openapi()).nest("/api/v1", api)
}

/// The home and its boards.
fn of_home() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(home::me))
        .routes(routes!(home::logout))
        .routes(routes!(home::profiles))
        .routes(routes!(home::profile, home::patch_profile))
        .routes(routes!(home::settings, home::patch_settings))
        .routes(routes!(home::tokens, home::make_token))
        .routes(routes!(home::end_token))
        .routes(routes!(home::document))
        .routes(routes!(cord::pause_all))
        .routes(routes!(cord::resume_all))
        .routes(routes!(boards::list, boards::create))
        .routes(routes!(boards::show, boards::patch, boards::remove))
        .routes(routes!(boards::switch))
        .routes(routes!(notices::channels))
        .routes(routes!(notices::of_board))
        .routes(routes!(notices::subscribe_board, notices::unsubscribe_board))
        .routes(routes!(notices::retry_board))
}

/// Tasks and what belongs to them.
fn of_tasks() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(tasks::columns))
        .routes(routes!(tasks::cards))
        .routes(routes!(tasks::list, tasks::create))
        .routes(routes!(verbs::bulk))
        .routes(routes!(tasks::show, tasks::patch, tasks::delete))
        .routes(routes!(tasks::comments, tasks::comment))
        .routes(routes!(tasks::link, tasks::unlink))
        .routes(routes!(files::list, files::attach))
        .routes(routes!(files::get, files::detach))
        .routes(routes!(notices::of_task))
        .routes(routes!(notices::subscribe_task, notices::unsubscribe_task))
        .routes(routes!(notices::retry_task))
}

/// What can be done to a task.
fn of_verbs() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(verbs::complete))
        .routes(routes!(verbs::block))
        .routes(routes!(verbs::unblock))
        .routes(routes!(verbs::promote))
        .routes(routes!(verbs::hold))
        .routes(routes!(verbs::triage))
        .routes(routes!(verbs::assign))
        .routes(routes!(verbs::archive))
        .routes(routes!(verbs::reopen))
        .routes(routes!(verbs::stop))
        .routes(routes!(verbs::reclaim))
        .routes(routes!(verbs::schedule))
        .routes(routes!(verbs::request_review))
        .routes(routes!(verbs::approve))
        .routes(routes!(verbs::request_changes))
        .routes(routes!(verbs::reset_failures))
        .routes(routes!(verbs::heartbeat))
        .routes(routes!(verb::facts, verb::run))
        .routes(routes!(plan::specify))
        .routes(routes!(planning::specify_auto))
        .routes(routes!(planning::decompose_auto))
        .routes(routes!(planning::describe_profile))
        .routes(routes!(plan::decompose))
        .routes(routes!(plan::claim))
        .routes(routes!(plan::claim_next))
}

/// What is, what was, and the cord.
fn of_insight() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(insight::why_not))
        .routes(routes!(insight::task_diagnostics))
        .routes(routes!(insight::task_events))
        .routes(routes!(insight::context))
        .routes(routes!(insight::graph))
        .routes(routes!(insight::hosts))
        .routes(routes!(insight::stats))
        .routes(routes!(insight::usage))
        .routes(routes!(insight::assignees))
        .routes(routes!(insight::diagnostics))
        .routes(routes!(insight::history))
        .routes(routes!(insight::stream))
        .routes(routes!(runs::of_task_runs))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(runs::processes))
        .routes(routes!(runs::terminate))
        .routes(routes!(runs::log))
        .routes(routes!(runs::log_stream))
        .routes(routes!(runs::workers))
        .routes(routes!(cord::pause_board))
        .routes(routes!(cord::resume_board))
        .routes(routes!(cord::nudge))
        .routes(routes!(plan::recompute))
        .routes(routes!(attention::everywhere))
        .routes(routes!(attention::on_board))
        .routes(routes!(attention::diff))
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let session = ApiKey::Cookie(ApiKeyValue::new("andon_session"));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    flatten_actions(&mut components.schemas);
    document
}

/// An action of `bulk` is the body of its verb with the verb's name in it. The derived schema asks for both at once, and a
/// body that takes no further keys would never be one: here each is a schema of its own.
fn flatten_actions(schemas: &mut std::collections::BTreeMap<String, RefOr<Schema>>) {
    let Some(RefOr::T(Schema::OneOf(mut actions))) = schemas.get("BulkAction").cloned() else { return };
    for action in &mut actions.items {
        let RefOr::T(Schema::AllOf(both)) = &*action else { continue };
        let [RefOr::Ref(body), RefOr::T(Schema::Object(verb))] = both.items.as_slice() else { continue };
        let name = body.ref_location.rsplit('/').next().unwrap_or_default();
        let Some(RefOr::T(Schema::Object(body))) = schemas.get(name).cloned() else { continue };
        let mut flat = verb.clone();
        flat.required.extend(body.required);
        flat.properties.extend(body.properties);
        flat.additional_properties = body.additional_properties;
        flat.description = both.description.clone();
        *action = RefOr::T(Schema::Object(flat));
    }
    schemas.insert("BulkAction".to_owned(), RefOr::T(Schema::OneOf(actions)));
}

/// Everything that is served.
pub(crate) fn router(api: Api) -> Router {
    let (described, _) = routes().split_for_parts();
    described
        .route("/livez", get(home::livez))
        .route("/readyz", get(home::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/mcp", post(mcp::mcp))
        .route("/login", get(session::login))
        .route("/errors/{code}", get(assets::error_page))
        .route("/", get(assets::index))
        .route("/{*file}", get(assets::file))
        .fallback(nowhere)
        .layer(from_fn_with_state(api.clone(), replay::replay))
        .layer(from_fn_with_state(api.clone(), access::check))
        .layer(from_fn_with_state(api.clone(), guard::guard))
        .with_state(api)
}

async fn nowhere(uri: Uri) -> Response {
    use axum::response::IntoResponse as _;
    let shown: String = uri.path().chars().take(80).collect();
    Failure::new("not_found", format!("there is nothing at {shown}"), None).into_response()
}
