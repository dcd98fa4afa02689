//! The end of a worktree: nothing that only it holds is ever removed.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::{Bench, Done, git, reason};
use crate::workspace::{Cleanup, Kind, cleanup, owned_worktrees, prepare};

fn commit(path: &Path, file: &str) -> Result<String, Box<dyn std::error::Error>> {
    fs::write(path.join(file), file)?;
    git(path, &["add", "--force", file])?;
    git(path, &["commit", "--quiet", "-m", file])?;
    git(path, &["rev-parse", "HEAD"])
}

#[test]
fn a_clean_worktree_goes_and_its_branch_stays() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    let work = commit(&path, "work")?;
    fs::create_dir(path.join("ignored"))?;
    fs::write(path.join("ignored/build"), vec![7; 10_000])?;
    assert!(matches!(bench.end(&path, "t_1")?, Cleanup::Removed { bytes } if bytes >= 10_000));
    assert!(!bench.repo.join(".worktrees").exists());
    assert_eq!(bench.git(&["rev-parse", "andon/t_1"])?, work);
    assert_eq!(bench.git(&["worktree", "list"])?.lines().count(), 1);
    assert!(owned_worktrees(&bench.repo)?.is_empty());
    assert_eq!(bench.end(&path, "t_1")?, Cleanup::Nothing);
    let again = prepare(&bench.request(Kind::Worktree, "t_1"))?;
    assert_eq!(git(&again.path, &["rev-parse", "HEAD"])?, work);
    Ok(())
}

/// Something that a worker leaves, and what the reason for keeping it says.
type Leftover = (&'static str, fn(&Bench, &Path) -> Done);

const LEFTOVERS: [Leftover; 17] = [
    ("uncommitted", |_, at| Ok(fs::write(at.join("file"), "changed")?)),
    ("uncommitted", |_, at| Ok(fs::remove_file(at.join("file"))?)),
    ("uncommitted", |_, at| Ok(fs::write(at.join("new ü"), "untracked")?)),
    ("uncommitted", |_, at| {
        fs::write(at.join("new"), "staged")?;
        git(at, &["add", "new"]).map(drop)
    }),
    ("uncommitted", |bench, at| {
        bench.git(&["config", "status.showUntrackedFiles", "no"])?;
        Ok(fs::write(at.join("new"), "untracked, and hidden by the configuration")?)
    }),
    ("assume-unchanged", |_, at| {
        git(at, &["update-index", "--assume-unchanged", "file"])?;
        Ok(fs::write(at.join("file"), "hidden")?)
    }),
    ("skip-worktree", |_, at| {
        git(at, &["update-index", "--skip-worktree", "file"])?;
        Ok(fs::write(at.join("file"), "hidden")?)
    }),
    ("no branch holds", |_, at| {
        git(at, &["checkout", "--quiet", "--detach"])?;
        commit(at, "adrift").map(drop)
    }),
    ("no branch holds", |_, at| {
        git(at, &["checkout", "--quiet", "--detach"])?;
        commit(at, "left behind")?;
        git(at, &["checkout", "--quiet", "andon/t_1"]).map(drop)
    }),
    ("bisection", |_, at| git(at, &["bisect", "start"]).map(drop)),
    ("merge", |bench, at| {
        commit(at, "ours")?;
        commit(&bench.repo, "theirs")?;
        git(at, &["merge", "--quiet", "--no-commit", "--no-ff", "main"]).map(drop)
    }),
    ("rebase", |_, at| {
        commit(at, "one")?;
        // The step that fails leaves the rebase open.
        let stopped = git(at, &["rebase", "--exec", "false", "HEAD~1"]);
        if stopped.is_ok() { Err("the rebase went through".into()) } else { Ok(()) }
    }),
    ("git stash", |_, at| {
        fs::write(at.join("file"), "stashed")?;
        git(at, &["stash", "push", "--quiet"]).map(drop)
    }),
    ("locked", |bench, at| {
        bench.git(&["worktree", "lock", "--reason", "mine", &at.display().to_string()]).map(drop)
    }),
    ("another git repository", |_, at| {
        fs::create_dir_all(at.join("ignored/clone"))?;
        git(&at.join("ignored/clone"), &["init", "--quiet"]).map(drop)
    }),
    ("index.lock", |bench, _| Ok(fs::write(bench.repo.join(".git/worktrees/t_1/index.lock"), "")?)),
    ("submodules", |bench, at| {
        let source = bench.repo.display().to_string();
        git(at, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &source, "sub"])?;
        git(at, &["commit", "--quiet", "-m", "sub"]).map(drop)
    }),
];

#[test]
fn whatever_only_the_worktree_holds_keeps_it() -> Done {
    for (number, (expected, leave)) in LEFTOVERS.into_iter().enumerate() {
        let bench = Bench::new()?;
        let path = bench.worktree("t_1")?;
        leave(&bench, &path).map_err(|error| format!("leftover {number} ({expected}): {error}"))?;
        let kept = reason(bench.end(&path, "t_1")?)
            .map_err(|error| format!("leftover {number} ({expected}): {error}"))?;
        assert!(kept.contains(expected) && kept.contains("t_1"), "leftover {number}: {kept}");
        assert!(path.join(".git").exists());
        assert_eq!(owned_worktrees(&bench.repo)?.len(), 1, "a kept worktree stays ours");
    }
    Ok(())
}

#[test]
fn rewritten_and_held_commits_do_not_keep_a_worktree() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    commit(&path, "one")?;
    git(&path, &["commit", "--quiet", "--amend", "-m", "better"])?;
    commit(&path, "two")?;
    git(&path, &["rebase", "--quiet", "--force-rebase", "main"])?;
    git(&path, &["checkout", "--quiet", "--detach"])?;
    assert!(matches!(bench.end(&path, "t_1")?, Cleanup::Removed { .. }));
    Ok(())
}

#[test]
fn a_stash_of_another_worktree_does_not_keep_this_one() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    fs::write(bench.repo.join("file"), "stashed in the main checkout")?;
    bench.git(&["stash", "push", "--quiet"])?;
    assert!(matches!(bench.end(&path, "t_1")?, Cleanup::Removed { .. }));
    assert_eq!(bench.git(&["stash", "list"])?.lines().count(), 1);
    Ok(())
}

#[test]
fn only_the_worktree_of_this_very_task_goes() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    assert!(reason(bench.end(&path, "t_2")?)?.contains("not made by Andon for task t_2"));
    assert!(reason(bench.end(&bench.repo, "t_1")?)?.contains("is not a worktree"));
    fs::create_dir(bench.repo.join("sub"))?;
    assert!(reason(bench.end(&bench.repo.join("sub"), "t_1")?)?.contains("is not a worktree"));
    let away = bench.root()?.join("away");
    fs::rename(&path, &away)?;
    symlink(&away, &path)?;
    assert!(reason(bench.end(&path, "t_1")?)?.contains("symbolic link"));
    assert!(away.join("file").exists());
    Ok(())
}

#[test]
fn a_repository_that_is_gone_leaves_the_directory_alone() -> Done {
    let bench = Bench::new()?;
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.path = Some(bench.root()?.join("outside"));
    let path = prepare(&request)?.path;
    fs::remove_dir_all(&bench.repo)?;
    assert!(reason(bench.end(&path, "t_1")?)?.contains("not a usable git worktree"));
    fs::remove_dir_all(&path)?;
    assert_eq!(bench.end(&path, "t_1")?, Cleanup::Nothing);
    Ok(())
}

#[test]
fn a_crash_during_the_removal_is_put_right() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    let trash = bench.repo.join(".worktrees/.andon-removing-t_1");
    // Killed after the rename, before the last look: it comes back whole.
    fs::write(path.join("late"), "written while it was renamed")?;
    fs::rename(&path, &trash)?;
    assert!(reason(bench.end(&path, "t_1")?)?.contains("late"));
    assert!(path.join("late").exists() && !trash.exists());
    fs::rename(&path, &trash)?;
    let again = prepare(&bench.request(Kind::Worktree, "t_1"))?;
    assert!(!again.created && again.path.join("late").exists());
    // Killed after git has forgotten it: the rest goes.
    fs::remove_file(path.join("late"))?;
    fs::rename(&path, &trash)?;
    bench.git(&["worktree", "remove", &path.display().to_string()])?;
    assert_eq!(bench.end(&path, "t_1")?, Cleanup::Nothing);
    assert!(!trash.exists() && owned_worktrees(&bench.repo)?.is_empty());
    Ok(())
}

#[test]
fn the_repository_may_be_named_for_a_worktree_outside_of_it() -> Done {
    let bench = Bench::new()?;
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.path = Some(bench.root()?.join("outside"));
    let prepared = prepare(&request)?;
    fs::remove_dir_all(&prepared.path)?;
    let mut target = bench.target(Kind::Worktree, &prepared.path, "t_1");
    target.repo = prepared.repo;
    assert_eq!(cleanup(&target)?, Cleanup::Nothing);
    assert!(owned_worktrees(&bench.repo)?.is_empty());
    assert_eq!(bench.git(&["worktree", "list"])?.lines().count(), 1);
    Ok(())
}
