//! What a program starts with, and why it does not.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn a_program_has_the_given_environment_and_nothing_else() {
    let bench = Bench::new("env").await;
    let mut spec = bench.argv(&["env"]);
    spec.env.push(("A".into(), "b c".into()));
    let mut tree = Tree::start(spec).unwrap();
    tree.wait().await;
    let log = bench.log();
    let mut lines: Vec<&str> = log.lines().collect();
    lines.sort_unstable();
    let marker = format!("ANDON_TEST_RUN={}", bench.marker.1.to_str().unwrap());
    assert_eq!(lines, ["A=b c", &marker, "PATH=/usr/local/bin:/usr/bin:/bin"]);
}

#[tokio::test]
async fn a_program_inherits_no_descriptor_even_of_a_careless_library() {
    let bench = Bench::new("fds").await;
    let careless = rustix::io::dup(fs::File::open("/dev/null").unwrap()).unwrap();
    let leaked =
        format!("[ -e /proc/$$/fd/{} ] && exit 1; exit 0", std::os::fd::AsRawFd::as_raw_fd(&careless));
    assert_eq!(Tree::start(bench.spec(&leaked)).unwrap().wait().await, exited(0));
}

#[tokio::test]
async fn a_missing_program_is_not_found() {
    let bench = Bench::new("missing").await;
    for program in ["no-such-program", "./no-such-program", "/no/such/program"] {
        let error = Tree::start(bench.argv(&[program])).unwrap_err();
        assert!(matches!(error, StartError::NotFound { .. }), "{error:?}");
        assert_eq!(error.exit_code(), Some(127));
        assert!(error.to_string().contains(program), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_program_is_not_executable() {
    let bench = Bench::new("noexec").await;
    fs::write(bench.path("text"), "hello").unwrap();
    fs::write(bench.path("lost"), "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(bench.path("lost"), fs::Permissions::from_mode(0o755)).unwrap();
    for program in ["./text", "./lost", "/"] {
        let error = Tree::start(bench.argv(&[program])).unwrap_err();
        assert!(matches!(error, StartError::NotExecutable { .. }), "{program}: {error:?}");
        assert_eq!(error.exit_code(), Some(126));
    }
}

#[tokio::test]
async fn a_lost_workspace_and_a_lost_log_are_told_apart_from_the_program() {
    let bench = Bench::new("lost").await;
    let mut spec = bench.spec("exit 0");
    spec.cwd = bench.path("gone");
    assert!(
        matches!(Tree::start(spec).unwrap_err(), StartError::Workspace { path, .. } if path == bench.path("gone"))
    );
    let mut spec = bench.spec("exit 0");
    spec.log.path = bench.path("gone/log");
    assert!(
        matches!(Tree::start(spec).unwrap_err(), StartError::Log { path, .. } if path == bench.path("gone/log"))
    );
}

#[tokio::test]
async fn an_empty_command_and_a_nul_byte_are_refused() {
    let bench = Bench::new("bad").await;
    for argv in [&[][..], &[""], &["sh", "a\0b"]] {
        assert!(matches!(Tree::start(bench.argv(argv)).unwrap_err(), StartError::Other { .. }), "{argv:?}");
    }
}

#[tokio::test]
async fn a_failed_start_leaves_no_control_group() {
    let bench = Bench::new("group-left").await;
    fs::write(bench.path("lost"), "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(bench.path("lost"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = bench.argv(&["./lost"]);
    spec.cgroup = Some(format!("failed-{}", std::process::id()));
    let name = spec.cgroup.clone().unwrap();
    Tree::start(spec).unwrap_err();
    if let Ok(group) = Cgroup::create("probe") {
        assert!(!group.path().with_file_name(name).exists());
        group.remove().unwrap();
    }
}

#[tokio::test]
async fn limits_are_set_or_reported() {
    let bench = Bench::new("limits").await;
    let limits = Limits { memory_bytes: Some(64 << 20), cpu_percent: Some(50), pids: Some(20) };
    let mut spec = bench.spec("exit 0");
    spec.limits = limits;
    spec.cgroup = None;
    let tree = Tree::start(spec).unwrap();
    assert_eq!(tree.limits_unavailable().len(), 3);
    let mut spec = bench.spec("sleep 600");
    spec.limits = limits;
    let mut tree = Tree::start(spec).unwrap();
    let set = |file: &str| {
        let group = tree.cgroup_path()?;
        fs::read_to_string(group.join(file)).ok().map(|text| text.trim().to_owned())
    };
    for (file, value) in [("memory.max", "67108864"), ("cpu.max", "50000 100000"), ("pids.max", "20")] {
        let reported = tree.limits_unavailable().iter().any(|text| text.starts_with(file));
        assert!(reported || set(file).as_deref() == Some(value), "{file}");
    }
    tree.finish(Duration::ZERO).await;
}
