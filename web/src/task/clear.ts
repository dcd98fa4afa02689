// The commands that Andon names as a way out, as buttons: the same verb over the API.

import type { Action } from "../api/actions.ts";

export type WayOut =
  | { kind: "verb"; label: string; action: Action }
  | { kind: "resume"; label: string; scope: "everything" | "board"; profile: string | null }
  | { kind: "assign" | "request-changes" | "block" | "comment"; label: string }
  | { kind: "copy"; label: string; command: string };

const LABEL: Record<string, string> = {
  unblock: "Unblock",
  promote: "Promote",
  reopen: "Reopen",
  approve: "Approve",
  reclaim: "Take it back",
  hold: "Hold",
};

/** What a command of Andon's means as a button. What cannot be done from here is offered to be copied. */
export function wayOut(command: string): WayOut {
  const words = command.trim().split(/\s+/);
  const verb = words[1] ?? "";
  const copy: WayOut = { kind: "copy", label: "Copy command", command };
  if (words[0] !== "andon") return copy;
  const flag = (name: string) => words.includes(name);
  if (verb === "resume") {
    const at = words.indexOf("--profile");
    const profile = at === -1 ? null : (words[at + 1] ?? null);
    return { kind: "resume", label: "Resume", scope: flag("--all") ? "everything" : "board", profile };
  }
  if (verb === "assign" || verb === "reassign") return { kind: "assign", label: "Assign…" };
  if (verb === "comment") return { kind: "comment", label: "Comment" };
  if (verb === "request-changes") return { kind: "request-changes", label: "Request changes…" };
  if (words.some((word) => word.includes("<"))) return copy;
  switch (verb) {
    case "unblock":
      return { kind: "verb", label: "Unblock", action: flag("--fresh") ? { verb, fresh: true } : { verb } };
    case "promote":
      return flag("--force")
        ? { kind: "verb", label: "Promote over open parents", action: { verb, force: true } }
        : { kind: "verb", label: "Promote", action: { verb } };
    case "edit":
      return flag("--reset-failures")
        ? { kind: "verb", label: "Reset failures", action: { verb: "reset-failures" } }
        : copy;
    case "specify":
      // Its words are there already; what the command could change as well is changed in the drawer.
      return words.length === 3 ? { kind: "verb", label: "Take it up", action: { verb } } : copy;
    case "reopen":
    case "approve":
    case "reclaim":
    case "hold":
      return { kind: "verb", label: LABEL[verb] ?? verb, action: { verb } };
    default:
      return copy;
  }
}
