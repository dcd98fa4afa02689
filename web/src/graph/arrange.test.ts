import { describe, expect, it } from "vitest";
import type { GraphNode } from "../api/types.ts";
import { arrange } from "./arrange.ts";

const node = (id: string): GraphNode => ({ id, title: id, status: "todo", assignee: null, priority: 0 });

describe("arrange", () => {
  it("sets a board without a single link", () => {
    const { nodes } = arrange({ nodes: [node("a"), node("b")], edges: [], truncated: false });
    expect(new Set(nodes.map((each) => `${each.position.x},${each.position.y}`)).size).toBe(2);
  });

  it("sets a parent left of its children, and nothing on top of another", () => {
    const { nodes } = arrange({
      nodes: [node("a"), node("b"), node("c"), node("d")],
      edges: [
        { parent: "a", child: "b" },
        { parent: "a", child: "c" },
      ],
      truncated: false,
    });
    const x = (id: string) => nodes.find((each) => each.id === id)?.position.x ?? 0;
    expect(x("a")).toBeLessThan(x("b"));
    expect(x("b")).toBe(x("c"));
    expect(new Set(nodes.map((each) => `${each.position.x},${each.position.y}`)).size).toBe(4);
  });
});
