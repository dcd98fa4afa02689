//! The list of cases, and the macros that make a test of each for one driver.

/// Makes a test of every case of the suite for one driver, in a module of that name.
#[macro_export]
macro_rules! conformance {
    ($driver:ident, $boards:expr) => {
        mod $driver {
            use super::*;
            $crate::conformance_cases! { $boards;
                claim:
                    the_most_urgent_goes_first_then_the_oldest,
                    caps_are_counted_inside_the_claim,
                    lanes_are_claimed_by_hand_alone,
                    a_claim_by_hand_says_why_not,
                    an_unreaped_run_keeps_its_task_from_being_claimed,
                    nothing_starts_once_a_pause_has_answered,
                    a_back_off_passes_by_the_clock,
                    a_glance_tells_what_there_is_to_do,
                    claims_side_by_side_share_what_the_caps_allow,
                    the_lease_of_an_ended_run_is_no_deadline,
                    a_cool_down_lets_one_probe_through,
                    a_claim_by_hand_heeds_a_cool_down_unless_forced,
                    a_straggler_lets_no_second_probe_through,
                    a_probe_that_was_taken_back_leaves_room_for_another,
                    a_claim_demotes_a_task_with_open_parents,
                    tasks_to_skip_cost_others_no_place,
                    the_default_assignee_gets_what_nobody_has,
                    racing_claimers_share_the_tasks,
                    a_task_goes_to_a_host_that_has_what_it_requires,
                    the_cap_of_a_host_is_counted_inside_the_claim,
                    one_machine_at_a_time_has_a_host_name,
                    a_profile_of_another_host_is_not_missing;
                create:
                    a_new_task_starts_where_its_parents_and_time_allow,
                    a_task_created_blocked_stays_blocked,
                    values_that_cannot_be_are_refused,
                    unknown_names_are_refused_with_the_nearest,
                    racing_creators_with_one_key_get_one_task,
                    an_archived_task_gives_its_key_free,
                    what_workers_create_is_bounded,
                    assignable_by_keeps_workers_from_foreign_profiles,
                    the_board_s_directory_is_the_default;
                ending:
                    each_failure_counts_what_it_says,
                    the_breaker_trips_at_the_task_s_own_limit,
                    rate_limits_are_no_failures_and_bounded,
                    crashes_alike_trip_at_once,
                    an_exit_that_completes_hands_over_and_promotes,
                    an_end_after_the_worker_s_word_only_reaps,
                    a_fresh_session_is_asked_for_with_its_verb_or_not_at_all;
                feed:
                    a_reader_never_skips_an_event,
                    a_restored_board_sends_its_readers_back,
                    a_filter_does_not_hold_the_place_back,
                    one_of_several_readers_moves_a_kept_place,
                    old_events_of_finished_tasks_go_slice_by_slice,
                    every_filter_of_a_list_is_understood;
                graph:
                    a_link_that_closes_a_cycle_is_refused_with_its_way,
                    links_of_unknown_or_finished_tasks_are_refused,
                    a_linked_task_waits_until_it_is_unlinked,
                    the_last_parent_s_end_promotes_its_children,
                    archiving_a_parent_needs_a_word_for_its_children,
                    deleting_a_parent_needs_a_word_for_its_children,
                    a_reopened_parent_takes_its_children_back,
                    a_waiver_does_not_cover_a_later_parent,
                    a_child_of_nobody_inherits_its_parent_s_assignee,
                    a_parent_s_completion_revives_a_given_up_child_once,
                    many_children_are_told_in_slices_that_outlive_a_crash,
                    a_parent_reopened_between_slices_leaves_no_child_ready,
                    a_parent_deleted_between_slices_leaves_no_child_waiting;
                lease:
                    one_supervisor_takes_a_run_and_every_other_stands_down,
                    a_late_renewal_is_good_while_nobody_took_the_run_away,
                    a_renewal_tells_its_own_end_from_a_fence,
                    an_expired_lease_is_extended_once_and_then_lost,
                    a_lost_run_counts_by_whose_fault_it_was,
                    a_run_left_unstarted_ends_unless_a_supervisor_took_it,
                    late_writes_of_a_stale_run_are_refused_and_audited,
                    a_worker_moves_its_own_task_alone,
                    a_heartbeat_renews_a_claim_by_hand,
                    a_run_is_reaped_once_and_only_after_its_end;
                notices:
                    a_task_is_told_of_once_for_each_time_and_then_ends,
                    a_second_block_is_told_again,
                    of_several_tellers_one_has_the_event,
                    a_teller_that_dies_loses_nothing,
                    failures_back_off_and_suspend_and_are_revived,
                    a_subscription_is_made_once_and_starts_where_its_task_stands,
                    a_board_s_subscription_tells_what_needs_a_person,
                    what_the_board_tells_a_channel_is_not_told_it_twice,
                    a_home_channel_that_was_switched_off_stays_off,
                    a_channel_that_hears_much_it_does_not_want_hears_what_it_wants,
                    a_deleted_task_takes_its_subscriptions_along,
                    only_a_person_says_who_is_told;
                people:
                    a_stopped_task_stays_stopped,
                    a_stop_beside_a_dying_run_keeps_the_task_from_starting,
                    a_reclaimed_task_is_ready_again,
                    a_running_task_is_reassigned_only_by_taking_it_back,
                    a_running_task_is_fenced_before_it_goes,
                    a_finished_task_is_taken_up_again,
                    an_edit_changes_what_it_names_or_nothing,
                    only_a_person_ends_a_sticky_block,
                    a_block_has_a_reason_and_a_kind_to_choose,
                    blocks_without_news_recur,
                    a_task_put_behind_a_parent_goes_on_by_itself,
                    a_held_task_waits_for_a_promote,
                    a_scheduled_task_fires_at_its_time,
                    an_idea_is_split_as_a_whole_or_not_at_all,
                    phantom_cards_are_refused_and_recorded,
                    a_handoff_without_a_run_gets_one,
                    attachments_get_names_of_their_own,
                    a_person_resets_failures_and_sends_back_to_triage;
                plan:
                    one_call_at_a_time_has_an_idea,
                    racing_planners_share_the_ideas,
                    an_idea_is_tried_a_bounded_number_of_times,
                    a_plan_is_written_for_the_idea_that_was_taken,
                    no_idea_is_taken_by_itself_while_the_cord_is_pulled,
                    a_worker_s_idea_gives_no_fresh_allowance;
                random:
                    the_invariants_hold_after_every_step,
                    random_histories_reach_every_status;
                review:
                    the_reviewer_is_never_the_implementer,
                    an_approval_finishes_the_task,
                    rounds_of_changes_end_at_a_person,
                    a_crashed_review_stays_a_review,
                    only_a_review_is_judged;
                rights:
                    only_an_orchestrator_routes_the_work_of_others;
                views:
                    pages_give_each_task_once_in_every_order,
                    a_page_has_what_is_wanted,
                    a_card_counts_what_its_task_has,
                    runs_and_their_use_are_found,
                    a_graph_is_what_hangs_together,
                    waits_are_measured_once;
            }
        }
    };
}

/// The tests of listed cases; [`conformance!`] is what drivers call.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($boards:expr; $($module:ident: $($case:ident),+ ;)+) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::block_on($crate::conformance::$module::$case(&$boards));
            })+
        })+
    };
}

#[cfg(test)]
mod tests {
    /// A case that no driver runs proves nothing.
    #[test]
    fn no_case_is_forgotten() {
        let list = include_str!("suite.rs");
        let files = [
            include_str!("claim.rs"),
            include_str!("create.rs"),
            include_str!("ending.rs"),
            include_str!("feed.rs"),
            include_str!("graph.rs"),
            include_str!("lease.rs"),
            include_str!("notices.rs"),
            include_str!("people.rs"),
            include_str!("plan.rs"),
            include_str!("random.rs"),
            include_str!("review.rs"),
            include_str!("rights.rs"),
            include_str!("views.rs"),
        ];
        for case in files.iter().flat_map(|file| file.split("\npub async fn ").skip(1)) {
            let name = case.split(['(', '<']).next().unwrap();
            let listed = list.lines().any(|line| line.trim().trim_end_matches([',', ';']) == name);
            assert!(listed, "{name} is missing in `conformance!`");
        }
    }
}
