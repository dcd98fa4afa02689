//! Names from outside.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use andon_store::files::Reach;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use super::Done;
use crate::workspace::{FailureClass, Kind, WorkspaceError, artifacts, validate_branch, validate_workspace};

#[test]
fn every_form_of_a_workspace_is_understood() -> Done {
    let home = Path::new("/people/ü b");
    let cases = [
        ("scratch", Kind::Scratch, None),
        ("worktree", Kind::Worktree, None),
        ("dir", Kind::Dir, None),
        ("dir:/a//b/", Kind::Dir, Some("/a/b")),
        ("worktree:~/re po", Kind::Worktree, Some("/people/ü b/re po")),
        ("dir:~", Kind::Dir, Some("/people/ü b")),
        ("dir:/with:colon", Kind::Dir, Some("/with:colon")),
    ];
    for (text, kind, path) in cases {
        assert_eq!(validate_workspace(text, Some(home))?, (kind, path.map(PathBuf::from)), "{text}");
    }
    Ok(())
}

#[test]
fn a_refused_workspace_is_named_in_the_error() {
    let bad = [
        "",
        "scratch:/x",
        "tree",
        "dir:",
        "worktree:",
        "dir:rel/ative",
        "worktree:./x",
        "dir:/a/../b",
        "dir:~bob/x",
        "dir:/a\0b",
        "dir:/a\nb",
        "DIR:/a",
    ];
    for text in bad {
        let Err(error) = validate_workspace(text, Some(Path::new("/people/me"))) else {
            panic!("{text:?} was accepted");
        };
        assert_eq!(error.class(), FailureClass::Input);
        let value = text.split_once(':').map_or(text, |(_, rest)| rest);
        let shown = format!("{value:?}");
        assert!(error.to_string().contains(shown.trim_matches('"')), "{error}");
    }
    assert!(matches!(validate_workspace("dir:~/x", None), Err(WorkspaceError::BadPath { .. })));
}

#[test]
fn hostile_branch_names_are_refused_with_their_name() {
    let bad = [
        "", "-x", "--force", "a b", "a\tb", "a\0b", "a\nb", "a..b", "a~1", "a^", "a:b", "a?b", "a*b", "a[b",
        "a\\b", "a.lock", "a.lock/b", "a/", "/a", "a//b", "a.", ".a", "a/.b", "a@{1}", "@", "HEAD", "@{-1}",
        "a\u{7f}b",
    ];
    for name in bad {
        let Err(error) = validate_branch(name) else { panic!("{name:?} was accepted") };
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
    for name in ["main", "andon/t_abc", "feature/ü-板", "a@b", "v1.2", "a.locked"] {
        assert!(validate_branch(name).is_ok(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Git itself is the judge, except where we are stricter on purpose.
    #[test]
    fn branch_rules_agree_with_git(name in "[-ab/.@{~^:?*\\[\\\\ lock]{1,8}") {
        let git = Command::new("git").args(["check-ref-format", &format!("refs/heads/{name}")]).status();
        let git = git.is_ok_and(|status| status.success());
        let stricter = name.starts_with('-') || name == "@" || name == "HEAD";
        prop_assert_eq!(validate_branch(&name).is_ok(), git && !stricter, "{}", name);
    }
}

#[test]
fn artifacts_are_regular_files_of_the_workspace() -> Done {
    let folder = tempfile::tempdir()?;
    let (inside, outside) = (folder.path().join("ws"), folder.path().join("secret.txt"));
    std::fs::create_dir_all(inside.join("sub dir"))?;
    std::fs::write(&outside, "secret")?;
    std::fs::write(inside.join("report.md"), "hello")?;
    std::fs::write(inside.join("sub dir/report.md"), "other")?;
    std::os::unix::fs::symlink(&outside, inside.join("link"))?;
    std::os::unix::fs::symlink("report.md", inside.join("alias.md"))?;
    std::fs::File::create(inside.join("huge"))?.set_len(artifacts_limit() + 1)?;
    let outside_text = outside.display().to_string();
    let declared = [
        "report.md",
        "sub dir/report.md",
        "./report.md",
        "alias.md",
        "../secret.txt",
        "link",
        "sub dir",
        "huge",
        "none",
        "",
        outside_text.as_str(),
    ];
    let declared = declared.map(str::to_owned);
    let (found, problems) = artifacts(&declared, &inside, Reach::Anywhere);
    let names: Vec<_> = found.iter().map(|artifact| (artifact.name.as_str(), artifact.size)).collect();
    assert_eq!(names, [("report.md", 5), ("report-2.md", 5), ("secret.txt", 6)]);
    assert_eq!(problems.len(), 6, "{problems:?}");
    for name in ["../secret.txt", "link", "sub dir", "huge", "none"] {
        assert!(problems.iter().any(|problem| problem.contains(&format!("{name:?}"))), "{name}");
    }
    // What a worker names lies in its workspace, however it says so; what somebody elsewhere names lies nowhere.
    let inside_link = inside.join("link").display().to_string();
    let said = ["report.md", "link", inside_link.as_str(), outside_text.as_str()].map(str::to_owned);
    let (found, problems) = artifacts(&said, &inside, Reach::Workspace);
    assert_eq!((found.len(), problems.len()), (1, 3), "{found:?} {problems:?}");
    assert_eq!(artifacts(&said, &inside, Reach::Nowhere).1.len(), said.len());
    Ok(())
}

fn artifacts_limit() -> u64 {
    crate::workspace::ARTIFACT_LIMIT
}
