//! A dispatcher that runs beside the test.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};

use crate::{House, wait_for};

/// `andon dispatch` as a child. Killed when it is dropped; its runs go on.
#[derive(Debug)]
pub struct Dispatcher {
    child: Child,
    /// What it says on standard error.
    pub log: PathBuf,
}

impl Dispatcher {
    pub(crate) fn start(house: &House, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = house.outside().join(format!("dispatcher-{}.log", house.next_number()));
        let mut command = house.command();
        command.arg("dispatch").args(arguments).envs(environment.iter().copied());
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(File::create(&log).unwrap());
        Self { child: command.spawn().unwrap(), log }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it ends by itself.
    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the dispatcher ends", || self.child.try_wait().unwrap())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.end();
    }
}
