import { expect, it } from "vitest";
import { carriesFiles, filesOf, pasted } from "./upload.ts";

const data = (...files: File[]) => ({ files, types: files.length > 0 ? ["Files"] : ["text/plain"] }) as unknown as DataTransfer;
const at = new Date("2026-01-31T14:05:09.123Z");

it("takes files as they are named, and names the pictures of a clipboard", () => {
  const csv = new File(["a"], "costs.csv", { type: "text/csv" });
  const picture = new File(["b"], "image.png", { type: "image/png" });
  const found = filesOf(data(csv, picture, new File(["c"], "image.jpeg", { type: "image/jpeg" })), at);
  expect(found.map((file) => file.name)).toEqual(["costs.csv", "pasted-20260131140509-2.png", "pasted-20260131140509-3.jpeg"]);
  expect(filesOf(data(picture), at).map((file) => [file.name, file.type, file.size])).toEqual([["pasted-20260131140509.png", "image/png", 1]]);
});

it("takes nothing where only words are carried", () => {
  expect(filesOf(data())).toEqual([]);
  expect(filesOf(null)).toEqual([]);
  const both = { files: [new File(["b"], "image.png")], types: ["text/html", "text/plain", "Files"] } as unknown as DataTransfer;
  expect([pasted(both).length, filesOf(both).length]).toEqual([0, 1]);
  expect([carriesFiles(data()), carriesFiles(null), carriesFiles(data(new File([], "a")))]).toEqual([false, false, true]);
});
