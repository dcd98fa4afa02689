//! What a program reads and prints.

use super::*;

#[tokio::test]
async fn output_goes_to_the_log_and_its_end_is_kept() {
    let bench = Bench::new("output").await;
    let mut tree = Tree::start(bench.spec("echo one; echo bad >&2; echo two; exit 3")).unwrap();
    assert_eq!(tree.wait().await, exited(3));
    let captured = tree.captured();
    assert_eq!(captured.last_line.as_deref(), Some("two"));
    assert_eq!(captured.last_stderr_line.as_deref(), Some("bad"));
    assert_eq!((captured.log_bytes, captured.tail.len()), (12, 12));
    assert_eq!(bench.log(), captured.tail);
}

#[tokio::test]
async fn output_is_in_the_log_while_the_program_runs() {
    let bench = Bench::new("live").await;
    let mut tree = Tree::start(bench.spec("echo here; sleep 600")).unwrap();
    eventually(|| (bench.log() == "here\n").then_some(())).await;
    tree.stop(GRACE).await;
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_is_not_waited_for() {
    let bench = Bench::new("leak").await;
    let mut tree = Tree::start(bench.spec("sleep 600 & echo $! > pid; echo done; exit 3")).unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, tree.wait()).await.unwrap(), exited(3));
    assert_eq!(tree.captured().last_line.as_deref(), Some("done"));
    let grandchild = bench.process("pid").await;
    assert!(grandchild.is_alive());
    tree.finish(Duration::ZERO).await;
    assert!(!grandchild.is_alive());
}

#[tokio::test]
async fn a_grandchild_that_never_stops_printing_is_not_waited_for() {
    let bench = Bench::new("chatter").await;
    let mut tree = Tree::start(bench.spec("while :; do echo x; sleep 0.01; done & exit 3")).unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, tree.wait()).await.unwrap(), exited(3));
    tree.finish(Duration::ZERO).await;
}

#[tokio::test]
async fn waiting_may_be_cancelled_and_begun_again() {
    let bench = Bench::new("cancel").await;
    let mut tree =
        Tree::start(bench.spec("while ! [ -e go ]; do sleep 0.01; done; echo end; exit 9")).unwrap();
    for _ in 0..5 {
        assert!(tokio::time::timeout(Duration::from_millis(5), tree.wait()).await.is_err());
    }
    fs::write(bench.path("go"), "").unwrap();
    assert_eq!(tree.wait().await, exited(9));
    assert_eq!(tree.wait().await, exited(9));
    assert_eq!(bench.log(), "end\n");
}

#[tokio::test]
async fn a_log_is_rotated_before_the_start_and_while_running() {
    let bench = Bench::new("rotate").await;
    fs::write(bench.path("log"), vec![b'o'; 5000]).unwrap();
    let mut spec = bench.spec("i=0; while [ $i -lt 2000 ]; do echo 0123456789; i=$((i+1)); done");
    spec.log = LogSpec { path: bench.path("log"), rotate_bytes: 4000, backups: 2 };
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tree.wait().await, exited(0));
    assert_eq!(tree.captured().log_bytes, 22_000);
    for name in ["log", "log.1", "log.2"] {
        let length = fs::metadata(bench.path(name)).unwrap().len();
        assert!(length > 0 && length <= 16_384, "{name} has {length} bytes");
    }
    assert!(!bench.path("log.3").exists());
}

#[tokio::test]
async fn a_full_disk_under_the_log_does_not_disturb_the_program() {
    let bench = Bench::new("full").await;
    let mut spec = bench.spec("i=0; while [ $i -lt 500 ]; do echo 0123456789; i=$((i+1)); done; echo end");
    spec.log.path = "/dev/full".into();
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tree.wait().await, exited(0));
    let captured = tree.captured();
    assert_eq!((captured.log_bytes, captured.dropped_bytes), (0, 5504));
    assert_eq!(captured.last_line.as_deref(), Some("end"));
}

#[tokio::test]
async fn the_tail_is_the_end_of_a_long_output() {
    let bench = Bench::new("tail").await;
    let mut tree =
        Tree::start(bench.spec("head -c 300000 /dev/zero | tr '\\0' x; echo; echo the end")).unwrap();
    tree.wait().await;
    let tail = tree.captured().tail;
    assert!(tail.len() <= 64 * 1024 && tail.ends_with("x\nthe end\n"));
}

#[tokio::test]
async fn a_program_gets_its_input_and_then_the_end_of_it() {
    let bench = Bench::new("stdin").await;
    let mut spec = bench.argv(&["cat"]);
    let text = "word\n".repeat(40_000);
    spec.stdin = Stdin::Bytes(text.clone().into_bytes());
    let mut tree = Tree::start(spec).unwrap();
    assert_eq!(tree.wait().await, exited(0));
    assert_eq!(bench.log(), text);
}

#[tokio::test]
async fn a_program_that_does_not_read_its_input_is_not_at_fault() {
    let bench = Bench::new("unread").await;
    let mut spec = bench.spec("exit 0");
    spec.stdin = Stdin::Bytes(vec![b'x'; 1 << 20]);
    assert_eq!(Tree::start(spec).unwrap().wait().await, exited(0));
}
