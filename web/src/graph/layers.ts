// A layout for dependencies: what waits stands to the right of what it waits for, and lines cross as little as is easily had.

export interface Spot {
  x: number;
  y: number;
}

export interface Layout {
  spots: Map<string, Spot>;
  width: number;
  height: number;
}

interface Sizes {
  width: number;
  height: number;
  /** Between layers, and between two tasks of a layer. */
  across: number;
  between: number;
}

type Edge = { parent: string; child: string };

/** Passes over the layers that look for a better order, and for a better height. */
const SWEEPS = 6;

/** Groups of tasks that are linked with each other, the largest first. */
function groups(ids: string[], parents: Map<string, string[]>, children: Map<string, string[]>): string[][] {
  const seen = new Set<string>();
  const found: string[][] = [];
  for (const id of ids) {
    if (seen.has(id)) continue;
    const group: string[] = [];
    const open = [id];
    seen.add(id);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      group.push(next);
      for (const other of [...(parents.get(next) ?? []), ...(children.get(next) ?? [])]) {
        if (!seen.has(other)) {
          seen.add(other);
          open.push(other);
        }
      }
    }
    found.push(group);
  }
  return found.sort((a, b) => b.length - a.length);
}

/** The layer of each task: one to the right of the last of its parents; what has none moves next to its first child. */
function layersOf(group: string[], parents: Map<string, string[]>, children: Map<string, string[]>): string[][] {
  const layer = new Map<string, number>();
  const waits = new Map(group.map((id) => [id, parents.get(id)?.length ?? 0]));
  const open = group.filter((id) => waits.get(id) === 0);
  for (let at = 0; at < open.length; at++) {
    const id = open[at] ?? "";
    layer.set(id, Math.max(0, ...(parents.get(id) ?? []).map((parent) => (layer.get(parent) ?? 0) + 1)));
    for (const child of children.get(id) ?? []) {
      const left = (waits.get(child) ?? 1) - 1;
      waits.set(child, left);
      if (left === 0) open.push(child);
    }
  }
  for (const id of open) {
    const first = Math.min(...(children.get(id) ?? []).map((child) => layer.get(child) ?? 0));
    if ((parents.get(id)?.length ?? 0) === 0 && Number.isFinite(first)) layer.set(id, first - 1);
  }
  const layers: string[][] = [];
  for (const id of group) {
    const at = layer.get(id) ?? 0;
    layers[at] ??= [];
    layers[at].push(id);
  }
  return layers.map((each) => each ?? []);
}

const mean = (values: number[]): number | null => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);

/** Orders each layer by where its neighbours stand, to and fro. */
function untangle(layers: string[][], parents: Map<string, string[]>, children: Map<string, string[]>): void {
  const place = new Map<string, number>();
  const note = (layer: string[]) => {
    for (const [index, id] of layer.entries()) place.set(id, index);
  };
  for (const layer of layers) note(layer);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const [order, next] = sweep % 2 === 0 ? [layers, parents] : [[...layers].reverse(), children];
    for (const layer of order) {
      const wish = new Map(layer.map((id) => [id, mean((next.get(id) ?? []).map((other) => place.get(other) ?? 0)) ?? place.get(id) ?? 0]));
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      note(layer);
    }
  }
}

/** Heights: each task as near to the middle of its neighbours as its own neighbours above and below let it. */
function heights(layers: string[][], parents: Map<string, string[]>, children: Map<string, string[]>, step: number): Map<string, number> {
  const y = new Map<string, number>();
  for (const layer of layers) for (const [index, id] of layer.entries()) y.set(id, index * step);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const [order, next] = sweep % 2 === 0 ? [layers, parents] : [[...layers].reverse(), children];
    for (const layer of order) {
      const wish = layer.map((id) => mean((next.get(id) ?? []).map((other) => y.get(other) ?? 0)) ?? y.get(id) ?? 0);
      const down = [...wish];
      for (let at = 1; at < down.length; at++) down[at] = Math.max(down[at] ?? 0, (down[at - 1] ?? 0) + step);
      const up = [...wish];
      for (let at = up.length - 2; at >= 0; at--) up[at] = Math.min(up[at] ?? 0, (up[at + 1] ?? 0) - step);
      for (const [at, id] of layer.entries()) y.set(id, ((down[at] ?? 0) + (up[at] ?? 0)) / 2);
    }
  }
  return y;
}

/** Lays out what is linked, group by group, in rows of groups no wider than `room` where that can be. */
export function layOut(ids: string[], edges: Edge[], sizes: Sizes, room: number): Layout {
  const known = new Set(ids);
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, key: string, value: string) => {
    const there = to.get(key);
    if (there) there.push(value);
    else to.set(key, [value]);
  };
  for (const { parent, child } of edges) {
    if (!known.has(parent) || !known.has(child)) continue;
    add(parents, child, parent);
    add(children, parent, child);
  }
  const spots = new Map<string, Spot>();
  let [left, top, tallest, width] = [0, 0, 0, 0];
  for (const group of groups(ids, parents, children)) {
    const layers = layersOf(group, parents, children);
    untangle(layers, parents, children);
    const y = heights(layers, parents, children, sizes.height + sizes.between);
    const least = Math.min(...y.values());
    const tall = Math.max(...y.values()) - least + sizes.height;
    const wide = layers.length * (sizes.width + sizes.across) - sizes.across;
    if (left > 0 && left + wide > room) {
      [left, top, tallest] = [0, top + tallest + sizes.between * 2, 0];
    }
    for (const [index, layer] of layers.entries()) {
      for (const id of layer) spots.set(id, { x: left + index * (sizes.width + sizes.across), y: top + (y.get(id) ?? 0) - least });
    }
    left += wide + sizes.across;
    tallest = Math.max(tallest, tall);
    width = Math.max(width, left - sizes.across);
  }
  return { spots, width, height: top + tallest };
}
