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

/** What was written under this name and is not sent yet; `blank`, which is no object, where there is nothing. */
export function useKept<T>(name: string, blank: T): [T, (next: T) => void] {
  const value = useSyncExternalStore(subscribe, () => (kept.has(name) ? (kept.get(name) as T) : blank));
  const keep = useCallback(
    (next: T) => {
      if (next === blank) return forget(name);
      kept.set(name, next);
      for (const listener of listeners) listener();
    },
    [name, blank],
  );
  return [value, keep];
}
