// Every change that the dashboard asks for, one function each.

import { get, post, postOnce, send } from "./client.ts";
import type { Answer } from "./client.ts";
import type {
  Attachment,
  AttentionList,
  Board,
  BulkResult,
  CardPage,
  Columns,
  Comment,
  Decompose,
  Decomposed,
  DescribeResult,
  Diff,
  Graph,
  Host,
  Me,
  NewTask,
  PlanResult,
  Profile,
  Run,
  Settings,
  SettingsChanges,
  Shown,
  Stats,
  Task,
  UsageDay,
  Worker,
} from "./types.ts";

export interface Filter {
  q?: string | undefined;
  assignee?: string | undefined;
  tenant?: string | undefined;
  archived?: boolean | undefined;
}

/** A verb and what it needs. */
export type Action =
  | { verb: "complete"; summary: string | null; result?: string | null }
  | { verb: "block"; reason: string; kind?: string }
  | { verb: "unblock"; reason?: string; fresh?: boolean }
  | { verb: "promote"; reason?: string; force?: boolean }
  | { verb: "hold"; reason?: string }
  | { verb: "specify" }
  | { verb: "triage"; reason?: string }
  | { verb: "assign"; assignee: string | null; reclaim?: string }
  | { verb: "archive"; release?: boolean }
  | { verb: "reopen" }
  | { verb: "stop"; reason?: string }
  | { verb: "reclaim"; reason?: string }
  | { verb: "schedule"; at?: string | null; reason?: string }
  | { verb: "request-review"; summary?: string }
  | { verb: "approve"; summary?: string }
  | { verb: "request-changes"; reason: string }
  | { verb: "reset-failures" };

export type BulkAction = Action | { verb: "delete"; release?: boolean } | { verb: "edit"; priority: number };

const board = (slug: string) => `/boards/${encodeURIComponent(slug)}`;
const task = (slug: string, id: string) => `${board(slug)}/tasks/${encodeURIComponent(id)}`;

export const api = {
  me: () => get<Me>("/me"),
  logout: () => post<void>("/logout"),
  boards: () => get<{ boards: Board[]; current: string }>("/boards"),
  createBoard: (body: { slug: string; name?: string; description?: string; icon?: string }) =>
    post<Board>("/boards", body),
  editBoard: async (slug: string, body: Record<string, string | null>) => (await send<Board>("PATCH", board(slug), { body })).data,
  archiveBoard: (slug: string) => send<unknown>("DELETE", board(slug)),
  profiles: () => get<{ profiles: Profile[]; broken: { name: string; problem: string }[] }>("/profiles"),
  editProfile: async (name: string, body: { description?: string | null; max_running?: number | null }) =>
    (await send<Profile>("PATCH", `/profiles/${encodeURIComponent(name)}`, { body })).data,
  describe: (name: string) => post<DescribeResult>(`/profiles/${encodeURIComponent(name)}/describe`, {}),

  columns: (slug: string, filter: Filter, limit: number, signal?: AbortSignal) =>
    get<Columns>(
      `${board(slug)}/columns`,
      {
        limit,
        q: filter.q || undefined,
        assignee: filter.assignee,
        tenant: filter.tenant,
        archived: filter.archived ? true : undefined,
      },
      signal,
    ),
  cards: (slug: string, query: Record<string, string | number | undefined>) =>
    get<CardPage>(`${board(slug)}/cards`, query),
  show: (slug: string, id: string): Promise<Answer<Shown>> => send<Shown>("GET", task(slug, id)),
  create: (slug: string, body: NewTask) => postOnce<Task>(`${board(slug)}/tasks`, body),
  edit: (slug: string, id: string, body: Record<string, unknown>, etag?: string | null) =>
    send<Task>("PATCH", task(slug, id), { body, etag: etag ?? null }),
  remove: (slug: string, id: string, release?: boolean) =>
    send<unknown>("DELETE", task(slug, id), release === undefined ? {} : { query: { release } }),
  act: (slug: string, id: string, action: Action) => {
    const { verb, ...body } = action;
    return post<Task>(`${task(slug, id)}/${verb}`, body);
  },
  decompose: (slug: string, id: string, body: Decompose) =>
    post<Decomposed>(`${task(slug, id)}/decompose`, body),
  plan: (slug: string, id: string, wish: "specify" | "decompose") => post<PlanResult>(`${task(slug, id)}/${wish}/auto`),
  diff: (slug: string, id: string) => get<Diff>(`${task(slug, id)}/diff`),
  bulk: (slug: string, ids: string[], action: BulkAction) =>
    post<{ results: BulkResult[] }>(`${board(slug)}/tasks/bulk`, { ids, action }),
  comment: (slug: string, id: string, body: string) => postOnce<Comment>(`${task(slug, id)}/comments`, { body }),
  attach: async (slug: string, id: string, file: File) =>
    (await send<Attachment>("POST", `${task(slug, id)}/attachments`, { query: { name: file.name }, raw: file }))
      .data,
  detach: (slug: string, id: string, attachment: number) =>
    send<unknown>("DELETE", `${task(slug, id)}/attachments/${attachment}`),
  link: (slug: string, parent: string, child: string) => post<Task>(`${board(slug)}/links`, { parent, child }),
  unlink: (slug: string, parent: string, child: string) =>
    send<Task>("DELETE", `${board(slug)}/links`, { query: { parent, child } }),
  graph: (slug: string, only: { task?: string | undefined; done?: boolean | undefined }) =>
    get<Graph>(`${board(slug)}/graph`, only),
  terminate: (slug: string, run: string, reason?: string) =>
    post<Task>(`${board(slug)}/runs/${encodeURIComponent(run)}/terminate`, reason ? { reason } : {}),
  runs: (slug: string, query: Record<string, string | number | boolean | undefined>) =>
    get<{ runs: Run[]; next: string | null }>(`${board(slug)}/runs`, query),
  workers: (slug: string) => get<{ workers: Worker[] }>(`${board(slug)}/workers`),
  hosts: (slug: string) => get<{ hosts: Host[] }>(`${board(slug)}/hosts`),
  settings: () => get<Settings>("/settings"),
  configure: async (body: SettingsChanges) => (await send<Settings>("PATCH", "/settings", { body })).data,
  stats: (slug: string) => get<Stats>(`${board(slug)}/stats`),
  usage: (slug: string, days: number) => get<{ days: UsageDay[] }>(`${board(slug)}/usage`, { days }),
  attention: (slug: string | null) => get<AttentionList>(slug === null ? "/attention" : `${board(slug)}/attention`),
  pause: (slug: string | null, body: { profile?: string; reason?: string; stop_running?: boolean }) =>
    post<{ stopped: string[] }>(slug === null ? "/pause" : `${board(slug)}/pause`, body),
  resume: (slug: string | null, body: { profile?: string }) =>
    post<unknown>(slug === null ? "/resume" : `${board(slug)}/resume`, body),
  nudge: (slug: string) => post<unknown>(`${board(slug)}/nudge`),
};
