//! A channel: where messages go, and how.

use std::sync::Arc;
use std::time::Duration;

use andon_core::notice::{ChannelName, Wish};
use tokio::sync::{OnceCell, Semaphore};

use crate::secret::Secret;

/// Messages that a channel carries at once.
const LANES: usize = 4;

/// What kind of receiver a channel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program.
    Command,
    /// An address that takes signed JSON.
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// A bot of Telegram.
    Telegram,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Command, Self::Webhook, Self::Slack, Self::Discord, Self::Telegram];

    /// Its name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Telegram => "telegram",
        }
    }
}

/// How a channel reaches its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A program and its arguments; the message comes as JSON on its input.
    Command {
        /// At least the program.
        argv: Vec<String>,
    },
    /// JSON by POST, signed as Standard Webhooks say.
    Webhook {
        /// Where.
        url: Secret,
        /// Signing secrets, `whsec_…`: several while one replaces the other, none for no signature.
        secrets: Vec<Secret>,
    },
    /// An incoming webhook of Slack.
    Slack {
        /// Where: whoever has it may post.
        url: Secret,
    },
    /// A webhook of Discord.
    Discord {
        /// Where: whoever has it may post.
        url: Secret,
    },
    /// A bot of Telegram.
    Telegram {
        /// Where its API is.
        api: String,
        /// The bot's token.
        token: Secret,
        /// The chat.
        chat: String,
        /// The topic in it.
        thread: Option<i64>,
    },
}

/// A channel that can be used.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// How it reaches its receiver.
    pub way: Way,
    /// How long one message may take.
    pub timeout: Duration,
    /// Whether addresses of this host and of private networks are allowed.
    pub allow_private: bool,
    /// What it is told of on every board, where the configuration says so.
    pub home: Option<Wish>,
    pub(crate) client: Arc<OnceCell<reqwest::Client>>,
    pub(crate) lanes: Arc<Semaphore>,
}

impl Channel {
    /// A channel.
    #[must_use]
    pub fn new(
        name: ChannelName,
        way: Way,
        timeout: Duration,
        allow_private: bool,
        home: Option<Wish>,
    ) -> Self {
        let (client, lanes) = (Arc::default(), Arc::new(Semaphore::new(LANES)));
        Self { name, way, timeout, allow_private, home, client, lanes }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.way {
            Way::Command { .. } => Kind::Command,
            Way::Webhook { .. } => Kind::Webhook,
            Way::Slack { .. } => Kind::Slack,
            Way::Discord { .. } => Kind::Discord,
            Way::Telegram { .. } => Kind::Telegram,
        }
    }

    /// Whether it does the same as another one, so that it need not be set up anew.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.name == other.name
            && self.way == other.way
            && self.timeout == other.timeout
            && self.allow_private == other.allow_private
            && self.home == other.home
    }

    /// How long a teller of this channel is believed to be at it, milliseconds: it has certainly given up by then.
    pub(crate) fn lease(&self) -> i64 {
        i64::try_from(self.timeout.as_millis())
            .unwrap_or(i64::MAX / 4)
            .saturating_mul(2)
            .saturating_add(5_000)
    }

    /// A text without any secret of this channel.
    pub(crate) fn clean(&self, text: &str) -> String {
        match &self.way {
            Way::Command { .. } => text.to_owned(),
            Way::Webhook { url, secrets } => {
                secrets.iter().fold(url.hidden_in(text), |text, secret| secret.hidden_in(&text))
            }
            Way::Slack { url } | Way::Discord { url } => url.hidden_in(text),
            Way::Telegram { token, .. } => token.hidden_in(text),
        }
    }
}
