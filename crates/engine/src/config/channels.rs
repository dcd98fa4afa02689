//! Where notifications go: the tables `[channels.<name>]` of `config.toml`. A secret stands in a file or a variable that
//! is named there; where it may stand in the file itself it is never shown.

use std::collections::BTreeMap;
use std::path::Path;

use andon_core::nearest::nearest;
use andon_core::notice::{ChannelName, Wish};
use toml_edit::{Item, TableLike};

use super::duration::Duration;
use super::problem::Problems;
use super::schema::{Field, Reader, settings};
use super::secret::Secret;

/// The kinds of channels, with the keys that belong to each besides those of all.
pub const CHANNEL_KINDS: &[(&str, &[&str])] = &[
    ("command", &["command"]),
    ("webhook", &["url", "url_file", "url_env", "secret_file", "secret_env", "allow_private"]),
    ("slack", &["url", "url_file", "url_env", "allow_private"]),
    ("discord", &["url", "url_file", "url_env", "allow_private"]),
    ("telegram", &["token_file", "token_env", "chat_id", "thread_id", "api_url", "allow_private"]),
];

/// Keys of every kind.
const OF_ALL: &[&str] = &["kind", "timeout", "home", "kinds"];

settings! {
    /// A table `[channels.<name>]`.
    pub struct ChannelSettings in ChannelSettings at [], table CHANNEL_FIELDS {
        /// How it reaches its receiver: `command`, `webhook`, `slack`, `discord` or `telegram`.
        kind: Option<String> = "",
        /// `command`: a program and its arguments, run for each message with the message as JSON on its input.
        command: Vec<String> = "",
        /// `webhook`, `slack`, `discord`: the address that messages are posted to. It is never shown.
        url: Option<Secret> = "",
        /// A file that holds the address, in its place.
        url_file: Option<String> = "",
        /// A variable that holds the address, in its place.
        url_env: Option<String> = "",
        /// `webhook`: a file with the signing secrets, `whsec_…`, one a line: several while one replaces the other.
        secret_file: Option<String> = "",
        /// `webhook`: a variable with the signing secrets, separated by white space.
        secret_env: Option<String> = "",
        /// `telegram`: a file that holds the bot's token.
        token_file: Option<String> = "",
        /// `telegram`: a variable that holds the bot's token.
        token_env: Option<String> = "",
        /// `telegram`: the chat, by number or `@name`.
        chat_id: Option<String> = "",
        /// `telegram`: the topic of the chat.
        thread_id: Option<u32> = "",
        /// `telegram`: where the API of the bot is.
        api_url: String = "https://api.telegram.org",
        /// Whether its address may be one of this host or of a private network.
        allow_private: bool = "false",
        /// How long one message may take.
        timeout: Duration = "10s" in "100ms" to "2m",
        /// Whether it is told on every board of what needs a person, without anybody's subscription.
        home: bool = "false",
        /// What it is told of as a home channel instead: kinds of events, `attention`, or `all`.
        kinds: Vec<String> = "",
    }
}

/// The channels of a home, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channels(BTreeMap<ChannelName, ChannelSettings>);

impl Channels {
    /// Every channel.
    pub fn iter(&self) -> impl Iterator<Item = (&ChannelName, &ChannelSettings)> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The channel of this name.
    ///
    /// # Errors
    /// `unknown_channel` with the nearest names.
    pub fn require(&self, name: &str) -> Result<ChannelName, andon_core::task::Refusal> {
        let found = name.parse().ok().filter(|name| self.0.contains_key(name));
        found.ok_or_else(|| {
            let known = self.0.keys().map(ChannelName::as_str);
            let nearest = nearest(name, known).into_iter().map(str::to_owned).collect();
            andon_core::task::Refusal::UnknownChannel { name: name.chars().take(80).collect(), nearest }
        })
    }

    /// The table `[channels]` of a configuration, with every mistake in it.
    pub(super) fn read(path: &Path, text: &str) -> (Self, Problems) {
        let mut reader = Reader::new(path, text);
        let mut channels = Self::default();
        if let Some(document) = reader.parse()
            && let Some(item) = document.get("channels")
        {
            match item.as_table_like() {
                Some(table) => channels.read_tables(&mut reader, table),
                None => {
                    let message = "`channels` must be a table, written [channels.<name>]".to_owned();
                    reader.problem_with("channels", message, None);
                }
            }
        }
        (channels, Problems(reader.problems))
    }

    fn read_tables(&mut self, reader: &mut Reader<'_>, tables: &dyn TableLike) {
        for (name, item) in tables.iter() {
            let before = reader.problems.len();
            let Some(table) = Item::as_table_like(item) else {
                let message = format!("`channels.{name}` must be a table, written [channels.{name}]");
                reader.problem_with("channels", message, None);
                continue;
            };
            let fields: Vec<&Field<ChannelSettings>> = CHANNEL_FIELDS.iter().collect();
            let mut settings = ChannelSettings::default();
            reader.table(&mut settings, &fields, table, "");
            match name.parse::<ChannelName>() {
                Ok(_) if reader.problems.len() > before => {}
                Ok(channel) => {
                    settings.check(reader, name, table);
                    if reader.problems.len() == before {
                        self.0.insert(channel, settings);
                    }
                }
                Err(rule) => reader.problem_with("channels", format!("`channels.{name}`: {rule}"), None),
            }
        }
    }
}

impl ChannelSettings {
    /// What it is told of as a home channel; none where it is none.
    #[must_use]
    pub fn home_wish(&self) -> Option<Wish> {
        self.home.then(|| Wish::of(self.kinds.iter().map(String::as_str)).unwrap_or_default())
    }

    fn check(&self, reader: &mut Reader<'_>, name: &str, table: &dyn TableLike) {
        let kinds = CHANNEL_KINDS.iter().map(|(kind, _)| *kind);
        let given = self.kind.as_deref().unwrap_or_default();
        let Some((kind, own)) = CHANNEL_KINDS.iter().find(|(kind, _)| *kind == given) else {
            let meant = nearest(given, kinds.clone()).first().map(|kind| (*kind).to_owned());
            let kinds: Vec<&str> = kinds.collect();
            let message = format!("`kind` of channel {name} must be one of {}", kinds.join(", "));
            reader.problem_with("kind", message, meant);
            return;
        };
        for (key, _) in table.iter().filter(|(key, _)| !own.contains(key) && !OF_ALL.contains(key)) {
            reader.problem_with(key, format!("`{key}` belongs to no channel of kind {kind}"), None);
        }
        let urls = [self.url.is_some(), self.url_file.is_some(), self.url_env.is_some()];
        let tokens = [self.token_file.is_some(), self.token_env.is_some()];
        let count = |given: &[bool]| given.iter().filter(|given| **given).count();
        let missing = match *kind {
            "command" => {
                self.command.first().is_none_or(|program| program.trim().is_empty()).then_some("`command`")
            }
            "telegram" if count(&tokens) != 1 => Some("one of `token_file` and `token_env`"),
            "telegram" => self.chat_id.is_none().then_some("`chat_id`"),
            _ => (count(&urls) != 1).then_some("one of `url`, `url_file` and `url_env`"),
        };
        if let Some(missing) = missing {
            reader.problem_with("kind", format!("channel {name} of kind {kind} needs {missing}"), None);
        }
        if let Err(word) = Wish::of(self.kinds.iter().map(String::as_str)) {
            let meant = nearest(&word, Wish::words_there_are()).first().map(|word| (*word).to_owned());
            reader.problem_with(
                "kinds",
                format!("`kinds` of channel {name} has {word:?}, which is no kind of event"),
                meant,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Channels, String) {
        let (channels, problems) = Channels::read(Path::new("config.toml"), text);
        (channels, problems.to_string())
    }

    #[test]
    fn a_channel_has_what_its_kind_needs_and_nothing_else() {
        let (channels, problems) = read(
            "[channels.ops]\nkind = \"webhook\"\nurl_env = \"OPS_URL\"\nsecret_file = \"ops.key\"\nhome = true\n\
             [channels.chat]\nkind = \"telegram\"\ntoken_env = \"BOT\"\nchat_id = \"-100\"\nthread_id = 7\n",
        );
        assert_eq!(problems, "");
        assert_eq!(channels.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["chat", "ops"]);
        for (text, message) in [
            ("[channels.a]\nkind = \"webhok\"\n", "config.toml:2:1: `kind` of channel a must be one of"),
            ("[channels.a]\nkind = \"slack\"\n", "needs one of `url`, `url_file` and `url_env`"),
            (
                "[channels.a]\nkind = \"slack\"\nurl_fil = \"x\"\n",
                "unknown key `url_fil`; did you mean `url_file`?",
            ),
            (
                "[channels.a]\nkind = \"slack\"\nurl_file = \"x\"\nchat_id = \"1\"\n",
                "`chat_id` belongs to no channel",
            ),
            ("[channels.A]\nkind = \"command\"\ncommand = [\"x\"]\n", "a channel's name is 1 to 32"),
            (
                "[channels.a]\nkind = \"command\"\ncommand = [\"x\"]\nkinds = [\"blockd\"]\n",
                "\"blockd\", which is no kind",
            ),
            ("channels = 3\n", "`channels` must be a table"),
        ] {
            let (channels, problems) = read(text);
            assert!(problems.contains(message) && channels.is_empty(), "{text}{problems}");
        }
    }

    #[test]
    fn an_address_in_the_file_is_never_shown() {
        let secret = "https://hooks.example/T0/B0/secretsecret";
        let (channels, _) = read(&format!("[channels.a]\nkind = \"slack\"\nurl = \"{secret}\"\n"));
        assert!(!format!("{channels:?}").contains("secretsecret"));
        let (_, problems) = read("[channels.a]\nkind = \"slack\"\nurl = [\"secretsecret\"]\n");
        assert!(problems.contains("`url`") && !problems.contains("secretsecret"), "{problems}");
        assert_eq!(channels.require("aa").unwrap_err().code(), "unknown_channel");
    }
}
