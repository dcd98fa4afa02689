// What statuses, outcomes and kinds are called, and what they mean.

import type { BlockKind, Status } from "../api/types.ts";
import type { BadgeTone } from "./controls.tsx";

export const STATUSES: Status[] = ["triage", "todo", "scheduled", "ready", "running", "review", "blocked", "done"];

export const STATUS_NAME: Record<Status, string> = {
  triage: "Triage",
  todo: "To do",
  scheduled: "Scheduled",
  ready: "Ready",
  running: "Running",
  review: "Review",
  blocked: "Blocked",
  done: "Done",
  archived: "Archived",
};

export const STATUS_HELP: Record<Status, string> = {
  triage: "Ideas that somebody has yet to specify. Nothing here starts by itself.",
  todo: "Waits for its parents, or for a person where it is held.",
  scheduled: "Waits for a time, or for a person where it has none.",
  ready: "A dispatcher starts these next, the highest priority first.",
  running: "A worker holds these right now. Only a worker moves a task here.",
  review: "The work is there; a reviewer or a person judges it.",
  blocked: "Stopped until somebody lets it go on.",
  done: "Finished.",
  archived: "Put away.",
};

export const BLOCK_NAME: Record<BlockKind, string> = {
  needs_input: "Has a question",
  capability: "Lacks a right or a tool",
  transient: "Outside failure",
  operator: "Stopped by a person",
  recurring: "Blocked again and again",
  gave_up: "Gave up after failures",
};

export const OUTCOME: Record<string, { name: string; tone: BadgeTone }> = {
  completed: { name: "Completed", tone: "green" },
  approved: { name: "Approved", tone: "green" },
  review_requested: { name: "Asked for review", tone: "accent" },
  changes_requested: { name: "Asked for changes", tone: "purple" },
  blocked: { name: "Blocked", tone: "red" },
  scheduled: { name: "Put off", tone: "grey" },
  spawn_failed: { name: "Did not start", tone: "red" },
  crashed: { name: "Crashed", tone: "red" },
  protocol_violation: { name: "Ended without a word", tone: "red" },
  timed_out: { name: "Timed out", tone: "red" },
  rate_limited: { name: "Rate limited", tone: "amber" },
  lost: { name: "Lost", tone: "red" },
  stale: { name: "Made no progress", tone: "red" },
  interrupted: { name: "Interrupted", tone: "amber" },
  reclaimed: { name: "Taken back", tone: "amber" },
  cancelled: { name: "Stopped", tone: "grey" },
  stood_down: { name: "Stood down", tone: "grey" },
};

/** An event's kind as a sentence's verb. */
export function eventName(kind: string): string {
  return kind.replaceAll("_", " ");
}
