import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Live, Listener } from "./live.ts";
import { follow } from "./queries.ts";
import type { BoardEvent } from "./types.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const EVENT: BoardEvent = { number: 1, task_id: "t_00000001", run_id: null, kind: "created", actor: "ada", payload: null, created_at: "2026-01-31T14:00:00.000Z" };

function listening(answers: (asked: number) => boolean): { tell: Listener; asked: () => number; stop: () => void } {
  let asked = 0;
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    return answers(asked) ? Response.json({ columns: [], paused: [], tenants: [], assignees: [] }) : new Response("busy", { status: 503 });
  });
  let tell: Listener | undefined;
  const live = {
    listen: (listener: Listener) => {
      tell = listener;
      return () => undefined;
    },
  } as unknown as Live;
  const stop = follow("default", live);
  if (!tell) throw new Error("nobody listens");
  return { tell, asked: () => asked, stop };
}

describe("follow", () => {
  it("reads a change again that a busy server did not give, until it does", async () => {
    const { tell, asked, stop } = listening((count) => count > 2);
    tell.event(EVENT);
    await vi.advanceTimersByTimeAsync(10);
    expect(asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked()).toBe(3);
    stop();
  });

  it("asks no more once nobody looks at the board", async () => {
    const { tell, asked, stop } = listening(() => false);
    tell.event(EVENT);
    stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked()).toBe(1);
  });

  it("reads once for many events that come at once", async () => {
    const { tell, asked, stop } = listening(() => true);
    for (let number = 0; number < 100; number++) tell.event({ ...EVENT, number });
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked()).toBeLessThan(4);
    stop();
  });
});
