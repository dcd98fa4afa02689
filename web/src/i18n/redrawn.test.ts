import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
const sources = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".tsx") && !name.includes(".test."))
  .map((name) => readFileSync(join(SOURCES, name), "utf8"));

/** What is drawn for itself, not with what stands around it: kept pictures, the views of the router, the cards of the graph. */
const ALONE = [/\bmemo\(function (\w+)/g, /\b(?:component|errorComponent): (\w+)/g, /\bNODE_TYPES = \{ \w+: (\w+) \}/g, /\bexport default function (Attention|GraphView|Fleet)\b/g];

/** The function of this name. */
function body(name: string): string | null {
  for (const source of sources) {
    const [, found] = new RegExp(`function ${name}\\(([^]*?)\\n}(?:\\);)?\\n`).exec(source) ?? [];
    if (found !== undefined) return found;
  }
  return null;
}

it("asks for the language wherever something is drawn for itself", () => {
  const names = sources.flatMap((source) => ALONE.flatMap((made) => [...source.matchAll(made)].flatMap(([, name]) => name ?? [])));
  const found = names.map((name) => [name, body(name)] as const).filter(([, text]) => text !== null);
  expect(found.map(([name]) => name)).toEqual(expect.arrayContaining(["Attention", "Board", "Card", "Column", "Fleet", "GraphView", "Layout", "Nowhere", "TaskCard"]));
  expect(found.filter(([, text]) => !text?.includes("useLanguage()")).map(([name]) => name)).toEqual([]);
});
