// What statuses, outcomes and kinds are called, and what they mean.

import type { BlockKind, Severity, Status } from "../api/types.ts";
import { en } from "../i18n/en.ts";
import { t } from "../i18n/index.ts";
import type { Key } from "../i18n/index.ts";
import type { BadgeTone } from "./controls.tsx";

export const STATUSES: Status[] = ["triage", "todo", "scheduled", "ready", "running", "review", "blocked", "done"];

export const statusName = (status: Status): string => t(`status.${status}`);
export const statusHelp = (status: Status): string => t(`help.${status}`);
export const blockName = (kind: BlockKind | null): string => (kind ? t(`kind.${kind}`) : t("status.blocked"));
export const severityName = (severity: Severity): string => t(`severity.${severity}`);

/** One task by its id, several by their number. */
export const many = (ids: string[]): string => (ids.length === 1 ? (ids[0] ?? "") : t("any.tasks", { n: ids.length }));

const TONE: Record<string, BadgeTone> = {
  completed: "green",
  approved: "green",
  review_requested: "accent",
  changes_requested: "purple",
  rate_limited: "amber",
  interrupted: "amber",
  reclaimed: "amber",
  scheduled: "grey",
  cancelled: "grey",
  stood_down: "grey",
};

/** How a run ended. An outcome that is newer than this page is said as the server says it. */
export function outcome(name: string): { name: string; tone: BadgeTone } {
  const key = `outcome.${name}`;
  const known = Object.hasOwn(en, key);
  return { name: known ? t(key as Key & `outcome.${string}`) : name.replaceAll("_", " "), tone: TONE[name] ?? (known ? "red" : "grey") };
}

/** An event's kind as a sentence's verb, as the server calls it. */
export function eventName(kind: string): string {
  return kind.replaceAll("_", " ");
}
