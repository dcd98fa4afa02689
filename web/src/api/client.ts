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
  let response: Response;
  try {
    response = await fetch(url(path, call.query), { method, headers, body, signal: call.signal ?? null });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(unreachable());
  }
  if (!response.ok) throw new Refused(await problemOf(response));
  const data = response.status === 204 ? undefined : await response.json();
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

/** What to show a person of anything that was thrown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: t("broken.stumbled"), status: 0, detail, code: "dashboard", hint: null };
}
