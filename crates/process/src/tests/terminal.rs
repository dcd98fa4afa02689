//! Programs that insist on a terminal, and sessions that a person can attach to.

use super::*;

#[tokio::test]
async fn a_pty_is_a_terminal_of_the_given_size_and_controls_its_session() {
    let bench = Bench::new("pty").await;
    let mut spec = bench.spec("tty; stty size; echo through > /dev/tty; echo err >&2; exit 6");
    spec.terminal = Terminal::Pty { cols: 120, rows: 33 };
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tree.wait().await, exited(6));
    let log = bench.log();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("/dev/pts/"), "{log}");
    assert_eq!(lines[1..], ["33 120", "through", "err"]);
    assert_eq!(tree.captured().last_line.as_deref(), Some("err"));
    tree.finish(GRACE).await;
}

#[tokio::test]
async fn a_pty_types_the_input() {
    let bench = Bench::new("typed").await;
    let mut spec = bench.spec("stty -echo; echo ready > ready; cat; echo end");
    spec.terminal = Terminal::Pty { cols: 80, rows: 24 };
    spec.stdin = Stdin::Bytes(b"hello\n".to_vec());
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, tree.wait()).await.unwrap(), exited(0));
    assert!(bench.log().ends_with("hello\r\nend\r\n"), "{:?}", bench.log());
}

fn in_tmux(bench: &Bench, script: &str) -> Option<(Spec, PathBuf)> {
    if std::process::Command::new("tmux").arg("-V").output().is_err() {
        println!("skipped: tmux is not installed");
        return None;
    }
    // What tmux would expand, and a shell would split.
    let folder = bench.path("a b#{pid}%d'");
    fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("s");
    let mut spec = bench.spec(script);
    spec.terminal = Terminal::Tmux { socket: socket.clone(), session: "t_1".into() };
    Some((spec, socket))
}

#[tokio::test]
async fn a_tmux_run_tells_its_exit_code_and_its_session_is_removed() {
    let bench = Bench::new("tmux").await;
    let Some((mut spec, socket)) = in_tmux(&bench, "tty; echo \"$0 $LONG\" | wc -c; exit 7") else { return };
    spec.argv.push("arg;".into());
    spec.env.push(("LONG".into(), "x".repeat(20_000).into()));
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, tree.wait()).await.unwrap(), exited(7));
    let log = bench.log();
    assert!(log.starts_with("/dev/pts/") && log.ends_with("20006\r\n"), "{log:?}");
    tree.finish(GRACE).await;
    for ending in ["", ".run", ".out"] {
        assert!(!exists(&PathBuf::from(format!("{}{ending}", socket.display()))), "{ending}");
    }
    assert_eq!(find_marked(&bench.marker).unwrap(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_live_tmux_session_is_never_removed_and_a_stopped_one_is_gone() {
    let bench = Bench::new("tmux-stop").await;
    let script = format!("{}; echo up; sleep 600", nameless(ESCAPEE));
    let Some((spec, socket)) = in_tmux(&bench, &script) else { return };
    let mut tree = Tree::start(spec).unwrap();
    let escapee = bench.process("pid").await;
    assert!(!remove_finished_session(&socket, "t_1").unwrap());
    assert!(tree.leader().is_alive());
    let report = tree.stop(GRACE).await;
    assert!(!escapee.is_alive() && report.survivors.is_empty(), "{report:?}");
    assert_eq!(tree.wait().await.signal, Some(15));
    assert!(!exists(&socket));
    assert!(!remove_finished_session(&socket, "t_1").unwrap());
    tree.finish(GRACE).await;
}

#[tokio::test]
async fn a_person_sees_what_a_tmux_session_shows() {
    let bench = Bench::new("tmux-look").await;
    let Some((spec, socket)) = in_tmux(&bench, "echo hello there; sleep 600") else { return };
    let mut tree = Tree::start(spec).unwrap();
    eventually(|| {
        let mut look = std::process::Command::new("tmux");
        let seen = look.arg("-S").arg(&socket).args(["capture-pane", "-p", "-t", "t_1"]).output().unwrap();
        String::from_utf8_lossy(&seen.stdout).contains("hello there").then_some(())
    })
    .await;
    eventually(|| bench.log().contains("hello there").then_some(())).await;
    tree.finish(Duration::ZERO).await;
}

#[tokio::test]
async fn a_session_that_cannot_be_is_refused_with_the_reason() {
    let bench = Bench::new("tmux-bad").await;
    let Some((spec, _)) = in_tmux(&bench, "exit 0") else { return };
    let refused = |socket: PathBuf, session: &str| {
        let mut spec = spec.clone();
        spec.terminal = Terminal::Tmux { socket, session: session.into() };
        match Tree::start(spec).unwrap_err() {
            StartError::Terminal { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(bench.path("s"), "a.b:c").contains("a.b:c"));
    assert!(refused(bench.path(&"s".repeat(120)), "t").contains("107"));
    assert!(refused(bench.path("no/such/folder/s"), "t").contains("no/such/folder"));
}

#[tokio::test]
async fn a_sweep_ends_a_tmux_session_whose_supervisor_is_gone() {
    let bench = Bench::new("tmux-sweep").await;
    let Some((mut spec, socket)) = in_tmux(&bench, &format!("{ESCAPEE}; sleep 600")) else { return };
    spec.cgroup = None;
    let tree = Tree::start(spec).unwrap();
    let escapee = bench.process("pid").await;
    let leader = tree.leader();
    drop(tree);
    let report = sweep(&bench.marker, Some(&leader), None, &[]).await.unwrap();
    assert!(report.survivors.is_empty() && !leader.is_alive() && !escapee.is_alive(), "{report:?}");
    assert_eq!(find_marked(&bench.marker).unwrap(), Vec::<i32>::new());
    remove_session_files(&socket);
    assert!(!exists(&socket));
}
