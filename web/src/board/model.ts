// What the board view holds: columns of which only the first cards may be loaded, and how changes fall into their places.

import type { Filter } from "../api/actions.ts";
import type { Card, CardPage, Column, Columns, Status } from "../api/types.ts";
import type { Key } from "../i18n/index.ts";

/** The order of cards in a column: the server's. */
export function before(a: Card, b: Card): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Whether a card passes the filters that can be judged here; the search cannot. */
export function passes(card: Card, filter: Filter): boolean {
  if (card.status === "archived" && !filter.archived) return false;
  if (filter.assignee !== undefined && (card.assignee ?? "") !== filter.assignee) return false;
  return filter.tenant === undefined || (card.tenant ?? "") === filter.tenant;
}

function without(cards: Card[], ids: ReadonlySet<string>): Card[] {
  return cards.some((card) => ids.has(card.id)) ? cards.filter((card) => !ids.has(card.id)) : cards;
}

function insert(cards: Card[], card: Card, more: boolean): Card[] {
  let low = 0;
  let high = cards.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = cards[middle];
    if (there && before(there, card) <= 0) low = middle + 1;
    else high = middle;
  }
  // Beyond what is loaded, the next page will bring it.
  if (low === cards.length && more) return cards;
  return [...cards.slice(0, low), card, ...cards.slice(low)];
}

/** Puts cards that were read anew into their places; asked-for cards that did not come back are gone. */
export function place(view: Columns, fresh: Card[], asked: ReadonlySet<string>, filter: Filter): Columns {
  const known = new Set<string>();
  for (const column of view.columns) for (const card of column.cards) if (asked.has(card.id)) known.add(card.id);
  const columns = view.columns.map((column): Column => {
    let cards = without(column.cards, asked);
    const lost = column.cards.length - cards.length;
    let won = 0;
    for (const card of fresh) {
      if (card.status !== column.status || !passes(card, filter)) continue;
      cards = insert(cards, card, column.next !== null);
      if (known.has(card.id)) won += 1;
    }
    if (cards === column.cards && won === 0 && lost === 0) return column;
    return { ...column, cards, count: Math.max(column.count - lost + won, cards.length) };
  });
  return { ...view, columns };
}

/** Appends the next page of a column. */
export function append(view: Columns, status: Status, page: CardPage): Columns {
  return {
    ...view,
    columns: view.columns.map((column) => {
      if (column.status !== status) return column;
      const known = new Set(column.cards.map((card) => card.id));
      const cards = [...column.cards, ...page.cards.filter((card) => !known.has(card.id))];
      const count = page.next === null ? cards.length : Math.max(column.count, cards.length);
      return { ...column, cards, next: page.next, count };
    }),
  };
}

/** Takes counts and what stands beside them from a newer answer, and keeps the cards. */
export function recount(view: Columns, newer: Columns): Columns {
  const counts = new Map(newer.columns.map((column) => [column.status, column.count]));
  return {
    ...view,
    tenants: newer.tenants,
    assignees: newer.assignees,
    paused: newer.paused,
    columns: view.columns.map((column) => {
      const count = counts.get(column.status) ?? column.count;
      return count === column.count ? column : { ...column, count };
    }),
  };
}

/** The view as it will be once the server agrees. */
export function moved(view: Columns, ids: ReadonlySet<string>, to: Status, filter: Filter): Columns {
  const cards: Card[] = [];
  for (const column of view.columns) {
    for (const card of column.cards) if (ids.has(card.id)) cards.push({ ...card, status: to });
  }
  return place(view, cards, new Set(cards.map((card) => card.id)), filter);
}

export function find(view: Columns, id: string): Card | undefined {
  for (const column of view.columns) {
    const found = column.cards.find((card) => card.id === id);
    if (found) return found;
  }
  return undefined;
}

export type Step = "specify" | "triage" | "hold" | "promote" | "unblock" | "reopen" | "reclaim" | "approve";

/** What a drop on a column does, and what it must ask first. */
export type Move =
  | { kind: "verbs"; verbs: [Step, ...Step[]]; ask: boolean }
  | { kind: "ask"; dialog: "block" | "complete" | "schedule" | "archive" | "request-changes" }
  | { kind: "refuse"; why: Why };

/** Why there is no way, as a text of the catalogue. */
type Why = Extract<Key, "move.there" | "move.running" | "move.review" | "move.finished" | "move.idea" | "move.later">;

const refuse = (why: Why): Move => ({ kind: "refuse", why });
const verbs = (ask: boolean, ...steps: [Step, ...Step[]]): Move => ({ kind: "verbs", verbs: steps, ask });

/** How a card gets from one column to another, by the verbs that lead there; `held` is whether it waits for a promote besides. */
export function moveTo(from: Status, to: Status, held = false): Move {
  if (from === to) return refuse("move.there");
  if (to === "running") return refuse("move.running");
  if (to === "review") return refuse("move.review");
  if (to === "archived") return { kind: "ask", dialog: "archive" };
  if (from === "done" || from === "archived") {
    if (to === "ready") return verbs(from === "done", "reopen");
    return refuse("move.finished");
  }
  switch (to) {
    case "triage":
      return from === "running" ? verbs(true, "reclaim", "triage") : verbs(false, "triage");
    case "todo":
      if (from === "running") return verbs(true, "reclaim", "hold");
      if (from === "triage") return verbs(false, "hold", "specify");
      // Held first, so that it cannot start in between.
      return from === "blocked" || from === "scheduled" ? verbs(false, "hold", "unblock") : verbs(false, "hold");
    case "ready":
      if (from === "running") return verbs(true, "reclaim");
      if (from === "review") return { kind: "ask", dialog: "request-changes" };
      // What is held as well would only go back to To do.
      if (from === "blocked" || from === "scheduled") return held ? verbs(false, "unblock", "promote") : verbs(false, "unblock");
      return from === "triage" ? verbs(false, "specify") : verbs(false, "promote");
    case "scheduled":
      return from === "triage" ? refuse(IDEA) : { kind: "ask", dialog: "schedule" };
    case "blocked":
      if (from === "triage") return refuse(IDEA);
      return from === "scheduled" ? refuse(LATER) : { kind: "ask", dialog: "block" };
    case "done":
      if (from === "triage") return refuse(IDEA);
      if (from === "scheduled") return refuse(LATER);
      return from === "review" ? verbs(true, "approve") : { kind: "ask", dialog: "complete" };
  }
}

const IDEA = "move.idea";
const LATER = "move.later";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How old what a card shows is, and whether that is a worry. */
export function age(card: Card, now: number): { since: number; worry: "none" | "amber" | "red" } {
  const at = (text: string | null) => (text ? Date.parse(text) : null);
  const by = (since: number, amber: number, red: number) => {
    const length = now - since;
    return { since, worry: length >= red ? ("red" as const) : length >= amber ? ("amber" as const) : ("none" as const) };
  };
  const updated = at(card.updated_at) ?? now;
  switch (card.status) {
    case "running":
      return by(at(card.run_started_at) ?? at(card.started_at) ?? updated, HOUR / 6, HOUR);
    case "ready":
    case "review":
      return by(updated, HOUR, DAY);
    case "blocked":
      return by(at(card.blocked_at) ?? updated, HOUR, DAY);
    case "todo":
      return by(at(card.created_at) ?? updated, 7 * DAY, 30 * DAY);
    case "triage":
    case "scheduled":
      return { since: at(card.created_at) ?? updated, worry: "none" };
    case "done":
    case "archived":
      return { since: at(card.completed_at) ?? updated, worry: "none" };
  }
}
