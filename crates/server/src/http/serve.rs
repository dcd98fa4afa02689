//! Starting and stopping the API: a thread with an event loop of its own, so that neither it nor the dispatcher beside it
//! waits for the other.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use andon_engine::config::Config;
use andon_engine::host;
use andon_store::Home;
use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::limits::{CONNECTIONS, FAREWELL, Limits};
use super::listen::Acceptor;
use super::openapi;
use super::routes::verb_port::Verbs;
use super::state::Api;
use super::tokens::TokenError;

/// Files and sockets that a serving process has room for, where it may.
const DESCRIPTORS: u64 = 8_192;

/// Where the API answers unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7700";

/// Where the API answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// At [`DEFAULT_LISTEN`], where it is free.
    Usual,
    /// At this address, or not at all.
    At(String),
}

impl Listen {
    /// What a command line or, without it, the configuration says.
    #[must_use]
    pub fn of(given: Option<&str>) -> Self {
        match given.map(str::trim) {
            None => Self::Usual,
            Some("off") => Self::Off,
            Some(address) => Self::At(address.to_owned()),
        }
    }
}

/// Why the API cannot answer.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The address is none, or another program has it.
    #[error("cannot listen at {address}: {error}")]
    Address {
        /// Which.
        address: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The tokens of the home cannot be read or written.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The operating system.
    #[error("the API cannot be started: {0}")]
    Start(std::io::Error),
}

/// What is served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The home.
    pub home: Home,
    /// Its configuration.
    pub config: Config,
    /// The name under which browsers that log in act.
    pub person: String,
    /// Where.
    pub listen: Listen,
    /// What runs verbs of the command line; without it nobody can ask for any.
    pub verbs: Option<Arc<dyn Verbs>>,
}

/// A running API. Dropped, it stops.
#[derive(Debug)]
pub struct Server {
    /// The address of its port; none where the usual one was taken.
    pub address: Option<SocketAddr>,
    /// Logs one browser in, once.
    pub login: Option<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    ending: CancellationToken,
    thread: Option<JoinHandle<()>>,
    /// What says where it is, and goes with it.
    files: Vec<PathBuf>,
}

impl Server {
    /// Ends every stream, lets requests finish, and waits until all is closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.ending.cancel();
        for file in self.files.drain(..) {
            let _ = std::fs::remove_file(file);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address of the server that serves a home at the moment, as it said; what a server that was killed said stays.
#[must_use]
pub fn served_at(home: &Path) -> Option<String> {
    let text = std::fs::read_to_string(home.join("andon.url")).ok()?;
    Some(text.trim().to_owned()).filter(|url| url.starts_with("http://"))
}

/// Starts the API; nothing where it is switched off.
///
/// # Errors
/// Where an address that was asked for cannot be had, or the home's tokens cannot be used.
pub fn start(options: &ServeOptions) -> Result<Option<Server>, ListenError> {
    let mut notes = Vec::new();
    if options.listen != Listen::Off {
        make_room();
    }
    let network = match &options.listen {
        Listen::Off => return Ok(None),
        Listen::At(address) => Some(bind(address)?),
        Listen::Usual => {
            match bind(DEFAULT_LISTEN) {
                Ok(listener) => Some(listener),
                Err(error) => {
                    notes.push(format!("{error}; the API is on its socket alone. `listen` in config.toml names another address"));
                    None
                }
            }
        }
    };
    let address = network.as_ref().and_then(|listener| listener.local_addr().ok());
    let hosts = hosts(options, address);
    let api = Api::new(options.home.clone(), Limits::of(&options.config), hosts, options.verbs.clone());
    let now = api.now();
    api.tokens.own(&options.person, now)?;
    let code = api.tokens.login_code(&options.person, None, now)?;
    let socket = options.home.root().join("andon.sock");
    let local = match bind_local(&socket) {
        Ok(listener) => Some(listener),
        Err(error) => {
            notes.push(format!("no socket at {}: {error}", socket.display()));
            None
        }
    };
    if network.is_none() && local.is_none() {
        notes.push("there is no API".to_owned());
    }
    let url = options.home.root().join("andon.url");
    if let Some(address) = address {
        std::fs::write(&url, format!("http://{address}\n")).map_err(ListenError::Start)?;
    }
    let login = address.map(|address| format!("http://{address}/login?code={code}"));
    let files = [local.is_some().then_some(socket), address.map(|_| url)].into_iter().flatten().collect();
    let ending = api.ending.clone();
    // Built here, so that the caller can give back what its description has taken meanwhile.
    let router = openapi::router(api.clone());
    let thread = std::thread::Builder::new().name("api".to_owned());
    let thread = thread.spawn(move || run(&api, router, network, local)).map_err(ListenError::Start)?;
    Ok(Some(Server { address, login, notes, ending, thread: Some(thread), files }))
}

/// Each stream is a descriptor: the usual limit of a process is fewer than the streams that it may have.
fn make_room() {
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
    if now.current.is_some_and(|current| current < wanted) {
        // Without it there is room for fewer, which is said when they come.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..now });
    }
}

fn bind(address: &str) -> Result<TcpListener, ListenError> {
    let fail = |error| ListenError::Address { address: address.to_owned(), error };
    let found = address.to_socket_addrs().map_err(fail)?.next();
    let found = found.ok_or_else(|| fail(std::io::Error::other("it is no address")))?;
    let listener = TcpListener::bind(found).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    Ok(listener)
}

/// Binds the home's socket. One that a dead server left goes; one behind which a server lives stays.
fn bind_local(path: &Path) -> std::io::Result<UnixListener> {
    if path.exists() {
        if UnixStream::connect(path).is_ok() {
            return Err(std::io::Error::new(std::io::ErrorKind::AddrInUse, "another server answers there"));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The names under which the API may be asked for.
fn hosts(options: &ServeOptions, address: Option<SocketAddr>) -> Vec<String> {
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    if let Listen::At(given) = &options.listen {
        let name = given.rsplit_once(':').map_or(given.as_str(), |(name, _)| name);
        hosts.push(name.trim_start_matches('[').trim_end_matches(']').to_owned());
    }
    if let Some(address) = address.filter(|address| !address.ip().is_loopback()) {
        hosts.push(address.ip().to_string());
        hosts.push(host::name());
    }
    hosts.extend(options.config.allowed_hosts.iter().map(|host| host.trim().to_owned()));
    hosts.retain(|host| !host.is_empty());
    hosts
}

fn run(api: &Api, router: Router, network: Option<TcpListener>, local: Option<UnixListener>) {
    let runtime =
        match tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(64).build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "the API cannot be started");
                return;
            }
        };
    runtime.block_on(serve(api, router, network, local));
    runtime.shutdown_timeout(FAREWELL);
}

async fn serve(api: &Api, router: Router, network: Option<TcpListener>, local: Option<UnixListener>) {
    let acceptor = Acceptor {
        router,
        api: api.clone(),
        slots: Arc::new(Semaphore::new(CONNECTIONS)),
        open: TaskTracker::new(),
    };
    let network = network.and_then(|listener| tokio::net::TcpListener::from_std(listener).ok());
    let local = local.and_then(|listener| tokio::net::UnixListener::from_std(listener).ok());
    if let Some(listener) = network {
        tokio::spawn(acceptor.clone().network(listener));
    }
    if let Some(listener) = local {
        tokio::spawn(acceptor.clone().local(listener));
    }
    api.ending.cancelled().await;
    acceptor.open.close();
    let _ = tokio::time::timeout(FAREWELL, acceptor.open.wait()).await;
}
