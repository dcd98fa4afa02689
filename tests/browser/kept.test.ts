import { afterAll, beforeAll, expect, test } from "vitest";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { House, card, until } from "./house.ts";

let house: House;

beforeAll(async () => {
  house = await House.open();
});

afterAll(async () => {
  const complaints = house.complaints;
  await house.close();
  expect(complaints).toEqual([]);
});

test("what somebody writes outlives Escape, a change of language and another view", async () => {
  const id = house.create("Has a draft", "--hold", "--body", "As it was");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.locator("[data-drawer]");
  const comment = drawer.locator("#new-comment");
  await comment.fill("half a thought");
  await page.keyboard.press("Escape");
  await drawer.waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await card(page, id).locator("[data-open]").click();
  expect(await comment.inputValue()).toBe("half a thought");
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitem", { name: "Deutsch" }).click();
  await drawer.getByRole("button", { name: "Kommentieren", exact: true }).waitFor();
  expect(await comment.inputValue()).toBe("half a thought");
  await context.close();
});

test("files go along with a new task and with a comment that names them", async () => {
  const { page, context } = await house.visit({ path: "/b/default" });
  await page.getByRole("button", { name: "New task", exact: true }).first().click();
  const dialog = page.getByRole("dialog", { name: "New task" });
  await dialog.getByLabel("Title").fill("Comes with papers");
  await dialog.locator('input[type="file"]').setInputFiles({ name: "costs.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n") });
  await dialog.getByText("Hold it until I promote it").click();
  await dialog.getByRole("button", { name: "Create task" }).click();
  await page.getByRole("button", { name: "Open", exact: true }).click();
  const drawer = page.getByRole("dialog", { name: "Comes with papers" });
  await drawer.getByRole("button", { name: /costs\.csv/ }).first().waitFor();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), drawer.getByRole("button", { name: "Attach files" }).last().click()]);
  await chooser.setFiles({ name: "note.md", mimeType: "text/markdown", buffer: Buffer.from("# Hi\n") });
  await until(async () => (await drawer.locator("#new-comment").inputValue()) === "`note.md`", "the comment names the file");
  await context.close();
});

test("a task opens beside Attention, Fleet and Graph, which stay", async () => {
  const parent = house.create("Comes first", "--hold");
  house.create("Comes second", "--hold", "--parent", parent);
  house.run("block", parent, "Which one?", "--kind", "needs_input");
  const { page, context } = await house.visit({ path: "/b/default/attention" });
  await page.locator(`[data-attention="${parent}"]`).getByRole("button", { name: "Comes first" }).click();
  await page.getByRole("dialog", { name: "Comes first" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/b/default/attention");
  await page.keyboard.press("Escape");
  await until(() => !page.url().includes("task="), "the drawer is closed");
  expect(new URL(page.url()).pathname).toBe("/b/default/attention");
  await context.close();
});

test("the cord is in reach from the drawer, and its band is never under it", async () => {
  const id = house.create("Is looked at", "--hold");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Is looked at" });
  await drawer.waitFor();
  await page.keyboard.press("p");
  await page.getByPlaceholder("What everybody should know").fill("audit");
  await page.keyboard.press("Enter");
  await drawer.getByRole("button", { name: "Cord is pulled" }).waitFor();
  // It can be clicked: nothing lies over it.
  await page.getByRole("alert", { name: /cord/i }).getByRole("button", { name: "Resume" }).click();
  await drawer.getByRole("button", { name: "Pull the cord" }).waitFor();
  await context.close();
});

test("planning is switched in the bar, and a channel is told of a task by a switch", async () => {
  appendFileSync(join(house.home, "config.toml"), '\n[channels.ops]\nkind = "command"\ncommand = ["/bin/true"]\n');
  await house.stopServer();
  await house.serve();
  const id = house.create("Is told of", "--hold");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const box = page.locator("[data-drawer]").getByRole("checkbox", { name: "ops" });
  await box.click();
  await until(() => box.isChecked(), "the switch is on");
  expect(house.run("notify", "list", id)).toContain("ops");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Planning: manual" }).first().click();
  await page.getByRole("button", { name: "Planning: auto" }).first().waitFor();
  await page.getByRole("button", { name: "Planning: auto" }).first().click();
  await page.getByRole("button", { name: "Planning: manual" }).first().waitFor();
  await context.close();
});
