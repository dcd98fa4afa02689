//! Worktrees: made, found again, and never shared.

use std::{
    collections::HashSet,
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Bench, Done, git};
use crate::workspace::{FailureClass, Kind, OwnedWorktree, WorkspaceError, owned_worktrees, prepare};

#[test]
fn a_retry_finds_its_worktree_as_it_left_it() -> Done {
    let bench = Bench::new()?;
    let request = bench.request(Kind::Worktree, "t_1");
    let first = prepare(&request)?;
    assert_eq!(first.path, bench.repo.join(".worktrees/t_1"));
    assert_eq!((first.branch.as_deref(), first.created), (Some("andon/t_1"), true));
    assert_eq!(first.repo.as_deref(), Some(bench.repo.as_path()));
    fs::write(first.path.join("draft"), "x")?;
    let again = prepare(&request)?;
    assert!(!again.created && again.path.join("draft").exists());
    let mut resolved = request.clone();
    resolved.path = Some(first.path.clone());
    resolved.default_workdir = None;
    assert_eq!(prepare(&resolved)?.path, first.path);
    assert_eq!(bench.git(&["status", "--porcelain"])?, "", "the main checkout stays clean");
    assert_eq!(
        owned_worktrees(&bench.repo)?,
        [OwnedWorktree { task_id: "t_1".to_owned(), path: first.path }]
    );
    Ok(())
}

#[test]
fn a_worker_that_switched_branches_finds_its_worktree_again() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    git(&path, &["switch", "--quiet", "-c", "other"])?;
    let again = prepare(&bench.request(Kind::Worktree, "t_1"))?;
    assert_eq!(again.branch.as_deref(), Some("other"));
    assert!(again.note.is_some_and(|note| note.contains("other") && note.contains("andon/t_1")));
    Ok(())
}

#[test]
fn every_way_to_name_the_place_works() -> Done {
    let bench = Bench::new()?;
    let root = bench.root()?;
    fs::create_dir_all(bench.repo.join("src"))?;
    fs::write(bench.repo.join("src/x"), "")?;
    symlink(&bench.repo, root.join("link"))?;
    git(&root, &["clone", "--quiet", "--bare", "the repo ä", "bare.git"])?;
    fs::create_dir(root.join("empty"))?;
    let cases = [
        (bench.repo.clone(), bench.repo.join(".worktrees/t_0")),
        (bench.repo.join("src"), bench.repo.join(".worktrees/t_1")),
        (root.join("link"), bench.repo.join(".worktrees/t_2")),
        (root.join("bare.git"), root.join("bare.git/.worktrees/t_3")),
        (root.join("empty"), root.join("empty")),
        (root.join("new/deep er"), root.join("new/deep er")),
        (bench.repo.join(".worktrees/named"), bench.repo.join(".worktrees/named")),
    ];
    for (number, (given, made)) in cases.into_iter().enumerate() {
        let mut request = bench.request(Kind::Worktree, &format!("t_{number}"));
        request.path = Some(given);
        let prepared = prepare(&request)?;
        assert_eq!(prepared.path, made);
        assert_eq!(fs::read_to_string(made.join("file"))?, "one\n");
    }
    Ok(())
}

#[test]
fn a_branch_that_is_checked_out_elsewhere_is_refused_with_its_place() -> Done {
    let bench = Bench::new()?;
    let mut request = bench.request(Kind::Worktree, "t_2");
    request.branch = Some("main".to_owned());
    match prepare(&request) {
        Err(WorkspaceError::BranchInUse { branch, at }) => {
            assert_eq!((branch.as_str(), at), ("main", bench.repo.clone()));
        }
        other => panic!("{other:?}"),
    }
    let first = bench.worktree("t_1")?;
    request.branch = Some("andon/t_1".to_owned());
    assert!(matches!(prepare(&request), Err(WorkspaceError::BranchInUse { at, .. }) if at == first));
    assert!(!bench.repo.join(".worktrees/t_2").exists());
    assert_eq!(owned_worktrees(&bench.repo)?.len(), 1, "a refused request leaves no record");
    request.path = Some(first.clone());
    assert!(matches!(prepare(&request), Err(WorkspaceError::WorktreeShared { task, .. }) if task == "t_1"));
    Ok(())
}

#[test]
fn a_branch_whose_worktree_somebody_deleted_can_be_used_again() -> Done {
    let bench = Bench::new()?;
    fs::remove_dir_all(bench.worktree("t_1")?)?;
    let mut request = bench.request(Kind::Worktree, "t_2");
    request.branch = Some("andon/t_1".to_owned());
    assert_eq!(prepare(&request)?.branch.as_deref(), Some("andon/t_1"));
    assert_eq!(owned_worktrees(&bench.repo)?.len(), 1);
    assert!(matches!(
        prepare(&bench.request(Kind::Worktree, "t_1")),
        Err(WorkspaceError::BranchInUse { .. })
    ));
    Ok(())
}

#[test]
fn a_new_branch_starts_at_its_base_and_an_old_one_where_it_was() -> Done {
    let bench = Bench::new()?;
    bench.git(&["branch", "old"])?;
    let first = bench.git(&["rev-parse", "HEAD"])?;
    bench.git(&["commit", "--quiet", "--allow-empty", "-m", "second"])?;
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.base = Some("old".to_owned());
    assert_eq!(git(&prepare(&request)?.path, &["rev-parse", "HEAD"])?, first);
    let mut existing = bench.request(Kind::Worktree, "t_2");
    existing.branch = Some("old".to_owned());
    assert_eq!(git(&prepare(&existing)?.path, &["rev-parse", "HEAD"])?, first);
    assert_ne!(git(&bench.worktree("t_3")?, &["rev-parse", "HEAD"])?, first);
    for base in ["nowhere", "--all", "HEAD:file", "a\nb"] {
        let mut bad = bench.request(Kind::Worktree, "t_4");
        bad.base = Some(base.to_owned());
        assert!(matches!(prepare(&bad), Err(WorkspaceError::NoCommit { base: named, .. }) if named == base));
    }
    Ok(())
}

#[test]
fn what_can_never_become_a_worktree_says_why() -> Done {
    let bench = Bench::new()?;
    let root = bench.root()?;
    fs::create_dir_all(root.join("plain/full"))?;
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.path = Some(root.join("plain"));
    let Err(error) = prepare(&request) else { panic!("accepted") };
    assert!(matches!(error, WorkspaceError::NotARepository { .. }), "{error}");
    assert_eq!(error.class(), FailureClass::Capability);
    request.path = None;
    request.default_workdir = Some(root.join("missing"));
    assert!(matches!(prepare(&request), Err(WorkspaceError::NotARepository { .. })));
    fs::create_dir(root.join("unborn"))?;
    git(&root.join("unborn"), &["init", "--quiet"])?;
    request.default_workdir = Some(root.join("unborn"));
    assert!(matches!(prepare(&request), Err(WorkspaceError::NoCommit { .. })));
    request.default_workdir = Some(bench.repo.clone());
    fs::create_dir_all(bench.repo.join(".worktrees/t_1/mine"))?;
    assert!(matches!(prepare(&request), Err(WorkspaceError::PathOccupied { .. })));
    request.branch = Some("--force".to_owned());
    assert!(matches!(prepare(&request), Err(WorkspaceError::BadBranch { .. })));
    Ok(())
}

#[test]
fn a_linked_worktrees_folder_is_not_followed() -> Done {
    let bench = Bench::new()?;
    fs::create_dir(bench.root()?.join("elsewhere"))?;
    symlink(bench.root()?.join("elsewhere"), bench.repo.join(".worktrees"))?;
    assert!(matches!(bench.worktree("t_1"), Err(WorkspaceError::PathOccupied { .. })));
    Ok(())
}

#[test]
fn a_persons_worktree_is_used_on_its_branch_but_is_not_ours() -> Done {
    let bench = Bench::new()?;
    let path = bench.root()?.join("theirs");
    bench.git(&["worktree", "add", "--quiet", "-b", "topic", &path.display().to_string()])?;
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.path = Some(path.clone());
    assert!(matches!(prepare(&request), Err(WorkspaceError::PathOccupied { .. })));
    request.branch = Some("topic".to_owned());
    assert!(!prepare(&request)?.created);
    assert!(owned_worktrees(&bench.repo)?.is_empty());
    assert!(super::reason(bench.end(&path, "t_1")?)?.contains("was not made by Andon"));
    Ok(())
}

#[test]
fn a_crash_while_git_was_adding_is_put_right() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    let admin = bench.repo.join(".git/worktrees/t_1");
    // Killed in the middle of the checkout: the lock of `worktree add` is there, files are not.
    fs::write(admin.join("locked"), "initializing")?;
    fs::remove_file(path.join("file"))?;
    fs::remove_file(admin.join("index"))?;
    assert!(prepare(&bench.request(Kind::Worktree, "t_1"))?.created);
    assert_eq!(fs::read_to_string(path.join("file"))?, "one\n");
    // Killed before the directory had anything in it.
    fs::write(admin.join("locked"), "initializing")?;
    fs::remove_dir_all(&path)?;
    fs::create_dir(&path)?;
    assert!(prepare(&bench.request(Kind::Worktree, "t_1"))?.created);
    // The directory is gone, git's notes are not.
    fs::remove_dir_all(&path)?;
    assert!(prepare(&bench.request(Kind::Worktree, "t_1"))?.created);
    assert_eq!(git(&path, &["status", "--porcelain"])?, "");
    Ok(())
}

#[test]
fn notes_of_worktrees_that_are_not_ours_are_never_pruned() -> Done {
    let bench = Bench::new()?;
    let theirs = bench.root()?.join("on a stick");
    bench.git(&["worktree", "add", "--quiet", "-b", "topic", &theirs.display().to_string()])?;
    let away = bench.root()?.join("unplugged");
    fs::rename(&theirs, &away)?;
    let path = bench.worktree("t_1")?;
    fs::remove_dir_all(&path)?;
    bench.worktree("t_1")?;
    bench.end(&path, "t_1")?;
    fs::rename(&away, &theirs)?;
    assert_eq!(git(&theirs, &["branch", "--show-current"])?, "topic");
    Ok(())
}

#[test]
fn racing_threads_get_one_worktree_each() -> Done {
    let bench = Bench::new()?;
    let paths: Vec<Result<PathBuf, WorkspaceError>> = thread::scope(|scope| {
        let bench = &bench;
        let racers: Vec<_> =
            (0..8).map(|number| scope.spawn(move || bench.worktree(&format!("t_{number}")))).collect();
        racers.into_iter().filter_map(|racer| racer.join().ok()).collect()
    });
    let paths = paths.into_iter().collect::<Result<HashSet<_>, _>>()?;
    assert_eq!(paths.len(), 8);
    for path in paths {
        assert_eq!(git(&path, &["status", "--porcelain"])?, "");
    }
    let exclude = fs::read_to_string(bench.repo.join(".git/info/exclude"))?;
    assert_eq!(exclude.matches(".worktrees").count(), 1);
    Ok(())
}

/// The name by which the test binary runs one test of this file.
fn test_name(test: &str) -> String {
    let module = module_path!().split_once("::").map_or("", |(_, module)| module);
    format!("{module}::{test}")
}

const RACE: &str = "ANDON_TEST_WORKTREE_RACE";

#[test]
fn racing_processes_prepare_and_end_worktrees_of_one_repository() -> Done {
    let bench = Bench::new()?;
    if let Some(repo) = env::var_os(RACE) {
        // One of the racers: the same test in another process.
        let mut request = bench.request(Kind::Worktree, "");
        request.default_workdir = Some(PathBuf::from(repo));
        for round in 0..3 {
            request.task_id = format!("t_{}_{round}", std::process::id());
            let path = prepare(&request)?.path;
            assert!(matches!(bench.end(&path, &request.task_id)?, crate::workspace::Cleanup::Removed { .. }));
        }
        return Ok(());
    }
    let name = test_name("racing_processes_prepare_and_end_worktrees_of_one_repository");
    let racers = (0..8).map(|_| {
        let mut racer = Command::new(env::current_exe()?);
        racer.args(["--exact", &name, "--nocapture"]).env(RACE, &bench.repo);
        // Started from a git hook, they would inherit these.
        racer.env("GIT_DIR", "/nowhere").env("GIT_INDEX_FILE", "/nowhere/index");
        racer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    });
    for racer in racers.collect::<Result<Vec<_>, _>>()? {
        let output = racer.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
    assert!(owned_worktrees(&bench.repo)?.is_empty());
    assert_eq!(bench.git(&["branch", "--list", "andon/*"])?.lines().count(), 24, "branches stay");
    bench.git(&["fsck", "--strict"])?;
    Ok(())
}

const VICTIM: &str = "ANDON_TEST_WORKTREE_VICTIM";

#[test]
fn a_git_that_outlives_its_killed_parent_keeps_the_lock() -> Done {
    if let Some(repo) = env::var_os(VICTIM) {
        let mut request = Bench::new()?.request(Kind::Worktree, "t_1");
        request.default_workdir = Some(PathBuf::from(repo));
        prepare(&request)?;
        return Ok(());
    }
    let bench = Bench::new()?;
    // The checkout stops in a filter until it is told to go on.
    let (started, go) = (bench.root()?.join("started"), bench.root()?.join("go"));
    let filter =
        format!("touch '{}'; while [ ! -e '{}' ]; do sleep 0.01; done; cat", started.display(), go.display());
    bench.git(&["config", "filter.slow.smudge", &filter])?;
    fs::write(bench.repo.join(".gitattributes"), "slow filter=slow\n")?;
    fs::write(bench.repo.join("slow"), "content\n")?;
    bench.git(&["add", "."])?;
    bench.git(&["commit", "--quiet", "-m", "slow"])?;
    let mut victim = Command::new(env::current_exe()?)
        .args(["--exact", &test_name("a_git_that_outlives_its_killed_parent_keeps_the_lock"), "--nocapture"])
        .env(VICTIM, &bench.repo)
        .stdout(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !started.exists() {
        assert!(Instant::now() < deadline && victim.try_wait()?.is_none(), "the victim did not get that far");
        thread::sleep(Duration::from_millis(5));
    }
    victim.kill()?;
    victim.wait()?;
    let lock = fs::File::open(bench.repo.join(".git/andon.lock"))?;
    assert!(matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)), "its git still works there");
    fs::write(&go, "")?;
    let prepared = prepare(&bench.request(Kind::Worktree, "t_1"))?;
    assert_eq!(fs::read_to_string(prepared.path.join("slow"))?, "content\n");
    assert_eq!(git(&prepared.path, &["status", "--porcelain"])?, "");
    Ok(())
}

#[test]
fn hooks_of_the_repository_do_not_run() -> Done {
    let bench = Bench::new()?;
    let ran = bench.root()?.join("ran");
    let hook = bench.repo.join(".git/hooks/post-checkout");
    fs::create_dir_all(bench.repo.join(".git/hooks"))?;
    fs::write(&hook, format!("#!/bin/sh\ntouch '{}'\n", ran.display()))?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    bench.worktree("t_1")?;
    assert!(!ran.exists());
    Ok(())
}
