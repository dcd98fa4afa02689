//! Which names profiles and skills may have.

use andon_core::ProfileName;

use super::error::ProfileError;

/// Names that no profile may have: they mean something else on a command line or in a file (BD-54 and words of ours).
pub const RESERVED_NAMES: &[&str] =
    &["hermes", "test", "tmp", "root", "sudo", "none", "null", "person", "user", "operator", "anyone"];

/// The canonical form of a profile's name: lower case, `[a-z0-9][a-z0-9_-]{0,63}`, not reserved.
///
/// # Errors
///
/// [`ProfileError::BadName`] with the name and the rule that it breaks.
pub fn check_name(name: &str) -> Result<ProfileName, ProfileError> {
    let parsed: ProfileName = name
        .parse()
        .map_err(|error: andon_core::id::InvalidId| ProfileError::BadName { reason: error.to_string() })?;
    if RESERVED_NAMES.contains(&parsed.as_str()) {
        let reserved = RESERVED_NAMES.join(", ");
        return Err(ProfileError::BadName {
            reason: format!(
                "{:?} is not a profile name: it is one of the reserved words {reserved}",
                parsed.as_str()
            ),
        });
    }
    Ok(parsed)
}

/// Whether a text can name a skill: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, the first a letter or digit.
#[must_use]
pub fn is_skill_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical_and_never_paths_or_reserved_words() {
        assert_eq!(check_name(" Coder ").unwrap().as_str(), "coder");
        for bad in ["", "..", "a/b", "-a", ".a", "a b", "a\0", "é", "Root", "person", "none", "sudo"] {
            let error = check_name(bad).unwrap_err();
            assert_eq!(error.code(), "profile_bad_name", "{bad}");
        }
        assert!(check_name("ROOT").unwrap_err().to_string().contains("reserved"));
    }

    #[test]
    fn skill_names_stay_inside_their_folder() {
        for good in ["git", "Git-2", "a.b", "a_b"] {
            assert!(is_skill_name(good), "{good}");
        }
        for bad in ["", ".", "..", ".git", "a/b", "a,b", "a b", "-a", "é"] {
            assert!(!is_skill_name(bad), "{bad}");
        }
    }
}
