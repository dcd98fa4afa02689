//! Following a board: events as they happen, until interrupted or until nobody reads any more.

use andon_core::Cursor;
use andon_server::shape;
use andon_store::Waiter;
use andon_store::query::EventFilter;
use andon_store::sql::events::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::app::App;
use crate::commands::events::{cells, read};
use crate::error::Failure;
use crate::exit::ExitCode;
use crate::output::Table;

/// How often it looks without having been woken, milliseconds.
const LOOK: i64 = 1_000;

/// A bell to wait on.
#[derive(Debug)]
pub(crate) struct Bell {
    waiter: Option<Waiter>,
}

impl Bell {
    /// Binds a bell of the board; where that cannot be, waiting is by the clock alone.
    ///
    /// # Errors
    /// Where the board cannot be read.
    pub(crate) fn of_board(app: &App) -> Result<Self, Failure> {
        let board = app.board_to_read()?;
        Ok(Self { waiter: board.doorbell().wait_for_board(board.world().bits()).ok() })
    }

    /// Forgets what has rung so far; what rings from now on ends the next [`Self::wait`].
    pub(crate) fn drain(&self) {
        if let Some(waiter) = &self.waiter {
            waiter.drain();
        }
    }

    /// Waits until it rings, at most so many milliseconds.
    pub(crate) fn wait(&self, millis: i64) {
        let timeout = Timespec { tv_sec: millis / 1_000, tv_nsec: millis % 1_000 * 1_000_000 };
        let socket = self.waiter.as_ref().and_then(|waiter| waiter.socket().ok());
        let mut descriptors = Vec::new();
        descriptors.extend(socket.iter().map(|socket| PollFd::new(socket, PollFlags::IN)));
        // An interrupted wait is only a shorter one.
        let _ = poll(&mut descriptors, Some(&timeout));
    }
}

/// What is followed.
pub(crate) struct Follow<W> {
    /// Which events.
    pub(crate) filter: EventFilter,
    /// And of those only these.
    pub(crate) wanted: W,
    /// Whether lines name the task.
    pub(crate) with_task: bool,
}

impl<W: FnMut(&Event) -> Result<bool, Failure>> Follow<W> {
    /// Shows what happens after `cursor`, until nobody reads any more.
    ///
    /// # Errors
    /// What is wrong with the board.
    pub(crate) fn run(mut self, app: &App, mut cursor: Cursor) -> Result<ExitCode, Failure> {
        let bell = Bell::of_board(app)?;
        loop {
            bell.drain();
            let (events, next) = read(app, cursor, &self.filter)?;
            cursor = next;
            let mut shown = Vec::new();
            for event in events {
                if (self.wanted)(&event)? {
                    shown.push(event);
                }
            }
            if !show(app, &shown, self.with_task)? {
                return Ok(ExitCode::Done);
            }
            bell.wait(LOOK);
        }
    }
}

/// Shows events, in JSON one object a line; whether somebody still reads.
///
/// # Errors
/// None at present; a reader who has gone is none.
pub(crate) fn show(app: &App, events: &[Event], with_task: bool) -> Result<bool, Failure> {
    if events.is_empty() {
        return Ok(app.out.flush());
    }
    if app.json {
        for event in events {
            app.out.print_json_line(&shape::event(event));
        }
        return Ok(app.out.flush());
    }
    let mut table = Table::new();
    for event in events {
        table.row(cells(event, app.now(), with_task));
    }
    app.out.print(&table.render());
    Ok(app.out.flush())
}
