//! `--clean` of a worktree: what was there is on a side branch afterwards.

use std::fs;

use super::{Bench, Done, git};
use crate::workspace::{Kind, Prepared, WorkspaceError, prepare};

fn clean(bench: &Bench) -> Result<Prepared, WorkspaceError> {
    let mut request = bench.request(Kind::Worktree, "t_1");
    request.clean = true;
    prepare(&request)
}

#[test]
fn uncommitted_work_is_kept_on_a_side_branch() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    git(&path, &["commit", "--quiet", "--allow-empty", "-m", "done"])?;
    let tip = git(&path, &["rev-parse", "HEAD"])?;
    fs::write(path.join("file"), "staged\n")?;
    git(&path, &["add", "file"])?;
    fs::write(path.join("file"), "on disk\n")?;
    fs::write(path.join("new ü"), "untracked\n")?;
    fs::create_dir(path.join("ignored"))?;
    fs::write(path.join("ignored/env"), "x")?;
    git(&path, &["add", "--force", "ignored/env"])?;
    let prepared = clean(&bench)?;
    assert!(prepared.note.is_some_and(|note| note.contains("andon/kept/t_1-R1")));
    assert_eq!(prepared.branch.as_deref(), Some("andon/t_1"));
    assert_eq!(git(&path, &["status", "--porcelain"])?, "");
    assert_eq!(git(&path, &["rev-parse", "HEAD"])?, tip, "commits on the branch stay");
    assert_eq!(fs::read_to_string(path.join("file"))?, "one\n");
    let show = |what: &str| bench.git(&["show", &format!("andon/kept/t_1-R1{what}")]);
    assert_eq!(show(":file")?, "on disk");
    assert_eq!(show(":new ü")?, "untracked");
    assert_eq!(show(":ignored/env")?, "x");
    assert_eq!(show("~1:file")?, "staged");
    assert_eq!(bench.git(&["rev-parse", "andon/kept/t_1-R1~2"])?, tip);
    // The same run may do it again, and overwrites nothing.
    fs::write(path.join("file"), "again\n")?;
    assert!(clean(&bench)?.note.is_some_and(|note| note.contains("andon/kept/t_1-R1-2")));
    assert_eq!(show(":file")?, "on disk");
    Ok(())
}

#[test]
fn a_clean_worktree_makes_no_side_branch() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    fs::create_dir(path.join("ignored"))?;
    assert_eq!(clean(&bench)?.note, None);
    assert!(path.join("ignored").exists());
    assert_eq!(bench.git(&["branch", "--list", "andon/kept/*"])?, "");
    Ok(())
}

#[test]
fn work_in_the_middle_of_a_merge_or_off_the_branch_is_kept_too() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    git(&path, &["checkout", "--quiet", "--detach"])?;
    fs::write(path.join("file"), "mine\n")?;
    git(&path, &["commit", "--quiet", "--all", "-m", "adrift"])?;
    let adrift = git(&path, &["rev-parse", "HEAD"])?;
    fs::write(bench.repo.join("file"), "theirs\n")?;
    bench.git(&["commit", "--quiet", "--all", "-m", "theirs"])?;
    assert!(git(&path, &["merge", "--quiet", "main"]).is_err(), "the merge conflicts");
    assert_eq!(clean(&bench)?.branch.as_deref(), Some("andon/t_1"));
    assert_eq!(git(&path, &["status", "--porcelain"])?, "");
    assert_eq!(git(&path, &["branch", "--show-current"])?, "andon/t_1");
    assert_eq!(bench.git(&["rev-parse", "andon/kept/t_1-R1~1"])?, adrift);
    assert!(bench.git(&["show", "andon/kept/t_1-R1:file"])?.contains("<<<<<<<"));
    Ok(())
}

#[test]
fn an_open_rebase_is_ended_and_its_branch_is_back() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    git(&path, &["commit", "--quiet", "--allow-empty", "-m", "one"])?;
    assert!(git(&path, &["rebase", "--exec", "false", "--force-rebase", "HEAD~1"]).is_err());
    assert_eq!(clean(&bench)?.branch.as_deref(), Some("andon/t_1"));
    assert!(!bench.repo.join(".git/worktrees/t_1/rebase-merge").exists());
    assert_eq!(git(&path, &["branch", "--show-current"])?, "andon/t_1");
    Ok(())
}

#[test]
fn changes_that_the_index_hides_are_kept_too() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    for (flag, run) in [("--assume-unchanged", "R1"), ("--skip-worktree", "R1-2")] {
        git(&path, &["update-index", flag, "file"])?;
        fs::write(path.join("file"), flag)?;
        assert!(clean(&bench)?.note.is_some());
        assert_eq!(fs::read_to_string(path.join("file"))?, "one\n");
        assert_eq!(bench.git(&["show", &format!("andon/kept/t_1-{run}:file")])?, flag);
    }
    Ok(())
}

#[test]
fn a_nested_repository_refuses_the_reset() -> Done {
    let bench = Bench::new()?;
    let path = bench.worktree("t_1")?;
    fs::create_dir(path.join("nested"))?;
    git(&path.join("nested"), &["init", "--quiet"])?;
    fs::write(path.join("nested/work"), "x")?;
    assert!(matches!(clean(&bench), Err(WorkspaceError::CannotClean { .. })));
    assert!(path.join("nested/work").exists());
    Ok(())
}
