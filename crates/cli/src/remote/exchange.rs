//! One verb over one client: sent, heard to its end, and asked for again where the connection was lost and the server says
//! that it is the same one.

use std::path::PathBuf;
use std::time::Duration;

use andon_api::client::{Client, ClientError, VerbStream};
use andon_api::{VerbCall, VerbFrame};
use tokio::time::sleep;

use crate::exit::ExitCode;
use crate::output::Out;

/// How often a lost connection is made anew, and how long it rests before; twice as long each time.
const AGAIN: u32 = 5;
const FIRST_REST: Duration = Duration::from_millis(200);

/// How it came out.
#[derive(Debug)]
pub(super) enum Came {
    /// The verb has ended.
    Ended(ExitCode),
    /// It was certainly not begun.
    NotBegun(ClientError),
    /// Nobody knows what it did.
    Lost(ClientError),
    /// It changes nothing, and was cut off.
    CutOff(ClientError),
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The command line. With an operation and an instance it can be asked for again.
    pub(super) call: &'a VerbCall,
    /// Whether it changes anything.
    pub(super) writes: bool,
    /// Files that may be written here.
    pub(super) files: &'a [PathBuf],
    /// Whether the server may be reached again after it was lost: one of this machine whose socket is gone is gone.
    pub(super) far: bool,
}

/// Has a verb run, and says here what it says there.
pub(super) async fn exchange(client: &Client, asked: &Asked<'_>, out: &Out) -> Came {
    let mut shown = 0;
    let mut lost: Option<ClientError> = None;
    for attempt in 0..=AGAIN {
        if attempt > 0 {
            sleep(FIRST_REST * (1 << (attempt - 1))).await;
        }
        match client.verb(asked.call).await {
            Ok(stream) => match hear(stream, asked, out, &mut shown).await {
                Ok(code) => return Came::Ended(code),
                Err(error) => lost = Some(error),
            },
            Err(error) => match (lost.is_some(), error.is_without_effect()) {
                (false, true) => return Came::NotBegun(error),
                // Another server than the one that began it, or nobody at all.
                (true, true) if error.problem().is_some() || !asked.far => break,
                (true, true) => {}
                (true | false, false) => lost = Some(error),
            },
        }
        // Only a call with a name is known again.
        if !asked.writes || asked.call.operation.is_none() {
            break;
        }
    }
    let lost = lost.unwrap_or_else(|| ClientError::Lost {
        to: client.endpoint().to_string(),
        reason: "it never answered".to_owned(),
    });
    if asked.writes { Came::Lost(lost) } else { Came::CutOff(lost) }
}

/// Shows what comes after the first `shown` frames, and counts them.
async fn hear(
    mut stream: VerbStream,
    asked: &Asked<'_>,
    out: &Out,
    shown: &mut usize,
) -> Result<ExitCode, ClientError> {
    let (mut heard, mut worst) = (0, ExitCode::Done);
    loop {
        let frame = stream.next().await?;
        if frame == VerbFrame::Alive {
            continue;
        }
        heard += 1;
        let new = heard > *shown;
        if let VerbFrame::Exit { code } = frame {
            out.flush();
            return Ok(ExitCode::of_number(code).worst(worst));
        }
        if !new {
            continue;
        }
        *shown = heard;
        worst = worst.worst(show(frame, asked.files, out));
        if !asked.writes && !out.flush() {
            // Nobody reads any more: the server is not kept at it.
            return Ok(ExitCode::Done);
        }
    }
}

/// Says it here; gives how that went.
fn show(frame: VerbFrame, files: &[PathBuf], out: &Out) -> ExitCode {
    match frame {
        VerbFrame::Out { text } => out.print(&text),
        VerbFrame::Raw { bytes } => drop(out.raw(&bytes)),
        VerbFrame::Err { text } => out.say(&text),
        VerbFrame::File { name, content } => {
            match files.iter().find(|path| path.as_os_str() == name.as_str()) {
                Some(path) => {
                    if let Err(error) = out.file(path, &content) {
                        out.say(&format!("andon: {}: {error}", path.display()));
                        return ExitCode::Database;
                    }
                }
                None => out.say(&format!("andon: the server sent a file that nobody asked for: {name:?}")),
            }
        }
        VerbFrame::Alive | VerbFrame::Exit { .. } => {}
    }
    ExitCode::Done
}
