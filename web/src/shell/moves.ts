// How tasks are changed from anywhere in the dashboard: at once on the screen, back again when the server refuses.

import { api } from "../api/actions.ts";
import type { Action, BulkAction, Filter } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { Columns, Status } from "../api/types.ts";
import { find, moved, moveTo } from "../board/model.ts";
import type { Step } from "../board/model.ts";
import { STATUS_NAME } from "../design/words.ts";
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
  for (const id of ids) void client.invalidateQueries({ queryKey: keys.task(board, id) });
  void client.invalidateQueries({ queryKey: keys.attention(board) });
  void client.invalidateQueries({ queryKey: ["graph", board] });
  await refresh(board, new Set(ids));
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
        const text = `${refused.length} of ${ids.length} were refused`;
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

const DONE: Record<string, string> = {
  triage: "Sent back to the ideas",
  hold: "Held: it waits for a promote",
  specify: "Taken up",
  promote: "Promoted",
  unblock: "Unblocked",
  reopen: "Reopened",
  reclaim: "Taken back",
  approve: "Approved",
};

/** One verb after the other, until one is refused. */
export async function steps(board: string, ids: string[], verbs: Step[], done: string, to: Status): Promise<boolean> {
  for (const [index, verb] of verbs.entries()) {
    if (!(await act(board, ids, { verb }, index === verbs.length - 1 ? done : undefined, to))) return false;
  }
  return true;
}

/** Moves cards to another column, by the verbs that lead there; asks where something may be lost. */
export function move(board: string, ids: string[], to: Status, known?: Status): void {
  const views = client.getQueriesData<Columns>({ queryKey: ["columns", board] });
  const from = (id: string): Status | undefined => {
    for (const [, view] of views) {
      const card = view && find(view, id);
      if (card) return card.status;
    }
    return undefined;
  };
  const moving = ids.filter((id) => (known ?? from(id)) !== to);
  const first = known ?? (moving[0] === undefined ? undefined : from(moving[0]));
  if (first === undefined) return;
  const way = moveTo(first, to);
  if (way.kind === "refuse") {
    toast({ tone: "problem", text: way.why });
    return;
  }
  if (way.kind === "ask") {
    openDialog({ kind: way.dialog, ids: moving });
    return;
  }
  const name = moving.length === 1 ? moving[0] : `${moving.length} tasks`;
  const last = way.verbs.at(-1) ?? way.verbs[0];
  const go = () => void steps(board, moving, way.verbs, `${DONE[last] ?? "Done"}: ${name}`, to);
  if (!way.ask) {
    go();
    return;
  }
  const texts: Record<string, [string, string]> = {
    reclaim: ["Take it back from its worker?", "Its run ends now, with everything that it started."],
    reopen: ["Reopen a finished task?", "It may run again. Children that have not started wait for it."],
    approve: ["Approve the work?", "The task is done then, and what waits for it may start."],
  };
  const [title, text] = texts[way.verbs[0]] ?? [`Move to ${STATUS_NAME[to]}?`, ""];
  openDialog({ kind: "confirm", title, text, label: last === "approve" ? "Approve" : `Move to ${STATUS_NAME[to]}`, act: go });
}
