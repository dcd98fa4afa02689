// One task, whole: what is done in its drawer, against a real server and real workers.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { House, card, cardIn, until, violations } from "./house.ts";

let house: House;
beforeAll(async () => {
  house = await House.open();
});
afterAll(async () => {
  await house?.close();
  expect(house?.complaints ?? []).toEqual([]);
});

test("an idea is taken up, and another is split into tasks that run in their order", async () => {
  const simple = house.create("A simple idea", "--triage", "--assignee", "builder", "--body", "echo simple");
  const large = house.create("A large idea", "--triage");
  const { page, context } = await house.visit({ path: `/b/default?task=${simple}` });
  await page.getByRole("dialog", { name: "A simple idea" }).getByRole("button", { name: "Take it up" }).first().click();
  await cardIn(page, "done", simple).waitFor();
  await page.goto(`/b/default?task=${large}`);
  await page.getByRole("dialog", { name: "A large idea" }).getByRole("button", { name: "Split into tasks" }).click();
  const plan = page.getByRole("dialog", { name: "Split into tasks" });
  await plan.getByLabel("Title of part 1").fill("Lay the ground");
  await plan.getByLabel("Assignee of part 1").selectOption("builder");
  await plan.getByLabel("Description of part 1").fill("echo ground");
  await plan.getByLabel("Title of part 2").fill("Build on it");
  await plan.getByLabel("Assignee of part 2").selectOption("builder");
  await plan.getByLabel("Description of part 2").fill("echo house");
  await plan.getByRole("button", { name: "Part 2 waits for part 1" }).click();
  expect(await violations(page)).toEqual([]);
  await plan.getByRole("button", { name: "Create 2 tasks" }).click();
  await plan.waitFor({ state: "detached" });
  const all = JSON.parse(house.run("list", "--json")) as { id: string; title: string }[];
  const build = all.find((each) => each.title === "Build on it")?.id ?? "";
  await cardIn(page, "done", build).waitFor();
  await context.close();
});

test("what a task came to is said otherwise where it stands, and the rest of it stays", async () => {
  const id = house.create("Count them", "--hold");
  house.run("complete", id, "--result", "41", "--summary", "Counted by hand");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Count them" });
  const result = drawer.getByRole("region", { name: "Result" });
  await result.getByRole("button", { name: "Edit" }).click();
  const field = result.getByRole("textbox", { name: "Result" });
  await field.fill(" ");
  expect(await result.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await field.fill("42");
  await result.getByRole("button", { name: "Save" }).click();
  await result.getByText("42").waitFor();
  const summary = drawer.getByRole("region", { name: "Last summary" });
  await summary.getByRole("button", { name: "Edit" }).click();
  await summary.getByRole("textbox", { name: "Last summary" }).fill("Counted twice");
  await summary.getByRole("button", { name: "Save" }).click();
  await summary.getByText("Counted twice").waitFor();
  const shown = house.run("show", id, "--json");
  expect(shown).toContain('"result": "42"');
  expect(shown).toContain("Counted twice");
  expect(await violations(page)).toEqual([]);
  await context.close();
});

test("the drawer shows what a task's branch changes, while its worker writes", async () => {
  const repository = mkdtempSync(join(tmpdir(), "andon-repository-"));
  const git = (...args: string[]) => execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: repository, stdio: "ignore" });
  git("init", "--initial-branch", "main");
  writeFileSync(join(repository, "poem.txt"), "roses are red\nviolets are blue\n");
  git("add", ".");
  git("commit", "--message", "A poem");
  const body = "sed -i 's/red/white/' poem.txt; echo waiting; while true; do sleep 0.2; done";
  const id = house.create("Repaint the roses", "--assignee", "builder", "--workspace", `worktree:${repository}`, "--body", body);
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Repaint the roses" });
  await until(() => house.run("log", id).includes("waiting"), "the worker has written");
  await drawer.getByRole("tab", { name: "Changes" }).click();
  const file = drawer.getByRole("region", { name: "poem.txt" });
  await file.getByText("roses are white").waitFor();
  await file.getByText("roses are red").waitFor();
  await drawer.getByText("One file").waitFor();
  expect(await violations(page)).toEqual([]);
  house.run("stop", id);
  await context.close();
  rmSync(repository, { recursive: true, force: true });
});

test("files are attached, looked at, and taken away", async () => {
  const id = house.create("Has papers", "--triage");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Has papers" });
  const dot = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==", "base64");
  await drawer.locator('input[type="file"]').setInputFiles([
    { name: "note.md", mimeType: "text/markdown", buffer: Buffer.from("# A note\n<script>window.hacked = 1</script>\n") },
    { name: "dot.png", mimeType: "image/png", buffer: dot },
  ]);
  await drawer.getByRole("button", { name: /dot\.png/ }).first().waitFor();
  await until(async () => (await drawer.locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth)) === 1, "the picture is shown");
  await drawer.getByRole("button", { name: /note\.md/ }).first().click();
  const preview = page.getByRole("dialog", { name: "note.md" });
  await preview.getByText("<script>window.hacked = 1</script>").waitFor();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await preview.getByRole("button", { name: "Close" }).click();
  await drawer.getByRole("button", { name: "Remove note.md" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await until(async () => (await drawer.getByText("note.md").count()) === 0, "the note is gone");
  expect(house.run("attachments", id)).toContain("dot.png");
  await context.close();
});

test("a log keeps its colours, follows its end, and lets itself be searched and read back", async () => {
  const body = 'for i in $(seq 1 400); do printf "\\033[31mred %d\\033[0m plain <b>%d</b>\\n" $i $i; done; while true; do echo more; sleep 0.1; done';
  const id = house.create("Talks a lot", "--assignee", "builder", "--body", body);
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Talks a lot" });
  await drawer.getByRole("button", { name: "Watch the log" }).click();
  const log = drawer.getByRole("region", { name: "Log of run 1" });
  await log.getByText("more").last().waitFor();
  const follow = drawer.getByRole("button", { name: "Follow" });
  expect(await follow.getAttribute("aria-pressed")).toBe("true");
  await drawer.getByRole("searchbox", { name: "Search the log" }).fill("red 17 ");
  await drawer.getByText("1/1").waitFor();
  const hit = log.locator("mark").first();
  await hit.waitFor();
  expect(await hit.evaluate((mark) => getComputedStyle(mark.parentElement as HTMLElement).color)).toBe("rgb(255, 123, 128)");
  expect(await log.locator("b").count()).toBe(0);
  await drawer.getByRole("searchbox", { name: "Search the log" }).fill("");
  await until(async () => (await follow.getAttribute("aria-pressed")) === "false", "it stays where a person reads");
  await follow.click();
  const bottom = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
  await until(async () => (await bottom()) < 30, "it is at the end again");
  house.run("stop", id);
  await drawer.getByText("The run is over").waitFor();
  await context.close();
});

test("a task says why it does not run, and the button beside it mends that", async () => {
  const held = house.create("Held back", "--assignee", "builder", "--body", "echo free", "--hold");
  const { page, context } = await house.visit({ path: `/b/default?task=${held}` });
  const why = page.getByRole("region", { name: "Why it does not run" });
  await why.getByRole("button", { name: "Promote" }).click();
  await cardIn(page, "done", held).waitFor();
  const nobody = house.create("Nobody's");
  await page.goto(`/b/default?task=${nobody}`);
  await why.getByRole("button", { name: "Assign…" }).click();
  const dialog = page.getByRole("dialog", { name: `Assign ${nobody}` });
  await dialog.getByLabel("To").selectOption("builder");
  await dialog.getByRole("button", { name: "Assign" }).click();
  await until(() => house.run("show", nobody, "--json").includes('"assignee": "builder"'), "it is given");
  await context.close();
});

test("what somebody else changed meanwhile is not overwritten", async () => {
  const id = house.create("Two hands", "--triage", "--body", "first words");
  const { page, context } = await house.visit({ path: `/b/default?task=${id}` });
  const drawer = page.getByRole("dialog", { name: "Two hands" });
  await drawer.getByRole("button", { name: "Edit" }).click();
  await drawer.getByRole("textbox", { name: "Description" }).fill("my words");
  house.run("edit", id, "--body", "the other's words");
  await drawer.getByRole("alert").getByText("the other's words").waitFor();
  expect(await drawer.getByRole("textbox", { name: "Description" }).inputValue()).toBe("my words");
  expect(house.run("show", id)).toContain("the other's words");
  await drawer.getByRole("button", { name: "Save mine over it" }).click();
  await until(() => house.run("show", id).includes("my words"), "it is overwritten by will");
  await context.close();
});

test("dependencies are added and taken away in the drawer, and a circle is refused in words", async () => {
  const [first, second] = ["Goes first", "Goes second"].map((title) => house.create(title, "--triage")) as [string, string];
  const { page, context } = await house.visit({ path: `/b/default?task=${second}` });
  const drawer = page.getByRole("dialog", { name: "Goes second" });
  const add = async (label: string, title: string) => {
    await drawer.getByRole("button", { name: label }).click();
    const picker = page.getByRole("dialog", { name: label });
    await picker.getByRole("textbox", { name: "Find a task" }).fill(title);
    await picker.getByRole("button", { name: title }).click();
  };
  await add("Add a task that it waits for", "Goes first");
  await drawer.getByRole("button", { name: "Unlink Goes first" }).waitFor();
  await page.goto(`/b/default?task=${first}`);
  const other = page.getByRole("dialog", { name: "Goes first" });
  await other.getByText("0 of 1 done").waitFor();
  house.create("Third wheel", "--triage", "--parent", second);
  await other.getByRole("button", { name: "Add a task that it waits for" }).click();
  const picker = page.getByRole("dialog", { name: "Add a task that it waits for" });
  await picker.getByRole("textbox", { name: "Find a task" }).fill("Third wheel");
  await picker.getByRole("button", { name: "Third wheel" }).click();
  await page.getByRole("alert").filter({ hasText: /cycle|circle/i }).waitFor();
  await other.getByRole("button", { name: "Unlink Goes second" }).click();
  await other.getByRole("button", { name: "Unlink Goes second" }).waitFor({ state: "detached" });
  expect(await card(page, first).count()).toBe(1);
  await context.close();
});
