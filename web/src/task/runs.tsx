// The attempts at a task, newest first: how each ended, what it took and what it cost.

import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys } from "../api/queries.ts";
import type { Run } from "../api/types.ts";
import { Badge, Button, Empty } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { FleetIcon, StopIcon } from "../design/icons.tsx";
import { ago, compact, count, dollars, full, ms, span, useNow } from "../design/time.ts";
import { outcome } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { openDialog, refusal, toast } from "../shell/store.ts";
import { Prose } from "./prose.tsx";

/** Letters of a summary above which it is folded, and of metadata. */
const LONG = 600;
const SHORT = 300;
/** Attempts that are shown at first. */
const FIRST = 10;

const DOT: Record<string, string> = {
  green: "bg-green",
  red: "bg-red",
  amber: "bg-amber",
  purple: "bg-purple",
  accent: "bg-(--accent-text)",
  grey: "bg-line-strong",
};

export function Runs({ board, runs, showLog }: { board: string; runs: Run[]; showLog: (run: string) => void }) {
  const [all, setAll] = useState(false);
  if (runs.length === 0) {
    return (
      <Empty icon={<FleetIcon size={20} />} title={t("runs.none")}>
        {t("runs.noneAbout")}
      </Empty>
    );
  }
  const cost = runs.reduce((sum, run) => sum + (run.cost_usd ?? 0), 0);
  const tokens = runs.reduce((sum, run) => sum + (run.input_tokens ?? 0) + (run.output_tokens ?? 0), 0);
  return (
    <>
      <p className="mb-4 text-sm text-text-2">
        {t("runs.count", { n: runs.length })}
        {tokens > 0 && ` · ${t("runs.tokens", { n: compact(tokens) })}`}
        {cost > 0 && ` · ${dollars(cost)}`}
      </p>
      <ol className="relative grid gap-5 border-l border-line pl-6">
        {(all ? runs : runs.slice(0, FIRST)).map((run) => (
          <RunRow key={run.id} board={board} run={run} showLog={showLog} />
        ))}
      </ol>
      {runs.length > FIRST && !all && (
        <Button tone="quiet" className="mt-4" onClick={() => setAll(true)}>
          {t("events.all", { n: runs.length })}
        </Button>
      )}
    </>
  );
}

function RunRow({ board, run, showLog }: { board: string; run: Run; showLog: (run: string) => void }) {
  const now = useNow(run.ended_at ? 30_000 : 1000);
  const [all, setAll] = useState(false);
  const ended = run.outcome ? outcome(run.outcome) : null;
  const took = (ms(run.ended_at) ?? now) - (ms(run.started_at) ?? now);
  const metadata = run.metadata && typeof run.metadata === "object" && Object.keys(run.metadata).length > 0 ? JSON.stringify(run.metadata, null, 2) : null;
  const facts: [string, string | null][] = [
    [t("runs.exit"), run.exit_code === null ? null : String(run.exit_code)],
    [t("runs.signal"), run.signal === null ? null : String(run.signal)],
    [t("runs.in"), run.input_tokens === null ? null : count(run.input_tokens)],
    [t("runs.out"), run.output_tokens === null ? null : count(run.output_tokens)],
    [t("runs.cached"), run.cached_tokens === null ? null : count(run.cached_tokens)],
    [t("runs.cost"), run.cost_usd === null ? null : dollars(run.cost_usd)],
    [t("field.model"), run.model],
    [t("runs.host"), run.host],
    [t("runs.session"), run.session],
  ];
  const terminate = () =>
    openDialog({
      kind: "confirm",
      title: t("runs.terminate"),
      text: t("runs.terminateAbout"),
      label: t("do.reclaim"),
      danger: true,
      act: () =>
        void api
          .terminate(board, run.id)
          .then(() => toast({ tone: "ok", text: t("runs.terminated") }))
          .catch((error) => refusal(asProblem(error)))
          .finally(() => client.invalidateQueries({ queryKey: keys.task(board, run.task_id) })),
    });
  return (
    <li className="relative">
      <span
        aria-hidden="true"
        className={cx("absolute top-1.5 -left-[29px] size-[9px] rounded-full ring-4 ring-panel", ended ? DOT[ended.tone] : "animate-beat bg-green")}
      />
      <div className="flex flex-wrap items-center gap-2 text-sm">
        <h3 className="font-medium">
          {run.kind === "review" ? t("runs.review", { n: String(run.attempt) }) : t("runs.attempt", { n: String(run.attempt) })}
        </h3>
        <Badge tone={ended?.tone ?? "green"}>{ended?.name ?? t("status.running")}</Badge>
        <span className="text-text-2">{run.by_hand ? t("any.byHand") : (run.profile ?? t("any.nobody"))}</span>
        <span className="text-text-3" title={`${full(run.started_at)}, ${span(took)}`}>
          {t(run.ended_at ? "runs.took" : "runs.for", { ago: ago(run.started_at, now), span: span(took) })}
        </span>
        <span className="ml-auto flex gap-1">
          <Button onClick={() => showLog(run.id)}>{run.ended_at ? t("drawer.log") : t("drawer.liveLog")}</Button>
          {!run.ended_at && (
            <Button tone="danger" onClick={terminate}>
              <StopIcon size={11} /> {t("runs.takeBack")}
            </Button>
          )}
        </span>
      </div>
      {run.error && <p className="mt-2 rounded-md bg-red-soft px-2.5 py-1.5 font-mono text-xs text-red [overflow-wrap:anywhere]">{run.error}</p>}
      {run.summary && (
        <div className={cx("mt-2 text-sm text-text-2", !all && run.summary.length > LONG && "line-clamp-6")}>
          <Prose text={run.summary} />
        </div>
      )}
      <dl className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-xs">
        {facts.map(([name, value]) =>
          value === null || value === undefined ? null : (
            <div key={name} className="flex gap-1.5">
              <dt className="text-text-3">{name}</dt>
              <dd className="max-w-48 truncate" title={value}>
                {value}
              </dd>
            </div>
          ),
        )}
      </dl>
      {((metadata?.length ?? 0) > SHORT || (run.summary?.length ?? 0) > LONG) && (
        <Button tone="quiet" className="mt-1" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("do.less") : t("do.more")}
        </Button>
      )}
      {metadata && (all || metadata.length <= SHORT) && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <pre tabIndex={0} className="mt-2 max-h-72 overflow-auto rounded-md border border-line bg-canvas p-2.5 font-mono text-xs">
          {metadata}
        </pre>
      )}
    </li>
  );
}
