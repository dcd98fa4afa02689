// What the fleet consumed: by profile and day, in money or in tokens.

import { useState } from "react";
import { USAGE_DAYS } from "../api/queries.ts";
import type { UsageDay } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { cx } from "../design/cx.ts";
import { compact, count, day as dayName, days as inDays, dollars } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { Bars } from "./charts.tsx";
import { Panel } from "./panel.tsx";

const DAY = 86_400_000;
const SPANS = [7, 14, USAGE_DAYS] as const;
type Measure = "cost" | "tokens" | "runs";
const MEASURES: Record<Measure, { of: (day: UsageDay) => number; say: (value: number) => string }> = {
  cost: { of: (day) => day.cost_usd ?? 0, say: dollars },
  tokens: { of: (day) => (day.input_tokens ?? 0) + (day.output_tokens ?? 0), say: compact },
  runs: { of: (day) => day.runs, say: count },
};
const MEASURE_NAMES: Measure[] = ["cost", "tokens", "runs"];

const nameOf = (day: UsageDay) => day.profile ?? t("any.byHand");

export function Usage({ usage }: { usage: UsageDay[] }) {
  const [span, setSpan] = useState<number>(14);
  // Money where there is any; else what there is.
  const [chosen, setChosen] = useState<Measure | null>(null);
  const measure = chosen ?? (usage.some((day) => (day.cost_usd ?? 0) > 0) ? "cost" : usage.some((day) => MEASURES.tokens.of(day) > 0) ? "tokens" : "runs");
  const { of, say } = MEASURES[measure];
  const days = [...Array(span).keys()].map((back) => new Date(Date.now() - (span - 1 - back) * DAY).toISOString().slice(0, 10));
  const first = days[0] ?? "";
  const shown = usage.filter((day) => day.day >= first);
  const names = [...new Set(shown.map(nameOf))].sort();
  const stacks = days.map((day) => ({
    label: dayName(day),
    parts: shown.filter((each) => each.day === day).map((each) => ({ name: nameOf(each), value: of(each) })),
  }));
  const all = shown.reduce((sum, day) => sum + of(day), 0);
  return (
    <Panel
      title={t("usage.name")}
      aside={
        <span className="flex flex-wrap justify-end gap-2">
          <Choice label={t("usage.measure")} values={MEASURE_NAMES} value={measure} say={(each) => t(`usage.${each}`)} onPick={setChosen} />
          <Choice label={t("usage.days")} values={[...SPANS]} value={span} say={inDays} onPick={setSpan} />
        </span>
      }
    >
      {all === 0 ? (
        <p className="flex h-32 items-center justify-center text-center text-sm text-text-3">
          {measure === "cost" ? t("usage.noCost", { n: span }) : t("usage.nothing", { n: span })}
        </p>
      ) : (
        <div className="grid gap-6 lg:grid-cols-[1fr_20rem]">
          <Bars stacks={stacks} names={names} say={say} title={t("usage.about", { what: t(`usage.${measure}`), sum: say(all), n: span })} />
          <ByProfile usage={shown} names={names} />
        </div>
      )}
    </Panel>
  );
}

function ByProfile({ usage, names }: { usage: UsageDay[]; names: string[] }) {
  const sum = (name: string, of: (day: UsageDay) => number) => usage.reduce((total, day) => total + (nameOf(day) === name ? of(day) : 0), 0);
  return (
    <table className="w-full self-start text-sm">
      <thead className="text-xs text-text-3">
        <tr>
          <th scope="col" className="pb-1.5 text-left font-medium">{t("fleet.profile")}</th>
          <th scope="col" className="pb-1.5 text-right font-medium">{t("usage.runs")}</th>
          <th scope="col" className="pb-1.5 text-right font-medium">{t("usage.tokens")}</th>
          <th scope="col" className="pb-1.5 text-right font-medium">{t("usage.cost")}</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name} className="border-t border-line">
            <th scope="row" className="max-w-28 py-1.5 font-normal">
              <span className="flex min-w-0 items-center gap-1.5">
                <Avatar name={name} /> <span className="truncate">{name}</span>
              </span>
            </th>
            <td className="py-1.5 text-right text-text-2">{count(sum(name, MEASURES.runs.of))}</td>
            <td className="py-1.5 text-right text-text-2">{compact(sum(name, MEASURES.tokens.of))}</td>
            <td className="py-1.5 text-right font-medium">{dollars(sum(name, MEASURES.cost.of))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Choice<T extends string | number>({ label, values, value, say, onPick }: { label: string; values: T[]; value: T; say: (value: T) => string; onPick: (value: T) => void }) {
  return (
    <span role="group" aria-label={label} className="inline-flex rounded-md border border-line-strong bg-raised p-0.5">
      {values.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          onClick={() => onPick(each)}
          className={cx("h-5.5 rounded px-2 text-2xs font-medium", each === value ? "bg-hover text-text" : "text-text-2 hover:text-text")}
        >
          {say(each)}
        </button>
      ))}
    </span>
  );
}
