//! What profiles on disk, packages and runners promise.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::runner::{AgentFacts, TaskFacts, invocation};
use super::*;

fn shell(name: &str) -> NewProfile {
    let settings = Settings { runner: Some(Runner::Shell), ..Settings::default() };
    NewProfile { name: name.to_owned(), settings, instructions: None }
}

fn home_with(profiles: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in profiles {
        let folder = home.path().join("profiles").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("profile.toml"), text).unwrap();
    }
    home
}

fn add_skill(home: &Path, profile: &str, skill: &str) {
    let folder = home.join("profiles").join(profile).join("skills").join(skill);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), format!("# {skill}\n")).unwrap();
}

#[test]
fn a_home_without_profiles_has_none() {
    let home = tempfile::tempdir().unwrap();
    let profiles = Profiles::load(home.path());
    assert!(profiles.valid.is_empty() && profiles.broken.is_empty() && profiles.unreadable.is_none());
}

#[test]
fn one_broken_profile_keeps_no_other_from_working() {
    let home = home_with(&[
        ("coder", "runner = \"shell\""),
        ("typo", "runer = \"shell\""),
        ("Upper", "runner = \"shell\""),
        ("root", "runner = \"shell\""),
        ("skilled", "runner = \"shell\"\nskills = [\"gitt\"]"),
    ]);
    add_skill(home.path(), "skilled", "git");
    fs::create_dir_all(home.path().join("profiles/half")).unwrap();
    fs::create_dir_all(home.path().join("profiles/.coder.new-1-0")).unwrap();
    fs::write(home.path().join("profiles/README.md"), "").unwrap();
    let profiles = Profiles::load(home.path());
    assert_eq!(profiles.names().collect::<Vec<_>>(), ["coder"]);
    let broken: Vec<String> = profiles
        .broken
        .values()
        .map(|error| error.to_string().replace(&format!("{}/profiles/", home.path().display()), ""))
        .collect();
    assert_eq!(
        broken,
        [
            "Upper: a profile's folder is written in lower case, `upper`; rename the folder",
            "half has no profile.toml, so it is no profile: write one, or remove the folder with `andon profile rm`",
            "root: \"root\" is not a profile name: it is one of the reserved words hermes, test, tmp, root, sudo, none, \
             null, person, user, operator, anyone; rename the folder",
            "skilled/profile.toml: `skills` names `gitt`, which the profile does not have; did you mean `git`?",
            "typo/profile.toml:1:1: unknown key `runer`; did you mean `runner`?",
        ]
    );
    let error = profiles.require("half").unwrap_err();
    assert_eq!(error.code(), "profile_broken");
    assert!(error.to_string().starts_with("the profile `half` is broken: "), "{error}");
}

#[test]
fn a_profile_is_found_in_any_case_and_a_missing_one_by_its_nearest_name() {
    let home = home_with(&[("coder", "runner = \"shell\""), ("writer", "runner = \"lane\"")]);
    let profiles = Profiles::load(home.path());
    assert!(profiles.exists(" CODER ") && !profiles.exists("codr") && !profiles.exists("../coder"));
    assert_eq!(profiles.nearest("codr"), Some("coder"));
    let message = profiles.require("codr").unwrap_err().to_string();
    assert_eq!(message, "no profile is called `codr`; did you mean `coder`?");
    assert_eq!(Profiles::load_one(home.path(), "codr").unwrap_err().to_string(), message);
    assert_eq!(Profiles::load_one(home.path(), "Coder").unwrap(), profiles.valid["coder"]);
}

#[test]
fn what_is_created_is_what_is_loaded() {
    let home = tempfile::tempdir().unwrap();
    let mut new = shell("Coder");
    new.settings.description = Some("says \"hi\"\nin two lines".to_owned());
    new.settings.env.insert("LANG".to_owned(), "C".to_owned());
    new.settings.max_running = Some(3);
    new.instructions = Some("Be kind.\n".to_owned());
    assert_eq!(create(home.path(), &new).unwrap().as_str(), "coder");
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    assert_eq!(profile.settings, new.settings);
    assert_eq!(profile.instructions().unwrap().as_deref(), Some("Be kind.\n"));
    assert_eq!((profile.ends_by(), profile.assignable_by()), (EndsBy::Exit, AssignableBy::Person));
    let mode = fs::metadata(profile.folder.join("profile.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(create(home.path(), &new).unwrap_err().code(), "profile_exists");
    assert_eq!(fs::read_dir(home.path().join("profiles")).unwrap().count(), 1);
}

#[test]
fn nothing_is_created_from_a_wrong_profile() {
    let home = tempfile::tempdir().unwrap();
    for (new, code) in [
        (shell("../x"), "profile_bad_name"),
        (shell("root"), "profile_bad_name"),
        (NewProfile { name: "a".to_owned(), ..NewProfile::default() }, "profile_invalid"),
        (
            NewProfile {
                settings: Settings { skills: vec!["git".to_owned()], ..shell("a").settings },
                ..shell("a")
            },
            "profile_missing_skill",
        ),
    ] {
        assert_eq!(create(home.path(), &new).unwrap_err().code(), code);
    }
    assert!(!home.path().join("profiles").exists());
}

#[test]
fn of_two_creators_of_one_name_exactly_one_succeeds() {
    let home = tempfile::tempdir().unwrap();
    let succeeded = std::thread::scope(|scope| {
        let creators: Vec<_> =
            (0..8).map(|_| scope.spawn(|| create(home.path(), &shell("coder")).is_ok())).collect();
        creators.into_iter().filter_map(|creator| creator.join().ok()).filter(|won| *won).count()
    });
    assert_eq!(succeeded, 1);
    assert_eq!(fs::read_dir(home.path().join("profiles")).unwrap().count(), 1);
}

#[test]
fn an_edit_keeps_what_it_does_not_name() {
    let text = "# Ours.\nrunner = \"shell\" # script\nmax_running = 2   # two at once\n\n[env]\nA = \"1\" # one\nB = \"2\"\n";
    let home = home_with(&[("coder", text)]);
    let changes = Changes::new()
        .set("max_running", 3)
        .set_text("max_runtime", "90")
        .env("C", "3")
        .unset("env.B")
        .unset("model")
        .instructions(Some("New."));
    let profile = edit(home.path(), "coder", &changes).unwrap();
    assert_eq!(profile.settings.max_running, Some(3));
    let written = fs::read_to_string(profile.folder.join("profile.toml")).unwrap();
    assert_eq!(
        written,
        "# Ours.\nrunner = \"shell\" # script\nmax_running = 3   # two at once\nmax_runtime = \"1m30s\"\n\n[env]\nA = \"1\" # one\nC = \"3\"\n"
    );
    assert_eq!(profile.instructions().unwrap().as_deref(), Some("New."));
    assert_eq!(Profiles::load_one(home.path(), "coder").unwrap(), profile);
    edit(home.path(), "coder", &Changes::new().instructions(None)).unwrap();
    assert_eq!(profile.instructions().unwrap(), None);
}

#[test]
fn a_wrong_edit_changes_nothing() {
    let text = "runner = \"shell\"\n";
    let home = home_with(&[("coder", text)]);
    for (changes, message) in [
        (Changes::new().set("modle", "x"), "unknown key `modle`; did you mean `model`?"),
        (
            Changes::new().set_text("max_running", "x"),
            "`max_running` must be a whole number from 1 to 100000, not \"x\"",
        ),
        (Changes::new().set("max_running", 0), "must be a whole number from 1 to 100000, not 0"),
        (Changes::new().unset("runner"), "`runner` is missing"),
        (Changes::new().env("ANDON_TASK", "x"), "set by Andon itself"),
        (Changes::new().set("skills", toml_edit::Array::from_iter(["git"])), "names `git`"),
    ] {
        let error = edit(home.path(), "coder", &changes).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(fs::read_to_string(home.path().join("profiles/coder/profile.toml")).unwrap(), text);
    }
    assert_eq!(edit(home.path(), "codr", &Changes::new()).unwrap_err().code(), "profile_unknown");
}

#[test]
fn an_edit_mends_a_broken_profile() {
    let home = home_with(&[("coder", "runner = \"shell\"\nmodle = 3\n")]);
    edit(home.path(), "coder", &Changes::new().unset("modle").set("model", "m")).unwrap();
    assert!(Profiles::load(home.path()).exists("coder"));
}

#[test]
fn a_removed_profile_is_gone_and_what_a_link_points_to_stays() {
    let home = home_with(&[("coder", "runner = \"shell\""), ("broken", "x = 1")]);
    let shared = tempfile::tempdir().unwrap();
    fs::write(shared.path().join("profile.toml"), "runner = \"shell\"").unwrap();
    std::os::unix::fs::symlink(shared.path(), home.path().join("profiles/linked")).unwrap();
    assert!(Profiles::load(home.path()).exists("linked"));
    for name in ["coder", "broken", "linked"] {
        remove(home.path(), name).unwrap();
    }
    assert_eq!(fs::read_dir(home.path().join("profiles")).unwrap().count(), 0);
    assert!(shared.path().join("profile.toml").exists());
    assert_eq!(remove(home.path(), "coder").unwrap_err().code(), "profile_unknown");
    assert_eq!(remove(home.path(), "../profiles").unwrap_err().code(), "profile_bad_name");
}

#[test]
fn a_portable_file_carries_the_whole_profile() {
    let text = "# Ours.\nrunner = \"command\"\ncommand = [\"make\", \"{task}\"] # fast\nskills = [\"git\"]\n\n[env]\nLANG = \"C\"\n";
    let home = home_with(&[("coder", text)]);
    let folder = home.path().join("profiles/coder");
    add_skill(home.path(), "coder", "git");
    let instructions = "Say \"\"\"hi\"\"\".\r\n\ttab \\ ' \u{1}\n";
    fs::write(folder.join("instructions.md"), instructions).unwrap();
    fs::create_dir(folder.join("skills/git/scripts")).unwrap();
    let script = folder.join("skills/git/scripts/log.sh");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("skills/git/logo.png"), [0x89, 0x50, 0xff, 0x00]).unwrap();

    let exported = export(home.path(), "coder").unwrap();
    let other = tempfile::tempdir().unwrap();
    let package = Package::Text { text: &exported, origin: "coder.toml" };
    assert_eq!(install(other.path(), package, None, false).unwrap().as_str(), "coder");
    let installed = other.path().join("profiles/coder");
    assert_eq!(fs::read_to_string(installed.join("profile.toml")).unwrap(), text);
    assert_eq!(fs::read_to_string(installed.join("instructions.md")).unwrap(), instructions);
    assert_eq!(fs::read(installed.join("skills/git/logo.png")).unwrap(), [0x89, 0x50, 0xff, 0x00]);
    let mode = fs::metadata(installed.join("skills/git/scripts/log.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(export(other.path(), "coder").unwrap(), exported);
    assert_eq!(install(other.path(), package, None, false).unwrap_err().code(), "profile_exists");
    assert_eq!(install(other.path(), package, Some("second"), false).unwrap().as_str(), "second");
}

#[test]
fn secrets_are_not_exported() {
    let text = "runner = \"shell\"\n[env]\nLANG = \"C\"\nOPENAI_API_KEY = \"sesame\"\n";
    let home = home_with(&[("coder", text)]);
    let exported = export(home.path(), "coder").unwrap();
    assert!(!exported.contains("sesame") && exported.contains("LANG = \"C\""), "{exported}");
    assert!(exported.contains("# The variable OPENAI_API_KEY is left out"), "{exported}");
}

#[test]
fn an_overwriting_install_replaces_the_whole_folder() {
    let home = home_with(&[("coder", "runner = \"shell\"")]);
    add_skill(home.path(), "coder", "old");
    let source = tempfile::tempdir().unwrap();
    let folder = source.path().join("coder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("profile.toml"), "runner = \"lane\"").unwrap();
    let package = Package::Path(&folder);
    assert_eq!(install(home.path(), package, None, false).unwrap_err().code(), "profile_exists");
    install(home.path(), package, None, true).unwrap();
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    assert_eq!((profile.runner(), profile.skills.len()), (&Runner::Lane, 0));
    assert_eq!(fs::read_dir(home.path().join("profiles")).unwrap().count(), 1);
}

#[test]
fn a_wrong_package_installs_nothing_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let head = "andon_profile = 1\nname = \"x\"\n";
    for (text, message) in [
        (String::new(), "x.toml: this is no profile of Andon: it does not say andon_profile = 1"),
        (
            "andon_profile = 2".to_owned(),
            "x.toml: this version of Andon reads andon_profile = 1 alone; the file is of another",
        ),
        (head.to_owned(), "x.toml: the table [profile] is missing"),
        (format!("{head}skils = 1"), "x.toml: unknown key `skils`; did you mean `skills`?"),
        (
            format!("{head}[profile]\nrunner = \"shell\"\nmodle = \"m\""),
            "x.toml:5:1: unknown key `modle`; did you mean `model`?",
        ),
        (
            format!("{head}[profile]\nrunner = \"lane\"\n[skills.git]\n\"../../x\" = \"\""),
            "x.toml: \"../../x\" is no path inside of a skill",
        ),
        (
            format!("{head}[profile]\nrunner = \"lane\"\n[skills.\"..\"]\n\"SKILL.md\" = \"\""),
            "x.toml: \"..\" is no skill's name",
        ),
        (
            format!("{head}[profile]\nrunner = \"lane\"\n[skills.git]\n\"SKILL.md\" = 3"),
            "x.toml: \"SKILL.md\" of skill `git` must be a text, { text = … } or { hex = … }",
        ),
    ] {
        let package = Package::Text { text: &text, origin: "x.toml" };
        assert_eq!(install(home.path(), package, None, false).unwrap_err().to_string(), message);
    }
    for path in ["/x", "a//b", "a/", "./a", "a/./b", "a\\b", ".git/x", "a/\u{0}", ""] {
        let text = format!(
            "{head}[profile]\nrunner = \"lane\"\n[skills.git]\n{} = \"\"",
            toml_edit::Value::from(path)
        );
        let package = Package::Text { text: &text, origin: "x.toml" };
        assert_eq!(
            install(home.path(), package, None, false).unwrap_err().code(),
            "profile_bad_package",
            "{path}"
        );
    }
    let missing = home.path().join("nowhere");
    assert_eq!(
        install(home.path(), Package::Path(&missing), None, false).unwrap_err().code(),
        "profile_bad_package"
    );
    assert!(!home.path().join("profiles").exists());
}

#[test]
fn a_folder_with_links_is_not_installed() {
    let home = tempfile::tempdir().unwrap();
    let source = home_with(&[("coder", "runner = \"lane\"")]);
    let folder = source.path().join("profiles/coder");
    add_skill(source.path(), "coder", "git");
    std::os::unix::fs::symlink("/etc/passwd", folder.join("skills/git/notes")).unwrap();
    let error = install(home.path(), Package::Path(&folder), None, false).unwrap_err();
    assert!(error.to_string().ends_with("notes: a link is not installed: copy what it points to"), "{error}");
}

#[test]
fn skills_are_folders_with_their_text() {
    let home = home_with(&[("coder", "runner = \"shell\"\nskills = [\"git\"]")]);
    add_skill(home.path(), "coder", "git");
    add_skill(home.path(), "coder", "writing");
    fs::create_dir_all(home.path().join("profiles/coder/skills/empty")).unwrap();
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    assert_eq!(profile.skills, ["git", "writing"]);
    assert!(profile.skill_exists("git") && !profile.skill_exists("empty") && !profile.skill_exists("../x"));
    assert_eq!(profile.nearest_skill("writng"), Some("writing"));
    assert_eq!(profile.skill_text("git").unwrap().as_deref(), Some("# git\n"));
    assert_eq!(profile.skill_text("../../../x").unwrap(), None);
}

#[test]
fn a_run_sees_of_the_environment_what_its_profile_passes() {
    let text = "runner = \"shell\"\nenv_pass = [\"MY_*\", \"ONE\"]\n[env]\nLANG = \"C\"\n";
    let home = home_with(&[("coder", text)]);
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    let from = [
        ("PATH", "/bin"),
        ("LANG", "de"),
        ("LC_ALL", "de"),
        ("MY_A", "1"),
        ("ONE", "1"),
        ("ONES", "1"),
        ("AWS_SECRET", "1"),
        ("ANDON_RUN_TOKEN", "1"),
    ];
    let seen = profile.environment(from);
    let names: Vec<&OsStr> = seen.keys().map(|name| name.as_os_str()).collect();
    assert_eq!(names, ["LANG", "LC_ALL", "MY_A", "ONE", "PATH"]);
    assert_eq!(seen[OsStr::new("LANG")], "C");
}

fn facts<'a>(body: &'a str, model: Option<&'a str>) -> TaskFacts<'a> {
    TaskFacts {
        id: "t_00000001",
        title: "a title",
        body,
        workspace: Path::new("/w s"),
        prompt: "do it",
        model,
        board: "default",
        run_id: "01J",
        branch: None,
        tenant: None,
        result_file: Path::new("/r/result.json"),
        script_file: Path::new("/r/script"),
        prompt_file: Path::new("/r/prompt.md"),
        agent: AgentFacts {
            session: None,
            andon: Path::new("/bin/true"),
            private: Path::new("/r"),
            workspaces: Path::new("/b/workspaces"),
            own_skills: &[],
            identity: &[],
            goal_turns: None,
            terminal_timeout: None,
        },
    }
}

fn argv(profile: &Profile, facts: &TaskFacts<'_>) -> Result<Vec<String>, String> {
    let found =
        invocation(profile, facts, Some(OsStr::new("/usr/bin:/bin"))).map_err(|error| error.to_string())?;
    Ok(found.argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
}

#[test]
fn a_shell_runs_the_body_from_a_file() {
    let home = home_with(&[("coder", "runner = \"shell\"")]);
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    let long = format!("echo {}", "x".repeat(300_000));
    let found = invocation(&profile, &facts(&long, None), None).unwrap();
    assert_eq!(found.argv, ["/bin/sh", "/r/script"]);
    assert_eq!((found.ends_by, found.stdin), (EndsBy::Exit, None));
    let written: Vec<(&Path, usize)> =
        found.files.iter().map(|file| (file.path.as_path(), file.content.len())).collect();
    assert_eq!(written, [(Path::new("/r/prompt.md"), 5), (Path::new("/r/script"), long.len())]);

    for (body, expected) in [
        ("#!/bin/sh\nexit 1", Ok(vec!["/bin/sh", "/r/script"])),
        ("#! /bin/sh -eu -x \r\nexit 1", Ok(vec!["/bin/sh", "-eu -x", "/r/script"])),
        (
            "#!python\n",
            Err(
                "the script's first line `#!python` does not name an interpreter by its absolute path, such as \
                 #!/usr/bin/env python3",
            ),
        ),
        ("#!/nowhere/python\n", Err("the program /nowhere/python does not exist")),
        (
            " \n",
            Err(
                "the task has no body, and the body is the script that the profile `coder` runs: write one with \
                 `andon edit`",
            ),
        ),
    ] {
        let found = argv(&profile, &facts(body, None));
        let expected =
            expected.map(|argv| argv.into_iter().map(str::to_owned).collect()).map_err(str::to_owned);
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn a_command_gets_the_task_in_its_arguments() {
    let text = "runner = \"command\"\nmodel = \"big\"\nends_by = \"protocol\"\n\
        command = [\"sh\", \"-m\", \"{model?}\", \"-b\", \"{branch?}\", \"{task} in {workspace}\", \"{profile}\", \"{result}\"]\n";
    let home = home_with(&[("coder", text)]);
    let profile = Profiles::load_one(home.path(), "coder").unwrap();
    let found = argv(&profile, &facts("", None)).unwrap();
    assert!(Path::new(&found[0]).is_absolute() && found[0].ends_with("/sh"), "{found:?}");
    assert_eq!(found[1..], ["-m", "big", "t_00000001 in /w s", "coder", "/r/result.json"]);
    assert_eq!(argv(&profile, &facts("", Some("own"))).unwrap()[2], "own");
    assert_eq!(
        invocation(&profile, &facts("", None), Some(OsStr::new("/bin"))).unwrap().ends_by,
        EndsBy::Protocol
    );
    assert_eq!(
        invocation(&profile, &facts("", None), Some(OsStr::new(".:"))).unwrap_err().to_string(),
        "the program `sh` is not on PATH (.:): install it, or write its absolute path"
    );
}

#[test]
fn a_lane_is_never_started() {
    let home = home_with(&[("hand", "runner = \"lane\"")]);
    let profile = Profiles::load_one(home.path(), "hand").unwrap();
    let error = argv(&profile, &facts("x", None)).unwrap_err();
    assert_eq!(error, "the profile `hand` is a lane: its work is claimed with `andon claim`, never started");
    assert_eq!(profile.ends_by(), EndsBy::Protocol);
}

#[test]
fn a_portable_file_reads_well() {
    let home = home_with(&[("coder", "runner = \"shell\"\n[env]\nLANG = \"C\"\n")]);
    add_skill(home.path(), "coder", "git");
    fs::write(home.path().join("profiles/coder/instructions.md"), "Be kind.\nBe brief.\n").unwrap();
    assert_eq!(
        export(home.path(), "coder").unwrap(),
        "# A profile of Andon. `andon profile install <this file>` installs it.\n\
         andon_profile = 1\nname = \"coder\"\ninstructions = \"\"\"\nBe kind.\nBe brief.\n\"\"\"\n\n\
         [profile]\nrunner = \"shell\"\n\n[profile.env]\nLANG = \"C\"\n\n\
         [skills.git]\n\"SKILL.md\" = \"\"\"\n# git\n\"\"\"\n"
    );
}

fn strings(argv: &[std::ffi::OsString]) -> Vec<String> {
    argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// A PATH on which every agent is a program that does nothing.
fn agents(home: &Path) -> std::path::PathBuf {
    let bin = home.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for name in ["claude", "codex", "gemini", "opencode", "hermes"] {
        fs::write(bin.join(name), "#!/bin/sh\n").unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

#[test]
fn every_agent_gets_prompt_tools_model_and_permissions_in_its_own_way() {
    let home = home_with(&[
        ("claude", "runner = \"claude\"\nmodel = \"opus\"\nargs = [\"--effort\", \"high\"]"),
        ("codex", "runner = \"codex\"\npermissions = \"full\""),
        ("gemini", "runner = \"gemini\"\npermissions = \"read\""),
        ("opencode", "runner = \"opencode\""),
    ]);
    let bin = agents(home.path());
    let identity = [("ANDON_RUN_TOKEN".to_owned(), "a-secret".to_owned())];
    let found = |name: &str, session: Option<&'static str>| {
        let profile = Profiles::load_one(home.path(), name).unwrap();
        let base = facts("", None);
        let facts = TaskFacts { agent: AgentFacts { session, identity: &identity, ..base.agent }, ..base };
        invocation(&profile, &facts, Some(bin.as_os_str())).unwrap()
    };
    let claude = found("claude", None);
    assert_eq!(
        strings(&claude.argv[1..]),
        [
            "--print",
            "--output-format",
            "stream-json",
            "--verbose",
            "--model",
            "opus",
            "--permission-mode=acceptEdits",
            "--allowedTools=mcp__andon,Bash,WebFetch,WebSearch",
            "--mcp-config=/r/tools.json",
            "--effort",
            "high",
        ]
    );
    assert_eq!(claude.stdin.as_deref(), Some(&b"do it"[..]));
    assert_eq!(claude.ends_by, EndsBy::Protocol);
    let again = strings(&found("claude", Some("s-1")).argv);
    assert_eq!(again[1..4], ["--print", "--resume", "s-1"]);
    let codex = found("codex", Some("s-2"));
    let argv = strings(&codex.argv);
    assert_eq!(argv[1..5], ["exec", "resume", "--json", "--skip-git-repo-check"]);
    assert_eq!(argv[argv.len() - 2..], ["s-2", "-"]);
    assert!(argv.contains(&"--dangerously-bypass-approvals-and-sandbox".to_owned()), "{argv:?}");
    assert!(argv.contains(&"mcp_servers.andon.env_vars=[\"ANDON_RUN_TOKEN\"]".to_owned()), "{argv:?}");
    let gemini = found("gemini", None);
    assert!(strings(&gemini.argv).windows(2).any(|pair| pair == ["--approval-mode", "plan"]));
    assert_eq!(gemini.env[0].name, "GEMINI_CLI_HOME");
    assert_eq!(gemini.env[0].value, "/r/home");
    let opencode = found("opencode", None);
    assert!(opencode.env.iter().any(|variable| variable.name == "OPENCODE_CONFIG"));
    for found in [claude, codex, gemini, opencode] {
        assert!(!strings(&found.argv).concat().contains("a-secret"), "{:?}", found.argv);
    }
}

#[test]
fn a_hermes_profile_is_started_as_hermes_would() {
    let home = home_with(&[("scout", "runner = \"hermes\"")]);
    let bin = agents(home.path());
    let mut profile = Profiles::load_one(home.path(), "scout").unwrap();
    profile.own_skills = vec!["git".to_owned(), "kanban-worker".to_owned()];
    let skills = ["git".to_owned(), "kanban-worker".to_owned()];
    let base = facts("", Some("m/x"));
    let facts = TaskFacts {
        tenant: Some("acme"),
        agent: AgentFacts {
            own_skills: &skills,
            goal_turns: Some(7),
            terminal_timeout: Some(570),
            ..base.agent
        },
        ..base
    };
    let found = invocation(&profile, &facts, Some(bin.as_os_str())).unwrap();
    let argv = strings(&found.argv[1..]);
    let words = argv.last().unwrap().as_str();
    assert_eq!(
        argv,
        [
            "-p",
            "scout",
            "--accept-hooks",
            "--skills",
            "kanban-worker",
            "--skills",
            "git",
            "-m",
            "m/x",
            "chat",
            "-q",
            words,
        ]
    );
    // Its skills know the first words; what its own tools cannot do here is said after the task.
    assert!(words.starts_with("work kanban task t_00000001\n\ndo it\n"), "{words}");
    assert!(words.contains("kanban_complete") && words.contains(": '"), "{words}");
    let set = |name: &str| {
        found.env.iter().find(|variable| variable.name == name).map(|found| found.value.as_str())
    };
    for (name, value) in [
        ("HERMES_TENANT", Some("acme")),
        ("HERMES_KANBAN_TASK", Some("t_00000001")),
        ("HERMES_KANBAN_WORKSPACE", Some("/w s")),
        ("HERMES_KANBAN_BRANCH", None),
        ("HERMES_KANBAN_RUN_ID", Some("01J")),
        ("HERMES_KANBAN_GOAL_MODE", Some("1")),
        ("HERMES_KANBAN_GOAL_MAX_TURNS", Some("7")),
        ("HERMES_KANBAN_BOARD", Some("default")),
        ("HERMES_KANBAN_WORKSPACES_ROOT", Some("/b/workspaces")),
        ("HERMES_PROFILE", Some("scout")),
        ("HERMES_HOME", None),
        ("TERMINAL_TIMEOUT", Some("570")),
    ] {
        assert_eq!(set(name), value, "{name}");
    }
}
