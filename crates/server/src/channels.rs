//! The channels of the configuration, as the notifier uses them: addresses and secrets are looked up where the
//! configuration says that they are.

use std::path::Path;
use std::time::{Duration, Instant};

use andon_api::{Subscription, SubscriptionState, Time};
use andon_core::TaskId;
use andon_core::notice::{self, ChannelName};
use andon_engine::config::{ChannelSettings, Config, ConfigFingerprint};
use andon_engine::settings::load_config;
use andon_notify::{Channel, Secret, Setup, Way};
use andon_store::sql::subscriptions::Subscription as Known;

/// No file with a secret is larger, bytes.
const LARGEST_SECRET: u64 = 16 << 10;

/// A channel of the configuration, and whether it can be used.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Its name.
    pub name: ChannelName,
    /// Its kind.
    pub kind: String,
    /// Whether it is told on every board of what needs a person.
    pub home: bool,
    /// The channel, or why it cannot be used; never with a secret.
    pub channel: Result<Channel, String>,
}

/// Every channel of the configuration, by name. `variable` looks up those that the configuration names.
#[must_use]
pub fn configured(
    home: &Path,
    config: &Config,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<Configured> {
    let look = Lookup { home, variable };
    let channels = config.channels.iter().map(|(name, settings)| Configured {
        name: name.clone(),
        kind: settings.kind.clone().unwrap_or_default(),
        home: settings.home,
        channel: channel(&look, name, settings),
    });
    channels.collect()
}

/// What the notifier works by.
#[must_use]
pub fn setup(home: &Path, config: &Config, variable: &dyn Fn(&str) -> Option<String>) -> Setup {
    let mut setup = Setup {
        attempt_limit: config.notify_attempt_limit,
        policy: config.policy(),
        public_url: config.public_url.clone(),
        sweep: config.sweep_interval.as_std(),
        ..Setup::default()
    };
    for configured in configured(home, config, variable) {
        match configured.channel {
            Ok(channel) => setup.channels.push(channel),
            Err(problem) => setup.unready.push((configured.name, problem)),
        }
    }
    setup
}

/// What the configuration says, whenever it may have changed: the files are looked at each time, and secrets, which lie
/// elsewhere, with each sweep. A configuration that cannot be read leaves what held before.
pub fn changes(home: &Path) -> impl FnMut() -> Option<Setup> + Send + use<> {
    let home = home.to_owned();
    let mut known: Option<(ConfigFingerprint, Instant, Duration)> = None;
    move || {
        let seen = ConfigFingerprint::of(&home);
        let stale =
            |known: &(ConfigFingerprint, Instant, Duration)| known.0 != seen || known.1.elapsed() >= known.2;
        if !known.as_ref().is_none_or(stale) {
            return None;
        }
        let config = load_config(&home).ok()?;
        let unchanged = known.as_ref().is_some_and(|known| known.0 == seen);
        known = Some((seen, Instant::now(), config.sweep_interval.as_std()));
        if unchanged && config.channels.is_empty() {
            return None;
        }
        Some(setup(&home, &config, &andon_engine::settings::variable))
    }
}

struct Lookup<'a> {
    home: &'a Path,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Lookup<'_> {
    /// The text of a file or a variable; none where neither is named.
    fn text(&self, file: Option<&str>, variable: Option<&str>) -> Result<Option<String>, String> {
        let text = match (file, variable) {
            (Some(file), _) => self.file(file)?,
            (None, Some(name)) => {
                (self.variable)(name).ok_or_else(|| format!("the variable {name} is not set"))?
            }
            (None, None) => return Ok(None),
        };
        match text.trim() {
            "" => Err(format!("{} is empty", file.or(variable).unwrap_or_default())),
            text => Ok(Some(text.to_owned())),
        }
    }

    fn file(&self, file: &str) -> Result<String, String> {
        let path = self.home.join(file);
        let meta = std::fs::metadata(&path).map_err(|error| format!("{file}: {error}"))?;
        if !meta.is_file() || meta.len() > LARGEST_SECRET {
            return Err(format!("{file} is no file of a secret"));
        }
        std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))
    }
}

fn channel(look: &Lookup<'_>, name: &ChannelName, settings: &ChannelSettings) -> Result<Channel, String> {
    let url = || -> Result<Secret, String> {
        if let Some(url) = &settings.url {
            return Ok(Secret::from(url.expose().to_owned()));
        }
        let text = look.text(settings.url_file.as_deref(), settings.url_env.as_deref())?;
        text.map(Secret::from).ok_or_else(|| "it has no address".to_owned())
    };
    let way = match settings.kind.as_deref().unwrap_or_default() {
        "command" => Way::Command { argv: settings.command.clone() },
        "webhook" => {
            let secrets = look.text(settings.secret_file.as_deref(), settings.secret_env.as_deref())?;
            let secrets = secrets.unwrap_or_default();
            let secrets = secrets.split_whitespace().map(|secret| Secret::from(secret.to_owned())).collect();
            Way::Webhook { url: url()?, secrets }
        }
        "slack" => Way::Slack { url: url()? },
        "discord" => Way::Discord { url: url()? },
        "telegram" => {
            let token = look.text(settings.token_file.as_deref(), settings.token_env.as_deref())?;
            Way::Telegram {
                api: settings.api_url.clone(),
                token: token.map(Secret::from).ok_or("it has no token")?,
                chat: settings.chat_id.clone().ok_or("it has no chat")?,
                thread: settings.thread_id.map(i64::from),
            }
        }
        other => return Err(format!("{other:?} is no kind of channel")),
    };
    let timeout = settings.timeout.as_std();
    let channel = Channel::new(name.clone(), way, timeout, settings.allow_private, settings.home_wish());
    channel.examine()?;
    Ok(channel)
}

/// Each channel of the configuration with its subscription, if it has one; then what is subscribed besides.
#[must_use]
pub fn subscriptions(
    channels: &[Configured],
    subscribed: &[Known],
    task: Option<&TaskId>,
) -> Vec<Subscription> {
    let of = |name: &ChannelName| subscribed.iter().find(|one| one.channel == *name);
    let known =
        channels.iter().map(|channel| subscription(&channel.name, Some(channel), of(&channel.name), task));
    let besides = subscribed.iter().filter(|one| !channels.iter().any(|channel| channel.name == one.channel));
    let mut all: Vec<Subscription> =
        known.chain(besides.map(|one| subscription(&one.channel, None, Some(one), task))).collect();
    all.sort_by(|one, other| one.channel.cmp(&other.channel));
    all
}

/// A channel and its subscription.
#[must_use]
pub fn subscription(
    name: &ChannelName,
    channel: Option<&Configured>,
    one: Option<&Known>,
    task: Option<&TaskId>,
) -> Subscription {
    let state = one.map(|one| match one.state {
        notice::SubscriptionState::Active => SubscriptionState::Active,
        notice::SubscriptionState::Suspended => SubscriptionState::Suspended,
        notice::SubscriptionState::Off => SubscriptionState::Off,
    });
    let kinds = one.map(|one| one.wish.words()).unwrap_or_default();
    let failing = one.filter(|one| one.failures > 0);
    Subscription {
        channel: name.to_string(),
        kind: channel.map(|channel| channel.kind.clone()),
        ready: channel.is_some_and(|channel| channel.channel.is_ok()),
        task: task.cloned(),
        subscribed: matches!(state, Some(SubscriptionState::Active | SubscriptionState::Suspended)),
        state,
        home: one.is_some_and(|one| one.home),
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        failures: one.map_or(0, |one| one.failures),
        last_error: one.and_then(|one| one.last_error.clone()),
        retry_at: failing.and_then(|one| one.look_at).map(Time::from),
        told_at: one.and_then(|one| one.told_at).map(Time::from),
        created_by: one.map(|one| one.created_by.clone()),
        created_at: one.map(|one| Time::from(one.created_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(home: &Path, text: &str) -> Config {
        std::fs::write(home.join("config.toml"), text).unwrap();
        Config::load(home, [("LANG", "C")]).unwrap().config
    }

    #[test]
    fn a_channel_that_cannot_be_used_says_why_and_shows_no_secret() {
        let home = tempfile::tempdir().unwrap();
        let config = config(
            home.path(),
            "[channels.a]\nkind = \"slack\"\nurl_env = \"A_URL\"\n\
             [channels.b]\nkind = \"webhook\"\nurl = \"https://example.org/s3cr3ts3cr3t\"\nsecret_file = \"b.key\"\n\
             [channels.c]\nkind = \"discord\"\nurl = \"http://10.0.0.1/s3cr3ts3cr3t\"\n\
             [channels.d]\nkind = \"telegram\"\ntoken_env = \"D\"\nchat_id = \"1\"\n\
             [channels.e]\nkind = \"command\"\ncommand = [\"/nowhere/tool\"]\n",
        );
        let variable = |name: &str| (name == "D").then(|| "12:s3cr3ts3cr3t".to_owned());
        let found = configured(home.path(), &config, &variable);
        let problem = |name: &str| {
            let one = found.iter().find(|one| one.name.as_str() == name).unwrap();
            one.channel.as_ref().err().cloned().unwrap_or_default()
        };
        assert_eq!(problem("a"), "the variable A_URL is not set");
        assert!(problem("b").starts_with("b.key: "), "{}", problem("b"));
        assert!(problem("c").contains("allow_private"), "{}", problem("c"));
        assert_eq!(problem("d"), "");
        assert_eq!(problem("e"), "/nowhere/tool is not there");
        assert!(!format!("{found:?}").contains("s3cr3t"));
        std::fs::write(home.path().join("b.key"), "whsec_short\n").unwrap();
        let found = configured(home.path(), &config, &variable);
        assert!(found[1].channel.as_ref().unwrap_err().contains("base64"), "{found:?}");
    }
}
