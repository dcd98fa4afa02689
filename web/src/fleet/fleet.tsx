// The fleet: who works where on what, what waits, how fast it starts and what it costs.

import { useMutation } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useFleet, useHead, useProfiles, useWorkers } from "../api/queries.ts";
import type { Profile, Run, Stats, UsageDay, Worker } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Badge, Button, Dialog, ProblemNote, Words } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { PauseIcon, PlayIcon, STATUS_COLOR, StatusIcon, StopIcon } from "../design/icons.tsx";
import { ago, compact, count, dollars, full, ms, percent, span, useNow } from "../design/time.ts";
import { STATUSES, outcome, statusName } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import { reach } from "../shell/cord.tsx";
import { TopBar } from "../shell/layout.tsx";
import { useOpenTask } from "../shell/places.ts";
import { openDialog, refusal, toast } from "../shell/store.ts";
import { LogView } from "../task/log.tsx";
import { Brakes, Rules, Whole } from "./brakes.tsx";
import { Dots } from "./charts.tsx";
import { Panel } from "./panel.tsx";
import { Described } from "./planner.tsx";
import { Usage } from "./usage.tsx";

export default function Fleet() {
  useLanguage();
  const { board } = useParams({ from: "/b/$board" });
  const fleet = useFleet(board);
  const workers = useWorkers(board);
  const data = fleet.data;
  return (
    <>
      <TopBar board={board} title={t("nav.fleet")} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <section aria-label={t("nav.fleet")} tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-4 outline-none">
        <div className="mx-auto grid max-w-6xl grid-cols-1 gap-4">
          {fleet.error && !data && <ProblemNote problem={asProblem(fleet.error)} retry={() => void fleet.refetch()} />}
          {fleet.isPending && (
            <div role="status" aria-label={t("any.loading")} className="grid gap-4 md:grid-cols-2">
              <div className="skeleton h-48" />
              <div className="skeleton h-48" />
            </div>
          )}
          {data && (
            <>
              <Figures stats={data.stats} usage={data.usage} />
              <Running board={board} workers={workers.data?.workers ?? []} />
              <div className="grid gap-4 lg:grid-cols-3">
                <Panel title={t("fleet.queue")}>
                  <Queue stats={data.stats} />
                </Panel>
                <Panel title={t("fleet.toStart")}>
                  <Latency runs={data.runs} of="start" />
                </Panel>
                <Panel title={t("fleet.length")}>
                  <Latency runs={data.runs} of="length" />
                </Panel>
              </div>
              <Usage usage={data.usage} />
              <div className="grid items-start gap-4 lg:grid-cols-2 xl:grid-cols-3 lg:max-xl:*:last:col-span-2">
                <Panel title={t("fleet.brakes")}>
                  <Brakes board={board} stats={data.stats} />
                </Panel>
                <Panel title={t("fleet.hosts")}>
                  <Hosts hosts={data.hosts} />
                </Panel>
                <Panel title={t("rules.name")}>
                  <Rules />
                </Panel>
              </div>
              <Profiles board={board} stats={data.stats} />
            </>
          )}
        </div>
      </section>
    </>
  );
}

function Figures({ stats, usage }: { stats: Stats; usage: UsageDay[] }) {
  const today = new Date().toISOString().slice(0, 10);
  const spent = usage.reduce((sum, day) => sum + (day.day === today ? (day.cost_usd ?? 0) : 0), 0);
  const tokens = usage.reduce((sum, day) => sum + (day.day === today ? (day.input_tokens ?? 0) + (day.output_tokens ?? 0) : 0), 0);
  const good = (stats.runs_by_outcome["completed"] ?? 0) + (stats.runs_by_outcome["approved"] ?? 0) + (stats.runs_by_outcome["review_requested"] ?? 0);
  const bad = ["crashed", "timed_out", "spawn_failed", "protocol_violation", "lost", "stale"].reduce((sum, name) => sum + (stats.runs_by_outcome[name] ?? 0), 0);
  const figures: [string, string, string?][] = [
    [t("status.running"), count(stats.by_status.running ?? 0)],
    [t("status.ready"), count(stats.by_status.ready ?? 0), stats.oldest_ready_age_seconds === null ? t("fleet.nothingWaits") : t("fleet.oldest", { span: span(stats.oldest_ready_age_seconds * 1000) })],
    [t("fleet.well"), good + bad === 0 ? "–" : percent(good / (good + bad)), t("fleet.wellAbout", { good, bad })],
    [t("fleet.spent"), dollars(spent), t("runs.tokens", { n: compact(tokens) })],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
      {figures.map(([name, value, more]) => (
        <div key={name} className="rounded-xl border border-line bg-raised px-4 py-3 shadow-card">
          <dt className="text-xs text-text-2">{name}</dt>
          <dd className="mt-1 text-2xl font-semibold tracking-tight">
            {value}
            {more && <span className="block text-xs font-normal tracking-normal text-text-3 xl:ml-2 xl:inline">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Running({ board, workers }: { board: string; workers: Worker[] }) {
  const openTask = useOpenTask();
  const [tail, setTail] = useState<Run | null>(null);
  const now = useNow();
  return (
    <Panel title={`${t("fleet.running")}${workers.length > 0 ? ` ${count(workers.length)}` : ""}`}>
      {workers.length === 0 ? (
        <p className="py-4 text-center text-sm text-text-2">{t("fleet.nobody")}</p>
      ) : (
        <ul className="-mx-1.5 grid grid-cols-1 gap-1">
          {workers.map((worker) => {
            const seen = ms(worker.lease?.progress_at);
            const silent = seen !== null && now - seen > 600_000;
            return (
              <li key={worker.run.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg px-1.5 py-1.5 hover:bg-hover">
                <span className={cx("size-2 shrink-0 rounded-full", silent ? "bg-amber" : "animate-beat bg-green")} title={worker.lease?.progress_at ? t("fleet.progress", { ago: ago(worker.lease?.progress_at, now) }) : t("fleet.noProgress")} />
                <span className="flex w-28 shrink-0 items-center gap-1.5 text-sm">
                  <Avatar name={worker.run.profile ?? "?"} />
                  <span className="truncate">{worker.run.profile ?? t("any.byHand")}</span>
                </span>
                <button
                  type="button"
                  className="min-w-40 flex-1 truncate text-left text-sm font-medium hover:underline"
                  onClick={() => openTask(worker.task.id)}
                >
                  {worker.task.title}
                </button>
                <span className="hidden min-w-0 flex-1 truncate font-mono text-2xs text-text-2 lg:block" title={worker.last_line ?? undefined}>
                  {worker.last_line ?? worker.lease?.progress_note ?? ""}
                </span>
                <span className="shrink-0 text-xs text-text-3" title={worker.lease?.pid ? t("fleet.startedPid", { time: full(worker.run.started_at), pid: String(worker.lease.pid) }) : t("fleet.started", { time: full(worker.run.started_at) })}>
                  {worker.lease?.host ? `${worker.lease?.host}, ` : ""}
                  {span(now - (ms(worker.run.started_at) ?? now))}
                </span>
                <span className="ml-auto flex gap-1">
                  <Button onClick={() => setTail(worker.run)}>{t("fleet.tail")}</Button>
                  <Button tone="danger" aria-label={t("fleet.stop", { title: worker.task.title })} onClick={() => openDialog({ kind: "stop", ids: [worker.task.id] })}>
                    <StopIcon size={11} /> {t("do.stop")}
                  </Button>
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {tail && (
        <Dialog open wide onClose={() => setTail(null)} title={t("fleet.attempt", { who: tail.profile ?? t("any.byHand"), n: String(tail.attempt) })}>
          <div className="h-[64vh]">
            <LogView board={board} run={tail} tall />
          </div>
        </Dialog>
      )}
    </Panel>
  );
}

function Queue({ stats }: { stats: Stats }) {
  const rows = STATUSES.filter((status) => status !== "done");
  const most = Math.max(1, ...rows.map((status) => stats.by_status[status] ?? 0));
  return (
    <dl className="grid gap-1.5">
      {rows.map((status) => {
        const value = stats.by_status[status] ?? 0;
        return (
          <div key={status} className="grid grid-cols-[6.5rem_1fr_2.5rem] items-center gap-2 text-xs">
            <dt className="flex items-center gap-1.5 text-text-2">
              <StatusIcon status={status} size={12} /> <span className="truncate">{statusName(status)}</span>
            </dt>
            <dd aria-hidden="true" className="h-2 overflow-hidden rounded-full bg-hover">
              <span className="block h-full rounded-full" style={{ width: `${(value / most) * 100}%`, background: STATUS_COLOR[status] }} />
            </dd>
            <dd className="text-right">{count(value)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

const BAD = new Set(["crashed", "timed_out", "spawn_failed", "protocol_violation", "lost", "stale"]);

function Latency({ runs, of }: { runs: Run[]; of: "start" | "length" }) {
  const language = useLanguage();
  const points = useMemo(() => {
    void language;
    return (
      runs
        .flatMap((run) => {
          const from = ms(run.started_at);
          const to = ms(of === "start" ? run.spawned_at : run.ended_at);
          if (from === null || to === null) return [];
          const value = Math.max(1, to - from);
          return [{ at: from, value, bad: BAD.has(run.outcome ?? ""), label: `${run.profile ?? t("any.byHand")}: ${span(value)}, ${run.outcome ? outcome(run.outcome).name : t("any.running")}` }];
        })
        .sort((a, b) => a.at - b.at)
    );
  }, [runs, of, language]);
  return <Dots points={points} title={of === "start" ? t("fleet.toStartAbout") : t("fleet.lengthAbout")} />;
}

function Hosts({ hosts }: { hosts: import("../api/types.ts").Host[] }) {
  const now = useNow(5000);
  if (hosts.length === 0) {
    return (
      <p className="py-4 text-center text-sm text-text-2">
        <Words text={t("fleet.noHost")} />
      </p>
    );
  }
  return (
    <ul className="grid grid-cols-1 gap-2">
      {hosts.map((host) => (
        <li key={host.name} className="flex flex-wrap items-center gap-2 text-sm">
          <span className={cx("size-2 rounded-full", host.live ? "bg-green" : "bg-line-strong")} />
          <span className="font-medium">{host.name}</span>
          {!host.live && <Badge tone="amber">{t("fleet.gone")}</Badge>}
          {host.labels.map((label) => (
            <Badge key={label}>{label}</Badge>
          ))}
          <span className="ml-auto text-xs text-text-3" title={full(host.last_seen)}>
            {t("fleet.hostRuns", { running: host.capacity === null ? count(host.running) : `${count(host.running)}/${count(host.capacity)}`, ago: ago(host.last_seen, now) })}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Profiles({ board, stats }: { board: string; stats: Stats }) {
  const profiles = useProfiles();
  const head = useHead(board);
  const now = useNow();
  const stopped = new Set((head.data?.paused ?? []).flatMap((pause) => {
    const where = reach(pause);
    return where.kind === "profile" ? [where.profile] : [];
  }));
  if (profiles.error) return <ProblemNote problem={asProblem(profiles.error)} />;
  return (
    <Panel title={t("fleet.profiles")}>
      {profiles.data?.profiles.length === 0 && profiles.data.broken.length === 0 && (
        <p className="py-4 text-center text-sm text-text-2">
          <Words text={t("fleet.noProfile")} />
        </p>
      )}
      <div className="overflow-x-auto">
        <table className="w-full text-left text-sm">
          <thead className="text-xs text-text-3 max-lg:sr-only">
            <tr>
              <th scope="col" className="pb-2 font-medium">{t("fleet.profile")}</th>
              <th scope="col" className="pb-2 font-medium">{t("fleet.runner")}</th>
              <th scope="col" className="pb-2 font-medium">{t("status.running")}</th>
              <th scope="col" className="pb-2 font-medium">{t("fleet.state")}</th>
              <th scope="col" className="pb-2 text-right font-medium">
                <span className="sr-only">{t("fleet.actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {profiles.data?.profiles.map((profile) => {
              const cooling = stats.cooling_down.find((each) => each.profile === profile.name);
              const until = ms(cooling?.until);
              return (
                <tr key={profile.name} className="border-t border-line align-top max-lg:flex max-lg:flex-wrap max-lg:items-center max-lg:gap-x-3 max-lg:gap-y-1 max-lg:py-2">
                  <th scope="row" className="py-2 pr-4 font-normal max-lg:basis-full max-lg:p-0">
                    <span className="flex items-center gap-2 font-medium">
                      <Avatar name={profile.name} /> {profile.name}
                    </span>
                    <Description profile={profile} />
                  </th>
                  <td className="py-2 pr-4 whitespace-nowrap text-text-2 max-lg:p-0">
                    {profile.lane ? t("fleet.lane") : profile.runner}
                    {profile.model ? `, ${profile.model}` : ""}
                  </td>
                  <td className="py-2 pr-4 whitespace-nowrap text-text-2 max-lg:p-0">
                    <span className="mr-1 text-xs text-text-3 lg:hidden">{t("status.running")}</span>
                    {stats.running.find((each) => each.profile === profile.name)?.count ?? 0}
                    <Limit profile={profile} />
                  </td>
                  <td className="py-2 pr-4 whitespace-nowrap max-lg:p-0">
                    {stopped.has(profile.name) ? (
                      <Badge tone="red">
                        <PauseIcon size={9} /> {t("fleet.stopped")}
                      </Badge>
                    ) : until !== null && until > now ? (
                      <Badge tone="amber">{t("fleet.coolsDown", { span: span(until - now) })}</Badge>
                    ) : (
                      <Badge tone="green">{t("fleet.open")}</Badge>
                    )}
                  </td>
                  <td className="py-2 text-right max-lg:ml-auto max-lg:p-0">
                    <ProfileCord board={board} profile={profile.name} stopped={stopped.has(profile.name)} />
                  </td>
                </tr>
              );
            })}
            {profiles.data?.broken.map((broken) => (
              <tr key={broken.name} className="border-t border-line">
                <th scope="row" className="py-2 pr-4 font-medium">{broken.name}</th>
                <td colSpan={4} className="py-2 text-red">{broken.problem}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Description({ profile }: { profile: Profile }) {
  const [text, setText] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: (description: string) => api.editProfile(profile.name, { description: description || null }),
    onError: (error) => refusal(asProblem(error)),
    onSuccess: () => toast({ tone: "ok", text: t("fleet.described", { profile: profile.name }) }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.profiles }),
  });
  const value = profile.description ?? "";
  return (
    <span className="mt-0.5 flex items-center gap-2 lg:max-w-md">
      <input
        aria-label={t("fleet.descriptionOf", { profile: profile.name })}
        value={text ?? value}
        placeholder={t("fleet.describe")}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => {
          if (text !== null && text.trim() !== value) save.mutate(text.trim());
          setText(null);
        }}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        className="-ml-1.5 h-6 w-full min-w-32 text-ellipsis rounded border border-transparent bg-transparent px-1.5 text-xs text-text-2 outline-none placeholder:text-text-3 hover:bg-hover focus:border-accent-text focus:bg-panel"
      />
      <Described profile={profile} />
    </span>
  );
}

/** How many of its runs there may be at once. */
function Limit({ profile }: { profile: Profile }) {
  const save = useMutation({
    mutationFn: (max_running: number | null) => api.editProfile(profile.name, { max_running }),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.profiles }),
  });
  return <Whole key={profile.max_running} label={t("fleet.limitOf", { profile: profile.name })} value={profile.max_running} onSave={(value) => save.mutate(value)} />;
}

function ProfileCord({ board, profile, stopped }: { board: string; profile: string; stopped: boolean }) {
  const toggle = useMutation({
    mutationFn: () => (stopped ? api.resume(board, { profile }) : api.pause(board, { profile })),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.head(board) }),
  });
  return (
    <Button tone={stopped ? "go" : "plain"} busy={toggle.isPending} aria-label={stopped ? t("fleet.resume", { profile }) : t("fleet.pause", { profile })} onClick={() => toggle.mutate()}>
      {stopped ? <PlayIcon size={11} /> : <PauseIcon size={11} />} {stopped ? t("do.resume") : t("do.pause")}
    </Button>
  );
}
