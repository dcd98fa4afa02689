// A person's journeys through the dashboard: a real server, real workers, a real browser.

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

const LONG = 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); printf "\\033[32mstep\\033[0m %d\\n" $i; sleep 0.2; done';

test("a chain that is created in the dialog runs to its end before one's eyes", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "New task" });
  await dialog.getByLabel("Title").fill("Grind the beans");
  await dialog.getByLabel("Description").fill("sleep 1; echo ground");
  await dialog.getByLabel("Assignee").selectOption("builder");
  await dialog.getByRole("button", { name: "Create task" }).click();
  const first = page.getByRole("button", { name: "Grind the beans" });
  await first.first().waitFor();
  const parent = (await page.locator("[data-card]", { hasText: "Grind the beans" }).getAttribute("data-card")) ?? "";
  const child = house.create("Brew the coffee", "--assignee", "builder", "--body", "echo brewed", "--parent", parent);
  await card(page, child).waitFor();
  await cardIn(page, "done", parent).waitFor();
  await cardIn(page, "done", child).waitFor();
  await context.close();
});

test("a worker's question is answered in place, and the worker goes on", async () => {
  const id = house.create("Move the bucket", "--assignee", "builder", "--body", "echo moved", "--hold");
  house.run("block", id, "Which **region**?", "--kind", "needs_input");
  const { page, context } = await house.visit({ path: "/b/default/attention" });
  const item = page.locator(`[data-attention="${id}"]`);
  await item.getByText("region").waitFor();
  await item.getByRole("textbox").fill("Frankfurt.");
  await item.getByRole("button", { name: "Answer and unblock" }).click();
  await item.waitFor({ state: "detached" });
  expect(house.run("show", id)).toContain("Frankfurt.");
  await until(() => !house.run("show", id, "--json").includes('"status": "blocked"'), "the task is unblocked");
  await context.close();
});

test("a review is approved in place, and another sent back with words", async () => {
  const [good, bad] = ["Good work", "Bad work"].map((title) => {
    const id = house.create(title);
    house.run("claim", id);
    house.run("request-review", id, "--summary", "Look at **this**.");
    return id;
  }) as [string, string];
  const { page, context } = await house.visit({ path: "/b/default/attention" });
  const reviewed = page.locator(`[data-attention="${good}"]`);
  await reviewed.getByRole("button", { name: "Approve" }).click();
  await reviewed.waitFor({ state: "detached" });
  const refused = page.locator(`[data-attention="${bad}"]`);
  await refused.getByRole("textbox").fill("The tests are missing.");
  await refused.getByRole("button", { name: "Request changes" }).click();
  await refused.waitFor({ state: "detached" });
  await page.goto("/b/default");
  await cardIn(page, "done", good).waitFor();
  await cardIn(page, "ready", bad).waitFor();
  await context.close();
});

test("a card is dragged; a destructive drop asks, and a refused one comes back", async () => {
  const id = house.create("Drag me", "--hold");
  const { page, context } = await house.visit({ path: "/b/default" });
  await card(page, id).dragTo(column(page, "ready"));
  await cardIn(page, "ready", id).waitFor();
  await card(page, id).dragTo(column(page, "blocked"));
  const dialog = page.getByRole("dialog", { name: `Block ${id}` });
  await dialog.getByLabel("Reason").fill("not yet");
  await dialog.getByRole("button", { name: "Block", exact: true }).click();
  await cardIn(page, "blocked", id).waitFor();
  await cardIn(page, "blocked", id).getByText("not yet").waitFor();
  await card(page, id).dragTo(column(page, "review"));
  await page.getByRole("alert").filter({ hasText: "Only the worker" }).waitFor();
  await cardIn(page, "blocked", id).waitFor();
  await context.close();
});

test("everything on the board is done with the keyboard alone", async () => {
  const id = house.create("Keyboard only", "--priority", "50");
  const { page, context } = await house.visit({ path: "/b/default" });
  await card(page, id).waitFor();
  await card(page, id).locator("[data-open]").focus();
  await page.keyboard.press("m");
  await page.getByRole("menuitem", { name: "Move to To do" }).waitFor();
  await page.keyboard.press("Escape");
  await card(page, id).locator("[data-open]").focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await page.getByRole("dialog", { name: `Schedule ${id}` }).waitFor();
  await page.keyboard.press("Escape");
  await card(page, id).locator("[data-open]").focus();
  await page.keyboard.press("m");
  await page.getByRole("menuitem", { name: "Move to To do" }).press("Enter");
  await cardIn(page, "todo", id).waitFor();
  await card(page, id).locator("[data-open]").focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "Keyboard only" });
  await drawer.waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill("fleet");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/fleet*");
  await context.close();
});

test("many cards are changed at once, and a refusal names its card", async () => {
  const idea = house.create("Bulk idea", "--triage", "--tenant", "bulk");
  const ids = [1, 2].map((n) => house.create(`Bulk ${n}`, "--hold", "--tenant", "bulk"));
  const { page, context } = await house.visit({ path: "/b/default?tenant=bulk" });
  await card(page, idea).waitFor();
  await column(page, "triage").getByRole("checkbox", { name: /Select all/ }).check();
  await column(page, "todo").getByRole("checkbox", { name: /Select all/ }).check();
  const bar = page.getByRole("toolbar");
  await bar.getByText("3 selected").waitFor();
  await bar.getByRole("button", { name: "Block", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Block 3 tasks" });
  await dialog.getByLabel("Reason").fill("all of them");
  await dialog.getByRole("button", { name: "Block", exact: true }).click();
  for (const id of ids) await cardIn(page, "blocked", id).waitFor();
  await cardIn(page, "triage", idea).getByText("cannot block").waitFor();
  await context.close();
});

test("the drawer edits in place, follows a live log and stops its worker", async () => {
  const id = house.create("Watch me", "--assignee", "builder", "--body", LONG);
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Watch me" });
  await drawer.getByRole("button", { name: "Watch the log" }).click();
  await drawer.getByText("step").first().waitFor();
  await drawer.getByRole("searchbox", { name: "Search the log" }).fill("step");
  await drawer.locator("mark").first().waitFor();
  await drawer.getByRole("tab", { name: "Overview" }).click();
  await drawer.getByRole("spinbutton", { name: "Priority" }).fill("7");
  await drawer.getByRole("spinbutton", { name: "Priority" }).press("Enter");
  await cardIn(page, "running", id).getByText("P7").waitFor();
  await drawer.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog", { name: `Stop ${id}` }).getByRole("button", { name: "Stop" }).click();
  await cardIn(page, "blocked", id).waitFor();
  await context.close();
});

test("the cord stops everything, says so, and lets go again", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByRole("button", { name: "Pull the cord" }).click();
  const dialog = page.getByRole("dialog", { name: "The cord" });
  await dialog.getByLabel("Stop", { exact: true }).selectOption("everything");
  await dialog.getByLabel("Reason").fill("fire drill");
  await dialog.getByRole("button", { name: "Pull the cord" }).click();
  const band = page.getByRole("alert", { name: "The cord is pulled" });
  await band.getByText("fire drill").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: join(PICTURES, "cord.png") });
  const id = house.create("Must not start", "--assignee", "builder", "--body", "echo x");
  await cardIn(page, "ready", id).waitFor();
  await band.getByRole("button", { name: "Resume" }).click();
  await band.waitFor({ state: "detached" });
  await cardIn(page, "done", id).waitFor();
  await context.close();
});

test("a restart of the server is shown honestly and nothing is missed", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByText("Live", { exact: true }).waitFor();
  await house.stopServer();
  await page.getByText("The connection to Andon is lost").waitFor();
  const id = house.create("Made while it was away");
  await house.serve();
  await card(page, id).waitFor({ timeout: 30_000 });
  await page.getByText("The connection to Andon is lost").waitFor({ state: "detached" });
  await context.close();
});

test("the graph links by drawing, and a line that is chosen is unlinked", async () => {
  const parent = house.create("First things", "--triage");
  const child = house.create("Second things", "--parent", parent);
  const { page, context } = await house.visit({ path: `/b/default/graph?around=${parent}` });
  await page.getByText("First things").waitFor();
  await page.locator(".react-flow__edge").first().waitFor({ state: "attached" });
  await page.locator(".react-flow__edge-interaction").first().dispatchEvent("click");
  await page.getByRole("dialog", { name: "Unlink the two?" }).getByRole("button", { name: "Unlink" }).click();
  await page.locator(".react-flow__edge").first().waitFor({ state: "detached" });
  expect(JSON.parse(house.run("list", "--status", "ready", "--json"))).toContainEqual(expect.objectContaining({ id: child, parents: [] }));
  const [left, right] = ["Draw from here", "Draw to there"].map((title) => house.create(title, "--triage")) as [string, string];
  house.create("Keeps them together", "--triage", "--parent", left, "--parent", right);
  await page.goto(`/b/default/graph?around=${left}`);
  const node = (id: string) => page.locator(`.react-flow__node[data-id="${id}"]`);
  const [from, to] = [node(left).locator(".react-flow__handle.source"), node(right).locator(".react-flow__handle.target")];
  await from.waitFor();
  await page.locator(".react-flow__edge").nth(1).waitFor({ state: "attached" });
  await from.hover();
  await page.mouse.down();
  await to.hover();
  await page.mouse.up();
  await page.getByRole("status").filter({ hasText: `${right} now waits for ${left}` }).waitFor();
  await page.locator(".react-flow__edge").nth(2).waitFor({ state: "attached" });
  await context.close();
});

test("hostile words are shown as words", async () => {
  const id = house.create("<img src=x onerror=alert(1)>", "--triage", "--body", "<script>window.hacked=1</script> [x](javascript:alert(1)) ![p](https://elsewhere.example/p.png)");
  house.run("comment", id, "<iframe src='https://elsewhere.example'></iframe>");
  const { page, context } = await house.visit({ path: "/b/default" });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).hostname));
  await page.goto(`/b/default?task=${id}`);
  const drawer = page.getByRole("dialog");
  await drawer.getByText("Comments 1").waitFor();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  expect(await drawer.locator("iframe, script, a[href^='javascript']").count()).toBe(0);
  expect([...new Set(asked)]).toEqual(["127.0.0.1"]);
  await context.close();
});
