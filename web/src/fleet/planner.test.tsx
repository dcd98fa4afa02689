import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client } from "../api/queries.ts";
import type { Profile } from "../api/types.ts";
import { Toasts } from "../shell/toasts.tsx";
import { PlanWithModel } from "../task/planning.tsx";
import { Described, OrchestrationPill } from "./planner.tsx";

/** What the server has, and what it was asked. */
let settings: Record<string, unknown>;
let asked: [string, unknown][];
let answers: Record<string, [status: number, body: unknown]>;

beforeEach(() => {
  settings = { auto_decompose: false, planner_model: "large-1", dashboard: {} };
  asked = [];
  answers = {};
  vi.stubGlobal("fetch", async (path: string, { method = "GET", body }: RequestInit = {}) => {
    if (method !== "GET") asked.push([`${method} ${path}`, typeof body === "string" ? JSON.parse(body) : null]);
    const [status, answer] = answers[`${method} ${path}`] ?? [200, settings];
    if (method === "PATCH" && status === 200) Object.assign(settings, JSON.parse(String(body)));
    return new Response(JSON.stringify(answer), { status, headers: { "Content-Type": "application/json" } });
  });
});

afterEach(() => {
  cleanup();
  client.clear();
  vi.unstubAllGlobals();
});

const show = (what: React.ReactNode) =>
  render(
    <QueryClientProvider client={client}>
      {what}
      <Toasts />
    </QueryClientProvider>,
  );
const profile = (given: Partial<Profile>) => ({ name: "builder", description: null, description_auto: false, ...given }) as Profile;

it("turns planning on and off by one click, and says which it is", async () => {
  show(<OrchestrationPill />);
  const pill = await screen.findByRole("button", { name: "Planning: manual" });
  expect(pill.getAttribute("aria-pressed")).toBe("false");
  fireEvent.click(pill);
  expect((await screen.findByRole("button", { name: "Planning: auto" })).title).toBe("A model plans ideas as they come.");
  fireEvent.click(screen.getByRole("button"));
  await screen.findByRole("button", { name: "Planning: manual" });
  expect(asked).toEqual([
    ["PATCH /api/v1/settings", { auto_decompose: true }],
    ["PATCH /api/v1/settings", { auto_decompose: false }],
  ]);
});

it("says that nothing plans where no model is set up, and offers none", async () => {
  settings = { ...settings, auto_decompose: true, planner_model: null };
  show([<OrchestrationPill key="pill" />, <Described key="who" profile={profile({})} />, <PlanWithModel key="plan" board="b" id="t_1" />]);
  expect((await screen.findByRole("button")).title).toBe("Ideas are planned as they come, but no model is set up to do it.");
  expect(screen.getAllByRole("button")).toHaveLength(1);
  screen.getByText("No description");
});

it("tells a refusal, and shows what is configured still", async () => {
  answers["PATCH /api/v1/settings"] = [403, { title: "no", detail: "a token of scope read does not open this", code: "forbidden", hint: null }];
  show(<OrchestrationPill />);
  fireEvent.click(await screen.findByRole("button", { name: "Planning: manual" }));
  await screen.findByText("a token of scope read does not open this");
  screen.getByRole("button", { name: "Planning: manual" });
});

it("marks what a model wrote, and has it describe who is not described", async () => {
  const path = "POST /api/v1/profiles/builder/describe";
  answers[path] = [200, { ok: true }];
  const shown = show(<Described profile={profile({ description: "Builds.", description_auto: true })} />);
  await screen.findByText("auto, review");
  shown.unmount();
  const mine = show(<Described profile={profile({ description: "Builds." })} />);
  await waitFor(() => expect(client.isFetching()).toBe(0));
  expect(screen.queryByText("Auto-generate")).toBeNull();
  mine.unmount();
  show(<Described profile={profile({})} />);
  fireEvent.click(await screen.findByRole("button", { name: "Auto-generate the description of builder" }));
  await screen.findByText("builder is described anew: review it");
  answers[path] = [200, { ok: false, reason: "model_unavailable", message: "the model does not answer" }];
  fireEvent.click(screen.getByRole("button", { name: "Auto-generate the description of builder" }));
  await screen.findByText("Not described: the model does not answer");
  expect(asked.map(([what]) => what)).toEqual([path, path]);
});

it("has an idea planned, and says in words what came of it", async () => {
  answers["POST /api/v1/boards/b/tasks/t_1/specify/auto"] = [200, { ok: true, fanout: 0, child_ids: [] }];
  answers["POST /api/v1/boards/b/tasks/t_1/decompose/auto"] = [200, { ok: true, fanout: 3, child_ids: ["t_2", "t_3", "t_4"] }];
  answers["GET /api/v1/boards/b/columns?limit=1"] = [200, { board: "b", columns: [], paused: [], tenants: [], assignees: [] }];
  show(<PlanWithModel board="b" id="t_1" />);
  fireEvent.click(await screen.findByText("Specify with the model"));
  await screen.findByText("t_1 is specified");
  fireEvent.click(screen.getByText("Decompose with the model"));
  await screen.findByText("t_1 waits for 3 new tasks");
  answers["POST /api/v1/boards/b/tasks/t_1/specify/auto"] = [200, { ok: false, message: null, reason: "not in triage" }];
  fireEvent.click(screen.getByText("Specify with the model"));
  await screen.findByText("Not planned: not in triage");
});
