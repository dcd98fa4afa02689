import { describe, expect, it } from "vitest";
import { layOut } from "./layers.ts";

const SIZES = { width: 200, height: 60, across: 60, between: 20 };
const at = (edges: [string, string][], room = 1000) => {
  const ids = [...new Set(edges.flat())];
  return layOut(ids, edges.map(([parent, child]) => ({ parent, child })), SIZES, room).spots;
};

describe("layOut", () => {
  it("sets what waits to the right of everything that it waits for", () => {
    const edges: [string, string][] = [["a", "b"], ["b", "c"], ["a", "c"], ["x", "c"]];
    const spots = at(edges);
    for (const [parent, child] of edges) expect(spots.get(parent)?.x).toBeLessThan(spots.get(child)?.x ?? 0);
    expect(spots.get("x")?.x).toBe(spots.get("b")?.x);
  });

  it("sets nothing on top of another, however the lines run", () => {
    const edges: [string, string][] = [];
    for (let from = 0; from < 60; from++) for (const step of [7, 13, 29]) edges.push([`n${from}`, `n${from + step}`]);
    const spots = [...at(edges).values()];
    for (const [index, one] of spots.entries()) {
      for (const other of spots.slice(index + 1)) {
        expect(Math.abs(one.x - other.x) >= SIZES.width || Math.abs(one.y - other.y) >= SIZES.height).toBe(true);
      }
    }
  });

  it("uncrosses two lines where it can", () => {
    const spots = at([["root", "a"], ["root", "b"], ["a", "p"], ["b", "q"], ["a", "q2"], ["b", "q"]]);
    const above = (one: string, other: string) => (spots.get(one)?.y ?? 0) < (spots.get(other)?.y ?? 0);
    expect(above("a", "b")).toBe(above("p", "q"));
    expect(above("a", "b")).toBe(above("q2", "q"));
  });

  it("sets small groups side by side, and below where the room ends", () => {
    const spots = at([["a", "b"], ["c", "d"], ["e", "f"]], 1000);
    expect(spots.get("c")?.y).toBe(spots.get("a")?.y);
    expect(spots.get("e")?.y).toBeGreaterThan(spots.get("a")?.y ?? 0);
  });

  it("lays out a board of two thousand links", () => {
    const edges: [string, string][] = [];
    for (let n = 1; n < 2000; n++) edges.push([`t${n >> 1}`, `t${n}`]);
    expect(at(edges).size).toBe(2000);
  });
});
