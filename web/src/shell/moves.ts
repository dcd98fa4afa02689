// How tasks are changed from anywhere in the dashboard: at once on the screen, back again when the server refuses.

import { api } from "../api/actions.ts";
import type { Action, BulkAction, Filter } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { Card, Columns, Status } from "../api/types.ts";
import { find, moved, moveTo } from "../board/model.ts";
import type { Move, Step } from "../board/model.ts";
import { many, statusName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { openDialog, refusal, select, setFailed, toast } from "./store.ts";

/** Where a verb leads, for the optimistic picture. */
const LEADS: Partial<Record<Action["verb"], Status>> = {
  complete: "done",
  block: "blocked",
  triage: "triage",
  archive: "archived",
  approve: "done",
  schedule: "scheduled",
  stop: "blocked",
  promote: "ready",
};

function pretend(board: string, ids: string[], to: Status): () => void {
  const before = client.getQueriesData<Columns>({ queryKey: ["columns", board], type: "active" });
  for (const [key, view] of before) {
    if (view) client.setQueryData(key, moved(view, new Set(ids), to, (key[2] ?? {}) as Filter));
  }
  return () => {
    for (const [key, view] of before) client.setQueryData(key, view);
  };
}

async function settle(board: string, ids: string[]): Promise<void> {
  const shown = ids.map((id) => client.invalidateQueries({ queryKey: keys.task(board, id) }));
  void client.invalidateQueries({ queryKey: keys.attention(board) });
  void client.invalidateQueries({ queryKey: ["graph", board] });
  await Promise.all([refresh(board, new Set(ids)), ...shown]);
}

/** Does one thing to one or many tasks. Gives whether all of it was done. */
export async function act(
  board: string,
  ids: string[],
  action: BulkAction,
  done?: string,
  to?: Status,
): Promise<boolean> {
  const leads = to ?? (action.verb === "delete" || action.verb === "edit" ? undefined : LEADS[action.verb]);
  const undo = leads ? pretend(board, ids, leads) : () => undefined;
  try {
    const [only] = ids;
    if (ids.length === 1 && only !== undefined) {
      if (action.verb === "delete") await api.remove(board, only, action.release);
      else if (action.verb === "edit") await api.edit(board, only, { priority: action.priority });
      else await api.act(board, only, action);
      setFailed(new Map());
    } else {
      const { results } = await api.bulk(board, ids, action);
      const refused = results.filter((result) => !result.ok);
      setFailed(
        new Map(refused.map((result) => [result.id, result.problem?.detail ?? result.problem?.title ?? "refused"])),
      );
      if (refused.length > 0) {
        undo();
        select(new Set(refused.map((result) => result.id)));
        const first = refused[0]?.problem;
        const text = t("done.refused", { n: refused.length, all: ids.length });
        toast({ tone: "problem", text, hint: first ? (first.detail ?? first.title) : null });
        await settle(board, ids);
        return false;
      }
    }
    if (done) toast({ tone: "ok", text: done });
    await settle(board, ids);
    return true;
  } catch (error) {
    undo();
    refusal(asProblem(error));
    await settle(board, ids);
    return false;
  }
}

/** What was done, by the last verb of a way. */
function done(verb: Step, ids: string[]): string {
  const what = many(ids);
  switch (verb) {
    case "triage":
      return t("done.triaged", { what });
    case "hold":
      return t("done.held", { what });
    case "specify":
      return t("done.specified", { what });
    case "promote":
      return t("done.promoted", { what });
    case "unblock":
      return t("done.unblocked", { what });
    case "reopen":
      return t("done.reopened", { what });
    case "reclaim":
      return t("done.reclaimed", { what });
    case "approve":
      return t("done.approved", { what });
  }
}

/** One verb after the other, until one is refused. */
async function steps(board: string, ids: string[], verbs: Step[], to: Status): Promise<boolean> {
  for (const [index, verb] of verbs.entries()) {
    if (!(await act(board, ids, { verb }, index === verbs.length - 1 ? done(verb, ids) : undefined, to))) return false;
  }
  return true;
}

/** What a way asks before it is gone. */
function question(way: Extract<Move, { kind: "verbs" }>, to: Status): [title: string, text: string, label: string] {
  const label = t("move.to", { status: statusName(to) });
  switch (way.verbs[0]) {
    case "reclaim":
      return [t("ask.reclaim"), t("ask.reclaimAbout"), label];
    case "reopen":
      return [t("ask.reopen"), t("ask.reopenAbout"), label];
    case "approve":
      return [t("ask.approve"), t("ask.approveAbout"), t("do.approve")];
    case "specify":
    case "triage":
    case "hold":
    case "promote":
    case "unblock":
      return [t("ask.move", { status: statusName(to) }), "", label];
  }
}

/** Moves cards to another column, by the verbs that lead there; asks where something may be lost. */
export function move(board: string, ids: string[], to: Status, known?: Pick<Card, "status" | "held">): void {
  const views = client.getQueriesData<Columns>({ queryKey: ["columns", board] });
  const from = (id: string): Card | undefined => {
    for (const [, view] of views) {
      const card = view && find(view, id);
      if (card) return card;
    }
    return undefined;
  };
  // From different columns different ways lead there.
  const groups = new Map<string, { way: Move; ids: string[] }>();
  for (const id of ids) {
    const at = known ?? from(id);
    if (at === undefined || at.status === to) continue;
    const way = moveTo(at.status, to, at.held);
    const name = JSON.stringify(way);
    const group = groups.get(name);
    if (group) group.ids.push(id);
    else groups.set(name, { way, ids: [id] });
  }
  const [first, ...others] = groups.values();
  if (!first) return;
  const { way } = first;
  if (others.length > 0 && [first, ...others].some((group) => group.way.kind !== "verbs" || group.way.ask)) {
    toast({ tone: "problem", text: t("move.mixed") });
    return;
  }
  if (way.kind === "refuse") {
    toast({ tone: "problem", text: t(way.why) });
    return;
  }
  if (way.kind === "ask") {
    openDialog({ kind: way.dialog, ids: first.ids });
    return;
  }
  const go = async () => {
    for (const group of [first, ...others]) {
      if (group.way.kind === "verbs" && !(await steps(board, group.ids, group.way.verbs, to))) return;
    }
    if (ids.length > 1) select(new Set());
  };
  if (!way.ask) {
    void go();
    return;
  }
  const [title, text, label] = question(way, to);
  openDialog({ kind: "confirm", title, text, label, act: () => void go() });
}
