// The board: every task in the column where it stands.

import { monitorForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { Filter } from "../api/actions.ts";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useAttention, useColumns, useHead, useWorkers } from "../api/queries.ts";
import type { Columns as ColumnsData, Severity, Status, Worker } from "../api/types.ts";
import { Button, Empty, IconButton, Menu, ProblemNote } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { BoardIcon, BoltIcon, CheckIcon, CloseIcon, FilterIcon, LanesIcon, MoreIcon, PlusIcon, RefreshIcon, SearchIcon } from "../design/icons.tsx";
import { STATUSES } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import type { Search } from "../router.tsx";
import { move } from "../shell/moves.ts";
import { TopBar, Waiting } from "../shell/layout.tsx";
import { useHere } from "../shell/places.ts";
import { openDialog, refusal, select, selected, toast } from "../shell/store.ts";
import { keepView, useDefaults } from "../shell/defaults.ts";
import { BulkBar } from "./bulk.tsx";
import { Column } from "./column.tsx";
import { hover, letGo, pickUp } from "./drag.ts";
import type { Target } from "./drag.ts";
import { Strip, worst } from "./strip.tsx";
import { Zones } from "./zones.tsx";

/** Where cards stand in lanes: nowhere, in Running, or everywhere. */
type Lanes = boolean | "running";

const targetOf = (data: Record<string | symbol, unknown> | undefined): Target | null => (data?.["target"] as Target | undefined) ?? null;

/** A card is let go somewhere; where it is one of the selected, all of them are. */
function drop(board: string, id: string, to: Target): void {
  const chosen = selected();
  const ids = chosen.has(id) ? [...chosen] : [id];
  if (to === "delete") openDialog({ kind: "delete", ids });
  else move(board, ids, to);
}

export function Board() {
  useLanguage();
  const { board } = useParams({ from: "/b/$board" });
  const search = useSearch({ from: "/b/$board" });
  const filter = useMemo<Filter>(
    () => ({ q: search.q, assignee: search.assignee, tenant: search.tenant, archived: search.archived }),
    [search.q, search.assignee, search.tenant, search.archived],
  );
  const here = useHere();
  const columns = useColumns(board, filter);
  const defaults = useDefaults();
  const running = columns.data?.columns.find((column) => column.status === "running")?.count ?? 0;
  const workers = useWorkers(board, running > 0);
  const byTask = useMemo(() => {
    const map = new Map<string, Worker>();
    for (const worker of workers.data?.workers ?? []) map.set(worker.task.id, worker);
    return map;
  }, [workers.data]);
  useEffect(
    () =>
      monitorForElements({
        onDragStart: ({ source }) => pickUp(String(source.data["id"]), source.data["status"] as Status),
        onDropTargetChange: ({ location }) => hover(targetOf(location.current.dropTargets[0]?.data)),
        onDrop({ source, location }) {
          letGo();
          const to = targetOf(location.current.dropTargets[0]?.data);
          const id = source.data["id"] as string | undefined;
          if (to && id) drop(board, id, to);
        },
      }),
    [board],
  );
  const attention = useAttention(board);
  const severities = useMemo(() => worst(attention.data?.items ?? []), [attention.data]);
  const shown = columns.data?.columns ?? [];
  const total = shown.reduce((sum, column) => sum + column.count, 0);
  const filtered = Boolean(filter.q || filter.assignee !== undefined || filter.tenant);
  return (
    <>
      <TopBar board={board} title={t("nav.board")}>
        <Toolbar board={board} search={search} filter={filter} />
      </TopBar>
      <Strip board={board} />
      {columns.error && !columns.data && (
        <div className="p-4">
          <ProblemNote problem={asProblem(columns.error)} retry={() => void columns.refetch()} />
        </div>
      )}
      {columns.isPending && <Waiting />}
      {columns.data && total === 0 ? (
        filtered ? (
          <Empty icon={<SearchIcon size={20} />} title={t("board.noMatch")}>
            {t("board.noMatchAbout")}
            <div className="mt-4 flex justify-center">
              <Button size="md" onClick={() => void here(({ q: _q, assignee: _assignee, tenant: _tenant, ...rest }) => rest)}>
                {t("board.clear")}
              </Button>
            </div>
          </Empty>
        ) : (
          <Empty icon={<BoardIcon size={20} />} title={t("board.empty")}>
            {t("board.emptyAbout")}
            <div className="mt-4 flex justify-center">
              <Button tone="primary" size="md" onClick={() => openDialog({ kind: "new-task" })}>
                <PlusIcon /> {t("task.new")}
              </Button>
            </div>
          </Empty>
        )
      ) : (
        columns.data && <Columns board={board} columns={shown} filter={filter} lanes={search.lanes ?? (defaults.lane_by_profile ? "running" : false)} workers={byTask} severities={severities} />
      )}
      <Zones />
      <BulkBar board={board} />
    </>
  );
}

function Columns({
  board,
  columns,
  filter,
  lanes,
  workers,
  severities,
}: {
  board: string;
  columns: import("../api/types.ts").Column[];
  filter: Filter;
  lanes: Lanes;
  workers: ReadonlyMap<string, Worker>;
  severities: ReadonlyMap<string, Severity>;
}) {
  const region = useRef<HTMLDivElement>(null);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLDivElement>) => {
      if ((event.metaKey || event.ctrlKey) && event.key === "a" && (event.target as HTMLElement).closest("[data-card]")) {
        event.preventDefault();
        select(new Set(columns.flatMap((column) => column.cards.map((card) => card.id))));
        return;
      }
      onCardKey(event, region.current, board);
    },
    [board, columns],
  );
  const onDrop = useCallback((id: string, to: Target) => drop(board, id, to), [board]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the cards, which are buttons themselves.
    <div ref={region} data-columns onKeyDown={onKeyDown} className="flex min-h-0 flex-1 snap-x snap-mandatory gap-2 overflow-x-auto p-2 md:snap-none md:p-3">
      {columns.map((column) => (
        <Column key={column.status} board={board} column={column} filter={filter} lanes={lanes === true || (lanes === "running" && column.status === "running")} workers={workers} severities={severities} onDrop={onDrop} />
      ))}
    </div>
  );
}

/** Arrow keys walk over the cards, Alt and an arrow carries one to the next column, x selects, m opens the menu. */
function onCardKey(event: KeyboardEvent<HTMLDivElement>, region: HTMLElement | null, board: string): void {
  const card = (event.target as HTMLElement).closest<HTMLElement>("[data-card]");
  if (!card || !region || (event.target as HTMLElement).closest("[role=menu]")) return;
  const id = card.dataset["card"] ?? "";
  const column = card.closest<HTMLElement>("[data-column]");
  const status = column?.dataset["column"] as Status | undefined;
  if (!column || !status) return;
  const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
  if (side !== 0 && event.altKey) {
    event.preventDefault();
    // Only workers lead to Running and Review: a card is carried past them.
    let next = STATUSES.indexOf(status) + side;
    while (STATUSES[next] === "running" || STATUSES[next] === "review") next += side;
    const to = STATUSES[next];
    if (to) {
      move(board, [id], to);
      follow(region, id);
    }
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (side !== 0) {
    const all = [...region.querySelectorAll<HTMLElement>("[data-column]")];
    for (let index = all.indexOf(column) + side; all[index]; index += side) {
      const top = card.getBoundingClientRect().top;
      const cards = [...(all[index]?.querySelectorAll<HTMLElement>("[data-card]") ?? [])];
      const nearest = cards.sort(
        (a, b) => Math.abs(a.getBoundingClientRect().top - top) - Math.abs(b.getBoundingClientRect().top - top),
      )[0];
      if (nearest) {
        event.preventDefault();
        focus(nearest);
        return;
      }
    }
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = Number(card.dataset["index"]);
    const cards = [...column.querySelectorAll<HTMLElement>("[data-card]")];
    const next = cards
      .filter((each) => (Number(each.dataset["index"]) - at) * step > 0)
      .sort((a, b) => (Number(a.dataset["index"]) - Number(b.dataset["index"])) * step)[0];
    if (next) focus(next);
    return;
  }
  if (event.key.toLowerCase() === "x") {
    event.preventDefault();
    card.querySelector<HTMLElement>("[data-select]")?.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: event.shiftKey }));
  } else if (event.key === "m") {
    event.preventDefault();
    const menu = card.querySelector<HTMLElement>("[data-move]");
    menu?.focus();
    menu?.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  }
}

/** How long a card that is carried away is waited for. */
const PATIENCE = 1500;

/** Takes the focus along with a card that goes to another column, unless a person has put it elsewhere meanwhile. */
function follow(region: HTMLElement, id: string): void {
  const end = performance.now() + PATIENCE;
  const look = () => {
    const active = document.activeElement;
    const lost = !active || active === document.body;
    const card = region.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"]`);
    if (!lost && !card?.contains(active)) return;
    if (lost && card) focus(card);
    if (performance.now() < end) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function focus(card: HTMLElement): void {
  card.querySelector<HTMLElement>("[data-open]")?.focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function Toolbar({ board, search, filter }: { board: string; search: Search; filter: Filter }) {
  const navigate = useNavigate({ from: "/b/$board" });
  const head = useHead(board);
  const defaults = useDefaults();
  const [text, setText] = useState(search.q ?? "");
  const put = useCallback(
    (change: Partial<Record<keyof Search, string | boolean | undefined>>) =>
      void navigate({
        to: ".",
        replace: true,
        search: (old) => {
          const next: Record<string, unknown> = { ...old, ...change };
          for (const name of Object.keys(next)) if (next[name] === undefined) delete next[name];
          keepView(board, next as Search);
          return next as Search;
        },
      }),
    [navigate, board],
  );
  // What the address was asked to say, and what it said last: another word in it came from elsewhere, and goes into the field.
  const asked = useRef(text);
  const known = useRef(text);
  useEffect(() => {
    const q = search.q ?? "";
    if (q !== known.current) {
      known.current = q;
      if (q !== asked.current) {
        asked.current = q;
        setText(q);
        return;
      }
    }
    if (text === q) return;
    const timer = setTimeout(() => {
      asked.current = text;
      put({ q: text || undefined });
    }, 180);
    return () => clearTimeout(timer);
  }, [text, search.q, put]);
  const filters = [search.assignee !== undefined, search.tenant, search.archived].filter(Boolean).length;
  const anything = filters > 0 || Boolean(search.q);
  const running = search.lanes === undefined && defaults.lane_by_profile;
  return (
    <>
      <div className="relative min-w-20 flex-1 md:max-w-64">
        <SearchIcon size={14} className="absolute top-2.5 left-2.5 text-text-3" />
        <input
          id="search"
          type="search"
          aria-label={t("board.searchLabel")}
          value={text}
          placeholder={t("board.search")}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && (setText(""), event.currentTarget.blur())}
          className="h-8 w-full rounded-md border border-line-strong bg-raised pr-2 pl-8 text-sm outline-none placeholder:text-text-3 focus:border-accent-text focus:ring-2 focus:ring-accent/25"
        />
      </div>
      <FilterSelect
        label={t("field.assignee")}
        name={t("board.filterAssignee")}
        value={search.assignee}
        onChange={(assignee) => put({ assignee })}
        options={[
          { value: "", label: t("board.unassigned") },
          ...(head.data?.assignees ?? []).flatMap((each) => (each.name ? [{ value: each.name, label: each.name }] : [])),
        ]}
      />
      {(head.data?.tenants.length ?? 0) > 0 && (
        <FilterSelect
          label={t("field.tenant")}
          name={t("board.filterTenant")}
          value={search.tenant}
          onChange={(tenant) => put({ tenant })}
          options={(head.data?.tenants ?? []).map((name) => ({ value: name, label: name }))}
        />
      )}
      {anything && (
        <Button
          tone="quiet"
          className="h-8"
          aria-label={t("board.clear")}
          onClick={() => {
            put({ q: undefined, assignee: undefined, tenant: undefined, archived: undefined });
          }}
        >
          <CloseIcon size={12} /> <span className="hidden xl:inline">{t("do.clear")}</span>
        </Button>
      )}
      <div className="ml-auto hidden items-center gap-0.5 md:flex">
        <IconButton label={search.lanes ? t("board.lanesOn") : t("board.lanesOff")} aria-pressed={search.lanes === true} className={cx(search.lanes === true && "bg-accent-soft text-accent-text")} onClick={() => put({ lanes: search.lanes === true ? undefined : true })}>
          <LanesIcon />
        </IconButton>
      </div>
      <Menu
        trigger={
          <button type="button" aria-label={t("board.more")} className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
            <MoreIcon />
          </button>
        }
        items={[
          { label: t("board.lanes"), icon: <LanesIcon />, checked: search.lanes === true, onSelect: () => put({ lanes: search.lanes === true ? undefined : true }) },
          { label: t("board.lanesRunning"), icon: <LanesIcon />, checked: running, onSelect: () => put({ lanes: running ? false : undefined }) },
          {
            label: t("board.selectAll"),
            icon: <CheckIcon />,
            onSelect: () => {
              const view = client.getQueryData<ColumnsData>(keys.columns(board, filter));
              select(new Set((view?.columns ?? []).flatMap((column) => column.cards.map((card) => card.id))));
            },
          },
          { label: t("board.archived"), icon: <FilterIcon />, checked: search.archived === true, onSelect: () => put({ archived: search.archived ? undefined : true }) },
          null,
          {
            label: t("board.nudge"),
            icon: <BoltIcon />,
            onSelect: () =>
              void api.nudge(board).then(
                () => toast({ tone: "ok", text: t("done.nudged") }),
                (error) => refusal(asProblem(error)),
              ),
          },
          { label: t("board.reload"), icon: <RefreshIcon />, onSelect: () => void client.invalidateQueries() },
          null,
          { label: t("board.settings"), onSelect: () => openDialog({ kind: "edit-board" }) },
        ]}
      />
    </>
  );
}

function FilterSelect({
  label,
  name,
  value,
  options,
  onChange,
}: {
  label: string;
  /** What it does, for those who do not see where it stands. */
  name: string;
  value: string | undefined;
  options: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
}) {
  const unset = "\u0000";
  return (
    <select
      aria-label={name}
      value={value ?? unset}
      onChange={(event) => onChange(event.target.value === unset ? undefined : event.target.value)}
      className={cx(
        "h-8 max-w-32 min-w-0 rounded-md border px-2 text-xs outline-none hover:bg-hover focus-visible:ring-2 focus-visible:ring-accent/40",
        value === undefined ? "border-line-strong bg-raised text-text-2" : "border-accent-text bg-accent-soft text-accent-text",
      )}
    >
      <option value={unset}>{label}</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
