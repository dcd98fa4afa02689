//! Who is told of what: a subscription for each pair of a task (or the whole board) and a channel.

use andon_core::notice::{ChannelName, Scope, SubscriptionState, Wish};
use andon_core::{Cursor, Millis, TaskId};

use crate::error::DbError;
use crate::sql::events::Event;
use crate::tx::{Tx, first};
use crate::vals;
use crate::value::Row;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// Of which task; none for the whole board.
    pub task: Option<TaskId>,
    /// Who is told.
    pub channel: ChannelName,
    /// Of what.
    pub wish: Wish,
    /// Whether the configuration made it.
    pub home: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
    /// Whether it is told anything.
    pub state: SubscriptionState,
    /// It is about events after this one.
    pub since: i64,
    /// Events up to this one are told or not wanted.
    pub cursor: Cursor,
    /// Failures in a row.
    pub failures: u32,
    /// The words of the last one.
    pub last_error: Option<String>,
    /// It is to be looked at then, and not before.
    pub look_at: Option<Millis>,
    /// Who tells the next event at the moment, and until when that is believed.
    pub lease: Option<(String, Millis)>,
    /// When it was last told something.
    pub told_at: Option<Millis>,
}

impl Subscription {
    /// What it is about.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self.task {
            Some(_) => Scope::Task,
            None => Scope::Board,
        }
    }

    /// Whether it wants an event, which must be one of its task.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.wish.wants(self.scope(), event.kind.parse().ok(), &event.data)
    }
}

macro_rules! subscription_columns {
    () => {
        "id, task_id, channel, kinds, home, created_by, created_at, state, since, epoch, number, failures, last_error, \
         look_at, lease, lease_until, told_at"
    };
}

fn decode(row: Row) -> Result<Subscription, DbError> {
    let mut row = row.of("subscription");
    Ok(Subscription {
        id: row.text()?,
        task: row.opt_parse()?,
        channel: row.parse()?,
        wish: {
            let words = row.texts()?;
            Wish::of(words.iter().map(String::as_str))
                .map_err(|word| row.bad(format!("{word:?} is no kind")))?
        },
        home: row.flag()?,
        created_by: row.text()?,
        created_at: row.at()?,
        state: row.parse()?,
        since: row.int()?,
        cursor: Cursor { epoch: row.int()?, number: row.int()? },
        failures: row.count()?,
        last_error: row.opt_text()?,
        look_at: row.opt_at()?,
        lease: row.opt_text()?.zip(row.opt_at()?),
        told_at: row.opt_at()?,
    })
}

fn words(wish: &Wish) -> Option<String> {
    let words = wish.words();
    (!words.is_empty()).then(|| serde_json::json!(words).to_string())
}

/// One, to be changed.
///
/// # Errors
/// Of the database.
pub async fn find<T: Tx>(tx: &mut T, id: &str) -> Result<Option<Subscription>, DbError> {
    const SQL: &str =
        concat!("select ", subscription_columns!(), " from subscriptions where id = $1 /*for update*/");
    first(tx, SQL, vals![id]).await?.map(decode).transpose()
}

/// The one of a task, or of the board, for a channel.
///
/// # Errors
/// Of the database.
pub async fn of<T: Tx>(
    tx: &mut T,
    task: Option<&TaskId>,
    channel: &ChannelName,
) -> Result<Option<Subscription>, DbError> {
    const OF_TASK: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where task_id = $1 and channel = $2"
    );
    const OF_BOARD: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where task_id is null and channel = $1"
    );
    let row = match task {
        Some(task) => first(tx, OF_TASK, vals![task, channel.as_str()]).await?,
        None => first(tx, OF_BOARD, vals![channel.as_str()]).await?,
    };
    row.map(decode).transpose()
}

/// Those of a task, by channel.
///
/// # Errors
/// Of the database.
pub async fn of_task<T: Tx>(tx: &mut T, task: &TaskId) -> Result<Vec<Subscription>, DbError> {
    const SQL: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where task_id = $1 order by channel"
    );
    tx.query(SQL, vals![task]).await?.into_iter().map(decode).collect()
}

/// Those of the whole board, by channel.
///
/// # Errors
/// Of the database.
pub async fn of_board<T: Tx>(tx: &mut T) -> Result<Vec<Subscription>, DbError> {
    const SQL: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where task_id is null order by channel"
    );
    tx.query(SQL, &[]).await?.into_iter().map(decode).collect()
}

/// All of them: those of the whole board first, then by task and channel.
///
/// # Errors
/// Of the database.
pub async fn all<T: Tx>(tx: &mut T, limit: u32) -> Result<Vec<Subscription>, DbError> {
    const SQL: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions order by task_id is not null, task_id, channel limit $1"
    );
    tx.query(SQL, vals![limit]).await?.into_iter().map(decode).collect()
}

/// Whether there is any.
///
/// # Errors
/// Of the database.
pub async fn any<T: Tx>(tx: &mut T) -> Result<bool, DbError> {
    Ok(first(tx, "select 1 from subscriptions limit 1", &[]).await?.is_some())
}

/// Active ones that may have something to be told of: of the whole board, or of a task that has newer events.
///
/// # Errors
/// Of the database.
pub async fn behind<T: Tx>(tx: &mut T) -> Result<Vec<Subscription>, DbError> {
    const SQL: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where state = 'active' and (task_id is null or exists (select 1 from events \
         where events.task_id = subscriptions.task_id and events.number > subscriptions.number)) order by id"
    );
    tx.query(SQL, &[]).await?.into_iter().map(decode).collect()
}

/// Active ones that wait for a time: for another try, or for the end of a lease.
///
/// # Errors
/// Of the database.
pub async fn timed<T: Tx>(tx: &mut T) -> Result<Vec<Subscription>, DbError> {
    const SQL: &str = concat!(
        "select ",
        subscription_columns!(),
        " from subscriptions where state = 'active' and (look_at is not null or lease_until is not null) order by id"
    );
    tx.query(SQL, &[]).await?.into_iter().map(decode).collect()
}

/// Active ones of tasks that have events in a range of numbers: ids, and the events that each has not been told of.
///
/// # Errors
/// Of the database.
pub async fn touched<T: Tx>(
    tx: &mut T,
    after: i64,
    upto: i64,
) -> Result<Vec<(Subscription, String)>, DbError> {
    // The events come first: they are few, and each looks its subscriptions up.
    const SQL: &str = "select s.id, s.task_id, s.channel, s.kinds, s.home, s.created_by, s.created_at, s.state, s.since, \
        s.epoch, s.number, s.failures, s.last_error, s.look_at, s.lease, s.lease_until, s.told_at, e.kind \
        from events e cross join subscriptions s where s.task_id = e.task_id and e.number > $1 and e.number <= $2 \
        and s.number < e.number and s.state = 'active' order by s.id, e.number";
    let rows = tx.query(SQL, vals![after, upto]).await?;
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_values();
            let kind = match values.pop() {
                Some(crate::value::Val::Text(kind)) => kind,
                Some(crate::value::Val::Int(_) | crate::value::Val::Null) | None => String::new(),
            };
            Ok((decode(Row::new(values))?, kind))
        })
        .collect()
}

/// Writes a new one; whether there was none for its task and channel.
///
/// # Errors
/// Of the database.
pub async fn insert<T: Tx>(tx: &mut T, new: &Subscription) -> Result<bool, DbError> {
    let added = tx
        .execute(
            "insert into subscriptions (id, task_id, channel, kinds, home, created_by, created_at, state, since, epoch, \
             number, failures, look_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12) \
             on conflict do nothing",
            vals![
                &new.id,
                new.task.as_ref(),
                new.channel.as_str(),
                words(&new.wish),
                new.home,
                &new.created_by,
                new.created_at,
                new.state,
                new.since,
                new.cursor.epoch,
                new.cursor.number,
                new.look_at
            ],
        )
        .await?;
    Ok(added > 0)
}

/// Writes everything of one that can change.
///
/// # Errors
/// Of the database.
pub async fn save<T: Tx>(tx: &mut T, one: &Subscription) -> Result<(), DbError> {
    let (lease, until) = match &one.lease {
        Some((lease, until)) => (Some(lease), Some(*until)),
        None => (None, None),
    };
    tx.write(
        "update subscriptions set kinds = $2, home = $3, state = $4, since = $5, epoch = $6, number = $7, failures = $8, \
         last_error = $9, look_at = $10, lease = $11, lease_until = $12, told_at = $13 where id = $1",
        vals![
            &one.id,
            words(&one.wish),
            one.home,
            one.state,
            one.since,
            one.cursor.epoch,
            one.cursor.number,
            one.failures,
            one.last_error.as_ref(),
            one.look_at,
            lease,
            until,
            one.told_at
        ],
    )
    .await
}

/// Removes one.
///
/// # Errors
/// Of the database.
pub async fn delete<T: Tx>(tx: &mut T, id: &str) -> Result<(), DbError> {
    tx.write("delete from subscriptions where id = $1", vals![id]).await
}

/// Has those of a restored or copied board go on where they stand: nobody tells anything of it at the moment.
///
/// # Errors
/// Of the database.
pub async fn carry_on<T: Tx>(tx: &mut T, epoch: i64) -> Result<(), DbError> {
    let now = tx.now();
    tx.write(
        "update subscriptions set epoch = $1, lease = null, lease_until = null, look_at = $2",
        vals![epoch, now],
    )
    .await
}
