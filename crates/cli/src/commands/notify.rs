//! `andon notify`: who is told of what happens, by which channel.

use andon_core::TaskId;
use andon_core::nearest::nearest;
use andon_core::notice::{ChannelName, SubscriptionState, Wish};
use andon_core::task::Refusal;
use andon_notify::{Message, Sent};
use andon_server::channels::{Configured, configured, subscription};
use andon_store::operation::{Revive, Subscribe, Unsubscribe};
use andon_store::query::SubscriptionsOf;
use andon_store::sql::subscriptions::Subscription;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::{Cell, Look, Table};
use crate::time::relative;
use crate::{input, output};

/// Say who is told of what happens to a task or on a board, by which channel
#[derive(Args, Clone, Debug)]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// List who is told: of a task, or of everything on the board
    #[command(visible_alias = "ls")]
    List {
        /// Only of this task
        #[arg(value_name = "TASK")]
        task: Option<String>,
    },
    /// Have a channel told of a task, or of the board as a whole
    Add {
        /// Which channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// Of which task; of the whole board where it is left out
        #[arg(value_name = "TASK")]
        task: Option<String>,
        /// Of what: kinds of events, separated by commas, `attention` for what needs a person, or `all`
        #[arg(long, value_name = "KINDS", value_parser = wish)]
        kinds: Option<Wish>,
    },
    /// Have a channel told no more
    #[command(visible_alias = "remove")]
    Rm {
        /// Which channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// Of which task; of the whole board where it is left out
        #[arg(value_name = "TASK")]
        task: Option<String>,
    },
    /// Try again what could not be delivered
    Retry {
        /// Which channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// Of which task; of the whole board where it is left out
        #[arg(value_name = "TASK")]
        task: Option<String>,
        /// Leave out the message that could not be delivered
        #[arg(long)]
        skip: bool,
    },
    /// Send a message that says nothing but that the channel works
    Test {
        /// Which channel
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
    /// List the channels of the configuration, and whether each can be used
    Channels,
}

fn wish(text: &str) -> Result<Wish, String> {
    Wish::of(text.split(',')).map_err(|word| {
        let meant = nearest(&word, Wish::words_there_are());
        let meant = meant.first().map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        format!("{word:?} is no kind of event{meant}")
    })
}

/// Runs the verb.
pub(crate) fn run(app: &App, args: NotifyArgs) -> Result<ExitCode, Failure> {
    match args.verb {
        Verb::List { task } => list(app, task.as_deref()),
        Verb::Add { channel, task, kinds } => add(app, &channel, task.as_deref(), kinds),
        Verb::Rm { channel, task } => remove(app, &channel, task.as_deref()),
        Verb::Retry { channel, task, skip } => retry(app, &channel, task.as_deref(), skip),
        Verb::Test { channel } => test(app, &channel),
        Verb::Channels => channels(app),
    }
}

/// The channels as the files say.
pub(crate) fn known(app: &App) -> Result<Vec<Configured>, Failure> {
    let environment = app.environment();
    Ok(configured(app.home().root(), &app.config()?, &|name: &str| environment.text(name)))
}

/// A channel of the configuration.
///
/// # Errors
/// `unknown_channel`.
pub(crate) fn channel(app: &App, name: &str) -> Result<ChannelName, Failure> {
    Ok(app.config()?.channels.require(name)?)
}

/// One that is subscribed though the configuration no longer has it can be named too.
fn channel_there(app: &App, name: &str) -> Result<ChannelName, Failure> {
    match (channel(app, name), name.parse::<ChannelName>()) {
        (Ok(name), _) => Ok(name),
        (Err(failure), Ok(name)) => {
            let there = app.run(SubscriptionsOf::All)?.iter().any(|one| one.channel == name);
            if there { Ok(name) } else { Err(failure) }
        }
        (Err(failure), Err(_)) => Err(failure),
    }
}

fn task_of(app: &App, task: Option<&str>) -> Result<Option<TaskId>, Failure> {
    task.map(|task| input::task(app, Some(task))).transpose()
}

fn of_what(task: Option<&TaskId>) -> String {
    task.map_or_else(|| "the board".to_owned(), ToString::to_string)
}

fn as_json(app: &App, one: &Subscription) -> Result<Value, Failure> {
    let channels = known(app)?;
    let channel = channels.iter().find(|channel| channel.name == one.channel);
    let shown = subscription(&one.channel, channel, Some(one), one.task.as_ref());
    Ok(serde_json::to_value(shown).unwrap_or_default())
}

fn add(app: &App, name: &str, task: Option<&str>, wish: Option<Wish>) -> Result<ExitCode, Failure> {
    let (channel, task) = (channel(app, name)?, task_of(app, task)?);
    let subscribe = Subscribe { task: task.clone(), channel, wish, home: false, caller: app.caller()? };
    let subscribed = app.run(subscribe)?;
    if app.json {
        app.out.print_json(&as_json(app, &subscribed.subscription)?);
        return Ok(ExitCode::Done);
    }
    let word = if subscribed.new { "is told of" } else { "is told already of" };
    app.out.print(&format!("{name} {word} {}\n", of_what(task.as_ref())));
    if let Some(Err(problem)) =
        known(app)?.into_iter().find(|one| one.name.as_str() == name).map(|one| one.channel)
    {
        app.out.say(&format!("andon: {name} cannot be used at the moment: {}", output::line(&problem)));
    }
    Ok(ExitCode::Done)
}

fn remove(app: &App, name: &str, task: Option<&str>) -> Result<ExitCode, Failure> {
    let (channel, task) = (channel_there(app, name)?, task_of(app, task)?);
    let was = app.run(Unsubscribe { task: task.clone(), channel, caller: app.caller()? })?;
    if app.json {
        app.out.print_json(&json!({ "channel": name, "task": task, "removed": was }));
    } else {
        let word = if was { "is told no more of" } else { "was not told of" };
        app.out.print(&format!("{name} {word} {}\n", of_what(task.as_ref())));
    }
    Ok(ExitCode::Done)
}

fn retry(app: &App, name: &str, task: Option<&str>, skip: bool) -> Result<ExitCode, Failure> {
    let (channel, task) = (channel_there(app, name)?, task_of(app, task)?);
    let revived = app.run(Revive { task: task.clone(), channel, skip, caller: app.caller()? })?;
    if app.json {
        app.out.print_json(&as_json(app, &revived)?);
    } else {
        app.out.print(&format!("{name} is tried again for {}\n", of_what(task.as_ref())));
    }
    Ok(ExitCode::Done)
}

fn list(app: &App, task: Option<&str>) -> Result<ExitCode, Failure> {
    let task = task_of(app, task)?;
    let found = app.run(task.map_or(SubscriptionsOf::All, SubscriptionsOf::Task))?;
    let channels = known(app)?;
    if app.json {
        let shown: Vec<_> = found
            .iter()
            .map(|one| {
                let channel = channels.iter().find(|channel| channel.name == one.channel);
                subscription(&one.channel, channel, Some(one), one.task.as_ref())
            })
            .collect();
        app.out.print_json(&shown);
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for one in &found {
        let ready = channels.iter().any(|channel| channel.name == one.channel && channel.channel.is_ok());
        let (state, look) = stands(one, ready, app);
        let kinds = one.wish.words();
        table.row([
            Cell::new(one.channel.as_str()).look(Look::Name),
            Cell::new(of_what(one.task.as_ref())),
            Cell::new(if kinds.is_empty() { "the usual".to_owned() } else { kinds.join(",") }),
            Cell::new(state).look(look),
        ]);
    }
    app.out.print(&table.render());
    if found.is_empty() {
        app.out.say("(nobody; `andon notify add CHANNEL [TASK]` subscribes a channel)");
    }
    Ok(ExitCode::Done)
}

fn stands(one: &Subscription, ready: bool, app: &App) -> (String, Look) {
    let error = one.last_error.as_deref().map(output::line).unwrap_or_default();
    match one.state {
        SubscriptionState::Off => ("switched off here".to_owned(), Look::Dim),
        SubscriptionState::Suspended => {
            (format!("suspended after {} failures: {error}", one.failures), Look::Bad)
        }
        SubscriptionState::Active if !ready => ("its channel cannot be used".to_owned(), Look::Warning),
        SubscriptionState::Active if one.failures > 0 => {
            (format!("failed {} times, is tried again: {error}", one.failures), Look::Warning)
        }
        SubscriptionState::Active => {
            let told = one.told_at.map(|at| format!("told {}", relative(at, app.now())));
            (told.unwrap_or_else(|| "told of nothing yet".to_owned()), Look::Good)
        }
    }
}

fn test(app: &App, name: &str) -> Result<ExitCode, Failure> {
    if app.in_worker() {
        let why = "only a person says who is told";
        return Err(Refusal::Forbidden { actor: "a worker".to_owned(), verb: "send a test from", why }.into());
    }
    let wanted = channel(app, name)?;
    let found = known(app)?.into_iter().find(|one| one.name == wanted).map(|one| one.channel);
    let sent = match found {
        Some(Ok(channel)) => {
            let world = app.home().world();
            let message = Message::trial(world.bits(), app.now(), &app.person());
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(channel.send(&message, app.now())),
                Err(error) => return Err(Failure::file("the event loop".as_ref())(error)),
            }
        }
        Some(Err(problem)) => Sent::Failed { error: problem, asked: None, gone: false },
        None => Sent::Failed { error: "it is gone".to_owned(), asked: None, gone: false },
    };
    match sent {
        Sent::Done if app.json => {
            app.out.print_json(&json!({ "channel": name, "sent": true, "error": null }))
        }
        Sent::Done => app.out.print(&format!("{name} has it\n")),
        Sent::Failed { error, .. } if app.json => {
            app.out.print_json(&json!({ "channel": name, "sent": false, "error": error }));
            return Ok(ExitCode::Unfinished);
        }
        Sent::Failed { error, .. } => {
            app.out.say(&format!("andon: {name} has not taken it: {}", output::line(&error)));
            return Ok(ExitCode::Unfinished);
        }
    }
    Ok(ExitCode::Done)
}

fn channels(app: &App) -> Result<ExitCode, Failure> {
    let known = known(app)?;
    if app.json {
        let shown = known.iter().map(|one| {
            json!({
                "name": one.name.as_str(), "kind": one.kind, "home": one.home, "ready": one.channel.is_ok(),
                "problem": one.channel.as_ref().err(),
            })
        });
        app.out.print_json(&shown.collect::<Vec<_>>());
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new();
    for one in &known {
        let (state, look) = match &one.channel {
            Ok(_) => ("ready".to_owned(), Look::Good),
            Err(problem) => (output::line(problem), Look::Warning),
        };
        table.row([
            Cell::new(one.name.as_str()).look(Look::Name),
            Cell::new(&one.kind),
            Cell::new(if one.home { "every board" } else { "" }),
            Cell::new(state).look(look),
        ]);
    }
    app.out.print(&table.render());
    if known.is_empty() {
        app.out.say("(none; [channels.<name>] in config.toml makes one)");
    }
    Ok(ExitCode::Done)
}
