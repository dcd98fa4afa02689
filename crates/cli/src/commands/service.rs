//! `andon service`: a unit for the service manager of this system, so that `andon serve` starts with it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::app::App;
use crate::error::Failure;
use crate::exit::ExitCode;

/// Have the service manager of this system run `andon serve`
#[derive(Args, Clone, Debug)]
pub(crate) struct ServiceArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Write the unit, and say how to start it
    Install(InstallArgs),
}

#[derive(Args, Clone, Debug)]
struct InstallArgs {
    /// For the whole system, not only while this user is logged in
    #[arg(long)]
    system: bool,
    /// For which service manager [else: that of this system]
    #[arg(long, value_enum, value_name = "WHICH")]
    manager: Option<Manager>,
    /// Print the unit, and write nothing
    #[arg(long)]
    print: bool,
    /// Over a unit that somebody else wrote
    #[arg(long)]
    force: bool,
    /// Where the API answers: an address, or `off` [else: as configured]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Manager {
    /// Linux
    Systemd,
    /// macOS
    Launchd,
}

/// What tells a unit of ours from one that a person wrote.
const MARK: &str = "Written by `andon service install`";
/// The name of the job at launchd.
const LABEL: &str = "andon.serve";

/// What the unit starts, and for whom.
#[derive(Debug)]
struct Service {
    program: PathBuf,
    arguments: Vec<String>,
    path: Option<String>,
    user: Option<String>,
    system: bool,
}

/// Runs the verb.
pub(crate) fn run(app: &App, args: ServiceArgs) -> Result<ExitCode, Failure> {
    let Verb::Install(args) = args.verb;
    let manager =
        args.manager.unwrap_or(if cfg!(target_os = "macos") { Manager::Launchd } else { Manager::Systemd });
    let service = service(app, &args)?;
    let unit = match manager {
        Manager::Systemd => service.systemd(),
        Manager::Launchd => service.launchd(app.home().root()),
    };
    let (file, then) = place(app, manager, args.system)?;
    if args.print {
        app.out.print(&unit);
        return Ok(ExitCode::Done);
    }
    write(&file, &unit, args.force)?;
    if app.json {
        app.out.print_json(&json!({ "file": file, "then": then }));
    } else {
        app.out.print(&format!("Wrote {}\n", file.display()));
        for line in then {
            app.out.print(&format!("  {line}\n"));
        }
    }
    Ok(ExitCode::Done)
}

fn service(app: &App, args: &InstallArgs) -> Result<Service, Failure> {
    let program = std::env::current_exe().map_err(Failure::file(Path::new("andon")))?;
    let mut arguments = vec!["--home".to_owned(), text(app.home().root())?, "serve".to_owned()];
    if let Some(listen) = &args.listen {
        arguments.extend(["--listen".to_owned(), plain(listen)?]);
    }
    let path = app.environment().text("PATH").map(|path| plain(&path)).transpose()?;
    let user =
        if args.system { app.environment().text("USER").map(|user| plain(&user)).transpose()? } else { None };
    Ok(Service { program: PathBuf::from(text(&program)?), arguments, path, user, system: args.system })
}

/// A path in a unit; one that a unit cannot say is refused, never mangled.
fn text(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().ok_or_else(|| {
        Failure::usage(format!("{} is no text that a unit can name", path.display()), "use another folder")
    })?;
    plain(text)
}

fn plain(text: &str) -> Result<String, Failure> {
    if text.chars().any(char::is_control) {
        return Err(Failure::usage(
            format!("{text:?} cannot stand in a unit"),
            "leave control characters out",
        ));
    }
    Ok(text.to_owned())
}

/// Where the unit belongs, and what starts it.
fn place(app: &App, manager: Manager, system: bool) -> Result<(PathBuf, Vec<String>), Failure> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let own = || {
        app.user_home()
            .ok_or_else(|| Failure::usage("HOME is not set", "say `--system`, or set HOME to your folder"))
    };
    Ok(match (manager, system) {
        (Manager::Systemd, true) => (
            PathBuf::from("/etc/systemd/system/andon.service"),
            lines(&["systemctl daemon-reload", "systemctl enable --now andon"]),
        ),
        (Manager::Systemd, false) => {
            let named =
                app.environment().get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            let folder = match named {
                Some(folder) => folder,
                None => own()?.join(".config"),
            };
            let then = [
                "systemctl --user daemon-reload",
                "systemctl --user enable --now andon",
                "loginctl enable-linger   # so that it runs while you are logged out",
            ];
            (folder.join("systemd/user/andon.service"), lines(&then))
        }
        (Manager::Launchd, true) => (
            PathBuf::from(format!("/Library/LaunchDaemons/{LABEL}.plist")),
            vec![format!("launchctl bootstrap system /Library/LaunchDaemons/{LABEL}.plist")],
        ),
        (Manager::Launchd, false) => {
            let file = own()?.join(format!("Library/LaunchAgents/{LABEL}.plist"));
            let then = vec![format!("launchctl bootstrap gui/$(id -u) {}", file.display())];
            (file, then)
        }
    })
}

fn write(file: &Path, unit: &str, force: bool) -> Result<(), Failure> {
    if let Ok(there) = std::fs::read_to_string(file)
        && !force
        && !there.contains(MARK)
    {
        let message = format!("{} is there, and somebody else wrote it", file.display());
        return Err(Failure::usage(message, "look at it, and say `--force` to replace it"));
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    let draft = file.with_extension("new");
    let written =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&draft);
    let written = written.and_then(|mut file| file.write_all(unit.as_bytes()).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&draft, file)).map_err(Failure::file(file))
}

impl Service {
    fn systemd(&self) -> String {
        let words =
            std::iter::once(self.program.to_string_lossy().into_owned()).chain(self.arguments.clone());
        let command: Vec<String> = words.map(|word| quoted(&word, true)).collect();
        let mut environment = String::new();
        if let Some(path) = &self.path {
            environment = format!("Environment={}\n", quoted(&format!("PATH={path}"), false));
        }
        let user = self.user.as_ref().map_or_else(String::new, |user| format!("User={user}\n"));
        let (after, wanted) = match self.system {
            true => ("After=network-online.target\nWants=network-online.target\n", "multi-user.target"),
            false => ("", "default.target"),
        };
        format!(
            "# {MARK}.\n[Unit]\nDescription=Andon, a board for fleets of agents\n{after}\n[Service]\n\
             ExecStart={}\n{environment}{user}Restart=always\nRestartSec=2\n\
             # Runs go on while the service is stopped, restarted or upgraded.\nKillMode=process\n\
             # One worker that runs out of memory does not take the others with it.\nOOMPolicy=continue\n\
             # A control group for each run.\nDelegate=yes\n\n[Install]\nWantedBy={wanted}\n",
            command.join(" ")
        )
    }

    fn launchd(&self, home: &Path) -> String {
        let words =
            std::iter::once(self.program.to_string_lossy().into_owned()).chain(self.arguments.clone());
        let arguments: String =
            words.map(|word| format!("    <string>{}</string>\n", escaped(&word))).collect();
        let environment = self.path.as_ref().map_or_else(String::new, |path| {
            let path = escaped(path);
            format!(
                "  <key>EnvironmentVariables</key>\n  <dict><key>PATH</key><string>{path}</string></dict>\n"
            )
        });
        let user = self.user.as_ref().map_or_else(String::new, |user| {
            format!("  <key>UserName</key><string>{}</string>\n", escaped(user))
        });
        let log = escaped(&home.join("serve.log").to_string_lossy());
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<!-- {MARK}. -->\n<plist version=\"1.0\">\n<dict>\n  \
             <key>Label</key><string>{LABEL}</string>\n  <key>ProgramArguments</key>\n  <array>\n{arguments}  </array>\n\
             {environment}{user}  <key>RunAtLoad</key><true/>\n  <key>KeepAlive</key><true/>\n  \
             <key>AbandonProcessGroup</key><true/>\n  <key>StandardErrorPath</key><string>{log}</string>\n</dict>\n\
             </plist>\n"
        )
    }
}

/// A word as systemd reads it: `%` and, in a command, `$` stand for something else there.
fn quoted(word: &str, command: bool) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '%' => out.push_str("%%"),
            '$' if command => out.push_str("$$"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(system: bool) -> Service {
        Service {
            program: "/opt/a b/andon".into(),
            arguments: ["--home", "/srv/100%/<h>&$x\"", "serve"].map(str::to_owned).to_vec(),
            path: Some("/usr/bin:/bin".to_owned()),
            user: system.then(|| "ada".to_owned()),
            system,
        }
    }

    #[test]
    fn a_unit_names_every_path_as_it_is() {
        let unit = service(false).systemd();
        assert!(
            unit.contains("ExecStart=\"/opt/a b/andon\" \"--home\" \"/srv/100%%/<h>&$$x\\\"\" \"serve\"\n"),
            "{unit}"
        );
        let plist = service(false).launchd(Path::new("/srv/<h>"));
        assert!(plist.contains("<string>/srv/100%/&lt;h&gt;&amp;$x\"</string>"), "{plist}");
        assert!(plain("a\nExecStart=/bin/sh").is_err());
    }

    #[test]
    fn runs_outlive_their_service() {
        for system in [false, true] {
            let unit = service(system).systemd();
            for line in ["KillMode=process", "OOMPolicy=continue", "Delegate=yes", "Restart=always"] {
                assert!(unit.lines().any(|known| known == line), "{line}: {unit}");
            }
            assert_eq!(unit.contains("User=ada"), system);
            assert!(
                service(system).launchd(Path::new("/h")).contains("<key>AbandonProcessGroup</key><true/>")
            );
        }
    }
}
