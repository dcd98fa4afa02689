// The commands that Andon names as a way out, as buttons: the same verb over the API.

import type { Action } from "../api/actions.ts";
import { t } from "../i18n/index.ts";

export type WayOut =
  | { kind: "verb"; label: string; action: Action }
  | { kind: "resume"; label: string; scope: "everything" | "board"; profile: string | null }
  | { kind: "assign" | "request-changes" | "block" | "comment" | "log"; label: string }
  | { kind: "copy"; label: string; command: string };

/** What a command of Andon's means as a button. What cannot be done from here is offered to be copied. */
export function wayOut(command: string): WayOut {
  const words = command.trim().split(/\s+/);
  const verb = words[1] ?? "";
  const copy: WayOut = { kind: "copy", label: t("do.copyCommand"), command };
  if (words[0] !== "andon") return copy;
  const flag = (name: string) => words.includes(name);
  if (verb === "resume") {
    const at = words.indexOf("--profile");
    const profile = at === -1 ? null : (words[at + 1] ?? null);
    return { kind: "resume", label: t("do.resume"), scope: flag("--all") ? "everything" : "board", profile };
  }
  if (verb === "assign" || verb === "reassign") return { kind: "assign", label: t("do.assignMore") };
  if (verb === "comment") return { kind: "comment", label: t("do.comment") };
  if (verb === "log" && words.length === 3) return { kind: "log", label: t("drawer.log") };
  if (verb === "request-changes") return { kind: "request-changes", label: t("do.requestChangesMore") };
  if (words.some((word) => word.includes("<"))) return copy;
  switch (verb) {
    case "unblock":
      return { kind: "verb", label: t("do.unblock"), action: flag("--fresh") ? { verb, fresh: true } : { verb } };
    case "promote":
      return flag("--force")
        ? { kind: "verb", label: t("do.promoteOver"), action: { verb, force: true } }
        : { kind: "verb", label: t("do.promote"), action: { verb } };
    case "edit":
      return flag("--reset-failures")
        ? { kind: "verb", label: t("do.resetFailures"), action: { verb: "reset-failures" } }
        : copy;
    case "specify":
      // Its words are there already; what the command could change as well is changed in the drawer.
      return words.length === 3 ? { kind: "verb", label: t("do.takeUp"), action: { verb } } : copy;
    case "reopen":
    case "approve":
    case "reclaim":
    case "hold":
      return { kind: "verb", label: t(`do.${verb}`), action: { verb } };
    default:
      return copy;
  }
}
