//! The dashboard in a browser: the measuring lies beside its tests (`tests/browser/dashboard.measure.ts`), whose house it uses.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::host::andon;
use crate::table::{Figure, Row};

pub(crate) const LOAD: Row = Row {
    name: "dashboard-load",
    what: "the dashboard's first load over loopback, 10,000 cards, headless Chromium",
    target: "interactive < 1.5 s; scripts ≤ 350 KB gzip (the build fails above)",
    method: "7 loads, each in a new browser profile: until the first card is painted, and until the last long task (over 50 ms) \
             has ended, followed by half a second without one",
    run: || measure("dashboard-load"),
};

pub(crate) const SCROLL: Row = Row {
    name: "dashboard-scroll",
    what: "scrolling through a column of 10,000 cards' board by wheel",
    target: "no task over 50 ms",
    method: "240 turns of the wheel of 700 px each; the browser's own list of long tasks, and the time between frames",
    run: || measure("dashboard-scroll"),
};

pub(crate) const LIVE: Row = Row {
    name: "dashboard-live",
    what: "a task created by another process, until its card is in the page; 10,000 cards",
    target: "< 200 ms",
    method: "40 times `andon create` beside the server; from the row's creation time to the card in the document, same clock",
    run: || measure("dashboard-live"),
};

fn measure(name: &str) -> Vec<Figure> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let out = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new("npm")
        .args(["run", "--silent", "measure", "--", "--testNamePattern", name])
        .current_dir(web)
        .env("ANDON_BIN", andon())
        .env("ANDON_MEASURED", out.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "`npm run measure` failed: `cargo xtask web` installs what it needs");
    let said = std::fs::read_to_string(out.path()).unwrap();
    said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).map(|line| figure(&line)).collect()
}

fn figure(line: &Value) -> Figure {
    Figure::new(line["label"].as_str().unwrap_or_default(), line["value"].as_str().unwrap_or_default())
}
