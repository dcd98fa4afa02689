//! The tools of one identity, with the boards that they open when they are first needed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use andon_core::task::Refusal;
use andon_core::{BoardSlug, TaskId};
use andon_store::files::Reach;
use andon_store::{Board, BoardFile, Caller, Home, HomeError, Mode, Operation};
use futures::executor::block_on;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::call;
use crate::error::{CallError, ToolError};
use crate::identity::{Identity, Toolset, Worker};
use crate::read::find;
use crate::reply::ToolReply;
use crate::rules::{BoardRules, HouseRules};
use crate::spec::{ToolSpec, offered};

/// Questions that are answered at once; more of them wait.
const READERS: usize = 4;

/// What a caller may besides what its identity says, and how its boards are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Only tools that change nothing.
    pub read_only: bool,
    /// Only the board of its identity, though it is a person.
    pub one_board: bool,
    /// It is elsewhere: no file of this host is read for it.
    pub apart: bool,
    /// This process serves the boards: their handles are shared with the rest of it, not opened for a call.
    pub serving: bool,
}

/// The tools of one caller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Toolbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    home: Home,
    identity: Identity,
    toolset: Toolset,
    rules: Arc<dyn HouseRules>,
    bounds: Bounds,
    boards: Mutex<BTreeMap<BoardSlug, Board>>,
    /// Changes go one after another: side by side they would only wait for the database's lock.
    changes: Semaphore,
    questions: Semaphore,
}

impl Toolbox {
    /// The tools of `identity` on the boards of `home`. Nothing is opened yet.
    #[must_use]
    pub fn new(home: Home, identity: Identity, toolset: Toolset, rules: Arc<dyn HouseRules>) -> Self {
        Self::within(home, identity, toolset, rules, Bounds::default())
    }

    /// The same within bounds.
    #[must_use]
    pub fn within(
        home: Home,
        identity: Identity,
        toolset: Toolset,
        rules: Arc<dyn HouseRules>,
        bounds: Bounds,
    ) -> Self {
        let inner = Inner {
            home,
            identity,
            toolset,
            rules,
            bounds,
            boards: Mutex::default(),
            // A process that serves has a writer that puts changes together.
            changes: Semaphore::new(if bounds.serving { READERS } else { 1 }),
            questions: Semaphore::new(READERS),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Who calls.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// The home of its boards.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// The tools that this caller is offered, in the order in which a worker meets them.
    #[must_use]
    pub fn list(&self) -> Vec<ToolSpec> {
        let may = |spec: &ToolSpec| spec.read_only || !self.inner.bounds.read_only;
        let offered = offered(self.inner.toolset);
        offered.map(|(_, spec)| spec).filter(|spec| may(spec)).cloned().collect()
    }

    /// Calls a tool. Never fails: whatever goes wrong is in the reply. A call that has begun is finished even when the
    /// returned future is dropped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn call(&self, name: &str, arguments: Value) -> ToolReply {
        let found = find(self.inner.toolset, name, arguments);
        let (tool, request) = match found {
            Ok(found) => found,
            Err(error) => return error.into(),
        };
        if self.inner.bounds.read_only && !tool.looks() {
            let (actor, why) = ("a token of scope read".to_owned(), "it may only look");
            return ToolError::from(Refusal::Forbidden { actor, verb: "change anything on", why }).into();
        }
        let done = self.work(tool.looks(), move |session| call::perform(session, request)).await;
        match done {
            Ok(done) => ToolReply { content: done.content, is_error: false, ended_run: done.ended_run },
            Err(error) => error.into(),
        }
    }

    /// The text that the worker of a task reads; of the caller's own task where none is named.
    ///
    /// # Errors
    /// `unknown_task`, or what is wrong with the board.
    pub async fn worker_context(&self, task: Option<TaskId>) -> Result<String, ToolError> {
        self.work(true, move |session| {
            let session = session.on(None)?;
            let task = session.task(task.as_ref().map(TaskId::as_str))?;
            call::look::context(&session, &task)
        })
        .await
    }

    /// Asks a question of a board on a thread where it may block.
    ///
    /// # Errors
    /// `unknown_board`, `wrong_board` for a worker of another one, or what the question gives.
    pub async fn ask<R: Send + 'static>(
        &self,
        board: Option<BoardSlug>,
        question: impl FnOnce(&Board) -> Result<R, ToolError> + Send + 'static,
    ) -> Result<R, ToolError> {
        self.work(true, move |session| {
            let session = session.on(board.as_ref().map(BoardSlug::as_str))?;
            question(session.board()?)
        })
        .await
    }

    /// Tells the board that a worker's run makes progress, without a word; nothing for a person. What cannot be told is lost:
    /// the next activity tells it again.
    pub async fn progress(&self) {
        if self.inner.identity.as_worker().is_none() {
            return;
        }
        let told = self.work(false, |session| {
            let on = session.on(None)?;
            on.run(andon_store::operation::Heartbeat {
                caller: on.caller(),
                task: None,
                note: None,
                ttl: None,
                policy: on.rules()?.policy,
            })
        });
        if let Err(error) = told.await {
            tracing::debug!(error = error.message, "the progress could not be told");
        }
    }

    /// Closes the boards that no call uses at the moment, so that a session at rest holds nothing of them.
    pub fn rest(&self) {
        self.inner.boards.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn work<R: Send + 'static>(
        &self,
        looks: bool,
        body: impl FnOnce(Session<'_>) -> Result<R, ToolError> + Send + 'static,
    ) -> Result<R, ToolError> {
        let inner = Arc::clone(&self.inner);
        let lane = if looks { &self.inner.questions } else { &self.inner.changes };
        let Ok(_place) = lane.acquire().await else {
            return Err(CallError::Defect("the tools are closed".to_owned()).into());
        };
        let thread = tokio::task::spawn_blocking(move || body(Session { inner: &inner }));
        match thread.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a tool call ended without an answer");
                Err(CallError::Defect("look at the log of this process".to_owned()).into())
            }
        }
    }
}

impl Inner {
    /// Opens a board. A person's `default` is made at its first change of anything, or first look.
    fn open(&self, slug: &BoardSlug) -> Result<Board, HomeError> {
        let person = self.identity.is_person();
        match (self.bounds.serving, person) {
            (false, true) => self.home.open_or_default(slug, Mode::Short),
            (false, false) => self.home.open(slug, Mode::Short),
            (true, true) if slug.as_str() == "default" && !self.home.try_exists(slug)? => {
                self.home.create(slug, &BoardFile::default())?;
                self.home.join(slug)
            }
            (true, _) => self.home.join(slug),
        }
    }
}

/// A call on its thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session<'a> {
    inner: &'a Inner,
}

impl<'a> Session<'a> {
    /// The same on the board that a call names, or on the caller's.
    ///
    /// # Errors
    /// A text that is no board's name; `wrong_board` where a worker names another than its own (mends Q-01).
    pub(crate) fn on(self, named: Option<&str>) -> Result<OnBoard<'a>, ToolError> {
        let own = self.inner.identity.board();
        let slug = match named {
            None => own.clone(),
            Some(text) => text.trim().parse::<BoardSlug>()?,
        };
        if slug != *own && (self.inner.bounds.one_board || !self.inner.identity.is_person()) {
            let (own, asked) = (own.to_string(), slug.to_string());
            return Err(Refusal::WrongBoard { own, asked }.into());
        }
        let caller = self.inner.identity.caller()?;
        Ok(OnBoard { inner: self.inner, slug, caller, board: std::cell::OnceCell::new() })
    }
}

/// A call on its board, which is opened at its first use.
#[derive(Debug)]
pub(crate) struct OnBoard<'a> {
    inner: &'a Inner,
    slug: BoardSlug,
    caller: Caller,
    board: std::cell::OnceCell<Board>,
}

impl OnBoard<'_> {
    /// Who calls.
    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Who calls, with the rights of its profile.
    ///
    /// # Errors
    /// A mistake in the configuration or the board's file.
    pub(crate) fn routing_caller(&self) -> Result<Caller, ToolError> {
        match self.worker() {
            Some(_) => Ok(self.caller().with_rights(&self.roster()?)),
            None => Ok(self.caller()),
        }
    }

    /// The worker, if it is one.
    pub(crate) fn worker(&self) -> Option<&Worker> {
        self.inner.identity.as_worker()
    }

    /// From where the files may come that this caller names.
    pub(crate) fn reach(&self) -> Reach {
        match self.worker() {
            Some(_) => Reach::Workspace,
            None if self.inner.bounds.apart => Reach::Nowhere,
            None => Reach::Anywhere,
        }
    }

    /// The task that a call names, or the caller's own.
    ///
    /// # Errors
    /// `unknown_task` for a text that is no id; `bad_arguments` where a person names none.
    pub(crate) fn task(&self, named: Option<&str>) -> Result<TaskId, ToolError> {
        match (named, self.worker()) {
            (Some(text), _) => Ok(text.parse()?),
            (None, Some(worker)) => Ok(worker.task.clone()),
            (None, None) => Err(CallError::BadArguments(
                "`task_id` is missing: this session works on no task of its own".to_owned(),
            )
            .into()),
        }
    }

    /// The rules of this board.
    pub(crate) fn rules(&self) -> Result<BoardRules, ToolError> {
        self.inner.rules.of_board(&self.slug)
    }

    /// Who can be an assignee.
    pub(crate) fn roster(&self) -> Result<andon_core::roster::Roster, ToolError> {
        self.inner.rules.roster(&self.slug)
    }

    /// The rules of the home.
    pub(crate) fn house(&self) -> &dyn HouseRules {
        self.inner.rules.as_ref()
    }

    /// The board's folder.
    pub(crate) fn folder(&self) -> Result<&Path, ToolError> {
        Ok(self.board()?.folder())
    }

    /// Now.
    pub(crate) fn now(&self) -> andon_core::Millis {
        self.inner.home.world().now()
    }

    /// The board. For a person `default` is made at its first use; a worker's must be there.
    pub(crate) fn board(&self) -> Result<&Board, ToolError> {
        if let Some(board) = self.board.get() {
            return Ok(board);
        }
        let mut boards = self.inner.boards.lock().unwrap_or_else(PoisonError::into_inner);
        let board = match boards.get(&self.slug) {
            Some(board) => board.clone(),
            None => {
                let opened = self.inner.open(&self.slug)?;
                boards.insert(self.slug.clone(), opened.clone());
                opened
            }
        };
        Ok(self.board.get_or_init(|| board))
    }

    /// Runs an operation or a question.
    ///
    /// # Errors
    /// The board's refusal, or the database's; after the latter the board is opened anew by the next call.
    pub(crate) fn run<O: Operation>(&self, operation: O) -> Result<O::Reply, ToolError> {
        block_on(self.board()?.run(operation)).map_err(|error| {
            if let andon_store::OpError::Db(failed) = &error {
                self.inner.boards.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.slug);
                if self.inner.bounds.serving && failed.quarantines() {
                    self.inner.home.part(&self.slug);
                }
            }
            error.into()
        })
    }
}
