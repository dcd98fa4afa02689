// The fleet: who works where on what, what waits, how fast it starts and what it costs.

import { useMutation } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useFleet, useHead, useProfiles, useWorkers } from "../api/queries.ts";
import type { Profile, Run, Stats, UsageDay, Worker } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Badge, Button, Dialog, ProblemNote } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { PauseIcon, PlayIcon, STATUS_COLOR, StatusIcon, StopIcon } from "../design/icons.tsx";
import { ago, compact, count, dollars, full, ms, span, useNow } from "../design/time.ts";
import { STATUSES, STATUS_NAME } from "../design/words.ts";
import { reach } from "../shell/cord.tsx";
import { TopBar } from "../shell/layout.tsx";
import { openDialog, refusal, toast } from "../shell/store.ts";
import { LogView } from "../task/log.tsx";
import { Brakes, Rules } from "./brakes.tsx";
import { Dots } from "./charts.tsx";
import { Panel } from "./panel.tsx";
import { Described } from "./planner.tsx";
import { Usage } from "./usage.tsx";

export default function Fleet() {
  const { board } = useParams({ from: "/b/$board" });
  const fleet = useFleet(board);
  const workers = useWorkers(board);
  const data = fleet.data;
  return (
    <>
      <TopBar board={board} title="Fleet" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <section aria-label="Fleet" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-4 outline-none">
        <div className="mx-auto grid max-w-6xl grid-cols-1 gap-4">
          {fleet.error && !data && <ProblemNote problem={asProblem(fleet.error)} retry={() => void fleet.refetch()} />}
          {fleet.isPending && (
            <div role="status" aria-label="Loading" className="grid gap-4 md:grid-cols-2">
              <div className="skeleton h-48" />
              <div className="skeleton h-48" />
            </div>
          )}
          {data && (
            <>
              <Figures stats={data.stats} usage={data.usage} />
              <Running board={board} workers={workers.data?.workers ?? []} />
              <div className="grid gap-4 lg:grid-cols-3">
                <Panel title="Queue">
                  <Queue stats={data.stats} />
                </Panel>
                <Panel title="From claim to start">
                  <Latency runs={data.runs} of="start" />
                </Panel>
                <Panel title="Length of runs">
                  <Latency runs={data.runs} of="length" />
                </Panel>
              </div>
              <Usage usage={data.usage} />
              <div className="grid gap-4 lg:grid-cols-3">
                <Panel title="Brakes">
                  <Brakes board={board} stats={data.stats} />
                </Panel>
                <Panel title="Hosts">
                  <Hosts hosts={data.hosts} />
                </Panel>
                <Panel title="Rules of this home">
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
    ["Running", count(stats.by_status.running ?? 0)],
    ["Ready", count(stats.by_status.ready ?? 0), stats.oldest_ready_age_seconds === null ? "nothing waits" : `oldest ${span(stats.oldest_ready_age_seconds * 1000)}`],
    ["Runs that went well", good + bad === 0 ? "–" : `${Math.round((good / (good + bad)) * 100)}%`, `${count(good)} well, ${count(bad)} failed`],
    ["Spent today", dollars(spent), `${compact(tokens)} tokens`],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
      {figures.map(([name, value, more]) => (
        <div key={name} className="rounded-xl border border-line bg-raised px-4 py-3 shadow-card">
          <dt className="text-xs text-text-2">{name}</dt>
          <dd className="mt-1 text-2xl font-semibold tracking-tight">
            {value}
            {more && <span className="block text-xs font-normal tracking-normal text-text-3 md:ml-2 md:inline">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Running({ board, workers }: { board: string; workers: Worker[] }) {
  const navigate = useNavigate({ from: "/b/$board" });
  const [tail, setTail] = useState<Run | null>(null);
  const now = useNow();
  return (
    <Panel title={`Running workers${workers.length > 0 ? ` ${workers.length}` : ""}`}>
      {workers.length === 0 ? (
        <p className="py-4 text-center text-sm text-text-2">Nobody works right now.</p>
      ) : (
        <ul className="-mx-1.5 grid grid-cols-1 gap-1">
          {workers.map((worker) => {
            const seen = ms(worker.lease?.progress_at);
            const silent = seen !== null && now - seen > 600_000;
            return (
              <li key={worker.run.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg px-1.5 py-1.5 hover:bg-hover">
                <span className={cx("size-2 shrink-0 rounded-full", silent ? "bg-amber" : "animate-beat bg-green")} title={worker.lease?.progress_at ? `Progress ${ago(worker.lease?.progress_at, now)}` : "No progress reported"} />
                <span className="flex w-28 shrink-0 items-center gap-1.5 text-sm">
                  <Avatar name={worker.run.profile ?? "?"} />
                  <span className="truncate">{worker.run.profile ?? "by hand"}</span>
                </span>
                <button
                  type="button"
                  className="min-w-40 flex-1 truncate text-left text-sm font-medium hover:underline"
                  onClick={() => void navigate({ to: ".", search: (old) => ({ ...old, task: worker.task.id }) })}
                >
                  {worker.task.title}
                </button>
                <span className="hidden min-w-0 flex-1 truncate font-mono text-2xs text-text-2 md:block" title={worker.last_line ?? undefined}>
                  {worker.last_line ?? worker.lease?.progress_note ?? ""}
                </span>
                <span className="shrink-0 text-xs text-text-3" title={`Started ${full(worker.run.started_at)}${worker.lease?.pid ? `, pid ${worker.lease?.pid}` : ""}`}>
                  {worker.lease?.host ? `${worker.lease?.host}, ` : ""}
                  {span(now - (ms(worker.run.started_at) ?? now))}
                </span>
                <span className="flex gap-1">
                  <Button onClick={() => setTail(worker.run)}>Tail</Button>
                  <Button tone="danger" aria-label={`Stop ${worker.task.title}`} onClick={() => openDialog({ kind: "stop", ids: [worker.task.id] })}>
                    <StopIcon size={11} /> Stop
                  </Button>
                </span>
              </li>
            );
          })}
        </ul>
      )}
      {tail && (
        <Dialog open wide onClose={() => setTail(null)} title={`${tail.profile ?? "By hand"}, attempt ${tail.attempt}`}>
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
              <StatusIcon status={status} size={12} /> {STATUS_NAME[status]}
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
  const points = useMemo(
    () =>
      runs
        .flatMap((run) => {
          const from = ms(run.started_at);
          const to = ms(of === "start" ? run.spawned_at : run.ended_at);
          if (from === null || to === null) return [];
          const value = Math.max(1, to - from);
          return [{ at: from, value, bad: BAD.has(run.outcome ?? ""), label: `${run.profile ?? "by hand"}: ${span(value)}, ${run.outcome ?? "running"}` }];
        })
        .sort((a, b) => a.at - b.at),
    [runs, of],
  );
  return <Dots points={points} title={of === "start" ? "Time from claim to start of the latest runs" : "Length of the latest runs"} />;
}

function Hosts({ hosts }: { hosts: import("../api/types.ts").Host[] }) {
  const now = useNow(5000);
  if (hosts.length === 0) {
    return (
      <p className="py-4 text-center text-sm text-text-2">
        No host dispatches this board yet: <code className="font-mono">andon serve</code> does.
      </p>
    );
  }
  return (
    <ul className="grid grid-cols-1 gap-2">
      {hosts.map((host) => (
        <li key={host.name} className="flex flex-wrap items-center gap-2 text-sm">
          <span className={cx("size-2 rounded-full", host.live ? "bg-green" : "bg-line-strong")} />
          <span className="font-medium">{host.name}</span>
          {!host.live && <Badge tone="amber">gone</Badge>}
          {host.labels.map((label) => (
            <Badge key={label}>{label}</Badge>
          ))}
          <span className="ml-auto text-xs text-text-3" title={full(host.last_seen)}>
            {host.running}
            {host.capacity === null ? "" : `/${host.capacity}`} running, seen {ago(host.last_seen, now)}
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
    <Panel title="Profiles">
      <div className="overflow-x-auto">
        <table className="w-full text-left text-sm">
          <thead className="text-xs text-text-3">
            <tr>
              <th scope="col" className="pb-2 font-medium">Profile</th>
              <th scope="col" className="pb-2 font-medium">Runner</th>
              <th scope="col" className="pb-2 font-medium">Running</th>
              <th scope="col" className="pb-2 font-medium">State</th>
              <th scope="col" className="pb-2 text-right font-medium">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {profiles.data?.profiles.map((profile) => {
              const cooling = stats.cooling_down.find((each) => each.profile === profile.name);
              const until = ms(cooling?.until);
              return (
                <tr key={profile.name} className="border-t border-line align-top">
                  <th scope="row" className="py-2 pr-4 font-normal">
                    <span className="flex items-center gap-2 font-medium">
                      <Avatar name={profile.name} /> {profile.name}
                    </span>
                    <Description profile={profile} />
                  </th>
                  <td className="py-2 pr-4 whitespace-nowrap text-text-2">
                    {profile.lane ? "lane" : profile.runner}
                    {profile.model ? `, ${profile.model}` : ""}
                  </td>
                  <td className="py-2 pr-4 whitespace-nowrap text-text-2">
                    {stats.running.find((each) => each.profile === profile.name)?.count ?? 0}
                    {profile.max_running === null ? "" : ` of ${profile.max_running}`}
                  </td>
                  <td className="py-2 pr-4 whitespace-nowrap">
                    {stopped.has(profile.name) ? (
                      <Badge tone="red">
                        <PauseIcon size={9} /> stopped
                      </Badge>
                    ) : until !== null && until > now ? (
                      <Badge tone="amber">cools down, {span(until - now)}</Badge>
                    ) : (
                      <Badge tone="green">open</Badge>
                    )}
                  </td>
                  <td className="py-2 text-right">
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
    onSuccess: () => toast({ tone: "ok", text: `${profile.name} is described anew` }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.profiles }),
  });
  const value = profile.description ?? "";
  return (
    <span className="mt-0.5 flex max-w-md items-center gap-2">
      <input
        aria-label={`Description of ${profile.name}`}
        value={text ?? value}
        placeholder="No description"
        onChange={(event) => setText(event.target.value)}
        onBlur={() => {
          if (text !== null && text.trim() !== value) save.mutate(text.trim());
          setText(null);
        }}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        className="-ml-1.5 h-6 w-full min-w-48 rounded border border-transparent bg-transparent px-1.5 text-xs text-text-2 outline-none placeholder:text-text-3 hover:bg-hover focus:border-accent-text focus:bg-panel"
      />
      <Described profile={profile} />
    </span>
  );
}

function ProfileCord({ board, profile, stopped }: { board: string; profile: string; stopped: boolean }) {
  const toggle = useMutation({
    mutationFn: () => (stopped ? api.resume(board, { profile }) : api.pause(board, { profile })),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.head(board) }),
  });
  return (
    <Button tone={stopped ? "go" : "plain"} busy={toggle.isPending} aria-label={stopped ? `Resume ${profile}` : `Pause ${profile}`} onClick={() => toggle.mutate()}>
      {stopped ? <PlayIcon size={11} /> : <PauseIcon size={11} />} {stopped ? "Resume" : "Pause"}
    </Button>
  );
}
