//! Subscriptions to what happens to a task or on a board (NT-01, NT-16): made, ended, revived.

use andon_core::notice::{ChannelName, SubscriptionState, Wish, stands_still};
use andon_core::task::Refusal;
use andon_core::{Cursor, TaskId};

use super::tell::next_wanted;
use crate::caller::Caller;
use crate::error::OpError;
use crate::sql::subscriptions::{self, Subscription};
use crate::sql::{events, tasks};
use crate::tx::{Lock, Operation, Ring, Tx};

/// Subscribes a channel. Once more changes nothing but the wish, where one is given.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// To which task; none for the whole board.
    pub task: Option<TaskId>,
    /// Who is to be told: a channel that the caller knows to exist.
    pub channel: ChannelName,
    /// Of what; none leaves it as it is, which is the usual for a new one.
    pub wish: Option<Wish>,
    /// Whether the configuration asks for it, and not a person: a person's word about the board wins.
    pub home: bool,
    /// Who; a person, or Andon for the configuration.
    pub caller: Caller,
}

/// A subscription, and whether this call made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The subscription.
    pub subscription: Subscription,
    /// Whether this call made it, or switched it on again.
    pub new: bool,
}

/// What leaves the house is a person's decision.
fn person_alone(caller: &Caller, verb: &'static str) -> Result<(), Refusal> {
    if caller.actor.run().is_none() {
        return Ok(());
    }
    let why = "only a person says who is told";
    Err(Refusal::Forbidden { actor: caller.actor.to_string(), verb, why })
}

/// One after the other: what is there decides what becomes of it.
async fn turn<T: Tx>(tx: &mut T) -> Result<(), OpError> {
    Ok(tx.lock(Lock::Name("subscriptions".to_owned())).await?)
}

/// Subscribes a channel to a task that is being created: nobody else knows of it yet, and it is told of all that comes.
pub(super) async fn subscribe_new<T: Tx>(
    tx: &mut T,
    task: &TaskId,
    channel: &ChannelName,
    caller: &Caller,
) -> Result<(), OpError> {
    person_alone(caller, "subscribe to")?;
    let head = events::head(tx).await?;
    let new = fresh(tx, Some(task.clone()), channel.clone(), Wish::default(), caller, head);
    Ok(subscriptions::insert(tx, &new).await.map(drop)?)
}

fn fresh<T: Tx>(
    tx: &mut T,
    task: Option<TaskId>,
    channel: ChannelName,
    wish: Wish,
    caller: &Caller,
    head: Cursor,
) -> Subscription {
    let now = tx.now();
    Subscription {
        id: format!("s_{:016x}", tx.bits()),
        task,
        channel,
        wish,
        home: false,
        created_by: caller.actor.to_string(),
        created_at: now,
        state: SubscriptionState::Active,
        since: head.number,
        cursor: head,
        failures: 0,
        last_error: None,
        look_at: Some(now),
        lease: None,
        told_at: None,
    }
}

impl Operation for Subscribe {
    type Reply = Subscribed;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Subscribed, OpError> {
        person_alone(&self.caller, "subscribe to")?;
        turn(tx).await?;
        match subscriptions::of(tx, self.task.as_ref(), &self.channel).await? {
            Some(known) => self.again(tx, known).await,
            None => self.begin(tx).await,
        }
    }
}

impl Subscribe {
    async fn begin<T: Tx>(&self, tx: &mut T) -> Result<Subscribed, OpError> {
        let head = events::head(tx).await?;
        let wish = self.wish.clone().unwrap_or_default();
        let mut new = fresh(tx, self.task.clone(), self.channel.clone(), wish, &self.caller, head);
        new.home = self.home;
        if let Some(task) = &self.task {
            let task = tasks::peek(tx, task).await?;
            let task = task.ok_or_else(|| {
                Refusal::UnknownTask(self.task.as_ref().map(ToString::to_string).unwrap_or_default())
            })?;
            if stands_still(task.state.status) {
                // What it stands at was told to nobody yet: it would be the last word for a long time.
                let recent = events::of_task(tx, &task.id, 64).await?;
                if let Some(last) = recent.iter().rev().find(|event| new.wants(event)) {
                    new.cursor.number = last.number - 1;
                    new.since = last.number - 1;
                }
            }
        }
        subscriptions::insert(tx, &new).await?;
        tx.ring(Ring::Board);
        Ok(Subscribed { subscription: new, new: true })
    }

    async fn again<T: Tx>(&self, tx: &mut T, mut known: Subscription) -> Result<Subscribed, OpError> {
        let before = known.clone();
        if self.home {
            // A person's own subscription of the board stays what it is, and what a person switched off stays off.
            if known.home {
                known.wish = self.wish.clone().unwrap_or_default();
            }
        } else {
            if let Some(wish) = &self.wish {
                known.wish = wish.clone();
                known.home = false;
            }
            if known.state == SubscriptionState::Off {
                known.state = SubscriptionState::Active;
                known.cursor = events::head(tx).await?;
                known.since = known.cursor.number;
                (known.failures, known.last_error) = (0, None);
            }
        }
        let new = known.state != before.state;
        if known != before {
            subscriptions::save(tx, &known).await?;
            tx.ring(Ring::Board);
        }
        Ok(Subscribed { subscription: known, new })
    }
}

/// Ends a subscription; whether there was one. What was not told yet is told no more.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// Of which task; none for the whole board.
    pub task: Option<TaskId>,
    /// Of whom.
    pub channel: ChannelName,
    /// Who; a person.
    pub caller: Caller,
}

impl Operation for Unsubscribe {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        person_alone(&self.caller, "unsubscribe from")?;
        turn(tx).await?;
        if let Some(task) = &self.task
            && !tasks::exists(tx, task.as_str()).await?
        {
            return Err(Refusal::UnknownTask(task.to_string()).into());
        }
        let Some(mut known) = subscriptions::of(tx, self.task.as_ref(), &self.channel).await? else {
            return Ok(false);
        };
        if known.home {
            let was = known.state != SubscriptionState::Off;
            // Kept, so that the configuration does not bring it back.
            (known.state, known.lease, known.look_at) = (SubscriptionState::Off, None, None);
            subscriptions::save(tx, &known).await?;
            return Ok(was);
        }
        subscriptions::delete(tx, &known.id).await?;
        Ok(true)
    }
}

/// The configuration no longer asks for a channel on every board; whether it was there because of that.
#[derive(Clone, Debug)]
pub struct Forget {
    /// Which.
    pub channel: ChannelName,
}

impl Operation for Forget {
    type Reply = bool;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<bool, OpError> {
        turn(tx).await?;
        let known = subscriptions::of(tx, None, &self.channel).await?.filter(|known| known.home);
        if let Some(known) = &known {
            subscriptions::delete(tx, &known.id).await?;
        }
        Ok(known.is_some())
    }
}

/// Tries a suspended subscription again, or one that waits, now.
#[derive(Clone, Debug)]
pub struct Revive {
    /// Of which task; none for the whole board.
    pub task: Option<TaskId>,
    /// Of whom.
    pub channel: ChannelName,
    /// Leave out the message that could not be delivered.
    pub skip: bool,
    /// Who; a person.
    pub caller: Caller,
}

impl Operation for Revive {
    type Reply = Subscription;

    async fn apply<T: Tx>(&self, tx: &mut T) -> Result<Subscription, OpError> {
        person_alone(&self.caller, "retry")?;
        turn(tx).await?;
        if let Some(task) = &self.task
            && !tasks::exists(tx, task.as_str()).await?
        {
            return Err(Refusal::UnknownTask(task.to_string()).into());
        }
        let known = subscriptions::of(tx, self.task.as_ref(), &self.channel).await?;
        let known = known.filter(|known| known.state != SubscriptionState::Off);
        let mut known = known.ok_or_else(|| Refusal::NotSubscribed { channel: self.channel.to_string() })?;
        if self.skip
            && let Some(event) = next_wanted(tx, &known).await?.found
        {
            known.cursor.number = event.number;
        }
        known.state = SubscriptionState::Active;
        (known.failures, known.last_error, known.look_at) = (0, None, Some(tx.now()));
        subscriptions::save(tx, &known).await?;
        tx.ring(Ring::Board);
        Ok(known)
    }
}
