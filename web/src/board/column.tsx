// One column: only the cards in sight are in the document, however many there are.

import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { Filter } from "../api/actions.ts";
import { FAR_PAGE, NEXT_PAGE, loadMore } from "../api/queries.ts";
import type { Card as CardData, Column as ColumnData, Severity, Worker } from "../api/types.ts";
import { IconButton, Tip } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { PlusIcon, StatusIcon } from "../design/icons.tsx";
import { count } from "../design/time.ts";
import { statusHelp, statusName } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import { fold, select, useFolded, useSelection } from "../shell/store.ts";
import { Card } from "./card.tsx";
import { useLook } from "./drag.ts";
import type { Target } from "./drag.ts";
import { InlineCreate } from "./inline.tsx";

/** A lane without a name is nobody's. */
type Row = { kind: "card"; card: CardData; index: number } | { kind: "lane"; name: string; tasks: number };

/** How close to the end of what is loaded the next page is asked for. */
const AHEAD = 30;

function inLanes(cards: CardData[]): Row[] {
  const lanes = new Map<string, CardData[]>();
  for (const card of cards) {
    const name = card.assignee ?? "";
    const lane = lanes.get(name);
    if (lane) lane.push(card);
    else lanes.set(name, [card]);
  }
  // One lane alone says nothing that its cards do not say.
  if (lanes.size < 2) return cards.map((card, index) => ({ kind: "card", card, index }));
  let index = 0;
  return [...lanes.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, lane]): Row[] => [
      { kind: "lane", name, tasks: lane.length },
      ...lane.map((card): Row => ({ kind: "card", card, index: index++ })),
    ]);
}

export const Column = memo(function Column({
  board,
  column,
  filter,
  lanes,
  workers,
  severities,
  onDrop,
}: {
  board: string;
  column: ColumnData;
  filter: Filter;
  lanes: boolean;
  workers: ReadonlyMap<string, Worker>;
  severities: ReadonlyMap<string, Severity>;
  onDrop: (id: string, to: Target) => void;
}) {
  useLanguage();
  const { status, cards, next } = column;
  const box = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const over = useLook(status);
  const [adding, setAdding] = useState(false);
  const [active, setActive] = useState<string | null>(null);
  const selection = useSelection();
  const rows = useMemo<Row[]>(
    () => (lanes ? inLanes(cards) : cards.map((card, index) => ({ kind: "card", card, index }))),
    [lanes, cards],
  );
  // As they are seen: what Shift selects lies between two cards on the screen.
  const seen = useMemo(() => (lanes ? rows.flatMap((row) => (row.kind === "card" ? [row.card] : [])) : cards), [lanes, rows, cards]);
  // Cards that are not loaded yet have their room already, so that the scroll bar tells the truth.
  const size = next === null ? rows.length : Math.max(rows.length + 1, column.count + rows.length - cards.length);
  const list = useVirtualizer({
    count: size,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.kind === "lane" ? 28 : 100),
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? `later-${index}` : row.kind === "lane" ? `lane-${row.name}` : row.card.id;
    },
    gap: 6,
    overscan: 5,
    paddingEnd: 12,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (next !== null && last >= rows.length - AHEAD) {
      void loadMore(board, filter, status, last > rows.length + NEXT_PAGE ? FAR_PAGE : NEXT_PAGE);
    }
  }, [board, filter, status, next, last, rows.length]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    return dropTargetForElements({ element, getData: () => ({ target: status }) });
  }, [status]);
  const allSelected = cards.length > 0 && cards.every((card) => selection.has(card.id));
  const toggleAll = () => {
    const chosen = new Set(selection);
    for (const card of cards) {
      if (allSelected) chosen.delete(card.id);
      else chosen.add(card.id);
    }
    select(chosen);
  };
  const name = statusName(status);
  const folded = useFolded(status);
  const slim = (column.count === 0 || folded) && !adding;
  // One card of the column is reached by the Tab key: that of last time, or the first in sight where that one is not drawn.
  const drawn = items.flatMap((item) => {
    const row = rows[item.index];
    return row?.kind === "card" ? [{ id: row.card.id, start: item.start }] : [];
  });
  const before = useRef<string | undefined>(undefined);
  const stays = [active, before.current].find((id) => drawn.some((each) => each.id === id));
  const reached = stays ?? (drawn.find(({ start }) => start >= (list.scrollOffset ?? 0)) ?? drawn[0])?.id;
  useEffect(() => {
    before.current = reached;
  }, [reached]);
  return (
    <section
      ref={box}
      data-column={status}
      data-drop={status}
      aria-label={t("column.label", { name, n: column.count })}
      className={cx(
        "group/column flex min-h-0 shrink-0 snap-start flex-col rounded-lg transition-[background,box-shadow] duration-100",
        slim ? "w-11 md:min-w-11" : "w-[82vw] min-w-[216px] sm:w-72 md:w-auto md:max-w-[360px] md:flex-1 md:basis-0",
        over === "yes" ? "bg-accent-soft shadow-[inset_0_0_0_1.5px_var(--accent-text)]" : over === "refused" ? "bg-red-soft" : "bg-canvas/60",
      )}
    >
      <header className={cx("flex shrink-0 items-center gap-2", slim ? "h-full flex-col px-0 py-3" : "h-10 pr-1.5 pl-3")}>
        <button
          type="button"
          aria-expanded={!slim}
          aria-label={slim ? t("column.unfold", { name }) : t("column.fold", { name })}
          disabled={column.count === 0}
          onClick={() => fold(status, !folded)}
          className="-m-1 flex rounded-md p-1 enabled:hover:bg-hover"
        >
          <StatusIcon status={status} />
        </button>
        <Tip text={statusHelp(status)}>
          <h2
            // biome-ignore lint/a11y/noNoninteractiveTabindex: its help is for the keyboard too.
            tabIndex={0}
            className={cx("cursor-help rounded text-xs font-semibold", slim && "text-text-3 [writing-mode:vertical-rl]")}
          >
            {name}
          </h2>
        </Tip>
        <span className="text-xs text-text-3">{count(column.count)}</span>
        {!slim && (
          <span className="ml-auto flex items-center gap-1">
            <input
              type="checkbox"
              aria-label={t("column.selectAll", { name })}
              checked={allSelected}
              onChange={toggleAll}
              className={cx("m-1.5 size-3.5 accent-(--accent) transition-opacity focus:opacity-100 group-hover/column:opacity-100", selection.size > 0 ? "opacity-100" : "opacity-0")}
            />
            {(status === "triage" || status === "ready" || status === "todo") && (
              <IconButton label={t("column.new", { name })} aria-expanded={adding} onClick={() => setAdding(!adding)}>
                <PlusIcon size={14} />
              </IconButton>
            )}
          </span>
        )}
      </header>
      {adding && <InlineCreate board={board} status={status} close={() => setAdding(false)} />}
      {!slim && (
        <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden px-1.5 [contain:strict]" tabIndex={-1}>
          <ul className="relative" style={{ height: list.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              return (
                <li
                  key={item.key}
                  ref={list.measureElement}
                  data-index={item.index}
                  className="absolute inset-x-0 top-0"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  {row === undefined ? (
                    <div className="skeleton h-24" aria-hidden="true" />
                  ) : row.kind === "lane" ? (
                    <div className="flex h-7 items-end gap-2 px-1.5 pb-1 text-2xs font-medium text-text-2">
                      {row.name || t("any.nobody")} <span className="text-text-3">{row.tasks}</span>
                    </div>
                  ) : (
                    <Card
                      board={board}
                      card={row.card}
                      index={row.index}
                      column={seen}
                      worker={workers.get(row.card.id)}
                      severity={severities.get(row.card.id)}
                      onDrop={onDrop}
                      selected={selection.has(row.card.id)}
                      selecting={selection.size > 0}
                      focusable={row.card.id === reached}
                      onActive={setActive}
                    />
                  )}
                </li>
              );
            })}
          </ul>
        </div>
      )}
    </section>
  );
});
