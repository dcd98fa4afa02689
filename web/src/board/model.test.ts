import { describe, expect, it } from "vitest";
import type { Card, Columns, Status } from "../api/types.ts";
import { STATUSES } from "../design/words.ts";
import { age, append, moveTo, moved, place } from "./model.ts";

function card(id: string, more: Partial<Card> = {}): Card {
  return {
    id,
    title: id,
    status: "ready",
    phase: "work",
    assignee: null,
    reviewer: null,
    priority: 0,
    tenant: null,
    block_kind: null,
    block_reason: null,
    blocked_at: null,
    eligible_at: null,
    eligible_reason: null,
    scheduled_at: null,
    held: false,
    consecutive_failures: 0,
    current_run_id: null,
    run_started_at: null,
    progress_at: null,
    progress_note: null,
    parents: 0,
    open_parents: 0,
    children: 0,
    children_done: 0,
    comments: 0,
    attachments: 0,
    runs: 0,
    cost_usd: null,
    latest_summary: null,
    last_failure_error: null,
    workspace_kind: "scratch",
    created_by: "ada",
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    started_at: null,
    completed_at: null,
    ...more,
  };
}

function view(columns: Partial<Record<Status, Card[]>>, next: Partial<Record<Status, string>> = {}): Columns {
  return {
    board: "default",
    columns: STATUSES.map((status) => ({
      status,
      count: columns[status]?.length ?? 0,
      cards: columns[status] ?? [],
      next: next[status] ?? null,
    })),
    tenants: [],
    assignees: [],
    paused: [],
    cursor: "e-1",
    now: "2026-01-01T00:00:00.000Z",
  };
}

const ids = (columns: Columns, status: Status) =>
  columns.columns.find((column) => column.status === status)?.cards.map((each) => each.id);

describe("place", () => {
  it("moves a card to the column of its new status, by priority and then by age", () => {
    const before = view({ ready: [card("a")], done: [card("b", { status: "done", priority: 5 }), card("c", { status: "done" })] });
    const after = place(before, [card("a", { status: "done", priority: 1 })], new Set(["a"]), {});
    expect(ids(after, "ready")).toEqual([]);
    expect(ids(after, "done")).toEqual(["b", "a", "c"]);
    expect(after.columns.find((column) => column.status === "ready")?.count).toBe(0);
  });

  it("drops a card that is gone, and one that no longer passes the filter", () => {
    const before = view({ ready: [card("a", { tenant: "x" }), card("b", { tenant: "x" })] });
    const after = place(before, [card("b", { tenant: "y" })], new Set(["a", "b"]), { tenant: "x" });
    expect(ids(after, "ready")).toEqual([]);
  });

  it("leaves a card that belongs beyond what is loaded to the next page", () => {
    const before = view({ ready: [card("a", { priority: 9 })] }, { ready: "more" });
    const after = place(before, [card("z", { priority: 0 })], new Set(["z"]), {});
    expect(ids(after, "ready")).toEqual(["a"]);
  });

  it("never shows a card twice, however often it is placed", () => {
    let now = view({ ready: [card("a")] });
    for (let turn = 0; turn < 3; turn++) now = place(now, [card("a")], new Set(["a"]), {});
    expect(ids(now, "ready")).toEqual(["a"]);
  });
});

describe("append", () => {
  it("leaves out cards that came in meanwhile", () => {
    const after = append(view({ ready: [card("a")] }, { ready: "1" }), "ready", { cards: [card("a"), card("b")], next: null });
    expect(ids(after, "ready")).toEqual(["a", "b"]);
  });
});

describe("moved", () => {
  it("shows the move before the server agrees", () => {
    const after = moved(view({ ready: [card("a"), card("b")] }), new Set(["a"]), "blocked", {});
    expect(ids(after, "blocked")).toEqual(["a"]);
    expect(ids(after, "ready")).toEqual(["b"]);
  });
});

describe("moveTo", () => {
  it("never leads to running by hand", () => {
    for (const from of STATUSES) expect(moveTo(from, "running").kind).toBe("refuse");
  });
  it("asks before work is lost or ended", () => {
    expect(moveTo("running", "ready")).toMatchObject({ ask: true });
    expect(moveTo("running", "triage")).toMatchObject({ ask: true, verbs: ["reclaim", "triage"] });
    expect(moveTo("ready", "done")).toMatchObject({ kind: "ask", dialog: "complete" });
    expect(moveTo("ready", "blocked")).toMatchObject({ kind: "ask", dialog: "block" });
    expect(moveTo("done", "ready")).toMatchObject({ verbs: ["reopen"], ask: true });
  });
  it("unblocks what is blocked and promotes what waits", () => {
    expect(moveTo("blocked", "ready")).toMatchObject({ verbs: ["unblock"] });
    expect(moveTo("todo", "ready")).toMatchObject({ verbs: ["promote"] });
    expect(moveTo("blocked", "ready", true)).toMatchObject({ verbs: ["unblock", "promote"] });
  });
});

describe("age", () => {
  it("worries sooner about a running task than about one that waits", () => {
    const now = Date.parse("2026-01-01T02:00:00.000Z");
    expect(age(card("a", { status: "running", run_started_at: "2026-01-01T00:30:00.000Z" }), now).worry).toBe("red");
    expect(age(card("a", { status: "ready" }), now).worry).toBe("amber");
    expect(age(card("a", { status: "todo" }), now).worry).toBe("none");
  });
});
