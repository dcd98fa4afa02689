import { expect, it } from "vitest";
import { plainWords } from "./plain.ts";

it("leaves the words and takes the signs", () => {
  expect(plainWords("## Plan\n- **first** `a_b` and [this](https://example.org)\n> said")).toBe("Plan\nfirst a_b and this\nsaid");
});

it("leaves what only resembles signs", () => {
  for (const text of ["2 ** 3 ** 4", "snake_case__name", "a - b", "`", "[x]"]) expect(plainWords(text)).toBe(text);
});
