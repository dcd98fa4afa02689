//! The thread that drives every connection of this process: callers may be asynchronous in whatever way, or not at all.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::DbError;

static DRIVER: OnceLock<Result<Handle, String>> = OnceLock::new();

fn start() -> Result<Handle, String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("board-postgres".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .map_err(|error| error.to_string())?;
    Ok(handle)
}

/// The driver, started when it is first needed.
fn driver() -> Result<&'static Handle, DbError> {
    let driver = DRIVER.get_or_init(start);
    driver.as_ref().map_err(|reason| DbError::Io(format!("no thread for the connections: {reason}")))
}

/// Starts a task on the driver and leaves it to itself.
pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Result<(), DbError> {
    drop(driver()?.spawn(task));
    Ok(())
}

/// Runs a task on the driver; it goes on when the caller stops to wait.
pub(super) async fn run<R: Send + 'static>(
    task: impl Future<Output = R> + Send + 'static,
) -> Result<R, DbError> {
    let (answer, answered) = oneshot::channel();
    spawn(async move {
        // The caller may have gone; what it asked for is done all the same.
        let _ = answer.send(task.await);
    })?;
    answered.await.map_err(|_| DbError::Closed)
}

/// Runs a task on the driver; the calling thread waits.
pub(super) fn block<R: Send + 'static>(
    task: impl Future<Output = Result<R, DbError>> + Send + 'static,
) -> Result<R, DbError> {
    let (answer, answered) = std::sync::mpsc::sync_channel(1);
    spawn(async move {
        let _ = answer.send(task.await);
    })?;
    answered.recv().unwrap_or(Err(DbError::Closed))
}
