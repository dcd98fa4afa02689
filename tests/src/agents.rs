//! Programs that pass for agents: they write what they were given to the house's outside folder, print what the agent would
//! print, and act for their run with `andon`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::{Dispatcher, House};

/// What every fake does first: it counts its calls in `$n`, and keeps arguments, variables, input, and the configuration of
/// its tools.
const FIRST: &str = r#"#!/bin/sh
case "$1" in --version) echo "NAME 1.2.3"; exit 0;; esac
case "$1 $2" in "auth status"|"login status") [ -e "$OUT/NAME.login" ] && exit 0; echo "Not logged in"; exit 1;; esac
n=$(( $(cat "$OUT/NAME.n" 2>/dev/null || echo 0) + 1 )); echo $n > "$OUT/NAME.n"
for argument in "$@"; do printf '%s\n' "$argument" >> "$OUT/NAME.$n.argv"; done
env > "$OUT/NAME.$n.env"
cat > "$OUT/NAME.$n.stdin"
tools="$(dirname "$ANDON_RESULT")/tools.json"
[ -e "$tools" ] && stat -c %a "$tools" > "$OUT/NAME.$n.mode" && cat "$tools" > "$OUT/NAME.$n.tools"
"#;

/// The fakes of a house.
#[derive(Debug)]
pub struct Agents<'h> {
    house: &'h House,
    bin: PathBuf,
}

impl<'h> Agents<'h> {
    /// Nobody yet.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn of(house: &'h House) -> Self {
        let bin = house.outside().join("bin");
        std::fs::create_dir_all(&bin).expect("the folder of the fakes");
        Self { house, bin }
    }

    /// Makes a program `name` that goes on with `script` in a shell, where `$n` is the number of the call.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn fake(&self, name: &str, script: &str) {
        let path = self.bin.join(name);
        std::fs::write(&path, FIRST.replace("NAME", name) + script + "\n").expect("a fake");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a fake");
    }

    /// The PATH on which they are found before anybody else.
    #[must_use]
    pub fn path(&self) -> String {
        path_with(&self.bin)
    }

    /// A dispatcher that finds them.
    #[must_use]
    pub fn dispatcher(&self) -> Dispatcher {
        self.house.dispatcher_with(&[], &[("PATH", &self.path())])
    }

    /// A text that a fake kept of its call: `argv`, `env`, `stdin`, `tools` or `mode`; empty where there is none.
    #[must_use]
    pub fn kept(&self, name: &str, call: u32, what: &str) -> String {
        let file = self.house.outside().join(format!("{name}.{call}.{what}"));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// The arguments of a call.
    #[must_use]
    pub fn argv(&self, name: &str, call: u32) -> Vec<String> {
        self.kept(name, call, "argv").lines().map(str::to_owned).collect()
    }

    /// A variable of a call.
    #[must_use]
    pub fn variable(&self, name: &str, call: u32, variable: &str) -> Option<String> {
        let text = self.kept(name, call, "env");
        let start = format!("{variable}=");
        text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
    }
}

/// A program of others at `path` below the target folder, where `cargo xtask test` installs them.
///
/// # Panics
/// When it is not there: no test is passed over.
#[must_use]
pub fn installed(path: &str) -> PathBuf {
    let target = std::env::current_exe().expect("this test").ancestors().nth(3).expect("target").to_owned();
    let program = target.join(path);
    assert!(program.exists(), "`cargo xtask test` installs {}", program.display());
    program
}

/// The PATH of this process with another folder before it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the edge: what tests start needs the programs of this host")]
pub fn path_with(folder: &Path) -> String {
    let rest = std::env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", folder.display())
}
