//! Untrusted text made harmless for where it is shown.

/// Text on one line: no control characters, none that turn the direction of writing; at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let plain = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&words, most)
}

/// At most `most` characters, the last of which says that there was more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

const fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// For Slack's text and Telegram's HTML: three characters begin everything that is more than text.
pub(crate) fn angles(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// For the value of an attribute in Telegram's HTML.
pub(crate) fn attribute(text: &str) -> String {
    angles(text).replace('"', "&quot;")
}

/// For Discord's Markdown: whatever could be a mark is escaped, so that names of people and rooms are text too.
pub(crate) fn marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '(' | ')' | '#' | '@' | ':' | '-'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_counted_in_characters() {
        assert_eq!(line("a\r\nb\u{1b}[31m\u{202e}c", 99), "a b [31mc");
        assert_eq!(line(&"ü".repeat(200), 120).chars().count(), 120);
        assert_eq!(line("short", 5), "short");
    }

    #[test]
    fn nothing_of_a_title_is_taken_for_a_command() {
        assert_eq!(angles("<!channel> & <b>"), "&lt;!channel&gt; &amp; &lt;b&gt;");
        assert_eq!(attribute("\"><x"), "&quot;&gt;&lt;x");
        assert_eq!(marks("@everyone **[x](y)**"), "\\@everyone \\*\\*\\[x\\]\\(y\\)\\*\\*");
    }
}
