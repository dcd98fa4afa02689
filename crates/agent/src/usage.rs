//! What a run cost, in a file that whoever started the agent reads at its end (`$ANDON_USAGE`).

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Tokens;
use crate::settings::AgentSettings;

/// The file's one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The model that answered.
    pub model: String,
    /// The session that a later run can go on with.
    pub session: Option<String>,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Tokens of requests from the cache.
    pub cached_tokens: u64,
    /// Dollars, where the settings say what a token costs.
    pub cost_usd: Option<f64>,
}

/// Sums up, and keeps the file up to date: a run that is killed has cost what it cost.
#[derive(Debug)]
pub struct Meter {
    path: Option<PathBuf>,
    model: String,
    prices: [Option<f64>; 3],
    tokens: Tokens,
    session: Option<String>,
}

impl Meter {
    /// A meter for `model`; without a path it only sums up.
    #[must_use]
    pub fn new(path: Option<PathBuf>, model: &str, settings: &AgentSettings) -> Self {
        let prices = [settings.input_price, settings.output_price, settings.cached_price];
        Self { path, model: model.to_owned(), prices, tokens: Tokens::default(), session: None }
    }

    /// Adds what an answer cost.
    pub fn add(&mut self, tokens: Tokens) {
        self.tokens += tokens;
        self.keep();
    }

    /// Says by which session a later run can go on.
    pub fn resumable(&mut self, session: &str) {
        self.session = Some(session.to_owned());
        self.keep();
    }

    fn keep(&self) {
        if let Some(path) = &self.path
            && let Err(error) = write(path, &self.usage())
        {
            tracing::warn!(path = %path.display(), %error, "the usage could not be written");
        }
    }

    /// What the run has cost so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            model: self.model.clone(),
            session: self.session.clone(),
            input_tokens: self.tokens.input,
            output_tokens: self.tokens.output,
            cached_tokens: self.tokens.cached,
            cost_usd: self.cost(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no run has so many tokens that a dollar would be lost")]
    fn cost(&self) -> Option<f64> {
        let [input, output, cached] = self.prices;
        let (input, output) = (input?, output?);
        let from_cache = self.tokens.cached.min(self.tokens.input);
        let fresh = self.tokens.input - from_cache;
        let millions = |tokens: u64| tokens as f64 / 1e6;
        Some(
            millions(fresh) * input
                + millions(from_cache) * cached.unwrap_or(input)
                + millions(self.tokens.output) * output,
        )
    }
}

/// Replaces the file in one step.
fn write(path: &Path, usage: &Usage) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(format!("{}\n", serde_json::to_string(usage)?).as_bytes())?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn tokens_are_summed_and_priced_in_a_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.json");
        let settings = AgentSettings {
            input_price: Some(2.0),
            output_price: Some(10.0),
            cached_price: Some(0.5),
            ..AgentSettings::default()
        };
        let mut meter = Meter::new(Some(path.clone()), "m", &settings);
        meter.add(Tokens { input: 600_000, output: 50_000, cached: 100_000 });
        meter.add(Tokens { input: 400_000, output: 50_000, cached: 300_000 });
        let usage: Usage = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(
            (usage.input_tokens, usage.output_tokens, usage.cached_tokens),
            (1_000_000, 100_000, 400_000)
        );
        assert!((usage.cost_usd.unwrap() - 2.4).abs() < 1e-9);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Meter::new(None, "m", &AgentSettings::default()).usage().cost_usd, None);
    }
}
