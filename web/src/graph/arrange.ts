// Where the tasks of a graph stand.

import { MarkerType } from "@xyflow/react";
import type { Edge, Node } from "@xyflow/react";
import type { Graph as GraphData, GraphNode } from "../api/types.ts";
import { statusName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { layOut } from "./layers.ts";

const WIDTH = 232;
const HEIGHT = 62;
/** Columns in which tasks without links are set. */
const LOOSE = 5;
/** How wide a row of groups becomes. */
const ROOM = 1400;

export type TaskNode = Node<{ task: GraphNode; running: boolean }, "task">;

/** Sets what is linked from left to right, and what is not linked below. */
export function arrange(data: GraphData): { nodes: TaskNode[]; edges: Edge[] } {
  const linked = new Set(data.edges.flatMap((edge) => [edge.parent, edge.child]));
  const ids = data.nodes.flatMap((node) => (linked.has(node.id) ? [node.id] : []));
  const { spots: place, height: below } = layOut(ids, data.edges, { width: WIDTH, height: HEIGHT, across: 64, between: 18 }, ROOM);
  const loose = data.nodes.filter((node) => !linked.has(node.id));
  for (const [index, node] of loose.entries()) {
    place.set(node.id, {
      x: (index % LOOSE) * (WIDTH + 18),
      y: (below > 0 ? below + 40 : 0) + Math.floor(index / LOOSE) * (HEIGHT + 18),
    });
  }
  const status = new Map(data.nodes.map((node) => [node.id, node.status]));
  return {
    nodes: data.nodes.map((task) => ({
      id: task.id,
      type: "task",
      position: place.get(task.id) ?? { x: 0, y: 0 },
      width: WIDTH,
      height: HEIGHT,
      data: { task, running: task.status === "running" },
      ariaLabel: `${task.title}, ${statusName(task.status)}`,
    })),
    edges: data.edges.map(({ parent, child }) => {
      const settled = status.get(parent) === "done" || status.get(parent) === "archived";
      return {
        id: `${parent}>${child}`,
        source: parent,
        target: child,
        animated: status.get(parent) === "running",
        markerEnd: { type: MarkerType.ArrowClosed, color: settled ? "var(--green)" : "var(--text-3)" },
        style: { stroke: settled ? "var(--green)" : "var(--text-3)", strokeWidth: 1.5 },
        ariaLabel: t("graph.waits", { child, parent }),
      };
    }),
  };
}
