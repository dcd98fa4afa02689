//! A channel that is a program: the message as JSON on its input, its exit code the answer.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, Command};

use super::{LARGEST_ANSWER, LONGEST_ERROR, Sent};
use crate::escape::line;

/// How long the rest of what an ended program has said may take to be read.
const REST: Duration = Duration::from_millis(50);

/// Whether the program can be there: a path is looked at, a name is looked for when it is run.
pub(super) fn find(argv: &[String]) -> Result<(), String> {
    let program = argv.first().ok_or("no program is named")?;
    if program.contains('/') && !Path::new(program).is_file() {
        return Err(format!("{program} is not there"));
    }
    Ok(())
}

/// Runs it to its end; one that takes longer is stopped with all that it started in its group.
pub(super) async fn run(argv: &[String], message: &Value, timeout: Duration) -> Sent {
    let Some((program, arguments)) = argv.split_first() else { return Sent::failed("no program is named") };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Sent::failed(format!("{program} cannot be started: {error}")),
    };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    match tokio::time::timeout(timeout, to_its_end(&mut child, message.to_string())).await {
        Ok(Ok((status, _))) if status.success() => Sent::Done,
        Ok(Ok((status, said))) => {
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let last = line(last, LONGEST_ERROR);
            Sent::failed(if last.is_empty() { format!("{status}") } else { format!("{status}: {last}") })
        }
        Ok(Err(error)) => Sent::failed(error.to_string()),
        Err(_) => {
            if let Some(group) = group {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.wait().await;
            Sent::failed(format!("it took longer than {} ms and was stopped", timeout.as_millis()))
        }
    }
}

async fn to_its_end(child: &mut Child, input: String) -> std::io::Result<(std::process::ExitStatus, String)> {
    let (stdin, mut stderr) = (child.stdin.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it is told.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::pin!(write);
    let mut said = Vec::new();
    let status = loop {
        // What it starts and leaves behind may keep its output open: its own end is what counts.
        tokio::select! {
            biased;
            more = read(&mut stderr, &mut said), if stderr.is_some() => if !more { stderr = None },
            status = child.wait() => break status?,
            () = &mut write => {}
        }
    };
    while let Ok(true) = tokio::time::timeout(REST, read(&mut stderr, &mut said)).await {}
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// Reads a part, of which the end is kept; whether there may be more.
async fn read(from: &mut Option<ChildStderr>, said: &mut Vec<u8>) -> bool {
    let Some(from) = from else { return false };
    let mut part = [0; 1_024];
    let Ok(count @ 1..) = from.read(&mut part).await else { return false };
    said.extend_from_slice(part.get(..count).unwrap_or_default());
    let over = said.len().saturating_sub(LARGEST_ANSWER);
    said.drain(..over);
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ran(script: &str) -> Sent {
        let argv = ["sh", "-c", script].map(str::to_owned);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&argv, &json!({ "id": "m" }), Duration::from_secs(50)))
    }

    #[test]
    fn a_program_gets_the_message_and_answers_by_its_exit() {
        assert_eq!(ran("grep -q '\"id\":\"m\"'"), Sent::Done);
        assert_eq!(ran("exit 0"), Sent::Done);
        let Sent::Failed { error, .. } = ran("echo one >&2; echo 'no room' >&2; exit 3") else { panic!() };
        assert!(error.contains('3') && error.ends_with(": no room"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_said() {
        assert!(find(&["/nowhere/program".to_owned()]).unwrap_err().contains("/nowhere/program"));
        assert!(find(&["sh".to_owned()]).is_ok() && find(&[]).is_err());
    }
}
