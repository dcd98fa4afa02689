// What can be done to all selected cards at once.

import { useState } from "react";
import { Button, Dialog, Field, Input, Menu } from "../design/controls.tsx";
import { CloseIcon, StatusIcon } from "../design/icons.tsx";
import { act, move } from "../shell/moves.ts";
import { openDialog, select, setFailed, useSelection } from "../shell/store.ts";

export function BulkBar({ board }: { board: string }) {
  const selection = useSelection();
  const [priority, setPriority] = useState<string | null>(null);
  if (selection.size === 0) return null;
  const ids = [...selection];
  const run = (action: Parameters<typeof act>[2], done: string) =>
    void act(board, ids, action, `${done} ${ids.length} tasks`).then((all) => all && select(new Set()));
  return (
    <>
      <div
        role="toolbar"
        aria-label={`${ids.length} selected tasks`}
        className="fixed bottom-18 left-1/2 z-30 flex max-w-[calc(100vw-1rem)] -translate-x-1/2 animate-in items-center gap-1.5 overflow-x-auto rounded-xl border border-line-strong bg-raised p-1.5 shadow-float md:bottom-6"
      >
        <span className="px-2 text-xs font-semibold whitespace-nowrap" aria-live="polite">
          {ids.length} selected
        </span>
        <Menu
          trigger={<Button>Move to…</Button>}
          items={(["triage", "todo", "ready", "scheduled", "blocked", "done"] as const).map((status) => ({
            label: status === "todo" ? "To do (hold)" : status.slice(0, 1).toUpperCase() + status.slice(1),
            icon: <StatusIcon status={status} />,
            onSelect: () => move(board, ids, status),
          }))}
        />
        <Button onClick={() => run({ verb: "unblock" }, "Unblocked")}>Unblock</Button>
        <Button onClick={() => openDialog({ kind: "block", ids })}>Block</Button>
        <Button onClick={() => openDialog({ kind: "complete", ids })}>Complete</Button>
        <Button onClick={() => openDialog({ kind: "reassign", ids })}>Assign</Button>
        <Button onClick={() => setPriority("0")}>Priority</Button>
        <Button onClick={() => openDialog({ kind: "archive", ids })}>Archive</Button>
        <Button tone="danger" onClick={() => openDialog({ kind: "delete", ids })}>
          Delete
        </Button>
        <Button
          tone="quiet"
          aria-label="Clear the selection"
          onClick={() => {
            select(new Set());
            setFailed(new Map());
          }}
        >
          <CloseIcon size={14} />
        </Button>
      </div>
      {priority !== null && (
        <Dialog open onClose={() => setPriority(null)} title={`Priority of ${ids.length} tasks`}>
          <form
            className="grid gap-3"
            onSubmit={(event) => {
              event.preventDefault();
              setPriority(null);
              run({ verb: "edit", priority: Number(priority) || 0 }, "Reprioritised");
            }}
          >
            <Field label="Priority" hint="Higher starts first.">
              {(id) => <Input id={id} autoFocus type="number" value={priority} onChange={(event) => setPriority(event.target.value)} />}
            </Field>
            <div className="flex justify-end">
              <Button size="md" tone="primary" type="submit">
                Set priority
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
