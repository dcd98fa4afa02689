// What keeps work from starting though nobody pulled the cord: rate limits, back-off, tasks that were given up; and the rules.

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactNode } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useProfiles, useSettings } from "../api/queries.ts";
import type { Stats } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { ProblemNote } from "../design/controls.tsx";
import { CheckIcon, ClockIcon, StatusIcon } from "../design/icons.tsx";
import { full, ms, span, useNow } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { useOpenTask } from "../shell/places.ts";
import { refusal, toast } from "../shell/store.ts";
import { OrchestrationPill } from "./planner.tsx";

/** Cards that are looked at for back-off and for what was given up. */
const LOOK = 500;
/** How many of them are named. */
const NAMED = 5;

export function Brakes({ board, stats }: { board: string; stats: Stats }) {
  const now = useNow();
  const open = useOpenTask();
  const cards = useQuery({
    queryKey: ["fleet", board, "brakes"],
    queryFn: () => api.cards(board, { status: "ready,blocked,review", limit: LOOK, sort: "updated" }),
    refetchInterval: 10_000,
  });
  const limits = stats.cooling_down.filter((each) => (ms(each.until) ?? 0) > now);
  const all = cards.data?.cards ?? [];
  const waiting = all.filter((card) => (ms(card.eligible_at) ?? 0) > now);
  const given = all.filter((card) => card.block_kind === "gave_up");
  if (limits.length + waiting.length + given.length === 0) {
    return (
      <p className="flex items-center gap-2 py-4 text-sm text-text-2">
        <CheckIcon className="shrink-0 text-green" /> {t("fleet.noBrakes")}
      </p>
    );
  }
  return (
    <ul className="grid gap-1.5 text-sm">
      {limits.map((each) => (
        <li key={each.profile} className="flex items-center gap-2">
          <Avatar name={each.profile} />
          <span className="min-w-0 flex-1 truncate">
            {each.step > 1 ? t("fleet.limitedOften", { profile: each.profile, n: each.step }) : t("fleet.limited", { profile: each.profile })}
          </span>
          <span className="shrink-0 text-amber" title={full(each.until)}>
            {span((ms(each.until) ?? now) - now)}
          </span>
        </li>
      ))}
      {waiting.slice(0, NAMED).map((card) => (
        <li key={card.id} className="flex items-center gap-2">
          <ClockIcon className="shrink-0 text-amber" />
          <button type="button" className="min-w-0 flex-1 truncate text-left hover:underline" onClick={() => open(card.id)} title={card.eligible_reason ?? undefined}>
            {card.title}
          </button>
          <span className="shrink-0 text-amber" title={full(card.eligible_at)}>
            {span((ms(card.eligible_at) ?? now) - now)}
          </span>
        </li>
      ))}
      {waiting.length > NAMED && <li className="text-xs text-text-3">{t("fleet.moreWait", { n: waiting.length - NAMED })}</li>}
      {given.slice(0, NAMED).map((card) => (
        <li key={card.id} className="flex items-center gap-2">
          <StatusIcon status="blocked" />
          <button type="button" className="min-w-0 flex-1 truncate text-left hover:underline" onClick={() => open(card.id)}>
            {card.title}
          </button>
          <span className="shrink-0 text-red">{t("fleet.givenUp", { n: card.consecutive_failures })}</span>
        </li>
      ))}
      {given.length > NAMED && <li className="text-xs text-text-3">{t("fleet.moreGivenUp", { n: given.length - NAMED })}</li>}
    </ul>
  );
}

/** What is configured for the home, changed where it stands. */
export function Rules() {
  const settings = useSettings();
  const profiles = useProfiles();
  const change = useMutation({
    mutationFn: (body: Parameters<typeof api.configure>[0]) => api.configure(body),
    onError: (error) => refusal(asProblem(error)),
    onSuccess: () => toast({ tone: "ok", text: t("rules.saved") }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.settings }),
  });
  if (settings.error) return <ProblemNote problem={asProblem(settings.error)} />;
  if (!settings.data) return <div className="skeleton h-24" />;
  const { data } = settings;
  const names = profiles.data?.profiles.map((profile) => profile.name) ?? [];
  const numbers: [string, "max_running" | "max_running_per_profile" | "max_running_per_host" | "failure_limit"][] = [
    [t("rules.board"), "max_running"],
    [t("rules.profile"), "max_running_per_profile"],
    [t("rules.host"), "max_running_per_host"],
    [t("rules.failures"), "failure_limit"],
  ];
  return (
    <dl className="grid gap-1 text-sm">
      <Row name={t("rules.assignee")}>
        <Pick label={t("rules.defaultAssignee")} value={data.default_assignee ?? ""} none={t("any.nobody")} names={names} onPick={(name) => change.mutate({ default_assignee: name || null })} />
      </Row>
      <Row name={t("rules.reviewer")}>
        <Pick label={t("field.reviewer")} value={data.reviewer === "person" ? "" : data.reviewer} none={t("setBoard.person")} names={names} onPick={(name) => change.mutate({ reviewer: name || null })} />
      </Row>
      <Row name={t("rules.owner")}>
        <Pick label={t("rules.orchestrator")} value={data.orchestrator ?? ""} none={data.resolved_orchestrator ?? t("any.nobody")} names={names} onPick={(name) => change.mutate({ orchestrator: name || null })} />
      </Row>
      <Row name={t("rules.planned")}>
        <OrchestrationPill />
      </Row>
      <Row name={t("rules.parts")}>
        <Pick label={t("rules.partsOf")} value={data.auto_promote_children ? "" : t("rules.partsWait")} none={t("rules.partsStart")} names={[t("rules.partsWait")]} onPick={(name) => change.mutate({ auto_promote_children: name === "" })} />
      </Row>
      <Row name={t("rules.planner")}>{data.planner_model ?? t("rules.noPlanner")}</Row>
      {numbers.map(([name, key]) => (
        <Row key={key} name={name}>
          <Whole key={data[key]} label={name} value={data[key]} onSave={(value) => change.mutate({ [key]: value })} />
        </Row>
      ))}
      <Row name={t("rules.stored")}>{data.engine === "postgres" ? "PostgreSQL" : "SQLite"}</Row>
      <Row name="Andon">{data.version}</Row>
    </dl>
  );
}

const QUIET = "h-7 rounded-md border border-transparent bg-transparent px-1.5 text-right text-sm outline-none placeholder:text-text-3 hover:bg-hover focus:border-accent-text focus:bg-panel";

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-7 items-center justify-between gap-3">
      <dt className="text-text-2">{name}</dt>
      <dd className="shrink-0 text-right">{children}</dd>
    </div>
  );
}

function Pick({ label, value, none, names, onPick }: { label: string; value: string; none: string; names: string[]; onPick: (name: string) => void }) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onPick(event.target.value)} className={`${QUIET} max-w-48`}>
      <option value="">{none}</option>
      {[...new Set([...(value ? [value] : []), ...names])].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** A number that may be left out. */
export function Whole({ label, value, onSave }: { label: string; value: number | null; onSave: (value: number | null) => void }) {
  const [text, setText] = useState(value === null ? "" : String(value));
  return (
    <input
      type="number"
      min={1}
      aria-label={label}
      value={text}
      placeholder={t("rules.noLimit")}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => {
        const next = text.trim() === "" ? null : Number(text);
        if (next !== value) onSave(next);
      }}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      className={`${QUIET} w-24`}
    />
  );
}
