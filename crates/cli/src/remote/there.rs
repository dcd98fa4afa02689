//! The side that runs verbs for others: in the process of `andon serve`, on the boards that it has open.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use andon_api::{Problem, VerbCall};
use andon_core::BoardSlug;
use andon_server::http::{Access, Audience, Verb, VerbCaller, Verbs};
use andon_store::Home;
use jiff::tz::TimeZone;

use super::carried;
use super::rules::{Reach, follows, path_of, reach};
use crate::app::{App, Elsewhere};
use crate::args::{Cli, Reader, command};
use crate::environment::Environment;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::input::Files;
use crate::output::{self, Out};

/// The file of this program, by which two processes know that they are the same one.
pub(super) fn program() -> Option<String> {
    // The link leads to the file that runs, even where another one has taken its name.
    let link = std::path::Path::new("/proc/self/exe");
    let meta = std::fs::metadata(link).or_else(|_| std::fs::metadata(std::env::current_exe()?)).ok()?;
    Some(format!("{}:{}:{}:{}.{}", meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

/// The command line of this process, for others.
#[derive(Debug)]
pub(crate) struct CommandLine {
    home: Home,
    environment: Environment,
    program: String,
    /// What reads command lines, built once: building it costs more than reading one.
    reader: Mutex<Reader>,
}

impl CommandLine {
    /// On the boards of this home, under the settings of this process.
    pub(crate) fn new(home: Home, environment: Environment) -> Self {
        Self {
            home,
            environment,
            program: program().unwrap_or_default(),
            reader: Mutex::new(Reader::new(command)),
        }
    }

    /// The variables under which a caller's verb runs.
    fn environment(&self, caller: &VerbCaller, said: &BTreeMap<String, String>) -> Environment {
        let named = |pairs: Vec<(&str, String)>| {
            self.environment.called_by(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)))
        };
        match caller {
            VerbCaller::Itself => self.environment.called_by(said.clone()),
            VerbCaller::Person { name, .. } => named(vec![("ANDON_USER", name.clone())]),
            VerbCaller::Worker { board, run, token, task, profile } => {
                let mut pairs = vec![
                    ("ANDON_BOARD", board.to_string()),
                    ("ANDON_RUN", run.to_string()),
                    ("ANDON_RUN_TOKEN", token.clone()),
                    ("ANDON_TASK", task.to_string()),
                ];
                pairs.extend(profile.iter().map(|profile| ("ANDON_PROFILE", profile.to_string())));
                named(pairs)
            }
        }
    }

    /// The board that is meant.
    fn board(
        &self,
        asked: Option<BoardSlug>,
        caller: &VerbCaller,
        environment: &Environment,
    ) -> Result<BoardSlug, Failure> {
        let own = match caller {
            VerbCaller::Person { board, .. } => board.clone(),
            VerbCaller::Worker { board, .. } => Some(board.clone()),
            VerbCaller::Itself => environment.text("ANDON_BOARD").and_then(|text| text.parse().ok()),
        };
        match asked.or(own).or_else(|| self.home.current()) {
            Some(board) => Ok(board),
            None => Ok("default".parse()?),
        }
    }
}

impl Verbs for CommandLine {
    fn facts(&self) -> (String, BTreeMap<String, String>) {
        (self.program.clone(), self.environment.settings())
    }

    fn read(&self, call: VerbCall, caller: &VerbCaller) -> Result<Box<dyn Verb>, Box<Problem>> {
        let arguments: Vec<OsString> = std::iter::once("andon".to_owned())
            .chain(call.argv.iter().cloned())
            .map(OsString::from)
            .collect();
        let environment = self.environment(caller, &call.environment);
        let asked = call.board.clone();
        let read = {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.read(&arguments)
        };
        let parsed = match read {
            Ok(parsed) => parsed,
            Err(error) => {
                let board = self.board(asked, caller, &environment).map_err(|failure| problem(&failure))?;
                return Ok(Box::new(Mistake { board, arguments, error }));
            }
        };
        let access = match reach(&parsed.matches) {
            Reach::Here(why) => return Err(Box::new(elsewhere(&path_of(&parsed.matches).0, why))),
            Reach::Own => return Err(Box::new(elsewhere(&path_of(&parsed.matches).0, "it needs no server"))),
            Reach::Served(access) | Reach::Shared(access) => access,
        };
        let mut globals = parsed.cli.globals();
        if let (Some(by), VerbCaller::Person { .. }) = (&globals.by, caller) {
            let detail = format!("who acts follows from the token: {by:?} cannot be said with `--by`");
            return Err(Box::new(Problem::new("forbidden", detail, Some("leave `--by` out".to_owned()))));
        }
        let board = self.board(globals.board.clone().or(asked), caller, &environment);
        let board = board.map_err(|failure| problem(&failure))?;
        // What the caller may was decided for this board: no other one is meant from here on.
        globals.board = Some(board.clone());
        globals.home = None;
        let zone = match (call.zone.as_deref(), caller) {
            (Some(name), _) => Some(zone(name)?),
            // The same machine.
            (None, VerbCaller::Itself) => None,
            (None, VerbCaller::Person { .. } | VerbCaller::Worker { .. }) => Some(TimeZone::UTC),
        };
        let ready = Ready {
            follows: follows(&parsed.matches),
            cli: parsed.cli,
            access,
            board,
            globals,
            environment,
            home: self.home.clone(),
            files: Files::Sent(carried::by_path(call.files)),
            zone,
        };
        Ok(Box::new(ready))
    }
}

fn problem(failure: &Failure) -> Box<Problem> {
    Box::new(Problem::new(failure.code(), failure.to_string(), failure.hint()))
}

fn elsewhere(verb: &str, why: &str) -> Problem {
    let detail = format!("`andon {verb}` cannot be run from elsewhere: {why}");
    Problem::new("verb_elsewhere", detail, Some("run it on the server's machine".to_owned()))
}

fn zone(name: &str) -> Result<TimeZone, Box<Problem>> {
    TimeZone::get(name).map_err(|_| {
        let shown: String = name.chars().take(80).collect();
        Box::new(Problem::new(
            "invalid_value",
            format!("{shown:?} is no time zone that this server knows"),
            None,
        ))
    })
}

/// A command line that makes no sense to this server: it says so as it would where it was typed.
struct Mistake {
    board: BoardSlug,
    arguments: Vec<OsString>,
    error: clap::Error,
}

impl Verb for Mistake {
    fn access(&self) -> Access {
        Access::Known
    }

    fn board(&self) -> &BoardSlug {
        &self.board
    }

    fn follows(&self) -> bool {
        false
    }

    fn run(self: Box<Self>, to: Arc<dyn Audience>) -> u8 {
        output::usage(&Out::Told(to), &self.arguments, &self.error).number()
    }
}

struct Ready {
    cli: Cli,
    access: Access,
    board: BoardSlug,
    follows: bool,
    globals: crate::app::Globals,
    environment: Environment,
    home: Home,
    files: Files,
    zone: Option<TimeZone>,
}

impl Verb for Ready {
    fn access(&self) -> Access {
        self.access
    }

    fn board(&self) -> &BoardSlug {
        &self.board
    }

    fn follows(&self) -> bool {
        self.follows
    }

    fn run(self: Box<Self>, to: Arc<dyn Audience>) -> u8 {
        let Self { cli, board, globals, environment, home, files, zone, .. } = *self;
        let of = Elsewhere { out: Out::Told(to), files, zone };
        let app = App::elsewhere(globals, environment, home.clone(), of);
        let code = cli.act(&app);
        if code == ExitCode::Database {
            // What is wrong with its database may be mended the next time it is opened.
            home.part(&board);
        }
        code.number()
    }
}
