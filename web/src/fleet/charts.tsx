// The charts of the fleet: plain pictures, with the same numbers as a table for those who do not see them.

import { dollars, span } from "../design/time.ts";
import { t } from "../i18n/index.ts";

/** Colours that differ in lightness too. */
export const SERIES = ["#5967e0", "#17a2b8", "#e09a1a", "#a865d8", "#3fae63", "#d8605f", "#8b93a3"];

export interface Stack {
  label: string;
  parts: { name: string; value: number }[];
}

/** Stacked bars, one for each day. */
export function Bars({ stacks, names, title, say = dollars }: { stacks: Stack[]; names: string[]; title: string; say?: (value: number) => string }) {
  const most = Math.max(...stacks.map((stack) => stack.parts.reduce((sum, part) => sum + part.value, 0)), 0);
  const color = (name: string) => SERIES[names.indexOf(name) % SERIES.length] ?? "#8b93a3";
  return (
    <figure>
      <div className="flex h-32 items-end gap-1" aria-hidden="true">
        {stacks.map((stack) => {
          const sum = stack.parts.reduce((total, part) => total + part.value, 0);
          return (
            <div
              key={stack.label}
              className="flex h-full min-w-0 flex-1 flex-col justify-end"
              title={`${stack.label}: ${say(sum)}\n${stack.parts.map((part) => `${part.name} ${say(part.value)}`).join("\n")}`}
            >
              <div className="flex flex-col-reverse overflow-hidden rounded-t-[3px] hover:brightness-110" style={{ height: `${most === 0 ? 0 : (sum / most) * 100}%` }}>
                {stack.parts.map((part) => (
                  <div key={part.name} style={{ height: `${sum === 0 ? 0 : (part.value / sum) * 100}%`, background: color(part.name) }} />
                ))}
              </div>
            </div>
          );
        })}
      </div>
      <div className="mt-1 flex justify-between border-t border-line pt-1 text-2xs text-text-3" aria-hidden="true">
        <span>{stacks[0]?.label}</span>
        <span>{t("usage.most", { value: say(most) })}</span>
        <span>{stacks.at(-1)?.label}</span>
      </div>
      <Legend names={names} />
      <table className="sr-only">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("usage.day")}</th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {stacks.map((stack) => (
            <tr key={stack.label}>
              <th scope="row">{stack.label}</th>
              {names.map((name) => (
                <td key={name}>{say(stack.parts.find((part) => part.name === name)?.value ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Legend({ names }: { names: string[] }) {
  return (
    <ul className="mt-2 flex flex-wrap gap-x-3 gap-y-1 text-xs text-text-2">
      {names.map((name, index) => (
        <li key={name} className="flex items-center gap-1.5">
          <span aria-hidden="true" className="size-2 rounded-sm" style={{ background: SERIES[index % SERIES.length] }} />
          {name}
        </li>
      ))}
    </ul>
  );
}

/** A value of each run, oldest first, on a logarithmic scale. */
export function Dots({ points, title }: { points: { at: number; value: number; bad: boolean; label: string }[]; title: string }) {
  if (points.length === 0) return <p className="flex h-32 items-center justify-center text-sm text-text-3">{t("fleet.noRun")}</p>;
  const first = points[0]?.at ?? 0;
  const length = Math.max(1, (points.at(-1)?.at ?? 0) - first);
  const sorted = points.map((point) => point.value).sort((a, b) => a - b);
  const most = Math.max(10, sorted.at(-1) ?? 10);
  const least = Math.max(1, Math.min(sorted[0] ?? 1, most / 10));
  const height = (value: number) => 92 - (Math.log(Math.max(value, least) / least) / Math.log(most / least)) * 84;
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return (
    <figure>
      <div className="relative h-32 border-b border-line" aria-hidden="true">
        {points.map((point) => (
          <span
            key={`${point.at}${point.label}`}
            title={point.label}
            className="absolute size-1.5 -translate-x-1/2 -translate-y-1/2 rounded-full"
            style={{ left: `${1 + ((point.at - first) / length) * 98}%`, top: `${height(point.value)}%`, background: point.bad ? "var(--red)" : "var(--accent-text)" }}
          />
        ))}
      </div>
      <figcaption className="mt-1 flex flex-wrap justify-between gap-x-2 text-2xs text-text-3">
        <span className="sr-only">{title}: </span>
        <span>{t("fleet.median", { span: span(at(0.5)) })}</span>
        <span>{t("fleet.most", { span: span(at(0.95)) })}</span>
        <span>{t("fleet.longest", { span: span(at(1)) })}</span>
      </figcaption>
    </figure>
  );
}
