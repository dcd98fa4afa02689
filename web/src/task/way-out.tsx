// Why a task does not run, what is wrong with it, and the buttons that mend it.

import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client } from "../api/queries.ts";
import type { Diagnostic, Reason, Task } from "../api/types.ts";
import { Badge, Button, Words } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { AlertIcon, ClockIcon, CopyIcon } from "../design/icons.tsx";
import { ago, full, ms, span, useNow } from "../design/time.ts";
import { severityName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { act } from "../shell/moves.ts";
import { useOpenTask } from "../shell/places.ts";
import { openDialog, refusal, toast, wishLog } from "../shell/store.ts";
import { wayOut } from "./clear.ts";

/** A command as a button. */
export function WayOutButton({ board, id, command, label, first = false }: { board: string; id: string; command: string; label?: string; first?: boolean }) {
  const [busy, setBusy] = useState(false);
  const { board: shown } = useParams({ from: "/b/$board" });
  const navigate = useNavigate();
  const openTask = useOpenTask();
  const way = wayOut(command);
  const go = async () => {
    setBusy(true);
    switch (way.kind) {
      case "verb":
        await act(board, [id], way.action, `${way.label}: ${id}`);
        break;
      case "resume":
        await api
          .resume(way.scope === "everything" ? null : board, way.profile ? { profile: way.profile } : {})
          .then(() => toast({ tone: "ok", text: t("done.letGo") }))
          .catch((error) => refusal(asProblem(error)));
        await client.invalidateQueries();
        break;
      case "assign":
        openDialog({ kind: "reassign", ids: [id] });
        break;
      case "request-changes":
        openDialog({ kind: "request-changes", ids: [id] });
        break;
      case "block":
        openDialog({ kind: "block", ids: [id] });
        break;
      case "log":
        wishLog(id);
        if (board === shown) openTask(id);
        else await navigate({ to: "/b/$board/attention", params: { board }, search: { task: id } });
        break;
      case "comment":
        document.getElementById("new-comment")?.focus();
        break;
      case "copy":
        await navigator.clipboard.writeText(way.command).then(
          () => toast({ tone: "ok", text: t("done.commandCopied") }),
          () => toast({ tone: "problem", text: way.command }),
        );
        break;
    }
    setBusy(false);
  };
  return (
    <Button tone={first ? "primary" : "plain"} busy={busy} title={command} onClick={() => void go()}>
      {way.kind === "copy" && <CopyIcon size={12} />}
      {way.kind === "copy" && label ? label : way.kind === "copy" ? <code className="max-w-52 truncate font-mono">{command}</code> : (label ?? way.label)}
    </Button>
  );
}

const CALM = new Set(["running", "done", "archived", "starting"]);

export function Why({ board, task, reasons }: { board: string; task: Task; reasons: Reason[] }) {
  const now = useNow();
  if (reasons.length === 0 || task.status === "done" || task.status === "archived") return null;
  const calm = reasons.every((reason) => CALM.has(reason.code));
  return (
    <section aria-label={t("why.name")} className={cx("grid gap-2.5 rounded-lg border px-3.5 py-3 text-sm", calm ? "border-green/35 bg-green-soft" : "border-amber/40 bg-amber-soft")}>
      <h3 className={cx("text-xs font-semibold", calm ? "text-green" : "text-amber")}>{calm ? t("why.calm") : t("why.name")}</h3>
      <ol className="grid gap-2.5">
        {reasons.map((reason) => {
          const until = ms(reason.until);
          return (
            <li key={reason.code + reason.message} className="flex flex-wrap items-start gap-x-3 gap-y-2">
              <p className="min-w-40 flex-1 [overflow-wrap:anywhere]">
                <Words text={sentence(reason.message)} />
                {until !== null && until > now && (
                  <span className="ml-1.5 inline-flex items-center gap-1 text-text-2" title={full(reason.until)}>
                    <ClockIcon size={12} /> {t("why.left", { span: span(until - now) })}
                  </span>
                )}
              </p>
              {reason.clear && !calm && <WayOutButton board={board} id={task.id} command={reason.clear.command} first />}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** A message of the server's as a sentence, with its moments in the reader's own time. */
function sentence(message: string): string {
  const text = message.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (moment) => full(moment));
  const start = capital(text);
  return /[.!?。！？][”"’»)）]*$/.test(start) ? start : `${start}.`;
}

const SEVERITY = { warning: "amber", error: "red", critical: "red" } as const;

export function Diagnostics({ board, id, found }: { board: string; id: string; found: Diagnostic[] }) {
  const now = useNow(15_000);
  return (
    <div className="grid gap-2">
      {found.map((each) => (
        <section key={each.kind + each.first_seen_at} aria-label={`${capital(each.title)}, ${id}`} className={cx("grid gap-2 rounded-lg border px-3.5 py-3 text-sm", each.severity === "warning" ? "border-amber/40" : "border-red/40")}>
          <div className="flex flex-wrap items-center gap-2">
            <AlertIcon className={each.severity === "warning" ? "text-amber" : "text-red"} />
            <h3 className="min-w-0 flex-1 font-medium [overflow-wrap:anywhere]">{capital(each.title)}</h3>
            <Badge tone={SEVERITY[each.severity]}>{severityName(each.severity)}</Badge>
            <span className="text-2xs text-text-3" title={full(each.last_seen_at)}>
              {each.count > 1 ? `${each.count}×, ` : ""}
              {ago(each.last_seen_at, now)}
            </span>
          </div>
          <p className="text-text-2 [overflow-wrap:anywhere]">
            <Words text={each.detail} />
          </p>
          <div className="flex flex-wrap gap-2">
            {each.actions.map((action) => (
              <WayOutButton key={action.label + action.command} board={board} id={id} command={action.command} label={capital(action.label)} first={action.suggested} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
