//! Claims (ST-07): which tasks, how many, and what keeps each from starting; all decided inside the transaction.

use std::collections::BTreeSet;

use andon_core::TaskId;
use andon_core::run::Failure;
use andon_core::task::{Refusal, Status};
use andon_store::Val;
use andon_store::operation::{
    BlockUnrunnable, Claim, ClaimByHand, EndRun, NewTask, Pause, Reclaim, Resume, Scope, Seen, Start,
};
use andon_store::query::{Glance, NextDeadline, Surroundings, WhyOf};
use andon_store::sql::boards::{HOST_SILENCE, HostFacts};

use crate::{Boards, Draft, Scene, Sql, profile};

fn by_hand(s: &Scene, task: Option<&TaskId>, profile: Option<&str>) -> ClaimByHand {
    ClaimByHand {
        task: task.cloned(),
        profile: profile.map(|name| name.parse().unwrap()),
        ttl: s.policy.claim_ttl,
        force: false,
        caller: s.person(),
        policy: s.policy.clone(),
    }
}

fn pause(s: &Scene, scope: Scope) -> Pause {
    Pause { scope, reason: Some("smoke".to_owned()), caller: s.person() }
}

/// Priority first, then age.
pub async fn the_most_urgent_goes_first_then_the_oldest(boards: &impl Boards) {
    let s = Scene::new(boards);
    let mut ids = Vec::new();
    for priority in [0, 5, 0, 9] {
        s.wait(1);
        ids.push(s.create(Draft::new("t").with(|new| new.priority = priority)).await.id);
    }
    let claimed: Vec<TaskId> = s.claim(9).await.into_iter().map(|claimed| claimed.task.id).collect();
    assert_eq!(claimed, [&ids[3], &ids[1], &ids[0], &ids[2]].map(Clone::clone));
}

/// Every cap counts what runs and what is not reaped: board, profile, host, batch.
pub async fn caps_are_counted_inside_the_claim(boards: &impl Boards) {
    let s = Scene::new(boards);
    for _ in 0..4 {
        s.task("code").await;
        s.create(Draft::new("write").of("writer")).await;
    }
    let capped = |change: fn(&mut Claim)| {
        let mut claim = s.claiming(9);
        change(&mut claim);
        claim
    };
    assert!(s.ok(capped(|claim| claim.batch = 0)).await.is_empty());
    assert!(s.ok(capped(|claim| claim.host_room = Some(0))).await.is_empty());
    assert_eq!(s.ok(capped(|claim| claim.max_running = Some(1))).await.len(), 1);
    assert!(s.ok(capped(|claim| claim.max_running = Some(1))).await.is_empty());
    let coder = |claim: &mut Claim| {
        let capped = andon_core::roster::ProfileFacts { max_running: Some(2), ..profile() };
        claim.roster.profiles.insert("coder".parse().unwrap(), capped);
    };
    let claimed = s.ok(capped(coder)).await;
    let of = |name: &str| claimed.iter().filter(|c| c.run.profile.as_ref().unwrap().as_str() == name).count();
    assert_eq!((of("coder"), of("writer")), (1, 4), "a capped profile costs nobody else anything");
    s.take(&claimed[0]).await;
    let ended = EndRun { reaped: false, ..s.failure(&claimed[0], Failure::Crashed) };
    s.ok(ended).await;
    assert!(s.ok(capped(|claim| claim.max_running_per_profile = Some(2))).await.is_empty());
}

/// Lanes are never claimed by a dispatcher, only by hand.
pub async fn lanes_are_claimed_by_hand_alone(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.create(Draft::new("by hand").of("hands")).await.id;
    assert!(s.claim(9).await.is_empty());
    let claimed = s.ok(by_hand(&s, None, Some("hands"))).await;
    assert_eq!((claimed.task.id, claimed.run.by_hand), (id, true));
    assert_eq!(claimed.expires_at, s.now().plus(s.policy.claim_ttl));
    s.inspect().await;
}

/// Claims by hand say why not.
pub async fn a_claim_by_hand_says_why_not(boards: &impl Boards) {
    let s = Scene::new(boards);
    assert_eq!(s.refused(by_hand(&s, None, None)).await, "invalid_value");
    assert_eq!(s.refused(by_hand(&s, None, Some("coder"))).await, "nothing_to_claim");
    assert_eq!(s.refused(by_hand(&s, Some(&TaskId::from_bits(1)), None)).await, "unknown_task");
    let blocked = s.create(Draft::new("t").start(Start::Blocked("no".to_owned()))).await.id;
    assert_eq!(s.refused(by_hand(&s, Some(&blocked), None)).await, "wrong_status");
    let run = s.running("t").await;
    assert_eq!(s.refused(by_hand(&s, Some(&run.task.id), None)).await, "wrong_status");
    s.ok(EndRun { reaped: false, ..s.failure(&run, Failure::Crashed) }).await;
    match s.run(by_hand(&s, Some(&run.task.id), None)).await.unwrap_err().refusal() {
        Some(Refusal::Unreaped { run: named }) => assert_eq!(named, run.run.id.as_str()),
        other => panic!("{other:?}"),
    }
    s.reap(&run).await;
    assert_eq!(s.refused(by_hand(&s, Some(&run.task.id), None)).await, "not_eligible");
    s.wait(2_000);
    assert_eq!(s.ok(by_hand(&s, Some(&run.task.id), None)).await.run.attempt, 2);
}

/// While a process of an earlier run may live, the task is not claimed, and its run counts.
pub async fn an_unreaped_run_keeps_its_task_from_being_claimed(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    let (task, caller, policy) = (run.task.id.clone(), s.person(), s.policy.clone());
    s.ok(Reclaim { task, caller, reason: "again".to_owned(), policy }).await;
    assert_eq!(s.status(&run.task.id).await, Status::Ready);
    assert!(s.claim(9).await.is_empty());
    assert!(s.reap(&run).await);
    assert_eq!(s.claim_one().await.task.id, run.task.id);
    s.inspect().await;
}

/// The cord: once it has answered nothing starts, by no claim, until it is let go.
pub async fn nothing_starts_once_a_pause_has_answered(boards: &impl Boards) {
    let s = Scene::new(boards);
    let code = s.task("code").await;
    s.create(Draft::new("write").of("writer")).await;
    for scope in [Scope::Board, Scope::Everything] {
        assert!(s.ok(pause(&s, scope.clone())).await);
        assert!(!s.ok(pause(&s, scope.clone())).await, "pulled already");
        assert!(s.claim(9).await.is_empty());
        assert_eq!(s.refused(by_hand(&s, Some(&code), None)).await, "paused");
        assert_eq!(s.refused(by_hand(&s, None, Some("coder"))).await, "paused");
        assert!(s.ok(Resume { scope: scope.clone(), caller: s.person() }).await);
        assert!(!s.ok(Resume { scope, caller: s.person() }).await, "let go already");
    }
    s.ok(pause(&s, Scope::Profile("coder".parse().unwrap()))).await;
    let claimed = s.claim(9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].run.profile.as_ref().unwrap().as_str(), "writer");
    let worker = s.worker(&claimed[0]);
    assert_eq!(s.refused(Resume { scope: Scope::Board, caller: worker }).await, "forbidden");
    assert_eq!(s.refused(by_hand(&s, Some(&code), None)).await, "paused");
}

/// A back-off holds a task back until its time, and while a pause holds everything back no past time stays a deadline.
pub async fn a_back_off_passes_by_the_clock(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    s.fail(&run, Failure::Crashed).await;
    let until = s.get(&run.task.id).await.state.eligible.unwrap().at;
    assert!(s.claim(9).await.is_empty());
    assert_eq!(s.ok(NextDeadline).await.earliest(), Some(until));
    s.ok(pause(&s, Scope::Board)).await;
    s.world.set(until);
    assert!(s.claim(9).await.is_empty());
    assert_eq!(s.ok(NextDeadline).await.earliest(), None, "a passed back-off is a deadline for ever");
    s.ok(Resume { scope: Scope::Board, caller: s.person() }).await;
    assert_eq!(s.claim_one().await.run.attempt, 2);
}

/// One glance tells all that decides whether there is anything to do, and nothing of what is over.
pub async fn a_glance_tells_what_there_is_to_do(boards: &impl Boards) {
    let s = Scene::new(boards);
    let nothing = s.ok(Glance).await;
    assert!(!nothing.ready && !nothing.todo && nothing.live == 0 && !nothing.claimable(s.now()));
    let parent = s.task("parent").await;
    let _child = s.child("child", &parent).await;
    let made = s.ok(Glance).await;
    assert!(made.ready && made.todo && made.live == 0 && made.claimable(s.now()));
    assert!(made.head > nothing.head);
    let run = s.claim_one().await;
    let taken = s.ok(Glance).await;
    assert!(!taken.ready && taken.live == 1 && !taken.claimable(s.now()));
    assert!(taken.deadlines.lease.is_some());
    s.fail(&run, Failure::Crashed).await;
    let failed = s.ok(Glance).await;
    let until = failed.deadlines.eligible.unwrap();
    assert!(!failed.ready && failed.live == 0 && !failed.claimable(s.now()) && failed.claimable(until));
    assert_eq!(failed.deadlines, s.ok(NextDeadline).await);
    s.complete(&parent).await;
    let open = s.ok(Glance).await;
    assert!(open.ready && !open.todo);
    assert_eq!(s.ok(Glance).await, open, "a glance changes nothing");
}

/// Claims that come side by side get what they would one after the other: nothing twice, and never more than the caps allow.
pub async fn claims_side_by_side_share_what_the_caps_allow(boards: &impl Boards) {
    let s = Scene::new(boards);
    for number in 0..12 {
        s.create(Draft::new("t").with(|new| new.priority = number)).await;
    }
    let capped = || Claim { max_running: Some(9), ..s.claiming(2) };
    let claims = (0..6).map(|_| s.run(capped()));
    let mut claimed: Vec<(i64, TaskId)> = Vec::new();
    for answer in futures::future::join_all(claims).await {
        let answer = answer.unwrap();
        assert!(answer.len() <= 2, "a claim got more than it asked for");
        claimed.extend(answer.into_iter().map(|one| (one.task.priority, one.task.id)));
    }
    let priorities: BTreeSet<i64> = claimed.iter().map(|(priority, _)| *priority).collect();
    assert_eq!((claimed.len(), priorities), (9, (3..12).collect()), "the nine most urgent, each once");
    assert!(s.ok(capped()).await.is_empty());
}

/// A run that has ended but is not reaped makes no deadline that lies in the past for ever.
pub async fn the_lease_of_an_ended_run_is_no_deadline(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    assert!(s.ok(NextDeadline).await.lease.is_some());
    s.ok(s.completion(&run.task.id, s.worker(&run))).await;
    assert_eq!(s.ok(NextDeadline).await.earliest(), None);
}

/// A rate limit cools the whole profile down; then one run probes, and its end by its own word lets the others go on.
pub async fn a_cool_down_lets_one_probe_through(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    for _ in 0..3 {
        s.task("other").await;
    }
    let writer = s.create(Draft::new("w").of("writer")).await.id;
    s.fail(&run, Failure::RateLimited).await;
    assert_eq!(s.get(&run.task.id).await.state.counters.failures, 0);
    let others = s.claim(9).await;
    assert_eq!(others.iter().map(|c| &c.task.id).collect::<Vec<_>>(), [&writer]);
    s.wait(s.policy.rate_limit_cooldown);
    let probe = s.claim(9).await;
    assert_eq!(probe.len(), 1, "one probe");
    assert!(s.claim(9).await.is_empty(), "nobody else while it probes");
    s.take(&probe[0]).await;
    s.fail(&probe[0], Failure::RateLimited).await;
    s.wait(s.policy.rate_limit_cooldown);
    assert!(s.claim(9).await.is_empty(), "the cool-down doubles");
    s.wait(s.policy.rate_limit_cooldown);
    let probe = s.claim_one().await;
    s.take(&probe).await;
    s.ok(s.completion(&probe.task.id, s.worker(&probe))).await;
    s.reap(&probe).await;
    assert_eq!(s.claim(9).await.len(), 3, "the limit is gone");
}

/// A claim by hand is refused while the profile cools down, and while its probe runs; a person may force it. Other profiles
/// are not concerned, and what was forced is no probe.
pub async fn a_claim_by_hand_heeds_a_cool_down_unless_forced(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("limited").await;
    let (other, third) = (s.task("other").await, s.task("third").await);
    let writer = s.create(Draft::new("w").of("writer")).await.id;
    let until = s.now().plus(s.policy.rate_limit_cooldown);
    s.fail(&run, Failure::RateLimited).await;
    let refused = s.run(by_hand(&s, Some(&other), None)).await.unwrap_err();
    let expected = Refusal::CoolingDown { profile: "coder".parse().unwrap(), until };
    assert_eq!(refused.refusal(), Some(&expected));
    assert_eq!(s.refused(by_hand(&s, None, Some("coder"))).await, "cooling_down");
    let forced = |task: &TaskId| ClaimByHand { force: true, ..by_hand(&s, Some(task), None) };
    s.ok(forced(&other)).await;
    s.ok(by_hand(&s, Some(&writer), None)).await;
    s.wait(s.policy.rate_limit_cooldown);
    let probe = s.claim_one().await;
    let rest = if probe.task.id == third { &run.task.id } else { &third };
    assert_eq!(s.refused(by_hand(&s, Some(rest), None)).await, "cooling_down", "one run tries");
    s.ok(forced(rest)).await;
}

/// A run that started before the cool-down and is limited as well neither prolongs it nor lets a second probe through.
pub async fn a_straggler_lets_no_second_probe_through(boards: &impl Boards) {
    let s = Scene::new(boards);
    for _ in 0..4 {
        s.task("t").await;
    }
    let runs = s.claim(2).await;
    for (pid, run) in runs.iter().enumerate() {
        s.take_as(run, i64::try_from(pid).unwrap()).await;
    }
    s.fail(&runs[0], Failure::RateLimited).await;
    s.wait(s.policy.rate_limit_cooldown);
    let probe = s.claim(9).await;
    assert_eq!(probe.len(), 1);
    s.fail(&runs[1], Failure::RateLimited).await;
    assert!(s.claim(9).await.is_empty(), "a second probe beside the first");
}

/// A probe that never ran, or that a person took back, has found nothing out: another one goes.
pub async fn a_probe_that_was_taken_back_leaves_room_for_another(boards: &impl Boards) {
    let s = Scene::new(boards);
    let run = s.running("t").await;
    s.task("other").await;
    s.fail(&run, Failure::RateLimited).await;
    s.wait(s.policy.rate_limit_cooldown);
    let probe = s.claim(9).await;
    assert_eq!(probe.len(), 1);
    let (task, caller, policy) = (probe[0].task.id.clone(), s.person(), s.policy.clone());
    s.ok(Reclaim { task, caller, reason: "no".to_owned(), policy }).await;
    assert_eq!(s.claim(9).await.len(), 1, "the profile is stuck behind a probe that is gone");
}

/// A claim that meets a task with open parents demotes it instead.
pub async fn a_claim_demotes_a_task_with_open_parents(boards: &impl Boards) {
    let s = Scene::new(boards);
    let (a, b) = (s.task("a").await, s.task("b").await);
    s.claim(1).await;
    let link = "insert into links (parent_id, child_id, created_at) values ($1, $2, 0)";
    s.ok(Sql(link, vec![Val::from(&a), Val::from(&b)])).await;
    assert!(s.claim(9).await.is_empty());
    assert_eq!(s.status(&b).await, Status::Todo);
    assert_eq!(s.count(&b, "claim_rejected").await, 1);
    s.inspect().await;
}

/// Tasks that the caller holds back do not keep others from their places.
pub async fn tasks_to_skip_cost_others_no_place(boards: &impl Boards) {
    let s = Scene::new(boards);
    let held = s.create(Draft::new("held back").with(|new| new.priority = 9)).await.id;
    let other = s.task("other").await;
    let mut claim = s.claiming(1);
    claim.skip = vec![held];
    assert_eq!(s.ok(claim).await[0].task.id, other);
}

/// Ready tasks of nobody get the board's default assignee, where there is one.
pub async fn the_default_assignee_gets_what_nobody_has(boards: &impl Boards) {
    let s = Scene::new(boards);
    let id = s.create(Draft::new("t").of_nobody()).await.id;
    assert!(s.claim(9).await.is_empty());
    let mut claim = s.claiming(9);
    claim.roster.default_assignee = Some("writer".parse().unwrap());
    let claimed = s.ok(claim).await;
    assert_eq!((&claimed[0].task.id, claimed[0].run.profile.as_ref().unwrap().as_str()), (&id, "writer"));
}

/// Claimers that race, in connections of their own, never get the same task, and together get all.
pub async fn racing_claimers_share_the_tasks(boards: &impl Boards) {
    let s = Scene::new(boards);
    let draft = |new: &mut NewTask| new.priority = 1;
    for _ in 0..40 {
        s.create(Draft::new("t").with(draft)).await;
    }
    let claimed: Vec<TaskId> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|_| {
                let s = s.again(boards);
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    while let Some(claimed) = crate::block_on(s.claim(1)).pop() {
                        mine.push(claimed.task.id);
                    }
                    mine
                })
            })
            .collect();
        racers.into_iter().flat_map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), 40);
    s.inspect().await;
    assert!(s.run(by_hand(&s, None, Some("coder"))).await.is_err());
}

/// A task goes to a host that has what it requires, and to no other; one that waits keeps nobody else from a place.
pub async fn a_task_goes_to_a_host_that_has_what_it_requires(boards: &impl Boards) {
    let s = Scene::new(boards);
    let of = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
    let gpu =
        s.create(Draft::new("train").with(|new| new.requires = vec!["ssd".into(), "gpu".into()])).await.id;
    let plain = s.task("write").await;
    let on = |labels: &[&str]| Claim { labels: of(labels), ..s.claiming(1) };
    assert_eq!(s.ok(on(&["gpu"])).await[0].task.id, plain);
    assert!(s.ok(on(&[])).await.is_empty() && s.ok(on(&["gpu", "arm64"])).await.is_empty());
    assert!(s.ok(on(&["gp", "u", "ss"])).await.is_empty());
    let seen = Seen {
        host: HostFacts {
            name: "mill".into(),
            machine: "1".into(),
            labels: of(&["gpu"]),
            ..HostFacts::default()
        },
    };
    s.ok(seen.clone()).await;
    let why = |task: &TaskId| WhyOf { task: task.clone(), surroundings: Surroundings::default() };
    assert_eq!(s.ok(why(&gpu)).await.unmet_labels, of(&["gpu", "ssd"]));
    assert_eq!(s.ok(on(&["ssd", "eu", "gpu"])).await[0].task.id, gpu);
    assert!(s.get(&plain).await.requires.is_empty());
}

/// The cap of a host counts what runs there, whoever claimed it; other hosts have places of their own.
pub async fn the_cap_of_a_host_is_counted_inside_the_claim(boards: &impl Boards) {
    let s = Scene::new(boards);
    for _ in 0..5 {
        s.task("code").await;
    }
    let on = |host: &str| Claim { host: host.to_owned(), max_running_per_host: Some(2), ..s.claiming(9) };
    assert_eq!(s.ok(on("mill")).await.len(), 2);
    assert_eq!(s.ok(on("mill")).await.len(), 0);
    assert_eq!(s.ok(on("forge")).await.len(), 2);
    let claim = Claim { max_running: Some(5), ..on("third") };
    assert_eq!(s.ok(claim).await.len(), 1);
}

/// Two machines of one name are kept apart while both are there; a machine that has gone leaves its name to another.
pub async fn one_machine_at_a_time_has_a_host_name(boards: &impl Boards) {
    let s = Scene::new(boards);
    let seen = |machine: &str| Seen {
        host: HostFacts { name: "mill".into(), machine: machine.into(), ..HostFacts::default() },
    };
    s.ok(seen("one")).await;
    s.ok(seen("one")).await;
    assert_eq!(s.refused(seen("two")).await, "host_name_taken");
    s.wait(HOST_SILENCE + 1);
    s.ok(seen("two")).await;
}

/// A profile that this host lacks blocks no task while another live host has it.
pub async fn a_profile_of_another_host_is_not_missing(boards: &impl Boards) {
    let s = Scene::new(boards);
    let task = s.task("code").await;
    let block = || BlockUnrunnable {
        tasks: vec![task.clone()],
        profile: "coder".to_owned(),
        reason: "there is no profile coder here".to_owned(),
        policy: s.policy.clone(),
    };
    let host = HostFacts { name: "mill".into(), profiles: vec!["coder".into()], ..HostFacts::default() };
    s.ok(Seen { host }).await;
    assert!(s.ok(block()).await.is_empty());
    s.wait(HOST_SILENCE + 1);
    assert_eq!(s.ok(block()).await, std::slice::from_ref(&task));
    assert_eq!(s.status(&task).await, Status::Blocked);
}
