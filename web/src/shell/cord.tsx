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
import { t } from "../i18n/index.ts";
import { closeDialog, openDialog, refusal, toast } from "./store.ts";

export type Reach = { kind: "everything" } | { kind: "board" } | { kind: "profile"; profile: string };

/** What a pause covers. */
export function reach(pause: Pause): Reach {
  if (pause.scope === "everything") return { kind: "everything" };
  const [, profile] = /^profile:(.+)$/.exec(pause.scope) ?? [];
  return profile ? { kind: "profile", profile } : { kind: "board" };
}

function name(where: Reach, board: string): string {
  if (where.kind === "everything") return t("cord.everything");
  return where.kind === "board" ? t("cord.board", { board }) : t("cord.profile", { profile: where.profile });
}

/** The button that is always there; `small` beside others that are. */
export function Cord({ board, small = false }: { board: string; small?: boolean }) {
  const head = useHead(board);
  const pulled = (head.data?.paused.length ?? 0) > 0;
  return (
    <button
      type="button"
      aria-pressed={pulled}
      aria-label={pulled ? t("cord.pulled") : t("cord.pull")}
      onClick={() => openDialog({ kind: "cord" })}
      className={cx(
        small ? "h-7" : "h-8",
        "inline-flex shrink-0 items-center gap-1.5 rounded-md border px-2.5 text-xs font-semibold transition-colors",
        pulled
          ? "border-transparent bg-[#b4232a] text-white hover:brightness-110"
          : "border-line-strong bg-raised text-text hover:border-red hover:text-red",
      )}
    >
      <CordIcon />
      <span className={cx(small && "hidden sm:inline")}>{pulled ? t("cord.pulled") : t("cord.pull")}</span>
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
    <div role="alert" aria-label={t("cord.isPulled")} style={{ background: "var(--hazard)" }} className="grid shrink-0 gap-1 px-4 py-2 text-white">
      {pauses.map((pause) => {
        const where = reach(pause);
        return (
          <div key={pause.scope} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <strong className="rounded bg-[#6d0f14] px-2 py-0.5 font-semibold">{name(where, board)}</strong>
            <span className="min-w-44 flex-1 rounded bg-[#6d0f14] px-2 py-0.5" title={full(pause.at)}>
              {pause.reason
                ? t("cord.byBecause", { who: pause.by, ago: ago(pause.at, now), reason: pause.reason })
                : t("cord.by", { who: pause.by, ago: ago(pause.at, now) })}
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
    onSuccess: () => toast({ tone: "ok", text: t("cord.letGo") }),
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
      {t("do.resume")}
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
      toast({ tone: "ok", text: stopped > 0 ? t("cord.doneStopped", { n: stopped }) : t("cord.done") });
      closeDialog();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["head"] }),
  });
  const letGo = useLetGo(board);
  const pauses = head.data?.paused ?? [];
  return (
    <Dialog open onClose={closeDialog} title={t("cord.name")} description={t("cord.about")}>
      {pauses.length > 0 && (
        <ul className="mb-4 grid gap-2">
          {pauses.map((pause) => {
            const where = reach(pause);
            return (
              <li key={pause.scope} className="flex items-center gap-3 rounded-lg border border-red/40 bg-red-soft px-3 py-2 text-sm">
                <div className="min-w-0 flex-1">
                  <p className="font-medium text-red">{name(where, board)}</p>
                  <p className="truncate text-text-2">
                    {pause.reason ? t("cord.listByBecause", { who: pause.by, reason: pause.reason }) : t("cord.listBy", { who: pause.by })}
                  </p>
                </div>
                <Button tone="go" onClick={() => letGo.mutate(where)} busy={letGo.isPending}>
                  <PlayIcon size={12} /> {t("do.resume")}
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
        <Field label={t("cord.stop")}>
          {(id) => (
            <Select id={id} value={scope} onChange={(event) => setScope(event.target.value)}>
              <option value="board">{t("cord.theBoard", { board })}</option>
              <option value="everything">{t("cord.theHome")}</option>
              {profiles.data?.profiles.map((profile) => (
                <option key={profile.name} value={`profile:${profile.name}`}>
                  {t("cord.theProfile", { profile: profile.name })}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("field.reason")}>
          {(id) => <Input id={id} autoFocus value={reason} placeholder={t("cord.reason")} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <Check label={t("cord.stopToo")} checked={stop} onChange={(event) => setStop(event.target.checked)} />
        {pull.error && <ProblemNote problem={asProblem(pull.error)} />}
        <div className="mt-2 flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
            {t("do.close")}
          </Button>
          <Button size="md" tone="danger" type="submit" busy={pull.isPending}>
            <CordIcon /> {t("cord.pull")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
