//! The board's tools for an agent: an MCP configuration that starts `andon mcp` as this run.
//!
//! It carries the run's secret, so it is a private file outside of the workspace, or names variables whose values the agent
//! passes on from its own environment. The secret never stands among arguments, which everybody on the host can read.

use serde_json::{Map, Value as Json, json};
use toml_edit::{Item, Value};

use crate::config::schema::{Range, Setting, Wrong};

use super::preset::Preset;

/// A table that is written as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonTable {
    json: Json,
    toml: String,
}

impl Setting for JsonTable {
    fn expects(_: Range) -> String {
        "a table".to_owned()
    }

    fn item(text: &str) -> Item {
        text.trim().parse::<Value>().map_or_else(|_| Item::from(text), Item::Value)
    }

    fn read(item: &Item) -> Result<Self, Wrong> {
        item.as_table_like().ok_or(Wrong::Value)?;
        let value = item.clone().into_value().map_err(|_| Wrong::Value)?;
        let text = value.decorated("", "").to_string();
        let table: toml::Table = format!("table = {text}").parse().map_err(|_| Wrong::Value)?;
        let json = serde_json::to_value(table).map_err(|_| Wrong::Value)?;
        Ok(Self { json: json["table"].clone(), toml: text })
    }

    fn value(&self) -> Option<Value> {
        self.toml.parse().ok()
    }
}

/// How an agent reaches its board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardTools {
    /// What the configuration file holds; none: the arguments say it all.
    pub file: Option<Vec<u8>>,
    /// The names of the run's variables, as a JSON array.
    pub names: String,
}

/// The configuration for a run whose identity is `identity`, served by the program `andon`.
#[must_use]
pub fn board_tools(preset: &Preset, andon: &str, identity: &[(String, String)]) -> BoardTools {
    let names: Vec<&str> = identity.iter().map(|(name, _)| name.as_str()).collect();
    let file = preset.tools_file.as_ref().map(|table| {
        let filled = filled(&table.json, andon, identity);
        let mut bytes = serde_json::to_vec_pretty(&filled).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    });
    BoardTools { file, names: json!(names).to_string() }
}

fn filled(value: &Json, andon: &str, identity: &[(String, String)]) -> Json {
    match value {
        Json::String(text) => match text.as_str() {
            "{andon}" => json!(andon),
            "{env}" => Json::Object(
                identity.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>(),
            ),
            "{tools_argv}" => json!([andon, "mcp"]),
            _ => value.clone(),
        },
        Json::Array(items) => Json::Array(items.iter().map(|item| filled(item, andon, identity)).collect()),
        Json::Object(map) => Json::Object(
            map.iter().map(|(key, item)| (key.clone(), filled(item, andon, identity))).collect::<Map<_, _>>(),
        ),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Runners;

    #[test]
    fn agents_are_given_the_board_as_their_own_run() {
        let identity =
            [("ANDON_RUN".to_owned(), "r".to_owned()), ("ANDON_RUN_TOKEN".to_owned(), "s".to_owned())];
        let runners = Runners::default();
        let of = |name: &str| board_tools(&runners.get(name).unwrap(), "/opt/an don", &identity);
        let json = |name: &str| serde_json::from_slice::<Json>(&of(name).file.unwrap()).unwrap();
        let env = json!({ "ANDON_RUN": "r", "ANDON_RUN_TOKEN": "s" });
        for name in ["claude", "gemini"] {
            let server = &json(name)["mcpServers"]["andon"];
            assert_eq!(
                (&server["command"], &server["args"]),
                (&json!("/opt/an don"), &json!(["mcp"])),
                "{name}"
            );
            assert_eq!(server["env"], env, "{name}");
        }
        let server = &json("opencode")["mcp"]["andon"];
        assert_eq!((&server["command"], &server["environment"]), (&json!(["/opt/an don", "mcp"]), &env));
        assert_eq!(
            of("codex"),
            BoardTools { file: None, names: "[\"ANDON_RUN\",\"ANDON_RUN_TOKEN\"]".to_owned() }
        );
    }
}
