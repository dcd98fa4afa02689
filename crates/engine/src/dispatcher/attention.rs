//! `on_attention`: a command that is run for everything that needs a person, with the event as JSON on its input. The place
//! in the log is kept on the board, so that of several dispatchers one tells, and a restart neither repeats nor forgets.

use std::process::Stdio;
use std::time::Duration;

use andon_core::notice::needs_person;
use andon_core::task::EventKind;
use andon_core::{BoardSlug, Cursor};
use andon_store::operation::AdvanceCursor;
use andon_store::query::{EventFilter, EventsAfter, Head};
use andon_store::sql::events::Event;
use andon_store::{Board, DbError, OpError};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

const READER: &str = "on_attention";
/// A command that takes longer is stopped.
const LIMIT: Duration = Duration::from_secs(60);

/// Tells what happened since the last time.
pub(super) async fn tell(board: &Board, argv: &[String]) -> Result<(), OpError> {
    let (head, kept) = board.run(Head { reader: Some(READER.to_owned()) }).await?;
    let Some(from) = kept.filter(|kept| kept.epoch == head.epoch) else {
        // From now on: nobody is told of what happened before anybody listened.
        return advance(board, kept, head).await.map(drop);
    };
    let mut from = from;
    while from < head {
        let read = EventsAfter { cursor: from, filter: EventFilter::default(), limit: 500 };
        let read = board.run(read).await?;
        if read.cursor == from || !advance(board, Some(from), read.cursor).await? {
            return Ok(());
        }
        for event in read.events.iter().filter(|event| concerns_a_person(event)) {
            spawn(board, argv, event);
        }
        from = read.cursor;
    }
    Ok(())
}

async fn advance(board: &Board, from: Option<Cursor>, to: Cursor) -> Result<bool, OpError> {
    if from == Some(to) {
        return Ok(false);
    }
    match board.run(AdvanceCursor { name: READER.to_owned(), from, to }).await {
        // Where nobody knows whether it was moved, this one tells what lies between: it may be told twice, and is not lost.
        Err(OpError::Db(DbError::OutcomeUnknown(_))) => {
            let (_, kept) = board.run(Head { reader: Some(READER.to_owned()) }).await?;
            Ok(kept == Some(to))
        }
        advanced => advanced,
    }
}

fn concerns_a_person(event: &Event) -> bool {
    event.kind.parse::<EventKind>().is_ok_and(|kind| needs_person(kind, &event.data))
}

/// Tells that a board's database is damaged.
pub(super) fn tell_damage(slug: &BoardSlug, argv: &[String], detail: &str) {
    let at = jiff::Timestamp::now().to_string();
    let input = json!({ "board": slug, "kind": "quarantine", "data": { "detail": detail }, "at": at });
    run(argv, "quarantine", &input);
}

fn spawn(board: &Board, argv: &[String], event: &Event) {
    let input = json!({
        "board": board.slug(), "number": event.number, "task": event.task, "run": event.run, "kind": event.kind,
        "actor": event.actor, "data": event.data, "at": jiff::Timestamp::from_millisecond(event.at.0).ok(),
    });
    run(argv, &event.kind, &input);
}

/// Runs the command without waiting for it.
fn run(argv: &[String], kind: &str, input: &Value) {
    let Some((program, arguments)) = argv.split_first() else { return };
    let input = input.to_string();
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(program, %error, "on_attention cannot be started");
            return;
        }
    };
    let (program, kind) = (program.clone(), kind.to_owned());
    tokio::spawn(async move {
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        match tokio::time::timeout(LIMIT, child.wait()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => tracing::warn!(program, kind, %status, "on_attention failed"),
            Ok(Err(error)) => tracing::warn!(program, kind, %error, "on_attention failed"),
            Err(_) => tracing::warn!(program, kind, "on_attention took too long and was stopped"),
        }
    });
}
