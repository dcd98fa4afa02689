// How every view looks: in light, in dark, on a phone; with real work, with hostile words, with nothing, and when things fail.
// The pictures lie in `browser` below the target folder; some of them stand in the README.

import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Furniture, furnish, provoke } from "./furniture.ts";
import { House, PICTURES, until, violations } from "./house.ts";

let house: House;
let there: Furniture;
let worst: string;
beforeAll(async () => {
  house = await House.open();
  there = furnish(house);
  worst = provoke(house);
  await until(() => house.run("list", "--status", "running", "--json").split('"id"').length > 2, "two workers run");
});
afterAll(async () => {
  await house?.close();
  expect(house?.complaints ?? []).toEqual([]);
});

interface View {
  name: string;
  path: string;
  ready: (page: Page) => Promise<unknown>;
}

/** What a view shows wrong: what axe finds, and what does not fit on the screen. */
async function look(page: Page, which: string, ...rules: string[]): Promise<string[]> {
  const found = (await violations(page, ...rules)).map((each) => `${which}: ${each}`);
  await page.screenshot({ path: join(PICTURES, `${which}.png`) });
  if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) found.push(`${which}: the page is wider than the screen`);
  return found;
}

/** Opens the live log, and waits until its end is in sight. */
async function watchLog(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Watch the log" }).click();
  const log = page.getByRole("region", { name: "Log of run 1" });
  await log.waitFor();
  const inSight = () =>
    log.evaluate((box) => {
      const { left, top, width, height } = box.getBoundingClientRect();
      const seen = document.elementFromPoint(left + width / 3, top + height / 2)?.closest("[data-index]")?.textContent ?? "";
      return seen.includes("restore") && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    });
  await until(inSight, "the end of the log is in sight");
}

/** Dark differs from light in colours alone; a phone has a layout of its own. */
const LOOKS = [
  { name: "light", theme: "light" as const, rules: [] },
  { name: "dark", theme: "dark" as const, rules: ["color-contrast"] },
  { name: "phone", theme: "dark" as const, phone: true, rules: [] },
];

test.for(LOOKS)("no view has a barrier that axe can find: $name", async ({ name, rules, ...options }) => {
  const drawer = (page: Page) => page.getByRole("dialog").getByText("Description").first().waitFor();
  const views: View[] = [
    { name: "board", path: "/b/default", ready: (page) => page.locator('[data-column="running"] [data-card]').first().waitFor() },
    { name: "drawer", path: `/b/default?task=${there.question}`, ready: drawer },
    {
      name: "log",
      path: `/b/default?task=${there.running}`,
      ready: async (page) => {
        await watchLog(page);
      },
    },
    { name: "attention", path: "/b/default/attention", ready: (page) => page.getByText("Frankfurt is nearer").first().waitFor() },
    { name: "graph", path: "/b/default/graph", ready: (page) => page.locator(".react-flow__edge").first().waitFor({ state: "attached" }) },
    { name: "fleet", path: "/b/default/fleet", ready: (page) => page.getByRole("region", { name: "Rules of this home" }).getByText("Stored in").waitFor() },
    { name: "hostile-board", path: "/b/hostile", ready: (page) => page.locator("[data-card]").first().waitFor() },
    { name: "hostile-drawer", path: `/b/hostile?task=${worst}`, ready: drawer },
  ];
  const found: string[] = [];
  const { page, context } = await house.visit({ ...options, path: "/livez" });
  for (const view of views) {
    await page.goto(view.path);
    await view.ready(page);
    found.push(...(await look(page, `${view.name}-${name}`, ...rules)));
  }
  await context.close();
  expect(found).toEqual([]);
}, 90_000);

test("what is empty, missing or cut off says so, and what to do", async () => {
  house.run("boards", "create", "empty");
  const found: string[] = [];
  const { page, context } = await house.visit({ path: "/b/empty", theme: "dark" });
  await page.getByText("An empty board").waitFor();
  found.push(...(await look(page, "empty-board")));
  for (const [place, words] of [["attention", "Nothing needs you"], ["graph", "Nothing to draw"], ["fleet", "Nobody works right now"]] as const) {
    await page.goto(`/b/empty/${place}`);
    await page.getByText(words).first().waitFor();
    found.push(...(await look(page, `empty-${place}`)));
  }
  await page.goto("/b/nowhere");
  await page.getByText("This board cannot be shown").waitFor();
  found.push(...(await look(page, "missing-board")));
  await page.goto("/b/default?task=t_00000000");
  await page.getByText("This task cannot be shown").waitFor();
  found.push(...(await look(page, "missing-task")));
  await page.goto("/b/default?q=nothing-has-these-words");
  await page.getByText("Nothing matches").waitFor();
  found.push(...(await look(page, "no-match")));
  await page.goto("/b/default");
  await page.getByText("Live", { exact: true }).waitFor();
  await house.stopServer();
  await page.getByText("The connection to Andon is lost").waitFor();
  found.push(...(await look(page, "reconnecting")));
  await page.keyboard.press("c");
  await page.getByRole("dialog", { name: "New task" }).getByLabel("Title").fill("Into the void");
  await page.getByRole("button", { name: "Create task" }).click();
  await page.getByRole("alert").filter({ hasText: "The server does not answer" }).first().waitFor();
  found.push(...(await look(page, "refused")));
  await house.serve();
  await context.close();
  const stranger = await house.visit({ path: "/livez" });
  await stranger.context.clearCookies();
  await stranger.page.goto("/b/default");
  await stranger.page.getByText("andon token url").waitFor();
  found.push(...(await look(stranger.page, "logged-out")));
  await stranger.context.close();
  expect(found).toEqual([]);
}, 90_000);

test("pictures for the README are taken", async () => {
  const { page, context } = await house.visit({ path: "/b/default", theme: "light" });
  await page.evaluate(() => localStorage.setItem("andon.folded", "triage scheduled"));
  await page.setViewportSize({ width: 1740, height: 800 });
  await page.reload();
  const shoot = (name: string) => page.screenshot({ path: join(PICTURES, `readme-${name}.png`) });
  await page.locator('[data-column="running"] [data-card]').nth(1).waitFor();
  await page.getByRole("button", { name: "Dismiss until the page is loaded again" }).click();
  await shoot("board");
  await context.close();
  const dark = await house.visit({ path: `/b/default?task=${there.running}`, theme: "dark" });
  await dark.page.setViewportSize({ width: 1280, height: 720 });
  await watchLog(dark.page);
  await dark.page.screenshot({ path: join(PICTURES, "readme-log.png") });
  await dark.page.goto("/b/default/attention");
  await dark.page.getByText("Frankfurt is nearer").first().waitFor();
  await dark.page.screenshot({ path: join(PICTURES, "readme-attention.png") });
  await dark.page.goto("/b/default/fleet");
  await dark.page.getByRole("region", { name: "Rules of this home" }).getByText("Stored in").waitFor();
  await dark.page.screenshot({ path: join(PICTURES, "readme-fleet.png") });
  await dark.context.close();
});
