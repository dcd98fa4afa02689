//! A key that is never shown.

use std::fmt;

/// A key of a provider. Its `Debug` form hides it, and [`Secret::hidden`] takes it out of texts.
#[derive(Clone)]
pub struct Secret(String);

/// Shorter ones occur in texts by chance.
const SHORTEST: usize = 6;

impl Secret {
    /// A key without surrounding blanks; none when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The key itself, for the request that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with the key replaced.
    #[must_use]
    pub fn hidden(&self, text: String) -> String {
        if self.0.len() >= SHORTEST && text.contains(&self.0) { text.replace(&self.0, "[key]") } else { text }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_itself_nowhere() {
        let key = Secret::new(" sk-geheim-123 \n").unwrap();
        assert!(!format!("{key:?}").contains("geheim"));
        assert_eq!(key.hidden("bad key sk-geheim-123!".to_owned()), "bad key [key]!");
        assert!(Secret::new("  ").is_none());
    }
}
