// One task, whole: what it is, why it does not run, what was said and done, and what its worker writes.

import { useNavigate } from "@tanstack/react-router";
import { Dialog as RadixDialog, Tabs } from "radix-ui";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import { asProblem } from "../api/client.ts";
import { useTask } from "../api/queries.ts";
import type { Shown, Task } from "../api/types.ts";
import { Button, Empty, IconButton, Menu, ProblemNote } from "../design/controls.tsx";
import type { MenuItem } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { AlertIcon, CheckIcon, ChevronIcon, ChildrenIcon, CloseIcon, CopyIcon, GraphIcon, MoreIcon, PlayIcon, PlusIcon, StatusIcon, StopIcon } from "../design/icons.tsx";
import { STATUSES, outcome, statusName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { act, move } from "../shell/moves.ts";
import { Cord } from "../shell/cord.tsx";
import { useHere } from "../shell/places.ts";
import { openDialog, toast, useLogWish, wishLog } from "../shell/store.ts";
import { moveTo } from "../board/model.ts";
import { Answer } from "../attention/answer.tsx";
import { Attachments } from "./attachments.tsx";
import { Comments, Events } from "./comments.tsx";
import { Body, Properties, Title, Words } from "./edit.tsx";
import { Links } from "./links.tsx";
import { LogView } from "./log.tsx";
import { PlanWithModel } from "./planning.tsx";
import { Runs } from "./runs.tsx";
import { Subscriptions } from "./subscriptions.tsx";
import { Diagnostics, Why } from "./way-out.tsx";

const Changes = lazy(() => import("./diff.tsx"));

export default function Drawer({ board, id }: { board: string; id: string }) {
  const here = useHere();
  const shown = useTask(board, id);
  const box = useRef<HTMLDivElement>(null);
  const close = () =>
    void here(({ task: _gone, ...rest }) => rest).then(() => (document.querySelector<HTMLElement>(`[data-card="${id}"] [data-open]`) ?? document.getElementById("main"))?.focus());
  return (
    <RadixDialog.Root open modal={false} onOpenChange={(open) => !open && close()}>
      <RadixDialog.Portal>
        <RadixDialog.Content
          ref={box}
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            box.current?.focus();
          }}
          onInteractOutside={(event) => event.preventDefault()}
          onEscapeKeyDown={(event) => {
            // In a field, Escape leaves the field, which knows what becomes of its words; the next one closes the drawer.
            const field = (event.target as HTMLElement).closest<HTMLElement>("input:not([type=checkbox]), textarea, select");
            if (!field || !box.current?.contains(field)) return;
            event.preventDefault();
            setTimeout(() => {
              if (document.activeElement === field || document.activeElement === document.body) box.current?.focus();
            });
          }}
          tabIndex={-1}
          data-drawer
          // Below the bands: a pulled cord and a lost connection are seen over everything.
          className="fixed inset-x-0 top-(--bands) bottom-0 z-40 flex animate-drawer flex-col border-line-strong bg-panel shadow-float outline-none md:top-[calc(var(--bands)+0.5rem)] md:right-2 md:bottom-2 md:left-auto md:w-[min(46rem,calc(100vw-5rem))] md:rounded-xl md:border"
        >
          {shown.data ? (
            <Whole board={board} shown={shown.data.data} etag={shown.data.etag} close={close} />
          ) : (
            <>
              <RadixDialog.Title className="sr-only">{t("drawer.task", { id })}</RadixDialog.Title>
              <div className="flex justify-end p-2">
                <IconButton label={t("do.close")} onClick={close}>
                  <CloseIcon />
                </IconButton>
              </div>
              {shown.error ? (
                <div className="p-6">
                  <Empty icon={<AlertIcon size={20} />} title={t("broken.task")} />
                  <ProblemNote problem={asProblem(shown.error)} retry={() => void shown.refetch()} />
                </div>
              ) : (
                <div role="status" aria-label={t("any.loading")} className="grid gap-3 p-5">
                  <div className="skeleton h-6 w-2/3" />
                  <div className="skeleton h-24" />
                  <div className="skeleton h-40" />
                </div>
              )}
            </>
          )}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

const TAB =
  "relative h-9 px-1 text-sm text-text-2 outline-none hover:text-text data-[state=active]:font-medium data-[state=active]:text-text data-[state=active]:after:absolute data-[state=active]:after:inset-x-0 data-[state=active]:after:-bottom-px data-[state=active]:after:h-0.5 data-[state=active]:after:bg-(--accent-text) focus-visible:ring-2 focus-visible:ring-accent-text rounded-sm";

function Whole({ board, shown, etag, close }: { board: string; shown: Shown; etag: string | null; close: () => void }) {
  const { task } = shown;
  const [tab, setTab] = useState("overview");
  const [run, setRun] = useState<string | null>(null);
  const runs = [...shown.runs].sort((a, b) => b.attempt - a.attempt);
  const finished = task.status === "done";
  const logged = runs.find((each) => each.id === run) ?? runs[0];
  const showLog = (which: string) => {
    setRun(which);
    setTab("log");
  };
  useEffect(() => {
    if (tab === "log" && !logged) setTab("overview");
  }, [tab, logged]);
  const wished = useLogWish() === task.id && logged !== undefined;
  useEffect(() => {
    if (!wished) return;
    wishLog(null);
    setRun(null);
    setTab("log");
  }, [wished]);
  // What the box above says already is not said twice.
  const boxed = task.status === "blocked" && task.block_reason !== null;
  const reasons = boxed ? (shown.why.length > 1 ? shown.why.filter((each) => each.code !== "blocked") : []) : shown.why;
  return (
    <>
      <header className="grid shrink-0 grid-cols-1 gap-2 border-b border-line px-4 pt-3 md:px-5">
        <div className="flex items-center gap-2">
          <StatusMenu board={board} task={task} />
          <button
            type="button"
            className="rounded px-1 font-mono text-xs text-text-3 hover:bg-hover hover:text-text"
            onClick={() => void navigator.clipboard?.writeText(task.id).then(() => toast({ tone: "ok", text: t("done.copied", { what: task.id }) }))}
          >
            {task.id} <CopyIcon size={11} className="inline align-[-1px]" />
            <span className="sr-only">{t("drawer.copyId")}</span>
          </button>
          <span className="ml-auto flex items-center gap-1">
            <Cord board={board} small />
            <More board={board} task={task} />
            <IconButton label={t("do.closeEsc")} onClick={close}>
              <CloseIcon />
            </IconButton>
          </span>
        </div>
        <RadixDialog.Title asChild>
          <div>
            <Title board={board} task={task} etag={etag} />
          </div>
        </RadixDialog.Title>
        <Actions board={board} task={task} showLog={logged ? () => showLog(logged.id) : null} />
        <Tabs.Root value={tab} onValueChange={setTab}>
          <Tabs.List aria-label={t("drawer.parts")} className="-mb-px flex gap-5">
            <Tabs.Trigger value="overview" className={TAB} aria-controls="task-overview" id="tab-overview">
              {t("drawer.overview")}
            </Tabs.Trigger>
            <Tabs.Trigger value="runs" className={TAB} aria-controls="task-runs" id="tab-runs">
              {t("drawer.runs")} {runs.length > 0 && <span className="text-text-3">{runs.length}</span>}
            </Tabs.Trigger>
            {task.workspace_kind === "worktree" && (
              <Tabs.Trigger value="changes" className={TAB} aria-controls="task-changes" id="tab-changes">
                {t("drawer.changes")}
              </Tabs.Trigger>
            )}
            <Tabs.Trigger value="log" className={TAB} disabled={!logged} aria-controls="task-log" id="tab-log">
              <span className={cx(!logged && "opacity-50")}>{task.status === "running" ? t("drawer.liveLog") : t("drawer.log")}</span>
            </Tabs.Trigger>
          </Tabs.List>
        </Tabs.Root>
      </header>
      {tab === "overview" && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <div id="task-overview" role="tabpanel" aria-labelledby="tab-overview" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-4 outline-none md:px-5">
          <div className="grid grid-cols-1 gap-6">
            {task.status === "blocked" && task.block_reason && <Blocked board={board} task={task} />}
            <Why board={board} task={task} reasons={reasons} />
            {shown.diagnostics.length > 0 && <Diagnostics board={board} id={task.id} found={shown.diagnostics} />}
            <Properties board={board} task={task} etag={etag} />
            <Body board={board} task={task} etag={etag} />
            {shown.latest_summary && shown.latest_summary !== task.result && (
              <Words
                of={{ board, task, etag }}
                field="summary"
                title={t("drawer.summary")}
                text={shown.latest_summary}
                editable={finished}
                className="rounded-lg border border-line bg-raised px-3.5 py-3"
              />
            )}
            {task.result && (
              <Words
                of={{ board, task, etag }}
                field="result"
                title={t("drawer.result")}
                text={task.result}
                // A result alone would be taken for the summary too.
                keep={shown.latest_summary && shown.latest_summary !== task.result ? { summary: shown.latest_summary } : {}}
                editable={finished}
                className="rounded-lg border border-green/35 bg-green-soft px-3.5 py-3"
              />
            )}
            <Links board={board} shown={shown} />
            <Attachments board={board} id={task.id} attachments={shown.attachments} />
            <Subscriptions board={board} id={task.id} />
            <Comments board={board} id={task.id} comments={shown.comments} />
            <Events events={shown.events} />
          </div>
        </div>
      )}
      {tab === "runs" && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <div id="task-runs" role="tabpanel" aria-labelledby="tab-runs" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-4 outline-none md:px-5">
          <Runs board={board} runs={runs} showLog={showLog} />
        </div>
      )}
      {tab === "changes" && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <div id="task-changes" role="tabpanel" aria-labelledby="tab-changes" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-4 outline-none md:px-5">
          <Suspense fallback={<div className="skeleton h-64" />}>
            <Changes board={board} task={task} />
          </Suspense>
        </div>
      )}
      {tab === "log" && logged && (
        <div id="task-log" role="tabpanel" aria-labelledby="tab-log" className="flex min-h-0 flex-1 flex-col gap-2 p-3">
          {runs.length > 1 && (
            <label className="flex items-center gap-2 text-xs text-text-2">
              {t("drawer.run")}
              <select value={logged.id} onChange={(event) => setRun(event.target.value)} className="h-7 rounded-md border border-line-strong bg-raised px-2">
                {runs.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.attempt}, {each.profile ?? t("any.byHand")}, {each.outcome ? outcome(each.outcome).name : t("any.running")}
                  </option>
                ))}
              </select>
            </label>
          )}
          <div className="min-h-0 flex-1">
            <LogView key={logged.id} board={board} run={logged} tall />
          </div>
        </div>
      )}
    </>
  );
}

function StatusMenu({ board, task }: { board: string; task: Task }) {
  const targets = STATUSES.filter((to) => to !== task.status && moveTo(task.status, to).kind !== "refuse");
  return (
    <Menu
      align="start"
      label={t("move.menu")}
      trigger={
        <button type="button" aria-label={t("drawer.status", { status: statusName(task.status) })} className="inline-flex h-7 items-center gap-1.5 rounded-md border border-line-strong bg-raised px-2 text-xs font-medium hover:bg-hover">
          <StatusIcon status={task.status} />
          {task.held && task.status === "todo" ? t("drawer.heldStatus", { status: statusName(task.status) }) : statusName(task.status)}
          <ChevronIcon size={12} className="text-text-3" />
        </button>
      }
      items={targets.map((to) => ({
        label: statusName(to),
        icon: <StatusIcon status={to} />,
        onSelect: () => move(board, [task.id], to, task),
      }))}
    />
  );
}

function Actions({ board, task, showLog }: { board: string; task: Task; showLog: (() => void) | null }) {
  const ids = [task.id];
  const does = (action: Parameters<typeof act>[2], done: string) => () => void act(board, ids, action, done);
  const what = task.id;
  switch (task.status) {
    case "running":
      return (
        <Row>
          {showLog && (
            <Button tone="primary" onClick={showLog}>
              {t("drawer.watch")}
            </Button>
          )}
          <Button tone="danger" onClick={() => openDialog({ kind: "stop", ids })}>
            <StopIcon size={12} /> {t("do.stop")}
          </Button>
          <Button onClick={() => move(board, [task.id], "ready", task)}>{t("do.reclaim")}</Button>
        </Row>
      );
    case "review":
      return (
        <Row>
          <Button tone="go" onClick={does({ verb: "approve" }, t("done.approved", { what }))}>
            <CheckIcon size={13} /> {t("do.approve")}
          </Button>
          <Button onClick={() => openDialog({ kind: "request-changes", ids })}>{t("do.requestChanges")}</Button>
        </Row>
      );
    case "blocked":
      return (
        <Row>
          {!task.block_reason && (
            <Button tone="primary" onClick={does({ verb: "unblock" }, t("done.unblocked", { what }))}>
              <PlayIcon size={11} /> {t("do.unblock")}
            </Button>
          )}
          <Button onClick={() => openDialog({ kind: "complete", ids })}>{t("do.complete")}</Button>
          <Button onClick={() => openDialog({ kind: "reassign", ids })}>{t("do.assign")}</Button>
        </Row>
      );
    case "triage":
      return (
        <Row>
          <Button tone="primary" onClick={() => move(board, ids, "ready", task)}>
            <PlayIcon size={11} /> {t("do.takeUp")}
          </Button>
          <Button onClick={() => move(board, ids, "todo", task)}>{t("drawer.todoHeld")}</Button>
          <Button onClick={() => openDialog({ kind: "decompose", id: task.id, title: task.title })}>
            <ChildrenIcon size={13} /> {t("do.split")}
          </Button>
          <PlanWithModel board={board} id={task.id} />
        </Row>
      );
    case "scheduled":
      return (
        <Row>
          <Button tone="primary" onClick={does({ verb: "promote" }, t("done.promoted", { what }))}>
            <PlayIcon size={11} /> {t("do.promote")}
          </Button>
          <Button onClick={() => openDialog({ kind: "schedule", ids })}>{t("drawer.anotherTime")}</Button>
        </Row>
      );
    case "todo":
      return (
        <Row>
          <Button tone="primary" onClick={does({ verb: "promote" }, t("done.promoted", { what }))}>
            <PlayIcon size={11} /> {t("do.promote")}
          </Button>
          <Button onClick={() => openDialog({ kind: "schedule", ids })}>{t("do.schedule")}</Button>
          <Button onClick={() => openDialog({ kind: "complete", ids })}>{t("do.complete")}</Button>
        </Row>
      );
    case "ready":
      return (
        <Row>
          <Button onClick={() => openDialog({ kind: "complete", ids })}>{t("do.complete")}</Button>
          <Button onClick={does({ verb: "hold" }, t("done.held", { what }))}>{t("do.hold")}</Button>
          <Button onClick={() => openDialog({ kind: "block", ids })}>{t("do.block")}</Button>
        </Row>
      );
    case "done":
    case "archived":
      return (
        <Row>
          <Button onClick={does({ verb: "reopen" }, t("done.reopened", { what }))}>{t("do.reopen")}</Button>
        </Row>
      );
  }
}

function Row({ children }: { children: React.ReactNode }) {
  return <div className="flex flex-wrap gap-2">{children}</div>;
}

function More({ board, task }: { board: string; task: Task }) {
  const navigate = useNavigate({ from: "/b/$board" });
  const ids = [task.id];
  const items: (MenuItem | null)[] = [
    { label: t("do.newChild"), icon: <PlusIcon />, onSelect: () => openDialog({ kind: "new-task", parent: task.id }) },
    {
      label: t("drawer.inGraph"),
      icon: <GraphIcon />,
      onSelect: () => void navigate({ to: "/b/$board/graph", params: { board }, search: { around: task.id } }),
    },
    { label: t("do.assignMore"), onSelect: () => openDialog({ kind: "reassign", ids }) },
    { label: t("do.scheduleMore"), onSelect: () => openDialog({ kind: "schedule", ids }) },
    { label: t("do.blockMore"), onSelect: () => openDialog({ kind: "block", ids }) },
    { label: t("do.resetFailures"), onSelect: () => void act(board, ids, { verb: "reset-failures" }, t("done.reset", { what: task.id })) },
    null,
    { label: t("do.archiveMore"), onSelect: () => openDialog({ kind: "archive", ids }) },
    { label: t("do.deleteMore"), danger: true, onSelect: () => openDialog({ kind: "delete", ids }) },
  ];
  return (
    <Menu
      trigger={
        <button type="button" aria-label={t("drawer.moreActions")} className="inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
          <MoreIcon />
        </button>
      }
      items={items}
    />
  );
}

function Blocked({ board, task }: { board: string; task: Task }) {
  return <Answer board={board} id={task.id} kind={task.block_kind} reason={task.block_reason ?? ""} />;
}

