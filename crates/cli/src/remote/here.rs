//! `--server`: a verb that is typed here and run there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use andon_api::VerbCall;
use andon_api::client::{Client, ClientError, Endpoint};
use andon_core::BoardSlug;
use clap::ArgMatches;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::carried;
use super::exchange::{Asked, Came, exchange};
use super::rules::{Reach, follows, path_of, reach};
use crate::app::{Globals, home_of};
use crate::environment::Environment;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{self, Out};

/// How long a server may take to say who it is.
const FACTS: Duration = Duration::from_secs(20);

/// Why a verb was not run by a server, or is not known to have been.
#[derive(Debug, Error)]
pub(super) enum RemoteError {
    /// The verb runs where the boards are, and nowhere else.
    #[error("`andon {verb}` cannot be run from elsewhere: {why}")]
    Elsewhere {
        /// Its words.
        verb: String,
        /// Why not.
        why: &'static str,
    },
    /// The server cannot be asked.
    #[error(transparent)]
    Client(ClientError),
    /// The server was lost while it worked on something that changes the board.
    #[error("{0}; nobody knows whether it was done")]
    Unknown(ClientError),
    /// Something on this side.
    #[error(transparent)]
    Own(#[from] Failure),
}

impl RemoteError {
    fn code(&self) -> &'static str {
        match self {
            Self::Elsewhere { .. } => "verb_elsewhere",
            Self::Client(ClientError::Url { .. }) => "usage",
            // The server's own code is told in its place.
            Self::Client(ClientError::Refused(_)) => "forbidden",
            Self::Client(ClientError::Unreachable { .. } | ClientError::Lost { .. }) => "server_unreachable",
            Self::Client(ClientError::Foreign { .. }) => "server_foreign",
            Self::Unknown(_) => "outcome_unknown",
            Self::Own(failure) => failure.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Elsewhere { .. } => "run it on the server's machine, without `--server` and ANDON_SERVER",
            Self::Client(ClientError::Url { .. }) => {
                "such as http://127.0.0.1:7700, or https://andon.example.org"
            }
            Self::Client(ClientError::Refused(problem)) if problem.code == "unauthenticated" => {
                "name a token by ANDON_TOKEN or `--token-file`; `andon token create`, on the server's machine, makes one"
            }
            Self::Client(ClientError::Refused(problem)) => return problem.hint.clone(),
            Self::Client(ClientError::Unreachable { .. }) => {
                "is the server running, and is this its address?"
            }
            Self::Client(ClientError::Lost { .. }) => "nothing was changed; ask again",
            Self::Client(ClientError::Foreign { .. }) => {
                "is this the address of an Andon server of this version?"
            }
            Self::Unknown(_) => {
                "look before you ask again: `andon events --limit 20` shows what happened last on the board"
            }
            Self::Own(failure) => return failure.hint(),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> ExitCode {
        match self {
            Self::Elsewhere { .. } | Self::Client(ClientError::Url { .. }) => ExitCode::Usage,
            Self::Client(ClientError::Refused(problem)) => match problem.status {
                503 | 429 => ExitCode::Busy,
                404 => ExitCode::UnknownId,
                500.. => ExitCode::Database,
                _ if problem.code == "verb_elsewhere" => ExitCode::Usage,
                _ => ExitCode::Refused,
            },
            Self::Client(
                ClientError::Unreachable { .. } | ClientError::Lost { .. } | ClientError::Foreign { .. },
            ) => ExitCode::Database,
            Self::Unknown(_) => ExitCode::Busy,
            Self::Own(failure) => failure.exit(),
        }
    }

    /// Tells it, and gives how the command ends with it.
    pub(super) fn complain(&self, json: bool) -> ExitCode {
        let code = match self {
            // The server's own code says more than ours.
            Self::Client(ClientError::Refused(problem)) => problem.code.as_str(),
            _ => self.code(),
        };
        output::tell(&Out::Standard, &self.to_string(), code, self.hint().as_deref(), json);
        self.exit()
    }
}

/// A command line with what it is known by.
#[derive(Debug)]
pub(crate) struct Typed<'a> {
    /// The program's name, and the arguments.
    pub(crate) arguments: &'a [OsString],
    /// The same, read.
    pub(crate) matches: &'a ArgMatches,
    /// The global options.
    pub(crate) globals: &'a Globals,
    /// `--token-file`.
    pub(crate) token_file: Option<&'a Path>,
    /// Of this process.
    pub(crate) environment: &'a Environment,
}

impl Typed<'_> {
    /// The arguments as texts.
    pub(super) fn argv(&self) -> Result<Vec<String>, Failure> {
        let texts = self.arguments.iter().skip(1).map(|argument| {
            argument.to_str().map(str::to_owned).ok_or_else(|| {
                let message = format!("{} is no UTF-8 text", argument.to_string_lossy());
                Failure::usage(message, "what goes to a server is text")
            })
        });
        texts.collect()
    }

    fn in_worker(&self) -> bool {
        ["ANDON_TASK", "ANDON_RUN", "ANDON_RUN_TOKEN"].iter().any(|name| self.environment.get(name).is_some())
    }
}

/// Runs a command line by the server at `url`; nothing where it needs no server.
pub(crate) fn at(url: &str, typed: &Typed<'_>) -> Option<ExitCode> {
    let reach = reach(typed.matches);
    let done = match reach {
        Reach::Own => return None,
        Reach::Here(why) => {
            let (verb, _) = path_of(typed.matches);
            Err(RemoteError::Elsewhere { verb, why })
        }
        Reach::Served(_) | Reach::Shared(_) => run(url, typed, reach.writes()),
    };
    Some(done.unwrap_or_else(|error| error.complain(typed.globals.json)))
}

fn run(url: &str, typed: &Typed<'_>, writes: bool) -> Result<ExitCode, RemoteError> {
    let endpoint = Endpoint::of(url).map_err(RemoteError::Client)?;
    let token = token(typed, &endpoint)?;
    let roots = typed.environment.get("SSL_CERT_FILE").map(PathBuf::from);
    let client = Client::new(endpoint, token.as_deref(), roots.as_deref()).map_err(RemoteError::Client)?;
    let mut call = VerbCall {
        argv: typed.argv()?,
        board: board(typed)?,
        files: carried::read(typed.matches)?,
        zone: TimeZone::system().iana_name().map(str::to_owned),
        ..VerbCall::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::file("the event loop".as_ref()))?;
    let files = carried::written(typed.matches);
    let came = runtime.block_on(async {
        if writes {
            // What may have been done is asked for again only of the server that may have done it.
            let facts = client.verb_facts(FACTS).await.map_err(RemoteError::Client)?;
            call.instance = Some(facts.instance);
            call.operation = Some(operation());
        }
        let asked = Asked { call: &call, writes, files: &files, far: true };
        Ok::<Came, RemoteError>(exchange(&client, &asked, &Out::Standard).await)
    })?;
    match came {
        Came::Ended(code) => Ok(code),
        Came::NotBegun(error) => Err(RemoteError::Client(error)),
        Came::Lost(error) => Err(RemoteError::Unknown(error)),
        Came::CutOff(error) if follows(typed.matches) => {
            Out::Standard.say(&format!("andon: {error}"));
            Ok(ExitCode::Busy)
        }
        Came::CutOff(error) => Err(RemoteError::Client(error)),
    }
}

/// Names a call among those of its caller.
pub(super) fn operation() -> String {
    let (high, low) = (andon_store::ambient().bits(), andon_store::ambient().bits());
    format!("{high:016x}{low:016x}")
}

/// The board that is meant: `--board`, else `ANDON_BOARD`, else what the server chooses.
fn board(typed: &Typed<'_>) -> Result<Option<BoardSlug>, Failure> {
    if let Some(board) = &typed.globals.board {
        return Ok(Some(board.clone()));
    }
    let named = typed.environment.text("ANDON_BOARD").map(|text| text.parse::<BoardSlug>()).transpose();
    named.map_err(|error| {
        Failure::usage(format!("ANDON_BOARD: {error}"), "`andon boards list` shows the boards")
    })
}

/// By what this caller is known: a worker by its run, a person by a token.
fn token(typed: &Typed<'_>, endpoint: &Endpoint) -> Result<Option<String>, Failure> {
    if typed.in_worker() {
        let (run, token) = (typed.environment.text("ANDON_RUN"), typed.environment.text("ANDON_RUN_TOKEN"));
        return match (run, token) {
            (Some(run), Some(token)) => Ok(Some(format!("{run}.{token}"))),
            (None, _) | (_, None) => {
                let message = "this worker has no identity: ANDON_RUN and ANDON_RUN_TOKEN are not both set";
                Err(Failure::BrokenIdentity(message.to_owned()))
            }
        };
    }
    let read = |path: &Path| {
        std::fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(Failure::file(path))
    };
    if let Some(path) = typed.token_file {
        return read(path).map(Some);
    }
    if let Some(token) = typed.environment.text("ANDON_TOKEN") {
        return Ok(Some(token));
    }
    // The home's own token opens the home's own server, and goes nowhere else.
    let own = home_of(typed.globals, typed.environment).map(|home| home.join("token"));
    match own {
        Ok(path) if endpoint.is_local() && path.is_file() => read(&path).map(Some),
        Ok(_) | Err(_) => Ok(None),
    }
}
