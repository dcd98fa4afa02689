// What can be done to all selected cards at once.

import { useState } from "react";
import { Button, Dialog, Field, Input, Menu } from "../design/controls.tsx";
import { CloseIcon, StatusIcon } from "../design/icons.tsx";
import { many, statusName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { act, move } from "../shell/moves.ts";
import { openDialog, select, setFailed, useSelection } from "../shell/store.ts";

export function BulkBar({ board }: { board: string }) {
  const selection = useSelection();
  const [priority, setPriority] = useState<string | null>(null);
  if (selection.size === 0) return null;
  const ids = [...selection];
  const run = (action: Parameters<typeof act>[2], done: string) =>
    void act(board, ids, action, done).then((all) => all && select(new Set()));
  return (
    <>
      <div
        role="toolbar"
        aria-label={t("bulk.label", { n: ids.length })}
        className="fixed bottom-18 left-1/2 z-30 flex max-w-[calc(100vw-1rem)] -translate-x-1/2 animate-in items-center gap-1.5 overflow-x-auto rounded-xl border border-line-strong bg-raised p-1.5 shadow-float md:bottom-6"
      >
        <span className="px-2 text-xs font-semibold whitespace-nowrap" aria-live="polite">
          {t("bulk.selected", { n: ids.length })}
        </span>
        <Menu
          trigger={<Button>{t("bulk.move")}</Button>}
          items={(["triage", "todo", "ready", "scheduled", "blocked", "done"] as const).map((status) => ({
            label: status === "todo" ? t("bulk.hold") : statusName(status),
            icon: <StatusIcon status={status} />,
            onSelect: () => move(board, ids, status),
          }))}
        />
        <Button onClick={() => run({ verb: "unblock" }, t("done.unblocked", { what: many(ids) }))}>{t("do.unblock")}</Button>
        <Button onClick={() => openDialog({ kind: "block", ids })}>{t("do.block")}</Button>
        <Button onClick={() => openDialog({ kind: "complete", ids })}>{t("do.complete")}</Button>
        <Button onClick={() => openDialog({ kind: "reassign", ids })}>{t("do.assign")}</Button>
        <Button onClick={() => setPriority("0")}>{t("field.priority")}</Button>
        <Button onClick={() => openDialog({ kind: "archive", ids })}>{t("do.archive")}</Button>
        <Button tone="danger" onClick={() => openDialog({ kind: "delete", ids })}>
          {t("do.delete")}
        </Button>
        <Button
          tone="quiet"
          aria-label={t("bulk.clear")}
          onClick={() => {
            select(new Set());
            setFailed(new Map());
          }}
        >
          <CloseIcon size={14} />
        </Button>
      </div>
      {priority !== null && (
        <Dialog open onClose={() => setPriority(null)} title={t("bulk.priority", { n: ids.length })}>
          <form
            className="grid gap-3"
            onSubmit={(event) => {
              event.preventDefault();
              setPriority(null);
              run({ verb: "edit", priority: Number(priority) || 0 }, t("done.prioritised", { what: many(ids) }));
            }}
          >
            <Field label={t("field.priority")} hint={t("bulk.priorityHint")}>
              {(id) => <Input id={id} autoFocus type="number" value={priority} onChange={(event) => setPriority(event.target.value)} />}
            </Field>
            <div className="flex justify-end">
              <Button size="md" tone="primary" type="submit">
                {t("bulk.setPriority")}
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
