// The event stream of one board: one EventSource for all tabs of a browser, which resumes where it stopped.
//
// A browser opens at most six connections to a host over HTTP/1.1, so the tabs elect a leader by a web lock; it reads the
// stream and passes on what comes through a broadcast channel. Where locks are not there, every tab reads for itself.

import { url } from "./client.ts";
import type { BoardEvent } from "./types.ts";

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "lost"; since: number; retryAt: number }
  /** The server knows the browser no more: nothing is tried until somebody logs in again. */
  | { state: "denied"; since: number };

export interface Listener {
  /** Something happened on the board. */
  event(event: BoardEvent): void;
  /** Events were missed for good: everything must be read again. */
  resync(): void;
}

type Message =
  | { type: "event"; id: string; event: BoardEvent }
  | { type: "resync"; id: string }
  | { type: "connection"; connection: Connection }
  | { type: "hello" };

/** The stream says something every 15 s; after this long without, the connection is dead. */
const SILENCE = 40_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 10_000;

export class Live {
  readonly board: string;
  #listeners = new Set<Listener>();
  #watchers = new Set<() => void>();
  #connection: Connection = { state: "connecting" };
  #cursor: string | null = null;
  #channel: BroadcastChannel | null = null;
  #source: EventSource | null = null;
  #leads = false;
  #closed = false;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #watchdog: ReturnType<typeof setTimeout> | null = null;
  #abort = new AbortController();

  constructor(board: string) {
    this.board = board;
    if (typeof BroadcastChannel !== "undefined") {
      this.#channel = new BroadcastChannel(`andon:${board}`);
      this.#channel.onmessage = (message: MessageEvent<Message>) => this.#hear(message.data);
    }
  }

  /** Starts to read after `cursor`. */
  start(cursor: string): void {
    if (this.#cursor !== null || this.#closed) return;
    this.#cursor = cursor;
    if (!navigator.locks || !this.#channel) {
      this.#lead();
      return;
    }
    this.#channel.postMessage({ type: "hello" } satisfies Message);
    navigator.locks
      .request(`andon:${this.board}`, { signal: this.#abort.signal }, () => {
        this.#lead();
        return new Promise<void>((resolve) => {
          this.#abort.signal.addEventListener("abort", () => resolve());
        });
      })
      .catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#abort.abort();
    this.#stop();
    this.#channel?.close();
    if (this.#retry) clearTimeout(this.#retry);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  connection = (): Connection => this.#connection;

  /** Tries again at once. */
  reconnect = (): void => {
    if (this.#leads) {
      this.#attempt = 0;
      this.#open();
    }
  };

  #lead(): void {
    if (this.#closed) return;
    this.#leads = true;
    this.#open();
  }

  #open(): void {
    this.#stop();
    if (this.#retry) clearTimeout(this.#retry);
    const path = `/boards/${encodeURIComponent(this.board)}/events`;
    const source = new EventSource(url(path, { after: this.#cursor }));
    this.#source = source;
    const alive = () => {
      this.#attempt = 0;
      this.#patience();
      this.#say({ state: "live" });
    };
    source.addEventListener("ready", alive);
    source.addEventListener("heartbeat", alive);
    source.addEventListener("event", (message) => {
      alive();
      this.#tell({ type: "event", id: message.lastEventId, event: JSON.parse(message.data) as BoardEvent });
    });
    source.addEventListener("resync", (message) => {
      alive();
      this.#tell({ type: "resync", id: message.lastEventId });
    });
    source.onerror = () => this.#lose();
    this.#patience();
  }

  #stop(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#watchdog) clearTimeout(this.#watchdog);
  }

  #patience(): void {
    if (this.#watchdog) clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lose(), SILENCE);
  }

  #lose(): void {
    this.#stop();
    if (this.#closed) return;
    const wait = Math.min(FIRST_RETRY * 2 ** this.#attempt, LAST_RETRY);
    this.#attempt += 1;
    const since = "since" in this.#connection ? this.#connection.since : Date.now();
    this.#say({ state: "lost", since, retryAt: Date.now() + wait });
    this.#retry = setTimeout(() => this.#open(), wait);
    // A stream does not say why it was refused; another question does.
    void fetch(url("/me")).then(
      ({ status }) => {
        if (status !== 401 || this.#closed || this.#connection.state !== "lost") return;
        if (this.#retry) clearTimeout(this.#retry);
        this.#stop();
        this.#say({ state: "denied", since });
      },
      () => undefined,
    );
  }

  #tell(message: Message): void {
    this.#channel?.postMessage(message);
    this.#take(message);
  }

  #say(connection: Connection): void {
    if (connection.state === "live" && this.#connection.state === "live") return;
    this.#tell({ type: "connection", connection });
  }

  #hear(message: Message): void {
    if (message.type === "hello") {
      if (this.#leads) {
        const answer: Message = { type: "connection", connection: this.#connection };
        this.#channel?.postMessage(answer);
      }
      return;
    }
    if (!this.#leads) this.#take(message);
  }

  #take(message: Message): void {
    if (message.type === "connection") {
      this.#connection = message.connection;
      for (const watcher of this.#watchers) watcher();
      return;
    }
    if (message.type === "hello") return;
    if (message.id) this.#cursor = message.id;
    for (const listener of this.#listeners) {
      if (message.type === "event") listener.event(message.event);
      else listener.resync();
    }
  }
}
