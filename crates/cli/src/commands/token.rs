//! `andon token`: secrets that open the API.

use andon_core::Millis;
use andon_engine::config::Duration;
use andon_server::http::{DEFAULT_LISTEN, Entry, Scope, TokenError, TokenFile, served_at};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::time::{self, relative, rfc3339};

/// Make, list and end the tokens that open the API
#[derive(Args, Clone, Debug)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Make a token; its secret is shown this once
    Create {
        /// What it opens: read, board:BOARD or admin
        #[arg(long, value_name = "SCOPE", value_parser = scope)]
        scope: Scope,
        /// The name under which its holder acts [else: yours]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// How long it is good, such as 90d [else: until it is revoked]
        #[arg(long, value_name = "LENGTH", value_parser = time::parse_length)]
        expires: Option<Duration>,
    },
    /// List the tokens, and the browsers that are logged in
    #[command(visible_alias = "ls")]
    List,
    /// End a token
    Revoke {
        /// Its id, as the list shows it
        id: String,
    },
    /// Print a URL that logs one browser in, once
    Url {
        /// What the browser may do: read, board:BOARD or admin [else: everything]
        #[arg(long, value_name = "SCOPE", value_parser = scope)]
        scope: Option<Scope>,
        /// The name under which its person acts [else: yours]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
}

fn scope(text: &str) -> Result<Scope, String> {
    match text.trim().parse() {
        Ok(Scope::Session | Scope::Login) => Err("it is read, board:<board> or admin".to_owned()),
        Ok(scope) => Ok(scope),
        Err(error) => Err(error.to_string()),
    }
}

fn failed(error: TokenError) -> Failure {
    match error {
        TokenError::Unknown(id) => Failure::NotFound {
            message: format!("there is no token {id:?}"),
            hint: Some("`andon token list` shows them".to_owned()),
        },
        TokenError::Invalid(message) => Failure::Usage { message, hint: None },
        TokenError::Io { path, error } => Failure::File { path, reason: error.to_string() },
        TokenError::Malformed { path, reason } => Failure::File { path, reason },
    }
}

/// Runs the verb. Workers have the secret of their run, and make no others.
pub(crate) fn run(app: &App, args: TokenArgs) -> Result<ExitCode, Failure> {
    if app.in_worker() {
        return Err(andon_core::task::Refusal::Forbidden {
            actor: "a worker".to_owned(),
            verb: "handle tokens from",
            why: "only a person makes and ends them",
        }
        .into());
    }
    let tokens = TokenFile::new(app.home().root());
    let now = app.now();
    match args.verb {
        Verb::Create { scope, name, expires } => {
            if let Scope::Board(board) = &scope {
                app.home().require(board)?;
            }
            let name = name.unwrap_or_else(|| app.person());
            let lifetime = expires.map(Duration::as_millis);
            let (secret, entry) = tokens.make(&name, scope, lifetime, now).map_err(failed)?;
            if app.json {
                app.out.print_json(&json!({ "token": secret, "info": as_json(&entry) }));
            } else {
                app.out.print(&format!("{secret}\n"));
                app.out.say("andon: it is kept nowhere: copy it now");
            }
        }
        Verb::List => list(app, &tokens.list(now).map_err(failed)?),
        Verb::Revoke { id } => {
            let gone = tokens.revoke(&id, now).map_err(failed)?;
            if app.json {
                app.out.print_json(&as_json(&gone));
            } else {
                app.out.print(&format!("Revoked {} ({})\n", gone.id, gone.scope));
            }
        }
        Verb::Url { scope, name } => {
            if let Some(Scope::Board(board)) = &scope {
                app.home().require(board)?;
            }
            url(app, &tokens, &name.unwrap_or_else(|| app.person()), scope)?;
        }
    }
    Ok(ExitCode::Done)
}

fn url(app: &App, tokens: &TokenFile, person: &str, limit: Option<Scope>) -> Result<(), Failure> {
    let configured = app.config()?.listen.unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    let served = served_at(app.home().root()).unwrap_or_else(|| format!("http://{configured}"));
    if served.ends_with("//off") {
        return Err(Failure::usage(
            "`listen` is off: there is nothing to log in to",
            "set it in config.toml",
        ));
    }
    let code = tokens.login_code(person, limit, app.now()).map_err(failed)?;
    let url = format!("{served}/login?code={code}");
    if app.json {
        app.out.print_json(&json!({ "url": url }));
    } else {
        app.out.print(&format!("{url}\n"));
    }
    Ok(())
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id, "name": entry.name, "scope": entry.scope.to_string(), "opens": entry.opens().to_string(),
        "created_at": rfc3339(Millis(entry.created_at)),
        "expires_at": entry.expires_at.map(|at| rfc3339(Millis(at))),
    })
}

fn list(app: &App, entries: &[Entry]) {
    let shown: Vec<&Entry> = entries.iter().filter(|entry| entry.scope != Scope::Login).collect();
    if app.json {
        app.out.print_json(&shown.into_iter().map(as_json).collect::<Vec<_>>());
        return;
    }
    let mut table = Table::new();
    for entry in &shown {
        let ends = entry.expires_at.map(|at| format!("ends {}", relative(Millis(at), app.now())));
        table.row([
            Cell::new(&entry.id).look(Look::Name),
            Cell::new(match &entry.limit {
                Some(limit) => format!("{} ({limit})", entry.scope),
                None => entry.scope.to_string(),
            }),
            Cell::new(&entry.name),
            Cell::new(relative(Millis(entry.created_at), app.now())),
            Cell::new(ends.unwrap_or_default()),
        ]);
    }
    app.out.print(&table.render());
    if shown.is_empty() {
        app.out.say("(none; `andon token create --scope read` makes one)");
    }
}
