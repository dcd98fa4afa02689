// Says what the built dashboard weighs, and fails where its scripts weigh more than they may.

import { readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

/** Most gzip bytes of all scripts together, of those without which nothing is shown, and of one language. */
const ALL = 345 * 1000;
const FIRST = 205 * 1000;
const LANGUAGE = 16 * 1000;

const dist = new URL("../dist/", import.meta.url);
const page = await readFile(new URL("index.html", dist), "utf8");
let [all, first, language] = [0, 0, 0];
for (const name of (await readdir(new URL("assets/", dist))).filter((each) => each.endsWith(".js"))) {
  const size = gzipSync(await readFile(new URL(`assets/${name}`, dist)), { level: 9 }).length;
  if (name.startsWith("language-")) {
    // One of them at most is loaded, and none for who speaks English.
    language = Math.max(language, size);
    continue;
  }
  all += size;
  if (page.includes(`/assets/${name}`)) first += size;
}
const kilobytes = (size) => `${(size / 1000).toFixed(1)} KB`;
console.log(`scripts, gzip: ${kilobytes(all)} of ${kilobytes(ALL)} in all, ${kilobytes(first)} of ${kilobytes(FIRST)} at first, ${kilobytes(language)} of ${kilobytes(LANGUAGE)} for the longest language`);
if (all > ALL || first > FIRST || language > LANGUAGE) {
  console.error("The dashboard's scripts weigh more than they may (web/scripts/size.mjs).");
  process.exit(1);
}
