//! The tools as the model meets them: by name, with arguments that may be wrong, in a real folder.

use std::process::Stdio;
use std::sync::Mutex;

use serde_json::json;
use tempfile::TempDir;

use super::shell::fake::Plain;
use super::*;

struct Bench {
    folder: TempDir,
    tools: WorkspaceTools,
    stopped: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new() -> Self {
        Self::with(AgentSettings { output_limit: 4_096, ..AgentSettings::default() })
    }

    fn with(settings: AgentSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "outputs", "attached"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let stopped = Arc::new(Mutex::new(Vec::new()));
        let processes = Plain { folder: folder.path().join("outputs"), stopped: Arc::clone(&stopped) };
        let readable = vec![folder.path().join("attached")];
        let tools = WorkspaceTools::new(folder.path().join("work"), readable, Arc::new(processes), settings);
        Self { folder, tools, stopped }
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join("work").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn content(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("work").join(path)).unwrap()
    }

    async fn call(&mut self, name: &str, arguments: Value) -> String {
        self.tools.call(name, &arguments).await.unwrap()
    }

    async fn git(&self, words: &[&str]) {
        let mut command = tokio::process::Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(words);
        command.current_dir(self.folder.path().join("work")).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().await.unwrap().success());
    }
}

#[tokio::test]
async fn wrong_arguments_are_told_with_what_is_right() {
    let mut bench = Bench::new();
    let told = bench.call("read", json!({})).await;
    assert!(told.contains("missing field `path`") && told.contains("offset"), "{told}");
    let told = bench.call("read", json!({ "path": "a", "colour": 1 })).await;
    assert!(told.contains("unknown field `colour`"), "{told}");
    let told = bench.call("write", json!("{\"path\": ")).await;
    assert!(told.contains("no JSON object"), "{told}");
    assert!(bench.tools.call("raed", &json!({})).await.is_none());
}

#[tokio::test]
async fn tools_that_a_profile_leaves_out_are_not_there() {
    let mut bench =
        Bench::with(AgentSettings { tools: Some(vec!["read".to_owned()]), ..AgentSettings::default() });
    assert_eq!(bench.tools.offers().iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["read"]);
    assert!(bench.tools.call("shell", &json!({ "command": "true" })).await.is_none());
    assert!(bench.tools.call("process", &json!({ "id": 1, "action": "stop" })).await.is_none());
}

#[tokio::test]
async fn nothing_outside_of_the_workspace_is_touched() {
    let mut bench = Bench::new();
    std::fs::write(bench.folder.path().join("secret"), "s").unwrap();
    std::os::unix::fs::symlink(bench.folder.path(), bench.folder.path().join("work/out")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", bench.folder.path().join("work/dangling")).unwrap();
    for path in ["../secret", "out/secret", "/etc/passwd", "a/../../secret"] {
        let told = bench.call("read", json!({ "path": path })).await;
        assert!(told.contains("outside of the workspace"), "{path}: {told}");
    }
    for path in ["../new", "out/new", "dangling"] {
        let told = bench.call("write", json!({ "path": path, "content": "x" })).await;
        assert!(told.starts_with("error:"), "{path}: {told}");
    }
    assert!(!bench.folder.path().join("new").exists());
}

#[tokio::test]
async fn files_of_the_task_are_read_and_not_written() {
    let mut bench = Bench::new();
    let path = bench.folder.path().join("attached/brief.txt");
    std::fs::write(&path, "the brief").unwrap();
    assert_eq!(bench.call("read", json!({ "path": path })).await, "the brief");
    assert!(bench.call("write", json!({ "path": path, "content": "x" })).await.contains("outside"));
}

#[tokio::test]
async fn long_files_come_in_parts_and_binary_ones_are_described() {
    let mut bench = Bench::new();
    bench.write("long", (1..=5_000).map(|number| format!("line {number}\n")).collect::<String>());
    let told = bench.call("read", json!({ "path": "long" })).await;
    assert!(told.len() < 4_300 && told.contains("read on with offset"), "{}", told.len());
    let told = bench.call("read", json!({ "path": "long", "offset": 4_999 })).await;
    assert_eq!(told, "line 4999\nline 5000\n");
    assert!(bench.call("read", json!({ "path": "long", "offset": 6_000 })).await.contains("only 5000 lines"));
    bench.write("one-line", "z".repeat(10 << 20));
    let told = bench.call("read", json!({ "path": "one-line" })).await;
    assert!(told.len() < 2_100 && told.contains("the line goes on"));
    bench.write("program", b"\x7fELF\0\0\0");
    assert!(bench.call("read", json!({ "path": "program" })).await.contains("an ELF program, 7 bytes"));
    bench.write("sub/file", "x");
    assert!(bench.call("read", json!({ "path": "." })).await.contains("sub/"));
}

#[tokio::test]
async fn an_edit_is_exact_and_says_why_it_is_not() {
    let mut bench = Bench::new();
    bench.write("a", "one two two");
    assert!(
        bench
            .call("edit", json!({ "path": "a", "old": "three", "new": "x" }))
            .await
            .contains("does not occur")
    );
    assert!(bench.call("edit", json!({ "path": "a", "old": "two", "new": "x" })).await.contains("2 times"));
    assert!(
        bench.call("edit", json!({ "path": "a", "old": "one", "new": "1" })).await.contains("replaced 1")
    );
    assert!(
        bench
            .call("edit", json!({ "path": "a", "old": "two", "new": "2", "all": true }))
            .await
            .contains("replaced 2")
    );
    assert_eq!(bench.content("a"), "1 2 2");
}

#[tokio::test]
async fn replacing_what_git_does_not_hold_is_told_once() {
    let mut bench = Bench::new();
    bench.write("held", "1");
    bench.write("changed", "1");
    bench.write("new", "1");
    bench.git(&["init", "-q"]).await;
    bench.git(&["add", "held", "changed"]).await;
    bench.git(&["commit", "-qm", "x"]).await;
    bench.write("changed", "2");
    let write = |path: &str| json!({ "path": path, "content": "mine" });
    assert!(!bench.call("write", write("held")).await.contains("warning"));
    assert!(bench.call("write", write("changed")).await.contains("not committed"));
    assert!(!bench.call("write", write("changed")).await.contains("warning"));
    assert!(bench.call("write", write("new")).await.contains("not under version control"));
    assert!(!bench.call("write", write("deep/er/file")).await.contains("warning"));
}

#[tokio::test]
async fn files_and_lines_are_found_without_what_git_ignores() {
    let mut bench = Bench::new();
    bench.write(".gitignore", "ignored\n");
    bench.write("ignored", "needle");
    bench.write("src/deep/a.rs", "one\nneedle here\n");
    bench.write("b.bin", b"\0needle");
    assert_eq!(bench.call("glob", json!({ "pattern": "**/*.rs" })).await, "src/deep/a.rs");
    assert_eq!(
        bench.call("grep", json!({ "pattern": "NEEDLE", "ignore_case": true })).await,
        "src/deep/a.rs:2: needle here"
    );
    assert_eq!(bench.call("grep", json!({ "pattern": "needle", "glob": "*.md" })).await, "(no line fits)");
    assert!(bench.call("grep", json!({ "pattern": "(" })).await.contains("`pattern`"));
    assert!(bench.call("glob", json!({ "pattern": "[" })).await.contains("no pattern"));
}

#[tokio::test]
async fn a_command_tells_its_output_and_its_end() {
    let mut bench = Bench::new();
    assert_eq!(bench.call("shell", json!({ "command": "echo hi; echo err >&2" })).await, "hi\nerr\n");
    assert!(bench.call("shell", json!({ "command": "echo no; exit 3" })).await.contains("no\n\n[exit 3]"));
    assert_eq!(bench.call("shell", json!({ "command": "true" })).await, "(no output)");
    let told = bench.call("shell", json!({ "command": "head -c 10485760 /dev/zero | tr '\\0' y" })).await;
    assert!(told.len() < 4_500 && told.contains("bytes left out"), "{}", told.len());
    let told = bench.call("shell", json!({ "command": "head -c 100000 /dev/zero" })).await;
    assert!(told.contains("binary data, 100000 bytes"), "{told}");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped() {
    let mut bench = Bench::new();
    let told = bench.call("shell", json!({ "command": "echo begun; exec sleep 1000", "timeout_s": 1 })).await;
    assert!(told.contains("begun") && told.contains("stopped after 1 s"), "{told}");
    assert_eq!(bench.stopped.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_end_in_the_background_is_told_once() {
    let mut bench = Bench::new();
    let told = bench.call("shell", json!({ "command": "echo built; exit 2", "background": true })).await;
    assert!(told.contains("process 1"), "{told}");
    let mut notices = bench.tools.notices();
    while notices.is_empty() {
        tokio::task::yield_now().await;
        notices = bench.tools.notices();
    }
    assert!(
        notices[0].contains("process 1") && notices[0].contains("exit 2") && notices[0].contains("built")
    );
    assert!(bench.tools.notices().is_empty());
}

#[tokio::test]
async fn who_waited_for_an_end_is_not_told_of_it_again() {
    let mut bench = Bench::new();
    let _ = bench.call("shell", json!({ "command": "echo x", "background": true })).await;
    let told = bench.call("process", json!({ "id": 1, "action": "wait" })).await;
    assert!(told.contains("ended with exit 0") && told.contains('x'), "{told}");
    assert!(bench.tools.notices().is_empty());
    assert!(bench.call("process", json!({ "id": 7, "action": "output" })).await.contains("no process 7"));
}

#[tokio::test]
async fn the_end_of_the_run_ends_every_process() {
    let mut bench = Bench::new();
    let _ = bench.call("shell", json!({ "command": "exec sleep 1000", "background": true })).await;
    let told = bench.call("process", json!({ "id": 1, "action": "output" })).await;
    assert!(told.contains("still running"), "{told}");
    bench.tools.stop().await;
    assert_eq!(*bench.stopped.lock().unwrap(), ["shell-1"]);
}
