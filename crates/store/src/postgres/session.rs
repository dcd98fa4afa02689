//! A connection inside a transaction. Statements go out in order and without waiting; answers are waited for when they
//! are needed.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use deadpool_postgres::Object;
use futures::TryStreamExt as _;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, RowStream, SimpleQueryMessage, Statement};

use super::engine::ANSWER;
use super::error::{Failure, translate};
use super::together::base;
use crate::error::DbError;
use crate::value::{Row, Val};

/// What a statement gave.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) changed: u64,
}

type Answering = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// A statement that has been sent.
pub(super) enum Sent {
    Waiting(Answering),
    Done(Result<Answer, Error>),
}

impl Sent {
    /// Sends: the first look at such a future puts its message on the wire.
    async fn send(mut future: Answering) -> Self {
        match poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            Poll::Ready(answer) => Self::Done(answer),
            Poll::Pending => Self::Waiting(future),
        }
    }

    /// Looks whether the answer is there.
    pub(super) fn look(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::Waiting(future) = self {
            match future.as_mut().poll(context) {
                Poll::Ready(answer) => *self = Self::Done(answer),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// Whether the answer is still to come.
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    /// The answer, once it is there.
    pub(super) fn take(&mut self) -> Option<Result<Answer, Error>> {
        match std::mem::replace(self, Self::Done(Ok(Answer::default()))) {
            Self::Done(answer) => Some(answer),
            waiting @ Self::Waiting(_) => {
                *self = waiting;
                None
            }
        }
    }

    /// Waits for the answer.
    pub(super) async fn answer(mut self) -> Result<Answer, Error> {
        poll_fn(|context| self.look(context)).await;
        match self {
            Self::Done(answer) => answer,
            Self::Waiting(future) => future.await,
        }
    }
}

/// A statement that can be sent without waiting for anything.
pub(super) enum Ready {
    /// Prepared, with its parameters.
    Prepared(Statement, Vec<Val>),
    /// Prepared, with arrays of parameters.
    Joined(Statement, Vec<Column>),
    /// As text.
    Plain(String, Vec<Val>),
}

/// The values of one parameter for many statements.
#[derive(Debug)]
pub(super) enum Column {
    Texts(Vec<Option<String>>),
    Ints(Vec<Option<i64>>),
}

impl Column {
    fn new(kind: &Type) -> Self {
        if *kind == Type::INT8 { Self::Ints(Vec::new()) } else { Self::Texts(Vec::new()) }
    }

    fn push(&mut self, value: Val) {
        match (self, value) {
            (Self::Texts(texts), Val::Text(text)) => texts.push(Some(clean(text))),
            (Self::Texts(texts), Val::Int(number)) => texts.push(Some(number.to_string())),
            (Self::Texts(texts), Val::Null) => texts.push(None),
            (Self::Ints(ints), Val::Int(number)) => ints.push(Some(number)),
            (Self::Ints(ints), Val::Text(_) | Val::Null) => ints.push(None),
        }
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Texts(texts) => texts,
            Self::Ints(ints) => ints,
        }
    }
}

/// A connection of the pool, lent to one transaction.
pub(super) struct Session {
    client: Option<Object>,
    prepared: bool,
    name: Arc<Path>,
    /// The first thing that went wrong: what follows in a transaction only says that something had.
    failed: Mutex<Option<Failure>>,
    /// Whether a transaction is open.
    open: AtomicBool,
    /// How often somebody waited for the server.
    waits: AtomicU64,
    /// The number of the transaction, where it was asked for, and the life of the server that gave it.
    transaction: OnceLock<(String, String)>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(client: Object, prepared: bool, name: Arc<Path>) -> Self {
        Self {
            client: Some(client),
            prepared,
            name,
            failed: Mutex::default(),
            open: AtomicBool::new(false),
            waits: AtomicU64::new(0),
            transaction: OnceLock::new(),
        }
    }

    /// Keeps the number of the transaction, and in which life of the server it was given.
    pub(super) fn began(&self, transaction: String, life: String) {
        let _ = self.transaction.set((transaction, life));
    }

    /// The number by which the server knows the transaction, and the life in which it gave it.
    pub(super) fn transaction(&self) -> Option<(&str, &str)> {
        self.transaction.get().map(|(transaction, life)| (transaction.as_str(), life.as_str()))
    }

    fn client(&self) -> Result<&Object, DbError> {
        self.client.as_ref().ok_or(DbError::Closed)
    }

    /// Remembers the first failure; gives this one's error.
    pub(super) fn fail(&self, error: &Error) -> DbError {
        let failure = translate(&self.name, error);
        let told = failure.error.clone();
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(failure);
        told
    }

    /// The first failure, if any.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    /// How often somebody waited for the server.
    pub(super) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Sends a statement. Only a statement that this connection has not prepared yet is waited for.
    pub(super) async fn send(self: &Arc<Self>, sql: &str, params: Vec<Val>) -> Result<Sent, DbError> {
        let session = Arc::clone(self);
        if !self.prepared {
            let sql = sql.to_owned();
            let future: Answering = Box::pin(async move {
                let typed = params.into_iter().map(|value| {
                    let kind = kind_of(&value);
                    (value, kind)
                });
                let Ok(client) = session.client() else { return Ok(Answer::default()) };
                collect(client.query_typed_raw(&sql, typed.collect::<Vec<_>>()).await?).await
            });
            return Ok(Sent::send(future).await);
        }
        let statement = self.client()?.prepare_cached(sql).await.map_err(|error| self.fail(&error))?;
        let future: Answering = Box::pin(async move {
            let Ok(client) = session.client() else { return Ok(Answer::default()) };
            collect(client.query_raw(&statement, params).await?).await
        });
        Ok(Sent::send(future).await)
    }

    /// The kinds of a statement's parameters; none where statements are not prepared, or this one cannot be.
    pub(super) async fn kinds(&self, sql: &str) -> Option<Vec<Type>> {
        if !self.prepared {
            return None;
        }
        Some(self.prepare(sql).await?.params().iter().map(|kind| base(kind).clone()).collect())
    }

    async fn prepare(&self, sql: &str) -> Option<Statement> {
        let client = self.client().ok()?;
        let Ok(statement) = tokio::time::timeout(ANSWER, client.prepare_cached(sql)).await else {
            let lost = Failure::lost("the connection gives no answer any more");
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(lost);
            return None;
        };
        statement.map_err(|error| self.fail(&error)).ok()
    }

    /// Prepares a statement; what fails is remembered.
    pub(super) async fn ready(&self, sql: &str, params: Vec<Val>) -> Option<Ready> {
        if !self.prepared {
            return Some(Ready::Plain(sql.to_owned(), params));
        }
        Some(Ready::Prepared(self.prepare(sql).await?, params))
    }

    /// The same for a statement over arrays: one of each parameter.
    pub(super) async fn ready_joined(
        &self,
        sql: &str,
        kinds: &[Type],
        given: Vec<Vec<Val>>,
    ) -> Option<Ready> {
        let statement = self.prepare(sql).await?;
        let mut columns: Vec<Column> = kinds.iter().map(Column::new).collect();
        for params in given {
            for (column, value) in columns.iter_mut().zip(params) {
                column.push(value);
            }
        }
        Some(Ready::Joined(statement, columns))
    }

    /// Sends what is ready, without waiting.
    pub(super) async fn send_ready(self: &Arc<Self>, ready: Ready) -> Sent {
        let session = Arc::clone(self);
        Sent::send(Box::pin(async move {
            let Ok(client) = session.client() else { return Ok(Answer::default()) };
            match ready {
                Ready::Prepared(statement, params) => {
                    collect(client.query_raw(&statement, params).await?).await
                }
                Ready::Joined(statement, columns) => {
                    collect(client.query_raw(&statement, columns.iter().map(Column::as_sql)).await?).await
                }
                Ready::Plain(sql, params) => {
                    let typed = params.into_iter().map(|value| {
                        let kind = kind_of(&value);
                        (value, kind)
                    });
                    collect(client.query_typed_raw(&sql, typed.collect::<Vec<_>>()).await?).await
                }
            }
        }))
        .await
    }

    /// Sends statements that need no parameters, as one message; gives the first column of the last row.
    pub(super) async fn send_plain(self: &Arc<Self>, sql: String) -> Sent {
        let session = Arc::clone(self);
        Sent::send(Box::pin(async move {
            let Ok(client) = session.client() else { return Ok(Answer::default()) };
            let mut answer = Answer::default();
            for message in client.simple_query(&sql).await? {
                if let SimpleQueryMessage::Row(row) = message {
                    let value = |index| row.get(index).map_or(Val::Null, |text| Val::Text(text.to_owned()));
                    answer.rows.push(Row::new((0..row.len()).map(value).collect()));
                }
            }
            Ok(answer)
        }))
        .await
    }

    /// Appends events, in this order; gives the number of the last one.
    pub(super) async fn send_events(self: &Arc<Self>, events: Vec<Vec<Val>>) -> Result<Sent, DbError> {
        const SQL: &str = "insert into events (task_id, run_id, kind, actor, data, at) \
            select task_id, run_id, kind, actor, data, at from unnest($1::text[], $2::text[], $3::text[], $4::text[], \
            $5::text[], $6::bigint[]) with ordinality as given (task_id, run_id, kind, actor, data, at, place) \
            order by place returning number";
        if let [_] = events.as_slice() {
            const ONE: &str = "insert into events (task_id, run_id, kind, actor, data, at) \
                values ($1, $2, $3, $4, $5, $6) returning number";
            return self.send(ONE, events.into_iter().flatten().collect()).await;
        }
        let mut texts: [Vec<Option<String>>; 5] = Default::default();
        let mut times: Vec<i64> = Vec::with_capacity(events.len());
        for event in events {
            for (index, value) in event.into_iter().enumerate() {
                match (value, texts.get_mut(index)) {
                    (Val::Int(at), None) => times.push(at),
                    (Val::Text(text), Some(column)) => column.push(Some(clean(text))),
                    (_, Some(column)) => column.push(None),
                    (_, None) => {}
                }
            }
        }
        let session = Arc::clone(self);
        let statement = match self.prepared {
            true => Some(self.client()?.prepare_cached(SQL).await.map_err(|error| self.fail(&error))?),
            false => None,
        };
        let future: Answering = Box::pin(async move {
            let [task, run, kind, actor, data] = &texts;
            let params: [&(dyn ToSql + Sync); 6] = [task, run, kind, actor, data, &times];
            let Ok(client) = session.client() else { return Ok(Answer::default()) };
            let Some(statement) = statement else {
                let types = [Type::TEXT_ARRAY; 5].into_iter().chain([Type::INT8_ARRAY]);
                let typed: Vec<_> = params.into_iter().zip(types).collect();
                return collect(client.query_typed_raw(SQL, typed).await?).await;
            };
            collect(client.query_raw(&statement, params).await?).await
        });
        Ok(Sent::send(future).await)
    }

    /// Waits for an answer.
    pub(super) async fn wait(&self, sent: Sent) -> Result<Answer, DbError> {
        self.count_wait();
        sent.answer().await.map_err(|error| self.fail(&error))
    }

    pub(super) fn opened(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// The transaction is over: the connection may go back.
    pub(super) fn closed(&self) {
        self.open.store(false, Ordering::Relaxed);
    }
}

impl Drop for Session {
    /// A connection whose transaction may still be open is not given to anybody else.
    fn drop(&mut self) {
        if self.open.load(Ordering::Relaxed)
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

async fn collect(rows: RowStream) -> Result<Answer, Error> {
    let mut rows = std::pin::pin!(rows);
    let mut answer = Answer::default();
    while let Some(row) = rows.try_next().await? {
        let mut values = Vec::with_capacity(row.len());
        for (index, column) in row.columns().iter().enumerate() {
            values.push(decode(&row, index, column.type_())?);
        }
        answer.rows.push(Row::new(values));
    }
    answer.changed = rows.rows_affected().unwrap_or(0);
    Ok(answer)
}

fn decode(row: &tokio_postgres::Row, index: usize, kind: &Type) -> Result<Val, Error> {
    let int = |value: Option<i64>| value.map_or(Val::Null, Val::Int);
    Ok(match *kind {
        Type::INT8 => int(row.try_get(index)?),
        Type::INT4 => int(row.try_get::<_, Option<i32>>(index)?.map(i64::from)),
        Type::INT2 => int(row.try_get::<_, Option<i16>>(index)?.map(i64::from)),
        Type::BOOL => int(row.try_get::<_, Option<bool>>(index)?.map(i64::from)),
        Type::VOID => Val::Null,
        _ => row.try_get::<_, Option<String>>(index)?.map_or(Val::Null, Val::Text),
    })
}

/// The type that a value says it has; null leaves it to the server.
pub(super) fn kind_of(value: &Val) -> Type {
    match value {
        Val::Null => Type::UNKNOWN,
        Val::Int(_) => Type::INT8,
        Val::Text(_) => Type::TEXT,
    }
}

/// PostgreSQL's text holds no NUL, which a worker's last line may.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl ToSql for Val {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Self::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(kind, out),
            (Self::Int(value), &Type::BOOL) => (*value != 0).to_sql(kind, out),
            (Self::Int(value), &Type::TEXT) => value.to_string().to_sql(kind, out),
            (Self::Int(value), _) => value.to_sql(kind, out),
            (Self::Text(text), _) if text.contains('\0') => clean(text.clone()).to_sql(kind, out),
            (Self::Text(text), _) => text.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
