//! "Did you mean": the known name nearest to a mistyped one.

/// The names nearest to `given`, best first, at most three, and only those that a person could have meant.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let score = strsim::jaro_winkler(&given, &lower);
            let prefixed = !given.is_empty() && (lower.starts_with(&given) || given.starts_with(&lower));
            // Of short words one slip leaves too little for a likeness.
            let slip = given.chars().count() >= 3 && strsim::osa_distance(&given, &lower) == 1;
            let least = if prefixed {
                0.9
            } else if slip {
                0.8
            } else {
                0.0
            };
            (score.max(least), name)
        })
        .filter(|(score, _)| *score >= 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_intended_name_comes_first() {
        assert_eq!(nearest("codr", ["writer", "coder", "reviewer"]).first(), Some(&"coder"));
        assert!(nearest("zzz", ["writer", "coder"]).is_empty());
        assert_eq!(nearest("gti", ["web", "git", "terminal"]), ["git"], "two letters that changed places");
        assert!(nearest("a", ["b"]).is_empty(), "one letter is like any other");
    }
}
