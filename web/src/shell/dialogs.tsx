// The dialogs that ask before something is lost, or for the words that a move needs.

import { Suspense, lazy, useState } from "react";
import type { FormEvent } from "react";
import { useHead, useProfiles } from "../api/queries.ts";
import { Button, Check, Dialog, Field, Input, Kbd, Select, TextArea } from "../design/controls.tsx";
import { ALT, MOD } from "../design/keys.ts";
import { many } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { act } from "./moves.ts";
import { EditBoard, NewBoard } from "./new-board.tsx";
import { NewTask } from "./new-task.tsx";
import { CordDialog } from "./cord.tsx";
import type { OpenDialog } from "./store.ts";
import { closeDialog, isDialogOpen, openDialog, select, useDialog } from "./store.ts";

const Palette = lazy(() => import("./palette.tsx"));
const Decompose = lazy(() => import("../task/decompose.tsx"));

export function Dialogs({ board }: { board: string }) {
  const open = useDialog();
  if (!open) return null;
  switch (open.kind) {
    case "new-task":
      return <NewTask board={board} {...(open.status ? { status: open.status } : {})} {...(open.parent ? { parent: open.parent } : {})} {...(open.start ? { start: open.start } : {})} />;
    case "new-board":
      return <NewBoard />;
    case "edit-board":
      return <EditBoard board={board} />;
    case "decompose":
      return (
        <Suspense fallback={null}>
          <Decompose board={board} id={open.id} title={open.title} />
        </Suspense>
      );
    case "palette":
      return (
        <Suspense fallback={null}>
          <Palette board={board} />
        </Suspense>
      );
    case "shortcuts":
      return <Shortcuts />;
    case "cord":
      return <CordDialog board={board} />;
    case "confirm":
      return (
        <Dialog open onClose={closeDialog} title={open.title} description={open.text}>
          <Foot
            label={open.label}
            danger={open.danger ?? false}
            onClick={() => {
              closeDialog();
              open.act();
            }}
          />
        </Dialog>
      );
    default:
      return <Ask key={open.kind} board={board} open={open} />;
  }
}

function Foot({ label, danger = false, disabled = false, onClick }: { label: string; danger?: boolean; disabled?: boolean; onClick?: () => void }) {
  return (
    <div className="mt-4 flex justify-end gap-2">
      <Button size="md" onClick={closeDialog}>
        {t("do.cancel")}
      </Button>
      <Button size="md" type={onClick ? "button" : "submit"} tone={danger ? "danger" : "primary"} disabled={disabled} {...(onClick ? { onClick } : {})}>
        {label}
      </Button>
    </div>
  );
}

type AskKind = Extract<OpenDialog, { ids: string[] }>;

/** `2026-01-31T14:00` in the person's own time, an hour from now. */
function inAnHour(): string {
  const at = new Date(Date.now() + 3_600_000);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

function Ask({ board, open }: { board: string; open: AskKind }) {
  const ids = open.ids;
  const [text, setText] = useState(open.said?.text ?? "");
  const [choice, setChoice] = useState(open.said?.choice ?? (open.kind === "block" ? "operator" : ""));
  const [when, setWhen] = useState(open.said?.when ?? inAnHour);
  const [flag, setFlag] = useState(open.said?.flag ?? false);
  const profiles = useProfiles();
  const head = useHead(board);
  const words = text.trim();
  const go = (event: FormEvent) => {
    event.preventDefault();
    closeDialog();
    void perform().then((done) => {
      if (done) select(new Set());
      // What was refused is asked again, with the words that were said; of many, the refused ones are shown on the board.
      else if (ids.length === 1 && !isDialogOpen()) openDialog({ ...open, said: { text, choice, when, flag } });
    });
  };
  const perform = async (): Promise<boolean> => {
    switch (open.kind) {
      case "block":
        return act(board, ids, { verb: "block", reason: words, kind: choice }, t("done.blocked", { what: many(ids) }));
      case "complete":
        return act(board, ids, { verb: "complete", summary: words, result: words }, t("done.completed", { what: many(ids) }));
      case "schedule": {
        const at = flag ? null : new Date(when).toISOString();
        return act(board, ids, { verb: "schedule", at, reason: words || (flag ? t("ask.parked") : t("ask.putOff")) }, flag ? t("done.parked", { what: many(ids) }) : t("done.scheduled", { what: many(ids) }));
      }
      case "archive":
        return act(board, ids, choice ? { verb: "archive", release: choice === "release" } : { verb: "archive" }, t("done.archived", { what: many(ids) }));
      case "delete":
        return act(board, ids, choice ? { verb: "delete", release: choice === "release" } : { verb: "delete" }, t("done.deleted", { what: many(ids) }));
      case "request-changes":
        return act(board, ids, { verb: "request-changes", reason: words }, t("done.asked", { what: many(ids) }));
      case "stop":
        return act(board, ids, words ? { verb: "stop", reason: words } : { verb: "stop" }, t("done.stopped", { what: many(ids) }));
      case "reassign": {
        const assignee = choice || null;
        return act(board, ids, flag ? { verb: "assign", assignee, reclaim: "reassigned from the dashboard" } : { verb: "assign", assignee }, choice ? t("done.assigned", { what: many(ids), who: choice }) : t("done.assignedNobody", { what: many(ids) }));
      }
    }
  };
  const names = profiles.data?.profiles.map((profile) => profile.name) ?? [];
  const children = (
    <Field label={t("ask.children")} hint={t("ask.childrenHint")}>
      {(id) => (
        <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
          <option value="">{t("ask.childrenRefuse")}</option>
          <option value="release">{t("ask.childrenRelease")}</option>
          <option value="hold">{t("ask.childrenHold")}</option>
        </Select>
      )}
    </Field>
  );
  const area = (label: string, placeholder: string, hint?: string) => (
    <Field label={label} {...(hint ? { hint } : {})}>
      {(id) => (
        <TextArea
          id={id}
          autoFocus
          value={text}
          placeholder={placeholder}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
      )}
    </Field>
  );
  switch (open.kind) {
    case "block":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.block", { what: many(ids) })} description={t("ask.blockAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {area(t("field.reason"), t("ask.blockReason"))}
            <Field label={t("field.kind")}>
              {(id) => (
                <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
                  <option value="operator">{t("ask.operator")}</option>
                  <option value="needs_input">{t("ask.needs_input")}</option>
                  <option value="capability">{t("ask.capability")}</option>
                  <option value="transient">{t("ask.transient")}</option>
                </Select>
              )}
            </Field>
            <Foot label={t("do.block")} danger disabled={!words} />
          </form>
        </Dialog>
      );
    case "complete":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.complete", { what: many(ids) })} description={t("ask.completeAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {area(t("ask.summary"), t("ask.summaryWhat"), t("ask.summaryHint"))}
            <Foot label={t("do.complete")} disabled={!words} />
          </form>
        </Dialog>
      );
    case "schedule":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.schedule", { what: many(ids) })}>
          <form onSubmit={go} className="grid gap-3">
            <Field label={t("task.notBefore")}>
              {(id) => <Input id={id} type="datetime-local" value={when} disabled={flag} onChange={(event) => setWhen(event.target.value)} />}
            </Field>
            <Check label={t("ask.park")} checked={flag} onChange={(event) => setFlag(event.target.checked)} />
            {area(t("field.reason"), t("ask.whyLater"))}
            <Foot label={flag ? t("do.park") : t("do.schedule")} disabled={!flag && !when} />
          </form>
        </Dialog>
      );
    case "archive":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.archive", { what: many(ids) })} description={t("ask.archiveAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {children}
            <Foot label={t("do.archive")} danger />
          </form>
        </Dialog>
      );
    case "delete":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.delete", { what: many(ids) })} description={t("ask.deleteAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {children}
            <Foot label={t("do.deleteForGood")} danger />
          </form>
        </Dialog>
      );
    case "request-changes":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.changes", { what: many(ids) })} description={t("ask.changesAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {area(t("ask.changesWhat"), t("ask.changesHint"))}
            <Foot label={t("do.requestChanges")} disabled={!words} />
          </form>
        </Dialog>
      );
    case "stop":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.stop", { what: many(ids) })} description={t("ask.stopAbout")}>
          <form onSubmit={go} className="grid gap-3">
            {area(t("field.reason"), t("ask.why"))}
            <Foot label={t("do.stop")} danger />
          </form>
        </Dialog>
      );
    case "reassign":
      return (
        <Dialog open onClose={closeDialog} title={t("ask.assign", { what: many(ids) })}>
          <form onSubmit={go} className="grid gap-3">
            <Field label={t("ask.to")}>
              {(id) => (
                <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
                  <option value="">{t("any.nobody")}</option>
                  {[...new Set([...names, ...(head.data?.assignees ?? []).flatMap((each) => each.name ?? [])])].map((name) => (
                    <option key={name}>{name}</option>
                  ))}
                </Select>
              )}
            </Field>
            <Check label={t("ask.reclaimFirst")} checked={flag} onChange={(event) => setFlag(event.target.checked)} />
            <Foot label={t("do.assign")} />
          </form>
        </Dialog>
      );
  }
}

const shortcuts = (): [string, string[]][] => [
  [t("keys.palette"), [MOD, "K"]],
  [t("task.new"), ["C"]],
  [t("keys.search"), ["/"]],
  [t("keys.cord"), ["P"]],
  [t("keys.places"), ["1", "2", "3", "4"]],
  [t("keys.walk"), ["←", "↑", "↓", "→"]],
  [t("keys.open"), ["↵"]],
  [t("keys.menu"), ["M"]],
  [t("keys.carry"), [ALT, "←", "→"]],
  [t("keys.select"), ["X", `${MOD} A`]],
  [t("keys.range"), ["⇧ X"]],
  [t("keys.inline"), [MOD, "↵"]],
  [t("keys.escape"), ["Esc"]],
  [t("keys.this"), ["?"]],
];

function Shortcuts() {
  return (
    <Dialog open onClose={closeDialog} title={t("keys.name")}>
      <dl className="grid gap-2">
        {shortcuts().map(([what, keys]) => (
          <div key={what} className="flex items-center justify-between gap-4 text-sm">
            <dt className="text-text-2">{what}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
