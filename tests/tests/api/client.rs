//! A server beside the test, and a client that says every byte itself.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use andon_tests::{House, wait_for};
use serde_json::Value;

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// `andon serve` as a child. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Serve {
    child: Child,
    log: std::path::PathBuf,
    /// Host and port.
    pub(super) address: String,
    /// The URL that logs a browser in.
    pub(super) login: String,
}

impl Serve {
    /// Serves at a port of the system's choice.
    pub(super) fn start(house: &House) -> Self {
        Self::at(house, "127.0.0.1:0")
    }

    /// Serves at this address.
    pub(super) fn at(house: &House, address: &str) -> Self {
        Self::with_variables(house, address, &[])
    }

    /// The same with further variables in its environment.
    pub(super) fn with_variables(house: &House, address: &str, variables: &[(&str, &str)]) -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = house.outside().join(format!("serve-{number}.log"));
        let mut command = house.command();
        command.args(["serve", "--listen", address]).envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let login = wait_for("the server says where it is", || {
            let said = std::fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "the server ended: {said}");
            let line = said.lines().find_map(|line| line.strip_prefix("andon: open "))?;
            said.ends_with('\n').then(|| line.to_owned())
        });
        let address = login.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        Self { child, log, address, login }
    }

    /// What it has said so far.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, which comes by itself.
    pub(super) fn ended(mut self) -> ExitStatus {
        wait_for("the server ends", || self.child.try_wait().unwrap())
    }

    /// SIGTERM, and waits for its end.
    pub(super) fn stop(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        wait_for("the server ends", || self.child.try_wait().unwrap())
    }

    /// A client with the home's own token.
    pub(super) fn client(&self, house: &House) -> Client {
        let token = std::fs::read_to_string(house.home().join("token")).unwrap();
        self.with(token.trim())
    }

    /// A client with this token.
    pub(super) fn with(&self, token: &str) -> Client {
        Client {
            address: self.address.clone(),
            headers: vec![("Authorization".into(), format!("Bearer {token}"))],
        }
    }

    /// A client that says nothing of itself.
    pub(super) fn nobody(&self) -> Client {
        Client { address: self.address.clone(), headers: Vec::new() }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Speaks HTTP, a connection for each request.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// Host and port.
    pub(super) address: String,
    /// What it says with every request.
    pub(super) headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// The headers, lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Vec<u8>,
    asked: String,
}

impl Client {
    /// The same, saying this too.
    pub(super) fn saying(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// Opens a connection and sends a request's head.
    pub(super) fn open(&self, method: &str, path: &str, length: Option<usize>) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(self.head(method, path, length).as_bytes()).unwrap();
        stream
    }

    /// As [`Self::open`] for a stream, over a socket that has room for little: what is not read stays with the server.
    pub(super) fn open_narrow(&self, path: &str) -> TcpStream {
        use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        sockopt::set_socket_recv_buffer_size(&socket, 4_096).unwrap();
        connect(&socket, &self.address.parse::<std::net::SocketAddr>().unwrap()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(self.head("GET", path, None).as_bytes()).unwrap();
        stream
    }

    fn head(&self, method: &str, path: &str, length: Option<usize>) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = length {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head + "Connection: close\r\n\r\n"
    }

    /// Sends a request with a body; gives the answer.
    pub(super) fn send(&self, method: &str, path: &str, body: Option<&[u8]>) -> Reply {
        let mut stream = self.open(method, path, body.map(<[u8]>::len));
        if let Some(body) = body {
            // A server that has heard enough may close before all is said.
            let _ = stream.write_all(body);
        }
        Reply::read(stream, &format!("{method} {path}"))
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    pub(super) fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        self.saying("Content-Type", "application/json").send(method, path, Some(&body))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Reply {
        self.json("POST", path, body)
    }

    /// Opens a stream of events.
    pub(super) fn stream(&self, path: &str) -> Stream {
        Stream::new(self.open("GET", path, None))
    }
}

impl Reply {
    /// Reads an answer to its end.
    pub(super) fn read(stream: impl std::io::Read, asked: &str) -> Self {
        let mut reader = BufReader::new(stream);
        let (status, headers) = head(&mut reader);
        let mut body = Vec::new();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        if chunked {
            while let Some(chunk) = chunk(&mut reader) {
                body.extend(chunk);
            }
        } else {
            let _ = reader.read_to_end(&mut body);
        }
        Self { status, headers, body, asked: asked.to_owned() }
    }

    /// It must have this status.
    #[track_caller]
    pub(super) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, String::from_utf8_lossy(&self.body));
        self
    }

    /// Its body as JSON.
    #[track_caller]
    pub(super) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{}: {error}: {}", self.asked, String::from_utf8_lossy(&self.body))
        })
    }

    /// It must be a problem of this code, in the form of RFC 9457.
    #[track_caller]
    pub(super) fn problem(self, status: u16, code: &str) -> Value {
        let reply = self.is(status);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.asked);
        let problem = reply.value();
        assert_eq!(problem["code"], code, "{}: {problem}", reply.asked);
        assert_eq!(problem["type"], format!("/errors/{code}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn head(reader: &mut impl std::io::BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in {line:?}"));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { return (status, headers) };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
}

fn chunk(reader: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let size = usize::from_str_radix(line.trim(), 16).ok().filter(|size| *size > 0)?;
    let mut bytes = vec![0; size + 2];
    reader.read_exact(&mut bytes).ok()?;
    bytes.truncate(size);
    Some(bytes)
}

/// One message of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Its kind.
    pub(super) event: String,
    /// Its place.
    pub(super) id: String,
    /// What it says.
    pub(super) data: Value,
}

/// A stream of server-sent events.
pub(super) struct Stream {
    reader: BufReader<TcpStream>,
    /// The status of the answer.
    pub(super) status: u16,
    buffer: String,
}

impl Stream {
    fn new(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let (status, _) = head(&mut reader);
        Self { reader, status, buffer: String::new() }
    }

    /// The next message but heartbeats; none at its end.
    pub(super) fn next(&mut self) -> Option<Message> {
        loop {
            while let Some((text, rest)) = self.buffer.split_once("\n\n") {
                let (text, rest) = (text.to_owned(), rest.to_owned());
                self.buffer = rest;
                let message = message(&text);
                if message.event != "heartbeat" {
                    return Some(message);
                }
            }
            let chunk = chunk(&mut self.reader)?;
            self.buffer.push_str(&String::from_utf8(chunk).unwrap());
        }
    }

    /// The next message of this kind.
    #[track_caller]
    pub(super) fn next_of(&mut self, event: &str) -> Message {
        let message = self.next().unwrap_or_else(|| panic!("the stream ended before {event}"));
        assert_eq!(message.event, event, "{message:?}");
        message
    }
}

/// The messages that had arrived as a whole when a stream broke off.
pub(super) fn arrived(mut stream: TcpStream) -> Vec<Message> {
    let mut bytes = Vec::new();
    // Through a narrow socket the rest would come by the timers of the window probes.
    rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 1 << 20).unwrap();
    // It may end with a reset: what was there before counts.
    let _ = stream.read_to_end(&mut bytes);
    let mut reader = BufReader::new(bytes.as_slice());
    let _ = head(&mut reader);
    let mut text = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        let size = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        let _ = (&mut reader).take(size).read_to_end(&mut text).unwrap();
        let _ = (&mut reader).take(2).read_to_end(&mut Vec::new()).unwrap();
        line.clear();
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.split("\n\n").filter(|text| !text.is_empty()).map(message).collect()
}

fn message(text: &str) -> Message {
    let mut message = Message::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", event)) => event.clone_into(&mut message.event),
            Some(("id", id)) => id.clone_into(&mut message.id),
            Some(("data", data)) => message.data = serde_json::from_str(data).unwrap(),
            Some(_) | None => {}
        }
    }
    message
}
