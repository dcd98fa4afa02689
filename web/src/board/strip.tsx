// What goes wrong on the board, in one line above it.

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useAttention } from "../api/queries.ts";
import type { AttentionItem, Severity } from "../api/types.ts";
import { Badge, Button, IconButton } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { AlertIcon, ChevronIcon, CloseIcon } from "../design/icons.tsx";
import { severityName } from "../design/words.ts";
import { t } from "../i18n/index.ts";

const RANK: Record<Severity, number> = { warning: 0, error: 1, critical: 2 };

/** The worst finding of each task that has one. */
export function worst(items: AttentionItem[]): ReadonlyMap<string, Severity> {
  const found = new Map<string, Severity>();
  for (const { task, diagnostics } of items) {
    for (const { severity } of diagnostics) {
      const known = found.get(task.id);
      if (known === undefined || RANK[severity] > RANK[known]) found.set(task.id, severity);
    }
  }
  return found;
}

/** What was waved away comes back after a reload, or when something new goes wrong. */
let waved: ReadonlySet<string> = new Set();

export function Strip({ board }: { board: string }) {
  const attention = useAttention(board);
  const [open, setOpen] = useState(false);
  const [, again] = useState(0);
  const found = (attention.data?.items ?? []).filter((each) => each.diagnostics.length > 0);
  const news = found.filter((each) => !waved.has(`${board}/${each.task.id}`));
  if (news.length === 0) return null;
  const severities = worst(found);
  const bad = found.some((each) => severities.get(each.task.id) !== "warning");
  const tone = bad ? "red" : "amber";
  return (
    <section aria-label={t("strip.label")} className={cx("shrink-0 border-b px-3 py-1.5 text-sm md:px-4", bad ? "border-red/35 bg-red-soft" : "border-amber/40 bg-amber-soft")}>
      <div className="flex items-center gap-2">
        <AlertIcon className={bad ? "shrink-0 text-red" : "shrink-0 text-amber"} />
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex min-w-0 flex-1 items-center gap-1.5 text-left">
          <span className={cx("shrink-0 font-medium", bad ? "text-red" : "text-amber")}>
            {t("strip.count", { n: found.length })}
          </span>
          <span className="truncate text-text-2">{found[0]?.diagnostics[0]?.title}</span>
          <ChevronIcon size={12} className={cx("shrink-0 text-text-3", open && "rotate-180")} />
        </button>
        <Link to="/b/$board/attention" params={{ board }} className="shrink-0 text-xs font-medium text-accent-text hover:underline">
          {t("nav.attention")}
        </Link>
        <IconButton
          label={t("strip.dismiss")}
          onClick={() => {
            waved = new Set([...waved, ...found.map((each) => `${board}/${each.task.id}`)]);
            again((n) => n + 1);
          }}
        >
          <CloseIcon size={14} />
        </IconButton>
      </div>
      {open && (
        <ul className="mt-1 grid max-h-56 gap-0.5 overflow-y-auto pb-1">
          {found.map((each) => (
            <li key={each.task.id} className="flex items-center gap-2">
              <Badge tone={severities.get(each.task.id) === "warning" ? "amber" : tone}>{severityName(severities.get(each.task.id) ?? "warning")}</Badge>
              <Link to="." search={(old: object) => ({ ...old, task: each.task.id })} className="min-w-0 flex-1 truncate hover:underline">
                {each.task.title}
                <span className="ml-2 text-text-2">{each.diagnostics.map((one) => one.title).join("; ")}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {open && found.length > 6 && (
        <Button tone="quiet" onClick={() => setOpen(false)}>
          {t("do.close")}
        </Button>
      )}
    </section>
  );
}
