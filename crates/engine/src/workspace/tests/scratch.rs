//! Scratch and plain directories.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use super::{Bench, Done, reason};
use crate::workspace::{Cleanup, Kind, WorkspaceError, cleanup, prepare};

#[test]
fn a_scratch_directory_is_private_and_survives_a_retry() -> Done {
    let bench = Bench::new()?;
    let request = bench.request(Kind::Scratch, "t_1");
    let first = prepare(&request)?;
    assert!(first.created);
    assert_eq!(fs::metadata(&first.path)?.permissions().mode() & 0o777, 0o700);
    fs::write(first.path.join("kept"), "x")?;
    let again = prepare(&request)?;
    assert!(!again.created && again.path.join("kept").exists());
    let mut clean = request.clone();
    clean.clean = true;
    let emptied = prepare(&clean)?;
    assert!(emptied.note.is_some() && fs::read_dir(emptied.path)?.next().is_none());
    Ok(())
}

#[test]
fn a_scratch_directory_goes_with_read_only_folders_in_it() -> Done {
    let bench = Bench::new()?;
    let path = prepare(&bench.request(Kind::Scratch, "t_1"))?.path;
    fs::create_dir_all(path.join("mod/cache"))?;
    fs::write(path.join("mod/cache/x"), vec![1; 8192])?;
    fs::set_permissions(path.join("mod/cache"), fs::Permissions::from_mode(0o500))?;
    let target = bench.target(Kind::Scratch, &path, "t_1");
    assert!(matches!(cleanup(&target)?, Cleanup::Removed { bytes } if bytes >= 8192));
    assert_eq!(cleanup(&target)?, Cleanup::Nothing);
    Ok(())
}

#[test]
fn a_managed_root_and_what_is_outside_are_never_removed() -> Done {
    let bench = Bench::new()?;
    let root = bench.folder.path().join("workspaces");
    fs::create_dir_all(root.join("t_1/deeper/t_1"))?;
    let projects = bench.folder.path().join("t_9");
    fs::create_dir(&projects)?;
    for (path, task) in [(&root, "workspaces"), (&projects, "t_9"), (&bench.repo, "t_1")] {
        let kept = reason(cleanup(&bench.target(Kind::Scratch, path, task))?)?;
        assert!(kept.contains("managed folder"), "{kept}");
        assert!(path.exists());
    }
    let mut nested = bench.target(Kind::Scratch, &root.join("t_1"), "t_1");
    nested.managed_roots.push(root.join("t_1/deeper"));
    assert!(reason(cleanup(&nested)?)?.contains("holds one"));
    let other = bench.target(Kind::Scratch, &root.join("t_1"), "t_2");
    assert!(reason(cleanup(&other)?)?.contains("not named after its task t_2"));
    let mut climbing = nested.clone();
    climbing.path = root.join("t_1/../../t_9");
    assert!(matches!(cleanup(&climbing), Err(WorkspaceError::BadPath { .. })));
    Ok(())
}

#[test]
fn a_symbolic_link_never_leads_the_removal_away() -> Done {
    let bench = Bench::new()?;
    let root = bench.folder.path().join("workspaces");
    let precious = bench.folder.path().join("precious");
    fs::create_dir_all(precious.join("t_1"))?;
    fs::create_dir_all(&root)?;
    symlink(&precious, root.join("t_1"))?;
    symlink(&precious, root.join("deeper"))?;
    for path in [root.join("t_1"), root.join("deeper/t_1")] {
        let kept = reason(cleanup(&bench.target(Kind::Scratch, &path, "t_1"))?)?;
        assert!(kept.contains("no directory of its own"), "{kept}");
    }
    assert!(matches!(
        prepare(&bench.request(Kind::Scratch, "t_1")),
        Err(WorkspaceError::PathOccupied { .. })
    ));
    fs::remove_file(root.join("t_1"))?;
    let path = prepare(&bench.request(Kind::Scratch, "t_1"))?.path;
    symlink(&precious, path.join("inside"))?;
    assert!(matches!(cleanup(&bench.target(Kind::Scratch, &path, "t_1"))?, Cleanup::Removed { .. }));
    assert!(precious.join("t_1").exists());
    Ok(())
}

#[test]
fn a_root_that_is_reached_through_a_link_is_still_managed() -> Done {
    let bench = Bench::new()?;
    fs::create_dir(bench.folder.path().join("real"))?;
    let alias = bench.folder.path().join("alias");
    symlink(bench.folder.path().join("real"), &alias)?;
    let mut request = bench.request(Kind::Scratch, "t_1");
    request.scratch_root = alias.join("workspaces");
    let path = prepare(&request)?.path;
    let mut target = bench.target(Kind::Scratch, &path, "t_1");
    target.managed_roots = vec![request.scratch_root];
    assert!(matches!(cleanup(&target)?, Cleanup::Removed { .. }));
    Ok(())
}

#[test]
fn a_plain_directory_is_made_and_never_removed_or_reset() -> Done {
    let bench = Bench::new()?;
    let mut request = bench.request(Kind::Dir, "t_1");
    let path = bench.folder.path().join("a/b c");
    request.path = Some(path.clone());
    assert!(prepare(&request)?.created);
    fs::write(path.join("mine"), "x")?;
    request.clean = true;
    let again = prepare(&request)?;
    assert!(!again.created && again.note.is_some() && path.join("mine").exists());
    let mut target = bench.target(Kind::Dir, &path, "t_1");
    target.managed_roots.push(bench.folder.path().to_owned());
    assert_eq!(cleanup(&target)?, Cleanup::Nothing);
    assert!(path.join("mine").exists());
    Ok(())
}

#[test]
fn unusable_requests_are_refused_before_anything_is_made() -> Done {
    let bench = Bench::new()?;
    let mut relative = bench.request(Kind::Dir, "t_1");
    relative.path = Some(PathBuf::from("here"));
    assert!(matches!(prepare(&relative), Err(WorkspaceError::RelativePath { .. })));
    let mut none = bench.request(Kind::Dir, "t_1");
    none.default_workdir = None;
    assert!(matches!(prepare(&none), Err(WorkspaceError::NoPath { .. })));
    let mut file = bench.request(Kind::Dir, "t_1");
    file.path = Some(bench.repo.join("file/below"));
    assert!(matches!(prepare(&file), Err(WorkspaceError::PathOccupied { .. })));
    for id in ["", "../x", "a/b", "a b", "."] {
        assert!(matches!(prepare(&bench.request(Kind::Scratch, id)), Err(WorkspaceError::BadId { .. })));
    }
    let mut elsewhere = bench.request(Kind::Scratch, "t_1");
    elsewhere.path = Some(bench.repo.clone());
    assert!(matches!(prepare(&elsewhere), Err(WorkspaceError::BadPath { .. })));
    Ok(())
}
