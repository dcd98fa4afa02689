// The dialogs that ask before something is lost, or for the words that a move needs.

import { Suspense, lazy, useState } from "react";
import type { FormEvent } from "react";
import { useHead, useProfiles } from "../api/queries.ts";
import { Button, Check, Dialog, Field, Input, Kbd, Select, TextArea } from "../design/controls.tsx";
import { act } from "./moves.ts";
import { EditBoard, NewBoard } from "./new-board.tsx";
import { NewTask } from "./new-task.tsx";
import { Palette } from "./palette.tsx";
import { CordDialog } from "./cord.tsx";
import type { OpenDialog } from "./store.ts";
import { closeDialog, select, useDialog } from "./store.ts";

const Decompose = lazy(() => import("../task/decompose.tsx"));

const many = (ids: string[]) => (ids.length === 1 ? (ids[0] ?? "") : `${ids.length} tasks`);

export function Dialogs({ board }: { board: string }) {
  const open = useDialog();
  if (!open) return null;
  switch (open.kind) {
    case "new-task":
      return <NewTask board={board} {...(open.status ? { status: open.status } : {})} {...(open.parent ? { parent: open.parent } : {})} {...(open.title ? { start: open.title } : {})} />;
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
      return <Palette board={board} />;
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
        Cancel
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
  const [text, setText] = useState("");
  const [choice, setChoice] = useState(open.kind === "block" ? "operator" : "");
  const [when, setWhen] = useState(inAnHour);
  const [flag, setFlag] = useState(false);
  const profiles = useProfiles();
  const head = useHead(board);
  const words = text.trim();
  const go = (event: FormEvent) => {
    event.preventDefault();
    closeDialog();
    void perform().then((done) => done && select(new Set()));
  };
  const perform = async (): Promise<boolean> => {
    switch (open.kind) {
      case "block":
        return act(board, ids, { verb: "block", reason: words, kind: choice }, `Blocked ${many(ids)}`);
      case "complete":
        return act(board, ids, { verb: "complete", summary: words, result: words }, `Completed ${many(ids)}`);
      case "schedule": {
        const at = flag ? null : new Date(when).toISOString();
        return act(board, ids, { verb: "schedule", at, reason: words || (flag ? "parked" : "put off") }, flag ? `Parked ${many(ids)}` : `Scheduled ${many(ids)}`);
      }
      case "archive":
        return act(board, ids, choice ? { verb: "archive", release: choice === "release" } : { verb: "archive" }, `Archived ${many(ids)}`);
      case "delete":
        return act(board, ids, choice ? { verb: "delete", release: choice === "release" } : { verb: "delete" }, `Deleted ${many(ids)}`);
      case "request-changes":
        return act(board, ids, { verb: "request-changes", reason: words }, `Asked for changes: ${many(ids)}`);
      case "stop":
        return act(board, ids, words ? { verb: "stop", reason: words } : { verb: "stop" }, `Stopped ${many(ids)}`);
      case "reassign": {
        const assignee = choice || null;
        return act(board, ids, flag ? { verb: "assign", assignee, reclaim: "reassigned from the dashboard" } : { verb: "assign", assignee }, `Gave ${many(ids)} to ${choice || "nobody"}`);
      }
    }
  };
  const names = profiles.data?.profiles.map((profile) => profile.name) ?? [];
  const children = (
    <Field label="Children that wait for it" hint="Only asked of a task that is not finished and that others wait for.">
      {(id) => (
        <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
          <option value="">Refuse if there are any</option>
          <option value="release">Release them: they no longer wait</option>
          <option value="hold">Keep them waiting</option>
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
        <Dialog open onClose={closeDialog} title={`Block ${many(ids)}`} description="It stays stopped until somebody unblocks it. A running worker is stopped with everything it started.">
          <form onSubmit={go} className="grid gap-3">
            {area("Reason", "What has to happen before it can go on?")}
            <Field label="Kind">
              {(id) => (
                <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
                  <option value="operator">Stopped by me</option>
                  <option value="needs_input">Needs an answer</option>
                  <option value="capability">Lacks a right, a tool or a login</option>
                  <option value="transient">An outside failure that will pass</option>
                </Select>
              )}
            </Field>
            <Foot label="Block" danger disabled={!words} />
          </form>
        </Dialog>
      );
    case "complete":
      return (
        <Dialog open onClose={closeDialog} title={`Complete ${many(ids)}`} description="What waits for it may start. A running worker is stopped.">
          <form onSubmit={go} className="grid gap-3">
            {area("Summary", "What was done?", "Children and reviewers read this.")}
            <Foot label="Complete" disabled={!words} />
          </form>
        </Dialog>
      );
    case "schedule":
      return (
        <Dialog open onClose={closeDialog} title={`Schedule ${many(ids)}`}>
          <form onSubmit={go} className="grid gap-3">
            <Field label="Not before">
              {(id) => <Input id={id} type="datetime-local" value={when} disabled={flag} onChange={(event) => setWhen(event.target.value)} />}
            </Field>
            <Check label="Park it: no time, until somebody lets it go on" checked={flag} onChange={(event) => setFlag(event.target.checked)} />
            {area("Reason", "Why later? (may be empty)")}
            <Foot label={flag ? "Park" : "Schedule"} disabled={!flag && !when} />
          </form>
        </Dialog>
      );
    case "archive":
      return (
        <Dialog open onClose={closeDialog} title={`Archive ${many(ids)}`} description="It is put away; nothing of it is lost.">
          <form onSubmit={go} className="grid gap-3">
            {children}
            <Foot label="Archive" danger />
          </form>
        </Dialog>
      );
    case "delete":
      return (
        <Dialog open onClose={closeDialog} title={`Delete ${many(ids)}`} description="With all runs, comments, attachments, logs and its workspace. This cannot be taken back.">
          <form onSubmit={go} className="grid gap-3">
            {children}
            <Foot label="Delete for good" danger />
          </form>
        </Dialog>
      );
    case "request-changes":
      return (
        <Dialog open onClose={closeDialog} title={`Request changes: ${many(ids)}`} description="It goes back to the one who did it, with these words.">
          <form onSubmit={go} className="grid gap-3">
            {area("What to change", "Be precise: a worker reads this first.")}
            <Foot label="Request changes" disabled={!words} />
          </form>
        </Dialog>
      );
    case "stop":
      return (
        <Dialog open onClose={closeDialog} title={`Stop ${many(ids)}`} description="The worker and everything that it started are stopped. The task stays blocked until you unblock it.">
          <form onSubmit={go} className="grid gap-3">
            {area("Reason", "Why? (may be empty)")}
            <Foot label="Stop" danger />
          </form>
        </Dialog>
      );
    case "reassign":
      return (
        <Dialog open onClose={closeDialog} title={`Assign ${many(ids)}`}>
          <form onSubmit={go} className="grid gap-3">
            <Field label="To">
              {(id) => (
                <Select id={id} value={choice} onChange={(event) => setChoice(event.target.value)}>
                  <option value="">Nobody</option>
                  {[...new Set([...names, ...(head.data?.assignees ?? []).flatMap((each) => each.name ?? [])])].map((name) => (
                    <option key={name}>{name}</option>
                  ))}
                </Select>
              )}
            </Field>
            <Check label="Take it back from its worker first, if it runs" checked={flag} onChange={(event) => setFlag(event.target.checked)} />
            <Foot label="Assign" />
          </form>
        </Dialog>
      );
  }
}

const SHORTCUTS: [string, string[]][] = [
  ["Command palette", ["⌘", "K"]],
  ["New task", ["C"]],
  ["Search", ["/"]],
  ["Pull or let go the cord", ["P"]],
  ["Board · Attention · Graph · Fleet", ["1", "2", "3", "4"]],
  ["Move between cards", ["←", "↑", "↓", "→"]],
  ["Open the card", ["↵"]],
  ["Move the card to…", ["M"]],
  ["Move the card a column left or right", ["⌥", "←", "→"]],
  ["Select the card, or everything loaded", ["X", "⌘A"]],
  ["Close, or clear the selection", ["Esc"]],
  ["This list", ["?"]],
];

function Shortcuts() {
  return (
    <Dialog open onClose={closeDialog} title="Shortcuts">
      <dl className="grid gap-2">
        {SHORTCUTS.map(([what, keys]) => (
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
