// What a person is used to: their own language, a board as they left it, hands that find things where they were.

import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { House, PICTURES, card, cardIn, column, until, violations } from "./house.ts";

let house: House;
beforeAll(async () => {
  house = await House.open();
});
afterAll(async () => {
  await house?.close();
  expect(house?.complaints ?? []).toEqual([]);
});

test("the language is changed while one looks, without a reload, and stays", async () => {
  house.create("Bleibt, wie es heißt", "--triage");
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.evaluate(() => Object.assign(window, { here: true }));
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitem", { name: "Deutsch" }).click();
  await page.getByRole("button", { name: "Reißleine ziehen" }).waitFor();
  await page.getByRole("button", { name: "Bleibt, wie es heißt", exact: true }).waitFor();
  expect(await page.evaluate(() => [document.documentElement.lang, "here" in window])).toEqual(["de", true]);
  await page.reload();
  await page.getByRole("button", { name: "Reißleine ziehen" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Befehl oder Worte").fill("日本語");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "ひもを引く" }).waitFor();
  await context.close();
});

test("every language fits on a desk and on a phone, and says which one it is", async () => {
  const id = house.create("Choose a region", "--hold", "--tenant", "acme", "--priority", "12");
  house.run("block", id, "Which one?", "--kind", "needs_input");
  const found: string[] = [];
  for (const phone of [false, true]) {
    const { page, context } = await house.visit({ path: "/livez", phone });
    for (const language of ["de", "es", "fr", "pt-BR", "zh-CN", "ja"]) {
      await page.evaluate((chosen) => localStorage.setItem("andon.language", chosen), language);
      for (const [name, path] of [["board", "/b/default"], ["drawer", `/b/default?task=${id}`], ["fleet", "/b/default/fleet"]] as const) {
        await page.goto(path);
        await page.locator(name === "board" ? "[data-card]" : name === "drawer" ? "#task-overview" : "table").first().waitFor();
        const which = `${name}-${language}${phone ? "-phone" : ""}`;
        await page.screenshot({ path: join(PICTURES, `${which}.png`) });
        if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) found.push(`${which}: the page is wider than the screen`);
        const lang = await page.evaluate(() => document.documentElement.lang);
        if (lang !== language) found.push(`${which}: says that it is ${lang}`);
      }
    }
    found.push(...(await violations(page)));
    await context.close();
  }
  expect(found).toEqual([]);
}, 120_000);

test("a board begins as it is configured, once, and then as it was left", async () => {
  const [mine, other] = ["acme", "zoo"].map((tenant) => house.create(`Of ${tenant}`, "--hold", "--tenant", tenant, "--body", "**bold**")) as [string, string];
  appendFileSync(join(house.home, "config.toml"), '\n[dashboard]\ndefault_tenant = "acme"\nrender_markdown = false\n');
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.waitForURL("**/b/default?tenant=acme");
  await card(page, mine).waitFor();
  expect(await card(page, other).count()).toBe(0);
  await page.goto("/b/default?assignee=");
  await card(page, other).waitFor();
  await page.goto("/b/default");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await card(page, other).waitFor();
  await page.goto(`/b/default?task=${other}`);
  await page.getByRole("dialog").getByText("**bold**").waitFor();
  await page.keyboard.press("Escape");
  await card(page, other).waitFor();
  expect(new URL(page.url()).search).toBe("");
  await page.getByRole("combobox", { name: "Filter by tenant" }).selectOption("zoo");
  await card(page, mine).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Fleet" }).first().click();
  await page.getByRole("link", { name: "Board", exact: true }).first().click();
  await page.waitForURL("**/b/default?tenant=zoo");
  await page.goto("/");
  await page.waitForURL("**/b/default?tenant=zoo");
  await context.close();
});

test("everything about a task can be said where it is written down, and goes along into the whole form", async () => {
  const before = house.create("Comes before", "--triage", "--tenant", "inline");
  house.create("Stands there", "--tenant", "inline", "--assignee", "analyst", "--hold");
  const { page, context } = await house.visit({ path: "/b/default?tenant=inline" });
  await column(page, "triage").getByRole("button", { name: "New task in Triage" }).click();
  const form = column(page, "triage").locator("form");
  await form.getByRole("textbox", { name: "Title of the new task" }).fill("Comes after");
  await form.getByRole("button", { name: "Fields" }).click();
  await form.getByLabel("Priority").fill("9");
  await form.getByLabel("Skills").fill("review, rust");
  await form.getByLabel("Work until the goal is reached").check();
  await form.getByLabel("Most turns").fill("7");
  await form.getByLabel("Workspace").selectOption("dir");
  await form.getByLabel("Path").fill("/tmp");
  await form.getByRole("button", { name: "Add a task that it waits for" }).click();
  const picker = page.getByRole("dialog", { name: "Add a task that it waits for" });
  await picker.getByRole("textbox").fill("Comes before");
  await picker.getByRole("button", { name: "Comes before" }).click();
  expect(await violations(page)).toEqual([]);
  await form.getByRole("button", { name: "More…" }).click();
  const dialog = page.getByRole("dialog", { name: "New task" });
  expect(await dialog.getByLabel("Title").inputValue()).toBe("Comes after");
  expect(await dialog.getByLabel("Priority").inputValue()).toBe("9");
  await dialog.getByRole("button", { name: "Create task" }).click();
  await dialog.waitFor({ state: "detached" });
  const made = () => (JSON.parse(house.run("list", "--json")) as { id: string; title: string }[]).find((each) => each.title === "Comes after")?.id;
  await until(() => made() !== undefined, "it is made");
  const shown = house.run("show", made() ?? "", "--json");
  for (const said of ['"priority": 9', "review", "rust", '"goal_max_turns": 7', before, "triage"]) expect(shown).toContain(said);
  await context.close();
});

test("a card that is carried by the keyboard keeps the focus; a mixed choice goes the way of each", async () => {
  const [first, second] = ["Carried", "Carried too"].map((title) => house.create(title, "--hold", "--tenant", "carry")) as [string, string];
  const blocked = house.create("Blocked one", "--hold", "--tenant", "carry");
  house.run("block", blocked, "wait");
  const { page, context } = await house.visit({ path: "/b/default?tenant=carry" });
  await card(page, first).locator("[data-open]").focus();
  await page.keyboard.press("m");
  await page.getByRole("menuitem", { name: "Move to Triage" }).press("Enter");
  await cardIn(page, "triage", first).waitFor();
  await cardIn(page, "triage", first).locator("[data-open]").focus();
  await page.keyboard.press("Alt+ArrowRight");
  await cardIn(page, "todo", first).waitFor();
  await until(() => page.evaluate((id) => document.activeElement?.closest("[data-card]")?.getAttribute("data-card") === id, first), "the focus went along");
  await page.keyboard.press("x");
  await card(page, second).locator("[data-open]").focus();
  await page.keyboard.press("Shift+X");
  await page.getByRole("toolbar").getByText("2 selected").waitFor();
  await card(page, blocked).getByRole("checkbox").check();
  await page.getByRole("toolbar").getByRole("button", { name: "Move to…" }).click();
  await page.getByRole("menuitem", { name: "Ready" }).click();
  for (const id of [first, second, blocked]) await cardIn(page, "ready", id).waitFor();
  // The picture comes first; what counts is where the board says that they stand.
  await until(() => [first, second, blocked].every((id) => house.run("show", id, "--json").includes('"status": "ready"')), "all are ready");
  await page.getByRole("toolbar").waitFor({ state: "detached" });
  await context.close();
});

test("a board may be made without going there, and an address of none leads to one that is", async () => {
  const { page, context } = await house.visit({ path: "/b/default?tenant=carry" });
  await page.getByRole("button", { name: "New board" }).click();
  const dialog = page.getByRole("dialog", { name: "New board" });
  await dialog.getByLabel("Name").fill("For later");
  await dialog.getByLabel("Show it once it is made").uncheck();
  await dialog.getByRole("button", { name: "Create board" }).click();
  await page.getByRole("navigation", { name: "Boards" }).getByText("For later").waitFor();
  expect(new URL(page.url()).pathname).toBe("/b/default");
  await page.goto("/b/never-made");
  await page.getByText("This board cannot be shown").waitFor();
  await page.getByRole("link", { name: "Go to default" }).click();
  await column(page, "triage").waitFor();
  await context.close();
});

test("a session that has ended is told, and nothing is tried any more", async () => {
  const { page, context } = await house.visit({ path: "/b/default?tenant=carry" });
  await page.getByText("Live", { exact: true }).waitFor();
  await context.clearCookies();
  await house.stopServer();
  await page.getByText("The connection to Andon is lost").waitFor();
  await house.serve();
  await page.getByRole("status").filter({ hasText: "Your session has ended" }).getByText("andon token url").waitFor({ timeout: 30_000 });
  expect(await page.getByRole("button", { name: "Try now" }).count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await context.close();
});

test("a log that could not be read is asked for again by hand", async () => {
  const id = house.create("Ran before", "--assignee", "builder", "--body", "echo done");
  await until(() => house.run("show", id, "--json").includes('"status": "done"'), "it has run");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Ran before" });
  await drawer.getByRole("tab", { name: /Runs/ }).click();
  await drawer.getByRole("heading", { name: "Attempt 1" }).waitFor();
  let broken = true;
  await page.route(/\/log\?/, (route) => (broken ? route.fulfill({ status: 500, body: "" }) : route.continue()));
  await drawer.getByRole("button", { name: "Log", exact: true }).click();
  await drawer.getByText("It could not be read").waitFor();
  broken = false;
  await drawer.getByRole("button", { name: "Try again" }).click();
  await drawer.getByText("The run is over").waitFor();
  await context.close();
});
