// Times and amounts as people say them.

import { useSyncExternalStore } from "react";

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

const UNITS: [number, string][] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1000, "s"],
];

/** A length of time in one unit: `3 m`. */
export function short(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  for (const [size, unit] of UNITS) {
    if (length >= size) return `${Math.floor(length / size)}${unit}`;
  }
  return "0s";
}

/** A length of time in its two largest units: `3m 12s`. */
export function span(milliseconds: number): string {
  let rest = Math.max(0, milliseconds);
  const parts: string[] = [];
  for (const [size, unit] of UNITS) {
    if (parts.length === 2) break;
    if (rest >= size) {
      parts.push(`${Math.floor(rest / size)}${unit}`);
      rest %= size;
    } else if (parts.length > 0) break;
  }
  return parts.join(" ") || (milliseconds < 1000 ? `${Math.max(0, Math.round(milliseconds))}ms` : "0s");
}

export function ms(at: string | null | undefined): number | null {
  if (!at) return null;
  const value = Date.parse(at);
  return Number.isNaN(value) ? null : value;
}

/** `3m ago`, `in 2h`. */
export function ago(at: string | null | undefined, from: number): string {
  const then = ms(at);
  if (then === null) return "never";
  const length = from - then;
  if (Math.abs(length) < 5000) return "just now";
  return length > 0 ? `${short(length)} ago` : `in ${short(-length)}`;
}

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The moment in full, for titles. */
export function full(at: string | null | undefined): string {
  const value = ms(at);
  return value === null ? "" : FULL.format(value);
}

const NUMBER = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => NUMBER.format(value);
export const compact = (value: number): string => COMPACT.format(value);

export function dollars(value: number): string {
  if (value === 0) return "$0";
  if (value < 0.01) return "<$0.01";
  return value < 100 ? `$${value.toFixed(2)}` : `$${NUMBER.format(Math.round(value))}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(value < 10_240 ? 1 : 0)} KB`;
  return `${(value / 1024 / 1024).toFixed(1)} MB`;
}
