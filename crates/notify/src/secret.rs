//! A text that never shows itself.

use std::fmt;

/// A token, a signing secret, or an address that lets its holder post.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text with this secret, and the telling parts of it, taken out.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        // The last part of a URL's path is what makes it a secret.
        let parts = self.0.split(['/', '?', '&', '=']).filter(|part| part.len() >= 8);
        let hide = |text: String, secret: &str| text.replace(secret, "(hidden)");
        std::iter::once(self.0.as_str())
            .chain(parts)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), hide)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
