// What a terminal would show of a worker's output: colours and weights, without anything that could act.

export interface Style {
  color?: string;
  background?: string;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
}

export interface Piece {
  text: string;
  style: Style;
}

export type Line = Piece[];

/** The sixteen colours on the log's dark ground; each has at least 4.5:1 there. */
const BASE = [
  "#8b909c", "#ff7b80", "#58c878", "#f0b34a", "#8ea2ff", "#d59bf6", "#58c4dc", "#d6d9df",
  "#a0a5b1", "#ff9a9e", "#7fdc98", "#ffcb70", "#adbaff", "#e3b8ff", "#85daec", "#ffffff",
];

function indexed(code: number): string {
  if (code < 16) return BASE[code] ?? "#d6d9df";
  if (code >= 232) {
    const grey = Math.max(8 + (code - 232) * 10, 0x80);
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const at = code - 16;
  const step = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  return `rgb(${step(Math.floor(at / 36))} ${step(Math.floor(at / 6) % 6)} ${step(at % 6)})`;
}

function extended(codes: number[], at: number): [string | undefined, number] {
  if (codes[at + 1] === 5) return [indexed(codes[at + 2] ?? 7), 2];
  if (codes[at + 1] === 2) {
    const [red, green, blue] = [codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0].map((v) => Math.min(v, 255));
    return [`rgb(${red} ${green} ${blue})`, 4];
  }
  return [undefined, 0];
}

function restyle(style: Style, text: string): Style {
  const codes = text === "" ? [0] : text.split(/[;:]/).map((part) => Number(part) || 0);
  let next: Style = { ...style };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) {
      delete next.bold;
      delete next.dim;
    } else if (code === 23) delete next.italic;
    else if (code === 24) delete next.underline;
    else if (code >= 30 && code <= 37) next.color = indexed(code - 30);
    else if (code >= 90 && code <= 97) next.color = indexed(code - 82);
    else if (code === 39) delete next.color;
    else if (code >= 40 && code <= 47) next.background = `color-mix(in srgb, ${indexed(code - 40)} 28%, transparent)`;
    else if (code >= 100 && code <= 107) next.background = `color-mix(in srgb, ${indexed(code - 92)} 28%, transparent)`;
    else if (code === 49) delete next.background;
    else if (code === 38 || code === 48) {
      const [color, used] = extended(codes, at);
      if (color && code === 38) next.color = color;
      if (color && code === 48) next.background = `color-mix(in srgb, ${color} 28%, transparent)`;
      at += used;
    }
  }
  return next;
}

// Colours are read; every other sequence, titles and links among them, is left out.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const SEQUENCE = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?$/;

/** Reads output piece by piece; a sequence or a line may be cut anywhere. */
export class Terminal {
  readonly lines: Line[] = [[]];
  #style: Style = {};
  #rest = "";
  #dropped = 0;
  readonly #limit: number;

  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  /** Lines that were left out at the top. */
  get dropped(): number {
    return this.#dropped;
  }

  write(text: string): void {
    let input = this.#rest + text;
    this.#rest = "";
    const cut = UNFINISHED.exec(input) ?? /\r$/.exec(input);
    if (cut && input.length - cut.index < 4096) {
      this.#rest = input.slice(cut.index);
      input = input.slice(0, cut.index);
    }
    for (const [index, part] of input.split(/\r?\n/).entries()) {
      if (index > 0) this.lines.push([]);
      // A carriage return starts the line anew, as progress bars do.
      const redraw = part.lastIndexOf("\r");
      if (redraw !== -1) this.lines[this.lines.length - 1] = [];
      this.#append(redraw === -1 ? part : part.slice(redraw + 1));
    }
    if (this.lines.length > this.#limit) {
      const over = this.lines.length - this.#limit;
      this.lines.splice(0, over);
      this.#dropped += over;
    }
  }

  #append(text: string): void {
    const line = this.lines[this.lines.length - 1];
    if (!line) return;
    let from = 0;
    for (const match of text.matchAll(SEQUENCE)) {
      if (match.index > from) line.push({ text: text.slice(from, match.index), style: this.#style });
      if (match[1] !== undefined) this.#style = restyle(this.#style, match[1]);
      from = match.index + match[0].length;
    }
    if (from < text.length) line.push({ text: text.slice(from), style: this.#style });
  }
}

export function plain(line: Line): string {
  return line.map((piece) => piece.text).join("");
}
