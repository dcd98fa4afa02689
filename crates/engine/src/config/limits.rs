//! Limits that a board has of its own: the section `[limits]` of its `board.toml`.

use std::path::Path;

use super::problem::Problems;
use super::schema::{Field, Reader, settings};

settings! {
    /// The `[limits]` of a board. What is unset holds as in `config.toml`.
    pub struct BoardLimits in BoardLimits at [], table LIMIT_FIELDS {
        /// Failures in a row at which a task is given up.
        failure_limit: Option<u32> = "" in "1" to "1000",
        /// Runs in a row that ended without a word at which a task is given up.
        protocol_violation_limit: Option<u32> = "" in "1" to "1000",
        /// Rate-limited runs in a row at which a task is given up.
        rate_limit_limit: Option<u32> = "" in "1" to "1000",
        /// Lost or stale runs in a row at which a task is given up.
        reclaim_limit: Option<u32> = "" in "1" to "1000",
        /// Blocks by a worker without news from a person before a block is `recurring`.
        block_recurrence_limit: Option<u32> = "" in "1" to "1000",
        /// Rounds of requested changes at which a person is asked.
        review_round_limit: Option<u32> = "" in "1" to "1000",
        /// Runs that the board may have at once.
        max_running: Option<u32> = "" in "1" to "100000",
        /// Runs that a profile may have at once on the board.
        max_running_per_profile: Option<u32> = "" in "1" to "100000",
    }
}

impl BoardLimits {
    /// Reads the section `[limits]` of a `board.toml`, whose other keys are not looked at. No section: no limits.
    ///
    /// # Errors
    ///
    /// Every mistake in the section, or the place where the file stops being TOML.
    pub fn read(path: &Path, text: &str) -> Result<Self, Problems> {
        let mut reader = Reader::new(path, text);
        let mut limits = Self::default();
        if let Some(document) = reader.parse()
            && let Some(item) = document.get("limits")
        {
            let fields: Vec<&Field<Self>> = LIMIT_FIELDS.iter().collect();
            match item.as_table_like() {
                Some(table) => reader.table(&mut limits, &fields, table, ""),
                None => reader.problem_with(
                    "limits",
                    "`limits` must be a table, written [limits]".to_owned(),
                    None,
                ),
            }
        }
        if reader.problems.is_empty() { Ok(limits) } else { Err(Problems(reader.problems)) }
    }

    /// The same from a table that was read before; the places of mistakes are lines of that table alone.
    ///
    /// # Errors
    ///
    /// As [`BoardLimits::read`].
    pub fn from_table(path: &Path, table: &toml::Table) -> Result<Self, Problems> {
        let mut whole = toml::Table::new();
        whole.insert("limits".to_owned(), toml::Value::Table(table.clone()));
        Self::read(path, &whole.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_board_overrides_what_it_names_and_nothing_else() {
        let text = "name = \"x\"\n[limits]\nfailure_limit = 7\nmax_running = 3\n";
        let limits = BoardLimits::read(Path::new("board.toml"), text).unwrap();
        let config = Config::default().for_board(&limits);
        assert_eq!((config.failure_limit, config.max_running), (7, Some(3)));
        assert_eq!(config.reclaim_limit, Config::default().reclaim_limit);
        let table: toml::Table = "failure_limit = 7\nmax_running = 3\n".parse().unwrap();
        assert_eq!(BoardLimits::from_table(Path::new("board.toml"), &table).unwrap(), limits);
    }

    #[test]
    fn mistakes_name_file_line_and_nearest_key() {
        let text = "name = \"x\"\n[limits]\nfailure_limt = 7\nmax_running = 0\n";
        let problems = BoardLimits::read(Path::new("board.toml"), text).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "board.toml:3:1: unknown key `failure_limt`; did you mean `failure_limit`?\n\
             board.toml:4:15: `max_running` must be a whole number from 1 to 100000, not 0"
        );
        assert!(BoardLimits::read(Path::new("board.toml"), "limits = 3").is_err());
    }
}
