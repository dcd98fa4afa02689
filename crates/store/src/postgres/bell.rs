//! The doorbell between hosts: `NOTIFY` after the commit and outside the transaction, coalesced; one connection of each
//! process that waits listens.
//!
//! A notification says `b <number> <sender>` when the board has changed up to that event, and `r <run> <sender>` for the
//! supervisor of a run. Supervisors hold no connection: whoever listens on their host rings them by their socket.
//!
//! Who listens for a board also hears when the list of boards changes ([`BOARDS`]).

use std::future::poll_fn;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::{AsyncMessage, NoTls};

use super::runtime;
use super::session::Session;
use super::tls;
use super::url::DatabaseUrl;
use crate::doorbell::FolderBell;
use crate::error::DbError;
use crate::tx::Ring;
use crate::value::Val;

/// The channel on which it is told that boards came or went. No board's channel has this name: those are names of schemas, which
/// begin with `andon_` and a board's name, and no board is called `_`.
pub(super) const BOARDS: &str = "andon__boards";
/// How often this process has heard that boards came or went.
static NEWS: AtomicU64 = AtomicU64::new(0);

/// Between two notifications of one process: what changes meanwhile goes with the next.
const PAUSE: Duration = Duration::from_millis(4);
/// How often a listener asks for the newest number: what a writer could not say any more is found so, and a connection
/// that died unheard. Where nothing happens it asks less and less.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LOOK: Duration = Duration::from_secs(20);
/// How long an answer may take, to that or to a notification, and how long a connection may take to be made: whatever lies
/// between may have forgotten it, and says nothing.
const ANSWER: Duration = Duration::from_secs(5);

/// What was notified on a board's channel; none where it was about the list of boards.
type Told = Option<String>;
/// Who is to be woken, and the newest event's number.
type Rung = (Vec<Ring>, Option<i64>);

/// The bell of one board in one process.
#[derive(Clone, Debug)]
pub(crate) struct Bell {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: DatabaseUrl,
    channel: String,
    sender: u64,
    folder: FolderBell,
    waiters: Mutex<Vec<UnixDatagram>>,
    outgoing: Mutex<Option<UnboundedSender<Rung>>>,
    listening: AtomicBool,
    /// Something may have changed since somebody asked.
    changed: AtomicBool,
    seen: AtomicI64,
}

impl Bell {
    /// The bell of the board in `schema`, whose folder on this host is `folder`.
    pub(super) fn new(url: &DatabaseUrl, schema: &str, folder: &Path) -> Self {
        let inner = Inner {
            url: url.clone(),
            channel: schema.to_owned(),
            sender: rand::random(),
            folder: FolderBell::new(folder.join("wake")),
            waiters: Mutex::default(),
            outgoing: Mutex::default(),
            listening: AtomicBool::new(false),
            changed: AtomicBool::new(true),
            seen: AtomicI64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The sockets of this host's supervisors.
    pub(crate) fn folder(&self) -> &FolderBell {
        &self.inner.folder
    }

    /// A socket that is rung when the board changes, by whomever. Starts to listen.
    pub(crate) fn wait_for_board(&self) -> std::io::Result<UnixDatagram> {
        let (near, far) = UnixDatagram::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        self.inner.waiters.lock().unwrap_or_else(PoisonError::into_inner).push(far);
        self.listen();
        Ok(near)
    }

    /// Tells one state of the list of boards from another, as far as any listener of this process has heard.
    pub(crate) fn news_of_boards() -> u64 {
        NEWS.load(Ordering::SeqCst)
    }

    /// Whether something may have changed since the last call.
    pub(crate) fn changed(&self) -> bool {
        self.listen();
        self.inner.changed.swap(false, Ordering::SeqCst)
    }

    fn listen(&self) {
        if !self.inner.listening.swap(true, Ordering::SeqCst) {
            let bell = Arc::downgrade(&self.inner);
            if runtime::spawn(listen(bell)).is_err() {
                self.inner.listening.store(false, Ordering::SeqCst);
            }
        }
    }

    /// Wakes this process at once, and the others soon.
    pub(crate) fn ring(&self, rings: &[Ring], number: Option<i64>) {
        if rings.is_empty() {
            return;
        }
        self.inner.near(rings);
        let mut outgoing = self.inner.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = outgoing.get_or_insert_with(|| {
            let (sender, receiver) = unbounded_channel();
            drop(runtime::spawn(tell(Arc::downgrade(&self.inner), receiver)));
            sender
        });
        drop(sender.send((rings.to_vec(), number)));
    }

    /// Wakes everybody now, by a connection that is at hand.
    pub(super) async fn ring_by(&self, session: &Arc<Session>, rings: &[Ring], number: Option<i64>) {
        self.inner.near(rings);
        for payload in self.inner.payloads(rings, number) {
            let params = vec![Val::Text(self.inner.channel.clone()), Val::Text(payload)];
            // Failing to wake somebody is no error: who waits also looks by itself.
            let told = async {
                if let Ok(sent) = session.send("select pg_notify($1, $2)", params).await {
                    drop(session.wait(sent).await);
                }
            };
            if tokio::time::timeout(ANSWER, told).await.is_err() {
                return;
            }
        }
    }
}

impl Inner {
    /// Wakes who waits in this process, and supervisors on this host.
    fn near(&self, rings: &[Ring]) {
        if rings.contains(&Ring::Board) {
            self.wake();
        }
        let runs: Vec<Ring> = rings.iter().filter(|ring| **ring != Ring::Board).cloned().collect();
        self.folder.ring(&runs);
    }

    /// Wakes who waits for the board in this process; who has gone is forgotten.
    fn wake(&self) {
        self.changed.store(true, Ordering::SeqCst);
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.retain(|waiter| match waiter.send(&[1]) {
            Ok(_) => true,
            // Full: it has rung already.
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        });
    }

    fn payloads(&self, rings: &[Ring], number: Option<i64>) -> Vec<String> {
        let sender = self.sender;
        let told = rings.iter().map(|ring| match ring {
            Ring::Board => format!("b {} {sender:x}", number.unwrap_or(0)),
            Ring::Run(run) => format!("r {run} {sender:x}"),
        });
        told.collect()
    }

    /// Takes in a notification.
    fn heard(&self, payload: &str) {
        let mut words = payload.split(' ');
        let (kind, what, sender) = (words.next(), words.next(), words.next());
        if sender == Some(format!("{:x}", self.sender).as_str()) {
            return;
        }
        match (kind, what) {
            (Some("r"), Some(run)) => {
                if let Ok(run) = run.parse() {
                    self.folder.ring(&[Ring::Run(run)]);
                }
            }
            (_, number) => {
                let number = number.and_then(|number| number.parse().ok()).unwrap_or(0);
                self.seen.fetch_max(number, Ordering::SeqCst);
                self.wake();
            }
        }
    }
}

/// Sends what rings, all that has come up in one message.
async fn tell(bell: Weak<Inner>, mut outgoing: UnboundedReceiver<Rung>) {
    let mut connection: Option<tokio_postgres::Client> = None;
    while let Some((mut rings, mut number)) = outgoing.recv().await {
        while let Ok((more, newer)) = outgoing.try_recv() {
            for ring in more {
                if !rings.contains(&ring) {
                    rings.push(ring);
                }
            }
            number = number.max(newer);
        }
        let Some(bell) = bell.upgrade() else { return };
        let (channel, payloads) = (bell.channel.clone(), bell.payloads(&rings, number));
        let client = match connection.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => match connect(&bell.url, None).await {
                Ok(client) => client,
                Err(_) => continue,
            },
        };
        drop(bell);
        let mut heard = true;
        for payload in payloads {
            let text = format!("notify \"{channel}\", '{payload}'");
            heard &= matches!(tokio::time::timeout(ANSWER, client.batch_execute(&text)).await, Ok(Ok(())));
        }
        connection = heard.then_some(client);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Connects outside the pool; `heard` gets what is notified.
async fn connect(
    url: &DatabaseUrl,
    heard: Option<UnboundedSender<Told>>,
) -> Result<tokio_postgres::Client, DbError> {
    let silent = || DbError::Unreachable("no connection in the time that it may take".to_owned());
    tokio::time::timeout(ANSWER * 2, connect_patiently(url, heard)).await.map_err(|_| silent())?
}

async fn connect_patiently(
    url: &DatabaseUrl,
    heard: Option<UnboundedSender<Told>>,
) -> Result<tokio_postgres::Client, DbError> {
    let fail = |error: tokio_postgres::Error| DbError::Unreachable(error.to_string());
    let mut config = url.config.clone();
    config.application_name("andon doorbell");
    if config.get_ssl_mode() == tokio_postgres::config::SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(fail)?;
        attend(connection, heard)?;
        return Ok(client);
    }
    let (client, connection) = config.connect(tls::connector(url)?).await.map_err(fail)?;
    attend(connection, heard)?;
    Ok(client)
}

fn attend<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    heard: Option<UnboundedSender<Told>>,
) -> Result<(), DbError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    runtime::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let (AsyncMessage::Notification(told), Some(heard)) = (message, &heard) {
                let payload = (told.channel() != BOARDS).then(|| told.payload().to_owned());
                drop(heard.send(payload));
            }
        }
    })
}

/// Listens for as long as the board is open; connects again when the connection is lost, and rings then: nobody knows
/// what was said meanwhile.
async fn listen(bell: Weak<Inner>) {
    let mut wait = Duration::from_millis(50);
    loop {
        let Some(open) = bell.upgrade() else { return };
        let (url, channel) = (open.url.clone(), open.channel.clone());
        drop(open);
        let (sender, mut receiver) = unbounded_channel();
        if let Ok(client) = connect(&url, Some(sender)).await
            && listens(&client, &channel).await
        {
            wait = Duration::from_millis(50);
            let Some(open) = bell.upgrade() else { return };
            NEWS.fetch_add(1, Ordering::SeqCst);
            open.wake();
            drop(open);
            if attend_to(&bell, &client, &channel, &mut receiver).await.is_none() {
                return;
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}

async fn listens(client: &tokio_postgres::Client, channel: &str) -> bool {
    let listen = format!("listen \"{channel}\"; listen {BOARDS}");
    matches!(tokio::time::timeout(ANSWER, client.batch_execute(&listen)).await, Ok(Ok(())))
}

/// Takes in what is notified until the connection is lost; none when the board has been closed.
async fn attend_to(
    bell: &Weak<Inner>,
    client: &tokio_postgres::Client,
    channel: &str,
    receiver: &mut UnboundedReceiver<Told>,
) -> Option<()> {
    let newest = format!("select coalesce(max(number), 0) from \"{channel}\".events");
    let mut look = LOOK;
    loop {
        let heard = tokio::time::timeout(look, receiver.recv()).await;
        let open = bell.upgrade()?;
        match heard {
            Ok(Some(Some(payload))) => {
                look = LOOK;
                open.heard(&payload);
            }
            Ok(Some(None)) => {
                NEWS.fetch_add(1, Ordering::SeqCst);
                open.wake();
            }
            Ok(None) => return Some(()),
            Err(_) => {
                let asked = tokio::time::timeout(ANSWER, client.simple_query(&newest)).await;
                let Ok(Ok(messages)) = asked else { return Some(()) };
                let number = messages.iter().find_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                    _ => None,
                });
                look = (look * 2).min(LONGEST_LOOK);
                if number > Some(open.seen.fetch_max(number.unwrap_or(0), Ordering::SeqCst)) {
                    look = LOOK;
                    open.wake();
                }
            }
        }
    }
}
