//! The command line: global options, the verbs, and the way to each.

use std::ffi::OsString;
use std::path::PathBuf;

use andon_core::BoardSlug;
use andon_engine::config::Config;
use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::app::{App, Globals};
use crate::commands;
use crate::environment::Environment;
use crate::error::Failure;
use crate::exit::{ExitCode, TABLE};
use crate::input::Files;
use crate::output::Out;
use crate::remote::{Near, Typed};
use crate::{help, output, remote};

/// A durable board for fleets of agents
///
/// Tasks with dependencies live on a board; a dispatcher runs each ready task as a supervised process, and every handoff is
/// a row that people and agents can read. Data goes to standard output, talk to standard error.
#[derive(Clone, Debug, Parser)]
#[command(name = "andon", version, after_help = TABLE, arg_required_else_help = false, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every verb.
#[derive(Clone, Debug, clap::Args)]
struct GlobalArgs {
    /// Which board [env: ANDON_BOARD; else the current one, else default]
    #[arg(long, global = true, value_name = "BOARD", help_heading = "Global options")]
    board: Option<BoardSlug>,
    /// Where boards and profiles lie [env: ANDON_HOME; else ~/.andon]
    #[arg(long, global = true, value_name = "FOLDER", help_heading = "Global options")]
    home: Option<PathBuf>,
    /// Who does it, where a person does [env: ANDON_USER; else USER]
    #[arg(long, global = true, value_name = "NAME", aliases = ["author", "created-by"], help_heading = "Global options")]
    by: Option<String>,
    /// Write data and errors as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
    /// Have a server run it: http://HOST:PORT or https://HOST [env: ANDON_SERVER; `off` keeps away from this home's own]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    server: Option<String>,
    /// The token for it, from a file [env: ANDON_TOKEN; else, on this machine, the home's own]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    token_file: Option<PathBuf>,
}

/// The verbs, in the order of the help. The arguments of a verb are made when it is typed: all of them together are most of what
/// reading a command line costs.
#[derive(Clone, Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Init(commands::init::InitArgs),
    Create(commands::create::CreateArgs),
    #[command(visible_alias = "ls")]
    List(commands::list::ListArgs),
    Show(commands::show::ShowArgs),
    Why(commands::why::WhyArgs),
    Context(commands::context::ContextArgs),
    Runs(commands::runs::RunsArgs),
    Log(commands::log::LogArgs),
    Events(commands::events::EventsArgs),
    Tail(commands::tail::TailArgs),
    Watch(commands::watch::WatchArgs),
    Hosts(commands::hosts::HostsArgs),
    Stats(commands::stats::StatsArgs),
    Assignees(commands::assignees::AssigneesArgs),
    Assign(commands::assign::AssignArgs),
    Reassign(commands::reassign::ReassignArgs),
    Link(commands::link::LinkArgs),
    Unlink(commands::unlink::UnlinkArgs),
    Edit(commands::edit::EditArgs),
    Comment(commands::comment::CommentArgs),
    Specify(commands::specify::SpecifyArgs),
    Decompose(commands::decompose::DecomposeArgs),
    Swarm(commands::swarm::SwarmArgs),
    Claim(commands::claim::ClaimArgs),
    Heartbeat(commands::heartbeat::HeartbeatArgs),
    Complete(commands::complete::CompleteArgs),
    RequestReview(commands::request_review::RequestReviewArgs),
    Approve(commands::approve::ApproveArgs),
    RequestChanges(commands::request_changes::RequestChangesArgs),
    Block(commands::block::BlockArgs),
    Unblock(commands::unblock::UnblockArgs),
    Schedule(commands::schedule::ScheduleArgs),
    Promote(commands::promote::PromoteArgs),
    Hold(commands::hold::HoldArgs),
    Triage(commands::triage::TriageArgs),
    Reclaim(commands::reclaim::ReclaimArgs),
    Archive(commands::archive::ArchiveArgs),
    Reopen(commands::reopen::ReopenArgs),
    SetStatus(commands::set_status::SetStatusArgs),
    Pause(commands::pause::PauseArgs),
    Resume(commands::resume::ResumeArgs),
    Recompute(commands::recompute::RecomputeArgs),
    Stop(commands::stop::StopArgs),
    Delete(commands::delete::DeleteArgs),
    Dispatch(commands::dispatch::DispatchArgs),
    Serve(commands::serve::ServeArgs),
    Service(commands::service::ServiceArgs),
    Token(commands::token::TokenArgs),
    Notify(commands::notify::NotifyArgs),
    Mcp(commands::mcp::McpArgs),
    Attach(commands::attach::AttachArgs),
    Attachments(commands::attach::AttachmentsArgs),
    Detach(commands::attach::DetachArgs),
    #[command(visible_alias = "diag")]
    Diagnostics(commands::diagnostics::DiagnosticsArgs),
    Boards(commands::boards::BoardsArgs),
    Profile(commands::profile::ProfileArgs),
    Doctor(commands::doctor::DoctorArgs),
    Backup(commands::backup::BackupArgs),
    Restore(commands::restore::RestoreArgs),
    Import(commands::import::ImportArgs),
    Gc(commands::gc::GcArgs),
    Bench(commands::bench::BenchArgs),
    Completions(commands::completions::CompletionsArgs),
    Man(commands::man::ManArgs),
    ExitCodes(commands::exit_codes::ExitCodesArgs),
}

/// Reads a command line.
///
/// # Errors
/// What clap says of it, help and version too.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Parsed, clap::Error> {
    Reader::new(|| help::grouped(command())).read(arguments)
}

/// Reads command lines, one or many.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// With what has been typed so far.
    quick: clap::Command,
    /// With everything: whoever asks for help or makes a mistake is told of what was not typed, too.
    whole: fn() -> clap::Command,
}

impl Reader {
    pub(crate) fn new(whole: fn() -> clap::Command) -> Self {
        Self { quick: unbuilt(), whole }
    }

    /// Reads one.
    ///
    /// # Errors
    /// As [`parse`].
    pub(crate) fn read(&mut self, arguments: &[OsString]) -> Result<Parsed, clap::Error> {
        let matches = match self.quick.try_get_matches_from_mut(arguments) {
            Ok(matches) => matches,
            Err(version) if version.kind() == ErrorKind::DisplayVersion => return Err(version),
            Err(_) => (self.whole)().try_get_matches_from(arguments)?,
        };
        let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command()))?;
        Ok(Parsed { cli, matches })
    }
}

/// A command line that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// What it says.
    pub(crate) cli: Cli,
    /// The same, by the names of its arguments.
    pub(crate) matches: ArgMatches,
}

impl Parsed {
    /// Runs the verb, or has a server run it, and tells how it ended.
    pub(crate) fn run(self, arguments: &[OsString], environment: Environment) -> ExitCode {
        let Self { cli, matches } = self;
        let globals = cli.globals();
        let typed = Typed {
            arguments,
            matches: &matches,
            globals: &globals,
            token_file: cli.globals.token_file.as_deref(),
            environment: &environment,
        };
        if cli.command.is_some()
            && let Err(error) = Config::check_environment(environment.for_configuration())
        {
            let failure = Failure::from(error);
            output::complain(&Out::Standard, &failure, None, globals.json);
            return failure.exit();
        }
        let server = cli.globals.server.clone().or_else(|| environment.text("ANDON_SERVER"));
        let files = match server.as_deref().map(str::trim) {
            _ if cli.command.is_none() => Files::Here,
            Some("off") => Files::Here,
            Some(url) => match remote::at(url, &typed) {
                Some(code) => return code,
                None => Files::Here,
            },
            None => match remote::near(&typed) {
                Near::Ran(code) => return code,
                Near::Here(files) => files,
            },
        };
        match App::new(globals, environment) {
            Ok(mut app) => {
                app.files = files;
                cli.act(&app)
            }
            Err(failure) => {
                output::complain(&Out::Standard, &failure, None, cli.globals.json);
                failure.exit()
            }
        }
    }
}

/// The command line before anything of it is built, for whoever builds it.
pub(crate) fn unbuilt() -> clap::Command {
    Cli::command()
}

/// The whole command line.
pub(crate) fn command() -> clap::Command {
    let mut command = unbuilt();
    command.build();
    command
}

impl Cli {
    /// What the global options say.
    pub(crate) fn globals(&self) -> Globals {
        let GlobalArgs { home, board, by, json, .. } = self.globals.clone();
        Globals { home, board, by, json }
    }

    /// Runs the verb in this process and tells how it ended.
    pub(crate) fn act(self, app: &App) -> ExitCode {
        let Some(command) = self.command else {
            app.out.print(&help::grouped(command()).render_help().ansi().to_string());
            return ExitCode::Done;
        };
        match command.run(app) {
            Ok(code) => code,
            Err(failure) => {
                let note = app.meant(&failure).map(|meant| format!("did you mean {meant}?"));
                let note = note.or_else(|| commands::doctor::met(app, &failure));
                output::complain(&app.out, &failure, note.as_deref(), app.json);
                failure.exit()
            }
        }
    }
}

impl Command {
    fn run(self, app: &App) -> Result<ExitCode, Failure> {
        match self {
            Self::Init(args) => commands::init::run(app, args),
            Self::Create(args) => commands::create::run(app, args),
            Self::List(args) => commands::list::run(app, args),
            Self::Show(args) => commands::show::run(app, args),
            Self::Why(args) => commands::why::run(app, args),
            Self::Context(args) => commands::context::run(app, args),
            Self::Runs(args) => commands::runs::run(app, args),
            Self::Log(args) => commands::log::run(app, args),
            Self::Events(args) => commands::events::run(app, args),
            Self::Tail(args) => commands::tail::run(app, args),
            Self::Watch(args) => commands::watch::run(app, args),
            Self::Hosts(args) => commands::hosts::run(app, args),
            Self::Stats(args) => commands::stats::run(app, args),
            Self::Assignees(args) => commands::assignees::run(app, args),
            Self::Assign(args) => commands::assign::run(app, args),
            Self::Reassign(args) => commands::reassign::run(app, args),
            Self::Link(args) => commands::link::run(app, args),
            Self::Unlink(args) => commands::unlink::run(app, args),
            Self::Edit(args) => commands::edit::run(app, args),
            Self::Comment(args) => commands::comment::run(app, args),
            Self::Specify(args) => commands::specify::run(app, args),
            Self::Decompose(args) => commands::decompose::run(app, args),
            Self::Swarm(args) => commands::swarm::run(app, args),
            Self::Claim(args) => commands::claim::run(app, args),
            Self::Heartbeat(args) => commands::heartbeat::run(app, args),
            Self::Complete(args) => commands::complete::run(app, args),
            Self::RequestReview(args) => commands::request_review::run(app, args),
            Self::Approve(args) => commands::approve::run(app, args),
            Self::RequestChanges(args) => commands::request_changes::run(app, args),
            Self::Block(args) => commands::block::run(app, args),
            Self::Unblock(args) => commands::unblock::run(app, args),
            Self::Schedule(args) => commands::schedule::run(app, args),
            Self::Promote(args) => commands::promote::run(app, args),
            Self::Hold(args) => commands::hold::run(app, args),
            Self::Triage(args) => commands::triage::run(app, args),
            Self::Reclaim(args) => commands::reclaim::run(app, args),
            Self::Archive(args) => commands::archive::run(app, args),
            Self::Reopen(args) => commands::reopen::run(app, args),
            Self::SetStatus(args) => commands::set_status::run(app, args),
            Self::Pause(args) => commands::pause::run(app, args),
            Self::Resume(args) => commands::resume::run(app, args),
            Self::Recompute(args) => commands::recompute::run(app, args),
            Self::Stop(args) => commands::stop::run(app, args),
            Self::Delete(args) => commands::delete::run(app, args),
            Self::Dispatch(args) => commands::dispatch::run(app, args),
            Self::Serve(args) => commands::serve::run(app, args),
            Self::Service(args) => commands::service::run(app, args),
            Self::Token(args) => commands::token::run(app, args),
            Self::Notify(args) => commands::notify::run(app, args),
            Self::Mcp(args) => commands::mcp::run(app, args),
            Self::Attach(args) => commands::attach::attach(app, args),
            Self::Attachments(args) => commands::attach::list(app, args),
            Self::Detach(args) => commands::attach::detach(app, args),
            Self::Diagnostics(args) => commands::diagnostics::run(app, args),
            Self::Boards(args) => commands::boards::run(app, args),
            Self::Profile(args) => commands::profile::run(app, args),
            Self::Doctor(args) => commands::doctor::run(app, args),
            Self::Backup(args) => commands::backup::run(app, args),
            Self::Restore(args) => commands::restore::run(app, args),
            Self::Import(args) => commands::import::run(app, args),
            Self::Gc(args) => commands::gc::run(app, args),
            Self::Bench(args) => commands::bench::run(app, args),
            Self::Completions(args) => commands::completions::run(args),
            Self::Man(args) => commands::man::run(args),
            Self::ExitCodes(args) => commands::exit_codes::run(args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_and_option_has_a_text_in_the_imperative_without_a_full_stop() {
        for verb in command().get_subcommands().filter(|verb| verb.get_name() != "help") {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about:?}", verb.get_name());
            for argument in verb.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    !help.is_empty() && !help.ends_with('.'),
                    "{} {}",
                    verb.get_name(),
                    argument.get_id()
                );
            }
        }
    }
}
