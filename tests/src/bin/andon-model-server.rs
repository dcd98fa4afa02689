//! The scripted model server as a program: `andon-model-server <script.json> [--port N] [--record FILE]`. It writes its base
//! URL to standard output and answers until it is killed.

use std::io::Write as _;
use std::process::ExitCode;

use andon_tests::model_server::{ModelServer, Script};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match start(&arguments) {
        Ok(server) => {
            // A reader that has left needs no URL.
            let _ = writeln!(std::io::stdout(), "{}", server.base_url());
            loop {
                std::thread::park();
            }
        }
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "andon-model-server: {message}");
            ExitCode::from(2)
        }
    }
}

fn start(arguments: &[String]) -> Result<ModelServer, String> {
    let mut words = arguments.iter();
    let (mut script, mut port, mut record) = (None, 0, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => {
                let given = words.next().ok_or("--port needs a number")?;
                port = given.parse().map_err(|error| format!("--port {given}: {error}"))?;
            }
            "--record" => record = Some(words.next().ok_or("--record needs a file")?.into()),
            path => script = Some(path),
        }
    }
    let path = script.ok_or("name the script")?;
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let script: Script = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    ModelServer::serve(script, port, record).map_err(|error| format!("port {port}: {error}"))
}
