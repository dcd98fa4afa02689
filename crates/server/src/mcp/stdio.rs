//! MCP on standard input and output. Standard output carries frames alone.

use std::io::{Read, Write};
use std::time::Duration;

use rmcp::service::serve_directly;
use rustix::event::{PollFd, PollFlags, poll};
use thiserror::Error;

use super::service::McpService;
use super::transport::Pipes;

/// After so long without a call the session holds no connection to a database.
const REST: Duration = Duration::from_secs(2);
/// How long a call that has begun may take to finish after its client has gone.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Why the server cannot run.
#[derive(Debug, Error)]
pub enum StdioError {
    /// The event loop or a thread cannot be started.
    #[error("MCP cannot be served: {0}")]
    Start(std::io::Error),
}

/// Serves on standard input and output until the client closes one of them. What it has asked until then is answered.
///
/// # Errors
/// When threads cannot be started.
pub fn serve_stdio(service: &McpService) -> Result<(), StdioError> {
    serve(service, std::io::stdin(), std::io::stdout(), Some(leaves))
}

/// The same on any pair of streams. `left` gives when nobody reads the output any more; a client may die while its input
/// is held open by another process.
///
/// # Errors
/// As [`serve_stdio`].
pub fn serve(
    service: &McpService,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    left: Option<fn()>,
) -> Result<(), StdioError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()
        .map_err(StdioError::Start)?;
    let served = runtime.block_on(async {
        let pipes = Pipes::start(input, output, left).map_err(StdioError::Start)?;
        let rest = tokio::spawn(rest(service.clone()));
        // No handshake is waited for: a session and a stateless request are served alike.
        let running = serve_directly(service.clone(), pipes, None);
        if let Err(error) = running.waiting().await {
            tracing::error!(%error, "the MCP session ended badly");
        }
        rest.abort();
        Ok(())
    });
    // A thread that still waits for input keeps nobody here.
    runtime.shutdown_timeout(LAST_CALLS);
    served
}

/// Waits until nobody reads standard output any more. For ever where it is a file.
fn leaves() {
    let output = std::io::stdout();
    loop {
        let mut polled = [PollFd::new(&output, PollFlags::empty())];
        match poll(&mut polled, None) {
            Ok(_) if polled[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) => {
                return;
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => std::thread::park(),
        }
    }
}

/// Lets go of the board while nobody calls.
async fn rest(service: McpService) {
    loop {
        service.served().await;
        while tokio::time::timeout(REST, service.served()).await.is_ok() {}
        service.toolbox().rest();
    }
}
