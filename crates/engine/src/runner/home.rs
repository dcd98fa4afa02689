//! A home of its own for an agent that takes no configuration from outside: what is in its folder in the user's home, by links,
//! and the user's settings with the board's tools among them.
//!
//! The agent goes on with the user's login, instructions and sessions; what it is told of the board dies with the run.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

/// Settings that are longer are none.
const LONGEST: u64 = 4 << 20;

/// What a run's home consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentHome {
    /// The folder that stands for the user's home.
    pub folder: PathBuf,
    /// Each link, and what it leads to.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// The file of settings.
    pub settings: PathBuf,
    /// What it holds.
    pub content: Vec<u8>,
}

/// A home in `folder` for an agent that keeps its things in `user` and its settings in the file `name` there; `tools` come
/// among the settings.
///
/// # Errors
/// What is wrong with the user's settings.
pub fn agent_home(user: &Path, folder: &Path, name: &str, tools: &Json) -> Result<AgentHome, String> {
    let own = folder.join(user.file_name().unwrap_or_default());
    let path = user.join(name);
    let mut settings = match read(&path) {
        Ok(text) => serde_json::from_str(&without_comments(&text)).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Json::Object(Map::new())),
        Err(error) => Err(error.to_string()),
    }
    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    merge(&mut settings, tools);
    let mut content = serde_json::to_vec_pretty(&settings).unwrap_or_default();
    content.push(b'\n');
    let entries = std::fs::read_dir(user).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).filter(|entry| entry != name).collect();
    names.sort();
    let links = names.into_iter().map(|entry| (own.join(&entry), user.join(&entry))).collect();
    Ok(AgentHome { folder: folder.to_owned(), links, settings: own.join(name), content })
}

impl AgentHome {
    /// Makes the folders that the agent would make for itself, so that what it keeps in them outlives the run, and links
    /// what is there.
    ///
    /// # Errors
    /// When a folder or a link cannot be made.
    pub fn create(&self, user: &Path, kept: &[String]) -> std::io::Result<()> {
        if let Some(own) = self.settings.parent() {
            std::fs::create_dir_all(own)?;
            for name in kept {
                let (link, target) = (own.join(name), user.join(name));
                std::fs::create_dir_all(&target)?;
                linked(&link, &target)?;
            }
        }
        self.links.iter().try_for_each(|(link, target)| linked(link, target))
    }
}

/// Links, where that has not been done for an earlier process of the run.
fn linked(link: &Path, target: &Path) -> std::io::Result<()> {
    match std::os::unix::fs::symlink(target, link) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    if text.trim().is_empty() { Ok("{}".to_owned()) } else { Ok(text) }
}

/// What is in both and no table on both sides is as in `more`.
fn merge(into: &mut Json, more: &Json) {
    match (into, more) {
        (Json::Object(into), Json::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key.clone()).or_insert(Json::Null), value);
            }
        }
        (into, more) => *into = more.clone(),
    }
}

/// JSON as people write it: without its `//` and `/* */`, which are made blanks.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek().copied()) {
            ('"', _) => {
                out.push(char);
                while let Some(inner) = chars.next() {
                    out.push(inner);
                    match inner {
                        '\\' => out.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ('/', Some('/')) => while chars.next_if(|next| *next != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                chars.next();
                for next in chars.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
                out.push(' ');
            }
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_has_the_user_s_login_and_settings_with_the_board_among_them() {
        let root = tempfile::tempdir().unwrap();
        let (user, own) = (root.path().join("user/.agent"), root.path().join("run/home"));
        std::fs::create_dir_all(user.join("commands")).unwrap();
        std::fs::write(user.join("login.json"), "secret").unwrap();
        let theirs = "{ // mine\n \"theme\": \"a // b /* c */\", /* more\n */ \"servers\": { \"own\": 1, \"andon\": 2 } }";
        std::fs::write(user.join("settings.json"), theirs).unwrap();
        let tools = json!({ "servers": { "andon": { "env": { "TOKEN": "s" } } } });
        let home = agent_home(&user, &own, "settings.json", &tools).unwrap();
        let settings: Json = serde_json::from_slice(&home.content).unwrap();
        let expected = json!({ "theme": "a // b /* c */", "servers": { "own": 1, "andon": { "env": { "TOKEN": "s" } } } });
        assert_eq!(settings, expected);
        for _ in 0..2 {
            home.create(&user, &["chats".to_owned()]).unwrap();
        }
        assert_eq!(std::fs::read_to_string(own.join(".agent/login.json")).unwrap(), "secret");
        assert!(own.join(".agent/commands").is_dir());
        std::fs::write(own.join(".agent/chats/1"), "said").unwrap();
        assert_eq!(
            std::fs::read_to_string(user.join("chats/1")).unwrap(),
            "said",
            "a session outlives its run"
        );
        assert_eq!(std::fs::read_to_string(user.join("settings.json")).unwrap(), theirs);
        // The run's end removes its folder, and nothing of the user's.
        std::fs::remove_dir_all(root.path().join("run")).unwrap();
        assert!(user.join("login.json").exists() && user.join("commands").is_dir());
    }

    #[test]
    fn whoever_has_no_settings_gets_the_board_s_and_broken_ones_are_named() {
        let root = tempfile::tempdir().unwrap();
        let user = root.path().join(".agent");
        let home = agent_home(&user, &root.path().join("home"), "settings.json", &json!({ "a": 1 })).unwrap();
        assert_eq!(serde_json::from_slice::<Json>(&home.content).unwrap(), json!({ "a": 1 }));
        std::fs::create_dir(&user).unwrap();
        for (text, good) in
            [("", true), ("  \n", true), ("{", false), ("{} /* open", true), ("\"", false), ("[1]", true)]
        {
            std::fs::write(user.join("settings.json"), text).unwrap();
            let home = agent_home(&user, &root.path().join("home"), "settings.json", &json!({ "a": 1 }));
            assert_eq!(home.is_ok(), good, "{text:?}");
            assert!(home.is_ok() || home.unwrap_err().contains("settings.json cannot be read"));
        }
    }
}
