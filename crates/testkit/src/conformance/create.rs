//! Creating tasks (ST-01..04).

use crate::{Boards, Draft, Scene};

/// a
pub async fn a_new_task_starts_where_its_parents_and_time_allow(boards: &impl Boards) {
    let s = Scene::new(boards);
    s.create(Draft::new("x")).await;
}
