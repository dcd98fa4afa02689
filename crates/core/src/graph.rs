//! The dependency graph: no cycles, ever.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::TaskId;
use crate::task::Refusal;

/// What the check may ask: the children of a task.
pub trait Children {
    /// The direct children of `task`.
    fn children(&self, task: &TaskId) -> Vec<TaskId>;
}

impl Children for BTreeMap<TaskId, Vec<TaskId>> {
    fn children(&self, task: &TaskId) -> Vec<TaskId> {
        self.get(task).cloned().unwrap_or_default()
    }
}

/// Whether `parent → child` may be linked (ST-21): it may not when `parent` can be reached down from `child`.
/// Looks only at what lies below `child`, each task once.
///
/// # Errors
/// `self_link` or `cycle`, naming the path that the link would close.
pub fn check_link(parent: &TaskId, child: &TaskId, edges: &impl Children) -> Result<(), Refusal> {
    if parent == child {
        return Err(Refusal::SelfLink(child.clone()));
    }
    let mut came_from: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    let mut seen = BTreeSet::from([child.clone()]);
    let mut open = vec![child.clone()];
    while let Some(task) = open.pop() {
        for next in edges.children(&task) {
            if !seen.insert(next.clone()) {
                continue;
            }
            came_from.insert(next.clone(), task.clone());
            if &next == parent {
                return Err(Refusal::Cycle(path(parent, child, &came_from)));
            }
            open.push(next);
        }
    }
    Ok(())
}

/// `parent → child → … → parent`.
fn path(parent: &TaskId, child: &TaskId, came_from: &BTreeMap<TaskId, TaskId>) -> Vec<TaskId> {
    let mut way = vec![parent.clone()];
    let mut at = parent;
    while at != child {
        let Some(before) = came_from.get(at) else { break };
        way.push(before.clone());
        at = before;
    }
    way.push(parent.clone());
    way.reverse();
    way
}

/// Checks a plan whose tasks name each other by position (ST-24): every index in range, none its own parent, no cycle.
/// Gives an order in which every task comes after its parents.
///
/// # Errors
/// `bad_plan`, naming the first offending task by its position, from 1.
pub fn order_plan(parents: &[Vec<usize>]) -> Result<Vec<usize>, Refusal> {
    for (index, of) in parents.iter().enumerate() {
        if let Some(bad) = of.iter().find(|parent| **parent >= parents.len()) {
            return Err(Refusal::BadPlan(format!(
                "task {} names a parent {}, which is not there",
                index + 1,
                bad + 1
            )));
        }
        if of.contains(&index) {
            return Err(Refusal::BadPlan(format!("task {} is its own parent", index + 1)));
        }
    }
    let mut waits: Vec<BTreeSet<usize>> = parents.iter().map(|of| of.iter().copied().collect()).collect();
    let mut order = Vec::with_capacity(parents.len());
    let mut placed = vec![false; parents.len()];
    while order.len() < parents.len() {
        let Some(next) = (0..parents.len()).find(|index| !placed[*index] && waits[*index].is_empty()) else {
            let stuck = (0..parents.len()).find(|index| !placed[*index]).unwrap_or(0);
            return Err(Refusal::BadPlan(format!("task {} waits for itself through its parents", stuck + 1)));
        };
        placed[next] = true;
        order.push(next);
        for wait in &mut waits {
            wait.remove(&next);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> TaskId {
        TaskId::from_bits(n)
    }

    #[test]
    fn a_cycle_is_refused_with_its_path() {
        let edges = BTreeMap::from([(id(1), vec![id(2)]), (id(2), vec![id(3)])]);
        assert_eq!(check_link(&id(3), &id(1), &edges), Err(Refusal::Cycle(vec![id(3), id(1), id(2), id(3)])));
        assert_eq!(check_link(&id(1), &id(1), &edges), Err(Refusal::SelfLink(id(1))));
        assert_eq!(check_link(&id(1), &id(3), &edges), Ok(()));
    }

    #[test]
    fn plans_come_in_an_order_that_works_or_not_at_all() {
        assert_eq!(order_plan(&[vec![1], vec![], vec![0, 1]]).unwrap(), [1, 0, 2]);
        for bad in [vec![vec![0]], vec![vec![7]], vec![vec![1], vec![0]]] {
            assert_eq!(order_plan(&bad).unwrap_err().code(), "bad_plan");
        }
    }
}
