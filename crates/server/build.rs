//! Puts the built dashboard (`web/dist`) into the program, or a page that says how to build it; and the pages of errors.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script what it needs by the environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<title>Andon</title>\n<h1>Andon</h1>\n\
<p>The API is served below <code>/api/v1</code>. This program was built without its dashboard.</p>\n\
<p>To build it, run <code>cargo xtask web</code> (or <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>), \
and build the program again.</p>\n</html>\n";

fn main() -> io::Result<()> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = own.join("../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &mut files)?;
        files.sort();
    }
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&dist).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let tag = format!("\"{:016x}\"", checksum(&fs::read(file)?));
        let path = file.canonicalize()?;
        let _ = writeln!(
            table,
            "    Asset {{ path: {name:?}, content: include_bytes!({:?}), tag: {tag:?} }},",
            path.to_string_lossy()
        );
    }
    if files.is_empty() {
        let _ = writeln!(
            table,
            "    Asset {{ path: \"index.html\", content: {PLACEHOLDER:?}.as_bytes(), tag: \"\\\"placeholder\\\"\" }},"
        );
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    fs::write(out.join("errors.rs"), errors(&own.join("../../docs/errors"))?)
}

/// The page of every error code, so that the address in a problem's `type` leads somewhere without a network.
fn errors(folder: &Path) -> io::Result<String> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(folder, &mut files)?;
        files.sort();
    }
    let mut table = String::from("static PAGES: &[(&str, &str)] = &[\n");
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "md")) {
        let code = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = file.canonicalize()?;
        let _ = writeln!(table, "    ({code:?}, include_str!({:?})),", path.to_string_lossy());
    }
    table.push_str("];\n");
    Ok(table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// FNV-1a: enough to tell one build of a file from another.
fn checksum(content: &[u8]) -> u64 {
    content
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
