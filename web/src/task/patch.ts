// A unified patch as files and lines with their numbers.

export interface PatchLine {
  kind: "same" | "added" | "removed" | "hunk" | "note";
  text: string;
  /** Its number before and after; none where it is not there. */
  old: number | null;
  new: number | null;
}

export interface PatchFile {
  path: string;
  /** Its path before, where it has another now. */
  from: string | null;
  state: "changed" | "added" | "deleted" | "renamed";
  lines: PatchLine[];
}

const NOWHERE = "/dev/null";

/** A path of a header line, without the prefix that git sets before it, and unquoted where it is quoted. */
function pathOf(text: string): string {
  const trimmed = text.replace(/\t.*$/, "");
  const quoted = /^"(.*)"$/.exec(trimmed)?.[1];
  const plain = quoted === undefined ? trimmed : unquote(quoted);
  return plain === NOWHERE ? plain : plain.replace(/^[ab]\//, "");
}

/** What git writes for bytes that are not plain: three octal digits each. */
function unquote(text: string): string {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [piece, octal, other] of text.matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...encoder.encode(other === undefined ? piece : ({ n: "\n", t: "\t" }[other] ?? other)));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** Reads a patch as git writes it; what it does not understand it shows as a note. */
export function readPatch(patch: string): PatchFile[] {
  const files: PatchFile[] = [];
  let file: PatchFile | null = null;
  let [before, after] = [0, 0];
  // Lines that the hunk still has on either side: within it, `---` is a removed line and no header.
  let [oldLeft, newLeft] = [0, 0];
  const lines = patch.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    if (file && (oldLeft > 0 || newLeft > 0)) {
      const sign = line[0] ?? " ";
      if (sign === "+") {
        file.lines.push({ kind: "added", text: line.slice(1), old: null, new: after++ });
        newLeft -= 1;
        continue;
      }
      if (sign === "-") {
        file.lines.push({ kind: "removed", text: line.slice(1), old: before++, new: null });
        oldLeft -= 1;
        continue;
      }
      if (sign === " ") {
        file.lines.push({ kind: "same", text: line.slice(1), old: before++, new: after++ });
        oldLeft -= 1;
        newLeft -= 1;
        continue;
      }
    }
    const start = /^diff --git (.+)$/.exec(line);
    if (start) {
      file = { path: pathOf(/ ("?b\/.+)$/.exec(start[1] ?? "")?.[1] ?? start[1] ?? ""), from: null, state: "changed", lines: [] };
      files.push(file);
      [oldLeft, newLeft] = [0, 0];
      continue;
    }
    if (!file) continue;
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[3])];
      [oldLeft, newLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      file.lines.push({ kind: "hunk", text: hunk[5] ?? "", old: before, new: after });
    } else if (line.startsWith("--- ")) {
      if (pathOf(line.slice(4)) === NOWHERE) file.state = "added";
    } else if (line.startsWith("+++ ")) {
      const path = pathOf(line.slice(4));
      if (path === NOWHERE) file.state = "deleted";
      else file.path = path;
    } else if (line.startsWith("rename from ")) {
      file.state = "renamed";
      file.from = pathOf(line.slice(12));
    } else if (line.startsWith("rename to ")) {
      file.path = pathOf(line.slice(10));
    } else if (line.startsWith("Binary files ") || line.startsWith("\\ ")) {
      file.lines.push({ kind: "note", text: line.replace(/^\\ /, ""), old: null, new: null });
    } else if (line.startsWith("new file")) file.state = "added";
    else if (line.startsWith("deleted file")) file.state = "deleted";
  }
  return files;
}
