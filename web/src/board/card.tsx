// One card: what matters about a task, at a glance.

import { draggable } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { memo, useEffect, useRef, useState } from "react";
import type { MouseEvent, ReactNode } from "react";
import type { Card as CardData, Severity, Worker } from "../api/types.ts";
import { Badge, Menu } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { AlertIcon, ChildrenIcon, ClipIcon, ClockIcon, CommentIcon, LinkIcon, MoreIcon, PauseIcon, StatusIcon, UserIcon } from "../design/icons.tsx";
import { plainWords } from "../design/plain.ts";
import { ago, compact, dollars, full, ms, short, span, useNow } from "../design/time.ts";
import { STATUSES, blockName, severityName, statusName } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import { move } from "../shell/moves.ts";
import { useOpenTask } from "../shell/places.ts";
import { openDialog, select, selected as chosen, useFailed } from "../shell/store.ts";
import { touchable } from "./drag.ts";
import type { Target } from "./drag.ts";
import { age, moveTo } from "./model.ts";

let anchor: string | null = null;

/** Selects as a person expects: one, with Shift all between. */
function choose(id: string, column: CardData[], range: boolean): void {
  const next = new Set(chosen());
  const from = column.findIndex((card) => card.id === anchor);
  const to = column.findIndex((card) => card.id === id);
  if (range && from !== -1 && to !== -1) {
    for (const card of column.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(card.id);
  } else if (!next.delete(id)) {
    next.add(id);
  }
  anchor = id;
  select(next);
}

export const Card = memo(function Card({
  board,
  card,
  index,
  column,
  worker,
  severity,
  selected,
  selecting,
  focusable,
  onActive,
  onDrop,
}: {
  board: string;
  card: CardData;
  index: number;
  column: CardData[];
  worker: Worker | undefined;
  severity: Severity | undefined;
  selected: boolean;
  selecting: boolean;
  focusable: boolean;
  onActive: (id: string) => void;
  onDrop: (id: string, to: Target) => void;
}) {
  useLanguage();
  const box = useRef<HTMLElement>(null);
  const openTask = useOpenTask();
  const [dragging, setDragging] = useState(false);
  const failed = useFailed().get(card.id);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const mouse = draggable({
      element,
      getInitialData: () => ({ id: card.id, status: card.status }),
      onDragStart: () => setDragging(true),
      onDrop: () => setDragging(false),
    });
    const finger = touchable(element, card.id, card.status, onDrop);
    return () => {
      mouse();
      finger();
    };
  }, [card.id, card.status, onDrop]);
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) {
      event.preventDefault();
      choose(card.id, column, event.shiftKey);
      return;
    }
    openTask(card.id);
  };
  return (
    <article
      ref={box}
      data-card={card.id}
      data-index={index}
      className={cx(
        "group/card relative [-webkit-touch-callout:none] rounded-lg pointer-coarse:select-none border bg-raised px-3 pt-2 pb-2.5 shadow-card transition-[border-color,opacity,background] duration-100 hover:border-line-strong",
        selected ? "border-accent-text bg-accent-soft" : failed ? "border-red" : "border-line",
        dragging && "opacity-40",
      )}
    >
      <div className="flex h-5 items-center gap-1 text-2xs text-text-3">
        <span className="mr-0.5 shrink-0 font-mono">{card.id}</span>
        {card.priority !== 0 && (
          <Badge tone={card.priority >= 10 ? "red" : card.priority > 0 ? "amber" : "grey"} title={t("card.priority", { n: card.priority })} className="shrink-0 px-1!">
            P{Math.abs(card.priority) < 1000 ? card.priority : compact(card.priority)}
          </Badge>
        )}
        {severity && (
          <span title={t("card.finding", { severity: severityName(severity) })} className={severity === "warning" ? "text-amber" : "text-red"}>
            <AlertIcon size={13} />
            <span className="sr-only">{t("card.finding", { severity: severityName(severity) })}</span>
          </span>
        )}
        {card.tenant && (
          <Badge className="min-w-0 max-w-24 px-1!" title={card.tenant}>
            <span className="min-w-0 truncate">{card.tenant}</span>
          </Badge>
        )}
        {card.held && card.status === "todo" && (
          // Where there is no room for the word, it falls below the edge as a whole, and the sign stays.
          <span title={t("card.heldAbout")} className="inline-flex h-[18px] min-w-[18px] shrink-[99] flex-wrap content-start items-center justify-center overflow-hidden rounded bg-purple-soft px-1 leading-[18px] font-medium text-purple">
            <span className="flex h-[18px] items-center">
              <PauseIcon size={8} />
            </span>
            <span className="pl-1">{t("card.held")}</span>
          </span>
        )}
        <Age card={card} />
      </div>
      <button
        type="button"
        data-open
        dir="auto"
        tabIndex={focusable ? 0 : -1}
        onClick={open}
        onFocus={() => onActive(card.id)}
        className="mt-1 line-clamp-3 w-full text-start text-sm leading-snug font-medium [overflow-wrap:anywhere] outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-offset-1 focus-visible:after:outline-accent-text"
      >
        {card.title}
      </button>
      <State card={card} worker={worker} />
      {failed && (
        <p className="mt-1.5 flex gap-1.5 text-xs text-red">
          <AlertIcon size={13} className="mt-px shrink-0" /> {failed}
        </p>
      )}
      <div className="mt-2 flex h-5 items-center gap-2.5 text-2xs text-text-3">
        <Assignee card={card} />
        <span className="ml-auto flex items-center gap-2.5">
          {card.open_parents > 0 && (
            <Fact label={t("card.parents", { n: card.open_parents, all: card.parents })}>
              <LinkIcon size={12} /> {card.open_parents}
            </Fact>
          )}
          {card.children > 0 && <Progress done={card.children_done} all={card.children} />}
          {card.comments > 0 && (
            <Fact label={t("card.comments", { n: card.comments })}>
              <CommentIcon size={12} /> {card.comments}
            </Fact>
          )}
          {card.attachments > 0 && (
            <Fact label={t("card.attachments", { n: card.attachments })}>
              <ClipIcon size={12} /> {card.attachments}
            </Fact>
          )}
          {card.cost_usd !== null && card.cost_usd > 0 && <Fact label={t("any.cost")}>{dollars(card.cost_usd)}</Fact>}
        </span>
      </div>
      <div
        className={cx(
          "absolute top-1.5 right-1.5 flex items-center gap-0.5 rounded-md bg-raised pl-1 transition-opacity focus-within:opacity-100 group-hover/card:opacity-100 pointer-coarse:opacity-100",
          selecting || selected ? "opacity-100" : "opacity-0",
          selected && "bg-accent-soft",
        )}
      >
        <input
          type="checkbox"
          tabIndex={-1}
          data-select
          aria-label={t("card.select", { title: card.title })}
          checked={selected}
          onChange={() => undefined}
          onClick={(event) => choose(card.id, column, event.shiftKey)}
          className="m-1.5 size-3.5 cursor-pointer accent-(--accent)"
        />
        <CardMenu board={board} card={card} focusable={focusable} />
      </div>
    </article>
  );
});

function CardMenu({ board, card, focusable }: { board: string; card: CardData; focusable: boolean }) {
  const [open, setOpen] = useState(false);
  const targets = STATUSES.filter((to) => to !== card.status && moveTo(card.status, to).kind !== "refuse");
  const trigger = (
    <button
      type="button"
      data-move
      tabIndex={focusable ? 0 : -1}
      aria-label={t("card.menu", { title: card.title })}
      className="inline-flex size-6 items-center justify-center rounded text-text-3 hover:bg-hover hover:text-text"
    >
      <MoreIcon size={14} />
    </button>
  );
  // The items are made only for a menu that is open: there may be hundreds of cards in sight.
  const items = open
    ? [
        ...targets.map((to) => ({
          label: t("move.to", { status: statusName(to) }),
          icon: <StatusIcon status={to} />,
          onSelect: () => move(board, [card.id], to),
        })),
        null,
        ...(card.status === "running"
          ? [{ label: t("do.stopMore"), danger: true, onSelect: () => openDialog({ kind: "stop", ids: [card.id] }) }]
          : []),
        { label: t("do.assignMore"), onSelect: () => openDialog({ kind: "reassign", ids: [card.id] }) },
        { label: t("do.newChild"), onSelect: () => openDialog({ kind: "new-task", parent: card.id }) },
        { label: t("do.archiveMore"), onSelect: () => openDialog({ kind: "archive", ids: [card.id] }) },
        { label: t("do.deleteMore"), danger: true, onSelect: () => openDialog({ kind: "delete", ids: [card.id] }) },
      ]
    : [];
  return <Menu trigger={trigger} items={items} open={open} onOpenChange={setOpen} label={card.id} />;
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <span title={label} className="inline-flex items-center gap-1">
      <span className="sr-only">{label}</span>
      <span aria-hidden="true" className="inline-flex items-center gap-1">
        {children}
      </span>
    </span>
  );
}

function Age({ card }: { card: CardData }) {
  const now = useNow(card.status === "running" ? 1000 : 15_000);
  const { since, worry } = age(card, now);
  const color = worry === "red" ? "text-red" : worry === "amber" ? "text-amber" : "";
  return (
    <time dateTime={new Date(since).toISOString()} title={full(new Date(since).toISOString())} className={cx("ml-auto shrink-0 whitespace-nowrap", color)}>
      {short(now - since)}
    </time>
  );
}

function hue(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return sum;
}

export function Avatar({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <span
      aria-hidden="true"
      className="inline-flex shrink-0 items-center justify-center rounded font-semibold text-white"
      style={{ width: size, height: size, fontSize: size * 0.56, background: `oklch(0.48 0.13 ${hue(name)})` }}
    >
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}

function Assignee({ card }: { card: CardData }) {
  const who = card.status === "review" || card.phase === "review" ? (card.reviewer ?? t("card.aPerson")) : card.assignee;
  if (card.status === "review") {
    return (
      <span className="flex min-w-0 items-center gap-1.5">
        {card.reviewer ? <Avatar name={card.reviewer} /> : <UserIcon size={14} />}
        <span className="truncate">{t("card.reviewedBy", { who: who ?? "" })}</span>
      </span>
    );
  }
  if (!who) {
    return card.status === "ready" ? <Badge tone="amber">{t("card.needs")}</Badge> : <span>{t("any.nobody")}</span>;
  }
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Avatar name={who} />
      <span className="truncate">{who}</span>
    </span>
  );
}

function Progress({ done, all }: { done: number; all: number }) {
  const around = 2 * Math.PI * 5;
  return (
    <Fact label={t("card.children", { done, all })}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" className="-rotate-90">
        <circle cx="7" cy="7" r="5" fill="none" stroke="var(--line-strong)" strokeWidth="2" />
        <circle cx="7" cy="7" r="5" fill="none" stroke="var(--green)" strokeWidth="2" strokeDasharray={`${(around * done) / all} ${around}`} />
      </svg>
      {done}/{all}
      <ChildrenIcon size={11} className="hidden" />
    </Fact>
  );
}

/** What is going on with it right now. */
function State({ card, worker }: { card: CardData; worker: Worker | undefined }) {
  switch (card.status) {
    case "running":
      return <Pulse card={card} worker={worker} />;
    case "blocked":
      return (
        <p className="mt-2 rounded-md bg-red-soft px-2 py-1.5 text-xs leading-snug text-text">
          <span className="font-medium text-red">{blockName(card.block_kind)}</span>
          {card.block_reason && (
            <span className="mt-0.5 block">
              <span dir="auto" className="line-clamp-3 [overflow-wrap:anywhere]">
                {plainWords(card.block_reason)}
              </span>
            </span>
          )}
        </p>
      );
    case "ready":
    case "todo":
    case "review":
      return (
        <>
          <Countdown at={card.eligible_at} label={card.eligible_reason ?? t("card.waits")} />
          {card.status === "ready" && card.last_failure_error && card.consecutive_failures > 0 && (
            <p className="mt-1.5 line-clamp-2 text-xs text-text-3 [overflow-wrap:anywhere]">
              {t("card.failed", { n: card.consecutive_failures, error: card.last_failure_error })}
            </p>
          )}
          {card.status === "review" && card.latest_summary && (
            <p className="mt-1.5 line-clamp-2 text-xs text-text-2 [overflow-wrap:anywhere]">{plainWords(card.latest_summary)}</p>
          )}
        </>
      );
    case "scheduled":
      return card.scheduled_at ? (
        <Countdown at={card.scheduled_at} label={t("card.starts")} />
      ) : (
        <p className="mt-1.5 text-xs text-text-2">{t("card.parked")}</p>
      );
    case "done":
      return card.latest_summary ? <p className="mt-1.5 line-clamp-2 text-xs text-text-2 [overflow-wrap:anywhere]">{plainWords(card.latest_summary)}</p> : null;
    case "triage":
    case "archived":
      return null;
  }
}

function Countdown({ at, label }: { at: string | null; label: string }) {
  const now = useNow();
  const then = ms(at);
  if (then === null || then <= now) return null;
  return (
    <p className="mt-2 flex items-center gap-1.5 text-xs text-amber" title={`${label}, ${full(at)}`}>
      <ClockIcon size={12} className="shrink-0" />
      <span className="truncate">{label}</span>
      <span className="ml-auto shrink-0 font-medium tabular-nums">{t("card.in", { span: span(then - now) })}</span>
    </p>
  );
}

function Pulse({ card, worker }: { card: CardData; worker: Worker | undefined }) {
  const now = useNow(5000);
  const seen = worker?.lease?.progress_at ?? card.progress_at ?? card.run_started_at;
  const line = worker?.last_line || worker?.lease?.progress_note || card.progress_note;
  const silent = now - (ms(seen) ?? now) > 600_000;
  return (
    <div className="mt-2 flex items-center gap-2 rounded-md bg-canvas px-2 py-1.5 text-xs text-text-2">
      <span className={cx("size-2 shrink-0 rounded-full", silent ? "bg-amber" : "animate-beat bg-green")} />
      <span className="min-w-0 flex-1 truncate font-mono text-2xs" title={line ?? undefined}>
        {line || t("card.working")}
      </span>
      {silent && <span className="shrink-0 text-amber">{t("card.silent", { ago: ago(seen, now) })}</span>}
    </div>
  );
}
