//! Any sequence of events, by anybody, with any facts: no panic, a sound task after each, and no way around the fence.

#![no_main]

use andon_core::run::Failure;
use andon_core::task::{Actor, BlockKind, End, Event, Facts, Initial, place_new, step};
use andon_core::{Millis, Policy, RunId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.iter().copied();
    let _done = history(&mut bytes);
});

fn history(bytes: &mut impl Iterator<Item = u8>) -> Option<()> {
    let start = bytes.next()?;
    let initial = Initial {
        triage: start & 1 != 0,
        blocked: (start & 2 != 0).then(|| "no".to_owned()),
        at: (start & 4 != 0).then_some(Millis(5)),
        held: start & 8 != 0,
    };
    let mut task = place_new(&initial, u32::from(start >> 7), Millis(0));
    loop {
        let (which, more, facts) = (bytes.next()?, bytes.next()?, facts(bytes.next()?));
        let now = Millis(i64::from(bytes.next()?).saturating_mul(1 << (more & 31)));
        let actor = match more >> 6 {
            0 => Actor::System,
            1 => Actor::Worker { profile: None, run: task.current_run.clone().unwrap_or_else(|| run(9)) },
            2 => Actor::Worker { profile: None, run: run(more & 7) },
            _ => Actor::Person("ada".to_owned()),
        };
        let stale = actor.run().is_some() && actor.run() != task.current_run.as_ref();
        if let Ok(step) = step(&task, &event(which, more), &actor, &facts, &Policy::default(), now) {
            assert!(!stale, "a stale run was let in");
            let sticky = task.block.as_ref().is_some_and(|block| block.kind.is_sticky());
            assert!(!sticky || actor.is_person() || step.next.block == task.block, "a sticky block ended");
            assert!(step.next.status == task.status || step.facts.len() == 1, "a change without its fact");
            task = step.next;
            assert_eq!(task.check(), Ok(()));
        }
    }
}

fn run(number: u8) -> RunId {
    format!("{number:026}").parse().expect("26 digits make a run id")
}

fn facts(bits: u8) -> Facts {
    Facts {
        open_parents: u32::from(bits & 3),
        waiting_children: u32::from(bits >> 2 & 1),
        unreaped_run: bits & 8 != 0,
        paused: (bits & 0x70 == 0x70).then(|| "the board".to_owned()),
        max_retries: (bits & 0x80 != 0).then_some(u32::from(bits & 3)),
        jitter: u16::from(bits) << 8,
        has_reviewer: bits & 1 != 0,
    }
}

fn event(which: u8, more: u8) -> Event {
    let reason = || "é".repeat(usize::from(more));
    let flag = more & 1 != 0;
    let kind = BlockKind::ALL[usize::from(more) % BlockKind::ALL.len()];
    let failure = Failure::ALL[usize::from(more) % Failure::ALL.len()];
    match which % 24 {
        0 => Event::Specify,
        1 => Event::ToTriage,
        2 => Event::Linked,
        3 => Event::ParentsSettled { completion: flag },
        4 => Event::ParentReopened,
        5 => Event::Promote { force: flag },
        6 => Event::Hold,
        7 | 8 => Event::Claim { run: run(which % 7) },
        9 => Event::Complete,
        10 => Event::RequestReview,
        11 => Event::Approve,
        12 => Event::RequestChanges { reason: reason() },
        13 => Event::Block { kind, reason: reason() },
        14 => Event::BlockOnParent { reason: reason() },
        15 => Event::Unblock,
        16 => Event::Schedule { at: flag.then_some(Millis(i64::MAX >> (more & 63))), reason: reason() },
        17 => Event::ScheduleDue,
        18 => Event::RunEnded(End { run: run(more % 7), failure, error: reason(), systemic: flag }),
        19 => Event::Stop { reason: reason() },
        20 => Event::Reclaim { reason: reason() },
        21 => {
            if flag {
                Event::News
            } else {
                Event::ResetFailures
            }
        }
        22 => Event::Archive { release: (more & 2 != 0).then_some(flag) },
        _ => Event::Reopen,
    }
}
