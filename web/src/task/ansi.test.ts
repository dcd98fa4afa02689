import { describe, expect, it } from "vitest";
import { Terminal, plain } from "./ansi.ts";

function lines(...parts: string[]): string[] {
  const terminal = new Terminal();
  for (const part of parts) terminal.write(part);
  return terminal.lines.map(plain);
}

describe("Terminal", () => {
  it("shows text whole, wherever it was cut", () => {
    const text = "\x1b[1;31merror\x1b[0m: no\r\nnext \x1b[38;5;208mline\x1b[0m";
    for (let at = 0; at <= text.length; at++) expect(lines(text.slice(0, at), text.slice(at))).toEqual(["error: no", "next line"]);
  });

  it("keeps a colour until it is reset, across lines", () => {
    const terminal = new Terminal();
    terminal.write("\x1b[32ma\nb\x1b[0mc");
    expect(terminal.lines[0]?.[0]?.style.color).toBeDefined();
    expect(terminal.lines[1]?.[0]?.style.color).toBe(terminal.lines[0]?.[0]?.style.color);
    expect(terminal.lines[1]?.[1]?.style).toEqual({});
  });

  it("draws a progress bar once", () => {
    expect(lines("10%\r50%\r100%\n", "done")).toEqual(["100%", "done"]);
  });

  it("leaves out sequences that would act: titles, links, cursor moves, bells", () => {
    expect(lines("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b[2Jc\x1b[3Ad\x07e")).toEqual(["abcde"]);
  });

  it("keeps the end of a log that is longer than it holds", () => {
    const terminal = new Terminal(3);
    terminal.write("1\n2\n3\n4\n5");
    expect(terminal.lines.map(plain)).toEqual(["3", "4", "5"]);
    expect(terminal.dropped).toBe(2);
  });
});
