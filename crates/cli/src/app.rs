//! What a verb works with: the home, the board that is meant, who calls, the settings; each looked up when first needed.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use andon_core::nearest::nearest;
use andon_core::roster::Roster;
use andon_core::task::Refusal;
use andon_core::{BoardSlug, Millis, Policy, ProfileName, RunId, TaskId};
use andon_engine::config::{BoardLimits, Config};
use andon_engine::profile::Profiles;
use andon_engine::roster::roster;
use andon_store::query::{List, Show, Shown, Sort};
use andon_store::{Board, BoardFile, Caller, Home, Mode, Operation};
use andon_tools::Identity;
use futures::executor::block_on;
use jiff::tz::TimeZone;

use crate::commands::dispatch::LogFormat;
use crate::environment::Environment;
use crate::error::Failure;
use crate::input::Files;
use crate::output::{self, Out};

/// What the global options say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Globals {
    /// `--home`.
    pub(crate) home: Option<PathBuf>,
    /// `--board`.
    pub(crate) board: Option<BoardSlug>,
    /// `--by`.
    pub(crate) by: Option<String>,
    /// `--json`.
    pub(crate) json: bool,
}

/// What holds on the board that is meant.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The configuration with the board's own limits.
    pub(crate) config: Config,
    /// Its part for the core.
    pub(crate) policy: Policy,
    /// What the board's folder says of it.
    pub(crate) file: BoardFile,
}

/// The context of one command.
#[derive(Debug)]
pub(crate) struct App {
    /// Whether data is written as JSON.
    pub(crate) json: bool,
    /// Where it writes.
    pub(crate) out: Out,
    /// Where files that the command line names are read.
    pub(crate) files: Files,
    zone: OnceCell<TimeZone>,
    globals: Globals,
    environment: Environment,
    home: Home,
    /// Whether its boards are those that this process serves.
    served: bool,
    board: OnceCell<Board>,
    settings: OnceCell<Settings>,
}

/// What a verb that is run for somebody elsewhere has of them.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    /// Whoever hears it.
    pub(crate) out: Out,
    /// The files that came along.
    pub(crate) files: Files,
    /// Their time zone; none where it is this machine's.
    pub(crate) zone: Option<TimeZone>,
}

/// The variables of which each by itself makes this process a worker.
const WORKER: [&str; 3] = ["ANDON_TASK", "ANDON_RUN", "ANDON_RUN_TOKEN"];

impl App {
    /// The context of a command with these options.
    ///
    /// # Errors
    /// Usage, where no home can be found.
    pub(crate) fn new(globals: Globals, environment: Environment) -> Result<Self, Failure> {
        let root = home_of(&globals, &environment)?;
        let home = andon_engine::settings::home(&root, environment.for_configuration())?;
        Ok(Self {
            json: globals.json,
            out: Out::Standard,
            files: Files::Here,
            zone: OnceCell::new(),
            globals,
            environment,
            home,
            served: false,
            board: OnceCell::new(),
            settings: OnceCell::new(),
        })
    }

    /// The context of a command that this process runs for somebody elsewhere, on the boards that it serves.
    pub(crate) fn elsewhere(globals: Globals, environment: Environment, home: Home, of: Elsewhere) -> Self {
        Self {
            json: globals.json,
            out: of.out,
            files: of.files,
            zone: of.zone.map(OnceCell::from).unwrap_or_default(),
            globals,
            environment,
            home,
            served: true,
            board: OnceCell::new(),
            settings: OnceCell::new(),
        }
    }

    /// Writes the log to standard error from here on, as `ANDON_LOG` asks.
    pub(crate) fn log(&self, format: Option<LogFormat>) {
        crate::commands::dispatch::log_to_stderr(&self.environment, format);
    }

    /// Whether another process is told what this command says: signals are that process's own.
    pub(crate) const fn is_served(&self) -> bool {
        self.served
    }

    /// The variables of whoever calls, and the settings among those of this process.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The zone in which moments are read and shown.
    pub(crate) fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(TimeZone::system)
    }

    /// The home.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// The person's own directory, for `~`.
    pub(crate) fn user_home(&self) -> Option<PathBuf> {
        self.environment.user_home()
    }

    /// Now, by the home's clock.
    pub(crate) fn now(&self) -> Millis {
        self.home.world().now()
    }

    /// Whether this process is, or says it is, a worker.
    pub(crate) fn in_worker(&self) -> bool {
        WORKER.iter().any(|name| self.environment.get(name).is_some())
    }

    /// The board that is meant: `--board`, else `ANDON_BOARD`, else the current one, else `default`.
    ///
    /// # Errors
    /// `wrong_board` where a worker names another than its own.
    pub(crate) fn slug(&self) -> Result<BoardSlug, Failure> {
        let own = match self.environment.text("ANDON_BOARD") {
            Some(text) => Some(text.parse::<BoardSlug>().map_err(|error| {
                Failure::usage(format!("ANDON_BOARD: {error}"), "`andon boards list` shows the boards")
            })?),
            None => None,
        };
        match (&self.globals.board, own) {
            (Some(asked), Some(own)) if self.in_worker() && *asked != own => {
                Err(Refusal::WrongBoard { own: own.to_string(), asked: asked.to_string() }.into())
            }
            (Some(asked), _) => Ok(asked.clone()),
            (None, Some(own)) => Ok(own),
            (None, None) => match self.home.current() {
                Some(current) => Ok(current),
                None => "default".parse().map_err(Failure::BadId),
            },
        }
    }

    /// The board, to be changed: `default` is made on first use.
    ///
    /// # Errors
    /// `unknown_board`, or what is wrong with its files.
    pub(crate) fn board(&self) -> Result<&Board, Failure> {
        self.open(true)
    }

    /// The board, to be read: nothing is made.
    ///
    /// # Errors
    /// As [`Self::board`].
    pub(crate) fn board_to_read(&self) -> Result<&Board, Failure> {
        self.open(false)
    }

    fn open(&self, create: bool) -> Result<&Board, Failure> {
        if let Some(board) = self.board.get() {
            return Ok(board);
        }
        let slug = self.slug()?;
        let board = if create {
            if self.served && slug.as_str() == "default" && !self.home.try_exists(&slug)? {
                self.home.create(&slug, &BoardFile::default())?;
            }
            if self.served {
                self.home.join(&slug)?
            } else {
                self.home.open_or_default(&slug, Mode::Short)?
            }
        } else if slug.as_str() == "default" && !self.home.try_exists(&slug)? {
            let message = format!("there is no board yet in {}", self.home.place());
            return Err(Failure::NotFound { message, hint: Some("`andon init` makes one".to_owned()) });
        } else if self.served {
            self.home.join(&slug)?
        } else {
            self.home.open(&slug, Mode::Short)?
        };
        Ok(self.board.get_or_init(|| board))
    }

    /// Runs an operation on the board.
    ///
    /// # Errors
    /// The board's refusal, or the database's.
    pub(crate) fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, Failure> {
        let board = if O::WRITES { self.board()? } else { self.board_to_read()? };
        Ok(block_on(board.run(operation))?)
    }

    /// Tells children that one operation could not tell in its own transaction.
    ///
    /// # Errors
    /// The database's.
    pub(crate) fn settle(&self) -> Result<(), Failure> {
        Ok(block_on(self.board()?.settle_queued(&self.settings()?.policy))?)
    }

    /// The configuration of the home, without any board's own limits.
    ///
    /// # Errors
    /// Every mistake in `config.toml` and the environment.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let loaded = Config::load(self.home.root(), self.environment.for_configuration())?;
        andon_engine::host::be_called(loaded.config.host_name.as_deref());
        // With `--json` standard error holds one error or nothing.
        for variable in loaded.ignored_variables.iter().filter(|_| !self.json && !self.served) {
            self.out.say(&format!("andon: {} is no setting of Andon; it is ignored", output::line(variable)));
        }
        Ok(loaded.config)
    }

    /// What holds on the board that is meant.
    ///
    /// # Errors
    /// Mistakes in `config.toml`, the environment, or `board.toml`.
    pub(crate) fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let folder = self.home.board_folder(&self.slug()?);
        if self.home.database_url().is_some() {
            // A board on a server tells this host what it says of itself when it is opened. One that cannot be opened is
            // refused by whatever comes next.
            drop(self.open(false));
        }
        let file = BoardFile::read(&folder)?;
        let limits =
            BoardLimits::from_table(&folder.join("board.toml"), &file.limits).map_err(Failure::Limits)?;
        let config = self.config()?.for_board(&limits);
        let settings = Settings { policy: config.policy(), config, file };
        Ok(self.settings.get_or_init(|| settings))
    }

    /// Limits and times.
    ///
    /// # Errors
    /// As [`Self::settings`].
    pub(crate) fn policy(&self) -> Result<Policy, Failure> {
        Ok(self.settings()?.policy.clone())
    }

    /// The profiles of the home.
    pub(crate) fn profiles(&self) -> Profiles {
        Profiles::load(self.home.root())
    }

    /// Who can be an assignee.
    ///
    /// # Errors
    /// As [`Self::settings`].
    pub(crate) fn roster(&self) -> Result<Roster, Failure> {
        let settings = self.settings()?;
        Ok(roster(&self.profiles(), &settings.config, settings.file.reviewer.as_deref()))
    }

    /// The same where `needed`; else nobody, without reading the profiles. A worker's own profile limits what it creates,
    /// so for a worker it is always needed.
    ///
    /// # Errors
    /// As [`Self::settings`].
    pub(crate) fn roster_if(&self, needed: bool) -> Result<Roster, Failure> {
        if needed || self.in_worker() { self.roster() } else { Ok(Roster::default()) }
    }

    /// Who calls: the worker of a run, or a person.
    ///
    /// # Errors
    /// A worker whose identity is missing or malformed is refused, never taken for a person.
    pub(crate) fn caller(&self) -> Result<Caller, Failure> {
        if !self.in_worker() {
            return Ok(Caller::person(self.person()));
        }
        if let Some(by) = &self.globals.by {
            let message = format!("a worker speaks for itself: {by:?} cannot be said with `--by`");
            return Err(Failure::usage(message, "leave `--by` out"));
        }
        let broken = |what: String| Failure::BrokenIdentity(format!("this worker has no identity: {what}"));
        let run =
            self.environment.text("ANDON_RUN").ok_or_else(|| broken("ANDON_RUN is not set".to_owned()))?;
        let run: RunId = run.parse().map_err(|error| broken(format!("ANDON_RUN: {error}")))?;
        let token = self.environment.text("ANDON_RUN_TOKEN");
        let token = token.ok_or_else(|| broken("ANDON_RUN_TOKEN is not set".to_owned()))?;
        let profile = match self.environment.text("ANDON_PROFILE") {
            Some(name) => {
                Some(name.parse::<ProfileName>().map_err(|error| broken(format!("ANDON_PROFILE: {error}")))?)
            }
            None => None,
        };
        Ok(Caller::worker(run, profile, token))
    }

    /// The same with the rights of a worker's profile, for what routes the work of others.
    ///
    /// # Errors
    /// As [`Self::caller`], and a mistake in the configuration.
    pub(crate) fn routing_caller(&self) -> Result<Caller, Failure> {
        let caller = self.caller()?;
        Ok(if self.in_worker() { caller.with_rights(&self.roster()?) } else { caller })
    }

    /// Who uses the tools: as [`Self::caller`], but a worker whose identity is missing or malformed is told at each call.
    /// A person may act under the name of a profile.
    ///
    /// # Errors
    /// `wrong_board`; usage, where a worker is given another name than its own.
    pub(crate) fn identity(&self, profile: Option<&ProfileName>) -> Result<Identity, Failure> {
        let own = self.environment.text("ANDON_PROFILE");
        if let (true, Some(named)) = (self.in_worker(), profile)
            && own.as_deref() != Some(named.as_str())
        {
            let message = format!("a worker speaks for itself: it is not of profile {named}");
            return Err(Failure::usage(message, "leave `--profile` out"));
        }
        if let Err(failure @ Failure::Usage { .. }) = self.caller() {
            return Err(failure);
        }
        let name = profile.map_or_else(|| self.person(), ToString::to_string);
        Ok(Identity::of_environment(self.slug()?, name, |variable| self.environment.text(variable)))
    }

    /// The person's name.
    pub(crate) fn person(&self) -> String {
        let named = self.globals.by.clone().filter(|name| !name.trim().is_empty());
        let named =
            named.or_else(|| self.environment.text("ANDON_USER")).or_else(|| self.environment.text("USER"));
        named.map_or_else(|| "user".to_owned(), |name| name.trim().chars().take(64).collect())
    }

    /// The profile that `--mine` means: the worker's own, or the one called like the person.
    pub(crate) fn own_profile(&self) -> Option<ProfileName> {
        self.environment.text("ANDON_PROFILE").unwrap_or_else(|| self.person()).parse().ok()
    }

    /// The task that a worker works on.
    ///
    /// # Errors
    /// Usage outside a worker; a broken identity where the variable names no task.
    pub(crate) fn own_task(&self) -> Result<TaskId, Failure> {
        match self.environment.text("ANDON_TASK") {
            Some(text) => text.parse().map_err(|error| {
                Failure::BrokenIdentity(format!("this worker has no identity: ANDON_TASK: {error}"))
            }),
            None => Err(Failure::usage("no task is named", "name a task: its id looks like t_0123abcd")),
        }
    }

    /// Everything about a task, with its newest `limit` comments and events.
    ///
    /// # Errors
    /// `unknown_task`, or the database's.
    pub(crate) fn shown(&self, task: &TaskId, limit: u32) -> Result<Shown, Failure> {
        self.run(Show { task: task.clone(), limit })
    }

    /// Where the files of the board lie.
    ///
    /// # Errors
    /// As [`Self::slug`].
    pub(crate) fn board_folder(&self) -> Result<PathBuf, Failure> {
        Ok(self.home.board_folder(&self.slug()?))
    }

    /// The task that was probably meant by an id that is not there.
    pub(crate) fn meant(&self, failure: &Failure) -> Option<String> {
        let given = match failure {
            Failure::Refused(Refusal::UnknownTask(given)) => given.clone(),
            Failure::Refused(Refusal::UnknownParents(given)) => given.first()?.clone(),
            Failure::BadId(error) if error.what == "task id" => error.text.to_lowercase(),
            _ => return None,
        };
        self.board.get()?;
        let list = List { archived: true, sort: Sort::Updated, limit: 1_000, ..List::default() };
        let listed = self.run(list).ok()?;
        let known: Vec<&str> = listed.tasks.iter().map(|(task, _, _)| task.id.as_str()).collect();
        let found = nearest(&given, known.into_iter().filter(|id| differs_little(&given, id)));
        found.first().map(|id| (*id).to_owned())
    }
}

/// Where the home is that a command line means.
///
/// # Errors
/// Usage, where none can be found.
pub(crate) fn home_of(globals: &Globals, environment: &Environment) -> Result<PathBuf, Failure> {
    let named = globals.home.clone().or_else(|| environment.get("ANDON_HOME").map(PathBuf::from));
    let root =
        named.or_else(|| environment.user_home().map(|home| home.join(".andon"))).ok_or_else(|| {
            Failure::usage("there is no home: neither HOME nor ANDON_HOME is set", "say `--home <folder>`")
        })?;
    std::path::absolute(&root).map_err(Failure::file(&root))
}

/// Whether two ids are the same but for two characters: any two have `t_` in common, which says nothing.
fn differs_little(given: &str, known: &str) -> bool {
    let same = given.chars().zip(known.chars()).filter(|(a, b)| a == b).count();
    same + 2 >= known.chars().count().max(given.chars().count())
}

/// A path as given, made absolute by this process's directory.
///
/// # Errors
/// Where there is no such directory any more.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::file(path))
}
