// Where the tasks of a graph stand.

import { Graph as Dagre, layout } from "@dagrejs/dagre";
import { MarkerType } from "@xyflow/react";
import type { Edge, Node } from "@xyflow/react";
import type { Graph as GraphData, GraphNode } from "../api/types.ts";
import { STATUS_NAME } from "../design/words.ts";

const WIDTH = 232;
const HEIGHT = 62;
/** Columns in which tasks without links are set. */
const LOOSE = 5;

export type TaskNode = Node<{ task: GraphNode; running: boolean }, "task">;

/** Sets what is linked from left to right, and what is not linked below. */
export function arrange(data: GraphData): { nodes: TaskNode[]; edges: Edge[] } {
  const linked = new Set(data.edges.flatMap((edge) => [edge.parent, edge.child]));
  const graph = new Dagre({ directed: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 64, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of data.nodes) if (linked.has(node.id)) graph.setNode(node.id, { width: WIDTH, height: HEIGHT });
  for (const edge of data.edges) if (graph.hasNode(edge.parent) && graph.hasNode(edge.child)) graph.setEdge(edge.parent, edge.child);
  // A graph without a single link has nothing to lay out, and the layouter does not take it.
  if (graph.nodeCount() > 0) layout(graph);
  let below = 0;
  const place = new Map<string, { x: number; y: number }>();
  for (const id of graph.nodes()) {
    const { x, y } = graph.node(id) as { x: number; y: number };
    place.set(id, { x: x - WIDTH / 2, y: y - HEIGHT / 2 });
    below = Math.max(below, y + HEIGHT);
  }
  const loose = data.nodes.filter((node) => !linked.has(node.id));
  for (const [index, node] of loose.entries()) {
    place.set(node.id, {
      x: 24 + (index % LOOSE) * (WIDTH + 18),
      y: (below > 0 ? below + 40 : 24) + Math.floor(index / LOOSE) * (HEIGHT + 18),
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
      ariaLabel: `${task.title}, ${STATUS_NAME[task.status]}`,
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
        ariaLabel: `${child} waits for ${parent}`,
      };
    }),
  };
}
