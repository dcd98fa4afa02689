import { describe, expect, it } from "vitest";
import { readPatch } from "./patch.ts";

const PATCH = `diff --git a/src/main.rs b/src/main.rs
index 1..2 100644
--- a/src/main.rs
+++ b/src/main.rs
@@ -3,3 +3,4 @@ fn main() {
 same
--- looks like a header
+++ and so does this
+new
 end
diff --git a/old name b/new name
similarity index 100%
rename from old name
rename to new name
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
\\ No newline at end of file
diff --git "a/\\303\\274.txt" "b/\\303\\274.txt"
new file mode 100644
Binary files /dev/null and "b/\\303\\274.txt" differ
`;

describe("readPatch", () => {
  const files = readPatch(PATCH);
  it("names each file and what became of it", () => {
    expect(files.map(({ path, state, from }) => ({ path, state, from }))).toEqual([
      { path: "src/main.rs", state: "changed", from: null },
      { path: "new name", state: "renamed", from: "old name" },
      { path: "gone", state: "deleted", from: null },
      { path: "ü.txt", state: "added", from: null },
    ]);
  });
  it("numbers the lines, and takes no line for a header", () => {
    expect(files[0]?.lines.map((line) => [line.kind, line.old, line.new, line.text])).toEqual([
      ["hunk", 3, 3, "fn main() {"],
      ["same", 3, 3, "same"],
      ["removed", 4, null, "-- looks like a header"],
      ["added", null, 4, "++ and so does this"],
      ["added", null, 5, "new"],
      ["same", 5, 6, "end"],
    ]);
  });
  it("keeps what is no line as a note", () => {
    expect(files[2]?.lines.at(-1)).toMatchObject({ kind: "note", text: "No newline at end of file" });
  });
});
