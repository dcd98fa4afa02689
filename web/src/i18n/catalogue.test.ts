import { describe, expect, it } from "vitest";
import de from "./de.ts";
import { en } from "./en.ts";
import es from "./es.ts";
import fr from "./fr.ts";
import { LANGUAGES } from "./index.ts";
import type { Catalogue, Forms, Key } from "./index.ts";
import ja from "./ja.ts";
import pt from "./pt-BR.ts";
import zh from "./zh-CN.ts";

const CATALOGUES: [string, Catalogue][] = [["de", de], ["es", es], ["fr", fr], ["pt-BR", pt], ["zh-CN", zh], ["ja", ja]];
const KEYS = Object.keys(en) as Key[];

const texts = (entry: string | Forms): string[] => (typeof entry === "string" ? [entry] : Object.values(entry));
const holes = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].sort();
const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "").sort();

it("has a catalogue for each language that can be chosen", () => {
  expect(["en", ...CATALOGUES.map(([name]) => name)].sort()).toEqual(Object.keys(LANGUAGES).sort());
});

describe.for(CATALOGUES)("%s", ([name, catalogue]) => {
  it("has every text, and no other", () => {
    expect(Object.keys(catalogue).sort()).toEqual([...KEYS].sort());
  });

  it("fills the same places, and names the same commands", () => {
    for (const key of KEYS) {
      const source: string | Forms = en[key];
      const wanted = texts(source).at(-1) ?? "";
      const entry: string | Forms = catalogue[key];
      expect([key, typeof entry]).toEqual([key, typeof source]);
      expect([key, holes(texts(entry).at(-1) ?? ""), code(texts(entry).at(-1) ?? "")]).toEqual([key, holes(wanted), code(wanted)]);
      // A form for one alone may leave the number out, and nothing else.
      for (const text of texts(entry)) expect([key, holes(wanted).filter((hole) => !holes(text).includes(hole) && hole !== "n")]).toEqual([key, []]);
    }
  });

  it("has the forms that its numbers ask for", () => {
    const rules = new Intl.PluralRules(name);
    const asked = new Set([0, 1, 2, 3, 5, 11, 21, 100, 1000].map((number) => rules.select(number)));
    for (const key of KEYS) {
      const entry: string | Forms = catalogue[key];
      if (typeof entry === "string") continue;
      for (const form of asked) expect([key, Object.keys(entry)]).toEqual([key, expect.arrayContaining([form])]);
      for (const form of Object.keys(entry)) expect([key, rules.resolvedOptions().pluralCategories]).toEqual([key, expect.arrayContaining([form])]);
    }
  });

  it("is translated: no sentence is the English one, and none is empty", () => {
    for (const key of KEYS) {
      const [source, entry] = [texts(en[key]), texts(catalogue[key])];
      for (const text of entry) expect([key, text.trim().length > 0]).toEqual([key, true]);
      const words = (source.at(-1) ?? "").replace(/`[^`]*`|\{\w+\}/g, "").match(/[A-Za-z]{2,}/g) ?? [];
      if (words.length > 2) expect([key, entry.at(-1)]).not.toEqual([key, source.at(-1)]);
    }
  });
});
