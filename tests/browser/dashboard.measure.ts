// What the dashboard costs on a board of 10,000 cards, in headless Chromium: `cargo xtask bench dashboard-load dashboard-live`.

import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { House, card } from "./house.ts";

const CARDS = 10_000;
const OUT = process.env["ANDON_MEASURED"];

let house: House;
beforeAll(async () => {
  house = await House.open();
  await furnish();
});
afterAll(async () => {
  await house?.close();
});

/** One figure, as a line of JSON. */
function say(label: string, value: string): void {
  if (OUT) appendFileSync(OUT, `${JSON.stringify({ label, value })}\n`);
  else console.log(`${label}: ${value}`);
}

const milliseconds = (value: number) => `${Math.round(value)} ms`;

function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(((sorted.length - 1) * percent) / 100)] ?? Number.NaN;
}

/** A board as a large fleet has it: much that waits, some ideas, some that is blocked, and much that is done. */
async function furnish(): Promise<void> {
  const token = readFileSync(join(house.home, "token"), "utf8").trim();
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${house.address}/api/v1/boards/default${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  };
  const ids: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < CARDS) {
      const n = next++;
      const kind = n % 10;
      const task = {
        title: `Task ${n}: ${"reconcile the ledger of the month before last with what the bank says ".slice(0, 20 + (n % 60))}`,
        priority: n % 7,
        tenant: `tenant-${n % 5}`,
        ...(kind === 0 ? { triage: true } : kind < 4 ? { held: true } : {}),
      };
      ids[n] = (await post("/tasks", task)).id;
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  const of = (kind: number) => ids.filter((_, n) => n % 10 === kind);
  const bulk = async (chosen: string[], action: object) => {
    for (let at = 0; at < chosen.length; at += 200) await post("/tasks/bulk", { ids: chosen.slice(at, at + 200), action });
  };
  await bulk([...of(8), ...of(9)], { verb: "complete", summary: "It was done, and here is what came of it." });
  await bulk(of(7), { verb: "block", reason: "It needs a word from the people who own the ledger.", kind: "needs_input" });
}

/** Notes the long tasks of a page from its very start. */
async function watched(): Promise<{ page: Page; close: () => Promise<void> }> {
  const { page, context } = await house.visit({ path: "/livez" });
  await page.addInitScript(() => {
    const seen: { at: number; length: number }[] = [];
    Object.assign(window, { longTasks: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.push({ at: entry.startTime, length: entry.duration });
    }).observe({ type: "longtask", buffered: true });
    const observer = new MutationObserver(() => {
      if (document.querySelector("[data-card]")) {
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => Object.assign(window, { firstCard: performance.now() })));
      }
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  return { page, close: () => context.close() };
}

test("dashboard-load", async () => {
  const interactive: number[] = [];
  const cards: number[] = [];
  let transferred = 0;
  for (let round = 0; round < 7; round++) {
    const { page, close } = await watched();
    await page.goto("/b/default");
    await page.locator("[data-card]").first().waitFor();
    // Quiet for half a second after the last long task: from then on a click is answered at once.
    await page.waitForFunction(() => {
      const { firstCard, longTasks } = window as unknown as { firstCard?: number; longTasks: { at: number; length: number }[] };
      const end = Math.max(0, ...longTasks.map((task) => task.at + task.length));
      return firstCard !== undefined && performance.now() > Math.max(firstCard, end) + 500;
    });
    const [first, end, bytes] = await page.evaluate(() => {
      const { firstCard, longTasks } = window as unknown as { firstCard: number; longTasks: { at: number; length: number }[] };
      const sent = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).reduce((sum, each) => sum + each.encodedBodySize, 0);
      return [firstCard, Math.max(firstCard, ...longTasks.map((task) => task.at + task.length)), sent];
    });
    cards.push(first ?? 0);
    interactive.push(end ?? 0);
    transferred = bytes ?? 0;
    await close();
  }
  say("first cards on the screen, median of 7 cold loads", milliseconds(percentile(cards, 50)));
  say("interactive, median", milliseconds(percentile(interactive, 50)));
  say("interactive, worst", milliseconds(percentile(interactive, 100)));
  say("transferred", `${Math.round(transferred / 1000)} KB`);
});

test("dashboard-scroll", async () => {
  const { page, close } = await watched();
  await page.goto("/b/default");
  const column = page.locator('[data-column="ready"]');
  await column.locator("[data-card]").first().waitFor();
  const box = await column.boundingBox();
  await page.mouse.move((box?.x ?? 0) + 100, (box?.y ?? 0) + 300);
  await page.evaluate(() => {
    (window as unknown as { longTasks: unknown[] }).longTasks.length = 0;
    const frames: number[] = [];
    Object.assign(window, { frames });
    let last = performance.now();
    const tick = (now: number) => {
      frames.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  for (let turn = 0; turn < 240; turn++) await page.mouse.wheel(0, 700);
  const seen = await page.evaluate(() => {
    const { longTasks, frames } = window as unknown as { longTasks: { length: number }[]; frames: number[] };
    return { long: longTasks.map((task) => task.length), frames };
  });
  const far = await column.locator("[data-card]").last().getAttribute("data-index");
  say("scrolled past so many of the column's cards", String(far));
  say("long tasks (over 50 ms) while scrolling", seen.long.length === 0 ? "none" : `${seen.long.length}, the longest ${milliseconds(Math.max(...seen.long))}`);
  say("frame, 95th percentile", `${percentile(seen.frames, 95).toFixed(1)} ms`);
  say("frame, longest", `${Math.max(...seen.frames).toFixed(1)} ms`);
  await close();
});

test("dashboard-live", async () => {
  const { page, close } = await watched();
  await page.goto("/b/default");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.locator("[data-card]").first().waitFor();
  await page.evaluate(() => {
    const arrivals: Record<string, number> = {};
    Object.assign(window, { arrivals });
    new MutationObserver(() => {
      for (const each of document.querySelectorAll<HTMLElement>("[data-card]")) {
        const id = each.dataset["card"] ?? "";
        arrivals[id] ??= Date.now();
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  const delays: number[] = [];
  for (let n = 0; n < 40; n++) {
    // Each above the last, where the column is in sight.
    const id = house.create(`Seen at once ${n}`, "--priority", String(900 + n), "--triage");
    await card(page, id).waitFor({ state: "attached" });
    const arrived = await page.evaluate((id) => (window as unknown as { arrivals: Record<string, number> }).arrivals[id] ?? Date.now(), id);
    const { task } = JSON.parse(house.run("show", id, "--json")) as { task: { created_at: string } };
    delays.push(arrived - Date.parse(task.created_at));
  }
  say("created by another process → on the screen, median of 40", milliseconds(percentile(delays, 50)));
  say("95th percentile", milliseconds(percentile(delays, 95)));
  say("slowest", milliseconds(percentile(delays, 100)));
  await close();
});
