//! Who is told of what: once where all goes well, at least once where somebody dies, and never silently not at all.

use andon_core::TaskId;
use andon_core::notice::{SubscriptionState, Wish};
use andon_core::task::BlockKind;
use andon_store::operation::{
    AddComment, Delete, Forget, Next, Outcome, Revive, Settle, Settled, Subscribe, Subscribed, TakeNext,
    ToTell, Unblock, Unsubscribe,
};
use andon_store::query::{Due, DueNotices, Sources, SubscriptionsOf};
use andon_store::sql::subscriptions::Subscription;

use crate::{Boards, Scene};

const TTL: i64 = 60_000;

fn subscription(s: &Scene, task: Option<&TaskId>) -> Subscribe {
    Subscribe {
        task: task.cloned(),
        channel: "ops".parse().expect("a name"),
        wish: None,
        home: false,
        caller: s.person(),
    }
}

async fn subscribe(s: &Scene, task: Option<&TaskId>) -> Subscription {
    s.ok(subscription(s, task)).await.subscription
}

async fn look(s: &Scene, sources: Sources) -> Due {
    s.ok(DueNotices { sources }).await
}

async fn take(s: &Scene, id: &str, who: &str) -> Option<ToTell> {
    loop {
        match s.ok(TakeNext { id: id.to_owned(), lease: who.to_owned(), ttl: TTL }).await {
            Next::Tell(told) => return Some(*told),
            Next::More => {}
            Next::Nothing => return None,
        }
    }
}

async fn settle(s: &Scene, told: &ToTell, who: &str, outcome: Outcome) -> Settled {
    let policy = s.policy.clone();
    let (id, lease) = (told.subscription.id.clone(), who.to_owned());
    s.ok(Settle { id, lease, number: told.event.number, outcome, limit: 3, policy }).await
}

/// Tells all that there is; gives the kinds.
async fn tell_all(s: &Scene, id: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    while let Some(told) = take(s, id, "a").await {
        kinds.push(told.event.kind.clone());
        let _ = settle(s, &told, "a", Outcome::Told).await;
    }
    kinds
}

async fn all(s: &Scene) -> Vec<Subscription> {
    s.ok(SubscriptionsOf::All).await
}

async fn block(s: &Scene, task: &TaskId) {
    s.ok(s.blocking(task, s.person(), BlockKind::NeedsInput)).await;
}

async fn unblock(s: &Scene, task: &TaskId) {
    let unblock = Unblock { task: task.clone(), reason: None, caller: s.person(), policy: s.policy.clone() };
    s.ok(unblock).await;
}

fn failed() -> Outcome {
    Outcome::Failed { error: "nobody answers".to_owned(), asked: None, gone: false }
}

/// What happens to a task is told in its order, and with its end the subscription ends.
pub async fn a_task_is_told_of_once_for_each_time_and_then_ends(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    assert_eq!(tell_all(&s, &id).await, Vec::<String>::new());
    let seen = look(&s, Sources::Since(0)).await.seen;
    block(&s, &task).await;
    unblock(&s, &task).await;
    s.complete(&task).await;
    let due = look(&s, Sources::Since(seen)).await;
    assert_eq!(due.subscriptions.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    let first = take(&s, &id, "a").await.expect("the block");
    assert_eq!((first.event.kind.as_str(), &first.task.as_ref().expect("the task").id), ("blocked", &task));
    assert_eq!(settle(&s, &first, "a", Outcome::Told).await, Settled::Kept);
    let last = take(&s, &id, "a").await.expect("the end");
    assert_eq!(last.event.kind, "completed");
    assert_eq!(settle(&s, &last, "a", Outcome::Told).await, Settled::Ended);
    assert!(all(&s).await.is_empty());
    assert!(look(&s, Sources::All).await.subscriptions.is_empty());
}

/// The same thing a second time is told a second time.
pub async fn a_second_block_is_told_again(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        block(&s, &task).await;
        let told = take(&s, &id, "a").await.expect("the block");
        numbers.push(told.event.number);
        assert_eq!(settle(&s, &told, "a", Outcome::Told).await, Settled::Kept);
        unblock(&s, &task).await;
    }
    assert!(numbers[0] < numbers[1]);
    assert_eq!(take(&s, &id, "a").await, None);
}

/// While one tells an event, nobody else gets it, nor a later one of that subscription; each is told by exactly one.
pub async fn of_several_tellers_one_has_the_event(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    block(&s, &task).await;
    let mine = take(&s, &id, "a").await.expect("the block");
    assert_eq!(take(&s, &id, "b").await, None);
    assert_eq!(settle(&s, &mine, "b", Outcome::Told).await, Settled::Lost);
    assert_eq!(settle(&s, &mine, "a", Outcome::Told).await, Settled::Kept);
    for _ in 0..10 {
        unblock(&s, &task).await;
        block(&s, &task).await;
    }
    let told = std::thread::scope(|scope| {
        let tellers: Vec<_> = (0..3)
            .map(|who| {
                let (s, id) = (s.again(boards), id.clone());
                scope.spawn(move || {
                    let (name, mut told) = (format!("teller {who}"), Vec::new());
                    for _ in 0..200 {
                        let Some(one) = crate::block_on(take(&s, &id, &name)) else { continue };
                        let settled = crate::block_on(settle(&s, &one, &name, Outcome::Told));
                        assert_eq!(settled, Settled::Kept);
                        told.push(one.event.number);
                    }
                    told
                })
            })
            .collect();
        tellers.into_iter().flat_map(|teller| teller.join().unwrap()).collect::<Vec<_>>()
    });
    let mut once = told.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((told.len(), once.len()), (10, 10), "{told:?}");
}

/// What somebody took and did not settle is taken again when it can no longer be at it; its late word changes nothing.
pub async fn a_teller_that_dies_loses_nothing(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    block(&s, &task).await;
    let lost = take(&s, &id, "dead").await.expect("the block");
    let due = look(&s, Sources::Since(i64::MAX)).await;
    assert_eq!((due.subscriptions.len(), due.next), (0, Some(s.now().plus(TTL))));
    s.wait(TTL);
    assert_eq!(look(&s, Sources::Since(i64::MAX)).await.subscriptions.len(), 1);
    let again = take(&s, &id, "b").await.expect("the block once more");
    assert_eq!(again.event, lost.event);
    assert_eq!(settle(&s, &lost, "dead", Outcome::Told).await, Settled::Lost);
    assert_eq!(settle(&s, &again, "b", Outcome::Told).await, Settled::Kept);
    assert_eq!(take(&s, &id, "b").await, None);
}

/// A failure is tried again later, at the bound the subscription is suspended and says why, and a person revives it with
/// the same message, or without.
pub async fn failures_back_off_and_suspend_and_are_revived(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    block(&s, &task).await;
    for attempt in 1..3 {
        let told = take(&s, &id, "a").await.expect("the block");
        let Settled::Again(wait) = settle(&s, &told, "a", failed()).await else {
            panic!("attempt {attempt}")
        };
        assert_eq!(take(&s, &id, "a").await, None);
        assert_eq!(look(&s, Sources::Since(i64::MAX)).await.next, Some(s.now().plus(wait)));
        s.wait(wait);
        assert_eq!(look(&s, Sources::Since(i64::MAX)).await.subscriptions.len(), 1);
    }
    let told = take(&s, &id, "a").await.expect("the block");
    assert_eq!(settle(&s, &told, "a", failed()).await, Settled::Suspended);
    s.wait(1_000_000_000);
    assert_eq!(take(&s, &id, "a").await, None);
    let kept = all(&s).await.remove(0);
    let said = kept.last_error.as_deref();
    assert_eq!((kept.state, said, kept.failures), (SubscriptionState::Suspended, Some("nobody answers"), 3));
    let revive = |skip| Revive {
        task: Some(task.clone()),
        channel: "ops".parse().expect("a name"),
        skip,
        caller: s.person(),
    };
    assert_eq!(s.ok(revive(false)).await.state, SubscriptionState::Active);
    let again = take(&s, &id, "a").await.expect("the block");
    assert_eq!(again.event, told.event);
    let gone = Outcome::Failed { error: "gone".to_owned(), asked: None, gone: true };
    assert_eq!(settle(&s, &again, "a", gone).await, Settled::Suspended);
    s.ok(revive(true)).await;
    assert_eq!(take(&s, &id, "a").await, None);
    assert_eq!(
        s.refused(Revive { channel: "other".parse().expect("a name"), ..revive(false) }).await,
        "not_subscribed"
    );
}

/// Subscribing again changes nothing, and tells nothing twice. A task that stands still is told of at once; of one that
/// moves only what comes.
pub async fn a_subscription_is_made_once_and_starts_where_its_task_stands(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    block(&s, &task).await;
    let Subscribed { subscription: made, new } = s.ok(subscription(&s, Some(&task))).await;
    assert!(new);
    assert_eq!(tell_all(&s, &made.id).await, ["blocked"]);
    let again = s.ok(subscription(&s, Some(&task))).await;
    assert_eq!((again.new, &again.subscription.id), (false, &made.id));
    assert_eq!(tell_all(&s, &made.id).await, Vec::<String>::new());
    let narrow = Wish::of(["completed"]).expect("a kind");
    let changed = s.ok(Subscribe { wish: Some(narrow.clone()), ..subscription(&s, Some(&task)) }).await;
    assert_eq!((changed.new, &changed.subscription.wish), (false, &narrow));
    unblock(&s, &task).await;
    block(&s, &task).await;
    assert_eq!(tell_all(&s, &made.id).await, Vec::<String>::new());
    let end = Unsubscribe { task: Some(task.clone()), channel: made.channel.clone(), caller: s.person() };
    assert!(s.ok(end.clone()).await);
    assert!(!s.ok(end).await);
    unblock(&s, &task).await;
    let moving = subscribe(&s, Some(&task)).await.id;
    assert_eq!(tell_all(&s, &moving).await, Vec::<String>::new());
    let nobody = TaskId::from_bits(1);
    assert_eq!(s.refused(subscription(&s, Some(&nobody))).await, "unknown_task");
    assert_eq!(s.ok(SubscriptionsOf::Task(task)).await.len(), 1);
}

/// A board's subscription tells of every task what needs a person, and stays.
pub async fn a_board_s_subscription_tells_what_needs_a_person(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (one, other) = (s.task("one").await, s.task("other").await);
    let id = subscribe(&s, None).await.id;
    let seen = look(&s, Sources::All).await.seen;
    block(&s, &one).await;
    s.complete(&other).await;
    s.ok(s.blocking(&s.task("by hand").await, s.person(), BlockKind::Operator)).await;
    assert_eq!(look(&s, Sources::Since(seen)).await.subscriptions.len(), 1);
    let told = take(&s, &id, "a").await.expect("the question");
    assert_eq!(told.task.as_ref().map(|task| &task.id), Some(&one));
    assert_eq!(settle(&s, &told, "a", Outcome::Told).await, Settled::Kept);
    assert_eq!(take(&s, &id, "a").await, None);
    assert_eq!(all(&s).await.len(), 1);
}

/// A channel that hears of a board hears of a task what it would not hear anyway.
pub async fn what_the_board_tells_a_channel_is_not_told_it_twice(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let of_task = subscribe(&s, Some(&task)).await.id;
    let of_board = subscribe(&s, None).await.id;
    block(&s, &task).await;
    assert_eq!(tell_all(&s, &of_board).await, ["blocked"]);
    assert_eq!(tell_all(&s, &of_task).await, Vec::<String>::new());
    s.complete(&task).await;
    assert_eq!(tell_all(&s, &of_task).await, ["completed"]);
    assert_eq!(tell_all(&s, &of_board).await, Vec::<String>::new());
}

/// What the configuration sends to a channel a person can switch off for a board, and on again, from then on.
pub async fn a_home_channel_that_was_switched_off_stays_off(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let home = Subscribe { home: true, ..subscription(&s, None) };
    let id = s.ok(home.clone()).await.subscription.id;
    let off = Unsubscribe { task: None, channel: home.channel.clone(), caller: s.person() };
    assert!(s.ok(off.clone()).await);
    assert!(!s.ok(off).await);
    assert!(!s.ok(home.clone()).await.new);
    block(&s, &task).await;
    assert_eq!(take(&s, &id, "a").await, None);
    assert!(s.ok(subscription(&s, None)).await.new);
    assert_eq!(take(&s, &id, "a").await, None);
    unblock(&s, &task).await;
    block(&s, &task).await;
    assert_eq!(tell_all(&s, &id).await, ["blocked"]);
    assert!(s.ok(Forget { channel: home.channel.clone() }).await);
    assert!(all(&s).await.is_empty());
    subscribe(&s, None).await;
    assert!(!s.ok(Forget { channel: home.channel }).await, "a person's own stays");
}

/// However much happens that a channel does not want, it gets what it wants.
pub async fn a_channel_that_hears_much_it_does_not_want_hears_what_it_wants(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    let id = subscribe(&s, Some(&task)).await.id;
    assert_eq!(take(&s, &id, "a").await, None);
    let seen = look(&s, Sources::All).await.seen;
    for _ in 0..1_100 {
        let comment = AddComment {
            task: task.clone(),
            body: "still at it".to_owned(),
            caller: andon_store::Caller::system(),
            policy: s.policy.clone(),
        };
        s.ok(comment).await;
    }
    block(&s, &task).await;
    let (mut at, mut found) = (seen, 0);
    loop {
        let due = look(&s, Sources::Since(at)).await;
        found += due.subscriptions.len();
        at = due.seen;
        if !due.more {
            break;
        }
    }
    assert_eq!(found, 1);
    assert_eq!(tell_all(&s, &id).await, ["blocked"]);
}

/// Nothing is told of a task that is gone.
pub async fn a_deleted_task_takes_its_subscriptions_along(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("t").await;
    subscribe(&s, Some(&task)).await;
    block(&s, &task).await;
    let delete =
        Delete { task, release: None, only_archived: false, caller: s.person(), policy: s.policy.clone() };
    s.ok(delete).await;
    assert!(all(&s).await.is_empty());
}

/// A worker neither subscribes anybody nor silences anybody.
pub async fn only_a_person_says_who_is_told(boards: &impl Boards) {
    let s = Scene::new(boards);
    let claimed = s.running("t").await;
    let (task, worker) = (claimed.task.id.clone(), s.worker(&claimed));
    let made = subscribe(&s, Some(&task)).await;
    let channel = made.channel.clone();
    let asked = Subscribe { caller: worker.clone(), ..subscription(&s, None) };
    assert_eq!(s.refused(asked).await, "forbidden");
    let silenced = Unsubscribe { task: Some(task.clone()), channel: channel.clone(), caller: worker.clone() };
    assert_eq!(s.refused(silenced).await, "forbidden");
    let revived = Revive { task: Some(task), channel, skip: true, caller: worker };
    assert_eq!(s.refused(revived).await, "forbidden");
    assert_eq!(all(&s).await, [made]);
}
