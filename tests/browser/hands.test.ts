// What hands do on the board: fingers, mice and keys, on a phone and on a desk.

import { afterAll, beforeAll, expect, test } from "vitest";
import { House, card, cardIn, column, touch, until, violations } from "./house.ts";

let house: House;
beforeAll(async () => {
  house = await House.open();
});
afterAll(async () => {
  await house?.close();
  expect(house?.complaints ?? []).toEqual([]);
});

test("a finger carries a card to another column; a swipe only scrolls", async () => {
  const id = house.create("Carry me", "--hold", "--tenant", "finger");
  house.create("Stand there", "--triage", "--tenant", "finger");
  const { page, context } = await house.visit({ path: "/b/default?tenant=finger", phone: true });
  await cardIn(page, "todo", id).scrollIntoViewIfNeeded();
  const finger = await touch(page);
  const start = await finger.middle(card(page, id).locator("[data-open]"));
  await finger.down(start);
  await page.getByText("Delete", { exact: true }).waitFor();
  const target = await finger.middle(column(page, "triage").getByRole("heading"));
  // The other column lies beyond the edge: the board scrolls under the carried card.
  for (let x = start.x; x > 20; x -= 40) await finger.move({ x, y: start.y });
  await until(async () => (await page.locator("[data-columns]").evaluate((box) => box.scrollLeft)) < 40, "the board has scrolled back");
  await finger.move({ x: 60, y: target.y + 200 });
  await column(page, "triage").and(page.locator('[class*="accent-soft"]')).waitFor();
  await finger.up();
  await cardIn(page, "triage", id).waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  const again = await finger.middle(card(page, id).locator("[data-open]"));
  await finger.down(again);
  await finger.move({ x: again.x - 60, y: again.y });
  await finger.up();
  expect(await page.getByText("Delete", { exact: true }).count()).toBe(0);
  await context.close();
});

test("on a phone a task is found, read, answered and followed up", async () => {
  const id = house.create("Ask from afar", "--assignee", "analyst", "--body", "echo went", "--hold");
  house.run("block", id, "Shall I?", "--kind", "needs_input");
  const { page, context } = await house.visit({ path: "/b/default", phone: true });
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Attention" }).tap();
  const item = page.locator(`[data-attention="${id}"]`);
  await item.getByRole("textbox").fill("Yes.");
  await item.getByRole("button", { name: "Answer and unblock" }).tap();
  await item.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Find" }).tap();
  await page.getByPlaceholder("Type a command").fill("Ask from afar");
  await page.getByRole("option", { name: /Ask from afar/ }).first().tap();
  const drawer = page.getByRole("dialog", { name: "Ask from afar" });
  await drawer.getByText("Yes.").waitFor();
  expect(await violations(page)).toEqual([]);
  await drawer.getByRole("button", { name: "Close (Esc)" }).tap();
  await drawer.waitFor({ state: "detached" });
  await context.close();
});

test("tasks are written down one after the other where they will stand", async () => {
  const { page, context } = await house.visit({ path: "/b/default?tenant=" });
  house.create("Something is there", "--triage");
  await page.goto("/b/default");
  await page.getByRole("button", { name: "New task in Triage" }).click();
  const title = page.getByRole("textbox", { name: "Title of the new task" });
  // The server is slow, and whoever writes does not wait for it.
  let answer = () => {};
  const slow = new Promise<void>((go) => {
    answer = go;
  });
  await page.route("**/api/v1/boards/default/tasks", async (route) => {
    if (route.request().method() === "POST") await slow;
    await route.continue();
  });
  await title.fill("First idea");
  await title.press("Enter");
  await title.fill("Second idea\nwith more words");
  await title.press("Enter");
  await title.fill("Third idea");
  answer();
  const written = (name: string) => column(page, "triage").getByRole("button", { name, exact: true });
  await written("First idea").waitFor();
  await written("Second idea").waitFor();
  expect(await title.inputValue()).toBe("Third idea");
  // The server is away: what was written is kept, and is there once when it is asked for again.
  await page.unroute("**/api/v1/boards/default/tasks");
  let lost = 1;
  await page.route("**/api/v1/boards/default/tasks", async (route) => {
    if (route.request().method() !== "POST" || lost-- <= 0) return route.continue();
    await route.fetch();
    await route.abort("connectionreset");
  });
  await title.press("Enter");
  await title.fill("Fourth");
  const lostOne = column(page, "triage").getByRole("alert").filter({ hasText: "Third idea" });
  await lostOne.getByText("does not answer").waitFor();
  expect(await title.inputValue()).toBe("Fourth");
  await lostOne.getByRole("button", { name: "Try again" }).click();
  await written("Third idea").waitFor();
  await lostOne.waitFor({ state: "detached" });
  await title.fill("");
  await title.press("Escape");
  await title.waitFor({ state: "detached" });
  const tasks = house.run("list", "--status", "triage", "--json");
  expect(tasks).toContain('"title": "Second idea"');
  expect(tasks.match(/"title": "Third idea"/g)).toHaveLength(1);
  await context.close();
});

test("selected cards are dropped together on what deletes them, which asks first", async () => {
  const ids = ["One", "Two"].map((title) => house.create(title, "--hold", "--tenant", "drop"));
  const { page, context } = await house.visit({ path: "/b/default?tenant=drop" });
  const [first, second] = ids as [string, string];
  await card(page, first).locator("[data-open]").focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("toolbar").getByText("2 selected").waitFor();
  await card(page, second).hover();
  await page.mouse.down();
  await page.mouse.move(700, 500, { steps: 5 });
  const zone = page.locator('[data-drop="delete"]');
  await zone.waitFor();
  const box = await zone.boundingBox();
  await page.mouse.move((box?.x ?? 0) + 20, (box?.y ?? 0) + 20, { steps: 5 });
  await page.mouse.up();
  const dialog = page.getByRole("dialog", { name: "Delete 2 tasks" });
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  for (const id of ids) await card(page, id).waitFor({ state: "detached" });
  expect(house.run("list", "--json")).not.toContain(first);
  await context.close();
});

test("filters and lanes live in the address; a folded column stays folded", async () => {
  const mine = house.create("Mine alone", "--assignee", "analyst", "--hold", "--tenant", "zoo");
  const other = house.create("Another's", "--assignee", "builder", "--hold", "--tenant", "zoo");
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByRole("combobox", { name: "Filter by tenant" }).selectOption("zoo");
  await page.getByRole("combobox", { name: "Filter by assignee" }).selectOption("analyst");
  await card(page, other).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /Lanes by profile/ }).click();
  await page.waitForURL(/assignee=analyst.*lanes=true|lanes=true.*assignee=analyst/);
  await page.reload();
  await card(page, mine).waitFor();
  expect(await card(page, other).count()).toBe(0);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await card(page, other).waitFor();
  await page.getByRole("button", { name: "Fold To do" }).click();
  await card(page, mine).waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("button", { name: "Unfold To do" }).click();
  await card(page, mine).waitFor();
  await context.close();
});

test("a person chooses light or dark, and it stays", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  const theme = () => page.evaluate(() => document.documentElement.dataset["theme"]);
  expect(await theme()).toBe("light");
  // Nobody presses a key for what is not there yet.
  await page.getByRole("button", { name: "New board" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill("dark theme");
  await page.keyboard.press("Enter");
  await until(async () => (await theme()) === "dark", "it is dark");
  await page.reload();
  expect(await theme()).toBe("dark");
  await context.close();
});

test("boards are made, described and put away", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByRole("button", { name: "New board" }).click();
  const made = page.getByRole("dialog", { name: "New board" });
  await made.getByLabel("Name").fill("Spring Clean!");
  expect(await made.getByLabel("Slug").inputValue()).toBe("spring-clean");
  await made.getByRole("button", { name: "Create board" }).click();
  await page.waitForURL("**/b/spring-clean*");
  await page.getByText("An empty board").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "More of the board" }).click();
  await page.getByRole("menuitem", { name: "Settings of the board…" }).click();
  const settings = page.getByRole("dialog", { name: "The board spring-clean" });
  await settings.getByLabel("Description").fill("Once a year.");
  await settings.getByRole("button", { name: "Save" }).click();
  await settings.waitFor({ state: "detached" });
  expect(house.run("boards", "list", "--json")).toContain("Once a year.");
  await page.getByRole("button", { name: "More of the board" }).click();
  await page.getByRole("menuitem", { name: "Settings of the board…" }).click();
  await settings.getByRole("button", { name: "Archive…" }).click();
  await page.getByRole("button", { name: "Archive the board" }).click();
  await page.waitForURL("**/b/default*");
  await page.getByRole("navigation", { name: "Boards" }).getByText("Spring Clean!").waitFor({ state: "detached" });
  await context.close();
});
