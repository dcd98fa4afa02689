// What is being carried over the board, by a mouse or by a finger, and where it would land.

import { useSyncExternalStore } from "react";
import type { Status } from "../api/types.ts";
import { moveTo } from "./model.ts";

/** Where a card can be let go: a column, or the place that deletes. */
export type Target = Status | "delete";

interface Carried {
  id: string;
  from: Status;
  over: Target | null;
}

let carried: Carried | null = null;
const listeners = new Set<() => void>();

function set(next: Carried | null): void {
  carried = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const pickUp = (id: string, from: Status): void => set({ id, from, over: null });
export const hover = (over: Target | null): void => {
  if (carried && carried.over !== over) set({ ...carried, over });
};
export const letGo = (): void => set(null);

/** How a target looks: nothing over it, something that it takes, or something that it refuses. */
export type Look = "no" | "yes" | "refused";

function look(target: Target): Look {
  if (!carried || carried.over !== target) return "no";
  if (target === "delete" || carried.from === target) return "yes";
  return moveTo(carried.from, target).kind === "refuse" ? "refused" : "yes";
}

export const useLook = (target: Target): Look => useSyncExternalStore(subscribe, () => look(target));
export const useCarrying = (): boolean => useSyncExternalStore(subscribe, () => carried !== null);

/** How long a finger rests on a card before it carries it. */
const LONG_PRESS = 300;
/** How far it may tremble meanwhile. */
const TREMBLE = 9;
/** How near the edge of the board a carried card scrolls it. */
const EDGE = 48;

const SILENT = { capture: true } as const;

function targetAt(x: number, y: number): Target | null {
  const found = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-drop]");
  return (found?.dataset["drop"] as Target | undefined) ?? null;
}

/**
 * Lets a finger carry `element` after a long press; scrolling by a swipe stays what it was. Browsers' own dragging does not
 * start from a finger everywhere, and where it does, it is kept from doing so here.
 */
export function touchable(element: HTMLElement, id: string, from: Status, drop: (id: string, to: Target) => void): () => void {
  let gesture: AbortController | null = null;
  let carrying = false;
  const start = (event: PointerEvent) => {
    if (event.pointerType !== "touch" || !event.isPrimary || (event.target as HTMLElement).closest("input, [data-move]")) return;
    gesture?.abort();
    const here = new AbortController();
    gesture = here;
    const signal = here.signal;
    element.draggable = false;
    let [x, y] = [event.clientX, event.clientY];
    const [left, top] = [x, y];
    let ghost: HTMLElement | null = null;
    let frame = 0;
    const board = element.closest<HTMLElement>("[data-columns]");
    const scroll = () => {
      const side = x < EDGE ? -1 : x > window.innerWidth - EDGE ? 1 : 0;
      if (side !== 0 && board) {
        board.scrollLeft += side * 12;
        hover(targetAt(x, y));
      }
      frame = requestAnimationFrame(scroll);
    };
    const timer = setTimeout(() => {
      carrying = true;
      const box = element.getBoundingClientRect();
      ghost = element.cloneNode(true) as HTMLElement;
      ghost.removeAttribute("data-card");
      ghost.setAttribute("aria-hidden", "true");
      ghost.style.cssText = `position:fixed;left:${box.left}px;top:${box.top}px;width:${box.width}px;pointer-events:none;z-index:80;rotate:1.5deg;opacity:.94`;
      document.body.append(ghost);
      if (board) board.style.scrollSnapType = "none";
      navigator.vibrate?.(8);
      pickUp(id, from);
      scroll();
    }, LONG_PRESS);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      ghost?.remove();
      if (board) board.style.scrollSnapType = "";
      element.draggable = true;
      if (carrying) letGo();
      carrying = false;
    });
    window.addEventListener(
      "pointermove",
      (move) => {
        [x, y] = [move.clientX, move.clientY];
        if (!carrying) {
          if (Math.hypot(x - left, y - top) > TREMBLE) here.abort();
          return;
        }
        if (ghost) ghost.style.translate = `${x - left}px ${y - top}px`;
        hover(targetAt(x, y));
      },
      { signal },
    );
    window.addEventListener(
      "pointerup",
      () => {
        const to = carrying ? targetAt(x, y) : null;
        if (carrying) {
          // The finger's end would also be a click, which opens the card.
          window.addEventListener("click", swallow, SILENT);
          setTimeout(() => window.removeEventListener("click", swallow, SILENT), 80);
        }
        here.abort();
        if (to) drop(id, to);
      },
      { signal },
    );
    window.addEventListener("pointercancel", () => here.abort(), { signal });
    window.addEventListener("contextmenu", (menu) => menu.preventDefault(), { signal });
  };
  const hold = (event: TouchEvent) => {
    if (carrying && event.cancelable) event.preventDefault();
  };
  element.addEventListener("pointerdown", start);
  element.addEventListener("touchmove", hold, { passive: false });
  return () => {
    gesture?.abort();
    element.removeEventListener("pointerdown", start);
    element.removeEventListener("touchmove", hold);
  };
}

function swallow(event: MouseEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
