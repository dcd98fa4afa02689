import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client } from "../api/queries.ts";
import { Toasts } from "../shell/toasts.tsx";
import { Subscriptions } from "./subscriptions.tsx";

const PATH = "/api/v1/boards/b/tasks/t_1/subscriptions";
let channels: Record<string, unknown>[];
let asked: string[];
let refuses: boolean;

beforeEach(() => {
  channels = [
    { channel: "ops", kind: "slack", ready: true, subscribed: false, state: null, last_error: null },
    { channel: "team", kind: "telegram", ready: false, subscribed: true, state: "active", last_error: null },
  ];
  asked = [];
  refuses = false;
  vi.stubGlobal("fetch", async (path: string, { method = "GET" }: RequestInit = {}) => {
    if (method === "GET") return Response.json({ subscriptions: channels });
    asked.push(`${method} ${path}`);
    if (refuses) return Response.json({ title: "no", detail: "there is no channel ops", code: "unknown_channel", hint: null }, { status: 404 });
    const [, name = "", retry] = /subscriptions\/(\w+)(\/retry)?$/.exec(path) ?? [];
    channels = channels.map((each) => (each["channel"] !== name ? each : retry ? { ...each, state: "active", last_error: null } : { ...each, subscribed: method === "PUT" }));
    return Response.json({});
  });
});

afterEach(() => {
  cleanup();
  client.clear();
  vi.unstubAllGlobals();
});

const show = () =>
  render(
    <QueryClientProvider client={client}>
      <Subscriptions board="b" id="t_1" />
      <Toasts />
    </QueryClientProvider>,
  );
const box = (name: string) => screen.findByRole<HTMLInputElement>("checkbox", { name });

it("has a channel told of a task, and told no more", async () => {
  show();
  expect([(await box("ops")).checked, (await box("team")).checked]).toEqual([false, true]);
  screen.getByText("cannot be used at the moment");
  fireEvent.click(await box("ops"));
  await waitFor(async () => expect((await box("ops")).checked).toBe(true));
  fireEvent.click(await box("ops"));
  await waitFor(async () => expect((await box("ops")).checked).toBe(false));
  expect(asked).toEqual([`PUT ${PATH}/ops`, `DELETE ${PATH}/ops`]);
});

it("says why a channel was given up, and tries again when asked", async () => {
  channels = [{ channel: "ops", kind: "slack", ready: true, subscribed: true, state: "suspended", last_error: "HTTP 410" }];
  show();
  await screen.findByText("HTTP 410");
  fireEvent.click(screen.getByText("Try again"));
  await waitFor(() => expect(screen.queryByText("HTTP 410")).toBeNull());
  expect(asked).toEqual([`POST ${PATH}/ops/retry`]);
});

it("shows a refusal, and the switch as it is", async () => {
  refuses = true;
  show();
  fireEvent.click(await box("ops"));
  await screen.findByText("there is no channel ops");
  expect((await box("ops")).checked).toBe(false);
});

it("shows nothing where no channel is configured", async () => {
  channels = [];
  show();
  await waitFor(() => expect(client.isFetching()).toBe(0));
  expect(screen.queryByRole("checkbox")).toBeNull();
});
