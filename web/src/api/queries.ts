// What the dashboard reads, under which key it keeps it, and how the event stream keeps it true.

import { QueryClient, useQuery } from "@tanstack/react-query";
import { append, place, recount } from "../board/model.ts";
import type { Filter } from "./actions.ts";
import { api } from "./actions.ts";
import { Refused } from "./client.ts";
import type { Live } from "./live.ts";
import type { BoardEvent, Columns, Status } from "./types.ts";

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (attempts, error) => error instanceof Refused && error.problem.status === 0 && attempts < 2,
      retryDelay: 600,
    },
  },
});

/** Cards of each column that come with the first answer, and with the following. */
export const FIRST_PAGE = 50;
export const NEXT_PAGE = 150;
/** The same where a person has jumped far beyond what is loaded. */
export const FAR_PAGE = 500;
/** Cards that one refresh reads; beyond, the whole view is read again. */
const REFRESH_LIMIT = 200;

export const keys = {
  boards: ["boards"] as const,
  profiles: ["profiles"] as const,
  settings: ["settings"] as const,
  head: (board: string) => ["head", board] as const,
  columns: (board: string, filter: Filter) => ["columns", board, filter] as const,
  task: (board: string, id: string) => ["task", board, id] as const,
  attention: (board: string) => ["attention", board] as const,
  graph: (board: string, task: string | undefined, done: boolean) => ["graph", board, task ?? null, done] as const,
  workers: (board: string) => ["workers", board] as const,
  fleet: (board: string) => ["fleet", board] as const,
};

export const useBoards = () => useQuery({ queryKey: keys.boards, queryFn: api.boards });
export const useProfiles = () => useQuery({ queryKey: keys.profiles, queryFn: api.profiles, staleTime: 60_000 });

/** Who looks, and what that opens. */
export const useMe = () => useQuery({ queryKey: ["me"], queryFn: api.me, staleTime: 60_000 });

/** How often a server that does not answer is asked again. */
const AWAY = 3000;

/** What every view of a board needs: counts, pauses, people and the place in the event stream. */
export const useHead = (board: string) =>
  useQuery({
    queryKey: keys.head(board),
    queryFn: ({ signal }) => api.columns(board, {}, 1, signal),
    // Where there is no picture yet, no stream tells of the server's return: it is asked again.
    refetchInterval: ({ state }) => (state.data === undefined && state.error instanceof Refused && state.error.problem.status === 0 ? AWAY : false),
  });

export const useColumns = (board: string, filter: Filter) =>
  useQuery<Columns>({
    queryKey: keys.columns(board, filter),
    queryFn: ({ signal }) => api.columns(board, filter, FIRST_PAGE, signal),
    structuralSharing: false,
    placeholderData: (previous) => (previous?.board === board ? previous : undefined),
  });

export const useTask = (board: string, id: string) =>
  useQuery({ queryKey: keys.task(board, id), queryFn: () => api.show(board, id), staleTime: 0 });

/** The open runs, read every few seconds: progress and last lines are no events. */
export const useWorkers = (board: string, enabled = true) =>
  useQuery({
    queryKey: keys.workers(board),
    queryFn: () => api.workers(board),
    refetchInterval: 3000,
    enabled,
  });

export const useAttention = (board: string) => useQuery({ queryKey: keys.attention(board), queryFn: () => api.attention(board) });

/** The same of every board, read every few seconds: only the stream of the board that is shown is open. */
export const useAttentionEverywhere = (enabled: boolean) =>
  useQuery({ queryKey: ["attention-everywhere"], queryFn: () => api.attention(null), enabled, refetchInterval: 4000 });

export const useSettings = () => useQuery({ queryKey: keys.settings, queryFn: api.settings, staleTime: 60_000 });

/** Most bytes of a file, until the server has said its own. */
const FILE_LIMIT = 25 * 1024 * 1024;
export const useFileLimit = (): number => useSettings().data?.attachment_limit ?? FILE_LIMIT;

/** Days of usage that are read. */
export const USAGE_DAYS = 30;

export const useFleet = (board: string) =>
  useQuery({
    queryKey: keys.fleet(board),
    queryFn: async () => {
      const [hosts, stats, usage, recent] = await Promise.all([
        api.hosts(board),
        api.stats(board),
        api.usage(board, USAGE_DAYS),
        api.runs(board, { limit: 200 }),
      ]);
      return { hosts: hosts.hosts, stats, usage: usage.days, runs: recent.runs };
    },
    refetchInterval: 10_000,
  });

const loading = new Set<string>();

/** Reads the next page of a column, once at a time. */
export async function loadMore(board: string, filter: Filter, status: Status, size: number): Promise<void> {
  const key = keys.columns(board, filter);
  const view = client.getQueryData<Columns>(key);
  const cursor = view?.columns.find((column) => column.status === status)?.next;
  const lock = JSON.stringify([key, status]);
  if (!cursor || loading.has(lock)) return;
  loading.add(lock);
  try {
    const page = await api.cards(board, {
      status,
      cursor,
      limit: size,
      q: filter.q || undefined,
      assignee: filter.assignee,
      tenant: filter.tenant,
    });
    client.setQueryData<Columns>(key, (now) => (now ? append(now, status, page) : now));
  } catch {
    // A cursor that is not valid any more: what is loaded is read anew.
    void client.invalidateQueries({ queryKey: key });
  } finally {
    loading.delete(lock);
  }
}

/** Reads the named cards again and puts them into their places in every board view that is open. Gives whether it could. */
export async function refresh(board: string, ids: ReadonlySet<string>): Promise<boolean> {
  const open = client.getQueryCache().findAll({ queryKey: ["columns", board], type: "active" });
  const head = api.columns(board, {}, 1).then((newer) => {
    client.setQueryData(keys.head(board), newer);
    return newer;
  });
  return Promise.all([
    head,
    ...open.map(async (query) => {
      const filter = (query.queryKey[2] ?? {}) as Filter;
      if (filter.q || ids.size > REFRESH_LIMIT) {
        await client.invalidateQueries({ queryKey: query.queryKey, exact: true });
        return;
      }
      const filtered = filter.assignee !== undefined || filter.tenant !== undefined || filter.archived;
      const [page, counts] = await Promise.all([
        ids.size > 0 ? api.cards(board, { ids: [...ids].join(",") }) : { cards: [], next: null },
        filtered ? api.columns(board, filter, 1) : head,
      ]);
      client.setQueryData<Columns>(query.queryKey, (view) =>
        view ? recount(place(view, page.cards, ids, filter), counts) : view,
      );
    }),
  ]).then(
    () => true,
    () => false,
  );
}

/** Runs `act` at once, then at most every `pause` milliseconds while it is asked for. */
function throttled(pause: number, act: () => Promise<unknown> | undefined): () => void {
  let wanted = false;
  let busy = false;
  const run = async () => {
    busy = true;
    while (wanted) {
      wanted = false;
      await act();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    busy = false;
  };
  return () => {
    wanted = true;
    if (!busy) void run();
  };
}

/** Events after which the progress of parents may be another. */
const PROGRESS = new Set(["completed", "approved", "archived", "reopened", "deleted", "created", "linked", "unlinked"]);

/** The loaded cards that show the progress of children. */
function parents(board: string, room: number): string[] {
  const found: string[] = [];
  for (const [, view] of client.getQueriesData<Columns>({ queryKey: ["columns", board], type: "active" })) {
    for (const column of view?.columns ?? []) {
      for (const card of column.cards) if (card.children > 0 && found.length < room) found.push(card.id);
    }
  }
  return found;
}

/** After how long a refresh that failed is tried again. */
const RETRY = 1000;

/** Keeps everything that is shown of a board true while its stream is open. */
export function follow(board: string, live: Live): () => void {
  let changed = new Set<string>();
  let progress = false;
  let stopped = false;
  const cards = throttled(60, () => {
    const ids = changed;
    changed = new Set();
    for (const id of ids) void client.invalidateQueries({ queryKey: keys.task(board, id) });
    if (progress) for (const id of parents(board, REFRESH_LIMIT / 2)) ids.add(id);
    progress = false;
    return refresh(board, ids).then((done) => {
      if (done || stopped) return;
      // The server is busy or away: what changed is not forgotten.
      for (const id of ids) changed.add(id);
      setTimeout(cards, RETRY);
    });
  });
  const attention = throttled(1000, () =>
    Promise.all([
      client.invalidateQueries({ queryKey: keys.attention(board) }),
      client.invalidateQueries({ queryKey: ["attention-everywhere"] }),
    ]),
  );
  const views = throttled(300, () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["graph", board] }),
      client.invalidateQueries({ queryKey: keys.workers(board) }),
    ]),
  );
  const slow = throttled(2000, () =>
    Promise.all([
      client.invalidateQueries({ queryKey: keys.boards }),
      client.invalidateQueries({ queryKey: keys.fleet(board) }),
    ]),
  );
  const deaf = live.listen({
    event(event: BoardEvent) {
      if (event.task_id) changed.add(event.task_id);
      const linked = event.payload as { child?: unknown; parent?: unknown } | null;
      if (linked && typeof linked === "object") {
        for (const id of [linked.child, linked.parent]) if (typeof id === "string") changed.add(id);
      }
      if (PROGRESS.has(event.kind)) progress = true;
      cards();
      views();
      attention();
      slow();
    },
    resync() {
      void client.invalidateQueries();
    },
  });
  return () => {
    stopped = true;
    deaf();
  };
}
