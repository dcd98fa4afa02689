// Times and amounts as people say them, in the language that is spoken.

import { useSyncExternalStore } from "react";
import { locale, t } from "../i18n/index.ts";

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** The time, every `step` milliseconds: one clock for the whole page. */
export function useNow(step = 1000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / step) * step);
}

const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

/** One of each formatter a language: making one is slow. */
function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(name: string, make: (locale: string) => T): T {
  const key = `${locale()} ${name}`;
  const known = made.get(key) as T | undefined;
  if (known) return known;
  const fresh = make(locale());
  made.set(key, fresh);
  return fresh;
}

const number = (name: string, options: Intl.NumberFormatOptions) => cached(name, (tag) => new Intl.NumberFormat(tag, options));
const moment = (name: string, options: Intl.DateTimeFormatOptions) => cached(name, (tag) => new Intl.DateTimeFormat(tag, options));

type Unit = "day" | "hour" | "minute" | "second" | "millisecond" | "byte" | "kilobyte" | "megabyte";
const unit = (value: number, of: Unit, maximumFractionDigits = 0): string =>
  number(`${of} ${maximumFractionDigits}`, { style: "unit", unit: of, unitDisplay: of === "byte" ? "long" : of.endsWith("byte") ? "short" : "narrow", maximumFractionDigits }).format(value);

const UNITS: [number, "day" | "hour" | "minute" | "second"][] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1000, "second"],
];

/** A length of time in one unit: `3m`. */
export function short(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  for (const [size, name] of UNITS) {
    if (length >= size) return unit(Math.floor(length / size), name);
  }
  return unit(0, "second");
}

/** A length of time in its two largest units: `3m 12s`. */
export function span(milliseconds: number): string {
  let rest = Math.max(0, milliseconds);
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    if (parts.length === 2) break;
    if (rest >= size) {
      parts.push(unit(Math.floor(rest / size), name));
      rest %= size;
    } else if (parts.length > 0) break;
  }
  return parts.join(" ") || unit(Math.round(rest), "millisecond");
}

export function ms(at: string | null | undefined): number | null {
  if (!at) return null;
  const value = Date.parse(at);
  return Number.isNaN(value) ? null : value;
}

/** `3m ago`, `in 2h`. */
export function ago(at: string | null | undefined, from: number): string {
  const then = ms(at);
  if (then === null) return t("any.never");
  const length = Math.abs(from - then);
  const [size, name] = UNITS.find(([size]) => length >= size) ?? [1000, "second"];
  if (length < 5000) return t("any.justNow");
  // What is narrowest in French is a sign and a number, which nobody reads as a time.
  const relative = cached("ago", (tag) => new Intl.RelativeTimeFormat(tag, { style: tag.startsWith("fr") ? "short" : "narrow", numeric: "always" }));
  return relative.format(Math.sign(then - from) * Math.floor(length / size), name);
}

/** The moment in full, for titles. */
export function full(at: string | null | undefined): string {
  const value = ms(at);
  return value === null ? "" : moment("full", { dateStyle: "medium", timeStyle: "medium" }).format(value);
}

/** The time of day. */
export const clock = (at: number): string => moment("clock", { timeStyle: "medium" }).format(at);

/** A day such as `2026-01-31`, without its year. */
export const day = (text: string): string => moment("day", { month: "short", day: "numeric", timeZone: "UTC" }).format(Date.parse(`${text}T00:00:00Z`));

export const count = (value: number): string => number("count", {}).format(value);
export const compact = (value: number): string => number("compact", { notation: "compact", maximumFractionDigits: 1 }).format(value);
export const percent = (share: number): string => number("percent", { style: "percent", maximumFractionDigits: 0 }).format(share);
export const days = (value: number): string => unit(value, "day");

/** Money; less than a cent is said to be so. */
export function dollars(value: number): string {
  const digits = value !== 0 && value < 100 ? 2 : 0;
  const said = (amount: number, places: number) =>
    number(`dollars ${places}`, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", minimumFractionDigits: places, maximumFractionDigits: places }).format(amount);
  return value > 0 && value < 0.01 ? `<${said(0.01, 2)}` : said(value, digits);
}

export function bytes(value: number): string {
  if (value < 1024) return unit(value, "byte");
  if (value < 1024 * 1024) return unit(value / 1024, "kilobyte", value < 10_240 ? 1 : 0);
  return unit(value / 1024 / 1024, "megabyte", 1);
}
