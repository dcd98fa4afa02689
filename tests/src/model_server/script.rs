//! The script: which answer belongs to which request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What the server says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The first that fits answers.
    pub conversations: Vec<Conversation>,
}

/// Answers for some requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// For which.
    #[serde(default)]
    pub when: When,
    /// One after the other, for each task anew.
    pub turns: Vec<Turn>,
    /// `repeat`: the last one again and again.
    #[serde(default)]
    pub then: Option<String>,
}

impl Conversation {
    pub(super) fn turn(&self, place: usize) -> Option<&Turn> {
        let repeated = || self.turns.last().filter(|_| self.then.as_deref() == Some("repeat"));
        self.turns.get(place).or_else(repeated)
    }
}

/// Which requests are meant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Of this task.
    #[serde(default)]
    pub task: Option<String>,
    /// For this model.
    #[serde(default)]
    pub model: Option<String>,
    /// With this text in them, or all of these.
    #[serde(default)]
    pub contains: Value,
    /// `chat`, `responses`, `anthropic`, `gemini` or `ollama`.
    #[serde(default)]
    pub api: Option<String>,
    /// That offer a tool of this name: agents also ask for titles and summaries, and offer none then.
    #[serde(default)]
    pub offers: Option<String>,
}

impl When {
    pub(super) fn fits(&self, api: &str, body: &Value, text: &str, task: Option<&str>) -> bool {
        let contains = match &self.contains {
            Value::String(wanted) => text.contains(wanted.as_str()),
            Value::Array(all) => all.iter().filter_map(Value::as_str).all(|wanted| text.contains(wanted)),
            _ => true,
        };
        contains
            && self.api.as_deref().is_none_or(|wanted| wanted == api)
            && self.task.as_deref().is_none_or(|wanted| task == Some(wanted))
            && self.model.as_deref().is_none_or(|wanted| body["model"] == *wanted)
            && self.offers.as_deref().is_none_or(|wanted| offered(body, wanted).is_some())
    }
}

/// One answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Turn {
    /// A text.
    pub say: String,
    /// Calls of tools.
    pub calls: Vec<Call>,
    /// Tokens.
    pub usage: Usage,
    /// Further bytes of text.
    pub pad: usize,
    /// Before the first byte, milliseconds.
    pub delay_ms: u64,
    /// Between two chunks, milliseconds.
    pub pause_ms: u64,
    /// The HTTP status; 200 where it is left out.
    pub status: Option<u16>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// The body word for word, text or JSON.
    pub body: Option<Value>,
    /// No JSON.
    pub malformed: bool,
    /// Breaks off in the middle.
    pub truncate: bool,
    /// A stream ends in good order before the answer does.
    pub ends_early: bool,
    /// A stream brings this error in the middle, word for word.
    pub fails: Option<Value>,
    /// A thought, with a signature that its API wants to see again.
    pub think: String,
    /// Closes the connection without a word.
    pub drop: bool,
    /// Says nothing until the client leaves.
    pub hang: bool,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
    /// The same as text, which may be no JSON.
    pub raw_arguments: Option<String>,
    /// Under this name, offered or not.
    pub exact: bool,
}

/// Tokens of an answer.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Of the request.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
    /// Of the request, from the cache.
    pub cached: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 100, output: 20, cached: 0 }
    }
}

/// The task that a text is about: the first id behind `task `, else the first at all.
pub(super) fn task_of(text: &str) -> Option<String> {
    let ids = || {
        text.match_indices("t_").filter_map(|(at, _)| {
            let id = text.get(at..at + 10)?;
            let good = id[2..].bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
            let alone = |neighbour: Option<char>| neighbour.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let around = alone(text[..at].chars().next_back()) && alone(text[at + 10..].chars().next());
            (good && around).then_some((at, id))
        })
    };
    let named = ids().find(|(at, _)| text[..*at].ends_with("task "));
    named.or_else(|| ids().next()).map(|(_, id)| id.to_owned())
}

/// The name under which a request offers a tool, with its name space: its own, or one behind its server's.
pub(super) fn offered(body: &Value, wanted: &str) -> Option<(String, Option<String>)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name_of = |tool: &Value| tool["name"].as_str().map(str::to_owned);
    let mut names: Vec<(String, Option<String>)> = Vec::new();
    for tool in list(&body["tools"]) {
        names.extend(list(&tool["functionDeclarations"]).iter().filter_map(name_of).map(|name| (name, None)));
        let name = name_of(&tool["function"]).or_else(|| name_of(&tool));
        if tool["type"] == "namespace" {
            let inner = list(&tool["tools"]);
            names.extend(inner.iter().filter_map(name_of).map(|inner| (inner, name.clone())));
        } else {
            names.extend(name.map(|name| (name, None)));
        }
    }
    let ends = [format!("__{wanted}"), format!("_{wanted}")];
    let exact = names.iter().find(|(name, _)| name == wanted);
    let behind = || ends.iter().find_map(|end| names.iter().find(|(name, _)| name.ends_with(end.as_str())));
    exact.or_else(behind).cloned()
}

/// The texts that tools gave back in a request, oldest first.
pub(super) fn results(body: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for message in list(&body["messages"]) {
        if message["role"] == "tool" {
            found.push(text(&message["content"]));
        }
        let blocks = list(&message["content"]);
        found.extend(
            blocks.iter().filter(|block| block["type"] == "tool_result").map(|block| text(&block["content"])),
        );
    }
    let outputs = list(&body["input"]);
    found.extend(
        outputs
            .iter()
            .filter(|item| item["type"] == "function_call_output")
            .map(|item| text(&item["output"])),
    );
    for content in list(&body["contents"]) {
        let parts = list(&content["parts"]);
        let given = parts.iter().filter_map(|part| part.get("functionResponse"));
        found.extend(given.map(|given| text(&given["response"]["content"])));
    }
    found
}

/// Fills in `{{task}}` and `{{result:<n>:<pointer>}}`.
pub(super) fn filled(template: &str, task: Option<&str>, body: &Value) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((key, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match key.trim() {
            "task" => out.push_str(task.unwrap_or("")),
            other => out.push_str(&result(other, body).unwrap_or_default()),
        }
        rest = after;
    }
    out + rest
}

/// The same in every text of a value.
pub(super) fn filled_value(value: &Value, task: Option<&str>, body: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text, task, body)),
        Value::Array(items) => items.iter().map(|item| filled_value(item, task, body)).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(key, item)| (key.clone(), filled_value(item, task, body))).collect()
        }
        other => other.clone(),
    }
}

fn result(key: &str, body: &Value) -> Option<String> {
    let (number, pointer) = key.strip_prefix("result:")?.split_once(':')?;
    let results = results(body);
    let number: isize = number.trim().parse().ok()?;
    let at = if number < 0 { results.len().checked_add_signed(number)? } else { number.unsigned_abs() };
    let found = looked_up(results.get(at)?, pointer.trim(), 3)?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}

/// A result may be JSON inside of JSON: what MCP clients make of it.
fn looked_up(text: &str, pointer: &str, depth: u8) -> Option<Value> {
    let start = text.find(['{', '['])?;
    let value: Value = serde_json::Deserializer::from_str(&text[start..]).into_iter().next()?.ok()?;
    if let Some(found) = value.pointer(pointer) {
        return Some(found.clone());
    }
    let inner: Vec<&str> = ["/content/0/text", "/0/text", "/output", "/text"]
        .iter()
        .filter_map(|place| value.pointer(place).and_then(Value::as_str))
        .collect();
    inner.into_iter().find_map(|inner| looked_up(inner, pointer, depth.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_task_of_a_request_is_the_one_it_is_about() {
        assert_eq!(task_of("see t_aaaaaaaa; # Kanban task t_0123abcd: x").as_deref(), Some("t_0123abcd"));
        assert_eq!(task_of("only t_aaaaaaaa here").as_deref(), Some("t_aaaaaaaa"));
        assert_eq!(task_of("test_results and t_short"), None);
    }

    #[test]
    fn a_tool_is_found_under_the_name_that_each_agent_gives_it() {
        let body = json!({ "tools": [
            { "function": { "name": "my_read" } }, { "name": "read" }, { "name": "mcp__andon__kanban_show" },
            { "functionDeclarations": [{ "name": "mcp_andon_kanban_block" }] },
            { "type": "namespace", "name": "andon", "tools": [{ "name": "kanban_complete" }] },
        ]});
        let named = |name: &str, space: Option<&str>| Some((name.to_owned(), space.map(str::to_owned)));
        for (wanted, found) in [
            ("read", named("read", None)),
            ("kanban_show", named("mcp__andon__kanban_show", None)),
            ("kanban_block", named("mcp_andon_kanban_block", None)),
            ("kanban_complete", named("kanban_complete", Some("andon"))),
            ("kanban_why", None),
        ] {
            assert_eq!(offered(&body, wanted), found, "{wanted}");
        }
    }

    #[test]
    fn results_of_tools_are_filled_in_however_deep_they_lie() {
        let body = json!({ "messages": [
            { "role": "tool", "content": "{\"task\":{\"id\":\"t_1\"}}" },
            { "role": "tool", "content": "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"id\\\":\\\"t_2\\\"}\"}]}" },
        ]});
        assert_eq!(
            filled("{{task}}-{{result:0:/task/id}}-{{result:-1:/id}}", Some("t_9"), &body),
            "t_9-t_1-t_2"
        );
    }
}
