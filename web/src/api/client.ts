// One door to the server: JSON in, JSON out, every refusal a `Refused` that carries the server's own words.

import { t } from "../i18n/index.ts";
import type { Problem } from "./types.ts";

/** What the server refused, or why it could not be reached. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "Refused";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get hint(): string | null {
    return this.problem.hint;
  }
}

const unreachable = (): Problem => ({
  title: t("reach.title"),
  status: 0,
  detail: t("reach.detail"),
  code: "unreachable",
  hint: t("reach.hint"),
});

type Scalar = string | number | boolean | null | undefined;

export interface Call {
  query?: Record<string, Scalar>;
  body?: unknown;
  /** Sent as it is, instead of JSON. */
  raw?: Blob;
  etag?: string | null;
  signal?: AbortSignal;
  /** Asked for again after it got no answer, it is not done a second time. */
  once?: boolean;
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

/** The address of a route, for links and streams. */
export function url(path: string, query?: Record<string, Scalar>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  const text = search.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    return {
      title: body.title ?? response.statusText,
      status: response.status,
      detail: body.detail ?? null,
      code: body.code ?? "unknown",
      hint: body.hint ?? null,
    };
  } catch {
    const title = response.statusText || t("reach.answered", { status: String(response.status) });
    return { title, status: response.status, detail: null, code: "unknown", hint: null };
  }
}

/** For how long a request that got no answer is known again, in milliseconds. */
const KNOWN_AGAIN = 5 * 60_000;

/** The keys of requests whose answer never came: who asks for the same again gets what was done, not a second one of it. */
const unanswered = new Map<string, { key: string; at: number }>();

/** A name that no other request has. `randomUUID` is there on secure pages alone. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether an answer leaves open what became of the request: nothing came, or a proxy or the moment spoke. */
function open(status: number, code: string): boolean {
  return status >= 500 || status === 429 || code === "idempotency_in_flight";
}

/** Sends a request and waits for its answer. Throws `Refused`. */
export async function send<T>(method: string, path: string, call: Call = {}): Promise<Answer<T>> {
  const headers = new Headers({ Accept: "application/json" });
  let body: BodyInit | null = null;
  if (call.raw) {
    body = call.raw;
    headers.set("Content-Type", call.raw.type || "application/octet-stream");
  } else if (call.body !== undefined) {
    body = JSON.stringify(call.body);
    headers.set("Content-Type", "application/json");
  }
  if (call.etag) headers.set("If-Match", call.etag);
  const same = call.once ? `${path} ${String(body)}` : null;
  const before = same === null ? undefined : unanswered.get(same);
  const key = before && Date.now() - before.at < KNOWN_AGAIN ? before.key : newKey();
  if (same) headers.set("Idempotency-Key", key);
  const leaveOpen = () => same && unanswered.set(same, { key, at: Date.now() });
  let response: Response;
  try {
    response = await fetch(url(path, call.query), { method, headers, body, signal: call.signal ?? null });
  } catch (error) {
    leaveOpen();
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(unreachable());
  }
  const problem = response.ok ? null : await problemOf(response);
  if (problem && open(problem.status, problem.code)) leaveOpen();
  else if (problem && same) unanswered.delete(same);
  if (problem) throw new Refused(problem);
  let data: unknown;
  try {
    data = response.status === 204 ? undefined : await response.json();
  } catch (error) {
    // It was cut off: what was asked for is done, and the rest of the answer is to be had.
    leaveOpen();
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(unreachable());
  }
  if (same) unanswered.delete(same);
  return { data: data as T, etag: response.headers.get("ETag") };
}

export async function get<T>(path: string, query?: Call["query"], signal?: AbortSignal): Promise<T> {
  const call: Call = {};
  if (query) call.query = query;
  if (signal) call.signal = signal;
  return (await send<T>("GET", path, call)).data;
}

export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  return (await send<T>("POST", path, { body })).data;
}

/** Posts what must not be there twice because an answer was lost. */
export async function postOnce<T>(path: string, body: unknown): Promise<T> {
  return (await send<T>("POST", path, { body, once: true })).data;
}

/** What to show a person of anything that was thrown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: t("broken.stumbled"), status: 0, detail, code: "dashboard", hint: null };
}
