//! The server of this very home, found by its socket. What it is asked for, it does as the command would by itself; so it is
//! asked only where it is the same program under the same settings, and where it answers at once. Otherwise the command
//! works on the database itself, as without a server.
//!
//! Up to the moment in which the command line is sent nothing has been done, and whatever goes wrong leads to the database.
//! From then on the server may have done it: an answer that is lost is said to be lost, and nothing is done twice.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use andon_api::client::{Client, Endpoint};
use andon_api::{VerbCall, VerbFacts};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with, sockopt};

use super::carried;
use super::exchange::{Asked, Came, exchange};
use super::here::{RemoteError, Typed, operation};
use super::rules::{Reach, reach};
use super::there::program;
use crate::app::home_of;
use crate::exit::ExitCode;
use crate::input::Files;
use crate::output::Out;

/// How long the server may take to say who it is. One that is busier or stopped is left alone.
const FACTS: Duration = Duration::from_millis(250);

/// What became of a command line.
#[derive(Debug)]
pub(crate) enum Near {
    /// The server has run it.
    Ran(ExitCode),
    /// It is to be run here, with these files.
    Here(Files),
}

/// Has the server of this home run a command line that changes its board, where there is one.
pub(crate) fn near(typed: &Typed<'_>) -> Near {
    let here = Near::Here(Files::Here);
    if !matches!(reach(typed.matches), Reach::Shared(_)) || declares_artifacts(typed.matches) {
        return here;
    }
    let Ok(home) = home_of(typed.globals, typed.environment) else { return here };
    let path = home.join("andon.sock");
    let Some(stream) = connected(&path) else { return here };
    let (Ok(argv), Some(environment)) = (typed.argv(), typed.environment.caller()) else { return here };
    let call = VerbCall { argv, environment, ..VerbCall::default() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return here };
    runtime.block_on(ask(typed, &path, stream, call))
}

async fn ask(typed: &Typed<'_>, path: &Path, stream: UnixStream, mut call: VerbCall) -> Near {
    let here = || Near::Here(Files::Here);
    let Ok(stream) = tokio::net::UnixStream::from_std(stream) else { return here() };
    let Ok(client) = Client::over(Endpoint::Socket(path.to_owned()), stream).await else { return here() };
    let Ok(facts) = client.verb_facts(FACTS).await else { return here() };
    if !same(&facts, typed) {
        return here();
    }
    // Read only now: standard input can be read once. A file that cannot be read is told of by the verb itself.
    let files = if carried::any(typed.matches) { carried::read(typed.matches) } else { Ok(Vec::new()) };
    let Ok(files) = files else { return here() };
    call.files = files;
    call.instance = Some(facts.instance);
    call.operation = Some(operation());
    let asked = Asked { call: &call, writes: true, files: &[], far: false };
    match exchange(&client, &asked, &Out::Standard).await {
        Came::Ended(code) => Near::Ran(code),
        Came::NotBegun(error) => {
            tracing::debug!(%error, "the server does not run it");
            Near::Here(Files::Read(carried::by_path(call.files)))
        }
        Came::Lost(error) | Came::CutOff(error) => {
            Near::Ran(RemoteError::Unknown(error).complain(typed.globals.json))
        }
    }
}

/// Connects without waiting: a server that is stopped takes no more connections at some point.
fn connected(path: &Path) -> Option<UnixStream> {
    let address = SocketAddrUnix::new(path).ok()?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    connect(&socket, &address).ok()?;
    // Nobody else's process hears what this user's worker knows.
    let peer = sockopt::socket_peercred(&socket).ok()?;
    (peer.uid == rustix::process::geteuid()).then(|| UnixStream::from(socket))
}

/// Whether the server would do what this process would do. A worker has fewer variables than the server that started it;
/// those that it has must be the same.
fn same(facts: &VerbFacts, typed: &Typed<'_>) -> bool {
    let own: BTreeMap<String, String> = typed.environment.settings();
    let worker = typed.environment.get("ANDON_RUN").is_some();
    let settings = if worker {
        own.iter().all(|(name, value)| facts.variables.get(name) == Some(value))
    } else {
        own == facts.variables
    };
    settings
        && facts.version == env!("CARGO_PKG_VERSION")
        && program().is_some_and(|own| own == facts.program)
}

/// Files that a worker declares are read where they lie, which another process may not see.
fn declares_artifacts(matches: &clap::ArgMatches) -> bool {
    let (path, leaf) = super::rules::path_of(matches);
    if path != "complete" {
        return false;
    }
    let files = leaf.try_get_many::<PathBuf>("artifacts").ok().flatten().is_some_and(|files| files.len() > 0);
    let metadata = leaf.try_get_one::<serde_json::Value>("metadata").ok().flatten();
    files || metadata.is_some_and(|metadata| metadata.get("artifacts").is_some())
}
