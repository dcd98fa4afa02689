//! Where runs work: worktrees that Andon makes and removes without losing anything, scratch folders that go when what was
//! declared of them is kept.

use std::path::{Path, PathBuf};

use andon_tests::{House, wait_until};

fn git(house: &House, folder: &Path, arguments: &[&str]) -> String {
    let mut command = house.foreign("git");
    command.arg("-C").arg(folder).args(arguments);
    House::answer(command).ok()
}

/// A repository with one commit and, where asked, a remote that has it.
fn repository(house: &House, remote: bool) -> PathBuf {
    let repository = house.outside().join("a repository ü");
    std::fs::create_dir_all(&repository).unwrap();
    git(house, &repository, &["init", "--quiet"]);
    std::fs::write(repository.join("read me"), "first\n").unwrap();
    git(house, &repository, &["add", "."]);
    git(house, &repository, &["commit", "--quiet", "--message", "first"]);
    if remote {
        let bare = house.outside().join("remote.git");
        git(house, &house.outside(), &["init", "--quiet", "--bare", bare.to_str().unwrap()]);
        git(house, &repository, &["remote", "add", "origin", bare.to_str().unwrap()]);
        git(house, &repository, &["push", "--quiet", "origin", "main"]);
    }
    repository
}

fn in_worktree(house: &House, repository: &Path, script: &str) -> String {
    let workspace = format!("worktree:{}", repository.display());
    house.create(["in a worktree", "--assignee", "sh", "--workspace", &workspace, "--body", script])
}

fn worktree_of(house: &House, task: &str) -> PathBuf {
    PathBuf::from(house.runs(task)[0]["workspace_path"].as_str().unwrap())
}

const COMMIT: &str = "set -e; echo more >> 'read me'; git commit --quiet --all --message more; git branch --show-current > \"$OUT/branch\"";

#[test]
fn a_worktree_whose_work_is_pushed_goes_and_its_branch_stays() {
    let house = House::new();
    let repository = repository(&house, true);
    let task =
        in_worktree(&house, &repository, &format!("{COMMIT}; git push --quiet --set-upstream origin HEAD"));
    let _ = house.until_idle();
    assert_eq!(house.status(&task), "done");
    let branch = format!("andon/{task}");
    assert_eq!(house.lines("branch"), std::slice::from_ref(&branch));
    let worktree = worktree_of(&house, &task);
    wait_until("the worktree goes", || !worktree.exists());
    assert_eq!(git(&house, &repository, &["log", "-1", "--format=%s", &branch]), "more");
    assert_eq!(git(&house, &repository, &["show", "main:read me"]), "first");
}

#[test]
fn nothing_unpushed_or_uncommitted_is_lost_when_its_task_is_deleted() {
    let house = House::new();
    let repository = repository(&house, true);
    let unpushed = in_worktree(&house, &repository, COMMIT);
    let uncommitted = in_worktree(&house, &repository, "echo notes > notes");
    let _ = house.until_idle();
    let kept = worktree_of(&house, &uncommitted);
    for task in [&unpushed, &uncommitted] {
        assert_eq!(house.status(task), "done");
        let _ = house.andon(["archive", task]).ok();
        let _ = house.andon(["gc", "--event-retention-days", "0", "--log-retention-days", "0"]).ok();
        let _ = house.andon(["delete", task]).ok();
    }
    let branch = format!("andon/{unpushed}");
    assert_eq!(git(&house, &repository, &["log", "-1", "--format=%s", &branch]), "more");
    assert_eq!(std::fs::read_to_string(kept.join("notes")).unwrap(), "notes\n");
}

#[test]
fn many_worktrees_of_one_repository_are_made_at_once() {
    let house = House::new();
    let repository = repository(&house, false);
    let tasks: Vec<String> = (0..8).map(|_| in_worktree(&house, &repository, COMMIT)).collect();
    let _ = house.until_idle();
    for task in &tasks {
        assert_eq!(house.status(task), "done", "{:#}", house.show(task)["runs"]);
    }
    // A supervisor tidies up after the end of its run.
    house.wait_empty();
    git(&house, &repository, &["fsck", "--strict"]);
}

#[test]
fn declared_artifacts_are_kept_before_the_scratch_workspace_goes() {
    let house = House::new();
    let task = house.script(
        "echo 'the report' > report.txt; mkdir out; echo 1,2 > out/data.csv\n\
         printf '{\"summary\": \"written\", \"metadata\": {\"rows\": 1}, \"artifacts\": [\"report.txt\", \"out/data.csv\", \"/etc/hostname\"]}' > \"$ANDON_RESULT\"\n",
    );
    let _ = house.until_idle();
    let shown = house.show(&task);
    assert_eq!(shown["latest_summary"], "written");
    assert_eq!(shown["runs"][0]["metadata"]["rows"], 1);
    let names: Vec<&str> =
        shown["attachments"].as_array().unwrap().iter().filter_map(|kept| kept["name"].as_str()).collect();
    assert!(names.contains(&"report.txt") && names.contains(&"data.csv"), "{names:?}");
    wait_until("the workspace goes", || !house.board().join("workspaces").join(&task).exists());
    let folder = house.board().join("attachments").join(&task);
    let kept = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok());
    assert!(kept.collect::<Vec<_>>().contains(&"the report\n".to_owned()));
}

#[test]
fn a_retry_finds_what_the_attempt_before_it_left() {
    let house = House::new();
    let task = house.script("[ -e half ] && exit 0; touch half; exit 1");
    let _ = house.until_idle();
    assert_eq!(house.outcomes(&task), ["crashed", "completed"]);
}

#[test]
fn a_folder_of_the_users_own_is_never_removed() {
    let house = House::new();
    let folder = house.outside().join("own");
    std::fs::create_dir(&folder).unwrap();
    let workspace = format!("dir:{}", folder.display());
    let task =
        house.create(["in a folder", "--assignee", "sh", "--workspace", &workspace, "--body", "touch made"]);
    let _ = house.until_idle();
    let _ = house.andon(["delete", &task]).ok();
    assert!(folder.join("made").exists());
}
