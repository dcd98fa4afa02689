//! Listening to an agent while it works: bounded memory, however much it says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use andon_core::Millis;
use andon_core::run::is_authentication_failure;
use regex::Regex;
use serde_json::Value;

use super::preset::Preset;
use super::reading::{Format, Reading, Totals};
use super::reset;

/// A line longer than this is not read, in bytes: what is looked for stands in short ones.
const LONGEST_LINE: usize = 4 << 20;
/// Characters kept of what an agent says and of its errors.
const WORDS: usize = 16_000;
/// Errors that are kept.
const ERRORS: usize = 8;

/// What an agent's output said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The session.
    pub session: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The last thing that it said.
    pub text: Option<String>,
    /// Its last errors, oldest first.
    pub errors: VecDeque<String>,
    /// Tokens read.
    pub input_tokens: Option<i64>,
    /// Tokens written.
    pub output_tokens: Option<i64>,
    /// Tokens read from a cache.
    pub cached_tokens: Option<i64>,
    /// Cost, in US dollars × 10⁶.
    pub cost_micros: Option<i64>,
    /// When a rate limit ends, as it was said.
    reset: Option<Reset>,
}

#[derive(Clone, Debug, PartialEq)]
enum Reset {
    Number(f64),
    Text(String),
}

/// What a listener does with what it finds.
#[derive(Clone, Copy, Debug)]
enum What {
    Session,
    Model,
    Text,
    Error,
    Input,
    Output,
    Cached,
    Cost,
    Reset,
}

#[derive(Debug)]
struct State {
    line: Vec<u8>,
    /// The rest of a line that is too long.
    skipping: bool,
    heard: Heard,
}

/// The readings and signs of one runner, and what they have found so far.
#[derive(Debug)]
pub struct Listener {
    format: Format,
    /// Whether it tells of its own failures, so that nobody has to guess them from its last words.
    own_ending: bool,
    totals: Totals,
    readings: Vec<(What, Reading)>,
    rate_limited: Vec<Regex>,
    not_logged_in: Vec<Regex>,
    session_gone: Vec<Regex>,
    state: Mutex<State>,
}

impl Listener {
    /// A listener for a runner. Readings that were wrong have been refused when the runner was read.
    #[must_use]
    pub fn new(preset: &Preset) -> Arc<Self> {
        let output = &preset.output;
        let mut readings = Vec::new();
        let named = [
            (What::Session, &output.session),
            (What::Model, &output.model),
            (What::Text, &output.text),
            (What::Error, &output.error),
            (What::Input, &output.input_tokens),
            (What::Output, &output.output_tokens),
            (What::Cached, &output.cached_tokens),
            (What::Cost, &output.cost_usd),
            (What::Reset, &output.reset),
        ];
        for (what, texts) in named {
            let parsed = texts
                .iter()
                .filter_map(|text| Reading::parse(output.format, output.kind_pointer(), text).ok());
            readings.extend(parsed.map(|reading| (what, reading)));
        }
        let patterns = |texts: &[String]| texts.iter().filter_map(|text| Regex::new(text).ok()).collect();
        Arc::new(Self {
            format: output.format,
            own_ending: preset.own_ending,
            totals: output.totals,
            readings,
            rate_limited: patterns(&output.rate_limited),
            not_logged_in: patterns(&output.not_logged_in),
            session_gone: patterns(&output.session_gone),
            state: Mutex::new(State { line: Vec::new(), skipping: false, heard: Heard::default() }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes some of the output.
    pub fn feed(&self, bytes: &[u8]) {
        let mut state = self.lock();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let ends = part.ends_with(b"\n");
            if !state.skipping {
                if state.line.len() + part.len() > LONGEST_LINE {
                    state.line = Vec::new();
                    state.skipping = true;
                } else {
                    state.line.extend_from_slice(part);
                }
            }
            if ends {
                let line = std::mem::take(&mut state.line);
                if !state.skipping {
                    self.line(&mut state.heard, &line);
                }
                state.skipping = false;
            }
        }
    }

    /// What was said so far, a line without its end too.
    #[must_use]
    pub fn heard(&self) -> Heard {
        let mut state = self.lock();
        let line = std::mem::take(&mut state.line);
        if !line.is_empty() && !state.skipping {
            self.line(&mut state.heard, &line);
        }
        state.heard.clone()
    }

    /// What numbers mean.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    fn line(&self, heard: &mut Heard, line: &[u8]) {
        match self.format {
            Format::JsonLines => {
                let Ok(value) = serde_json::from_slice::<Value>(line) else { return };
                let mut sums = Sums::default();
                for (what, reading) in &self.readings {
                    if let Some(found) = reading.of_json(&value) {
                        take(heard, &mut sums, *what, found);
                    }
                }
                sums.into(heard, self.totals);
            }
            Format::Text => {
                let text = String::from_utf8_lossy(line);
                let text = text.trim_end_matches(['\r', '\n']);
                let mut sums = Sums::default();
                for (what, reading) in &self.readings {
                    if let Some(found) = reading.of_text(text) {
                        let number = found.replace([',', '_'], "").parse::<f64>().ok();
                        let value = match what {
                            What::Session | What::Model | What::Text | What::Error | What::Reset => {
                                Value::from(found)
                            }
                            What::Input | What::Output | What::Cached | What::Cost => {
                                number.map_or(Value::Null, Value::from)
                            }
                        };
                        take(heard, &mut sums, *what, &value);
                    }
                }
                sums.into(heard, self.totals);
            }
        }
    }

    /// Whether what went wrong is a rate limit, and when it ends where that was said. `last` is the last line of standard
    /// error.
    #[must_use]
    pub fn rate_limit(&self, heard: &Heard, last: Option<&str>, now: Millis) -> Option<Option<Millis>> {
        let texts = complaints(heard, last);
        let limited = texts.iter().any(|text| self.rate_limited.iter().any(|sign| sign.is_match(text)));
        limited.then(|| {
            let said = match &heard.reset {
                Some(Reset::Number(number)) => reset::of_number(*number, now),
                Some(Reset::Text(text)) => reset::of_text(text, now),
                None => None,
            };
            said.or_else(|| texts.iter().rev().find_map(|text| reset::of_text(text, now)))
        })
    }

    /// Whether what went wrong is that nobody is logged in. Of an agent that writes lines of JSON its own complaints are
    /// looked at alone: what it read or wrote at work may say anything. `tail` is the end of the output.
    #[must_use]
    pub fn is_not_logged_in(&self, heard: &Heard, last: Option<&str>, tail: &str) -> bool {
        let mut texts = complaints(heard, last);
        if self.format == Format::Text && !self.own_ending {
            texts.push(tail);
        }
        texts.iter().any(|text| {
            is_authentication_failure(text) || self.not_logged_in.iter().any(|sign| sign.is_match(text))
        })
    }

    /// Whether what went wrong is that the session to be resumed is not there. `tail` is the end of the output.
    #[must_use]
    pub fn is_session_gone(&self, tail: &str) -> bool {
        self.session_gone.iter().any(|sign| sign.is_match(tail))
    }
}

/// Everything by which an agent may have said what went wrong, oldest first.
fn complaints<'h>(heard: &'h Heard, last: Option<&'h str>) -> Vec<&'h str> {
    heard.text.as_deref().into_iter().chain(heard.errors.iter().map(String::as_str)).chain(last).collect()
}

/// The numbers of one line: what several readings find in it is added up.
#[derive(Default)]
struct Sums {
    input: Option<i64>,
    output: Option<i64>,
    cached: Option<i64>,
    cost: Option<i64>,
}

impl Sums {
    fn into(self, heard: &mut Heard, totals: Totals) {
        let put = |slot: &mut Option<i64>, found: Option<i64>| {
            let Some(found) = found else { return };
            *slot = Some(match totals {
                Totals::Add => slot.unwrap_or(0).saturating_add(found),
                Totals::Last | Totals::Session => found,
            });
        };
        put(&mut heard.input_tokens, self.input);
        put(&mut heard.output_tokens, self.output);
        put(&mut heard.cached_tokens, self.cached);
        put(&mut heard.cost_micros, self.cost);
    }
}

fn take(heard: &mut Heard, sums: &mut Sums, what: What, found: &Value) {
    let text = || found.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let add = |slot: &mut Option<i64>, scale: f64| {
        if let Some(number) = found.as_f64().filter(|number| number.is_finite() && *number >= 0.0) {
            #[expect(clippy::cast_possible_truncation, reason = "more than any bill or conversation")]
            let number = (number * scale).round().min(1e15) as i64;
            *slot = Some(slot.unwrap_or(0).saturating_add(number));
        }
    };
    match what {
        What::Session => heard.session = text().filter(|text| text.len() <= 200).or(heard.session.take()),
        What::Model => heard.model = text().filter(|text| text.len() <= 200).or(heard.model.take()),
        What::Text => {
            heard.text = text().map(|text| andon_core::text::cap_chars(&text, WORDS)).or(heard.text.take())
        }
        What::Error => {
            if let Some(text) = text() {
                heard.errors.push_back(andon_core::text::cap_chars(&text, WORDS / ERRORS));
                if heard.errors.len() > ERRORS {
                    heard.errors.pop_front();
                }
            }
        }
        What::Input => add(&mut sums.input, 1.0),
        What::Output => add(&mut sums.output, 1.0),
        What::Cached => add(&mut sums.cached, 1.0),
        What::Cost => add(&mut sums.cost, 1e6),
        What::Reset => {
            let said = found.as_f64().map(Reset::Number).or_else(|| text().map(Reset::Text));
            heard.reset = said.or(heard.reset.take());
        }
    }
}

#[cfg(test)]
mod tests;
