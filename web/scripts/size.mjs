// Says what the built dashboard weighs, and fails where its scripts weigh more than they may.

import { readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

/** Most gzip bytes of all scripts together, and of those without which nothing is shown. */
const ALL = 350 * 1000;
const FIRST = 220 * 1000;

const dist = new URL("../dist/", import.meta.url);
const page = await readFile(new URL("index.html", dist), "utf8");
let [all, first] = [0, 0];
for (const name of (await readdir(new URL("assets/", dist))).filter((each) => each.endsWith(".js"))) {
  const size = gzipSync(await readFile(new URL(`assets/${name}`, dist)), { level: 9 }).length;
  all += size;
  if (page.includes(`/assets/${name}`)) first += size;
}
const kilobytes = (size) => `${(size / 1000).toFixed(1)} KB`;
console.log(`scripts, gzip: ${kilobytes(all)} of ${kilobytes(ALL)} in all, ${kilobytes(first)} of ${kilobytes(FIRST)} at first`);
if (all > ALL || first > FIRST) {
  console.error("The dashboard's scripts weigh more than they may (web/scripts/size.mjs).");
  process.exit(1);
}
