// The frame around every view of a board: places, the cord, the state of the connection, shortcuts, dialogs.

import { Link, Outlet, useNavigate, useParams, useRouterState, useSearch } from "@tanstack/react-router";
import { Suspense, createContext, lazy, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { ReactNode } from "react";
import { asProblem } from "../api/client.ts";
import { Live } from "../api/live.ts";
import type { Connection } from "../api/live.ts";
import { client, follow, useAttention, useBoards, useHead, useMe } from "../api/queries.ts";
import { Badge, Button, Empty, IconButton, Menu, ProblemNote, Words } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { AlertIcon, BoardIcon, ChevronIcon, FleetIcon, GlobeIcon, GraphIcon, InboxIcon, Lamp, MoonIcon, PlusIcon, SearchIcon, SunIcon } from "../design/icons.tsx";
import { MOD } from "../design/keys.ts";
import { clock, compact, span, useNow } from "../design/time.ts";
import { OrchestrationPill } from "../fleet/planner.tsx";
import { LANGUAGES, chosenLanguage, setLanguage, t, useLanguage } from "../i18n/index.ts";
import type { Language } from "../i18n/index.ts";
import type { Search } from "../router.tsx";
import { Cord, CordBand } from "./cord.tsx";
import { Dialogs } from "./dialogs.tsx";
import { openDialog, select, selected, setTheme, useTheme } from "./store.ts";
import { Toasts } from "./toasts.tsx";
import { carriesFiles } from "../task/upload.ts";

/** How long after the first picture the next parts are fetched. */
const AFTER = 1500;

const Drawer = lazy(() => import("../task/drawer.tsx"));

const NAV = [
  { to: "/b/$board", label: "nav.board", icon: BoardIcon, key: "1" },
  { to: "/b/$board/attention", label: "nav.attention", icon: InboxIcon, key: "2" },
  { to: "/b/$board/graph", label: "nav.graph", icon: GraphIcon, key: "3" },
  { to: "/b/$board/fleet", label: "nav.fleet", icon: FleetIcon, key: "4" },
] as const;

/** Filters go along from view to view; what was open does not. */
const keep = ({ task: _task, around: _around, ...rest }: Search): Search => rest;

const LiveContext = createContext<Live | null>(null);

/** The stream of the board that is shown. */
export function useConnection(): [Connection, () => void] {
  const live = useContext(LiveContext);
  const connection = useSyncExternalStore(
    live?.watch ?? (() => () => undefined),
    live?.connection ?? (() => CONNECTING),
  );
  return [connection, live?.reconnect ?? (() => undefined)];
}
const CONNECTING: Connection = { state: "connecting" };

export function Layout() {
  useLanguage();
  const { board } = useParams({ from: "/b/$board" });
  const { task } = useSearch({ from: "/b/$board" });
  const head = useHead(board);
  const [live, setLive] = useState<Live | null>(null);
  const cursor = head.data?.cursor;
  useEffect(() => {
    const stream = new Live(board);
    const stop = follow(board, stream);
    setLive(stream);
    return () => {
      stop();
      stream.close();
    };
  }, [board]);
  useEffect(() => {
    if (live && live.board === board && cursor) live.start(cursor);
  }, [live, board, cursor]);
  useEffect(() => {
    localStorage.setItem("andon.board", board);
    select(new Set());
  }, [board]);
  useShortcuts(board);
  useStrayFiles();
  const name = useBoardName(board);
  useEffect(() => {
    const attention = head.data?.columns.find((column) => column.status === "blocked")?.count ?? 0;
    const stopped = (head.data?.paused.length ?? 0) > 0 ? "⏸ " : "";
    document.title = `${stopped}${attention > 0 ? `(${attention}) ` : ""}${name} · Andon`;
  }, [head.data, name]);
  useEffect(() => {
    // What is opened next is fetched while nothing else is to be done, and is there when the server is not.
    const early = setTimeout(() => void Promise.allSettled([import("../task/drawer.tsx"), import("../task/markdown.tsx"), import("./palette.tsx")]), AFTER);
    return () => clearTimeout(early);
  }, []);
  return (
    <LiveContext value={live}>
      <a href="#main" className="sr-only z-80 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        {t("nav.skip")}
      </a>
      <div className="flex h-full flex-col">
        <div ref={measured} className="shrink-0">
          <CordBand board={board} />
          <ConnectionBand />
        </div>
        <div className="flex min-h-0 flex-1">
          <Sidebar board={board} />
          <main id="main" tabIndex={-1} className="flex min-h-0 min-w-0 flex-1 flex-col bg-panel outline-none md:my-2 md:mr-2 md:rounded-xl md:border md:border-line">
            {head.data ? <Outlet /> : head.error ? <Missing error={head.error} board={board} retry={() => void head.refetch()} /> : <Waiting />}
          </main>
        </div>
        <Tabs board={board} />
      </div>
      {task && head.data && (
        <Suspense fallback={null}>
          <Drawer key={`${board}/${task}`} board={board} id={task} />
        </Suspense>
      )}
      <Dialogs board={board} />
      <Toasts />
    </LiveContext>
  );
}

/** Says how high the bands over everything are, to what lies over the rest. */
function measured(element: HTMLElement | null): (() => void) | undefined {
  if (!element) return undefined;
  const watch = new ResizeObserver(() => document.documentElement.style.setProperty("--bands", `${element.offsetHeight}px`));
  watch.observe(element);
  return () => watch.disconnect();
}

/** A file that misses its place is not opened by the browser, which would leave the page. */
function useStrayFiles(): void {
  useEffect(() => {
    const keep = (event: DragEvent) => {
      if (event.defaultPrevented || !carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
    };
    window.addEventListener("dragover", keep);
    window.addEventListener("drop", keep);
    return () => {
      window.removeEventListener("dragover", keep);
      window.removeEventListener("drop", keep);
    };
  }, []);
}

function Missing({ error, board, retry }: { error: unknown; board: string; retry: () => void }) {
  const problem = asProblem(error);
  const ended = problem.status === 401;
  const boards = useBoards();
  const others = boards.data?.boards.filter((each) => each.slug !== board) ?? [];
  const other = others.find((each) => each.slug === boards.data?.current) ?? others[0];
  return (
    <div className="m-auto w-full max-w-lg p-6">
      <Empty icon={<AlertIcon size={20} />} title={ended ? t("session.ended") : t("broken.board")}>
        {ended && <Words text={t("session.how")} />}
      </Empty>
      {!ended && <ProblemNote problem={problem} retry={retry} />}
      {other && (
        <p className="mt-4 text-center">
          <Link to="/b/$board" params={{ board: other.slug }} className="text-sm font-medium text-accent-text hover:underline">
            {t("broken.goTo", { board: other.name || other.slug })}
          </Link>
        </p>
      )}
    </div>
  );
}

export function Waiting() {
  return (
    <div role="status" aria-label={t("any.loading")} className="grid flex-1 grid-cols-2 gap-3 p-4 md:grid-cols-5">
      {[0, 1, 2, 3, 4].map((column) => (
        <div key={column} className="grid content-start gap-2">
          <div className="skeleton h-5 w-24" />
          {[0, 1, 2].map((row) => (
            <div key={row} className="skeleton h-20" />
          ))}
        </div>
      ))}
    </div>
  );
}

function useBoardName(board: string): string {
  const boards = useBoards();
  const found = boards.data?.boards.find((each) => each.slug === board);
  return found?.name || board;
}

/** How many need a person; none where nobody does. */
function useAttentionCount(board: string): string | null {
  const attention = useAttention(board);
  const found = attention.data?.items.length ?? 0;
  return found === 0 ? null : `${found}${attention.data?.truncated ? "+" : ""}`;
}

function useActive(): string {
  return useRouterState({ select: (state) => state.matches.at(-1)?.routeId ?? "" });
}

function isActive(route: string, to: string): boolean {
  return route === to || (to === "/b/$board" && route === "/b/$board/");
}

function Sidebar({ board }: { board: string }) {
  const route = useActive();
  const boards = useBoards();
  const attention = useAttentionCount(board);
  const head = useHead(board);
  const [connection] = useConnection();
  const stopped = (head.data?.paused.length ?? 0) > 0;
  const state = head.error && !head.data ? "lost" : connection.state;
  return (
    <aside aria-label={t("nav.places")} className="hidden w-56 shrink-0 flex-col gap-1 p-2 md:flex">
      <div className="flex h-10 items-center gap-2.5 px-2">
        <Lamp state={state === "lost" || state === "denied" ? "lost" : stopped ? "stopped" : "go"} />
        <span className="text-base font-semibold tracking-tight">Andon</span>
        <span className="ml-auto flex">
          <IconButton label={t("palette.key", { key: `${MOD} K` })} onClick={() => openDialog({ kind: "palette" })}>
            <SearchIcon />
          </IconButton>
          <IconButton label={t("task.newKey")} onClick={() => openDialog({ kind: "new-task" })}>
            <PlusIcon />
          </IconButton>
        </span>
      </div>
      <nav aria-label={t("nav.views")} className="grid gap-0.5">
        {NAV.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            params={{ board }}
            search={keep}
            aria-current={isActive(route, to) ? "page" : undefined}
            className={cx(
              "flex h-8 items-center gap-2.5 rounded-md px-2 text-sm transition-colors hover:bg-hover",
              isActive(route, to) ? "bg-hover font-medium text-text" : "text-text-2",
            )}
          >
            <Icon className="shrink-0 text-text-3" />
            <span className="truncate">{t(label)}</span>
            {label === "nav.attention" && attention !== null && (
              <span className="ml-auto rounded-full bg-red-soft px-1.5 text-2xs font-semibold text-red" aria-label={t("nav.needYou", { count: attention })}>
                {attention}
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className="mt-4 flex items-center justify-between px-2">
        <h2 className="text-2xs font-medium text-text-3">{t("nav.boards")}</h2>
        <IconButton label={t("newBoard.name")} className="-mr-1.5 size-6" onClick={() => openDialog({ kind: "new-board" })}>
          <PlusIcon size={14} />
        </IconButton>
      </div>
      <nav aria-label={t("nav.boards")} className="grid min-h-0 content-start gap-0.5 overflow-y-auto">
        {boards.data?.boards.map((each) => (
          <Link
            key={each.slug}
            to="/b/$board"
            params={{ board: each.slug }}
            aria-current={each.slug === board ? "true" : undefined}
            title={each.problem ?? each.description ?? undefined}
            className={cx(
              "flex h-8 items-center gap-2.5 rounded-md px-2 text-sm transition-colors hover:bg-hover",
              each.slug === board ? "font-medium text-text" : "text-text-2",
            )}
          >
            <span aria-hidden="true" className="flex size-4 items-center justify-center text-sm">
              {each.icon || <span className="size-2 rounded-sm" style={{ background: each.color || "var(--line-strong)" }} />}
            </span>
            <span className="min-w-0 flex-1 truncate">{each.name || each.slug}</span>
            {each.problem ? <AlertIcon className="text-red" /> : <span className="text-2xs text-text-3">{compact(each.total)}</span>}
          </Link>
        ))}
      </nav>
      <div className="mt-auto flex items-center gap-1 px-1 pt-2">
        <ThemeMenu />
        <LanguageMenu />
        <IconButton label={t("keys.nameKey")} side="top" onClick={() => openDialog({ kind: "shortcuts" })}>
          <span className="text-sm">?</span>
        </IconButton>
        <span className="ml-auto flex min-w-0 items-center gap-1.5 pr-1 text-2xs text-text-3">
          <span className={cx("size-1.5 shrink-0 rounded-full", state === "live" ? "bg-green" : state === "connecting" ? "bg-amber" : "bg-red")} />
          <span className="truncate">{state === "live" ? t("nav.live") : state === "connecting" ? t("nav.connecting") : t("nav.lost")}</span>
        </span>
      </div>
    </aside>
  );
}

function ThemeMenu() {
  const theme = useTheme();
  return (
    <Menu
      align="start"
      label={t("theme.name")}
      trigger={
        <button type="button" aria-label={t("theme.name")} className="inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
          <SunIcon className="dark:hidden" />
          <MoonIcon className="hidden dark:block" />
        </button>
      }
      items={[
        { label: t("theme.light"), checked: theme === "light", onSelect: () => setTheme("light") },
        { label: t("theme.dark"), checked: theme === "dark", onSelect: () => setTheme("dark") },
        { label: t("theme.system"), checked: theme === "system", onSelect: () => setTheme("system") },
      ]}
    />
  );
}

/** The languages, each by its own name. */
function LanguageMenu() {
  const spoken = useLanguage();
  const chosen = chosenLanguage();
  return (
    <Menu
      align="start"
      label={t("language.name")}
      trigger={
        <button type="button" aria-label={t("language.name")} title={LANGUAGES[spoken]} className="inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
          <GlobeIcon />
        </button>
      }
      items={[
        ...(Object.entries(LANGUAGES) as [Language, string][]).map(([tag, name]) => ({
          label: <span lang={tag}>{name}</span>,
          checked: chosen === tag,
          onSelect: () => void setLanguage(tag),
        })),
        null,
        { label: t("language.browser"), checked: chosen === null, onSelect: () => void setLanguage(null) },
      ]}
    />
  );
}

function Tabs({ board }: { board: string }) {
  const route = useActive();
  const attention = useAttentionCount(board);
  return (
    <nav aria-label={t("nav.views")} className="grid shrink-0 grid-cols-5 border-t border-line bg-panel pb-[env(safe-area-inset-bottom)] md:hidden">
      {NAV.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          params={{ board }}
          search={keep}
          aria-current={isActive(route, to) ? "page" : undefined}
          className={cx("relative flex h-14 flex-col items-center justify-center gap-1 text-2xs", isActive(route, to) ? "font-semibold text-accent-text" : "text-text-2")}
        >
          <Icon size={18} />
          <span className="max-w-full truncate px-0.5">{t(label)}</span>
          {label === "nav.attention" && attention !== null && (
            <span className="absolute top-1.5 left-[calc(50%+6px)] rounded-full bg-red-soft px-1 text-2xs font-semibold text-red">{attention}</span>
          )}
        </Link>
      ))}
      <button type="button" onClick={() => openDialog({ kind: "palette" })} className="flex h-14 flex-col items-center justify-center gap-1 text-2xs text-text-2">
        <SearchIcon size={18} />
        {t("nav.find")}
      </button>
    </nav>
  );
}

/** The bar on top of each view: its name, what belongs to it, and always the cord. */
export function TopBar({ board, title, children }: { board: string; title: string; children?: ReactNode }) {
  const boards = useBoards();
  const navigate = useNavigate();
  const name = useBoardName(board);
  const me = useMe();
  return (
    <header className="flex min-h-12 shrink-0 flex-wrap items-center gap-2 border-b border-line px-3 py-2 md:px-4">
      <h1 className="flex min-w-0 items-center gap-1.5 text-sm font-semibold">
        <span className="md:hidden">
          <Menu
            align="start"
            label={t("nav.boards")}
            trigger={
              <button type="button" className="inline-flex h-8 max-w-40 items-center gap-1 rounded-md px-1.5 hover:bg-hover">
                <span className="truncate">{name}</span>
                <ChevronIcon size={14} className="text-text-3" />
              </button>
            }
            items={[
              ...(boards.data?.boards.map((each) => ({
                label: each.name || each.slug,
                icon: each.icon,
                checked: each.slug === board,
                onSelect: () => void navigate({ to: "/b/$board", params: { board: each.slug } }),
              })) ?? []),
              null,
              { label: t("newBoard.name"), icon: <PlusIcon />, onSelect: () => openDialog({ kind: "new-board" }) },
            ]}
          />
        </span>
        <span className="hidden truncate text-text-2 md:inline">{name}</span>
        <span aria-hidden="true" className="text-text-3">
          /
        </span>
        <span>{title}</span>
      </h1>
      {children && <div className="order-3 flex min-w-0 basis-full items-center gap-2 xl:order-none xl:ml-2 xl:flex-1 xl:basis-0">{children}</div>}
      <div className="ml-auto flex items-center gap-2">
        {me.data?.scope === "read" && (
          <Badge tone="amber" title={t("session.readOnlyAbout")}>
            {t("session.readOnly")}
          </Badge>
        )}
        <Button tone="primary" className="h-8" aria-label={t("task.new")} onClick={() => openDialog({ kind: "new-task" })}>
          <PlusIcon size={14} />
          <span className="hidden lg:inline">{t("task.new")}</span>
        </Button>
        <span className="hidden sm:inline-flex">
          <OrchestrationPill />
        </span>
        <Cord board={board} />
      </div>
    </header>
  );
}

function ConnectionBand() {
  const [connection, reconnect] = useConnection();
  const now = useNow();
  if (connection.state === "denied") {
    return (
      <Band>
        {t("lost.ended", { time: clock(connection.since) })} <Words text={t("session.how")} />
      </Band>
    );
  }
  if (connection.state !== "lost" || now - connection.since < 1000) return null;
  const time = clock(connection.since);
  const wait = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
  return (
    <Band aside={<Button onClick={reconnect}>{t("lost.try")}</Button>}>{wait > 0 ? t("lost.in", { time, wait: span(wait * 1000) }) : t("lost.now", { time })}</Band>
  );
}

function Band({ aside, children }: { aside?: ReactNode; children: ReactNode }) {
  return (
    <div role="status" className="flex shrink-0 flex-wrap items-center gap-3 border-b border-amber/40 bg-amber-soft px-4 py-2 text-sm text-amber">
      <AlertIcon className="shrink-0" />
      <span className="min-w-0 flex-1">{children}</span>
      {aside}
    </div>
  );
}

function useShortcuts(board: string): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openDialog({ kind: "palette" });
        return;
      }
      const target = event.target as HTMLElement;
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
      if (target.closest("input, textarea, select, [contenteditable=true], [role=dialog]:not([data-drawer]), [role=menu]")) return;
      const place = NAV.find((each) => each.key === event.key);
      if (place) {
        void navigate({ to: place.to, params: { board }, search: keep });
      } else if (event.key === "c") {
        event.preventDefault();
        openDialog({ kind: "new-task" });
      } else if (event.key === "p") {
        event.preventDefault();
        openDialog({ kind: "cord" });
      } else if (event.key === "?") {
        openDialog({ kind: "shortcuts" });
      } else if (event.key === "/") {
        const search = document.getElementById("search");
        if (search) {
          event.preventDefault();
          search.focus();
        }
      } else if (event.key === "Escape" && selected().size > 0) {
        select(new Set());
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [board, navigate]);
}

export { client };
