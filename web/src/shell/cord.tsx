// The cord: pull it and nothing starts any more, let it go and work starts again.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { useHead, useProfiles } from "../api/queries.ts";
import type { Pause } from "../api/types.ts";
import { Button, Check, Dialog, Field, Input, ProblemNote, Select } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { CordIcon, PlayIcon } from "../design/icons.tsx";
import { ago, full, useNow } from "../design/time.ts";
import { closeDialog, openDialog, refusal, toast } from "./store.ts";

export type Reach = { kind: "everything" } | { kind: "board" } | { kind: "profile"; profile: string };

/** What a pause covers. */
export function reach(pause: Pause): Reach {
  if (pause.scope === "everything") return { kind: "everything" };
  const [, profile] = /^profile:(.+)$/.exec(pause.scope) ?? [];
  return profile ? { kind: "profile", profile } : { kind: "board" };
}

function name(where: Reach, board: string): string {
  if (where.kind === "everything") return "Everything is stopped";
  return where.kind === "board" ? `The board ${board} is stopped` : `${where.profile} is stopped`;
}

/** The button that is always there. */
export function Cord({ board }: { board: string }) {
  const head = useHead(board);
  const pulled = (head.data?.paused.length ?? 0) > 0;
  return (
    <button
      type="button"
      aria-pressed={pulled}
      onClick={() => openDialog({ kind: "cord" })}
      className={cx(
        "inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md border px-2.5 text-xs font-semibold transition-colors",
        pulled
          ? "border-transparent bg-[#b4232a] text-white hover:brightness-110"
          : "border-line-strong bg-raised text-text hover:border-red hover:text-red",
      )}
    >
      <CordIcon />
      {pulled ? "Cord is pulled" : "Pull the cord"}
    </button>
  );
}

/** The band over everything while something is stopped. */
export function CordBand({ board }: { board: string }) {
  const head = useHead(board);
  const now = useNow(10_000);
  const pauses = head.data?.paused ?? [];
  if (pauses.length === 0) return null;
  return (
    <div role="alert" aria-label="The cord is pulled" style={{ background: "var(--hazard)" }} className="grid shrink-0 gap-1 px-4 py-2 text-white">
      {pauses.map((pause) => {
        const where = reach(pause);
        return (
          <div key={pause.scope} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <strong className="rounded bg-[#6d0f14] px-2 py-0.5 font-semibold">{name(where, board)}</strong>
            <span className="min-w-44 flex-1 rounded bg-[#6d0f14] px-2 py-0.5" title={full(pause.at)}>
              by {pause.by}, {ago(pause.at, now)}
              {pause.reason && `: ${pause.reason}`}. Nothing new starts.
            </span>
            <Resume board={board} where={where} />
          </div>
        );
      })}
    </div>
  );
}

function useLetGo(board: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (where: Reach) =>
      api.resume(where.kind === "everything" ? null : board, where.kind === "profile" ? { profile: where.profile } : {}),
    onSuccess: () => toast({ tone: "ok", text: "The cord is let go: work starts again" }),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => queries.invalidateQueries({ queryKey: ["head"] }),
  });
}

function Resume({ board, where }: { board: string; where: Reach }) {
  const letGo = useLetGo(board);
  return (
    <button
      type="button"
      disabled={letGo.isPending}
      onClick={() => letGo.mutate(where)}
      className="inline-flex h-7 items-center gap-1.5 rounded-md bg-white px-3 text-xs font-semibold text-[#8f161c] hover:bg-white/90"
    >
      <PlayIcon size={12} />
      Resume
    </button>
  );
}

export function CordDialog({ board }: { board: string }) {
  const head = useHead(board);
  const profiles = useProfiles();
  const queries = useQueryClient();
  const [scope, setScope] = useState("board");
  const [reason, setReason] = useState("");
  const [stop, setStop] = useState(false);
  const pull = useMutation({
    mutationFn: () => {
      const body = { ...(reason.trim() ? { reason: reason.trim() } : {}), ...(stop ? { stop_running: true } : {}) };
      if (scope === "everything") return api.pause(null, body);
      return api.pause(board, scope.startsWith("profile:") ? { ...body, profile: scope.slice(8) } : body);
    },
    onSuccess: (answer) => {
      const stopped = answer?.stopped?.length ?? 0;
      toast({ tone: "ok", text: stopped > 0 ? `The cord is pulled; ${stopped} running tasks are stopped` : "The cord is pulled: nothing new starts" });
      closeDialog();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["head"] }),
  });
  const letGo = useLetGo(board);
  const pauses = head.data?.paused ?? [];
  return (
    <Dialog open onClose={closeDialog} title="The cord" description="Once pulled, nothing new starts. What runs goes on, unless you stop that too.">
      {pauses.length > 0 && (
        <ul className="mb-4 grid gap-2">
          {pauses.map((pause) => {
            const where = reach(pause);
            return (
              <li key={pause.scope} className="flex items-center gap-3 rounded-lg border border-red/40 bg-red-soft px-3 py-2 text-sm">
                <div className="min-w-0 flex-1">
                  <p className="font-medium text-red">{name(where, board)}</p>
                  <p className="truncate text-text-2">
                    by {pause.by}
                    {pause.reason && `: ${pause.reason}`}
                  </p>
                </div>
                <Button tone="go" onClick={() => letGo.mutate(where)} busy={letGo.isPending}>
                  <PlayIcon size={12} /> Resume
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          pull.mutate();
        }}
      >
        <Field label="Stop">
          {(id) => (
            <Select id={id} value={scope} onChange={(event) => setScope(event.target.value)}>
              <option value="board">The board {board}</option>
              <option value="everything">Everything: every board of this home</option>
              {profiles.data?.profiles.map((profile) => (
                <option key={profile.name} value={`profile:${profile.name}`}>
                  The profile {profile.name} on this board
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Reason">
          {(id) => <Input id={id} value={reason} placeholder="What everybody should know" onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <Check label="Also stop what runs now; those tasks stay blocked" checked={stop} onChange={(event) => setStop(event.target.checked)} />
        {pull.error && <ProblemNote problem={asProblem(pull.error)} />}
        <div className="mt-2 flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
            Close
          </Button>
          <Button size="md" tone="danger" type="submit" busy={pull.isPending}>
            <CordIcon /> Pull the cord
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
