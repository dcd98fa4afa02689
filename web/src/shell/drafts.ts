// What somebody is writing, kept while the page is open: a drawer that closes and a view that is left lose no words.

import { useCallback, useSyncExternalStore } from "react";

const kept = new Map<string, unknown>();
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Forgets what was written there. */
export function forget(name: string): void {
  if (kept.delete(name)) for (const listener of listeners) listener();
}

/** Forgets what was sent; what was written there since stays. */
export function sent(name: string, what: string): void {
  if (kept.get(name) === what) forget(name);
}

/** What was written under this name and is not sent yet; `blank`, which is no object, where there is nothing. */
export function useKept<T>(name: string, blank: T): [T, (next: T | ((old: T) => T)) => void] {
  const value = useSyncExternalStore(subscribe, () => (kept.has(name) ? (kept.get(name) as T) : blank));
  const keep = useCallback(
    (change: T | ((old: T) => T)) => {
      const old = kept.has(name) ? (kept.get(name) as T) : blank;
      const next = typeof change === "function" ? (change as (old: T) => T)(old) : change;
      if (next === blank) return forget(name);
      kept.set(name, next);
      for (const listener of listeners) listener();
    },
    [name, blank],
  );
  return [value, keep];
}
