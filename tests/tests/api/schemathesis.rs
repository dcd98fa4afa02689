//! The document against the server: whatever is asked by it, the answer is one that it describes, and never a defect.
//!
//! The tool comes from PyPI into a folder of the target directory when it is first needed. `ANDON_CHAOS=1` asks for longer.

#![expect(clippy::disallowed_methods, reason = "the edge: starts programs of others")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use andon_tests::{House, chaos, text_of};
use serde_json::json;

use super::client::Serve;

const VERSION: &str = "4.32.5";

/// The program; none where it cannot be had, which CI does not accept.
fn schemathesis() -> Option<PathBuf> {
    // target/<profile>/deps/<this test>
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.join(format!("schemathesis-{VERSION}"));
    let program = target.join("bin/schemathesis");
    if program.is_file() && target.join("whole").is_file() {
        return Some(program);
    }
    let must = std::env::var_os("CI").is_some();
    let run = |command: &mut Command, what: &str| {
        let done = command.output().is_ok_and(|output| output.status.success());
        assert!(done || !must, "{what} failed");
        done
    };
    let installed =
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&target), "python3 -m venv")
            && run(
                Command::new(target.join("bin/pip")).args([
                    "install",
                    "--quiet",
                    &format!("schemathesis=={VERSION}"),
                ]),
                "pip install schemathesis",
            );
    if !installed {
        println!("skipped: schemathesis cannot be installed here (python3 with venv, and a package index)");
        return None;
    }
    std::fs::write(target.join("whole"), "").unwrap();
    Some(program)
}

/// A board with something of everything. Gives what addresses may name: random names would only meet what is not there.
fn furnish(house: &House) -> String {
    let parent = house.create(["a parent", "--priority", "3"]);
    let child = house.create(["a child", "--parent", &parent, "--tenant", "t"]);
    let _ = house.andon(["comment", &child, "a word"]).exits(0);
    let done = house.script("echo done");
    house.wait_idle_done(&done);
    let run = text_of(&house.runs(&done)[0]["id"]);
    let blocked = house.create(["a question"]);
    let _ = house.andon(["block", &blocked, "which?", "--kind", "needs_input"]).exits(0);
    let idea = house.create(["an idea", "--triage"]);
    let tasks = [parent, child, done, blocked, idea];
    format!(
        "[parameters]\n\"path.board\" = \"default\"\n\"path.run\" = \"{run}\"\n\"path.profile\" = \"sh\"\n\"path.task\" = {tasks:?}\n"
    )
}

fn check(program: &Path, serve: &Serve, token: &str, folder: &Path, extra: &[&str]) -> Output {
    let (examples, time) = if chaos() { ("200", "600") } else { ("3", "15") };
    let mut command = Command::new(program);
    command.current_dir(folder).args(["run", &format!("http://{}/api/v1/openapi.json", serve.address)]);
    command.args([
        "--header",
        &format!("Authorization: Bearer {token}"),
        "--url",
        &format!("http://{}", serve.address),
    ]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--max-time", time]);
    command.args([
        "--seed",
        "7",
        "--generation-database",
        "none",
        "--no-color",
        "--warnings",
        "off",
        "--workers",
        "1",
    ]);
    command.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
         response_headers_conformance",
    ]);
    command.args(["--suppress-health-check", "all", "--request-timeout", "20", "--continue-on-failure"]);
    // Streams have no end; the end of a token would be that of the one that asks.
    command
        .args(["--exclude-path-regex", "(/boards/[^/]+/events|/log/stream|/logout|/verbs|/tokens/[^/]+)$"]);
    command.args(extra).output().unwrap()
}

#[test]
fn every_answer_is_one_that_the_document_describes() {
    let house = House::new();
    if house.database().is_some() && !chaos() {
        return;
    }
    let Some(program) = schemathesis() else { return };
    let _ = house.andon(["init"]).exits(0);
    let known = furnish(&house);
    std::fs::write(house.outside().join("schemathesis.toml"), known).unwrap();
    let serve = Serve::start(&house);
    let token = text_of(&house.json(["token", "create", "--scope", "admin"])["token"]);
    let output = check(&program, &serve, &token, &house.outside(), &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Tested") || said.contains("tested") || said.contains("passed"), "{said}");
    // It has survived, and so has the board.
    let client = serve.with(&token);
    let _ = client.get("/readyz").is(200);
    let _ = client.post("/api/v1/resume", &json!({})).is(200);
    house.healthy();
}
