// Writes the types of what crosses the wire from docs/openapi.json; with --check, says whether they are out of date.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);

const document = JSON.parse(await readFile(source, "utf8"));
// The routes are held to the document by a test; their types would be four fifths of the file.
document.paths = {};
const text = `// Generated from docs/openapi.json by \`npm run types\`. Do not edit.\n\n${astToString(await openapiTS(document))}`;

if (process.argv.includes("--check")) {
  const there = await readFile(target, "utf8").catch(() => "");
  if (there !== text) {
    console.error("web/src/api/schema.d.ts is out of date: run `npm run types` in web/");
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
