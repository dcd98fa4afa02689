//! What loading a configuration promises.

use std::fs;
use std::path::Path;

use super::*;

const NO_ENV: [(&str, &str); 0] = [];

fn home_with(text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config.toml"), text).unwrap();
    home
}

/// The error's text with the home's path taken out.
fn refusal(text: &str, env: &[(&str, &str)]) -> String {
    let home = home_with(text);
    let error = Config::load(home.path(), env.iter().copied()).unwrap_err();
    error.to_string().replace(&format!("{}/", home.path().display()), "")
}

fn load(text: &str, env: &[(&str, &str)]) -> Loaded {
    let home = home_with(text);
    Config::load(home.path(), env.iter().copied()).unwrap()
}

#[test]
fn without_a_file_the_defaults_hold() {
    let home = tempfile::tempdir().unwrap();
    let loaded = Config::load(home.path(), NO_ENV).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.sources.iter().all(|(_, source)| *source == Source::Default));
    assert_eq!(loaded.sources.len(), Config::keys().len());
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let config = Config::default();
    assert_eq!(config.policy(), andon_core::Policy::default());
    assert_eq!(config.worker_log_rotate_bytes, Bytes(2_097_152));
    assert_eq!(config.sweep_interval, Duration::from_secs(30));
    assert_eq!(config.stop_grace, Duration::from_secs(10));
    assert_eq!(config.event_retention, Duration::from_secs(30 * 86_400));
    assert_eq!(config.diagnostics.stranded_after, Duration::from_secs(1_800));
    assert_eq!(config.diagnostics.block_cycle_window, Duration::from_secs(86_400));
    assert_eq!((config.max_running, config.default_assignee, config.database_url), (None, None, None));
    let dashboard = Dashboard {
        default_tenant: None,
        lane_by_profile: true,
        include_archived: false,
        render_markdown: true,
    };
    assert_eq!(config.dashboard, dashboard);
}

#[test]
fn every_key_is_documented_and_its_default_is_read_from_file_and_environment() {
    for key in Config::keys() {
        assert!(key.doc.ends_with('.') && !key.expects.is_empty(), "{}", key.name);
        let Some(default) = key.default else { continue };
        let home = tempfile::tempdir().unwrap();
        let loaded = Config::load(home.path(), [(key.variable.as_str(), default)]).unwrap();
        assert_eq!(loaded.config, Config::default(), "{}", key.name);
        let shown = Config::default().shown(key.name).unwrap();
        let loaded = load(&format!("{} = {shown}", key.name), &[]);
        assert_eq!(loaded.config, Config::default(), "{}", key.name);
        assert!(loaded.sources.contains(&(key.name, Source::File { line: 1 })), "{}", key.name);
    }
}

#[test]
fn every_unset_key_can_be_set() {
    let text = "max_running = 4\nmax_running_per_profile = 2\nmax_running_per_host = 8\n\
        default_assignee = \"Coder\"\nreviewer = \"person\"\non_attention = [\"notify\", \"\"]\n\
        database_url = \"postgres://u:p@h/d\"\nhost_name = \"mill\"\nhost_labels = [\"gpu\"]\n\
        listen = \"off\"\npublic_url = \"https://board.example\"\nallowed_hosts = [\"board.example\"]\norchestrator = \"lead\"\n\
         [planner]\nprovider = \"openai\"\nmodel = \"m\"\nbase_url = \"http://localhost/v1\"\n\
         api_key_env = \"K\"\napi_key_file = \"key\"\n[dashboard]\ndefault_tenant = \"acme\"\n";
    let loaded = load(text, &[]);
    let unset = Config::keys().into_iter().filter(|key| key.default.is_none());
    for key in unset {
        assert!(loaded.config.shown(key.name).is_some(), "{}", key.name);
    }
    assert_eq!(loaded.config.default_assignee.unwrap().as_str(), "coder");
    assert_eq!(loaded.config.on_attention.unwrap().argv(), ["notify", ""]);
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = "failure_limit = 5\n\n[diagnostics]\nstranded_after = \"2h\"\n";
    let env = [
        ("ANDON_FAILURE_LIMIT", "3"),
        ("ANDON_DIAGNOSTICS__CRASH_THRESHOLD", "9"),
        ("ANDON_ON_ATTENTION", "[\"notify\", \"-x\"]"),
        ("ANDON_LEASE_TTL", "90"),
        ("ANDON_MAX_RUNNING", ""),
    ];
    let loaded = load(text, &env);
    assert_eq!(loaded.config.failure_limit, 3);
    assert_eq!(loaded.config.diagnostics.crash_threshold, 9);
    assert_eq!(loaded.config.diagnostics.stranded_after, Duration::from_secs(7_200));
    assert_eq!(loaded.config.lease_ttl, Duration::from_secs(90));
    assert_eq!(loaded.config.max_running, None);
    let source = |key: &str| loaded.sources.iter().find(|(name, _)| *name == key).unwrap().1.clone();
    assert_eq!(source("failure_limit"), Source::Environment { variable: "ANDON_FAILURE_LIMIT".to_owned() });
    assert_eq!(source("diagnostics.stranded_after"), Source::File { line: 4 });
    assert_eq!(source("max_running"), Source::Default);
}

#[test]
fn the_failure_threshold_follows_the_failure_limit_unless_it_is_set() {
    assert_eq!(load("failure_limit = 7", &[]).config.diagnostics.failure_threshold, 7);
    let text = "failure_limit = 7\ndiagnostics.failure_threshold = 3";
    assert_eq!(load(text, &[]).config.diagnostics.failure_threshold, 3);
}

#[test]
fn mistakes_name_the_place_the_value_and_the_way_out() {
    for (text, message) in [
        ("failure_limt = 3", "config.toml:1:1: unknown key `failure_limt`; did you mean `failure_limit`?"),
        (
            "\nstranded_after = \"1h\"",
            "config.toml:2:1: unknown key `stranded_after`; did you mean `diagnostics.stranded_after`?",
        ),
        (
            "[diagnostics]\nstrandd_after = \"1h\"",
            "config.toml:2:1: unknown key `diagnostics.strandd_after`; did you mean `diagnostics.stranded_after`?",
        ),
        (
            "failure_limit = \"two\"",
            "config.toml:1:17: `failure_limit` must be a whole number from 1 to 1000, not \"two\"",
        ),
        (
            "failure_limit = 0",
            "config.toml:1:17: `failure_limit` must be a whole number from 1 to 1000, not 0",
        ),
        (
            "failure_limit = -1",
            "config.toml:1:17: `failure_limit` must be a whole number from 1 to 1000, not -1",
        ),
        (
            "lease_ttl = \"soon\"",
            "config.toml:1:13: `lease_ttl` must be a duration from 100ms to 1d, such as \"15m\" or whole seconds, \
             not \"soon\"",
        ),
        ("diagnostics = 3", "config.toml:1:1: `diagnostics` must be a table, written [diagnostics], not 3"),
        (
            "on_attention = \"notify me\"",
            "config.toml:1:16: `on_attention` must be an array of texts, a program and its arguments, such as \
             [\"notify-send\", \"Andon\"] (it is run without a shell), not \"notify me\"",
        ),
        (
            "default_assignee = \"a/b\"",
            "config.toml:1:20: `default_assignee` must be a profile's name (1 to 64 characters of a-z 0-9 _ -, \
             first a letter or digit), not \"a/b\"",
        ),
        (
            "backoff_base = \"1h\"",
            "config.toml:1:1: `backoff_base` (1h) must not be longer than `backoff_cap` (15m)",
        ),
    ] {
        assert_eq!(refusal(text, &[]), message);
    }
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    for text in
        ["failure_limit = ", "a = 1\nfailure_limit = 1\nfailure_limit = 2", "[diagnostics", "= 3", "é"]
    {
        let message = refusal(text, &[]);
        assert!(message.starts_with("config.toml:") && message.contains("this is not TOML"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let message = refusal("a = 1\nfailure_limit = 0", &[("ANDON_LEASE_TTL", "x")]);
    let starts: Vec<&str> = message.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(starts, ["config.toml:1:1", "config.toml:2:17", "ANDON_LEASE_TTL"]);
}

#[test]
fn a_mistyped_variable_is_refused_and_a_foreign_one_told() {
    assert_eq!(
        refusal("", &[("ANDON_FAILURE_LIMT", "3")]),
        "ANDON_FAILURE_LIMT: no such setting; did you mean `ANDON_FAILURE_LIMIT`?"
    );
    let env =
        [("ANDON_TASK", "t_00000000"), ("ANDON_GOAL_TURNS", "3"), ("ANDON_MY_OWN", "x"), ("PATH", "/bin")];
    assert_eq!(load("", &env).ignored_variables, ["ANDON_MY_OWN"]);
}

#[test]
fn what_workers_are_given_is_never_a_setting() {
    for key in Config::keys() {
        assert!(!is_reserved(&key.variable), "{}", key.variable);
    }
    for variable in RESERVED_VARIABLES {
        let name = variable.replace('*', "X");
        assert!(load("", &[(&name, "x")]).ignored_variables.is_empty(), "{name}");
    }
}

#[test]
fn secrets_never_show() {
    let loaded = load("database_url = \"postgres://u:sesame@h/d\"", &[]);
    assert_eq!(loaded.config.database_url.as_ref().unwrap().expose(), "postgres://u:sesame@h/d");
    assert!(!format!("{loaded:?} {:?}", loaded.entries()).contains("sesame"));
    assert!(!refusal("database_url = [\"sesame\"]", &[]).contains("sesame"));
    assert!(!refusal("database_url = \"sesame", &[]).contains("sesame"));
}

#[test]
fn what_is_no_text_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = Config::path(home.path());
    fs::write(&path, b"failure_limit = 2\n\xff").unwrap();
    let message = Config::load(home.path(), NO_ENV).unwrap_err().to_string();
    assert_eq!(message, format!("{}:2:1: here the file stops being UTF-8 text", path.display()));
    fs::write(&path, vec![b' '; 2 << 20]).unwrap();
    assert_eq!(Config::load(home.path(), NO_ENV).unwrap_err().code(), "config_unreadable");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let message = Config::load(home.path(), NO_ENV).unwrap_err().to_string();
    assert_eq!(message, format!("cannot read {}: it is not a regular file", path.display()));
}

proptest::proptest! {
    #[test]
    fn no_file_panics(text in "[a-z_ =\\[\\]{}\"'.\n0-9é]{0,80}") {
        let _ = BoardLimits::read(Path::new("board.toml"), &text);
        let _ = crate::profile::Settings::read(Path::new("profile.toml"), &text, &crate::runner::Runners::default());
    }
}

#[test]
fn runners_of_ones_own_are_read_and_their_mistakes_have_a_place() {
    let text = "[runners.mine]\nargv = [\"mine\", \"{prompt}\"]\n[runners.mine.output]\nformat = \"json-lines\"\n\
                session = [\"start:/id\"]\n[runners.codex]\nargv = [\"my-codex\", \"{prompt}\"]\n";
    let home = home_with(text);
    Config::load(home.path(), NO_ENV).unwrap();
    let runners = crate::runner::Runners::load(home.path());
    assert_eq!(runners.get("mine").unwrap().output.session, ["start:/id"]);
    assert_eq!(runners.get("codex").unwrap().argv[0], "my-codex");
    assert!(runners.get("claude").is_some() && runners.get("other").is_none());
    for (text, message) in [
        (
            "[runners.x]\nargv = [\"x\"]\n",
            "config.toml:2:1: `prompt` is `argument`, and `argv` has no {prompt}",
        ),
        ("[runners.x]\nprompt = \"file\"\n", "config.toml:1:1: `argv` is missing"),
        (
            "[runners.x]\nargv = [\"x\", \"{promt}\"]\n",
            "config.toml:2:1: `argv` is wrong: unknown placeholder `{promt}`",
        ),
        ("[runners.x]\nargw = [\"x\"]\n", "config.toml:2:1: unknown key `argw`; did you mean `argv`?"),
        (
            "[runners.x]\nargv = [\"x\"]\nprompt = \"stdin\"\noutput.rate_limited = [\"(\"]\n",
            "`output.rate_limited` holds \"(\": regex parse error",
        ),
        ("[runners.shell]\nargv = [\"x\"]\n", "`shell` is no table of settings"),
        ("runners = 3\n", "`runners` must be a table"),
    ] {
        let told = refusal(text, &[]);
        assert!(told.contains(message), "{text}: {told}");
    }
}
