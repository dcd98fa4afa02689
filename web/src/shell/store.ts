// Small pieces of state that are not the server's: toasts and the open dialog.

import { useSyncExternalStore } from "react";
import type { Problem, Status } from "../api/types.ts";
import type { Draft } from "./task-fields.tsx";

class Store<T> {
  #value: T;
  #listeners = new Set<() => void>();
  constructor(value: T) {
    this.#value = value;
  }
  get = (): T => this.#value;
  set(value: T): void {
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

export interface Toast {
  id: number;
  tone: "ok" | "problem";
  text: string;
  hint?: string | null;
  offer?: { label: string; act: () => void };
}

const toasts = new Store<Toast[]>([]);
let nextToast = 1;

export function toast(entry: Omit<Toast, "id">): void {
  const id = nextToast++;
  toasts.set([...toasts.get().slice(-3), { ...entry, id }]);
  setTimeout(() => dismiss(id), entry.tone === "ok" ? 4000 : 9000);
}

export function refusal(problem: Problem): void {
  toast({ tone: "problem", text: problem.detail ?? problem.title, hint: problem.hint });
}

export function dismiss(id: number): void {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

export const useToasts = (): Toast[] => useStore(toasts);

/** What was said in a dialog before, which was refused. */
export interface Said {
  text: string;
  choice: string;
  when: string;
  flag: boolean;
}

export type OpenDialog =
  | { kind: "new-task"; status?: Status; parent?: string; start?: Partial<Draft> }
  | { kind: "new-board" }
  | { kind: "edit-board" }
  | { kind: "decompose"; id: string; title: string }
  | { kind: "palette" }
  | { kind: "shortcuts" }
  | { kind: "cord" }
  | { kind: "block" | "complete" | "schedule" | "archive" | "request-changes" | "delete" | "reassign" | "stop"; ids: string[]; said?: Said }
  | { kind: "confirm"; title: string; text: string; label: string; danger?: boolean; act: () => void };

const dialog = new Store<OpenDialog | null>(null);
export const openDialog = (next: OpenDialog): void => dialog.set(next);
export const closeDialog = (): void => dialog.set(null);
export const isDialogOpen = (): boolean => dialog.get() !== null;
export const useDialog = (): OpenDialog | null => useStore(dialog);

/** The task whose log somebody wants to read, until its drawer shows it. */
const logWish = new Store<string | null>(null);
export const useLogWish = (): string | null => useStore(logWish);
export const wishLog = (id: string | null): void => logWish.set(id);

export type Theme = "light" | "dark" | "system";

function chosenTheme(): Theme {
  const chosen = localStorage.getItem("andon.theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

const theme = new Store<Theme>(chosenTheme());
const system = matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  const chosen = theme.get();
  const dark = chosen === "system" ? system.matches : chosen === "dark";
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}
system.addEventListener("change", apply);

export function setTheme(next: Theme): void {
  if (next === "system") localStorage.removeItem("andon.theme");
  else localStorage.setItem("andon.theme", next);
  theme.set(next);
  apply();
}
export const useTheme = (): Theme => useStore(theme);

/** The cards that are selected on the board, and the one that Shift extends from. */
const selection = new Store<ReadonlySet<string>>(new Set());
export const useSelection = (): ReadonlySet<string> => useStore(selection);
export const selected = selection.get;
export const select = (ids: ReadonlySet<string>): void => selection.set(ids);
/** Cards whose last bulk action was refused, with the reason. */
const failed = new Store<ReadonlyMap<string, string>>(new Map());
export const useFailed = (): ReadonlyMap<string, string> => useStore(failed);
export const setFailed = (next: ReadonlyMap<string, string>): void => failed.set(next);

/** Columns that this person has folded; they stay so on this machine. */
const FOLDED = "andon.folded";
const folded = new Store<ReadonlySet<string>>(new Set((localStorage.getItem(FOLDED) ?? "").split(" ").filter(Boolean)));
export const useFolded = (status: Status): boolean => useSyncExternalStore(folded.subscribe, () => folded.get().has(status));
export function fold(status: Status, away: boolean): void {
  const next = new Set(folded.get());
  if (away) next.add(status);
  else next.delete(status);
  folded.set(next);
  localStorage.setItem(FOLDED, [...next].join(" "));
}
